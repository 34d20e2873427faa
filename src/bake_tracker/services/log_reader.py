"""Read the log back: the lines of a file, and what they claim against what the database holds."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.log_tree import TransactionNode, build_trees, walk
from bake_tracker.models import Operation
from bake_tracker.queries.bakery import load_bakery


class NamedOperation(TypedDict):
    """An operation that log and database do not agree on."""

    operation_id: str
    operation: str
    at: str


class LogVerification(TypedDict):
    """What was compared from the first retained line on, and every disagreement.

    ``missing``: committed with no success line. ``forged``: success with no committed operation. ``doubled``: more than
    one success line. ``unresolved``: committed, but the log only says ``unknown``.
    """

    log_file: str
    database_id: str
    operations_compared: int
    success_lines_compared: int
    unreadable_lines: int
    missing: list[NamedOperation]
    forged: list[NamedOperation]
    doubled: list[NamedOperation]
    unresolved: list[NamedOperation]
    clean: bool


def read_log(path: Path) -> Iterator[dict[str, Any] | None]:
    """Every line of a log file as a dict, in file order; None for one that is not a JSON object."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                line = None
            yield line if isinstance(line, dict) and "timestamp" in line else None


def read_trees(path: Path, wanted: str | None = None, last: int = 20) -> list[TransactionNode]:
    """The transactions a log tells of: the latest ``last``, or those whose transaction or operation id begins so."""
    lines = (line for line in read_log(path) if line is not None)
    trees = build_trees(lines)
    if wanted is None:
        return trees[-last:]
    begins = wanted.lower()
    return [tree for tree in trees if any(_is_called(node.line, begins) for node in walk(tree.operations))]


def _is_called(line: Any, begins: str) -> bool:
    return any(
        str(line.get(name) or "").startswith(begins) for name in ("transaction_id", "operation_id", "request_id")
    )


def verify_log(session: Session, path: Path) -> LogVerification:
    """Compare the success lines of a log file with the operations that are really in the database."""
    database_id = load_bakery(session).database_id
    first_at, unreadable = None, 0
    successes: Counter[str] = Counter()
    lines: dict[str, NamedOperation] = {}
    unknown: set[str] = set()
    replayed: set[str] = set()
    for line in read_log(path):
        if line is None:
            unreadable += 1
            continue
        first_at = first_at or _instant(line["timestamp"])
        if line.get("database_id") != database_id:
            continue
        operation_id = str(line.get("operation_id"))
        if line.get("outcome") == "success":
            successes[operation_id] += 1
            lines.setdefault(operation_id, _named(operation_id, str(line.get("operation")), str(line["timestamp"])))
        elif line.get("outcome") == "unknown":
            unknown.add(operation_id)
        elif line.get("outcome") == "replayed":
            replayed.add(operation_id)
    committed = _committed(session)
    since = {key: row for key, row in committed.items() if first_at is not None and row[1] >= first_at}
    silent = [key for key in (since if first_at else committed) if key not in successes]
    in_doubt = [key for key in silent if key in unknown]

    def known(key: str) -> NamedOperation:
        return _named(key, committed[key][0], committed[key][1].isoformat())

    result: LogVerification = {
        "log_file": str(path),
        "database_id": database_id,
        "operations_compared": len(since),
        "success_lines_compared": sum(successes.values()),
        "unreadable_lines": unreadable,
        "missing": [known(key) for key in silent if key not in unknown],
        "forged": [line for key, line in lines.items() if committed.get(key, ("",))[0] != line["operation"]],
        "doubled": [lines[key] for key, count in successes.items() if count > 1],
        "unresolved": [known(key) for key in in_doubt if key not in replayed],
        "clean": False,
    }
    named = (result["missing"], result["forged"], result["doubled"], result["unresolved"])
    result["clean"] = not any(named) and not unreadable
    return result


def _committed(session: Session) -> dict[str, tuple[str, datetime]]:
    rows = session.execute(select(Operation.id, Operation.name, Operation.recorded_at).order_by(Operation.recorded_at))
    return {row.id: (row.name, row.recorded_at) for row in rows}


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _named(operation_id: str, operation: str, at: str) -> NamedOperation:
    return {"operation_id": operation_id, "operation": operation, "at": at}
