"""Open a bakery's database. Services never commit; these scopes do."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Connection, Engine, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Session

from bake_tracker.clock import now
from bake_tracker.config import load_settings
from bake_tracker.database import engines, schema, scopes
from bake_tracker.database.engines import MOST_READERS as MOST_READERS
from bake_tracker.database.engines import MOST_WRITERS as MOST_WRITERS
from bake_tracker.database.engines import database_url as database_url
from bake_tracker.database.engines import dispose_engines as dispose_engines
from bake_tracker.database.engines import keep_readers_apart as keep_readers_apart
from bake_tracker.database.engines import make_engine as make_engine
from bake_tracker.database.schema import RESTORE_UNDER_WAY as RESTORE_UNDER_WAY
from bake_tracker.database.servers import Server as Server
from bake_tracker.database.servers import look_at, with_lag
from bake_tracker.database.shown_urls import shown_url as shown_url
from bake_tracker.database.standbys import reading_near
from bake_tracker.database.statement_comments import comment_statements as comment_statements
from bake_tracker.database.transaction_outcomes import roll_back_because as roll_back_because
from bake_tracker.domain.errors import DatabaseUnavailableError as DatabaseUnavailableError
from bake_tracker.log.earlier_use import first_use
from bake_tracker.models import tables
from bake_tracker.queries.bakery import load_bakery, load_name

Answer = TypeVar("Answer")


def session_scope(url: str | None = None) -> AbstractContextManager[Session]:
    """One transaction: committed on normal exit, rolled back on an exception, always closed.

    A missing SQLite file is created and migrated.

    Raises:
        RuntimeError: a scope on the same database is already open here; pass its session instead.
        DatabaseUnavailableError: the database cannot be reached.
    """
    return scopes.session_scope(engine_for(url))


def read_scope(url: str | None = None, *, of_primary: bool = False) -> AbstractContextManager[Session]:
    """A read-only session: it takes no write lock and is rolled back at the end.

    With ``BAKE_TRACKER_READ_URL`` it reads from that standby, once it has all that was committed before; otherwise, and
    if it is behind or away, from the primary. ``of_primary`` is for comparing the primary with something else.
    """
    return scopes.read_scope(_connected_to_read(url, of_primary=of_primary))


def run_in_transaction(work: Callable[[Session], Answer], url: str | None = None) -> Answer:
    """Call ``work(session)`` in its own transaction and commit before returning.

    The whole call is retried with the same operation ids: a limited number of times after a serialization failure, a
    deadlock or a lock timeout, and for a limited time while the server is away or only lets people read.

    Raises:
        DatabaseUnavailableError: every attempt failed for such a reason, or the disk is full; nothing was recorded.
        OutcomeUnknownError: it may or may not have been recorded.
    """
    return scopes.run_in_transaction(work, lambda: engine_for(url))


def run_at_once(work: Callable[[Session], object], url: str | None = None) -> bool:
    """Call ``work(session)`` in its own transaction, unless others are in the way; return whether it is done.

    For work that can be done another time, and must not make anybody wait now.
    """
    return scopes.run_at_once(work, engines.impatient_for(url, _make_ready))


def look_at_servers(url: str | None = None) -> list[Server]:
    """The servers that we write to and read from for this database, as they are now."""
    resolved = database_url(url)
    standby = engines.standby_for(url)
    engine = make_engine(resolved)
    try:
        if standby is None:
            return [look_at(engine, "writing and reading")]
        primary = look_at(engine, "writing")
        return [primary, with_lag(primary, look_at(standby, "reading"))]
    finally:
        engine.dispose()


def engine_for(url: str | None = None) -> Engine:
    """This process's engine for a database, ready for use: a missing SQLite file is created and migrated."""
    return engines.engine_for(url, _make_ready)


def prepare(url: str | None = None) -> None:
    """Create the schema or upgrade it to this version, but only in an empty database or a bakery's own.

    Raises:
        DatabaseUnavailableError: the database cannot be opened, or belongs to another program.
    """
    schema.prepare(database_url(url), _add_bakery)


def migrate(engine: Engine) -> None:
    """Upgrade the schema to the newest version, and add the bakery to an empty database."""
    schema.migrate(engine, _add_bakery)


def name_in_any_version(url: str) -> str | None:
    """The bakery's name in a database of any version, or None if there is no bakery."""
    engine = make_engine(url)
    try:
        with engines.reading(engine) as connection:
            return load_name(connection)
    except DBAPIError:
        return None
    finally:
        engine.dispose()


def _connected_to_read(url: str | None, *, of_primary: bool) -> AbstractContextManager[Connection]:
    standby = None if of_primary else engines.standby_for(url)
    if standby is None:
        return engines.reading(engines.reader_for(url, _make_ready))
    return reading_near(standby, lambda: engines.reader_for(url, _make_ready), _database_id)


def _database_id(connection: Connection) -> str:
    return load_bakery(connection).database_id


def _make_ready(engine: Engine) -> None:
    schema.make_ready(engine, _add_bakery, check_is_new)


def check_is_new(file: Path) -> None:
    """Refuse to begin a new bakery where the log knows of one: its file was moved or deleted, or a disk is missing.

    Raises:
        DatabaseUnavailableError: the log tells of this database.
    """
    if (since := first_use(load_settings(), file)) is not None:
        raise DatabaseUnavailableError(
            f"the database {file} is missing or empty, but its log says that it was in use since {since}: put the file"
            " back or restore a backup",
            remedy={"kind": "begin_anew"},
        )


def _add_bakery(connection: Connection) -> None:
    if connection.execute(tables.bakery.select()).first() is not None:
        return
    settings = load_settings()
    bakery = {
        "id": 1,
        "database_id": str(uuid4()),
        "name": "Bakery",
        "currency": settings.currency,
        "time_zone": settings.time_zone,
        "created_at": now(),
    }
    connection.execute(insert(tables.bakery), bakery)
