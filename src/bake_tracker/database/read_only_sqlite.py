"""SQLite files that can be read but not written, for example on a read-only disk.

SQLite writes files beside a database with a write-ahead log, even to read it. If that is not possible, the file is read
as it is, without a lock. That is safe only while no other process has it open, so afterwards the file is compared with
its earlier state.
"""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

_AS_WHO = {"effective_ids": True} if os.access in os.supports_effective_ids else {}


class Reader(sqlite3.Connection):
    """A connection to a read-only file; ``seen`` is its state at opening, if it is assumed not to change."""

    lies_at: Path
    seen: tuple[int, ...] | None = None


def may_only_read(path: Path) -> bool:
    """Whether the file exists but this process cannot write it, or cannot create SQLite's files beside it."""
    may_write = os.access(path, os.W_OK, **_AS_WHO) and os.access(path.absolute().parent, os.W_OK, **_AS_WHO)
    return path.is_file() and not may_write


def connect(path: Path) -> sqlite3.Connection:
    """Open a file with the access this process has."""
    ours: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}
    if not may_only_read(path):
        plain: sqlite3.Connection = sqlite3.connect(path, **ours)
        return plain
    if _log_of(path).exists():  # left by a running or killed writer; SQLite can read it through the existing index
        return sqlite3.connect(path, factory=Reader, **ours)
    seen = _look(path)
    reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, factory=Reader, **ours)
    reader.lies_at, reader.seen = path, seen
    return reader


def was_written_meanwhile(connection: Connection) -> bool:
    """Whether the file was written although it was assumed not to change; the reads may then mix two states."""
    reader = connection.connection.dbapi_connection
    if not isinstance(reader, Reader) or reader.seen is None:
        return False
    return _log_of(reader.lies_at).exists() or _look(reader.lies_at) != reader.seen


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _look(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
