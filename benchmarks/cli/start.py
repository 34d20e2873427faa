"""How long a command takes to start, over ``import sqlalchemy.orm``: the CPU of whole processes, in turn.

python -m benchmarks.cli.start [--rounds 15]

Goals: ``bake --version`` at most 2, ``bake stock`` of a small bakery at most 3.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FLOOR = ("-c", "import sqlalchemy.orm")
COMMANDS = {"bake --version": ("--version",), "bake stock": ("stock",), "bake --help": ("--help",)}


def cpu_of(*arguments: str) -> float:
    """Return the CPU seconds of one interpreter with these arguments; it must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def ratios(rounds: int) -> dict[str, float]:
    """Return the median of the rounds' ratios for each command; the first round warms caches and does not count."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        floor = cpu_of(*FLOOR)
        for name, words in COMMANDS.items():
            ratio = cpu_of("-m", "bake_tracker", *words) / floor
            if number:
                taken[name].append(ratio)
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BAKE_TRACKER_DATABASE_URL"] = f"sqlite:///{Path(folder) / 'bakery.db'}"
        subprocess.run([sys.executable, "-m", "bake_tracker", "init"], stdout=subprocess.DEVNULL, check=True)
        for name, ratio in ratios(options.rounds).items():
            print(f"{name:<16} {ratio:.2f} times import sqlalchemy.orm")


if __name__ == "__main__":
    main()
