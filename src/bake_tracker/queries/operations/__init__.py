"""Recorded operations, and what undoing them would take."""
