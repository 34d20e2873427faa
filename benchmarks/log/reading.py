"""The cost of reading the log: one transaction's tree against reading and parsing the file, and memory by size.

The tree and the plain reading take turns in one process, in changing order; the output is the median of their ratios.
Memory is the peak of each command in its own process, on a log of 50 MB and, with --gigabyte, of 1 GB: it must not
grow with the log.

    python -m benchmarks.log.reading [--lines 75000] [--pairs 15] [--memory] [--gigabyte]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from bake_tracker.log.reader import read_trees

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
GIGABYTE = 1_000_000_000
COMMANDS = {
    "find": ["find", "outcome=no_such_outcome"],
    "find --since": ["find", "--since", "2999-01-01"],
    "stats": ["stats"],
    "tree ID": ["tree"],
    "tree": ["tree", "--last", "20"],
    "tail": ["tail", "-n", "10"],
}


def an_id(number: int) -> str:
    return f"0190b7a1-{number >> 16 & 0xFFFF:04x}-7000-8000-{number:012x}"


def line(number: int) -> bytes:
    """Return a production's success line as it stands in a log, with four operations to a transaction."""
    at = f"{FIRST + timedelta(milliseconds=10 * number):%Y-%m-%dT%H:%M:%S.%f}Z"
    outcome = "insufficient_inventory" if number % 40 == 7 else "success"
    return orjson.dumps(
        {
            "timestamp": at,
            "level": "INFO",
            "logger": "bake_tracker.services.batch_production_service",
            "message": f"record_batch_production: {outcome}",
            "operation": "record_batch_production",
            "outcome": outcome,
            "operation_id": an_id(number),
            "attempt": 1,
            "transaction_id": an_id(number // 4 | 1 << 44),
            "database_id": "7b0c2a52-6f51-4b53-9d7c-7a4f8a5f5a11",
            "request_id": an_id(number // 4 | 1 << 45),
            "actor": "baker",
            "duration_ms": 1 + number % 977 / 100,
            "sql_count": 15,
            "production_run_id": number,
            "recipe_id": number % 90,
            "finished_unit_id": number % 90 + 400,
            "num_batches": 2,
            "actual_yield": "44",
            "production_status": "complete",
            "total_ingredient_cost": "6.64701",
            "settled_at": at,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def write_log(path: Path, *, lines: int = 0, size_bytes: int = 0) -> int:
    """Write a log of so many lines or bytes; return its number of lines."""
    written = number = 0
    with path.open("wb") as file:
        while number < lines or written < size_bytes:
            written += file.write(line(number))
            number += 1
    return number


def read_and_parse(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for raw in file if orjson.loads(raw))


def seconds(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def compare(path: Path, lines: int, pairs: int) -> None:
    """Print the median ratio of drawing one transaction to reading and parsing the whole file."""
    wanted = an_id(lines // 2)
    (tree,) = read_trees(path, wanted)
    assert len(tree.operations) == 4
    latest: list[float] = []
    ratios: list[float] = []
    parsing: list[float] = []
    for pair in range(pairs + 1):
        works = [lambda: read_and_parse(path), lambda: read_trees(path, wanted), lambda: read_trees(path, last=20)]
        order = [0, 1, 2] if pair % 2 else [2, 1, 0]
        spent = {index: seconds(works[index]) for index in order}
        if pair:  # the first pair warms the page cache
            parsing.append(spent[0])
            ratios.append(spent[1] / spent[0])
            latest.append(spent[2] / spent[0])
    print(f"{lines:,} lines, {path.stat().st_size / 1e6:.0f} MB, {pairs} pairs, CPU time")
    print(f"  read and parse with orjson                  {statistics.median(parsing) * 1000:.0f} ms")
    print(f"  tree of one transaction / read and parse    {statistics.median(ratios):.2f}  (goal: at most 2)")
    print(f"  tree of the latest 20 / read and parse      {statistics.median(latest):.3f}")


def peak_mb(path: Path, words: list[str]) -> tuple[float, float]:
    """Return peak memory in MB and CPU seconds of one command in its own process, start-up included."""
    environment = {
        **os.environ,
        "BAKE_TRACKER_LOG_FILE": str(path),
        "BAKE_TRACKER_DATABASE_URL": f"sqlite:///{path.with_suffix('.db')}",
    }
    code = "import sys; from bake_tracker.entrypoints.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "log", *words], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def measure_memory(folder: Path, sizes_bytes: list[int]) -> None:
    peaks: dict[str, list[str]] = {name: [] for name in COMMANDS}
    for size_bytes in sizes_bytes:
        path = folder / f"{size_bytes}.log.jsonl"
        lines = write_log(path, size_bytes=size_bytes)
        for name, words in COMMANDS.items():
            peak, took = peak_mb(path, [*words, an_id(lines // 2)] if name == "tree ID" else words)
            peaks[name].append(f"{peak:6.0f} MB {took:6.1f} s")
        path.unlink()
    print("peak memory and CPU time of a command    " + "".join(f"{size // 10**6:>12,} MB log" for size in sizes_bytes))
    for name, measured in peaks.items():
        print(f"  bake log {name:<30}" + "   ".join(measured))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=75_000)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--memory", action="store_true", help="also measure peak memory, on 50 MB")
    parser.add_argument("--gigabyte", action="store_true", help="also measure peak memory, on 50 MB and 1 GB")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "log.jsonl"
        compare(path, write_log(path, lines=options.lines), options.pairs)
        if options.memory or options.gigabyte:
            measure_memory(folder, [50_000_000, *([GIGABYTE] if options.gigabyte else [])])


if __name__ == "__main__":
    main()
