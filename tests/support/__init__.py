"""What tests share: a kitchen to set up, programs to run, and checks of what they leave."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""

DATA = ROOT / "tests" / "data"
