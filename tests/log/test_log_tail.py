"""Read the end of the log, and follow it through rotation, truncation and half-written lines."""

import gzip
import json
import os
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import IO, Any

import pytest

from bake_tracker.domain.log.conditions import Condition
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.entrypoints.cli.log import tail
from bake_tracker.log import scan
from bake_tracker.log import tail as log_tail
from bake_tracker.log.files import identity, open_in_turn
from bake_tracker.log.reader import Unreadable, read_trees
from bake_tracker.log.tail import Follower, last_lines
from support.command_line import CommandLine
from support.log.makers import append, at, line, text_of, write
from support.warm.program import Program

pytestmark = pytest.mark.one_database

ALL = LogQuery()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bakery.log.jsonl"


@pytest.fixture
def follow(path: Path) -> Iterator[Callable[[], Follower]]:
    """Start following the log; stop at the end of the test."""
    begun: list[Follower] = []

    def begin() -> Follower:
        begun.append(Follower(path))
        return begun[-1]

    yield begin
    for follower in begun:
        follower.close()


def last(path: Path, count: int, query: LogQuery = ALL) -> list[int]:
    """The numbers of the last matching lines."""
    follower = Follower(path)
    found = last_lines(path, count, query, Unreadable(), follower.place)
    follower.close()
    return [int(fields["operation_id"][-6:]) for _, fields in found]


def heard(follower: Follower, times: int = 1) -> list[int]:
    """The numbers of the lines that the next calls return."""
    raws = [raw for _ in range(times) for raw in follower.new_lines()]
    return [int(json.loads(raw)["operation_id"][-6:]) for raw in raws]


def test_the_last_lines_are_read_from_as_many_files_as_needed(path: Path) -> None:
    """The newest file is short: the rest comes from the rotated ones, compressed or not, in order."""
    write(path.with_name(f"{path.name}.2.gz"), [line(n) for n in range(4)])
    write(path.with_name(f"{path.name}.1"), [line(n) for n in range(4, 7)])
    write(path, [line(7), line(8)])
    assert last(path, 0) == []
    assert last(path, 1) == [8]
    assert last(path, 4) == [5, 6, 7, 8]
    assert last(path, 7) == [2, 3, 4, 5, 6, 7, 8]
    assert last(path, 99) == list(range(9))


def test_lines_longer_than_a_block_are_whole_from_the_end_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block may end anywhere within a line."""
    monkeypatch.setattr(scan, "BLOCK", 100)
    write(path, [line(n, notes="x" * n * 37) for n in range(20)])
    assert last(path, 20) == list(range(20))


def test_the_last_lines_can_be_asked_for_by_their_values(path: Path) -> None:
    """Matching by field and level goes as far back as needed."""
    write(path, [line(n, "rolled_back" if n % 10 == 0 else "success") for n in range(100)])
    assert last(path, 3, LogQuery((Condition("outcome", "rolled_back"),))) == [70, 80, 90]
    assert last(path, 2, LogQuery(level="WARNING")) == [80, 90]


def test_half_a_line_waits_until_it_is_complete(path: Path, follow: Callable[[], Follower]) -> None:
    """Half a line is not shown early, lost or shown twice."""
    whole = text_of([line(1)])
    path.write_bytes(text_of([line(0)]) + whole[:50])
    assert last(path, 5) == [0]
    follower = follow()
    assert heard(follower) == []
    with path.open("ab") as file:
        file.write(whole[50:-1])
    assert heard(follower) == []
    append(path, [""])
    assert heard(follower, 2) == [1]


def test_following_continues_after_a_rotation(path: Path, follow: Callable[[], Follower]) -> None:
    """The old file is read to its end, including a late line from another writer; then comes the new one."""
    write(path, [line(0)])
    follower = follow()
    append(path, [line(1)])
    moved = path.with_name(f"{path.name}.1")
    path.rename(moved)
    assert heard(follower) == [1]  # no new file yet
    write(path, [line(3)])
    assert heard(follower) == []
    append(moved, [line(2)])
    assert heard(follower) == [2, 3]
    append(path, [line(4)])
    assert heard(follower) == [4]


@pytest.mark.parametrize("compressed", [False, True])
def test_no_file_is_skipped_when_several_rotations_come_at_once(
    path: Path, follow: Callable[[], Follower], compressed: bool
) -> None:
    """The followed file is recognized under any name, even compressed, and the files after it are read whole."""
    os.utime(write(path.with_name(f"{path.name}.9"), [line(0)]), (1, 1))
    write(path, [line(1), line(2)])
    follower = follow()
    append(path, [line(3)])
    if compressed:
        moved = write(path.with_name(f"{path.name}.2.gz"), [line(1), line(2), line(3)])
        path.unlink()
    else:
        moved = path.rename(path.with_name(f"{path.name}.2"))
    os.utime(moved, (2, 2))
    os.utime(write(path.with_name(f"{path.name}.1"), [line(4), line(5)]), (3, 3))
    write(path, [line(6)])
    assert heard(follower, 3) == [3, 4, 5, 6]


def test_a_followed_file_that_was_deleted_is_followed_by_those_after_it(
    path: Path, follow: Callable[[], Follower]
) -> None:
    """Older files are not shown again."""
    old = write(path.with_name(f"{path.name}.1"), [line(0)])
    os.utime(old, (1, 1))
    write(path, [line(1)])
    follower = follow()
    path.unlink()
    write(path, [line(2)])
    assert heard(follower, 2) == [2]


def test_a_file_that_is_cut_is_read_from_its_beginning(path: Path, follow: Callable[[], Follower]) -> None:
    """logrotate's copytruncate works this way."""
    write(path, [line(n) for n in range(5)])
    follower = follow()
    path.write_bytes(b"")
    assert heard(follower) == []
    append(path, [line(6)])
    assert heard(follower) == [6]


def test_a_log_that_does_not_exist_yet_is_waited_for(path: Path, follow: Callable[[], Follower]) -> None:
    """Once it exists, it is read from its first line."""
    follower = follow()
    assert heard(follower) == []
    write(path, [line(1)])
    assert heard(follower, 2) == [1]


def test_tail_prints_and_follows_until_it_is_interrupted(bake: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is the normal way to end it, so it exits with 0; torn lines are counted."""
    write(bake.log_file, [line(n) for n in range(30)])
    pauses = iter([lambda: append(bake.log_file, [line(30), '{"timestamp": "2026', line(31, "rolled_back")])])

    def pause() -> None:
        next(pauses, interrupt)()

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tail, "pause", pause)
    done = bake("log", "tail", "-n", "2", "--follow")
    assert done.code == 0
    assert [text.split()[0] for text in done.out.splitlines()] == [at(n) for n in (28, 29, 30, 31)]
    assert "1 line could not be read" in done.err


def test_tail_prints_raw_lines_on_request(bake: CommandLine) -> None:
    """Lines are printed byte for byte as they are in the log."""
    write(bake.log_file, [line(n) for n in range(9)])
    assert bake("log", "tail", "-n", "2", "--json").out.encode() == text_of([line(7), line(8)])
    assert bake("log", "tail", "outcome=rolled_back").out == ""


def test_wrong_usage_of_tail_is_explained(bake: CommandLine) -> None:
    """Wrong usage exits with 2 and shows the right form."""
    for words, advice in (
        (["outcome"], "write it like outcome=rolled_back"),
        (["--level", "LOUD"], "use one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        (["-n", "-1"], "greater than or equal to 0"),
    ):
        done = bake("log", "tail", *words)
        assert done.code == 2
        assert advice in " ".join(done.err.replace("│", " ").split())


@contextmanager
def running(log_file: Path, *words: str) -> Iterator[tuple[Program, IO[bytes], IO[bytes]]]:
    """The real program on this log, with its stdout as a pipe, and its stderr."""
    reading, writing = os.pipe()
    environment = {**os.environ, "BAKE_TRACKER_LOG_FILE": str(log_file)}
    with open(reading, "rb") as out, tempfile.TemporaryFile() as error:  # noqa: PTH123  a pipe has no path
        with open(writing, "wb") as written:  # noqa: PTH123
            streams = {"stdout": written, "stderr": error}
            program = Program("bake_tracker", *words, environment=environment, folder=Path.cwd(), **streams)
        yield program, out, error


def ended(program: Program, error: IO[bytes]) -> tuple[int, bytes]:
    status = program.wait()
    error.seek(0)
    return status, error.read()


@pytest.mark.parametrize("ending", ["interrupted", "reader gone"])
def test_a_process_that_follows_ends_quietly(path: Path, sqlite_url: str, ending: str) -> None:
    """On Ctrl-C, or when the reader closes the pipe, it exits with 0 and prints nothing, without waiting for a line."""
    write(path, [line(0), line(1)])
    with running(path, "log", "tail", "-f", "-n", "1", "--json") as (program, out, error):
        assert out.readline() == text_of([line(1)])
        if ending == "interrupted":
            program.send_signal(signal.SIGINT)
        else:
            out.close()
        assert ended(program, error) == (0, b"")


def test_the_search_ends_quietly_when_its_reader_has_seen_enough(path: Path, sqlite_url: str) -> None:
    """This happens in ``bake log find | head -1``, for example."""
    write(path, [line(n) for n in range(20_000)])
    with running(path, "log", "find", "outcome=success") as (program, out, error):
        out.readline()
        out.close()
        assert ended(program, error) == (0, b"")


def test_a_compressed_file_that_is_cut_off_gives_what_it_has(path: Path) -> None:
    """This holds for reading backwards too."""
    packed = write(path.with_name(f"{path.name}.1.gz"), [line(n, notes=os.urandom(400).hex()) for n in range(50)])
    packed.write_bytes(packed.read_bytes()[:-2000])
    write(path, [line(60)])
    numbers = last(path, 99)
    assert numbers == [*range(len(numbers) - 1), 60]
    assert 30 < len(numbers) < 51
    with gzip.open(packed) as file, pytest.raises(EOFError):
        file.read()


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    """Allow only a dozen more open files than there are now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = (descriptor for descriptor in count() if identity(descriptor) is None)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next(islice(free, 12, None)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_descriptors")
def test_more_files_than_can_be_open_are_read_and_followed(path: Path, follow: Callable[[], Follower]) -> None:
    """Reading the end, drawing trees and catching up with many new files open one file at a time."""
    for number in range(40):
        write(path.with_name(f"{path.name}.20261123T0900{number:02}.000000"), [line(number)])
    write(path, [line(40)])
    assert last(path, 99) == list(range(41))
    assert len(read_trees(path, None, 99)) == 41
    follower = follow()
    for number in range(41, 60):
        path.rename(path.with_name(f"{path.name}.20261123T0900{number - 1:02}.000000"))
        write(path, [line(number)])
    assert heard(follower, 3) == list(range(41, 60))


def test_a_damaged_file_beside_the_log_does_not_end_the_following(path: Path, follow: Callable[[], Follower]) -> None:
    """Neither a file that cannot be unpacked nor a new damaged one ends it."""
    packed = bytearray(gzip.compress(text_of([line(0)] * 50), mtime=0))
    packed[12:20] = b"\xff" * 8
    path.with_name(f"{path.name}.20261122T020000.000000.gz").write_bytes(packed)
    write(path, [line(1)])
    follower = follow()
    path.unlink()
    write(path, [line(2)])
    assert heard(follower, 3) == [2]
    path.rename(path.with_name(f"{path.name}.20261123T020000.000000"))
    path.with_name(f"{path.name}.20261123T030000.000000.gz").write_bytes(packed)
    write(path, [line(3)])
    raws = [raw for _ in range(3) for raw in follower.new_lines()]
    assert raws == [scan.CUT_OFF, text_of([line(3)])[:-1]]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_log_that_goes_while_it_is_looked_for_is_waited_for(
    path: Path, follow: Callable[[], Follower], monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    """Another rotation comes between finding the name and opening it: later lines are read once."""
    if is_there:
        write(path, [line(0)])
    follower = follow()
    if is_there:
        path.rename(path.with_name(f"{path.name}.20261123T020000.000000"))
    write(path, [line(1)])
    assert heard(follower) == ([] if is_there else [1])
    if not is_there:
        path.rename(path.with_name(f"{path.name}.20261123T020000.000000"))
        write(path, [line(2)])
        assert heard(follower) == []
    moved = iter([f"{path.name}.20261123T030000.000000"])

    def late(where: Path, **options: Any) -> Any:
        for name in moved:
            path.rename(path.with_name(name))
        return open_in_turn(where, **options)

    monkeypatch.setattr(log_tail, "open_in_turn", late)
    number = 1 if is_there else 2
    assert heard(follower, 3) == [number]
    write(path, [line(number + 1)])
    assert heard(follower, 3) == [number + 1]


def test_a_path_that_is_not_a_file_is_refused_and_not_read_as_an_empty_log(
    bake: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of the log refuses it."""
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", "/dev/full")
    done = bake("log", "tail")
    assert (done.code, "is not a regular file" in done.err) == (1, True)


def test_an_impossibly_large_number_of_lines_prints_all_of_them(path: Path) -> None:
    """This holds however large the number is."""
    write(path, [line(1), line(2)])
    assert last(path, 10**30) == [1, 2]


def test_the_tail_of_a_missing_log_says_that_there_is_no_log_yet(bake: CommandLine) -> None:
    """The message goes to stderr, so that a pipe stays empty."""
    done = bake("log", "tail")
    assert (done.code, done.out, done.err) == (0, "", f"There is no log file {bake.log_file} yet.\n")
