"""Recipes: how much of every item a run needs."""
