"""What the command line costs."""
