"""A log file that is full or whose day is over is moved away, compressed and finally deleted, as the settings say."""

import gzip
import json
import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.config import Settings, SettingsError, load_settings
from bake_tracker.log import append
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.files import log_files
from bake_tracker.log.rotation import Rotation, tidy
from bake_tracker.log.setup import rotation_of
from support.log.makers import rotated, tell, told

Tell = Callable[[AppendHandler, int], None]
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bakery.log.jsonl"


@pytest.fixture
def handlers(path: Path) -> Iterator[Callable[..., AppendHandler]]:
    """Any number of writers to one log."""
    made: list[AppendHandler] = []

    def make(**rotation: Any) -> AppendHandler:
        made.append(AppendHandler(path, Rotation(**rotation)))
        return made[-1]

    yield make
    for handler in made:
        handler.close()


def test_a_full_file_is_moved_away_and_compressed(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """No file exceeds the limit, old files are gzip, and all lines are read in order."""
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
    assert {file.stat().st_mode & 0o777 for file in path.parent.glob(f"{path.name}*")} == {0o600}


def test_a_mode_that_somebody_gave_the_log_is_kept(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """A collector in the group may read the next file too."""
    tell(handlers(size_bytes=1_000), 0)
    path.chmod(0o640)
    for number in range(1, 20):
        tell(handlers(size_bytes=1_000), number)
    assert len(rotated(path)) > 0
    assert {file.stat().st_mode & 0o777 for file in log_files(path)} == {0o640}


def test_compression_can_be_left_out(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """The rotated files stay plain."""
    handler = handlers(size_bytes=1_000, compress=False)
    for number in range(20):
        tell(handler, number)
    assert not any(name.endswith(".gz") for name in rotated(path))
    assert told(path) == list(range(20))


def test_without_a_size_or_day_the_file_grows(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """Without settings nothing is rotated."""
    handler = handlers()
    for number in range(20):
        tell(handler, number)
    assert (rotated(path), told(path)) == ([], list(range(20)))


def test_a_line_larger_than_the_limit_gets_its_own_file(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """An empty file is never rotated."""
    handler = handlers(size_bytes=100, compress=False)
    for number in range(3):
        tell(handler, number)
    assert len(rotated(path)) == 2
    assert told(path) == [0, 1, 2]


def test_a_day_ends_at_midnight_utc(
    path: Path, handlers: Callable[..., AppendHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file holds one UTC day, going by its first line, even when another process opens it a day later."""
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


def test_only_the_set_number_of_old_files_is_kept(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """The oldest files are deleted; the rest is the end of the log without a gap."""
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
    """The writer may still write there; it lets go at its next line, and the next rotation compresses the file."""
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
    """Between opening and locking, another process rotates and compresses it: the line goes to the new file."""
    quick, slow = handlers(size_bytes=100), handlers(size_bytes=100_000)
    tell(quick, 0)
    hold = append.hold

    def late(descriptor: int) -> None:
        monkeypatch.setattr(append, "hold", hold)
        tell(quick, 1)
        assert quick._tidying is not None
        quick._tidying.join()
        hold(descriptor)

    monkeypatch.setattr(append, "hold", late)
    tell(slow, 2)
    assert [name[-3:] for name in rotated(path)] == [".gz"]
    assert told(path) == [0, 1, 2]


def test_two_writers_that_find_the_file_full_rotate_it_once(
    path: Path, handlers: Callable[..., AppendHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second writer sees that the path now leads to another file."""
    first, second = (handlers(size_bytes=1_000, compress=False) for _ in range(2))
    tell(first, 0)
    tell(second, 1)
    tell(first, 2)
    move_away = append.move_away

    def after_the_other_one(where: Path, identity: tuple[int, int]) -> bool:
        monkeypatch.setattr(append, "move_away", move_away)
        tell(first, 3)
        return move_away(where, identity)

    monkeypatch.setattr(append, "move_away", after_the_other_one)
    tell(second, 4)
    assert len(rotated(path)) == 1
    assert sorted(told(path)) == [0, 1, 2, 3, 4]


def test_threads_and_forked_children_share_a_descriptor_and_lose_nothing(
    path: Path, handlers: Callable[..., AppendHandler]
) -> None:
    """Each child opens the next file itself once the inherited one has been rotated."""
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


def test_the_clock_may_go_back_and_the_files_keep_their_order(
    path: Path, handlers: Callable[..., AppendHandler]
) -> None:
    """A new name is never below the latest one and never one that is taken."""
    path.with_name(f"{path.name}.20991231T235959.999999.gz").write_bytes(
        gzip.compress(b'{"timestamp": "2099-12-31T00:00:00Z", "number": 0}\n')
    )
    handler = handlers(size_bytes=100, compress=False)
    for number in range(1, 4):
        tell(handler, number)
    assert rotated(path)[1:] == [".21000101T000000.000000", ".21000101T000000.000001"]
    assert told(path) == [0, 1, 2, 3]


def test_a_link_is_left_alone(path: Path, handlers: Callable[..., AppendHandler]) -> None:
    """Renaming a link would rotate nothing."""
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
    """The settings choose rotation by size, by day, or none."""
    monkeypatch.setenv("BAKE_TRACKER_LOG_ROTATE", text)
    assert rotation_of(load_settings()) == rotation


def test_by_default_a_file_is_rotated_at_64_megabytes_and_none_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is evidence: it is not deleted unless somebody asks for it."""
    monkeypatch.delenv("BAKE_TRACKER_LOG_ROTATE", raising=False)
    assert rotation_of(Settings()) == Rotation(size_bytes=64_000_000, keep=None, compress=True)


@pytest.mark.parametrize(("name", "value"), [("ROTATE", "0MB"), ("ROTATE", "64"), ("ROTATE", "week"), ("KEEP", "0")])
def test_an_impossible_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """An invalid value is refused, not guessed."""
    monkeypatch.setenv(f"BAKE_TRACKER_LOG_{name}", value)
    with pytest.raises(SettingsError, match=f"BAKE_TRACKER_LOG_{name}"):
        load_settings()
