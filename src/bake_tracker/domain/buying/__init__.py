"""Buying: how suppliers sell, and orders to them."""
