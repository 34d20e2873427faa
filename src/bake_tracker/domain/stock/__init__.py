"""Lots: which to use, what they cost, where they came from and where they went."""
