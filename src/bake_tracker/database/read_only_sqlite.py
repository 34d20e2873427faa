"""SQLite files that can be read but not written, such as on a read-only disk.

SQLite opens a database with a write-ahead log by writing beside it, even to read. Where that is not allowed the file is
read as it lies there, which takes no lock: so only while nobody has it open, and afterwards it is compared with before.
"""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

_AS_WHO = {"effective_ids": True} if os.access in os.supports_effective_ids else {}


class Reader(sqlite3.Connection):
    """A connection to a read-only file; ``seen`` is its state, if it is assumed not to change."""

    lies_at: Path
    seen: tuple[int, ...] | None = None


def may_only_read(path: Path) -> bool:
    """Whether the file exists but this process cannot write it or SQLite's files beside it."""
    may_write = os.access(path, os.W_OK, **_AS_WHO) and os.access(path.absolute().parent, os.W_OK, **_AS_WHO)
    return path.is_file() and not may_write


def connect(path: Path) -> sqlite3.Connection:
    """Open a file as this process is allowed to."""
    ours: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}
    if not may_only_read(path):
        plain: sqlite3.Connection = sqlite3.connect(path, **ours)
        return plain
    if _log_of(path).exists():  # a writer's, who is there or has died; where its index can be read, so can it
        return sqlite3.connect(path, factory=Reader, **ours)
    seen = _look(path)
    reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, factory=Reader, **ours)
    reader.lies_at, reader.seen = path, seen
    return reader


def was_written_meanwhile(connection: Connection) -> bool:
    """Whether an assumed-unchanged file was written meanwhile: the reads may mix two states."""
    reader = connection.connection.dbapi_connection
    if not isinstance(reader, Reader) or reader.seen is None:
        return False
    return _log_of(reader.lies_at).exists() or _look(reader.lies_at) != reader.seen


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _look(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
