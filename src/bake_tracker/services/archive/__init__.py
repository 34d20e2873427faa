"""Back up, restore and move a whole bakery: exact, all or nothing."""
