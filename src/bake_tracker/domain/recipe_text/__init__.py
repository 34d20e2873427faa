"""Read recipes as people write them: lines, amounts, names and yields."""
