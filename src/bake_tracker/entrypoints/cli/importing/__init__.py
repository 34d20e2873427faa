"""Commands for data in and out."""
