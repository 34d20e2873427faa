"""Which attempt at a transaction this is, and which failures are worth another."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from bake_tracker.services.clock import uuid7

# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
_RETRYABLE_STATES = frozenset({"40001", "40P01", "55P03"})
_RETRYABLE_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED")


@dataclass(slots=True)
class Attempt:
    """One try of a whole transaction; operation ids are the same in every try, so that a retry is a replay."""

    number: int = 1
    is_last: bool = True
    operation_ids: list[str] = field(default_factory=list)
    used: int = 0

    def next_operation_id(self) -> str:
        """The id for the next operation that brought none: the one it had in the attempt before, or a new one."""
        if self.used == len(self.operation_ids):
            self.operation_ids.append(uuid7())
        self.used += 1
        return self.operation_ids[self.used - 1]


_current: ContextVar[Attempt | None] = ContextVar("bake_tracker_attempt", default=None)


def current_attempt() -> Attempt:
    """The attempt under way; outside of ``run_in_transaction`` a first and last one."""
    return _current.get() or Attempt()


@contextmanager
def attempting(attempt: Attempt) -> Iterator[None]:
    """Make ``attempt`` the one that operations see."""
    reset = _current.set(attempt)
    try:
        yield
    finally:
        _current.reset(reset)


def will_retry(error: BaseException | None) -> bool:
    """Whether the owner of the transaction will try again after this error."""
    return not current_attempt().is_last and is_retryable(error)


def is_retryable(error: BaseException | None) -> bool:
    """Whether the database asks for another try: a serialization failure, deadlock, lock timeout or lost connection."""
    if error is None:
        return False
    driver_error = error
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        driver_error = error.orig or error
    if getattr(driver_error, "sqlstate", None) in _RETRYABLE_STATES:
        return True
    return str(getattr(driver_error, "sqlite_errorname", "")).startswith(_RETRYABLE_SQLITE)
