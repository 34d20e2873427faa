"""Engines, and the scopes that own transactions: services never commit, these do."""

import logging
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import uuid4

from psycopg import IsolationLevel
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, ProgrammingError
from sqlalchemy.orm import Session as Session

from bake_tracker.clock import now
from bake_tracker.config import load_settings, sqlite_path
from bake_tracker.database import read_only_sqlite
from bake_tracker.database.attempts import Attempt, attempting, is_lost_race, is_retryable, is_unreachable
from bake_tracker.database.postgresql import connect_arguments, refusal
from bake_tracker.database.sqlite import READ_ONLY, make_sqlite_engine
from bake_tracker.database.transaction_outcomes import observe, send_begin
from bake_tracker.domain.errors import DatabaseUnavailableError as DatabaseUnavailableError
from bake_tracker.domain.errors import OutcomeUnknownError, ValidationError
from bake_tracker.log.tell import emit, get_service_logger, make_event, report_logging_fault
from bake_tracker.log.values import error_text
from bake_tracker.migrations import is_current, upgrade
from bake_tracker.models import Bakery
from bake_tracker.queries.bakery import load_name

Answer = TypeVar("Answer")

MAX_ATTEMPTS = 12
RETRY_FOR_S = 30
"""After this long no attempt is begun that is not the last."""
LONGEST_PAUSE_S = 1.0

RESTORE_UNDER_WAY = "restore_under_way"
"""A table beside the bakery's while PostgreSQL's own tools fill them; nobody works there until all is done."""

_engines: dict[tuple[int, str], Engine] = {}
_making = threading.Lock()
_open_scopes: ContextVar[frozenset[str]] = ContextVar("bake_tracker_open_scopes", default=frozenset())


def database_url(url: str | None = None) -> str:
    """The given URL, or ``BAKE_TRACKER_DATABASE_URL``, or the user's own file; PostgreSQL always through psycopg 3.

    Raises:
        ValidationError: the URL is neither SQLite nor PostgreSQL.
    """
    return _resolved(url or load_settings().database_url, os.getcwd())  # noqa: PTH109  asked at every transaction, and a Path takes longer


@lru_cache(64)
def _resolved(url: str, _folder: str) -> str:
    """What a URL says in the folder that relative files are taken from."""
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


def engine_for(url: str | None = None) -> Engine:
    """The process's engine for a database, observed and ready: a missing SQLite file is created and migrated."""
    resolved = database_url(url)
    key = (os.getpid(), resolved)  # an engine must not cross a fork
    with _making:  # two threads that come first must not make two pools
        if key not in _engines:
            engine = make_engine(resolved)
            try:
                _make_ready(engine)
            except BaseException:
                engine.dispose()
                raise
            _engines[key] = engine
        return _engines[key]


def prepare(url: str | None = None) -> None:
    """Create the schema or bring it to this version; only for an empty database or one that is a bakery's already.

    Raises:
        DatabaseUnavailableError: the database cannot be opened, or belongs to another program.
    """
    engine = make_engine(database_url(url))
    try:
        tables, _ = _look_at(engine)
        _refuse_half_restored(engine, tables)
        if tables and "alembic_version" not in tables:
            raise DatabaseUnavailableError(f"the database {engine.url.render_as_string()} belongs to another program")
        try:
            migrate(engine)
        except ProgrammingError as error:  # of PostgreSQL: no right to create tables
            raise _unavailable(engine, error) from error
    finally:
        engine.dispose()


def make_engine(url: str) -> Engine:
    """An engine whose transactions are what they claim: immediate on SQLite, durable, and observed to the COMMIT."""
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
    """Said at every BEGIN, since a connection that was lost is replaced by one that knows nothing of it."""
    connection.info[READ_ONLY] = True
    if connection.dialect.name == "postgresql":
        driver_connection = cast(Any, connection.connection.dbapi_connection)
        # Not SERIALIZABLE, even where that is the default: a page that only reads should not have to be read again.
        driver_connection.read_only, driver_connection.isolation_level = True, IsolationLevel.REPEATABLE_READ


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    """A connection whose transactions cannot write, and on which all of one transaction is of one moment."""
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise _unavailable(engine, error) from error
    with connection:
        event.listen(connection, "begin", _begin_to_read)
        yield connection
        if engine.name == "sqlite" and read_only_sqlite.was_written_meanwhile(connection):
            raise DatabaseUnavailableError("the database file was written while it was read; try again")


def _unavailable(engine: Engine, error: DBAPIError) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(f"the database {engine.url.render_as_string()} cannot be opened: {refusal(error)}")


def _look_at(engine: Engine) -> tuple[list[str], bool]:
    """The tables that are there, and whether the schema is of this version."""
    try:
        with _reading(engine) as connection:
            return inspect(connection).get_table_names(), is_current(connection)
    except DBAPIError as error:
        raise _unavailable(engine, error) from error


def name_in_any_version(url: str) -> str | None:
    """The name of the bakery in a database of this or another version; None for what is no bakery."""
    engine = make_engine(url)
    try:
        with _reading(engine) as connection:
            return load_name(connection)
    except DBAPIError:
        return None
    finally:
        engine.dispose()


def _make_ready(engine: Engine) -> None:
    tables, current = _look_at(engine)
    name = engine.url.render_as_string()
    _refuse_half_restored(engine, tables)
    if current:
        return
    if tables:
        what = "is of another version; run: bake init" if "alembic_version" in tables else "belongs to another program"
        raise DatabaseUnavailableError(f"the database {name} {what}")
    if engine.dialect.name != "sqlite":
        raise DatabaseUnavailableError(f"the database {name} has no bakery yet; run: bake init")
    migrate(engine)


def _refuse_half_restored(engine: Engine, tables: list[str]) -> None:
    if RESTORE_UNDER_WAY in tables:
        raise DatabaseUnavailableError(
            f"a restore into the database {engine.url.render_as_string()} is under way or was stopped; "
            "if it was stopped, run it again with the same file: bake restore FILE"
        )


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version, and give an empty database its bakery."""
    is_postgresql = engine.dialect.name == "postgresql"
    # Whoever waited for the lock must see what was done meanwhile, also where SERIALIZABLE is the default.
    if is_postgresql:
        engine = engine.execution_options(isolation_level="READ COMMITTED")
    with engine.begin() as connection:
        if is_postgresql:
            connection.execute(text("SELECT pg_advisory_xact_lock(7213041)"))  # two first users at once
        upgrade(connection)
        bakery = Bakery.__table__
        if connection.execute(bakery.select()).first() is None:
            settings = load_settings()
            connection.execute(
                bakery.insert(),  # type: ignore[attr-defined]  # a mapped table is a Table, typed as FromClause
                {
                    "id": 1,
                    "database_id": str(uuid4()),
                    "name": "Bakery",
                    "currency": settings.currency,
                    "time_zone": settings.time_zone,
                    "created_at": now(),
                },
            )


@contextmanager
def session_scope(url: str | None = None) -> Iterator[Session]:
    """One transaction: committed on normal exit, rolled back on an exception, always closed.

    A missing SQLite file is created and migrated.

    Raises:
        RuntimeError: a scope on the same database is already open here; pass its session on instead.
        DatabaseUnavailableError: the database cannot be reached.
    """
    engine = engine_for(url)
    resolved = engine.url.render_as_string(hide_password=False)
    if resolved in _open_scopes.get():
        raise RuntimeError("a session_scope on this database is already open; pass its session on instead of nesting")
    reset = _open_scopes.set(_open_scopes.get() | {resolved})
    try:
        with Session(engine, expire_on_commit=False) as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
    finally:
        _open_scopes.reset(reset)


@contextmanager
def read_scope(url: str | None = None) -> Iterator[Session]:
    """A session that can only read: it takes no write lock and is rolled back at the end."""
    with _reading(engine_for(url)) as connection, Session(connection, expire_on_commit=False) as session:
        yield session


def run_in_transaction(work: Callable[[Session], Answer], url: str | None = None) -> Answer:
    """Call ``work(session)`` in a transaction of its own and commit before returning.

    The whole call is tried again, a bounded number of times and with the same operation ids, where the database asks
    for it: a serialization failure, a deadlock, a lock timeout, a lost connection.
    """
    attempt = Attempt()
    give_up_at = time.monotonic() + RETRY_FOR_S
    for number in range(1, MAX_ATTEMPTS + 1):
        attempt.begin(number, is_last=number == MAX_ATTEMPTS or time.monotonic() >= give_up_at)
        try:
            with attempting(attempt), session_scope(url) as session:
                if attempt.waits_its_turn:
                    _wait_for_turn(session)
                return work(session)
        except Exception as error:
            if attempt.is_last or not is_retryable(error):
                if attempt.is_in_doubt and isinstance(error, DBAPIError):
                    raise OutcomeUnknownError(attempt.doubt) from error
                if isinstance(error, DBAPIError) and is_unreachable(error):
                    raise _unavailable(engine_for(url), error) from error
                raise
            attempt.waits_its_turn = is_lost_race(error)
            if not attempt.is_told:
                _tell_retried(attempt, error)
        # Full jitter: two that collided should not meet again.
        time.sleep(random.uniform(0, min(0.02 * 2**number, LONGEST_PAUSE_S)))
    raise AssertionError("unreachable: the last attempt returns or raises")


def _wait_for_turn(session: Session) -> None:
    """Queue behind the others that have lost a race; in SERIALIZABLE it is lost again by all but one otherwise.

    A lock of the table is granted in the order it was asked for and, unlike one of a row, before the transaction's
    picture of the database is taken. This mode is in the way of no reader and no writer, only of itself.
    """
    send_begin(session.connection(), "LOCK TABLE bakery IN SHARE UPDATE EXCLUSIVE MODE")


def _tell_retried(attempt: Attempt, error: Exception) -> None:
    """Tell a failure that no operation has told: before the first one, between two, or at a COMMIT of none."""
    try:
        logger = get_service_logger("database")
        event = make_event(logger, logging.WARNING, "run_in_transaction", "retried", {"error": error_text(error)})
        event.line["attempt"] = attempt.number
        emit(event)
    except Exception as fault:
        report_logging_fault(fault)


def dispose_engines() -> None:
    """Close every connection of this process."""
    for engine in _engines.values():
        engine.dispose()
    _engines.clear()
