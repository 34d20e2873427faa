"""Many processes write, rotate and read one log, and die at any step: no line is lost, torn or doubled."""

import multiprocessing
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.log.append import AppendHandler
from bake_tracker.log.rotation import Rotation
from bake_tracker.log.scan import read_log
from support.command_line import CommandLine
from support.log.makers import rotated, tell, told
from support.warm.waiting import PATIENCE_S

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bakery.log.jsonl"


def write_many(path: Path, writer: int, lines: int, was_read: Any) -> None:
    handler = AppendHandler(path, Rotation(size_bytes=60_000))
    for number in range(lines):
        if number == lines // 2:
            was_read.wait(PATIENCE_S)  # gives the reader its turn, however busy the machine
        tell(handler, writer * lines + number)
    handler.close()


def test_four_processes_rotate_one_log_and_a_reader_misses_nothing(path: Path) -> None:
    """While the log grows a reader sees every earlier line once; at the end the log is complete."""
    per_writer, was_read = 1_500, FORK.Event()
    writers = [FORK.Process(target=write_many, args=(path, writer, per_writer, was_read)) for writer in range(4)]
    for writer in writers:
        writer.start()
    seen: set[int] = set()
    while any(writer.is_alive() for writer in writers):
        lines = [line for line in read_log(path) if line]
        numbers = [int(line["number"]) for line in lines]
        assert len(numbers) == len(set(numbers))
        assert seen <= set(numbers)
        seen = set(numbers)
        if seen:
            was_read.set()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert was_read.is_set()
    assert Counter(told(path)) == Counter(range(4 * per_writer))
    assert len(rotated(path)) > 3


# Dies before the n-th system call of a rotation, a compression or a deletion, for every n.
KILLED_AT_EVERY_STEP = """
import fcntl, logging, os, sys
from collections import Counter
from itertools import count
from pathlib import Path
import shutil
from bake_tracker.log.scan import read_log
from bake_tracker.log.rotation import Rotation, tidy
from bake_tracker.log.append import AppendHandler

folder, exit_now, write = Path(sys.argv[1]), os._exit, os.write
PATCHED = [(os, name) for name in ("open", "write", "rename", "replace", "unlink", "fsync", "close", "chmod", "utime")]

def tell(handler, number):
    record = logging.LogRecord("test", logging.INFO, "", 1, "told", None, None)
    record.number = number
    handler.emit(record)

def child(path, die_at, told):
    steps = count()
    def patched(call):
        def step(*arguments, **options):
            if next(steps) == die_at:
                exit_now(9)
            return call(*arguments, **options)
        return step
    handler = AppendHandler(path, Rotation(size_bytes=400))
    for module, name in [*PATCHED, (fcntl, "flock")]:
        setattr(module, name, patched(getattr(module, name)))
    for number in range(9):
        tell(handler, number)
        write(told, bytes([number]))
        if handler._tidying is not None:
            handler._tidying.join()
    exit_now(0)

for die_at in count():
    path = folder / f"{die_at}.log.jsonl"
    done, told = os.pipe()
    if (pid := os.fork()) == 0:
        child(path, die_at, told)
    os.close(told)
    status = os.waitpid(pid, 0)[1]
    acknowledged = list(os.read(done, 100))
    os.close(done)
    for moment in ("at once", "after the next rotation"):
        lines = list(read_log(path))
        assert None not in lines, (die_at, moment)
        numbers = Counter(line["number"] for line in lines)
        assert set(acknowledged) <= set(numbers), (die_at, moment, acknowledged, numbers)
        assert set(numbers.values()) <= {1}, (die_at, moment, numbers)
        handler = AppendHandler(path, Rotation(size_bytes=400))
        if moment == "at once":
            for number in range(100, 106):
                tell(handler, number)
                acknowledged.append(number)
        handler.close()
        tidy(path, Rotation(size_bytes=400))
    left = [name for name in os.listdir(folder) if name.startswith(path.name) and name.endswith(".part")]
    assert not left, (die_at, left)
    if status == 0:
        break
print(die_at)
"""


def test_a_kill_at_any_step_of_a_rotation_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Every line is read once, both at once and after the next rotation, which finishes the interrupted one."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EVERY_STEP, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 30


def test_commands_read_across_a_rotation_and_the_log_begins_once(
    bake: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command rotates here; find, stats, tree and verify read all files as one log."""
    monkeypatch.setenv("BAKE_TRACKER_LOG_ROTATE", "1KB")
    assert bake("item", "add", "ingredient", "Flour", "--unit", "g").code == 0
    for _ in range(4):
        assert bake("receive", "flour", "1", "kg", "--cost", "2").code == 0
    assert len(rotated(bake.log_file)) > 1
    verified = bake("log", "verify", "--json").json
    assert (verified["clean"], verified["operations_compared"], verified["operations_before_the_log"]) == (True, 5, 0)
    assert len(bake("log", "find", "operation=record_receipt", "--json").out.splitlines()) == 4
    assert bake("log", "tree").out.count("record_receipt: success") == 4
    receipts = next(row for row in bake("log", "stats", "--json").json if row["operation"] == "record_receipt")
    assert receipts["count"] == 4
    bake.log_file.rename(f"{bake.log_file}.20991231T235959.999999")  # as between a rename and the next line
    assert bake("log", "verify").code == 0
    assert sum(line is not None and line.get("operation") == "open_log" for line in read_log(bake.log_file)) == 1


def test_without_locks_the_log_is_written_and_never_rotated(tmp_path: Path) -> None:
    """This is the case on Windows, where Python has no fcntl."""
    script = """
import logging, sys
sys.modules["fcntl"] = None
from pathlib import Path
from bake_tracker.log.files import log_files
from bake_tracker.log.scan import read_log
from bake_tracker.log.rotation import Rotation, tidy
from bake_tracker.log.append import AppendHandler
path = Path(sys.argv[1])
handler = AppendHandler(path, Rotation(size_bytes=100, is_daily=True, keep=1))
for number in range(5):
    handler.emit(logging.LogRecord("test", logging.INFO, "", 1, "told", None, None))
handler.close()
tidy(path, handler.rotation)
print(len(log_files(path)), len(list(read_log(path))))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "log")], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("1 5\n", "")
