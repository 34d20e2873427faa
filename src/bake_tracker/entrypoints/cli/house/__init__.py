"""Commands for the bakery itself: set-up, users, backup, server."""
