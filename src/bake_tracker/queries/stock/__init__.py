"""Lots: which may be used, what is left, where they came from and went."""
