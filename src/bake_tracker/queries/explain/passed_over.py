"""The lots that an operation passed over: expired, on hold, not received yet, or later in the order, as recorded."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypedDict

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.lots import NO_EXPIRY
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements

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

    A lot's quantity then is its quantity now, less every movement since. Why it was passed over is what the operation
    recorded. Lots that a person chose, or that an undo took from, passed nothing over.
    """
    drawn = (
        select(
            movements.c.operation_id,
            tables.lot.c.item_id,
            func.min(movements.c.id).label("first_id"),
            func.max(movements.c.reason).label("reason"),
        )
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .where(
            movements.c.operation_id.in_(sorted(operation_ids)),
            movements.c.quantity_micros < 0,
            or_(movements.c.reason.is_(None), movements.c.reason == "policy"),
        )
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
    noted = tables.passed_over_lot.alias("noted")
    then = tables.lot.c.remaining_micros - since
    lots = (
        select(
            drawn.c.operation_id,
            tables.lot.c.item_id,
            tables.lot.c.code,
            tables.lot.c.pick_on,
            tables.lot.c.received_on,
            tables.lot.c.id,
            noted.c.state,
            noted.c.usable_until,
            drawn.c.reason,
            then.label("then_micros"),
            case((was_drawn > 0, True), else_=False).label("was_drawn"),
            tables.item.c.base_unit,
            tables.item.c.pick_policy,
        )
        .select_from(drawn)
        .join(tables.lot, tables.lot.c.item_id == drawn.c.item_id)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .outerjoin(noted, and_(noted.c.operation_id == drawn.c.operation_id, noted.c.lot_id == tables.lot.c.id))
        .where(or_(then > 0, was_drawn > 0))
        .order_by(
            drawn.c.operation_id, tables.lot.c.item_id, tables.lot.c.pick_on, tables.lot.c.received_on, tables.lot.c.id
        )
    )
    by_need: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in session.execute(lots):
        by_need[row.operation_id, row.item_id].append(row)
    return {key: _told(rows) for key, rows in by_need.items()}


def _told(rows: list[Any]) -> list[PassedOver]:
    last_drawn = max(((row.pick_on, row.received_on, row.id) for row in rows if row.was_drawn), default=None)
    told: list[PassedOver] = []
    later: list[Any] = []
    for row in rows:
        if row.was_drawn:
            continue
        if row.state is not None:
            told.append(passed_over(row, int(row.then_micros), row.state, _WHY[row.state](row)))
        elif row.reason is None and last_drawn is not None and (row.pick_on, row.received_on, row.id) < last_drawn:
            told.append(passed_over(row, int(row.then_micros), "not recorded", "why was not recorded then"))
        else:
            later.append(row)
    told += [passed_over(row, int(row.then_micros), "later", _later(row)) for row in later[:LATER_SHOWN]]
    if rest := later[LATER_SHOWN:]:
        total = format_micros(sum(int(row.then_micros) for row in rest))
        why = f"{len(rest)} more, later in the order"
        told.append({"lot_code": None, "quantity": total, "unit": rest[0].base_unit, "state": "later", "why": why})
    return told


_WHY: Mapping[str, Callable[[Any], str]] = {
    "not there yet": lambda row: f"came in on {row.received_on}",
    "expired": lambda row: f"expired {row.usable_until}",
    "on hold": lambda _: "on hold",
}


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
