"""What Bake Tracker costs and withstands; run each module from the checkout's root: ``python -m benchmarks.log``."""
