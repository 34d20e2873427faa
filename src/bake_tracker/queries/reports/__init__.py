"""Reports on purchases, use, waste, yields and stock value."""
