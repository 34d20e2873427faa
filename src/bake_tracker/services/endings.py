"""How an operation ended, told by its line after its transaction: committed, rolled back and why, or in doubt."""

import logging
from contextlib import suppress
from typing import cast

from bake_tracker.database.attempts import current_attempt, will_retry
from bake_tracker.database.pending_outcomes import Ending, Fate
from bake_tracker.database.statement_times import WORTH_TELLING_NS, in_ms
from bake_tracker.log.events import Event
from bake_tracker.log.redaction import without_secrets
from bake_tracker.log.spans import OperationSpan
from bake_tracker.log.tell import emit
from bake_tracker.log.values import error_text, safe_value


def note_doubt(ending: Ending) -> None:
    """Tell the transaction's owner that its COMMIT was interrupted, whether or not that is logged."""
    if ending.fate is Fate.UNKNOWN:
        current_attempt().is_in_doubt = True


def settle(happened: Event, span: OperationSpan | None, ending: Ending) -> None:
    """Log the outcome of an operation that had succeeded before the COMMIT."""
    is_committed = ending.fate is Fate.COMMITTED
    if not is_committed and ending.fate is Fate.PREPARED:
        emit(happened.copy_as("prepared"))
        return
    happened.line["settled_at"] = ending.settled_at
    if ending.commit_ns >= WORTH_TELLING_NS:
        happened.line["commit_ms"] = in_ms(ending.commit_ns)
    if ending.durability is not None:
        happened.line["durability"] = ending.durability
    if not is_committed:
        note_doubt(ending)
        outcome, failure = ending.fate.value, ending.failure
        if failure is not None:
            happened.line["error"] = error_text(failure)
            if ending.commit_ns:
                happened.line["failed_in"] = "commit"
            current_attempt().is_told = True
            if ending.fate is Fate.ROLLED_BACK and will_retry(failure):
                outcome = "retried"
        if outcome == "rolled_back":
            _add_reason(happened, ending)
        happened.turn_into(outcome, logging.WARNING)
    emit(happened)
    if span is not None:
        span.end(happened)


def _add_reason(happened: Event, ending: Ending) -> None:
    """Add why a transaction was rolled back: the exception that left it, or the caller's words."""
    line = happened.line
    if ending.after:
        line["after_operation_id"] = ending.after
    if ending.words is not None:
        line["rolled_back_because"] = without_secrets(str(safe_value(ending.words)))
    if ending.cause is not None:
        line["error"] = error_text(ending.cause)
        if causing := _told_by(ending.cause):
            line["cause_operation_id"] = causing
            return  # the line of that operation has the rest
    if exception := ending.exception:
        line["exception"] = exception


def cause_of(error: BaseException, operation_id: str) -> dict[str, str]:
    """The operation in which an error, or its cause, began, unless it is this one."""
    if (cause := _told_by(error)) is not None:
        return {"cause_operation_id": cause} if cause != operation_id else {}
    with suppress(Exception):
        error.bake_operation_id = operation_id  # type: ignore[attr-defined]  # travels with the error to the parent
    return {}


def _told_by(error: BaseException) -> str | None:
    """The operation whose own line tells this error, or what caused it."""
    origin: BaseException | None = error
    while origin is not None:
        cause = cast("str | None", getattr(origin, "bake_operation_id", None))
        if cause is not None:
            return cause
        origin = origin.__cause__
    return None
