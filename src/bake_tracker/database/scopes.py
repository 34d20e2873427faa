"""Scopes that own transactions; nothing else commits."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlalchemy.orm import Session

from bake_tracker.database.attempts import Attempt, attempting, is_locked, is_lost_race, is_retryable
from bake_tracker.database.refusals import refusal_of
from bake_tracker.database.shown_urls import name_of
from bake_tracker.database.transaction_outcomes import send_begin
from bake_tracker.domain.errors import OutcomeUnknownError
from bake_tracker.log.tell import emit, get_service_logger, make_event, report_logging_fault
from bake_tracker.log.values import error_text

Answer = TypeVar("Answer")

MAX_ATTEMPTS = 12
"""How many attempts may meet a lock or lose a race; those that find no server to write on are limited by time alone."""
RETRY_FOR_S = 30
"""After this long, the next attempt is the last."""
LONGEST_PAUSE_S = 1.0
ALONE_AFTER = 3
"""After so many lost races, a transaction that reads much would lose to newcomers until it gives up."""

_open_scopes: ContextVar[frozenset[str]] = ContextVar("bake_tracker_open_scopes", default=frozenset())


@contextmanager
def session_scope(engine: Engine) -> Iterator[Session]:
    """One transaction: committed on normal exit, rolled back on an exception, always closed.

    Raises:
        RuntimeError: a scope on the same database is already open here; pass its session instead.
    """
    resolved = name_of(engine)
    if resolved in _open_scopes.get():
        raise RuntimeError("a session_scope on this database is already open; pass its session instead of nesting")
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
def read_scope(connected: AbstractContextManager[Connection]) -> Iterator[Session]:
    """A read-only session: it takes no write lock and is rolled back at the end."""
    with connected as connection, Session(connection, expire_on_commit=False) as session:
        yield session


def run_in_transaction(work: Callable[[Session], Answer], engine: Callable[[], Engine]) -> Answer:
    """Call ``work(session)`` in its own transaction and commit before returning.

    The whole call is retried with the same operation ids: a limited number of times after a serialization failure, a
    deadlock or a lock timeout, and for a limited time while the server is away or only lets people read.

    Raises:
        DatabaseUnavailableError: every attempt failed for such a reason, or the disk is full; nothing was recorded.
        OutcomeUnknownError: it may or may not have been recorded.
    """
    attempt = Attempt()
    give_up_at = time.monotonic() + RETRY_FOR_S
    locked = 0
    for number in count(1):
        attempt.begin(number, is_last=locked + 1 >= MAX_ATTEMPTS or time.monotonic() >= give_up_at)
        try:
            with attempting(attempt), session_scope(engine()) as session:
                began_ns = time.perf_counter_ns()
                if attempt.lost_count >= ALONE_AFTER:
                    _wait_to_be_alone(session)
                elif attempt.waits_its_turn:
                    _wait_for_turn(session)
                attempt.waited_ns = time.perf_counter_ns() - began_ns
                return work(session)
        except Exception as error:
            if attempt.is_last or not is_retryable(error):
                if attempt.is_in_doubt and isinstance(error, DBAPIError | TimeoutError):
                    raise OutcomeUnknownError(attempt.doubt, remedy=attempt.doubt_remedy) from error
                if isinstance(error, DBAPIError | TimeoutError) and (refused := refusal_of(engine(), error)):
                    raise refused from error
                raise
            locked += is_locked(error)
            attempt.waits_its_turn = is_lost_race(error)
            attempt.lost_count += attempt.waits_its_turn
            if not attempt.is_told:
                _tell_retried(attempt, error)
        # Full jitter, so that two transactions that collided do not meet again.
        time.sleep(random.uniform(0, min(0.02 * 2 ** min(number, MAX_ATTEMPTS), LONGEST_PAUSE_S)))
    raise AssertionError("unreachable: the last attempt returns or raises")


def run_at_once(work: Callable[[Session], object], engine: Engine) -> bool:
    """Call ``work(session)`` in its own transaction, unless others are in the way; return whether it is done."""
    try:
        with session_scope(engine) as session:
            work(session)
    except (DBAPIError, TimeoutError) as error:
        if refusal_of(engine, error) is None:
            raise
        return False
    return True


def _wait_for_turn(session: Session) -> None:
    """Queue behind the other losers of a race; under SERIALIZABLE all but one would lose again.

    Table locks are granted in the order of requests and, unlike row locks, before the transaction takes its snapshot.
    This mode conflicts only with itself, so it blocks no reader and no writer.
    """
    send_begin(session.connection(), "LOCK TABLE bakery IN SHARE UPDATE EXCLUSIVE MODE")


def _wait_to_be_alone(session: Session) -> None:
    """Let no other operation begin, and wait for those under way; nothing is left to lose a race against.

    Every operation begins with a row in ``operation``, which this mode keeps others from adding. It blocks no reader.
    Nothing is held yet, so nobody who has begun can wait for this transaction.
    """
    send_begin(session.connection(), "LOCK TABLE operation IN SHARE ROW EXCLUSIVE MODE")


def _tell_retried(attempt: Attempt, error: Exception) -> None:
    """Log a failure that no operation has logged: before the first operation, between two, or at the COMMIT of a
    transaction without any.
    """
    try:
        logger = get_service_logger("database")
        event = make_event(logger, logging.WARNING, "run_in_transaction", "retried", {"error": error_text(error)})
        event.line["attempt"] = attempt.number
        if attempt.transaction_id is not None:
            event.line["transaction_id"] = attempt.transaction_id
            event.line["operation_ids"] = attempt.claimed_ids
        emit(event)
    except Exception as fault:
        report_logging_fault(fault)
