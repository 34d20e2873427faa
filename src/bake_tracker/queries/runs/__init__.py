"""What can be baked and packed, and what it would take."""
