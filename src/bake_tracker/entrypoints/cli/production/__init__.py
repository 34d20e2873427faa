"""Commands that record production and assembly, and undo operations."""
