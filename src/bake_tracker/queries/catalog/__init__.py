"""What the bakery knows: items, recipes, goods, products, measures and people."""
