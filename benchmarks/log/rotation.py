"""Four processes write 20,000 lines into one log that is rotated at 60 KB: how many are lost, torn or doubled.

The same lines go through Bake Tracker's handler (which compresses old files meanwhile) and through the standard
library's RotatingFileHandler. Then one line is timed with and without rotation, in pairs and in turn.

    python -m benchmarks.log.rotation [--processes 4] [--lines 20000] [--kilobytes 60] [--rounds 3]
"""

import argparse
import json
import logging
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

from bake_tracker.log.append import AppendHandler
from bake_tracker.log.files import log_files
from bake_tracker.log.format import JsonFormatter
from bake_tracker.log.rotation import Rotation
from bake_tracker.log.scan import read_log

FORK = multiprocessing.get_context("fork")
Make = Callable[[Path, int], logging.Handler]


def ours(path: Path, size_bytes: int) -> logging.Handler:
    return AppendHandler(path, Rotation(size_bytes=size_bytes))


def of_the_standard_library(path: Path, size_bytes: int) -> logging.Handler:
    handler = RotatingFileHandler(path, maxBytes=size_bytes, backupCount=10_000, encoding="utf-8")
    handler.setFormatter(JsonFormatter())
    return handler


def record(number: int) -> logging.LogRecord:
    made = logging.LogRecord("bake_tracker.services.bench", logging.INFO, __file__, 1, "told", None, None)
    made.number, made.text = number, "flour " * 40
    return made


def write(make: Make, path: Path, size_bytes: int, numbers: range) -> None:
    handler = make(path, size_bytes)
    for number in numbers:
        handler.handle(record(number))
    handler.close()


def run(make: Make, processes: int, lines: int, size_bytes: int) -> dict[str, int | float]:
    """Count what is left of the lines in all files of the log."""
    logging.raiseExceptions = False  # otherwise the standard library's handler prints a traceback for each line
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.log.jsonl"
        share = lines // processes
        writers = [
            FORK.Process(target=write, args=(make, path, size_bytes, range(n * share, (n + 1) * share)))
            for n in range(processes)
        ]
        started = time.perf_counter()
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        spent_s = time.perf_counter() - started
        read = list(read_log(path))
        told = [int(line["number"]) for line in read if line is not None]
        files = [file for file in log_files(path) if file.exists()]
        return {
            "written": share * processes,
            "lost": share * processes - len(set(told)),
            "torn": sum(line is None for line in read),
            "doubled": len(told) - len(set(told)),
            "files": len(files),
            "of them gzip": sum(file.suffix == ".gz" for file in files),
            "seconds": round(spent_s, 2),
        }


def cost_of_rotation(pairs: int = 200, lines: int = 200) -> tuple[float, float]:
    """Return the CPU nanoseconds of a line without rotation, and the median ratio with it (the file is never full)."""
    with tempfile.TemporaryDirectory() as folder:
        off = AppendHandler(Path(folder) / "off.jsonl")
        on = AppendHandler(Path(folder) / "on.jsonl", Rotation(size_bytes=10**12))
        times: dict[logging.Handler, list[int]] = {off: [], on: []}
        for pair in range(pairs):
            for handler in (off, on) if pair % 2 else (on, off):
                made = record(pair)
                started = time.process_time_ns()
                for _ in range(lines):
                    handler.handle(made)
                times[handler].append(time.process_time_ns() - started)
        off.close()
        on.close()
        ratios = [with_it / without for with_it, without in zip(times[on], times[off], strict=True)]
        return statistics.median(times[off]) / lines, statistics.median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--kilobytes", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for _ in range(options.rounds):
        for name, make in (("Bake Tracker", ours), ("RotatingFileHandler", of_the_standard_library)):
            result = run(make, options.processes, options.lines, options.kilobytes * 1_000)
            print(f"{name:<20}", json.dumps(result))
    line_ns, ratio = cost_of_rotation()
    print(f"CPU of a line: {line_ns:,.0f} ns without rotation, {ratio:.3f} times that with it")


if __name__ == "__main__":
    main()
