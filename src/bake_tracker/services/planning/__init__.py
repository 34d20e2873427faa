"""What plans go by, and plans that were accepted."""
