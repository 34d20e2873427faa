"""Run a benchmark as a program."""

import subprocess
import sys

from support import ROOT


def run_benchmark(name: str, *arguments: str) -> str:
    """What ``python -m benchmarks.NAME`` prints, run from the root of the checkout."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
