"""Reports: what came in, what left, what it was worth."""
