"""What Bake Tracker costs and withstands; run each from the root of the checkout: ``python -m benchmarks.log``."""
