"""The drivers whose transactions can be followed, and how each of them shows the state of one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.engine.interfaces import Dialect

from bake_tracker.database.attempts import sqlstate
from bake_tracker.domain.errors import ValidationError

State = Literal["open", "idle", "aborted", "gone", "lost"]
"""``idle``: the driver will begin by itself, at the next statement; ``gone``: nothing will; ``lost``: nobody knows."""

_IN_FAILED_TRANSACTION = "25P02"
_PSYCOPG2_BEGUN = 2
"""psycopg2 believes that it has begun a transaction, and begins none before it has ended that one."""
_LIBPQ: tuple[State, ...] = ("idle", "lost", "open", "aborted", "lost")
"""libpq's PGTransactionStatusType by number: idle, active, in a transaction, in a failed one, unknown."""


def _sqlite3(raw: Any) -> State:
    return "open" if raw.in_transaction else "gone"


def _aiosqlite(raw: Any) -> State:
    try:
        return _sqlite3(raw.driver_connection)
    except ValueError:  # closed
        return "lost"


def _libpq(raw: Any) -> State:
    return _LIBPQ[int(raw.info.transaction_status)]


def _psycopg2(raw: Any) -> State:
    state = _libpq(raw)
    return "gone" if state == "idle" and raw.status == _PSYCOPG2_BEGUN else state


def _asyncpg(raw: Any) -> State:
    driver_connection = raw.driver_connection
    if driver_connection.is_closed():
        return "lost"
    if driver_connection.is_in_transaction():
        return "open"
    return "idle" if raw._transaction is None else "gone"


def _asyncpg_at_commit(raw: Any) -> State:
    # asyncpg does not show that a transaction has failed, and hides that its COMMIT was answered with ROLLBACK.
    if (state := _asyncpg(raw)) != "open":
        return state
    cursor = raw.cursor()
    try:
        cursor.execute("SELECT 1")
    except Exception as error:
        if sqlstate(error) == _IN_FAILED_TRANSACTION:
            return "aborted"
        raise
    finally:
        cursor.close()
    return "open"


@dataclass(frozen=True, slots=True)
class Driver:
    """How a driver shows the state of its transaction; ``state_at_commit`` may ask the server."""

    state: Callable[[Any], State]
    state_at_commit: Callable[[Any], State]


_DRIVERS = {
    ("sqlite", "pysqlite"): Driver(_sqlite3, _sqlite3),
    ("sqlite", "aiosqlite"): Driver(_aiosqlite, _aiosqlite),
    ("postgresql", "psycopg"): Driver(_libpq, _libpq),
    ("postgresql", "psycopg2"): Driver(_psycopg2, _psycopg2),
    ("postgresql", "asyncpg"): Driver(_asyncpg, _asyncpg_at_commit),
}


def driver_of(dialect: Dialect) -> Driver:
    """How to follow this dialect's transactions.

    Raises:
        ValidationError: nobody has tried the driver, so the log could not be trusted.
    """
    if (driver := _DRIVERS.get((dialect.name, dialect.driver))) is None:
        raise ValidationError.of(
            "session",
            "must use the driver sqlite3, psycopg, psycopg2, aiosqlite or asyncpg, not"
            f" {dialect.driver}: the log could not tell whether its transactions were committed",
        )
    return driver
