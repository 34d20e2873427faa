"""The log is rotated, compressed and read by many processes at once, and no line is lost, torn or doubled."""

import gzip
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine

from bake_tracker.config import Settings, SettingsError, load_settings
from bake_tracker.services import log_files as log_files_module
from bake_tracker.services import log_setup
from bake_tracker.services.log_files import log_files
from bake_tracker.services.log_rotation import Rotation, tidy
from bake_tracker.services.log_scan import read_log
from bake_tracker.services.log_setup import AppendHandler

Tell = Callable[[AppendHandler, int], None]
FORK = multiprocessing.get_context("fork")


def tell(handler: AppendHandler, number: int, text: str = "x" * 200) -> None:
    record = logging.LogRecord("test", logging.INFO, __file__, 1, "told", None, None)
    record.number, record.text = number, text
    handler.handle(record)


def told(path: Path) -> list[int]:
    """The numbers in the order they are read; a line that cannot be read fails."""
    lines = list(read_log(path))
    assert None not in lines
    return [int(line["number"]) for line in lines if line]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bakery.log.jsonl"


@pytest.fixture
def handlers(path: Path) -> Iterator[Callable[..., AppendHandler]]:
    """As many writers of one log as are asked for."""
    made: list[AppendHandler] = []

    def make(**rotation: Any) -> AppendHandler:
        made.append(AppendHandler(path, Rotation(**rotation)))
        return made[-1]

    yield make
    for handler in made:
        handler.close()


def rotated(path: Path) -> list[str]:
    """The endings of the rotated files, oldest first."""
    return [file.name.removeprefix(path.name) for file in log_files(path)[:-1]]


def test_a_full_file_is_moved_away_and_compressed(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """No file is larger than was asked for, the old ones are gzip, and every line is read in its order."""
    handler = handlers(size_bytes=5_000)
    for number in range(100):
        tell(handler, number)
        if handler._tidying is not None:
            handler._tidying.join()
    assert len(rotated(path)) > 5
    assert all(name.endswith(".gz") for name in rotated(path))
    assert path.stat().st_size <= 5_000
    assert max(len(gzip.decompress(file.read_bytes())) for file in log_files(path)[:-1]) <= 5_000
    assert told(path) == list(range(100))
    assert {file.stat().st_mode & 0o777 for file in log_files(path)} == {0o640}


def test_compression_can_be_left_out(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """The rotated files stay as they are."""
    handler = handlers(size_bytes=1_000, compress=False)
    for number in range(20):
        tell(handler, number)
    assert not any(name.endswith(".gz") for name in rotated(path))
    assert told(path) == list(range(20))


def test_without_a_size_or_day_the_file_grows(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """Nothing is rotated that nobody asked to rotate."""
    handler = handlers()
    for number in range(20):
        tell(handler, number)
    assert (rotated(path), told(path)) == ([], list(range(20)))


def test_a_line_that_is_larger_than_a_file_may_be_gets_one_of_its_own(
    path: Path, handlers: Callable[..., AppendHandler]
) -> None:
    """An empty file is never moved away."""
    handler = handlers(size_bytes=100, compress=False)
    for number in range(3):
        tell(handler, number)
    assert len(rotated(path)) == 2
    assert told(path) == [0, 1, 2]


def test_a_day_ends_at_midnight_utc(
    path: Path, handlers: Callable[..., AppendHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file holds one UTC day, by its first line, also when another process opens it the day after."""
    midnight = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    days = {0: midnight - 7200, 1: midnight - 1, 2: midnight, 3: midnight + 86_399, 4: midnight + 3 * 86_400}
    handler = handlers(is_daily=True, compress=False)
    for number, now in days.items():
        monkeypatch.setattr(time, "time", lambda now=now: now)
        handler = handlers(is_daily=True, compress=False) if number == 4 else handler
        tell(handler, number)
    assert [[json.loads(line)["number"] for line in file.read_text().splitlines()] for file in log_files(path)] == [
        [0, 1],
        [2, 3],
        [4],
    ]


def test_only_so_many_old_files_are_kept(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """The oldest go, and what is left is the end of the log without a gap."""
    handler = handlers(size_bytes=1_000, keep=3)
    for number in range(50):
        tell(handler, number)
        if handler._tidying is not None:
            handler._tidying.join()
    assert len(rotated(path)) == 3
    kept = told(path)
    assert kept == list(range(kept[0], 50))


def test_a_file_that_a_writer_holds_is_neither_compressed_nor_deleted(
    path: Path, handlers: Callable[..., AppendHandler]
) -> None:
    """It may be about to write there; it lets go at its next line, and the next rotation compresses the file."""
    slow, quick = handlers(size_bytes=1_000, keep=1), handlers(size_bytes=1_000, keep=1)
    tell(slow, 0)
    for number in range(1, 20):
        tell(quick, number)
    quick.close()
    (held, *_) = log_files(path)
    assert held.suffix != ".gz"
    os.write(slow._descriptor or -1, b'{"timestamp": "2026-11-23T00:00:00Z", "number": 99}\n')
    assert 99 in told(path)
    tell(slow, 20)
    tidy(path, slow.rotation)
    assert not held.exists()
    assert len(rotated(path)) == 1


def test_a_file_that_moved_away_while_it_was_opened_is_not_written(
    path: Path, handlers: Callable[..., AppendHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening and holding it, another process rotates and compresses it: the line goes to the new file."""
    quick, slow = handlers(size_bytes=100), handlers(size_bytes=100_000)
    tell(quick, 0)
    hold = log_setup.hold

    def late(descriptor: int) -> None:
        monkeypatch.setattr(log_setup, "hold", hold)
        tell(quick, 1)
        assert quick._tidying is not None
        quick._tidying.join()
        hold(descriptor)

    monkeypatch.setattr(log_setup, "hold", late)
    tell(slow, 2)
    assert [name[-3:] for name in rotated(path)] == [".gz"]
    assert told(path) == [0, 1, 2]


def test_two_that_find_the_file_full_at_once_rotate_it_once(
    path: Path, handlers: Callable[..., AppendHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second sees that the path leads to another file by now."""
    first, second = (handlers(size_bytes=1_000, compress=False) for _ in range(2))
    tell(first, 0)
    tell(second, 1)
    tell(first, 2)
    move_away = log_setup.move_away

    def after_the_other_one(where: Path, identity: tuple[int, int]) -> bool:
        monkeypatch.setattr(log_setup, "move_away", move_away)
        tell(first, 3)
        return move_away(where, identity)

    monkeypatch.setattr(log_setup, "move_away", after_the_other_one)
    tell(second, 4)
    assert len(rotated(path)) == 1
    assert sorted(told(path)) == [0, 1, 2, 3, 4]


def write_many(path: Path, writer: int, lines: int, was_read: Any) -> None:
    handler = AppendHandler(path, Rotation(size_bytes=60_000))
    for number in range(lines):
        if number == lines // 2:
            was_read.wait(60)  # however busy the machine, the reader comes in between
        tell(handler, writer * lines + number)
    handler.close()


def test_four_processes_rotate_one_log_and_a_reader_misses_nothing(path: Path) -> None:
    """While it grows a reader sees what was told before it began, each line once; in the end all of it is there."""
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
    assert len(rotated(path)) > 20


def test_threads_and_forked_children_share_a_descriptor_and_lose_nothing(
    path: Path, handlers: Callable[..., AppendHandler]
) -> None:
    """Each child opens the next file for itself, once the one it was born with has moved away."""
    handler = handlers(size_bytes=10_000)
    tell(handler, 0)
    threads = [
        threading.Thread(target=lambda base=base: [tell(handler, base + n) for n in range(200)])
        for base in (1_000, 2_000)
    ]

    def child() -> None:
        for number in range(3_000, 3_200):
            tell(handler, number)
        handler.close()

    process = FORK.Process(target=child)
    process.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    process.join()
    assert process.exitcode == 0
    assert Counter(told(path)) == Counter([0, *range(1_000, 1_200), *range(2_000, 2_200), *range(3_000, 3_200)])


# Dies before the n-th system call of a rotation, of a compression and of a deletion; for every n there is.
KILLED_AT_EVERY_STEP = """
import fcntl, logging, os, sys
from collections import Counter
from itertools import count
from pathlib import Path
import shutil
from bake_tracker.services.log_scan import read_log
from bake_tracker.services.log_rotation import Rotation, tidy
from bake_tracker.services.log_setup import AppendHandler

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
    """What was written is read once, at once and after the next rotation, which finishes what was begun."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EVERY_STEP, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 30


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("moment", ["rotate", "compress", "logrotate"])
def test_a_file_that_moves_between_listing_and_opening_is_read_once(
    path: Path, handlers: Callable[..., AppendHandler], monkeypatch: pytest.MonkeyPatch, moment: str, after: int
) -> None:
    """Whether it is the current one that is rotated, an old one that is compressed, or all that are renumbered."""
    handler = handlers(size_bytes=100, compress=False)
    for number in range(3):
        tell(handler, number)
    if moment == "logrotate":
        for number, file in enumerate(reversed(log_files(path)[:-1]), 1):
            file.rename(f"{path}.{number}")

    def move() -> None:
        if moment == "rotate":
            tell(handler, 3)
        elif moment == "compress":
            tidy(path, Rotation())
        else:
            Path(f"{path}.2").rename(f"{path}.3")
            Path(f"{path}.1").rename(f"{path}.2")
            path.rename(f"{path}.1")
            tell(handler, 3)

    calls, in_order = count(), log_files_module._in_order

    def listed(where: Path) -> Any:
        for entry in in_order(where):
            if next(calls) == after:
                move()
            yield entry

    monkeypatch.setattr(log_files_module, "_in_order", listed)
    assert told(path) == ([0, 1, 2] if moment == "compress" else [0, 1, 2, 3])


def test_a_listing_that_missed_a_file_being_renamed_is_made_again(
    path: Path, handlers: Callable[..., AppendHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that changes while it is listed may show neither the old name nor the new one."""
    handler = handlers(size_bytes=100, compress=False)
    for number in range(3):
        tell(handler, number)
    beside, calls = log_files_module._beside, count()
    monkeypatch.setattr(log_files_module, "_beside", lambda where: beside(where)[1 if next(calls) == 0 else 0 :])
    assert told(path) == [0, 1, 2]


def test_a_file_and_its_finished_copy_are_read_once(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """As a kill leaves them between the two; the next rotation compresses again, and removes the original."""
    handler = handlers(size_bytes=100, compress=False)
    for number in range(3):
        tell(handler, number)
    (oldest, *_) = log_files(path)
    Path(f"{oldest}.gz").write_bytes(gzip.compress(oldest.read_bytes()))
    assert told(path) == [0, 1, 2]
    tidy(path, Rotation())
    assert not oldest.exists()
    assert told(path) == [0, 1, 2]


def test_files_of_other_rotators_are_read_in_the_order_they_began(path: Path) -> None:
    """By their first line: a copy or a compression gives them any time of change, and numbers run backwards."""
    names = [".10.gz", ".9", "-20261121", ".20261122T000000.000000", "-20261123.gz", ""]
    for number, name in enumerate(names):
        line = f'{{"timestamp": "2026-11-{18 + number}T12:00:00Z", "number": {number}}}\n'.encode()
        file = path.with_name(path.name + name)
        file.write_bytes(gzip.compress(line) if name.endswith(".gz") else line)
        os.utime(file, (1_000_000 - number, 1_000_000 - number))
    assert told(path) == list(range(6))


def test_the_clock_may_go_back_and_the_files_keep_their_order(
    path: Path, handlers: Callable[..., AppendHandler]
) -> None:
    """A new name is never below the latest, and never one that is taken."""
    path.with_name(f"{path.name}.20991231T235959.999999.gz").write_bytes(
        gzip.compress(b'{"timestamp": "2099-12-31T00:00:00Z", "number": 0}\n')
    )
    handler = handlers(size_bytes=100, compress=False)
    for number in range(1, 4):
        tell(handler, number)
    assert rotated(path)[1:] == [".21000101T000000.000000", ".21000101T000000.000001"]
    assert told(path) == [0, 1, 2, 3]


def test_a_link_is_left_to_whoever_made_it(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """Renaming it would rotate nothing."""
    target = path.with_name("elsewhere.jsonl")
    path.symlink_to(target)
    handler = handlers(size_bytes=100)
    for number in range(3):
        tell(handler, number)
    assert path.is_symlink()
    assert (rotated(path), len(target.read_text("utf-8").splitlines())) == ([], 3)


@pytest.mark.parametrize(
    ("text", "rotation"),
    [
        ("off", Rotation()),
        ("Day", Rotation(is_daily=True)),
        ("60 kb", Rotation(size_bytes=60_000)),
        ("2GB", Rotation(size_bytes=2_000_000_000)),
    ],
)
def test_the_settings_say_when_to_rotate(monkeypatch: pytest.MonkeyPatch, text: str, rotation: Rotation) -> None:
    """By size, by day or not at all."""
    monkeypatch.setenv("BAKE_TRACKER_LOG_ROTATE", text)
    assert Rotation.of(load_settings()) == rotation


def test_by_default_a_file_is_rotated_at_64_megabytes_and_none_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is a witness: it does not vanish unasked."""
    monkeypatch.delenv("BAKE_TRACKER_LOG_ROTATE", raising=False)
    assert Rotation.of(Settings()) == Rotation(size_bytes=64_000_000, keep=None, compress=True)


@pytest.mark.parametrize(("name", "value"), [("ROTATE", "0MB"), ("ROTATE", "64"), ("ROTATE", "week"), ("KEEP", "0")])
def test_a_setting_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Rather than taken for something else."""
    monkeypatch.setenv(f"BAKE_TRACKER_LOG_{name}", value)
    with pytest.raises(SettingsError, match=f"BAKE_TRACKER_LOG_{name}"):
        load_settings()


def test_commands_read_across_a_rotation_and_the_log_begins_once(
    bake: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command writes a file of its own here; find, stats, tree and verify read them all as one log."""
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
    """As on Windows, where Python has no fcntl."""
    script = """
import logging, sys
sys.modules["fcntl"] = None
from pathlib import Path
from bake_tracker.services.log_files import log_files
from bake_tracker.services.log_scan import read_log
from bake_tracker.services.log_rotation import Rotation, tidy
from bake_tracker.services.log_setup import AppendHandler
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
