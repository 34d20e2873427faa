"""Recipes: quantities, measures, rates and versions."""
