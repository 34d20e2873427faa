"""A whole bakery, row by row, for a backup."""
