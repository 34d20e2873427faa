"""Bring in other people's data."""
