"""Commands for the catalogue: items, recipes, measures and labels."""
