"""The catalogue: items, recipes, goods, products, measures, names and labels."""
