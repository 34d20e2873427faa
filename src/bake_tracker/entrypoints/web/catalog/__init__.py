"""Pages of recipes, boxes and the bakery's settings."""
