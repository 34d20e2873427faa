"""Commands that read the log."""
