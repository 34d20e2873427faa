"""SQLite: opening, beginning transactions, and turns between writers."""

import sqlite3
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from bake_tracker.database import read_only_sqlite
from bake_tracker.database.fair_lock import FairLock
from bake_tracker.database.transaction_outcomes import info_of
from bake_tracker.domain.errors import DatabaseUnavailableError

BUSY_TIMEOUT_S = 10
READ_ONLY = "bake_tracker_read_only"
"""Under this a driver's connection knows that it may only read."""
_HAS_TURN = "bake_tracker_has_turn"
_CANNOT_BE_WRITTEN = (
    "the database file can only be read, so nothing was recorded: its disk, its folder, the file itself or one of"
    " -wal and -shm beside it may not be written"
)


def make_sqlite_engine(url: URL, path: Path | None) -> Engine:
    """Make a durable engine with immediate transactions, whose writers in this process take turns."""
    if path:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
    # pysqlite's own BEGIN comes late and skips SAVEPOINT; isolation_level=None leaves it to us.
    options: dict[str, Any] = {"connect_args": {"isolation_level": None}}
    if path and read_only_sqlite.may_only_read(path):
        # Asked anew for each transaction: it may lie still now, and be open to somebody else a moment later.
        options = {"creator": lambda: read_only_sqlite.connect(path), "poolclass": NullPool}
    engine = create_engine(url, hide_parameters=True, **options)
    event.listen(engine, "connect", _set_pragmas)
    _take_turns(engine)
    return engine


def _set_pragmas(driver_connection: Any, _record: object) -> None:
    driver_connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
    if driver_connection.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        driver_connection.execute("PRAGMA journal_mode = WAL")
    # recursive_triggers: without it REPLACE deletes a ledger row past the trigger that guards it.
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
        driver_connection.execute(f"PRAGMA {pragma}")


def _take_turns(engine: Engine) -> None:
    """Let the writers of this process begin one after another, in order of arrival.

    SQLite's own waiting is asking again and again, and the lock goes to whoever happens to ask when it is free: of
    twelve threads some waited for seconds while others had it a hundred times.
    """
    turns, dialect = FairLock(), engine.dialect
    do_commit, do_rollback = dialect.do_commit, dialect.do_rollback

    def begin(driver_connection: PoolProxiedConnection) -> None:
        info = driver_connection.info
        if not info.get(READ_ONLY) and not info.get(_HAS_TURN):
            info[_HAS_TURN] = turns.acquire(BUSY_TIMEOUT_S)  # and without it SQLite decides, as among processes
        _begin_sqlite(driver_connection)

    def end_turn(info: dict[Any, Any]) -> None:
        if info.pop(_HAS_TURN, False):
            turns.release()

    def commit(driver_connection: PoolProxiedConnection) -> None:
        do_commit(driver_connection)
        end_turn(info_of(driver_connection))

    def rollback(driver_connection: PoolProxiedConnection) -> None:
        try:
            do_rollback(driver_connection)
        finally:
            end_turn(info_of(driver_connection))

    # Not by listeners of "begin" and "commit": once an engine has any, every statement takes a sixth longer.
    dialect.do_begin = begin  # type: ignore[method-assign, assignment]  # as above
    dialect.do_commit = commit  # type: ignore[method-assign, assignment]  # as above
    dialect.do_rollback = rollback  # type: ignore[method-assign, assignment]  # as above
    for name in ("checkin", "close", "invalidate"):  # whoever could not begin has nothing to end
        event.listen(engine, name, lambda _driver_connection, record, *_: end_turn(record.info))


def _begin_sqlite(driver_connection: PoolProxiedConnection) -> None:
    begin = cast(Any, driver_connection).execute
    # With a deferred BEGIN the second of two writers that have read gets "database is locked" at once.
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
