"""What was recorded, and what undoing it would take."""
