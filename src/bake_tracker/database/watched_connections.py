"""What is known of a connection and its open transaction: its state, whether statements may have gone past SQLAlchemy,
and which rows of the pending outcomes are there.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.pool import PoolProxiedConnection

from bake_tracker.database.drivers import Driver, State
from bake_tracker.database.pending_outcomes import Fate, OpenTransaction

Info = dict[Any, Any]
"""What is noted about a pooled connection."""
KEY = "bake_tracker.transaction"
HANDED_OUT = "bake_tracker.handed_out"
INHERITED = "this process was forked inside the transaction, which only its parent can use and end"
DOOMED = "a failed operation could not be undone, so its transaction can only be rolled back"


class TransactionGoneError(PendingRollbackError):
    """The database has already ended the transaction that is about to be committed."""


class WatchedConnection(Connection):
    """A connection that notices when somebody asks for the driver's, and so may go past SQLAlchemy."""

    @property
    def connection(self) -> PoolProxiedConnection:
        """The driver's connection, counted: SQLAlchemy itself asks once for each BEGIN, COMMIT and ROLLBACK."""
        pooled = super().connection
        pooled.info[HANDED_OUT] = pooled.info.get(HANDED_OUT, 0) + 1
        return pooled

    @property
    def info(self) -> Any:
        return super().connection.info


pooled_of: Callable[[Connection], PoolProxiedConnection] = cast(Any, Connection.connection).fget
"""The driver's connection, for our own use, which does not count."""


def info_of(pooled: PoolProxiedConnection) -> dict[Any, Any]:
    """The info dictionary of a pooled connection; empty if it is not in the pool yet."""
    try:
        return pooled.info
    except NotImplementedError:
        return {}  # the engine's first connection, before any transaction


def state_of(dialect: Dialect, pooled: PoolProxiedConnection) -> State:
    driver: Driver = dialect.__dict__[KEY]
    return driver.state(pooled.dbapi_connection)


def is_intercepted(dialect: Dialect) -> bool:
    """Whether a listener can execute a statement in our stead."""
    listeners: Any = dialect.dispatch
    return bool(listeners.do_execute or listeners.do_executemany or listeners.do_execute_no_params)


def is_suspect(dialect: Dialect, transaction: OpenTransaction, info: dict[Any, Any]) -> bool:
    """Whether statements may have gone past SQLAlchemy, so that only the rows say what is pending."""
    may_be = transaction.is_suspect or info.get(HANDED_OUT) or is_intercepted(dialect)
    return bool(may_be and transaction.question and transaction.is_awaited)


def rows_of(driver_connection: Any, transaction: OpenTransaction) -> set[str]:
    """The rows of the pending outcomes that are still there."""
    if not (wanted := transaction.row_ids()):
        return set()
    cursor = driver_connection.cursor()
    try:
        cursor.execute(transaction.question.format(", ".join(f"'{row_id}'" for row_id in wanted)))
        rows = cursor.fetchall()
        if rows and len(rows[0]) > 1:
            transaction.settings = rows[0][1]
        return {str(row[0]) for row in rows}
    finally:
        cursor.close()


def fate_by_rows(transaction: OpenTransaction, driver_connection: Any) -> Fate:
    """The fate of a transaction that is over: outcomes whose row is there were committed, the others are settled."""
    with suppress(Exception):
        transaction.keep(rows_of(driver_connection, transaction))
        driver_connection.rollback()  # asking may have begun another transaction
        return Fate.COMMITTED
    return Fate.UNKNOWN


def is_lost(dialect: Dialect, pooled: PoolProxiedConnection, error: BaseException) -> bool:
    if not isinstance(error, Exception):
        return True  # interrupted: nobody knows whether COMMIT took effect
    raw = cast(Any, pooled.dbapi_connection)
    return isinstance(error, dialect.loaded_dbapi.Error) and dialect.is_disconnect(error, raw, None)


def check_open(transaction: OpenTransaction, state: State) -> None:
    """Raise if the database has already ended the transaction.

    COMMIT would silently do nothing; on SQLite, a SAVEPOINT would begin a transaction that its RELEASE commits.
    """
    if transaction.is_inherited:
        raise PendingRollbackError(INHERITED)
    if transaction.is_doomed:
        raise PendingRollbackError(DOOMED)
    if state == "aborted":  # PostgreSQL answers COMMIT with ROLLBACK and reports no error
        raise PendingRollbackError("an earlier statement failed, so this transaction can only be rolled back")
    if state == "gone" or (state == "idle" and transaction.is_awaited):
        raise TransactionGoneError("the database has already ended this transaction; roll back and start again")


def check_may_commit(dialect: Dialect, transaction: OpenTransaction, pooled: PoolProxiedConnection) -> None:
    """Raise if a COMMIT would not keep what is pending; settle what was already undone unseen."""
    driver: Driver = dialect.__dict__[KEY]
    check_open(transaction, driver.state_at_commit(pooled.dbapi_connection))
    if is_suspect(dialect, transaction, pooled.info):
        transaction.keep(rows_of(pooled, transaction))
