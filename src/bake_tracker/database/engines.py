"""Engines: resolve URLs, and make connections whose transactions do what they claim."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from bake_tracker.config import load_settings, sqlite_path
from bake_tracker.database import read_only_sqlite
from bake_tracker.database.postgresql import connect_arguments, is_missing, refusal
from bake_tracker.database.sqlite import READ_ONLY, make_sqlite_engine
from bake_tracker.database.transaction_outcomes import observe
from bake_tracker.domain.errors import DatabaseUnavailableError, ValidationError

_engines: dict[tuple[int, str], Engine] = {}
_making = threading.Lock()


def database_url(url: str | None = None) -> str:
    """The given URL, ``BAKE_TRACKER_DATABASE_URL`` or the user's own file; PostgreSQL always with psycopg 3.

    Raises:
        ValidationError: the URL is neither SQLite nor PostgreSQL.
    """
    return _resolved(url or load_settings().database_url, os.getcwd())  # noqa: PTH109  asked at every transaction, and a Path takes longer


@lru_cache(64)
def _resolved(url: str, _folder: str) -> str:
    """Resolve a URL relative to the working directory."""
    try:
        parsed: URL = make_url(url)
    except ArgumentError:
        parsed = URL.create("unreadable")
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    elif parsed.drivername == "sqlite":
        # One file, one name: a second way to write it would be a second engine, and nesting would not be seen.
        if parsed.database not in (None, "", ":memory:"):
            parsed = parsed.set(database=str(Path(parsed.database).absolute()))
    else:
        raise ValidationError.of("database", "must be sqlite:///FILE or postgresql://USER@HOST/NAME")
    return parsed.render_as_string(hide_password=False)


def engine_for(url: str | None, make_ready: Callable[[Engine], None]) -> Engine:
    """The process's engine for a database; ``make_ready`` checks a new one before its first use."""
    resolved = database_url(url)
    key = (os.getpid(), resolved)  # an engine must not cross a fork
    with _making:  # two threads that come first must not make two pools
        if key not in _engines:
            engine = make_engine(resolved)
            try:
                make_ready(engine)
            except BaseException:
                engine.dispose()
                raise
            _engines[key] = engine
        return _engines[key]


def dispose_engines() -> None:
    """Close every connection of this process."""
    for engine in _engines.values():
        engine.dispose()
    _engines.clear()


def make_engine(url: str) -> Engine:
    """Make an engine: immediate transactions on SQLite, durable, and observed until the COMMIT."""
    is_sqlite = url.startswith("sqlite")
    parsed = make_url(url)
    if is_sqlite:
        engine = make_sqlite_engine(parsed, sqlite_path(url))
    else:
        # Pre-ping: a server that was started again is asked before, and not by, the first question to it.
        engine = create_engine(
            parsed.difference_update_query(["options"]),
            connect_args=connect_arguments(load_settings(), parsed.query),
            hide_parameters=True,
            pool_pre_ping=True,
        )
    # SQLAlchemy compiles these anew each time, which takes as long as a whole statement of an operation.
    engine.dialect.do_savepoint = _savepoint  # type: ignore[method-assign]  # a dialect of this engine alone
    engine.dialect.do_release_savepoint = _release_savepoint  # type: ignore[method-assign]  # as above
    event.listen(engine, "checkin", _make_writable)
    observe(engine)
    return engine


def _savepoint(connection: Connection, name: str) -> None:
    connection.exec_driver_sql(f"SAVEPOINT {name}")


def _release_savepoint(connection: Connection, name: str) -> None:
    connection.exec_driver_sql(f"RELEASE SAVEPOINT {name}")


def _make_writable(driver_connection: Any, record: Any) -> None:
    # Back in the pool: the next to have this very connection may be a writer.
    if not record.info.pop(READ_ONLY, False) or driver_connection is None:
        return
    if isinstance(driver_connection, sqlite3.Connection):
        driver_connection.execute("PRAGMA query_only = OFF")
    else:
        driver_connection.read_only = driver_connection.isolation_level = None


def _begin_to_read(connection: Connection) -> None:
    """Runs at every BEGIN, since a reconnected connection has lost the setting."""
    connection.info[READ_ONLY] = True
    if connection.dialect.name == "postgresql":
        from psycopg import IsolationLevel  # the driver is loaded only where it is used

        driver_connection = cast(Any, connection.connection.dbapi_connection)
        # Not SERIALIZABLE, even where that is the default: a page that only reads should not have to be read again.
        driver_connection.read_only, driver_connection.isolation_level = True, IsolationLevel.REPEATABLE_READ


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read-only connection; each transaction reads from one snapshot."""
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise unavailable(engine, error) from error
    with connection:
        event.listen(connection, "begin", _begin_to_read)
        yield connection
        if engine.name == "sqlite" and read_only_sqlite.was_written_meanwhile(connection):
            raise DatabaseUnavailableError("the database file was written while it was read; try again")


def unavailable(engine: Engine, error: DBAPIError) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"the database {engine.url.render_as_string()} cannot be opened: {refusal(error)}",
        remedy={"kind": "prepare_database"} if is_missing(error) else None,
    )
