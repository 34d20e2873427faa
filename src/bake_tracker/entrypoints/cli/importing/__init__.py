"""Commands that import and export data."""
