"""Engines: URLs, connections and transactions that keep their promises."""

import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from bake_tracker.config import load_settings, sqlite_path, sqlite_url
from bake_tracker.database import read_only_sqlite
from bake_tracker.database.kept_files import KeptFiles
from bake_tracker.database.postgresql.making import make_postgresql_engine
from bake_tracker.database.postgresql.urls import read_postgresql_url, standby_url, unknown_kind
from bake_tracker.database.refusals import refusal_of, refusing, unavailable
from bake_tracker.database.sqlite import READ_ONLY, make_sqlite_engine
from bake_tracker.database.statement_comments import comment_statements
from bake_tracker.database.transaction_outcomes import observe
from bake_tracker.database.watched_connections import WatchedConnection
from bake_tracker.domain.errors import DatabaseUnavailableError, ValidationError

PATIENCE_S = 10
"""How long a transaction waits for a connection, and then for a lock."""

_IN_MEMORY = ("sqlite://", "sqlite:///", "sqlite:///:memory:")
_OPTIONS = re.compile(
    r"\?(?:uri|mode|cache|immutable|timeout|isolation_level|detect_types|check_same_thread|cached_statements)=.*",
    re.DOTALL,
)
"""Options that a SQLAlchemy URL may end with."""

_engines: dict[tuple[int, str], Engine] = {}
_kept: dict[tuple[int, str], KeptFiles] = {}
"""The files of each SQLite database, which all of its engines must find."""
_making = threading.Lock()
MOST_WRITERS = 15
"""The connections of this process that may write; a server lets in as many requests that record something."""
MOST_READERS = 30
"""The connections of this process that only read; a server has as many threads, so that none waits for a connection.

With those that write and the one that waits for nothing, two workers take 92 of the 97 that PostgreSQL leaves to users.
"""
_POOL = {"pool_size": 5, "max_overflow": MOST_WRITERS - 5, "pool_timeout": PATIENCE_S}
_READERS_POOL = {"pool_size": 10, "max_overflow": MOST_READERS - 10, "pool_timeout": PATIENCE_S}
_POOL_OF_ONE = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05}
_NO_PATIENCE_S = 0.05
_apart = threading.Event()
"""Set while readers have connections of their own."""


def database_url(url: str | None = None) -> str:
    """The given URL, else ``BAKE_TRACKER_DATABASE_URL``, else the user's own file; PostgreSQL always uses psycopg 3.

    Raises:
        ValidationError: the URL is neither SQLite nor PostgreSQL, or its port is not a number.
    """
    return _resolved(url or load_settings().database_url, os.getcwd())  # noqa: PTH109  asked at every transaction, and a Path takes longer


@lru_cache(64)
def _resolved(url: str, _folder: str) -> str:
    """Resolve a URL relative to the working directory."""
    if url.startswith("sqlite:"):
        return _resolved_sqlite(url)
    return read_postgresql_url(url).render_as_string(hide_password=False)


def _resolved_sqlite(url: str) -> str:
    """One name per file: another spelling would get its own engine, and nested transactions would go unnoticed."""
    path = sqlite_path(url)
    if path is None:
        if url not in _IN_MEMORY:
            raise unknown_kind()
        return url
    if not path.exists():
        if options := _OPTIONS.search(str(path)):
            raise ValidationError.of("database", f"has options that SQLite does not take here; leave out {options[0]}")
        path = _decoded(path)
    return sqlite_url(path.absolute())


def _decoded(path: Path) -> Path:
    """The path without percent-encoding if only that leads to a file or folder.

    Earlier versions decoded ``%20``, and their bakeries are still found under the URL that created them.
    """
    try:
        plain = Path(unquote(str(path), errors="strict"))
        is_meant = plain != path and (plain.exists() or (plain.parent.is_dir() and not path.parent.is_dir()))
    except ValueError:  # not UTF-8, or a NUL character
        return path
    return plain if is_meant else path


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


def keep_readers_apart() -> None:
    """From now on, give readers connections of their own, so that they never wait for writers who wait for a lock."""
    _apart.set()


def reader_for(url: str | None, make_ready: Callable[[Engine], None]) -> Engine:
    """This process's engine for reading a database; it is the writers' own unless readers are kept apart."""
    writers = engine_for(url, make_ready)
    if not _apart.is_set() or not isinstance(writers.pool, QueuePool):  # in memory, the database is its connection
        return writers
    return _another("read", database_url(url), _READERS_POOL)


def standby_for(url: str | None) -> Engine | None:
    """This process's engine for the standby in ``BAKE_TRACKER_READ_URL``; None for a database without one.

    Raises:
        ValidationError: one of the two databases is not PostgreSQL.
    """
    settings = load_settings()
    if settings.read_url is None or (url is not None and database_url(url) != database_url()):
        return None
    near = database_url(settings.read_url)
    if near.startswith("sqlite") or database_url().startswith("sqlite"):
        raise ValidationError.of(
            "BAKE_TRACKER_READ_URL",
            "needs PostgreSQL, as a SQLite file has no standby; leave it out, or name PostgreSQL servers in both URLs",
        )
    return _another("standby", standby_url(near), _READERS_POOL)


def impatient_for(url: str | None, make_ready: Callable[[Engine], None]) -> Engine:
    """This process's engine for what can be left undone: it has one connection, which waits for no lock."""
    writers = engine_for(url, make_ready)
    if not isinstance(writers.pool, QueuePool):
        return writers
    return _another("at once", database_url(url), _POOL_OF_ONE, _NO_PATIENCE_S)


def _another(use: str, url: str, pool: Mapping[str, Any], patience_s: float = PATIENCE_S) -> Engine:
    """This process's engine for another use of a database that is ready."""
    key = (os.getpid(), f"{use} {url}")
    with _making:
        if key not in _engines:
            _engines[key] = _make_engine(url, pool, patience_s)
        return _engines[key]


def dispose_engines() -> None:
    """Close every connection of this process."""
    _apart.clear()
    for engine in _engines.values():
        engine.dispose()
    _engines.clear()
    _kept.clear()


def make_engine(url: str) -> Engine:
    """Create an engine with durable transactions, immediate on SQLite, observed until the COMMIT."""
    return _make_engine(url, _POOL, PATIENCE_S)


def _make_engine(url: str, pool: Mapping[str, Any], patience_s: float) -> Engine:
    if url.startswith("sqlite"):
        path = sqlite_path(url)
        # Not parsed by SQLAlchemy, which decodes percent signs and takes a question mark for the start of options.
        parsed = URL.create("sqlite", database=None if path is None else str(path))
        kept = _kept.setdefault((os.getpid(), url), KeptFiles(path)) if path else None
        engine = make_sqlite_engine(parsed, path, pool, patience_s, kept)
    else:
        engine = make_postgresql_engine(url, pool, patience_s)
    # SQLAlchemy compiles these again each time, which takes as long as one of an operation's statements.
    engine.dialect.do_savepoint = _savepoint  # type: ignore[method-assign]  # a dialect of this engine alone
    engine.dialect.do_release_savepoint = _release_savepoint  # type: ignore[method-assign]  # as above
    engine._connection_cls = WatchedConnection
    event.listen(engine, "checkin", _make_writable)
    if load_settings().sql_comments:
        comment_statements(engine)
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


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except DBAPIError as error:
        raise refusal_of(engine, error) or unavailable(engine, error) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read-only connection; each transaction reads from one snapshot."""
    with refusing(engine), _connected(engine) as connection:
        event.listen(connection, "begin", _begin_to_read)
        yield connection
        if engine.name == "sqlite" and read_only_sqlite.was_written_meanwhile(connection):
            raise DatabaseUnavailableError("the database file was written while it was read; try again")
