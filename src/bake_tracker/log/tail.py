"""Follow a log: its last lines and new ones, through rotation and truncation."""

import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO

from bake_tracker.domain.log.query import LogQuery
from bake_tracker.log.files import (
    BEFORE_ALL,
    WRITTEN,
    Identity,
    LogUnreadableError,
    Turn,
    identity,
    is_there,
    latest_turn,
    open_in_turn,
    unpacked,
)
from bake_tracker.log.reader import Unreadable
from bake_tracker.log.scan import BLOCK, CUT_OFF, LONGEST_LINE, LogLine, Place, lines_of, read_lines, scan_backwards

_HEAD_BYTES = 4096


def last_lines(
    path: Path, count: int, query: LogQuery, unreadable: Unreadable, end: Place | None
) -> list[tuple[bytes, LogLine]]:
    """The last ``count`` matching lines, oldest first, read backwards across files if needed."""
    raws = scan_backwards(path, end) if end else iter(())
    newest_first = matching(raws, query, unreadable)
    return list(islice(newest_first, min(count, sys.maxsize)))[::-1]


def matching(raws: Iterator[bytes], query: LogQuery, unreadable: Unreadable) -> Iterator[tuple[bytes, LogLine]]:
    """The matching lines, raw and parsed, in order; unreadable ones are counted."""
    for raw, line in read_lines(raws):
        if line is None:
            unreadable.count += 1
        elif query.matches(line):
            yield raw, line


class Follower:
    """Yield every line appended from now on exactly once, and a half-written one when it is complete.

    A file that was moved away is read to its end, followed by newer files; one that was truncated is read from the
    start.
    """

    def __init__(self, path: Path) -> None:
        """Raise LogUnreadableError if the path is unreadable; a missing file may still appear."""
        self.path = path
        self._file: IO[bytes] | None = None
        self._rest = b""
        self._was_moved = False
        with suppress(FileNotFoundError):
            if is_there(path):
                self._file = _opened(path)
                self._file.seek(_end_of_lines(self._file))
        self._after = BEFORE_ALL if self._file else latest_turn(path)

    @property
    def place(self) -> Place | None:
        """The position of the next new line, or None while there is no file."""
        own = self._identity
        return Place(own, self._file.tell()) if self._file and own else None

    def new_lines(self) -> Iterator[bytes]:
        """The raw lines completed since the last call; ``CUT_OFF`` for one that will never be complete."""
        yield from self._appended()
        if not self._is_moved():
            self._was_moved = False
        elif not self._was_moved and self._file is not None:
            self._was_moved = True  # its last writer may still add a line, so wait for the next call
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
        """Whether the log's path now leads to another file; False while it leads to none."""
        now = identity(self.path)
        return now is not None and now != self._identity

    @property
    def _identity(self) -> Identity | None:
        return identity(self._file.fileno()) if self._file else None

    def _move_on(self) -> Iterator[bytes]:
        """Follow, in order, every file that has appeared since."""
        self._was_moved = False
        for turn, raw in open_in_turn(self.path, after=self._turn()):
            if self._rest:
                yield CUT_OFF
            if turn != WRITTEN:
                yield from lines_of(raw)
            self._follow(raw, os.SEEK_SET if turn == WRITTEN else os.SEEK_END)
        yield from self._appended()

    def _follow(self, raw: IO[bytes], whence: int) -> None:
        self.close()
        self._file = os.fdopen(os.dup(raw.fileno()), "rb", buffering=0)
        self._file.seek(0, whence)
        self._rest = b""

    def _turn(self) -> Turn:
        """The sort key of the followed file, searched from the newest; the file may be compressed or gone."""
        if self._file is None:
            return self._after
        own, changed_ns = self._identity, os.fstat(self._file.fileno()).st_mtime_ns
        head = os.pread(self._file.fileno(), _HEAD_BYTES, 0)
        older = BEFORE_ALL
        for turn, raw in open_in_turn(self.path, newest_first=True):
            if turn == WRITTEN:
                continue
            if identity(raw.fileno()) == own or (head and _head(raw) == head):
                return turn
            if older == BEFORE_ALL and os.fstat(raw.fileno()).st_mtime_ns <= changed_ns:
                older = turn
        return older


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LogUnreadableError.because(path, f"cannot be opened: {error.strerror}") from error


def _head(raw: IO[bytes]) -> bytes:
    try:
        return unpacked(raw).read(_HEAD_BYTES)
    except (EOFError, OSError, zlib.error):
        return b""  # damaged, so it cannot be the file that was readable until now


def _end_of_lines(file: IO[bytes]) -> int:
    """The position after the last complete line."""
    position = file.seek(0, os.SEEK_END)
    while position:
        start = max(0, position - BLOCK)
        file.seek(start)
        newline = file.read(position - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        position = start
    return 0
