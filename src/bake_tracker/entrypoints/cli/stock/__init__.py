"""Commands for stock in, out and counted."""
