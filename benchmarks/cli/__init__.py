"""The cost of the command line."""
