"""Compare the log with the database: every committed operation has exactly one success line, and nothing else has one.

A temporary SQLite file holds both, so that memory grows with the findings and not with the history.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.log.failover import Place, read_place
from bake_tracker.domain.log.outcomes import LOST
from bake_tracker.log.scan import Progress, read_log
from bake_tracker.models import Operation
from bake_tracker.queries.archive.restored import load_restored
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.reconcile.failovers import Claim, Failovers, LostOperation
from bake_tracker.services.reconcile.failovers import NamedOperation as NamedOperation
from bake_tracker.services.reconcile.three_witnesses import ThreeWitnesses, WriteAheadLog

LINE_IS_LATE_S = (0.05, 0.2, 0.5)
"""How long to wait, in turn, for the line of an operation that has just been committed."""
REPAIRED_AT = "repaired_at"
"""The field that marks a line as written by a repair, with the time of the repair."""
NOTED = ("repair_log", "noted")
"""The operation and outcome of the line in which a repair counts the unreadable lines before it."""
ROWS_AT_ONCE = 1_000

_TABLES = """
    CREATE TABLE heard (
        id TEXT, operation TEXT, is_repaired INTEGER, at TEXT, outcome TEXT, xid TEXT, lsn TEXT, timeline TEXT
    );
    CREATE VIEW told AS SELECT rowid AS rowid, * FROM heard WHERE outcome = 'success';
    CREATE TABLE committed (id TEXT, operation TEXT, at TEXT);
    CREATE TABLE restored (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_INDEXES = """
    CREATE INDEX heard_by_id ON heard (id);
    CREATE INDEX committed_by_id ON committed (id);
"""
_TOLD = "EXISTS (SELECT 1 FROM told t WHERE t.id = c.id)"
# The lines of restored operations are in the log of the database they came from.
_RESTORED = f"(EXISTS (SELECT 1 FROM restored r WHERE r.id = c.id) AND NOT {_TOLD})"
# An operation older than the log is compared only if the log has a line for it.
_COMPARED = f"(({_TOLD} OR :first_at IS NULL OR c.at >= :first_at) AND NOT {_RESTORED})"
_SILENT = f"""
    SELECT c.id, c.operation, c.at FROM committed c
    WHERE {_COMPARED} AND NOT EXISTS (SELECT 1 FROM told t WHERE t.id = c.id AND t.operation = c.operation)
    ORDER BY c.rowid
"""
_FORGED = """
    SELECT t.id, t.operation, t.at, t.xid, t.lsn, t.timeline FROM told t
    WHERE NOT EXISTS (SELECT 1 FROM committed c WHERE c.id = t.id AND c.operation = t.operation)
    GROUP BY t.id, t.operation ORDER BY min(t.rowid)
"""
_UNKNOWN = """
    SELECT h.id, h.operation, h.at, h.xid, h.lsn, h.timeline FROM heard h
    WHERE h.outcome = 'unknown' AND NOT EXISTS (SELECT 1 FROM committed c WHERE c.id = h.id)
    AND NOT EXISTS (SELECT 1 FROM told t WHERE t.id = h.id)
    GROUP BY h.id, h.operation ORDER BY max(h.rowid)
"""
# A process that stopped between COMMIT and its line, and continued after a repair, agrees with the repaired line.
_DOUBLED = """
    SELECT id, operation, at FROM told
    GROUP BY id HAVING sum(is_repaired) > 1 OR sum(NOT is_repaired) > 1 ORDER BY min(rowid)
"""
_LINES = "SELECT id, operation, at, xid, lsn, timeline FROM told WHERE id = :id AND is_repaired = :repaired"


class LogVerification(TypedDict):
    """The comparison, from the first retained line on, and every disagreement.

    Operations that are older than the log, or came with a restored backup and have no line here, are only counted.
    ``restores_not_believed``: marks of a restore that do not match their operations. ``missing``: committed without a
    success line. ``forged``: a success line without a committed operation. ``doubled``: more than
    one success line, not counting a repaired one beside the original. ``unresolved``: committed, but the log only says
    ``unknown``. Unreadable lines that a repair has noted do not count against the log.

    On PostgreSQL, ``lost`` are successes that were committed and then lost when another server took over, except those
    that a repair has noted, which do not count against the log. ``history_missing`` means that this user may not read
    where the earlier timelines ended, so that such successes are among the ``forged``. ``on_their_way`` counts the
    lines about operations that a standby may not have received yet, so that only the primary can compare them. Of the
    operations that the log only calls ``unknown`` and that left no row, the server says which were ``rolled_back``, and
    which are ``undecided`` because their transaction is still open.

    ``wal`` is present if the caller wanted the write-ahead log to be asked; then the log is clean only if it could be
    asked and contradicts neither lines nor rows.
    """

    log_file: str
    database_id: str
    operations_compared: int
    operations_before_the_log: int
    operations_restored: int
    restores_not_believed: list[str]
    success_lines_compared: int
    unreadable_lines: int
    unreadable_lines_noted: int
    missing: list[NamedOperation]
    forged: list[NamedOperation]
    doubled: list[NamedOperation]
    unresolved: list[NamedOperation]
    lost: list[LostOperation]
    lost_noted: int
    history_missing: bool
    on_their_way: int
    rolled_back: list[NamedOperation]
    undecided: list[NamedOperation]
    wal: NotRequired[ThreeWitnesses]
    clean: bool


def verify_log(
    session: Session,
    path: Path,
    progress: Progress | None = None,
    *,
    is_whole: bool = False,
    with_wal: bool = False,
) -> LogVerification:
    """Compare the success lines of a log file with the operations in the database.

    Others may be working at the same time, so the order matters: the rows are read after the lines, in a new
    transaction (the session's own is rolled back), and include everything claimed by then. A success line is written
    just after its COMMIT, so the log is read again before an operation counts as missing. If the log ``is_whole``, that
    is, nothing was ever deleted from it, operations older than its first line must have a line too.
    """
    database_id = load_bakery(session).database_id
    write_ahead_log = WriteAheadLog(session) if with_wal else None
    reading = _Reading(path, database_id, progress)
    with closing(sqlite3.connect("", isolation_level=None)) as compared:
        compared.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES} BEGIN")
        ends = (heard.stored() for heard in reading.heard() if heard.outcome != "replayed")
        compared.executemany("INSERT INTO heard VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ends)
        session.rollback()
        doubtful: list[str] = []
        compared.executemany("INSERT INTO restored VALUES (?)", ((one,) for one in load_restored(session, doubtful)))
        compared.executemany("INSERT INTO committed VALUES (?, ?, ?)", _committed(session))
        compared.executescript(_INDEXES)
        bounds = {"first_at": None if is_whole else reading.first_at}

        def count(sql: str) -> int:
            return int(compared.execute(f"SELECT count(*) FROM {sql}", bounds).fetchone()[0])

        def named(sql: str) -> list[NamedOperation]:
            return [_named(*row) for row in compared.execute(sql, bounds)]

        def claims(sql: str, values: Mapping[str, Any] = bounds) -> list[Claim]:
            return [
                Claim(_named(key, operation, at), None if place[0] is None else Place(*map(int, place)))
                for key, operation, at, *place in compared.execute(sql, values)
            ]

        def is_doubled(operation: NamedOperation) -> bool:
            """Whether more than one of its lines is true: one that was lost may have been recorded again."""
            lines = [{"id": operation["operation_id"], "repaired": repaired} for repaired in (False, True)]
            return any(len(Failovers(session).unexplained(claims(_LINES, one))) > 1 for one in lines)

        failovers = Failovers(session)
        operations, restored = count(f"committed c WHERE {_COMPARED}"), count(f"committed c WHERE {_RESTORED}")
        reading, missing, unresolved = _wait_for_lines(reading, named(_SILENT))
        result: LogVerification = {
            "log_file": str(path),
            "database_id": database_id,
            "operations_compared": operations,
            "operations_before_the_log": count("committed") - operations - restored,
            "operations_restored": restored,
            "restores_not_believed": doubtful,
            "success_lines_compared": count("told"),
            "unreadable_lines": reading.unreadable,
            "unreadable_lines_noted": reading.noted,
            "missing": missing,
            "forged": failovers.unexplained(claims(_FORGED)),
            "doubled": [operation for operation in named(_DOUBLED) if is_doubled(operation)],
            "unresolved": unresolved,
            "lost": [],
            "lost_noted": 0,
            "history_missing": failovers.is_history_missing,
            "on_their_way": failovers.on_their_way,
            "rolled_back": [],
            "undecided": [],
            "clean": False,
        }
        result["rolled_back"], result["undecided"] = failovers.decided(claims(_UNKNOWN))
        noted = {row[0] for row in compared.execute("SELECT id FROM heard WHERE outcome = :lost", {"lost": LOST})}
        result["lost"] = [lost for lost in failovers.lost if lost["operation_id"] not in noted]
        result["lost_noted"] = len(failovers.lost) - len(result["lost"])
        if write_ahead_log is not None:
            result["wal"] = write_ahead_log.compare(compared, [*missing, *unresolved])
    disagreeing = (
        *(result["missing"], result["forged"], result["doubled"], result["unresolved"], result["lost"]),
        *(result["undecided"], result["on_their_way"], doubtful),
    )
    result["clean"] = not any(disagreeing) and reading.unreadable == reading.noted
    if (wal := result.get("wal")) is not None:
        result["clean"] &= wal["available"] and not wal["contradictions"]
    return result


class _Heard(NamedTuple):
    """A line with an operation's outcome."""

    operation_id: str
    operation: str
    is_repaired: bool
    at: str
    outcome: str
    parent_id: str
    place: Place | None

    def stored(self) -> tuple[Any, ...]:
        """The row to compare; numbers as text, since SQLite's have only 63 bits."""
        place = (None, None, None) if self.place is None else map(str, self.place)
        return (self.operation_id, self.operation, self.is_repaired, self.at, self.outcome, *place)


@dataclass(slots=True)
class _Reading:
    """One pass over the log, for the lines of one database."""

    path: Path
    database_id: str
    progress: Progress | None
    first_at: str | None = None
    """The earliest time of all, which is that of the first line unless the clock was set back."""
    unreadable: int = 0
    noted: int = 0
    """The unreadable lines that a repair has counted, at most as many as come before its line."""
    is_cut: bool = False
    """Whether the last line is unreadable, perhaps because a process is still writing it."""
    _earliest: str | None = None

    def heard(self) -> Iterator[_Heard]:
        for line in read_log(self.path, self.progress):
            self.is_cut = line is None
            if line is None:
                self.unreadable += 1
                continue
            if (line.get("operation"), line.get("outcome")) == NOTED and type(line.get("unreadable_lines")) is int:
                self.noted = max(self.noted, min(self.unreadable, line["unreadable_lines"]))
            is_repaired = REPAIRED_AT in line
            if not is_repaired:  # a repaired line says nothing about the log's beginning
                # A commit-bound line is written when it is settled, long after it happened.
                self._tell_time(str(line.get("settled_at", line["timestamp"])))
            outcome = line.get("outcome")
            if outcome in ("success", "unknown", "replayed", LOST) and line.get("database_id") == self.database_id:
                operation_id, operation, at, parent_id = (
                    _storable(line.get(name))
                    for name in ("operation_id", "operation", "timestamp", "parent_operation_id")
                )
                place = read_place(line.get("xid"), line.get("lsn"), line.get("timeline"))
                yield _Heard(operation_id, operation, is_repaired, at, outcome, parent_id, place)

    def _tell_time(self, text: str) -> None:
        if self._earliest is not None and text >= self._earliest:
            return  # nearly every line; times with different zones are compared as text
        at = _instant_text(text)
        if at is not None and (self.first_at is None or at < self.first_at):
            self._earliest, self.first_at = text, at


def _wait_for_lines(
    reading: _Reading, silent: list[NamedOperation]
) -> tuple[_Reading, list[NamedOperation], list[NamedOperation]]:
    """Read the log until late lines have arrived; return it with the missing and the unresolved operations.

    Half a line may still be completed at the end of the log, but not once another line follows it.
    """
    waiting = {operation["operation_id"]: operation for operation in silent}
    outcomes: dict[str, set[str]] = {}
    around: dict[str, str] = {}
    for pause_s in LINE_IS_LATE_S:
        if not waiting and not reading.is_cut:
            break
        time.sleep(pause_s)
        reading = _Reading(reading.path, reading.database_id, reading.progress)
        for heard in reading.heard():
            if (operation := waiting.get(heard.operation_id)) is None:
                continue
            if heard.outcome == LOST:
                continue
            if heard.outcome != "success":
                outcomes.setdefault(heard.operation_id, set()).add(heard.outcome)
                around[heard.operation_id] = heard.parent_id
            elif heard.operation == operation["operation"]:
                del waiting[heard.operation_id]
    missing = [operation for key, operation in waiting.items() if "unknown" not in outcomes.get(key, ())]

    def is_resolved(key: str) -> bool:
        """Whether its line, or that of the operation around it, resolves an unknown outcome."""
        return outcomes[key] != {"unknown"} or (around[key] in outcomes and is_resolved(around[key]))

    unresolved = [operation for key, operation in waiting.items() if key in outcomes and not is_resolved(key)]
    return reading, missing, unresolved


def _row_text(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds")


def _committed(session: Session) -> Iterator[tuple[str, str, str]]:
    columns = select(Operation.id, Operation.name, Operation.recorded_at).order_by(Operation.recorded_at)
    for row in session.execute(columns, execution_options={"yield_per": ROWS_AT_ONCE}):
        yield row.id, row.name, _row_text(row.recorded_at)


def _instant_text(text: Any) -> str | None:
    """A time in the rows' format, so that texts sort like times; None without a zone."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return _row_text(instant.astimezone(UTC)) if instant.tzinfo else None


def _storable(value: Any) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()  # an unpaired surrogate cannot be stored


def _named(operation_id: str, operation: str, at: str) -> NamedOperation:
    return {"operation_id": operation_id, "operation": operation, "at": at}
