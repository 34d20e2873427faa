"""Lots: what is left of them, and where they came from and went."""
