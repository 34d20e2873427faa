"""What logging costs and what it survives, side by side with other loggers."""
