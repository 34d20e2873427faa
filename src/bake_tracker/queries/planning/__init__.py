"""What to make and buy for what is wanted."""
