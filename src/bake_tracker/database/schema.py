"""The schema: created in an empty database, upgraded on request, refused if it belongs to another program."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from bake_tracker.database.engines import make_engine, reading
from bake_tracker.database.refusals import refusal_of, refusing, unavailable
from bake_tracker.database.shown_urls import name_of
from bake_tracker.domain.errors import DatabaseUnavailableError, EmptyDatabaseError
from bake_tracker.migrations import is_current, upgrade

RESTORE_UNDER_WAY = "restore_under_way"
"""A marker table that exists while PostgreSQL's own tools restore the database, so that nobody uses it half filled."""

AddFirstRows = Callable[[Connection], None]
"""Adds the rows that every database needs, if they are missing."""


def prepare(url: str, add_first_rows: AddFirstRows) -> None:
    """Create or upgrade the schema of an empty database or a bakery's.

    Raises:
        DatabaseUnavailableError: the database cannot be opened, or belongs to another program.
    """
    engine = make_engine(url)
    try:
        tables, _ = _look_at(engine)
        _refuse_half_restored(engine, tables)
        if tables and "alembic_version" not in tables:
            raise DatabaseUnavailableError(f"the database {name_of(engine)} belongs to another program")
        try:
            migrate(engine, add_first_rows)
        except ProgrammingError as error:  # PostgreSQL: no right to create tables
            raise unavailable(engine, error) from error
    finally:
        engine.dispose()


def _look_at(engine: Engine) -> tuple[list[str], bool]:
    """The existing tables, and whether the schema is at the current revision."""
    try:
        with reading(engine) as connection:
            return inspect(connection).get_table_names(), is_current(connection)
    except DBAPIError as error:
        raise refusal_of(engine, error) or unavailable(engine, error) from error


def make_ready(engine: Engine, add_first_rows: AddFirstRows, check_is_new: Callable[[Path], None]) -> None:
    """Check that the database is a bakery's of this version; create a missing SQLite file that ``check_is_new`` allows.

    Raises:
        DatabaseUnavailableError: the database cannot be used as it is.
    """
    file = Path(engine.url.database) if engine.name == "sqlite" and engine.url.database else None
    if file and not _has_bytes(file):
        check_is_new(file)
    tables, current = _look_at(engine)
    name = name_of(engine)
    _refuse_half_restored(engine, tables)
    if current:
        return
    if tables:
        if "alembic_version" not in tables:
            raise DatabaseUnavailableError(f"the database {name} belongs to another program")
        raise DatabaseUnavailableError(
            f"the database {name} is of another version", remedy={"kind": "prepare_database"}
        )
    if engine.dialect.name != "sqlite":
        raise EmptyDatabaseError(f"the database {name} has no bakery yet", remedy={"kind": "prepare_database"})
    if file:
        check_is_new(file)
    migrate(engine, add_first_rows)


def _has_bytes(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError:  # opening it says what is wrong
        return True


def _refuse_half_restored(engine: Engine, tables: list[str]) -> None:
    if RESTORE_UNDER_WAY in tables:
        raise DatabaseUnavailableError(
            f"a restore into the database {name_of(engine)} is under way or was stopped; "
            "if it was stopped, run it again with the same file",
            remedy={"kind": "restore_again"},
        )


def migrate(engine: Engine, add_first_rows: AddFirstRows) -> None:
    """Upgrade the schema to the newest revision, and add the first rows to an empty database."""
    is_postgresql = engine.dialect.name == "postgresql"
    # The process that waited for the lock must see what the other one did, even if SERIALIZABLE is the default.
    if is_postgresql:
        engine = engine.execution_options(isolation_level="READ COMMITTED")
    with refusing(engine), engine.begin() as connection:
        if is_postgresql:
            connection.execute(text("SELECT pg_advisory_xact_lock(7213041)"))  # the first two users at once
        upgrade(connection)
        add_first_rows(connection)
