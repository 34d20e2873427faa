"""Failures of the database that are not the program's fault, as refusals that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, TimeoutError

from bake_tracker.database.attempts import (
    expect_to_pass,
    is_from_reading_server,
    is_locked,
    is_retryable,
    sqlite_error_name,
    sqlstate,
)
from bake_tracker.database.postgresql.connections import is_missing, refusal
from bake_tracker.database.postgresql.urls import names_several_hosts
from bake_tracker.database.shown_urls import name_of, without_secrets
from bake_tracker.domain.errors import DatabaseUnavailableError, DiskFullError

_DISK_FULL = "53100"
_UNUSABLE_STATES = frozenset({"42501", "42P01", "42703", "53200", "57014", "58030", "58P01", "XX001", "XX002"})
"""PostgreSQL: insufficient_privilege, undefined_table, undefined_column, out_of_memory, query_canceled, io_error,
undefined_file, data_corrupted, index_corrupted.
"""
_UNUSABLE_SQLITE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_NOMEM")
_OTHER_TABLES = ("no such table", "no such column")


@contextmanager
def refusing(engine: Engine) -> Iterator[None]:
    """Turn failures of the database that are not the program's fault into refusals.

    Raises:
        DatabaseUnavailableError: the database is locked, full or out of reach.
    """
    try:
        yield
    except (DBAPIError, TimeoutError) as error:
        if refused := refusal_of(engine, error):
            raise refused from error
        raise


def refusal_of(engine: Engine, error: BaseException) -> DatabaseUnavailableError | None:
    """The refusal for a failure of the database, or None if the failure is the program's own fault."""
    refused = _refusal_of(engine, error)
    operation_id = getattr(error, "bake_operation_id", None)
    if refused is not None and operation_id is not None:
        refused.bake_operation_id = operation_id  # type: ignore[attr-defined]  # its log line is written already
    return refused


def unavailable(engine: Engine, error: DBAPIError) -> DatabaseUnavailableError:
    """The refusal for a database that cannot be opened."""
    refused = DatabaseUnavailableError(
        f"the database {name_of(engine)} cannot be opened: {without_secrets(refusal(error), engine.url)}",
        remedy={"kind": "prepare_database"} if is_missing(error) else None,
    )
    if names_several_hosts(engine.url) and is_retryable(error):
        expect_to_pass(refused)  # one of the hosts may be about to take over
    return refused


def _refusal_of(engine: Engine, error: BaseException) -> DatabaseUnavailableError | None:
    if isinstance(error, TimeoutError):
        return DatabaseUnavailableError("the database is busy: every connection to it is in use; try again in a moment")
    if is_disk_full(error):
        where = engine.url.database if engine.name == "sqlite" else name_of(engine)
        return DiskFullError(f"the disk of the database {where} is full, so nothing was recorded; free some space")
    if sqlite_error_name(error).startswith("SQLITE_IOERR"):
        return DatabaseUnavailableError(
            f"the disk of the database {engine.url.database} cannot be read or written, so nothing was recorded; "
            "check the disk and its free space"
        )
    if is_locked(error):
        return DatabaseUnavailableError(
            "the database is busy: another transaction or program kept it locked for too long; try again in a moment"
        )
    if is_from_reading_server(error) and is_retryable(error):
        return DatabaseUnavailableError(
            f"the server of the database {name_of(engine)} only lets people read now, because it is a standby or set to"
            " read only; nothing was recorded, so try again when the primary is back"
        )
    if isinstance(error, DBAPIError) and is_retryable(error):
        return unavailable(engine, error)
    if isinstance(error, DBAPIError) and _is_unusable(error):
        why = without_secrets(refusal(error), engine.url)
        return DatabaseUnavailableError(
            f"the database {name_of(engine)} cannot be used, so nothing was recorded: {why}"
        )
    return None


def _is_unusable(error: DBAPIError) -> bool:
    """Whether the database is damaged, changed by others, or does not let us do our work."""
    if sqlstate(error) in _UNUSABLE_STATES or sqlite_error_name(error).startswith(_UNUSABLE_SQLITE):
        return True
    return sqlite_error_name(error) == "SQLITE_ERROR" and str(error.orig).startswith(_OTHER_TABLES)


def is_disk_full(error: BaseException | None) -> bool:
    """Whether the disk of the database is full; an error that follows from the first one counts too."""
    while error is not None:
        if sqlite_error_name(error) == "SQLITE_FULL" or sqlstate(error) == _DISK_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
