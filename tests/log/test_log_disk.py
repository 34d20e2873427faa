"""When the disk is full or the file cannot be written, the baker's operation continues and stderr says so once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bake_tracker.config import load_settings
from bake_tracker.log import emitting, rotation
from bake_tracker.log.scan import read_log
from bake_tracker.log.setup import configure_logging
from bake_tracker.services import database
from bake_tracker.services.catalog.things import record_item
from support.command_line import CommandLine

PREFACE = """
import logging, os, resource, shutil, sys, warnings
from pathlib import Path
from bake_tracker.log.rotation import Rotation
from bake_tracker.log.append import AppendHandler

def tell(handler, number, text=""):
    record = logging.LogRecord("test", logging.INFO, "", 1, "told", None, None)
    record.number, record.text = number, text
    handler.handle(record)

def as_somebody_else():
    # Root may write anywhere.
    if os.geteuid() == 0:
        os.chown(".", 65534, 65534)
        for name in os.listdir("."):
            os.chown(name, 65534, 65534)
        os.seteuid(65534)

def allow(size_bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

path = Path("bakery.log.jsonl")
"""
LOST = "bake-tracker: log lines are being lost ({}); the operations themselves are safe\n"


def run(folder: Path, script: str) -> str:
    """What the script prints on stderr in a process of its own; it must exit with 0."""
    done = subprocess.run(
        [sys.executable, "-c", PREFACE + script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def numbers(path: Path) -> list[int | None]:
    """The numbers of the log's lines, in order; None for a line that cannot be read."""
    return [line and line["number"] for line in read_log(path)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bakery.log.jsonl"


def test_on_a_full_disk_lines_are_lost_with_one_warning_and_come_again(tmp_path: Path, path: Path) -> None:
    """A line that fitted only in part is given up, and does not spoil the next one."""
    said = run(
        tmp_path,
        """
handler = AppendHandler(path)
tell(handler, 0)
allow(path.stat().st_size + 50)
for number in (1, 2, 3):
    tell(handler, number)
allow(resource.RLIM_INFINITY)
for number in (4, 5):
    tell(handler, number)
""",
    )
    length = len(path.read_bytes().splitlines()[0]) + 1
    assert said == LOST.format(f"only 50 of {length} bytes could be written: {path.name}")
    assert numbers(path) == [0, None, 4, 5]
    assert len(path.read_bytes().splitlines()) == 4


def test_half_a_line_of_one_process_does_not_take_the_line_of_another(tmp_path: Path, path: Path) -> None:
    """The other process already has the file open and cannot know; the reader separates the two."""
    run(
        tmp_path,
        """
full, other = AppendHandler(path), AppendHandler(path)
tell(full, 0)
tell(other, 1)
allow(path.stat().st_size + 50)
tell(full, 2)
allow(resource.RLIM_INFINITY)
tell(other, 3, text='{"timestamp": "2026"}')
tell(full, 4)
""",
    )
    assert len(path.read_bytes().splitlines()) == 4
    assert numbers(path) == [0, 1, None, 3, 4]


def test_a_disk_without_room_is_survived_by_rotation_and_compression(tmp_path: Path, path: Path) -> None:
    """A rotated file that cannot be compressed stays as it is, and is compressed once there is room."""
    said = run(
        tmp_path,
        """
handler = AppendHandler(path, Rotation(size_bytes=3_000))
for number in range(30):
    tell(handler, number, os.urandom(150).hex())
    if number == 5:
        allow(1_000)  # a compressed file would be larger than that
        handler.rotation = Rotation(size_bytes=500)
        tell(handler, 99)
        handler._full_at_bytes = 500
    if number == 7:
        handler.close()
        allow(resource.RLIM_INFINITY)
handler.close()
""",
    )
    told = [number for number in numbers(path) if number is not None]
    assert said.count("old log files cannot be compressed or deleted (File too large)") == 1
    assert told[:6] == [0, 1, 2, 3, 4, 5]
    assert told[-22:] == list(range(8, 30))
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_may_not_be_written_costs_a_warning_and_heals(tmp_path: Path, path: Path) -> None:
    """Lines are written again as soon as the folder is writable."""
    said = run(
        tmp_path,
        """
as_somebody_else()
os.chmod(".", 0o555)
handler = AppendHandler(path)
for number in range(3):
    tell(handler, number)
os.chmod(".", 0o755)
tell(handler, 3)
""",
    )
    assert said == LOST.format(f"Permission denied: {path.name}")
    assert numbers(path) == [3]


def test_a_file_made_read_only_can_be_written_only_by_a_process_that_has_it_open(tmp_path: Path, path: Path) -> None:
    """Each writer warns once, however many lines it loses."""
    said = run(
        tmp_path,
        """
as_somebody_else()
first, second = AppendHandler(path), AppendHandler(path)
tell(first, 0)
os.chmod(path, 0o400)
tell(first, 1)
tell(second, 2)
tell(second, 3)
os.chmod(path, 0o600)
tell(second, 4)
""",
    )
    assert said == LOST.format(f"Permission denied: {path.name}")
    assert numbers(path) == [0, 1, 4]


def test_a_folder_that_is_removed_is_made_again(tmp_path: Path) -> None:
    """The folder's old content is gone, but the next line is written."""
    said = run(
        tmp_path,
        """
path = Path("logs/bakery.log.jsonl")
handler = AppendHandler(path, Rotation(size_bytes=300))
tell(handler, 0)
shutil.rmtree("logs")
for number in range(1, 9):
    tell(handler, number)
handler.close()
""",
    )
    assert said == ""
    assert numbers(tmp_path / "logs" / "bakery.log.jsonl") == list(range(1, 9))


def test_a_folder_that_is_closed_to_us_keeps_taking_the_lines_of_the_open_file(tmp_path: Path, path: Path) -> None:
    """The process may still write to the file it has open."""
    said = run(
        tmp_path,
        """
as_somebody_else()
path = Path("logs/bakery.log.jsonl")
handler = AppendHandler(path, Rotation(size_bytes=300))
tell(handler, 0)
os.chmod("logs", 0o000)
tell(handler, 1)
os.chmod("logs", 0o755)
tell(handler, 2)
""",
    )
    assert said == ""
    assert numbers(tmp_path / "logs" / "bakery.log.jsonl") == [0, 1, 2]


def test_a_rotation_that_is_refused_costs_a_warning_and_no_line(tmp_path: Path, path: Path) -> None:
    """The file grows beyond its limit, and is rotated once that is possible again."""
    said = run(
        tmp_path,
        """
as_somebody_else()
handler = AppendHandler(path, Rotation(size_bytes=300, compress=False))
tell(handler, 0)
os.chmod(".", 0o555)
for number in range(1, 9):
    tell(handler, number)
    handler._rotate_not_before_s = 0  # a minute later
assert len(os.listdir(".")) == 1
os.chmod(".", 0o755)
tell(handler, 9)
""",
    )
    assert said == ("bake-tracker: the log file is full and cannot be rotated (Permission denied); no lines are lost\n")
    assert numbers(path) == list(range(10))
    assert [json.loads(line)["number"] for line in path.read_bytes().splitlines()] == [9]


def test_a_strangers_lock_on_the_file_stops_no_line(tmp_path: Path, path: Path) -> None:
    """The file is not rotated, and stderr says why."""
    said = run(
        tmp_path,
        """
import fcntl
path.touch()
with path.open() as stranger:
    fcntl.flock(stranger, fcntl.LOCK_EX)
    handler = AppendHandler(path, Rotation(size_bytes=100))
    for number in range(5):
        tell(handler, number)
""",
    )
    assert said == (
        "bake-tracker: the log file cannot be locked, so it is not rotated (Resource temporarily unavailable);"
        " no lines are lost\n"
    )
    assert numbers(path) == [0, 1, 2, 3, 4]
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_that_is_always_full_costs_a_warning(tmp_path: Path) -> None:
    """A device is not a file, so it is not rotated either."""
    said = run(
        tmp_path,
        """
handler = AppendHandler(Path("/dev/full"), Rotation(size_bytes=1, is_daily=True))
for number in range(3):
    tell(handler, number)
""",
    )
    assert said == LOST.format("No space left on device: /dev/full")


def test_a_pipe_is_not_a_log_file(tmp_path: Path) -> None:
    """A pipe loses its lines when nobody reads it, so a warning says so."""
    said = run(
        tmp_path,
        """
os.mkfifo(path)
tell(AppendHandler(path), 0)
""",
    )
    assert said == LOST.format("a pipe does not store lines; set BAKE_TRACKER_LOG_FILE to a file: bakery.log.jsonl")


@pytest.mark.parametrize("written", [0, 40], ids=["nothing is written", "half a line is written"])
def test_a_disk_that_is_full_at_the_very_first_line_hides_no_loss(
    bake: CommandLine, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """The log begins when the program started, not with the first line that there was room for."""
    monkeypatch.setattr(emitting, "_reported", set())
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if data.startswith(b"{"):
            monkeypatch.setattr(os, "write", write)
            if not written:
                raise OSError(28, "No space left on device")
            return write(descriptor, data[:written])
        return write(descriptor, data)

    assert bake("item", "add", "ingredient", "Butter", "--unit", "g").code == 0
    bake.log_file.unlink()
    url = database.database_url()
    configure_logging(load_settings(), url)
    monkeypatch.setattr(os, "write", full)
    for name in ("Flour", "Sugar"):
        database.run_in_transaction(lambda session, name=name: record_item("ingredient", name, "g", session=session))
    verified = bake("log", "verify", "--json")
    assert (verified.code, [named["operation"] for named in verified.json["missing"]]) == (1, ["record_item"])
    assert bake("log", "verify", "--repair").code == 0
    assert bake("log", "verify", "--json").json["missing"] == []


def test_a_full_disk_stops_no_operation_and_verification_lists_the_missing_lines(
    bake: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger has the operation; verification later names the line that the log lacks."""
    assert bake("item", "add", "ingredient", "Flour", "--unit", "g").code == 0
    monkeypatch.setattr(emitting, "_reported", set())
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if data.startswith(b"{"):
            raise OSError(28, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    for _ in range(2):
        assert bake("receive", "flour", "1", "kg", "--cost", "2").code == 0
    monkeypatch.setattr(os, "write", write)
    assert bake("receive", "flour", "1", "kg", "--cost", "2").code == 0
    verified = bake("log", "verify", "--json")
    assert verified.code == 1
    assert [named["operation"] for named in verified.json["missing"]] == ["record_receipt"] * 2


def test_a_warning_that_nobody_can_hear_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When stderr is closed, nobody is left to warn."""
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(rotation, "_warned", set())
    rotation.warn_once("nothing is rotated", OSError(28, "No space left on device"))
    assert rotation._warned == {("nothing is rotated", "No space left on device")}
