"""The cost of logging and what it survives, beside other loggers, in one interleaved run.

python -m benchmarks.log [--rows 1,3,hostile] [--rounds 60 | --quick] [--profile] [--update]

``--update`` writes the tables into ``docs/reference/benchmarks.md`` and ``docs/explanation/log-truth.md``.
"""

import argparse
import cProfile
import os
import platform
import pstats
import re
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from benchmarks.harness import Table, as_row, markdown, show
from benchmarks.log.costs import ROWS
from benchmarks.log.truth import TABLES

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "docs/reference/benchmarks.md", ROOT / "docs/explanation/log-truth.md")
COMPARED = ("SQLAlchemy", "structlog", "loguru", "python-json-logger", "orjson")
LOG = re.compile(
    r"bake_tracker.(log.\w+|services.(operation|endings)|clock|database."
    r"(\w+_outcomes|watched_connections|control_statements|statement_times|durability|drivers|attempts))\.py$"
)


def main() -> None:
    """Run the requested rows."""
    every = [*map(str, ROWS), *TABLES]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.log", description="Measure the log's costs.")
    parser.add_argument("--rows", default=",".join(every), help=f"some of {', '.join(every)}; default: all")
    parser.add_argument("--rounds", type=int, default=60, help="rounds of each comparison (60)")
    parser.add_argument("--quick", action="store_true", help="10 rounds, to see that it runs")
    parser.add_argument("--profile", action="store_true", help="show where our time goes instead")
    parser.add_argument("--update", action="store_true", help="write the tables into docs/; needs every row")
    options = parser.parse_args()
    asked = options.rows.split(",")
    if unknown := [name for name in asked if name not in every]:
        parser.error(f"unknown row: {', '.join(unknown)}")
    if options.update and asked != every:
        parser.error("--update writes a complete run into the documents; leave out --rows")
    rounds = 10 if options.quick else options.rounds
    costs: Table = [("row", "median (95 %)", "goal", "measured")]
    tables: dict[str, Table] = {"machine": [("", machine())], "costs": costs}
    missed: list[str] = []
    print(machine())
    for name in asked:
        with tempfile.TemporaryDirectory() as folder:
            if name in TABLES:
                title, make = TABLES[name]
                print(title, flush=True)
                tables[name] = make(Path(folder))
                show(tables[name])
                continue
            title, measure = ROWS[int(name)]
            print(f"{name}. {title}", flush=True)
            if options.profile:
                show(profile(partial(measure, Path(folder), rounds)))
                continue
            figures = [as_row(name, figure) for figure in measure(Path(folder), rounds)]
            show(figures)
            costs += figures
            missed += [name] if any("MISSED" in goal for _, _, goal, _ in figures) else []
    if options.update:
        tables["profiles"] = profiles(missed)
        for document in DOCUMENTS:
            put_into(document, tables)


def machine() -> str:
    """Describe the machine and versions that the figures hold for."""
    peers = ", ".join(f"{name} {version(name)}" for name in COMPARED)
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; {peers}"


def put_into(document: Path, tables: dict[str, Table]) -> None:
    """Replace the text between ``<!-- figures: NAME -->`` and ``<!-- end -->``."""
    text = document.read_text("utf-8")
    parts = re.split(r"(?<=<!-- figures: )(\w+)( -->\n).*?(?=<!-- end -->)", text, flags=re.DOTALL)
    for position in range(1, len(parts), 3):
        parts[position + 1] += markdown(tables[parts[position]]) + "\n"
    document.write_text("".join(parts), "utf-8")


def profiles(names: list[str]) -> Table:
    """Return where our time goes in the rows that missed a goal."""
    table: Table = [("row", "where the log's time goes, by cProfile")]
    for name in names:
        title, measure = ROWS[int(name)]
        with tempfile.TemporaryDirectory() as folder:
            found = profile(partial(measure, Path(folder), 10))[:8]
        if found:  # a row that starts other programs spends nothing here
            table.append((f"{name}. {title}", ", ".join(f"`{what}` {share.strip()}" for share, what in found)))
    return table if len(table) > 1 else [("", "No row measured in this process misses its goal.")]


def profile(work: Callable[[], object]) -> Table:
    """Return the log's functions by their share of its time; built-ins count with the function that calls them."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    spent: dict[str, float] = {}
    stats = pstats.Stats(profiler)
    for (file, _line, name), (_calls, _all, own, _with_callees, callers) in stats.stats.items():  # type: ignore[attr-defined]
        if LOG.search(file):
            spent[f"{Path(file).name} {name}"] = spent.get(f"{Path(file).name} {name}", 0) + own
        elif file == "~":
            for (caller_file, _, caller), (_, _, own_there, _) in callers.items():
                if LOG.search(caller_file):
                    key = f"{Path(caller_file).name} {caller}"
                    spent[key] = spent.get(key, 0) + own_there
    total = sum(spent.values()) or 1
    largest = sorted(spent.items(), key=lambda item: -item[1])[:12]
    return [(f"{share / total:6.1%}", name) for name, share in largest if share > total / 200]


if __name__ == "__main__":
    main()
