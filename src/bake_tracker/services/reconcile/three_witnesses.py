"""Compare lines, rows and PostgreSQL's write-ahead log: if one of them is wrong, the other two show it."""

import sqlite3
import time
from collections.abc import Collection
from typing import TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.log.failover import read_lsn, write_lsn
from bake_tracker.queries.verify.timelines import load_timelines
from bake_tracker.queries.verify.write_ahead_log import (
    Unavailable,
    load_committed,
    load_end,
    load_witness,
    still_open,
)
from bake_tracker.services.reconcile.failovers import NamedOperation

UNFLUSHED_S = (0.2, 0.5, 1.0)
"""How long to wait, in turn, for the server to write to its disk what it had committed only in memory."""
_TABLE = """
    CREATE TABLE wal (id TEXT, operation TEXT, xid INTEGER, lsn INTEGER);
    CREATE INDEX wal_by_id ON wal (id);
"""
# A line's place is before its COMMIT; if it is after the beginning, the write-ahead log must have the COMMIT.
_LINE_ALONE = """
    SELECT t.id, t.operation, t.at, EXISTS (SELECT 1 FROM committed c WHERE c.id = t.id) FROM told t
    WHERE t.timeline = :timeline AND CAST(t.lsn AS INTEGER) >= :since AND NOT EXISTS (
        SELECT 1 FROM wal w
        WHERE w.id = t.id AND w.operation = t.operation AND w.xid = CAST(t.xid AS INTEGER) % 4294967296
    )
    GROUP BY t.id ORDER BY min(t.rowid)
"""
_NO_ROW = """
    SELECT w.id, w.operation, w.xid, EXISTS (SELECT 1 FROM told t WHERE t.id = w.id) FROM wal w
    WHERE w.lsn <= :upto AND NOT EXISTS (SELECT 1 FROM committed c WHERE c.id = w.id AND c.operation = w.operation)
    ORDER BY w.rowid
"""


class Contradiction(TypedDict):
    """An operation that some of the three say was committed, and others do not."""

    operation_id: str
    operation: str
    line: bool
    row: bool
    wal: bool


class ThreeWitnesses(TypedDict):
    """The comparison with the write-ahead log since ``since``; no agreement unless it is ``available``."""

    available: bool
    unavailable_because: Unavailable | None
    since: str | None
    operations_in_wal: int
    contradictions: list[Contradiction]


class WriteAheadLog:
    """The third witness: asked after the lines and rows were read, about everything that had ended by then."""

    def __init__(self, session: Session) -> None:
        """Note where its testimony begins, and where it is now."""
        self._session = session
        self._witness = load_witness(session)
        self._upto = "" if self._witness.unavailable else load_end(session)

    def compare(self, compared: sqlite3.Connection, silent: Collection[NamedOperation]) -> ThreeWitnesses:
        """Compare with what is in ``compared``; ``silent`` are the rows without a success line."""
        result: ThreeWitnesses = {
            "available": self._witness.unavailable is None,
            "unavailable_because": self._witness.unavailable,
            "since": None,
            "operations_in_wal": 0,
            "contradictions": [],
        }
        timelines = load_timelines(self._session)
        if not result["available"] or timelines is None:
            return result
        compared.executescript(_TABLE)
        since = {"timeline": str(timelines.current), "since": self._witness.since}
        for pause_s in (0.0, *UNFLUSHED_S):
            time.sleep(pause_s)
            compared.execute("DELETE FROM wal")
            compared.executemany("INSERT INTO wal VALUES (?, ?, ?, ?)", load_committed(self._session))
            if not (lines := compared.execute(_LINE_ALONE, since).fetchall()):
                break
        result["since"] = write_lsn(self._witness.since)
        result["operations_in_wal"] = int(compared.execute("SELECT count(*) FROM wal").fetchone()[0])
        rowless = compared.execute(_NO_ROW, {"upto": read_lsn(self._upto)}).fetchall()
        waiting = still_open(self._session, (xid for _, _, xid, _ in rowless)) if rowless else set()
        result["contradictions"] = [
            *(_contradiction(key, operation, line=True, row=row) for key, operation, _, row in lines),
            *(
                _contradiction(key, operation, line=line, wal=True)
                for key, operation, xid, line in rowless
                if xid not in waiting
            ),
            *(
                _contradiction(one["operation_id"], one["operation"], row=True, wal=True)
                for one in silent
                if compared.execute("SELECT 1 FROM wal WHERE id = ?", (one["operation_id"],)).fetchone()
            ),
        ]
        return result


def _contradiction(
    operation_id: str, operation: str, *, line: bool = False, row: bool = False, wal: bool = False
) -> Contradiction:
    return {"operation_id": operation_id, "operation": operation, "line": bool(line), "row": bool(row), "wal": wal}
