"""Pages of customers' orders."""
