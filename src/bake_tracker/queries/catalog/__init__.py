"""The catalogue: items, recipes, goods, products and measures; and users."""
