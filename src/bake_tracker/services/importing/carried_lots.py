"""Imported lots in the state they had elsewhere: released or on hold, and numbered onwards."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from sqlalchemy import bindparam, update

from bake_tracker.domain.importing.reading import ImportPlan
from bake_tracker.models import tables
from bake_tracker.services.operation import Operation
from bake_tracker.services.stock.handling import record_hold, record_release

_count_lots = update(tables.item).where(tables.item.c.slug == bindparam("of_item")).values(lot_count=bindparam("count"))


def finish_carried(operation: Operation, plan: ImportPlan, received: Mapping[str, int], source: str) -> None:
    """Release and hold the lots as they were, each as an operation; ``received`` maps receipts to lots."""
    today = operation.house.local_day(operation.now)
    released: defaultdict[date, list[int]] = defaultdict(list)
    held: list[int] = []
    for _, lot in plan.lots:
        # A lot whose release has ended is expired here as it was there.
        if lot.usable_until and lot.usable_until != lot.expires_on and lot.usable_until >= today:
            released[lot.usable_until].append(received[lot.operation_id])
        if lot.on_hold:
            held.append(received[lot.operation_id])
    for until, lot_ids in sorted(released.items()):
        record_release(lot_ids, f"released in {source}", session=operation.session, usable_until=until)
    if held:
        record_hold(held, f"on hold in {source}", session=operation.session)
    if counts := [{"of_item": item.slug, "count": item.lot_count} for item in plan.items if item.lot_count]:
        operation.session.execute(_count_lots, counts)
