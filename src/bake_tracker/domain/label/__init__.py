"""Labels: what a lot contains, its allergens, and the words for both."""
