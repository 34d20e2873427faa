"""Log lines as values: which are wanted, how they nest, what they add up to."""
