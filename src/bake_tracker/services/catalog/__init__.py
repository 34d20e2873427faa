"""What the bakery knows: items, recipes, goods, products, measures, names and labels."""
