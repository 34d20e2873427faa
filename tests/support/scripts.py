"""Run a benchmark as a program."""

from support import ROOT
from support.warm.program import run


def run_benchmark(name: str, *arguments: str) -> str:
    """What ``python -m benchmarks.NAME`` prints, run from the root of the checkout."""
    done = run(f"benchmarks.{name}", *arguments, folder=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
