"""Imported lots in the state they had elsewhere: released, on hold or used up, and numbered onwards."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, update

from bake_tracker.domain.importing.plan import LotPlan
from bake_tracker.domain.importing.reading import ImportPlan
from bake_tracker.models import tables
from bake_tracker.queries.stock.lots import load_lots
from bake_tracker.services.catalog.measures import record_density, record_piece_weight
from bake_tracker.services.operation import Operation
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.handling import record_hold, record_release

_count_lots = update(tables.item).where(tables.item.c.slug == bindparam("of_item")).values(lot_count=bindparam("count"))


def finish_carried(operation: Operation, plan: ImportPlan, received: Mapping[str, int], source: str) -> None:
    """Release, hold and weigh the lots as they were, each as an operation; ``received`` maps receipts to lots."""
    today = operation.house.local_day(operation.now)
    released: defaultdict[date, list[int]] = defaultdict(list)
    held: list[int] = []
    for _, lot in plan.lots:
        # A lot whose release has ended is expired here, just as it was there.
        if lot.usable_until and lot.usable_until != lot.expires_on and lot.usable_until >= today:
            released[lot.usable_until].append(received[lot.operation_id])
        if lot.on_hold:
            held.append(received[lot.operation_id])
    for until, lot_ids in sorted(released.items()):
        record_release(lot_ids, f"released in {source}", session=operation.session, usable_until=until)
    if held:
        record_hold(held, f"on hold in {source}", session=operation.session)
    for _, lot in plan.lots:
        _weigh(operation, lot, received[lot.operation_id], f"imported from {source}")
    if counts := [{"of_item": item.slug, "count": item.lot_count} for item in plan.items if item.lot_count]:
        operation.session.execute(_count_lots, counts)


def _weigh(operation: Operation, lot: LotPlan, lot_id: int, source: str) -> None:
    session = operation.session
    more: dict[str, Any] = {"source": source[:300], "lot_id": lot_id}
    if not (lot.g_per_ml or lot.g_per_each):
        return
    item_id = load_lots(session, [lot_id])[lot_id].item_id
    if lot.g_per_ml:
        record_density(item_id, 1, "ml", lot.g_per_ml, "g", session=session, **more)
    if lot.g_per_each:
        record_piece_weight(item_id, 1, lot.g_per_each, "g", session=session, **more)


def finish_used_up(operation: Operation, plan: ImportPlan, received: Mapping[str, int], source: str) -> None:
    """Take out what was used up before the import, on the day it came, so that only its price is left."""
    by_day: defaultdict[date | None, list[dict[str, object]]] = defaultdict(list)
    used_up = {received[lot.operation_id]: lot for _, lot in plan.lots if lot.is_used_up}
    for lot_id, state in load_lots(operation.session, sorted(used_up)).items():
        line = {"lot_id": lot_id, "quantity": -Fraction(state.quantity_micros, 10**6)}
        by_day[used_up[lot_id].received_on].append(line)
    zone = ZoneInfo(operation.house.time_zone)
    for day, lines in by_day.items():
        at = None if day is None else datetime.combine(day, time.min, zone)
        record_adjustment(
            "correction", lines, session=operation.session, reason=f"used before {source}", happened_at=at
        )
