"""Scan a log for raw lines, forwards or backwards, in constant memory."""

import gzip
import json
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple, cast

import orjson

from bake_tracker.log.files import Identity, identity, log_files, open_in_turn, unpacked

BLOCK = 1 << 20
LONGEST_LINE = 16 << 20
EXACT = 2.0**63
TEXT_FIELDS = ("operation", "outcome", "operation_id", "parent_operation_id", "transaction_id", "request_id")
CUT_OFF = b""
"""A placeholder for the unreadable: the rest of a damaged compressed file, or a line that is far too long."""

# A process may stop in the middle of a line and another continue it; inside a text, quotes are escaped.
_LINE_BEGINS = re.compile(rb'(?<=.)\{"timestamp":', re.DOTALL)

Matters = Callable[[bytes], bool]
Progress = Callable[[int], None]
LogLine = dict[str, Any]


class Place(NamedTuple):
    """A position in one file of the log, independent of the file's name."""

    file: Identity
    position: int


def log_line(raw: bytes) -> LogLine | None:
    """The fields of a line, or None if it is not a log line."""
    try:
        line = orjson.loads(raw)
    except ValueError:
        line = _by_the_standard_library(raw)  # an unpaired surrogate: orjson refuses it, but the log may contain it
    if type(line) is not dict or type(line.get("timestamp")) is not str:
        return None
    if [value for value in line.values() if type(value) is float and not -EXACT < value < EXACT]:
        line = _by_the_standard_library(raw)  # orjson rounds integers of more than 64 bits
    return line if all(isinstance(line.get(name, ""), str | None) for name in TEXT_FIELDS) else None


def read_lines(raws: Iterable[bytes]) -> Iterator[tuple[bytes, LogLine | None]]:
    """Each raw line with its fields (None if it is not a log line); half a line before a whole one counts as two."""
    for raw in raws:
        line = log_line(raw)
        yield raw, line
        if line is None:
            behind = (raw[begins.start() :] for begins in _LINE_BEGINS.finditer(raw))
            yield from ((rest, line) for rest in behind if (line := log_line(rest)) is not None)


def read_log(path: Path, progress: Progress | None = None) -> Iterator[LogLine | None]:
    """The fields of every line, oldest file first; None for a line that is not a log line. A missing log is empty.

    Raises:
        LogUnreadableError: a path leads to something other than a file, or it cannot be opened.
    """
    return (line for _, line in read_lines(scan(path, None, progress)))


def scan(path: Path, matters: Matters | None = None, progress: Progress | None = None) -> Iterator[bytes]:
    """The raw lines of all files, oldest first, without newlines; ``CUT_OFF`` for unreadable ones.

    ``matters`` gets a whole block first and then each line in it. If it accepts a line, it must accept every block that
    contains the line, as a search for certain bytes does. ``progress`` gets the number of bytes read so far.

    Raises:
        LogUnreadableError: a path leads to something other than a file, or it cannot be opened.
    """
    done = 0
    for _, raw in open_in_turn(path):
        for block in whole_lines(unpacked(raw)):
            yield from _lines_in(block, matters)
            if progress is not None:
                progress(done + raw.tell())
        done += raw.tell()


def scan_backwards(path: Path, end: "Place | None" = None, progress: Progress | None = None) -> Iterator[bytes]:
    """The raw lines of a log, newest first, starting at ``end`` if given.

    A compressed file is decompressed first, to a temporary file if it is large. ``progress`` works as in ``scan``.

    Raises:
        LogUnreadableError: a path leads to something other than a file, or it cannot be opened.
    """
    is_reached, done = end is None, 0
    for _, raw in open_in_turn(path, newest_first=True):
        is_end = not is_reached and end is not None and identity(raw.fileno()) == end.file
        is_reached = is_reached or is_end
        if is_reached and unpacked(raw) is raw:
            yield from _lines_backwards(raw, end.position if end and is_end else None)
        elif is_reached:
            with SpooledTemporaryFile(max_size=32 * BLOCK) as plain:
                for block in _blocks(unpacked(raw)):
                    plain.write(block or b"")
                yield from _lines_backwards(cast(IO[bytes], plain), None)
        if progress is not None:
            progress(done := done + os.fstat(raw.fileno()).st_size)


def lines_of(raw: IO[bytes], matters: Matters | None = None) -> Iterator[bytes]:
    """The raw lines of one file, plain or compressed."""
    for block in whole_lines(unpacked(raw)):
        yield from _lines_in(block, matters)


def total_bytes(path: Path) -> int:
    """The size of a log on disk, including rotated files."""
    total = 0
    for file in log_files(path):
        with suppress(OSError):  # compressed or deleted since it was listed
            status = file.stat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total


def _lines_in(block: bytes | None, matters: Matters | None) -> Iterator[bytes]:
    if block is None:
        yield CUT_OFF
    elif matters is None or matters(block):
        for line in block.split(b"\n"):
            if line and not line.isspace() and (matters is None or matters(line)):
                yield line


def _blocks(file: IO[bytes]) -> Iterator[bytes | None]:
    """The readable blocks of a file, and a final None if the rest is damaged."""
    try:
        while block := file.read1(BLOCK):  # type: ignore[attr-defined]  # plain and compressed files have it
            yield block
    except (EOFError, gzip.BadGzipFile, zlib.error):
        yield None


def whole_lines(file: IO[bytes]) -> Iterator[bytes | None]:
    """Blocks of whole lines; None for a line that is cut off or too long."""
    rest: list[bytes] = []
    kept = 0
    for block in _blocks(file):
        whole, newline, begun = (block or b"").rpartition(b"\n")
        if newline:
            yield b"".join([*rest, whole])
            rest, kept = [begun], len(begun)
        else:
            rest.append(begun)
            kept += len(begun)
        if block is None or kept > LONGEST_LINE:
            yield None
            rest, kept = [], 0
    if kept:
        yield b"".join(rest)


def _lines_backwards(file: IO[bytes], end: int | None) -> Iterator[bytes]:
    position = file.seek(0, os.SEEK_END) if end is None else end
    rest = b""
    while position:
        size = min(BLOCK, position)
        position -= size
        file.seek(position)
        first, *lines = (file.read(size) + rest).split(b"\n")
        for line in reversed(lines):
            if line and not line.isspace():
                yield line
        rest = first if len(first) <= LONGEST_LINE else b""
    if rest and not rest.isspace():
        yield rest


def _by_the_standard_library(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
