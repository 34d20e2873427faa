"""Compare the database with the model, after every day and at the end."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.database import read_scope
from bake_tracker.services.reconcile.repair import repair_log
from bake_tracker.services.reconcile.verification import verify_log

from .book import LogFile
from .runner import Difference
from .world import World

LOTS = """
SELECT lot.id, item.slug, lot.code, lot.received_on, lot.expires_on, lot.quantity_micros, lot.cost_micros,
    lot.remaining_micros, lot.remaining_cost_micros, lot.usable_until, lot.on_hold, lot.location, lot.parent_lot_id
FROM lot JOIN item ON item.id = lot.item_id
WHERE lot.id > :seen OR (lot.remaining_micros > 0 AND (lot.usable_until IS NULL OR lot.usable_until >= :horizon))
ORDER BY lot.id
"""
TOTALS = """
WITH standing AS (SELECT id, name FROM operation WHERE id NOT IN (SELECT reversed_operation_id FROM reversal)),
    unknown AS (SELECT operation_id FROM production_run WHERE total_cost_micros IS NULL
        UNION ALL SELECT operation_id FROM assembly_run WHERE total_cost_micros IS NULL)
SELECT (SELECT count(*) FROM operation) AS operations, (SELECT count(*) FROM movement) AS movements,
    (SELECT count(*) FROM lot) AS lots,
    (SELECT count(*) FROM production_run) + (SELECT count(*) FROM assembly_run) AS runs,
    (SELECT count(*) FROM reversal) AS reversals,
    (SELECT coalesce(sum(cost_micros), 0) FROM lot WHERE NOT is_made AND parent_lot_id IS NULL
        AND operation_id IN (SELECT id FROM standing)) AS cost_in,
    (SELECT coalesce(sum(loss_cost_micros), 0) FROM production_run
        WHERE operation_id IN (SELECT id FROM standing)) AS cost_lost,
    (SELECT coalesce(-sum(cost_micros), 0) FROM movement WHERE quantity_micros < 0
        AND operation_id IN (SELECT operation_id FROM unknown) AND operation_id IN (SELECT id FROM standing))
        AS cost_unknown,
    (SELECT coalesce(-sum(cost_micros), 0) FROM movement WHERE operation_id IN (
        SELECT id FROM standing WHERE name IN ('record_adjustment', 'record_stocktake'))) AS cost_adjusted,
    (SELECT coalesce(sum(remaining_cost_micros), 0) FROM lot) AS cost_on_hand
"""
# Ids are left out: PostgreSQL has gaps where SQLite has none, and nested operations have ids of their own.
STATE = (
    "SELECT slug, kind, base_unit, lot_count FROM item ORDER BY id",
    """SELECT code, received_on, expires_on, quantity_micros, cost_micros, remaining_micros, remaining_cost_micros,
    usable_until, CASE WHEN on_hold THEN 1 ELSE 0 END, location FROM lot ORDER BY id""",
    """SELECT status, num_batches, scale_factor, expected_yield_micros, actual_yield_micros, total_cost_micros,
    loss_cost_micros FROM production_run ORDER BY id""",
    "SELECT quantity, total_cost_micros FROM assembly_run ORDER BY id",
    "SELECT quantity_micros, cost_micros FROM movement ORDER BY id",
    "SELECT kind, quantity_micros, reason FROM adjustment ORDER BY id",
    "SELECT expected_micros, counted_micros FROM stocktake_line ORDER BY id",
    "SELECT action, usable_until, was_usable_until FROM lot_hold ORDER BY id",
    "SELECT quantity_micros, from_location, to_location FROM transfer ORDER BY id",
    "SELECT reason FROM reversal ORDER BY id",
    "SELECT name, count(*) FROM operation GROUP BY name ORDER BY name",
)


class Checker:
    """Remembers what it has checked, so that a day costs only its own lots and the open ones."""

    def __init__(self, url: str, world: World, log_file: Path) -> None:
        self.url, self.world, self.log_file = url, world, log_file
        self.seen = 0
        self.horizon = date(1971, 1, 1)
        self.repaired = 0

    def day(self, next_horizon: date) -> None:
        """Compare every lot that is new or still usable with the model, then forget the others."""
        with read_scope(self.url) as session:
            rows = _rows(session, LOTS, seen=self.seen, horizon=self.horizon.isoformat())
            found = {row[0]: row[1:] for row in rows}
        expected = {
            lot.id: (
                *(lot.thing.slug, lot.code, _day(lot.received_on), _day(lot.expires_on)),
                *(lot.quantity, lot.cost, lot.left, lot.cost_left),
                *(_day(lot.until), lot.is_held, lot.place, lot.parent.id if lot.parent else None),
            )
            for lot in self.world.open_lots()
            if lot.id > self.seen or (lot.left and (lot.until is None or lot.until >= self.horizon))
        }
        for key in sorted(expected.keys() | found.keys()):
            if expected.get(key) != found.get(key):
                raise Difference(f"lot {key}\n  expected {expected.get(key)}\n  found    {found.get(key)}")
        self.seen = max(self.seen, *found) if found else self.seen
        self.world.forget(next_horizon)
        self.horizon = next_horizon

    def mend_log(self, file: LogFile) -> None:
        """Repair the log: exactly the missing lines are written, and then none is missing."""
        expected = file.named().total()
        with read_scope(self.url) as session:
            report = repair_log(session, self.log_file)
        if len(report["repaired"]) != expected or not report["clean"]:
            raise Difference(f"log repair: expected {sorted(file.named())}, and then a clean log: {report}")
        file.mended()
        self.repaired += expected

    def end(self, lines: Counter[str]) -> tuple[dict[str, int], str]:
        """Compare totals, ledger and log; return the totals and the digest of the whole bakery."""
        with read_scope(self.url) as session:
            totals = {name: int(value) for name, value in session.execute(text(TOTALS)).one()._mapping.items()}
            if totals != self.world.totals:
                raise Difference(f"totals\n  expected {self.world.totals}\n  found    {totals}")
            out = sum(totals[f"cost_{name}"] for name in ("lost", "unknown", "adjusted", "on_hand"))
            if totals["cost_in"] != out:
                raise Difference(f"cost in {totals['cost_in']}, cost out and on hand {out}")
            if drift := verify_ledger(session)["drift"]:
                raise Difference(f"bake verify: {drift[:3]}")
            digest = hashlib.sha256(outcomes(lines).encode())
            for sql in STATE:
                for row in _rows(session, sql):
                    digest.update(repr(tuple(row)).encode())
        with read_scope(self.url) as session:
            log = verify_log(session, self.log_file)
        if not log["clean"] or log["operations_before_the_log"] or log["operations_compared"] != totals["operations"]:
            raise Difference(f"bake log verify: {log}")
        return totals, digest.hexdigest()


def _rows(session: Session, sql: str, **given: Any) -> Iterable[tuple[Any, ...]]:
    for row in session.execute(text(sql), given, execution_options={"yield_per": 1_000}):
        yield tuple(_day(value) if isinstance(value, date) else value for value in row)


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def outcomes(lines: Counter[str]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(lines.items()))
