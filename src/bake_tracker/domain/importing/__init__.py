"""Other people's files: what each row means, and what it would add."""
