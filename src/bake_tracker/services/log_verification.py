"""What the log claims against what the database holds: every committed operation has one success line, and no other."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.models import Operation
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.log_files import read_log

LINE_IS_LATE_S = (0.05, 0.2, 0.5)
"""How long, in turn, to wait for the line of an operation that has just been committed."""


class NamedOperation(TypedDict):
    """An operation that log and database do not agree on."""

    operation_id: str
    operation: str
    at: str


class LogVerification(TypedDict):
    """What was compared from the first retained line on, and every disagreement.

    Operations that are older than the log are counted, and not held against it. ``missing``: committed with no success
    line. ``forged``: success with no committed operation. ``doubled``: more than one success line. ``unresolved``:
    committed, but the log only says ``unknown``.
    """

    log_file: str
    database_id: str
    operations_compared: int
    operations_before_the_log: int
    success_lines_compared: int
    unreadable_lines: int
    missing: list[NamedOperation]
    forged: list[NamedOperation]
    doubled: list[NamedOperation]
    unresolved: list[NamedOperation]
    clean: bool


@dataclass(slots=True)
class _Told:
    """What the retained log says of one database."""

    first_at: datetime | None = None
    unreadable: int = 0
    successes: Counter[str] = field(default_factory=Counter)
    lines: dict[str, NamedOperation] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    replayed: set[str] = field(default_factory=set)


def verify_log(session: Session, path: Path) -> LogVerification:
    """Compare the success lines of a log file with the operations that are really in the database.

    Others may be at work meanwhile, so the order counts: the rows are read after the lines, in a new transaction (the
    session's own is rolled back), and hold whatever was claimed by then. A success is written right after its COMMIT,
    so the log is read again before an operation is said to have no line.
    """
    database_id = load_bakery(session).database_id
    told = _read_told(path, database_id)
    session.rollback()
    committed = _committed(session)
    first_at, later = told.first_at, told
    compared = [
        key for key, (_, at) in committed.items() if first_at is None or at >= first_at or key in told.successes
    ]
    silent = [key for key in compared if key not in told.successes]
    for pause_s in LINE_IS_LATE_S:
        if not silent and not later.unreadable:
            break
        time.sleep(pause_s)
        later = _read_told(path, database_id)
        silent = [key for key in silent if key not in later.successes]
    unknown, replayed = told.unknown | later.unknown, told.replayed | later.replayed

    def known(key: str) -> NamedOperation:
        return _named(key, committed[key][0], committed[key][1].isoformat())

    result: LogVerification = {
        "log_file": str(path),
        "database_id": database_id,
        "operations_compared": len(compared),
        "operations_before_the_log": len(committed) - len(compared),
        "success_lines_compared": sum(told.successes.values()),
        "unreadable_lines": later.unreadable,
        "missing": [known(key) for key in silent if key not in unknown],
        "forged": [line for key, line in told.lines.items() if committed.get(key, ("",))[0] != line["operation"]],
        "doubled": [told.lines[key] for key, count in told.successes.items() if count > 1],
        "unresolved": [known(key) for key in silent if key in unknown and key not in replayed],
        "clean": False,
    }
    named = (result["missing"], result["forged"], result["doubled"], result["unresolved"])
    result["clean"] = not any(named) and not later.unreadable
    return result


def _read_told(path: Path, database_id: str) -> _Told:
    told = _Told()
    for line in read_log(path):
        if line is None:
            told.unreadable += 1
            continue
        # A commit-bound line is written when it is settled, long after it happened.
        told.first_at = told.first_at or _instant(line.get("settled_at", line["timestamp"]))
        if line.get("database_id") != database_id:
            continue
        operation_id = str(line.get("operation_id"))
        if line.get("outcome") == "success":
            told.successes[operation_id] += 1
            named = _named(operation_id, str(line.get("operation")), str(line["timestamp"]))
            told.lines.setdefault(operation_id, named)
        elif line.get("outcome") == "unknown":
            told.unknown.add(operation_id)
        elif line.get("outcome") == "replayed":
            told.replayed.add(operation_id)
    return told


def _committed(session: Session) -> dict[str, tuple[str, datetime]]:
    rows = session.execute(select(Operation.id, Operation.name, Operation.recorded_at).order_by(Operation.recorded_at))
    return {row.id: (row.name, row.recorded_at) for row in rows}


def _instant(text: Any) -> datetime | None:
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def _named(operation_id: str, operation: str, at: str) -> NamedOperation:
    return {"operation_id": operation_id, "operation": operation, "at": at}
