"""Engines: URLs, connections and transactions that keep their promises."""

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
    """The given URL, else ``BAKE_TRACKER_DATABASE_URL``, else the user's own file; PostgreSQL always uses psycopg 3.

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
        # One name per file: another spelling would get its own engine, and nested transactions would go unnoticed.
        if parsed.database not in (None, "", ":memory:"):
            parsed = parsed.set(database=str(Path(parsed.database).absolute()))
    else:
        raise ValidationError.of("database", "must be sqlite:///FILE or postgresql://USER@HOST/NAME")
    return parsed.render_as_string(hide_password=False)


def engine_for(url: str | None, make_ready: Callable[[Engine], None]) -> Engine:
    """This process's engine for a database; ``make_ready`` checks a new engine before its first use."""
    resolved = database_url(url)
    key = (os.getpid(), resolved)  # an engine must not cross a fork
    with _making:  # two threads at once must not create two pools
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
    """Create an engine with durable transactions, immediate on SQLite, observed until the COMMIT."""
    is_sqlite = url.startswith("sqlite")
    parsed = make_url(url)
    if is_sqlite:
        engine = make_sqlite_engine(parsed, sqlite_path(url))
    else:
        # Pre-ping so that a restarted server fails the ping, not the first query.
        engine = create_engine(
            parsed.difference_update_query(["options"]),
            connect_args=connect_arguments(load_settings(), parsed.query),
            hide_parameters=True,
            pool_pre_ping=True,
        )
    # SQLAlchemy compiles these again each time, which takes as long as one of an operation's statements.
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
    # The next user of this pooled connection may be a writer.
    if not record.info.pop(READ_ONLY, False) or driver_connection is None:
        return
    if isinstance(driver_connection, sqlite3.Connection):
        driver_connection.execute("PRAGMA query_only = OFF")
    else:
        driver_connection.read_only = driver_connection.isolation_level = None


def _begin_to_read(connection: Connection) -> None:
    """Make the transaction read-only, at every BEGIN because a reconnect loses the setting."""
    connection.info[READ_ONLY] = True
    if connection.dialect.name == "postgresql":
        from psycopg import IsolationLevel  # loads the driver only where it is used

        driver_connection = cast(Any, connection.connection.dbapi_connection)
        # Not SERIALIZABLE, even if that is the default: a read-only page should never need a retry.
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
