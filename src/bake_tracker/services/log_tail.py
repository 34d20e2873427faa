"""The end of a log, and what is appended from there on, through rotation and truncation."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO

from bake_tracker.domain.log_query import LogQuery
from bake_tracker.services.log_reader import Unreadable
from bake_tracker.services.log_scan import (
    BLOCK,
    CUT_OFF,
    LONGEST_LINE,
    LogLine,
    Place,
    identity,
    open_files,
    read_lines,
    scan_backwards,
    unpacked,
    whole_lines,
)

_HEAD_BYTES = 4096


def last_lines(
    path: Path, count: int, query: LogQuery, unreadable: Unreadable, end: Place | None
) -> list[tuple[bytes, LogLine]]:
    """The last ``count`` lines that match, oldest first, over as many files as it takes; read from the end."""
    raws = scan_backwards(path, end) if end else iter(())
    newest_first = matching(raws, query, unreadable)
    return list(islice(newest_first, count))[::-1]


def matching(raws: Iterator[bytes], query: LogQuery, unreadable: Unreadable) -> Iterator[tuple[bytes, LogLine]]:
    for raw, line in read_lines(raws):
        if line is None:
            unreadable.count += 1
        elif query.matches(line):
            yield raw, line


class Follower:
    """Every line appended to a log from now on, once: a half-written one when it is complete.

    A file that was moved away is read to its end, then those that came after it; one that was cut is read anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._rest = b""
        self._was_moved = False
        if path.is_file():
            self._file = path.open("rb", buffering=0)
            self._file.seek(_end_of_lines(self._file))

    @property
    def place(self) -> Place | None:
        """Where the lines begin that are still to come; None as long as there is no file."""
        return Place(identity(os.fstat(self._file.fileno())), self._file.tell()) if self._file else None

    def new_lines(self) -> Iterator[bytes]:
        """The raw lines that were completed since the last call; ``CUT_OFF`` for one that never will be."""
        yield from self._appended()
        if not self._is_moved():
            self._was_moved = False
        elif not self._was_moved and self._file is not None:
            self._was_moved = True  # who had it open when it was moved may write a last line: next time
        else:
            yield from self._move_on()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _appended(self) -> Iterator[bytes]:
        if self._file is None:
            return
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)
            self._rest = b""
        while block := self._file.read(BLOCK):
            *lines, self._rest = (self._rest + block).split(b"\n")
            yield from (line for line in lines if line and not line.isspace())
            if len(self._rest) > LONGEST_LINE:
                self._rest = b""
                yield CUT_OFF

    def _is_moved(self) -> bool:
        """Whether the log's name leads to another file by now; while it leads nowhere, nothing is decided."""
        try:
            now = identity(self.path.stat())
        except FileNotFoundError:
            return False
        return self._file is None or now != identity(os.fstat(self._file.fileno()))

    def _move_on(self) -> Iterator[bytes]:
        with ExitStack() as stack:
            *between, newest = self._newer(open_files(self.path, stack))
            if self._rest:
                yield CUT_OFF
            for raw in between:
                for block in whole_lines(unpacked(raw)):
                    lines = [CUT_OFF] if block is None else block.split(b"\n")
                    yield from (line for line in lines if block is None or (line and not line.isspace()))
            self.close()
            self._file = os.fdopen(os.dup(newest.fileno()), "rb", buffering=0)
        self._file.seek(0)
        self._rest, self._was_moved = b"", False
        yield from self._appended()

    def _newer(self, files: list[IO[bytes]]) -> list[IO[bytes]]:
        """The files that came after the one that was followed, which may have been compressed or deleted meanwhile."""
        if self._file is None:
            return files[-1:]
        status = os.fstat(self._file.fileno())
        head = os.pread(self._file.fileno(), _HEAD_BYTES, 0)
        for position in reversed(range(len(files) - 1)):
            if identity(os.fstat(files[position].fileno())) == identity(status) or (
                head and _head(files[position]) == head
            ):
                return files[position + 1 :]
        later = [raw for raw in files[:-1] if os.fstat(raw.fileno()).st_mtime_ns > status.st_mtime_ns]
        return [*later, files[-1]]


def _head(raw: IO[bytes]) -> bytes:
    try:
        return unpacked(raw).read(_HEAD_BYTES)
    except (EOFError, OSError):
        return b""
    finally:
        raw.seek(0)


def _end_of_lines(file: IO[bytes]) -> int:
    """Where the last complete line ends."""
    position = file.seek(0, os.SEEK_END)
    while position:
        start = max(0, position - BLOCK)
        file.seek(start)
        newline = file.read(position - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        position = start
    return 0
