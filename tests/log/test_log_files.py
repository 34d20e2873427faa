"""The files of a log are read as one, in order and each once, even while another process rotates or compresses them."""

import gc
import gzip
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.log import files as log_files_module
from bake_tracker.log import scan
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.files import LogUnreadableError, identity, log_files, open_in_turn
from bake_tracker.log.rotation import Rotation, tidy
from bake_tracker.log.scan import log_line, scan_backwards, total_bytes
from support.command_line import CommandLine
from support.log.makers import line, tell, told, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bakery.log.jsonl"


@pytest.fixture
def handler(path: Path) -> Iterator[AppendHandler]:
    """A writer that rotates after nearly every line."""
    made = AppendHandler(path, Rotation(size_bytes=100, compress=False))
    yield made
    made.close()


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("moment", ["rotate", "compress", "logrotate"])
def test_a_file_that_moves_between_listing_and_opening_is_read_once(
    path: Path, handler: AppendHandler, monkeypatch: pytest.MonkeyPatch, moment: str, after: int
) -> None:
    """This holds when the current file is rotated, an old one is compressed, or all are renumbered."""
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
    path: Path, handler: AppendHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that changes during a listing may show neither the old name nor the new one."""
    for number in range(3):
        tell(handler, number)
    beside, calls = log_files_module._beside, count()
    monkeypatch.setattr(log_files_module, "_beside", lambda where: beside(where)[1 if next(calls) == 0 else 0 :])
    assert told(path) == [0, 1, 2]


def test_a_file_and_its_finished_copy_are_read_once(path: Path, handler: AppendHandler) -> None:
    """A kill between the two steps leaves both; the next rotation compresses again and removes the original."""
    for number in range(3):
        tell(handler, number)
    (oldest, *_) = log_files(path)
    Path(f"{oldest}.gz").write_bytes(gzip.compress(oldest.read_bytes()))
    assert told(path) == [0, 1, 2]
    tidy(path, Rotation())
    assert not oldest.exists()
    assert told(path) == [0, 1, 2]


def test_files_of_other_rotators_are_read_in_the_order_they_began(path: Path) -> None:
    """Their first lines decide: copying or compressing changes the modification time, and numbers run backwards."""
    names = [".10.gz", ".9", "-20261121", ".20261122T000000.000000", "-20261123.gz", ""]
    for number, name in enumerate(names):
        line = f'{{"timestamp": "2026-11-{18 + number}T12:00:00Z", "number": {number}}}\n'.encode()
        file = path.with_name(path.name + name)
        file.write_bytes(gzip.compress(line) if name.endswith(".gz") else line)
        os.utime(file, (1_000_000 - number, 1_000_000 - number))
    assert told(path) == list(range(6))


@pytest.mark.parametrize("moment", ["rotate", "compress", "logrotate", "delete"])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_backwards_too_each_file_is_read_once_whatever_moves(
    path: Path, handler: AppendHandler, monkeypatch: pytest.MonkeyPatch, moment: str, after: int
) -> None:
    """A file that is rotated after it was read appears under another name and is not read again."""
    for number in range(4):
        tell(handler, number)
    if moment == "logrotate":
        for number, file in enumerate(reversed(log_files(path)[:-1]), 1):
            file.rename(f"{path}.{number}")
    read: list[int] = []
    for raw in scan_backwards(path):
        read.append(number_of(raw))
        if len(read) != after:
            continue
        if moment in ("rotate", "compress"):
            tell(handler, 4)
        if moment == "compress":
            tidy(path, Rotation())
        elif moment == "delete":
            log_files(path)[0].unlink()
        elif moment == "logrotate":
            for number in (3, 2, 1):
                Path(f"{path}.{number}").rename(f"{path}.{number + 1}")
            path.rename(f"{path}.1")
            tell(handler, 4)
    assert read == ([3, 2, 1] if moment == "delete" else [3, 2, 1, 0])


def number_of(raw: bytes) -> int:
    found = log_line(raw)
    assert found is not None
    return int(found["number"])


@pytest.mark.parametrize("newest_first", [True, False])
def test_one_file_is_open_at_a_time(path: Path, handler: AppendHandler, newest_first: bool) -> None:
    """A thousand rotated files need only one descriptor."""
    for number in range(20):
        tell(handler, number)
    gc.collect()  # garbage left by earlier tests must not close descriptors during this one
    before, most = open_descriptors(), 0
    for _ in open_in_turn(path, newest_first=newest_first):
        most = max(most, open_descriptors())
    assert most - before == 1


def open_descriptors() -> int:
    """The number of descriptors below 1,000 that lead to a file."""
    return sum(identity(descriptor) is not None for descriptor in range(1_000))


def test_a_compressed_file_is_known_by_its_bytes_and_not_by_its_name(path: Path) -> None:
    """A plain file named .gz is sorted by its first line and read."""
    write(path.with_name(f"{path.name}.1"), [line(2)])
    write(path.with_name(f"{path.name}.3"), [line(1)]).rename(f"{path}.3.gz")
    write(path, [line(3)])
    assert [file.name.removeprefix(path.name) for file in log_files(path)] == [".3.gz", ".1", ""]


class Vanishing(type(Path())):  # type: ignore[misc]  # the class of this system's paths
    """A file that exists at the first look and is gone at the second."""

    def is_file(self, **_options: Any) -> bool:
        return True


def test_the_size_of_a_log_is_taken_while_its_files_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file compressed since the listing no longer exists; a folder has no size."""
    write(path, [line(1)])
    path.with_name(f"{path.name}.2").mkdir()
    listed = [Vanishing(path.with_name(f"{path.name}.1")), *log_files(path)]
    monkeypatch.setattr(scan, "log_files", lambda _path: listed)
    assert total_bytes(path) == path.stat().st_size


# What cannot be opened is not empty -----------------------------------------------------------------------------------

QUESTIONS = (
    "log tail",
    "log stats",
    "log find outcome=success",
    "log tree",
    "explain last",
    "log verify",
    "verify --log",
)


@pytest.mark.parametrize(
    ("target", "why"),
    [("log", "Too many levels of symbolic links"), ("nowhere/else/log", "whose folder does not exist")],
)
def test_a_log_that_cannot_be_opened_is_not_called_empty(
    bake: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, why: str
) -> None:
    """Every command that reads the log reports a link to itself or into a missing folder as such."""
    log = tmp_path / "log"
    log.symlink_to(tmp_path / target)
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(log))
    for question in QUESTIONS:
        done = bake(*question.split())
        assert (done.code, done.out) == (1, "")
        assert f"log_file: {log} cannot be opened: " in done.err
        assert why in done.err
    ledger = bake("verify")
    assert (ledger.code, f"The log was not compared: log_file: {log} cannot be opened: " in ledger.out) == (0, True)


def test_a_log_that_does_not_exist_yet_is_missing_even_through_a_link(
    bake: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first line creates the file where the link leads."""
    log = tmp_path / "log"
    log.symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(log))
    assert bake("log", "find", "outcome=success").err == f"No log line matches ({log}).\n"
    assert f"The log was not compared: there is no log ({log})." in bake("verify").out
    assert bake("item", "add", "ingredient", "Flour", "--unit", "g").code == 0
    assert bake("log", "find", "outcome=success").code == 0


def test_a_rotated_file_that_leads_nowhere_is_named(path: Path) -> None:
    """A dangling link is an error, not an endless search."""
    write(path, [line(1)])
    path.with_name(f"{path.name}.1").symlink_to(path.with_name("gone"))
    with pytest.raises(LogUnreadableError, match=r"\.1 cannot be opened: it links to a missing file"):
        list(open_in_turn(path))
