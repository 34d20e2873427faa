"""Pages of stock: receive, count, move, recall."""
