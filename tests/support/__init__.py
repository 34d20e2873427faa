"""What tests share: a kitchen to set up, programs to run, and checks of their results."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The root of the checkout."""

DATA = ROOT / "tests" / "data"
