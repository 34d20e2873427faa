"""What to buy, and orders to suppliers."""
