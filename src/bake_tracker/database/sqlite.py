"""SQLite connections, transactions, and turns between writers."""

import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from bake_tracker.database import read_only_sqlite
from bake_tracker.database.fair_lock import FairLock
from bake_tracker.database.kept_files import KeptFiles
from bake_tracker.database.statement_times import current_times
from bake_tracker.database.watched_connections import info_of
from bake_tracker.domain.errors import DatabaseUnavailableError
from bake_tracker.domain.searching import search_key
from bake_tracker.log.files import PRIVATE, make_private_folder

READ_ONLY = "bake_tracker_read_only"
"""The key in a connection's info that marks it as read-only."""
_CANNOT_BE_WRITTEN = (
    "the database file is read-only, so nothing was recorded: make its disk, its folder, the file itself and the"
    " -wal and -shm files beside it writable"
)


def make_sqlite_engine(
    url: URL, path: Path | None, pool: Mapping[str, Any], patience_s: float, kept: KeptFiles | None
) -> Engine:
    """Create a durable engine with immediate transactions, whose writers in this process take turns.

    ``kept`` are the files that it must keep finding at its path; None for a database in memory.
    """
    if path:
        make_private_folder(path.absolute().parent)
    # pysqlite's own BEGIN comes late and skips SAVEPOINT; isolation_level=None leaves both to us.
    options: dict[str, Any] = {"connect_args": {"isolation_level": None}, **(pool if path else {})}
    if path and read_only_sqlite.may_only_read(path):
        # Checked for each transaction: another process may open the file at any moment.
        options = {"creator": lambda: read_only_sqlite.connect(path), "poolclass": NullPool}
        kept = None  # each transaction opens the file that is there
    engine = create_engine(url, hide_parameters=True, **options)
    if path:
        event.listen(engine, "do_connect", lambda *_: _make_private(path))
    event.listen(engine, "connect", partial(_set_pragmas, patience_s))
    if kept:
        event.listen(engine, "connect", lambda _connection, entry: kept.opened(entry))
        event.listen(engine, "close", lambda _connection, entry: kept.closed(entry))
    _take_turns(engine, patience_s, kept.check if kept else lambda: None)
    return engine


def _make_private(path: Path) -> None:
    """Create a missing file for this user alone; SQLite gives the files beside it the same mode."""
    with suppress(OSError):  # it exists, or SQLite's own error says why it cannot be created
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))


def _set_pragmas(patience_s: float, driver_connection: Any, _record: object) -> None:
    driver_connection.execute(f"PRAGMA busy_timeout = {round(patience_s * 1000)}")
    if driver_connection.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        driver_connection.execute("PRAGMA journal_mode = WAL")
    # recursive_triggers: without it, REPLACE deletes a ledger row without firing its guard.
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
        driver_connection.execute(f"PRAGMA {pragma}")
    driver_connection.create_function("bake_search_key", 1, _search_key, deterministic=True)


def _search_key(value: object) -> str | None:
    return None if value is None else search_key(str(value))


def _take_turns(engine: Engine, patience_s: float, check_files: Callable[[], None]) -> None:
    """Let this process's writers begin one after another, in the order they asked, and only on the files they opened.

    SQLite waits by polling, and gives the lock to the first to ask while it is free: of twelve threads, some waited for
    seconds while others had the lock a hundred times.
    """
    turns, dialect = FairLock(), engine.dialect
    do_commit, do_rollback = dialect.do_commit, dialect.do_rollback

    def begin(driver_connection: PoolProxiedConnection) -> None:
        check_files()
        info = driver_connection.info
        times = None if info.get(READ_ONLY) else current_times()
        began_ns = time.perf_counter_ns()
        try:
            if not info.get(READ_ONLY):
                turns.acquire(info, patience_s)  # if in vain, SQLite decides, as between processes
            _begin_sqlite(driver_connection)
        finally:
            if times is not None:
                times.lock_wait += time.perf_counter_ns() - began_ns

    def commit(driver_connection: PoolProxiedConnection) -> None:
        check_files()
        do_commit(driver_connection)
        turns.release(info_of(driver_connection))

    def rollback(driver_connection: PoolProxiedConnection) -> None:
        try:
            do_rollback(driver_connection)
        finally:
            turns.release(info_of(driver_connection))

    # Wrapped instead of "begin" and "commit" listeners: with any of those, every statement takes a sixth longer.
    dialect.do_begin = begin  # type: ignore[method-assign, assignment]  # as above
    dialect.do_commit = commit  # type: ignore[method-assign, assignment]  # as above
    dialect.do_rollback = rollback  # type: ignore[method-assign, assignment]  # as above
    for name in ("checkin", "close", "invalidate"):  # a transaction that never began has no turn to end
        event.listen(engine, name, lambda _driver_connection, record, *_: turns.release(record.info))


def _begin_sqlite(driver_connection: PoolProxiedConnection) -> None:
    begin = cast(Any, driver_connection).execute
    # With a deferred BEGIN, the second of two writers that have both read gets "database is locked" at once.
    if not driver_connection.info.get(READ_ONLY):
        if isinstance(driver_connection.dbapi_connection, read_only_sqlite.Reader):
            raise DatabaseUnavailableError(_CANNOT_BE_WRITTEN)
        try:
            begin("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith("SQLITE_READONLY"):
                raise DatabaseUnavailableError(_CANNOT_BE_WRITTEN) from error
            raise
        return
    begin("BEGIN")
    begin("PRAGMA query_only = ON")
