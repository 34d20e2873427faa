"""Attempts at a transaction, and the failures worth retrying."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError, OperationalError

from bake_tracker.clock import uuid7
from bake_tracker.domain.remedies import Remedy

_SERIALIZATION_FAILURE = "40001"
# PostgreSQL: deadlock_detected, lock_not_available.
_LOCKED_STATES = frozenset({_SERIALIZATION_FAILURE, "40P01", "55P03"})
# PostgreSQL: admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, too_many_connections; every
# connection_exception is matched by its class.
_RETRYABLE_STATES = _LOCKED_STATES | {"57P01", "57P02", "57P03", "57P05", "53300"}
_CONNECTION_CLASS = "08"
_READ_ONLY_TRANSACTION = "25006"
_NOT_SUPPORTED = "0A000"
_PASSES = "bake_tracker_passes"
_RETRYABLE_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED")


@dataclass(slots=True)
class Attempt:
    """One attempt at a whole transaction; it keeps the operation ids, so that a retry is a replay."""

    number: int = 1
    is_last: bool = True
    operation_ids: list[str] = field(default_factory=list)
    used: int = 0
    transaction_id: str | None = None
    """The transaction of its latest operation."""
    waited_ns: int = 0
    """How long it waited for its turn before its first operation."""
    claimed_ids: list[str] = field(default_factory=list)
    """The operations that it has begun."""
    is_told: bool = False
    """Whether an operation's log line already gives the reason this attempt failed."""
    waits_its_turn: bool = False
    """Whether the previous attempt lost a race, so that this one must wait its turn."""

    lost_count: int = 0
    """How many of the attempts have lost a race."""

    is_in_doubt: bool = False
    """Whether the connection broke during a COMMIT, so that it may have taken effect."""

    @property
    def doubt(self) -> str:
        """The message for a commit that was interrupted and could not be checked afterwards."""
        return (
            "the connection broke during the commit, and the database has not answered since:"
            " the operation may or may not be recorded"
        )

    @property
    def doubt_remedy(self) -> Remedy:
        """The remedy: look the operation up."""
        return {"kind": "explain_operation", "operation_id": self.operation_ids[0] if self.operation_ids else None}

    def begin(self, number: int, *, is_last: bool) -> None:
        """Start the next attempt, which uses the same operation ids in the same order."""
        self.number, self.is_last, self.used, self.is_told = number, is_last, 0, False
        self.transaction_id, self.claimed_ids, self.waited_ns = None, [], 0

    def next_operation_id(self) -> str:
        """The id for the next operation that has none: the same as in the previous attempt, or a new one."""
        if self.used == len(self.operation_ids):
            self.operation_ids.append(uuid7())
        self.used += 1
        return self.operation_ids[self.used - 1]


_current: ContextVar[Attempt | None] = ContextVar("bake_tracker_attempt", default=None)


def current_attempt() -> Attempt:
    """The current attempt; outside ``run_in_transaction``, one that is both first and last."""
    return _current.get() or Attempt()


def attempt_number() -> int:
    """The number of the current attempt, counted from 1."""
    attempt = _current.get()
    return 1 if attempt is None else attempt.number


def take_wait_ns() -> int:
    """How long the current attempt waited for its turn, told to the first operation that asks."""
    attempt = _current.get()
    if attempt is None:
        return 0
    waited_ns, attempt.waited_ns = attempt.waited_ns, 0
    return waited_ns


def note_operation(operation_id: str, transaction_id: str) -> None:
    """Note an operation that the current attempt has begun, so that the line of a retry can name it."""
    if (attempt := _current.get()) is not None:
        attempt.transaction_id = transaction_id
        attempt.claimed_ids.append(operation_id)


@contextmanager
def attempting(attempt: Attempt) -> Iterator[None]:
    """Make ``attempt`` the current one."""
    reset = _current.set(attempt)
    try:
        yield
    finally:
        _current.reset(reset)


def will_retry(error: BaseException | None) -> bool:
    """Whether the transaction's owner will retry after this error."""
    return not current_attempt().is_last and is_retryable(error)


def is_retryable(error: BaseException | None) -> bool:
    """Whether the error is worth a retry: serialization failure, deadlock, lock timeout, lost connection, or a server
    that was left because it lets nobody write.
    """
    if getattr(error, _PASSES, False):
        return True
    if isinstance(error, DBAPIError) and (error.connection_invalidated or is_unreachable(error)):
        return True
    state = sqlstate(error)
    if state in _RETRYABLE_STATES or state.startswith(_CONNECTION_CLASS):
        return True
    return sqlite_error_name(error).startswith(_RETRYABLE_SQLITE)


def expect_to_pass(refused: Exception) -> None:
    """Mark a refusal as worth a retry."""
    setattr(refused, _PASSES, True)


def is_locked(error: BaseException | None) -> bool:
    """Whether other transactions were in the way."""
    return sqlstate(error) in _LOCKED_STATES or sqlite_error_name(error).startswith(_RETRYABLE_SQLITE)


def is_lost_race(error: BaseException | None) -> bool:
    """Whether a concurrent transaction won (a serialization failure)."""
    return sqlstate(error) == _SERIALIZATION_FAILURE


def is_from_reading_server(error: BaseException | None) -> bool:
    """Whether a server lets nobody write: it is a standby, or set to read only."""
    state = sqlstate(error)
    # A standby refuses to begin a SERIALIZABLE transaction before anybody writes.
    return state == _READ_ONLY_TRANSACTION or (state == _NOT_SUPPORTED and "standby" in str(error))


def is_unreachable(error: BaseException | None) -> bool:
    """Whether the server is unreachable: errors from a server have a SQLSTATE, connection errors do not."""
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None


def sqlite_error_name(error: BaseException | None) -> str:
    """SQLite's name of an error, such as ``SQLITE_BUSY``; "" for other errors."""
    return str(getattr(_driver_error(error), "sqlite_errorname", ""))


def sqlstate(error: BaseException | None) -> str:
    """PostgreSQL's code of an error; "" for other errors."""
    return str(getattr(_driver_error(error), "sqlstate", None) or "")


def _driver_error(error: BaseException | None) -> BaseException | None:
    return (error.orig or error) if isinstance(error, DBAPIError) else error
