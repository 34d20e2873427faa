"""Repair the log: write success lines that were lost when a process died between COMMIT and line."""

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from bake_tracker.domain.log.outcomes import LOST
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.events import Event
from bake_tracker.log.file_locks import CAN_LOCK, alone
from bake_tracker.log.files import make_private_folder
from bake_tracker.log.scan import Progress
from bake_tracker.log.tell import get_service_logger
from bake_tracker.log.values import safe_fields, utc_text_ns
from bake_tracker.models import Operation
from bake_tracker.services.kinds import kinds
from bake_tracker.services.operation import Kind
from bake_tracker.services.reconcile.failovers import LostOperation
from bake_tracker.services.reconcile.verification import (
    NOTED,
    REPAIRED_AT,
    ROWS_AT_ONCE,
    LogVerification,
    NamedOperation,
    verify_log,
)

_WHEN = ("produced_at", "assembled_at", "happened_at", "counted_at")
"""Arguments with the time of the operation, logged if they were given."""
_WHEN_AS_TOLD = {"record_bake_and_pack": "made_at"}
"""Operations that log this time under a different name."""
_OPTIONAL = frozenset({"parent_operation_id", "actor"})


class LogRepair(LogVerification):
    """The verification after the repair; ``repaired`` lists the operations whose success line was written."""

    repaired: list[NamedOperation]


def repair_log(
    session: Session,
    path: Path,
    progress: Progress | None = None,
    *,
    is_whole: bool = False,
    with_wal: bool = False,
) -> LogRepair:
    """Write the missing success line of every committed operation, then verify again.

    Missing and unresolved operations are written, oldest first and marked ``repaired_at``. Another line then counts the
    unreadable lines, because everything the database knows about them is now in the log. Each success that was lost
    when another server took over gets a line that says so. Forged and doubled lines stay: a repair adds what the
    database knows and never removes a line.
    """
    with _alone(path):
        before = verify_log(session, path, progress, is_whole=is_whole, with_wal=with_wal)
        silent = sorted([*before["missing"], *before["unresolved"]], key=lambda operation: operation["at"])
        if not silent and not before["lost"] and before["unreadable_lines"] == before["unreadable_lines_noted"]:
            return {**before, "repaired": []}
        with _appending(path) as handler:
            for event in _events(session, before["database_id"], [operation["operation_id"] for operation in silent]):
                handler.take(event)
            for lost in before["lost"]:
                handler.take(_lost_event(lost, before["database_id"]))
            if before["unreadable_lines"]:
                handler.take(_noting_event(before["unreadable_lines"]))
        after = verify_log(session, path, progress, is_whole=is_whole, with_wal=with_wal)
    # A full disk raises no error, so only lines that can now be read count as written.
    left = {operation["operation_id"] for operation in (*after["missing"], *after["unresolved"])}
    return {**after, "repaired": [operation for operation in silent if operation["operation_id"] not in left]}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Lock out a second repair of a log in this directory, so that no line is written twice; operations do not wait."""
    make_private_folder(path.parent)
    directory = os.open(path.parent, os.O_RDONLY) if CAN_LOCK else None
    if directory is None:  # on Windows, for example, two repairs can run at once
        yield
        return
    try:
        with alone(directory, patient=True):
            yield
    finally:
        os.close(directory)


@contextmanager
def _appending(path: Path) -> Iterator[AppendHandler]:
    handler = AppendHandler(path)
    try:
        yield handler
    finally:
        handler.close()


def _events(session: Session, database_id: str, operation_ids: list[str]) -> Iterator[Event]:
    for start in range(0, len(operation_ids), ROWS_AT_ONCE):
        wanted = Operation.id.in_(operation_ids[start : start + ROWS_AT_ONCE])
        columns = select(*Operation.__table__.columns).where(wanted).order_by(Operation.recorded_at)
        for row in session.execute(columns):
            yield _success_event(row, database_id)


def _lost_event(lost: LostOperation, database_id: str) -> Event:
    kind = kinds().get(lost["operation"])
    logger = kind.logger if kind else get_service_logger("operations")
    event = Event(logger, logging.WARNING, lost["operation"], LOST)
    event.line |= {
        "operation_id": lost["operation_id"],
        "database_id": database_id,
        **{name: lost[name] for name in ("lsn", "timeline", "timeline_ended_at", "known_by")},
        REPAIRED_AT: event.line["timestamp"],
    }
    return event


def _noting_event(unreadable_lines: int) -> Event:
    event = Event(get_service_logger("log_repair"), logging.WARNING, *NOTED)
    event.line |= {"unreadable_lines": unreadable_lines, REPAIRED_AT: event.line["timestamp"]}
    return event


def _success_event(row: Row[Any], database_id: str) -> Event:
    """The line that the operation's own process would have written, as far as its row knows.

    Its time is when the id was claimed. It is written now, because nobody knows exactly when it was settled.
    """
    kind = kinds().get(row.name) or Kind(row.name, "operations", row.name)
    result, asked = json.loads(row.result), json.loads(row.arguments)
    when = {
        _WHEN_AS_TOLD.get(row.name, name): datetime.fromisoformat(asked[name]).isoformat()
        for name in _WHEN
        if asked.get(name)
    }
    # No bound fields: the person repairing is neither the operation's actor nor its request.
    known = {
        "operation_id": row.id,
        "attempt": row.attempt,
        "parent_operation_id": row.parent_id,
        "transaction_id": row.transaction_id,
        "database_id": database_id,
        "actor": row.actor,
        **safe_fields({name: result[name] for name in kind.told_fields if name in result} | when),
        REPAIRED_AT: utc_text_ns(time.time_ns()),
    }
    at_ns = round(row.recorded_at.timestamp() * 1_000_000) * 1_000
    event = Event(kind.logger, logging.INFO, row.name, "success", created_ns=at_ns)
    event.line |= {name: value for name, value in known.items() if value is not None or name not in _OPTIONAL}
    return event
