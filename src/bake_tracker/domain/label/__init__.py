"""Labels: what a lot contains, which allergens are in it, and how to say so."""
