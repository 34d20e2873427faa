"""The cost of logging and what it survives, beside other loggers."""
