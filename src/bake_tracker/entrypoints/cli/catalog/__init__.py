"""Commands for what the bakery knows."""
