"""The command line of ``benchmarks/logging.py``: run rows, print them, put them into the documents."""

import argparse
import tempfile
from pathlib import Path

from harness import Figure
from log_costs import ROWS


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks/logging.py")
    parser.add_argument("--rows", default=",".join(map(str, ROWS)), help="which rows to run, e.g. 1,3")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="10 rounds: to see that it runs")
    options = parser.parse_args()
    rounds = 10 if options.quick else options.rounds
    for number in map(int, options.rows.split(",")):
        title, run = ROWS[number]
        print(f"{number}. {title}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for figure in run(Path(folder), rounds):
                show(figure)


def show(figure: Figure) -> None:
    print(f"   {figure.what:<60} {figure.shown:<28} {figure.goal_shown:<16} {figure.note}", flush=True)
