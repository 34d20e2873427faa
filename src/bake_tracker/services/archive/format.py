"""The portable archive: a whole bakery as JSON lines with counts and a checksum at the end.

The first line is the header. Each table follows: a heading with its columns, and one line per row. The last line has
the row count of each table and the SHA-256 of all lines before it. The same bakery gives the same bytes, whichever
database it is in.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from bake_tracker.domain.errors import ServiceError

FORMAT = "bake-tracker archive"
VERSION = 1
ROWS_AT_ONCE = 1_000


class ArchiveRefusedError(ServiceError):
    """The archive is incomplete, does not fit or is another program's; the message names the line."""

    code = "archive_refused"
    outcome = "archive_refused"

    @classmethod
    def at(cls, line: int, problem: str) -> "ArchiveRefusedError":
        return cls(f"line {line} of the archive: {problem}; nothing was restored")


@dataclass(frozen=True, slots=True)
class Header:
    """The bakery's id and the schema revision of its tables."""

    schema: str
    database_id: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one table, and the line number of the first."""

    table: str
    columns: tuple[str, ...]
    rows: list[list[Any]]
    first_line: int


def write_lines(header: Header, tables: Iterable[tuple[str, list[str], Iterable[list[Any]]]]) -> Iterator[bytes]:
    """Write an archive, line by line, from tables given as name, columns and rows."""
    sha256 = hashlib.sha256()
    counts: dict[str, int] = {}

    def line(value: object) -> bytes:
        written = orjson.dumps(value) + b"\n"
        sha256.update(written)
        return written

    about = {"format": FORMAT, "version": VERSION, "schema": header.schema, "database_id": header.database_id}
    yield line(about)
    for name, columns, rows in tables:
        yield line({"table": name, "columns": columns})
        counts[name] = 0
        for row in rows:
            counts[name] += 1
            yield line(row)
    yield orjson.dumps({"rows": counts, "sha256": sha256.hexdigest()}) + b"\n"


class ArchiveReader:
    """Read an archive once; its rows are valid only after ``batches`` has ended without an error."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Read the header.

        Raises:
            ArchiveRefusedError: this is not an archive, or its version is newer.
        """
        self._lines = iter(lines)
        self._number, self._line = 0, b""
        self._sha256 = hashlib.sha256()
        self.counts: dict[str, int] = {}
        found = self._next()
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ArchiveRefusedError.at(1, f"it is not the first line of a {FORMAT}")
        if found.get("version") != VERSION:
            raise ArchiveRefusedError.at(1, f"format version {found.get('version')} is newer than this program")
        if not isinstance(found.get("schema"), str) or not isinstance(found.get("database_id"), str):
            raise ArchiveRefusedError.at(1, "its schema or database_id is missing")
        self.header = Header(found["schema"], found["database_id"])

    def batches(self) -> Iterator[Batch]:
        """Yield the rows in batches.

        Raises:
            ArchiveRefusedError: a line is missing, damaged or altered, or the end is missing.
        """
        table, columns, rows = "", tuple[str, ...](), list[list[Any]]()
        while True:
            value = self._next()
            if isinstance(value, list):
                if not table or len(value) != len(columns):
                    raise ArchiveRefusedError.at(self._number, f"it does not have the {len(columns)} values of a row")
                rows.append(value)
                if len(rows) < ROWS_AT_ONCE:
                    continue
            if rows:
                last = self._number if isinstance(value, list) else self._number - 1
                self.counts[table] += len(rows)
                yield Batch(table, columns, rows, last - len(rows) + 1)
                rows = []
            if isinstance(value, list):
                continue
            if isinstance(value, dict) and "table" in value:
                table, columns = self._heading(value)
            elif isinstance(value, dict) and "sha256" in value:
                self._end(value)
                return
            else:
                raise ArchiveRefusedError.at(self._number, "it is not a row, a table's heading or the end")

    def _heading(self, value: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
        table, columns = value["table"], value.get("columns")
        if not isinstance(table, str) or not isinstance(columns, list) or not all(isinstance(c, str) for c in columns):
            raise ArchiveRefusedError.at(self._number, "it is not the heading of a table")
        if table in self.counts:
            raise ArchiveRefusedError.at(self._number, f"the table {table} occurs twice")
        self.counts[table] = 0
        return table, tuple(columns)

    def _end(self, value: dict[str, Any]) -> None:
        if value["sha256"] != self._sha256.hexdigest():
            raise ArchiveRefusedError.at(
                self._number, f"lines 1 to {self._number - 1} were altered or damaged (their SHA-256 differs)"
            )
        if value.get("rows") != self.counts:
            raise ArchiveRefusedError.at(self._number, "its row counts do not match the rows")
        if self._read():
            raise ArchiveRefusedError.at(self._number, "there is more after the end")

    def _next(self) -> Any:
        self._sha256.update(self._line)  # the last line's hash covers only the lines before it
        self._line = self._read()
        if not self._line.endswith(b"\n"):
            raise ArchiveRefusedError.at(self._number, "the archive was cut off here")
        try:
            return orjson.loads(self._line)
        except ValueError as error:
            raise ArchiveRefusedError.at(self._number, "it is not JSON") from error

    def _read(self) -> bytes:
        self._number += 1
        try:
            return next(self._lines, b"")
        except (EOFError, OSError, zlib.error) as error:  # from a damaged or truncated gzip file
            raise ArchiveRefusedError.at(self._number, f"it cannot be read ({error})") from error
