"""Lots: which to draw, what they cost, where they came from and went."""
