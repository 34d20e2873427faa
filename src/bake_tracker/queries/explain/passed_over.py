"""The lots that an operation passed over: expired, on hold, not received yet, or later in the order."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any, TypedDict

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.lots import NO_EXPIRY
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.bakery import load_bakery

LATER_SHOWN = 2
"""How many of the lots that are just later in the order are listed; the rest are counted."""


class PassedOver(TypedDict):
    """A lot that was passed over, its quantity then, and why; ``lot_code`` None stands for more of the same kind."""

    lot_code: str | None
    quantity: str
    unit: str
    state: str
    why: str


def load_passed_over(session: Session, operation_ids: Collection[str]) -> dict[tuple[str, int], list[PassedOver]]:
    """By operation and item, the open lots that were not drawn; two statements.

    A lot's quantity then is its quantity now, less every movement since. Its last usable day then is what the first
    later hold or release recorded as the previous one, else the current one. Holds are never older than their lot, so a
    lot that was first in order, not expired and not drawn must have been on hold.
    """
    house = load_bakery(session)
    drawn = (
        select(
            movements.c.operation_id,
            tables.lot.c.item_id,
            func.min(movements.c.id).label("first_id"),
        )
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .where(movements.c.operation_id.in_(sorted(operation_ids)), movements.c.quantity_micros < 0)
        .group_by(movements.c.operation_id, tables.lot.c.item_id)
        .subquery()
    )
    since = (
        select(func.coalesce(func.sum(movements.c.quantity_micros), 0))
        .where(movements.c.lot_id == tables.lot.c.id, movements.c.id >= drawn.c.first_id)
        .scalar_subquery()
    )
    own = movements.alias("own")
    was_drawn = (
        select(func.count())
        .select_from(own)
        .where(own.c.lot_id == tables.lot.c.id, own.c.operation_id == drawn.c.operation_id, own.c.quantity_micros < 0)
        .scalar_subquery()
    )
    handled = tables.operation.alias("handled")
    first_since = (
        select(func.min(tables.lot_hold.c.id))
        .join(handled, handled.c.id == tables.lot_hold.c.operation_id)
        .where(tables.lot_hold.c.lot_id == tables.lot.c.id, handled.c.recorded_at > tables.operation.c.recorded_at)
        .correlate(tables.lot, tables.operation)
        .scalar_subquery()
    )
    found = tables.lot_hold.alias("found")
    then = tables.lot.c.remaining_micros - since
    lots = (
        select(
            drawn.c.operation_id,
            tables.lot.c.item_id,
            tables.lot.c.code,
            tables.lot.c.pick_on,
            tables.lot.c.received_on,
            tables.lot.c.id,
            case((found.c.id.is_not(None), found.c.was_usable_until), else_=tables.lot.c.usable_until).label(
                "usable_until"
            ),
            then.label("then_micros"),
            case((was_drawn > 0, True), else_=False).label("was_drawn"),
            tables.item.c.base_unit,
            tables.item.c.pick_policy,
            func.coalesce(
                tables.production_run.c.produced_at, tables.assembly_run.c.assembled_at, tables.operation.c.recorded_at
            ).label("at"),
        )
        .select_from(drawn)
        .join(tables.lot, tables.lot.c.item_id == drawn.c.item_id)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .join(tables.operation, tables.operation.c.id == drawn.c.operation_id)
        .outerjoin(tables.production_run, tables.production_run.c.operation_id == drawn.c.operation_id)
        .outerjoin(tables.assembly_run, tables.assembly_run.c.operation_id == drawn.c.operation_id)
        .outerjoin(found, and_(found.c.lot_id == tables.lot.c.id, found.c.id == first_since))
        .where(or_(then > 0, was_drawn > 0))
        .order_by(
            drawn.c.operation_id, tables.lot.c.item_id, tables.lot.c.pick_on, tables.lot.c.received_on, tables.lot.c.id
        )
    )
    by_need: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in session.execute(lots):
        by_need[row.operation_id, row.item_id].append(row)
    return {key: _told(rows, house.local_day(rows[0].at)) for key, rows in by_need.items()}


def _told(rows: list[Any], day: date) -> list[PassedOver]:
    last_drawn = max(((row.pick_on, row.received_on, row.id) for row in rows if row.was_drawn), default=None)
    told: list[PassedOver] = []
    later: list[Any] = []
    for row in rows:
        if row.was_drawn:
            continue
        if row.received_on > day:
            told.append(passed_over(row, int(row.then_micros), "not there yet", f"came in on {row.received_on}"))
        elif row.usable_until is not None and row.usable_until < day:
            told.append(passed_over(row, int(row.then_micros), "expired", f"expired {row.usable_until}"))
        elif last_drawn is not None and (row.pick_on, row.received_on, row.id) < last_drawn:
            told.append(passed_over(row, int(row.then_micros), "on hold", "on hold"))
        else:
            later.append(row)
    told += [passed_over(row, int(row.then_micros), "later", _later(row)) for row in later[:LATER_SHOWN]]
    if rest := later[LATER_SHOWN:]:
        total = format_micros(sum(int(row.then_micros) for row in rest))
        why = f"{len(rest)} more, later in the order"
        told.append({"lot_code": None, "quantity": total, "unit": rest[0].base_unit, "state": "later", "why": why})
    return told


def passed_over(row: Any, micros: int, state: str, why: str) -> PassedOver:
    """A passed-over lot in readable form."""
    return {
        "lot_code": row.code,
        "quantity": format_micros(micros),
        "unit": row.base_unit,
        "state": state,
        "why": why,
    }


def _later(row: Any) -> str:
    if row.pick_policy == "fifo":
        return f"later in the order: received {row.received_on}"
    if row.pick_on == NO_EXPIRY:
        return f"later in the order: no expiry, received {row.received_on}"
    return f"later in the order: expires {row.pick_on}"
