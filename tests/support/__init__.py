"""What tests share: a kitchen to set up, programs to run, and checks of their results."""

from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The root of the checkout."""

DATA = ROOT / "tests" / "data"

AT_THE_END = ExitStack()
"""What a process of tests begins once; conftest closes it after the last test."""
