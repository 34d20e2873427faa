"""The files of a SQLite database that this process keeps open, and whether its path still leads to them.

A file that was deleted, moved or replaced stays open, and SQLite goes on writing to it: what it acknowledges is lost.
"""

import os
import threading
from pathlib import Path
from weakref import WeakSet

from sqlalchemy.pool import ConnectionPoolEntry

from bake_tracker.domain.errors import DatabaseUnavailableError
from bake_tracker.log.files import Identity, identity

_BESIDE = ("-wal", "-shm")
"""The files that SQLite keeps beside the database while anybody has it open."""


class KeptFiles:
    """The database and the files beside it, as this process first saw them."""

    def __init__(self, path: Path) -> None:
        self._own = os.fspath(path.absolute())
        self._beside = [self._own + ending for ending in _BESIDE]
        self._seen: dict[str, Identity] = {}
        # Weak, because a pool that was disposed of drops its last connections without closing them.
        self._open: WeakSet[ConnectionPoolEntry] = WeakSet()
        self._lock = threading.Lock()

    def opened(self, entry: ConnectionPoolEntry) -> None:
        """Remember the database that this connection opened, unless others are open: theirs must be the same."""
        with self._lock:
            if not self._open:
                self._seen.clear()
            self._open.add(entry)
            if (found := identity(self._own)) is not None:
                self._seen.setdefault(self._own, found)

    def closed(self, entry: ConnectionPoolEntry) -> None:
        """Forget a connection; with the last one, SQLite deletes the files beside the database."""
        with self._lock:
            self._open.discard(entry)

    def check(self) -> None:
        """Check before a transaction begins and before it commits.

        Raises:
            DatabaseUnavailableError: one of the files is no longer the one that is open.
        """
        for name in (self._own, *self._beside):
            found, seen = identity(name), self._seen.get(name)
            if found == seen:
                continue
            if seen is not None:
                raise DatabaseUnavailableError(
                    f"the file {name} was deleted, moved or replaced while it was in use, so nothing was recorded: stop"
                    " every program that uses this database, put the file back, and start them again"
                )
            if found is not None:
                self._seen.setdefault(name, found)
