"""Imports: what each row of a file means, and what it would add."""
