"""Which lots an operation had before it and did not take: expired, on hold, not there yet, or later in the order."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any, TypedDict, cast

from sqlalchemy import Table, and_, case, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.lots import NO_EXPIRY
from bake_tracker.domain.units import format_micros
from bake_tracker.models import AssemblyRun, Item, Lot, LotHold, Operation, ProductionRun
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.bakery import load_bakery

_item = cast(Table, Item.__table__)
_lot = cast(Table, Lot.__table__)
_movement = cast(Table, Movement.__table__)
_operation = cast(Table, Operation.__table__)
_baking = cast(Table, ProductionRun.__table__)
_packing = cast(Table, AssemblyRun.__table__)
_hold = cast(Table, LotHold.__table__)

LATER_SHOWN = 2
"""Of the lots that are simply later in the order, so many are named and the rest are counted."""


class PassedOver(TypedDict):
    """A lot that was not taken, what was in it then, and why; ``lot_code`` None: so many more of the same kind."""

    lot_code: str | None
    quantity: str
    unit: str
    state: str
    why: str


def load_passed_over(session: Session, operation_ids: Collection[str]) -> dict[tuple[str, int], list[PassedOver]]:
    """By operation and item, the lots that had something left when it drew and were not drawn; two statements.

    What a lot held then is what it holds now, less every movement of it from then on. Until when it might be used then
    is what the first hold or release since has found, or what it says now. No hold is older than its lot, so a lot that
    was first in the order, not expired and not drawn was on hold.
    """
    house = load_bakery(session)
    drawn = (
        select(
            _movement.c.operation_id,
            _lot.c.item_id,
            func.min(_movement.c.id).label("first_id"),
        )
        .join(_lot, _lot.c.id == _movement.c.lot_id)
        .where(_movement.c.operation_id.in_(sorted(operation_ids)), _movement.c.quantity_micros < 0)
        .group_by(_movement.c.operation_id, _lot.c.item_id)
        .subquery()
    )
    since = (
        select(func.coalesce(func.sum(_movement.c.quantity_micros), 0))
        .where(_movement.c.lot_id == _lot.c.id, _movement.c.id >= drawn.c.first_id)
        .scalar_subquery()
    )
    own = _movement.alias("own")
    was_drawn = (
        select(func.count())
        .select_from(own)
        .where(own.c.lot_id == _lot.c.id, own.c.operation_id == drawn.c.operation_id, own.c.quantity_micros < 0)
        .scalar_subquery()
    )
    handled = _operation.alias("handled")
    first_since = (
        select(func.min(_hold.c.id))
        .join(handled, handled.c.id == _hold.c.operation_id)
        .where(_hold.c.lot_id == _lot.c.id, handled.c.recorded_at > _operation.c.recorded_at)
        .correlate(_lot, _operation)
        .scalar_subquery()
    )
    found = _hold.alias("found")
    then = _lot.c.remaining_micros - since
    lots = (
        select(
            drawn.c.operation_id,
            _lot.c.item_id,
            _lot.c.code,
            _lot.c.pick_on,
            _lot.c.received_on,
            _lot.c.id,
            case((found.c.id.is_not(None), found.c.was_usable_until), else_=_lot.c.usable_until).label("usable_until"),
            then.label("then_micros"),
            case((was_drawn > 0, True), else_=False).label("was_drawn"),
            _item.c.base_unit,
            _item.c.pick_policy,
            func.coalesce(_baking.c.produced_at, _packing.c.assembled_at, _operation.c.recorded_at).label("at"),
        )
        .select_from(drawn)
        .join(_lot, _lot.c.item_id == drawn.c.item_id)
        .join(_item, _item.c.id == _lot.c.item_id)
        .join(_operation, _operation.c.id == drawn.c.operation_id)
        .outerjoin(_baking, _baking.c.operation_id == drawn.c.operation_id)
        .outerjoin(_packing, _packing.c.operation_id == drawn.c.operation_id)
        .outerjoin(found, and_(found.c.lot_id == _lot.c.id, found.c.id == first_since))
        .where(or_(then > 0, was_drawn > 0))
        .order_by(drawn.c.operation_id, _lot.c.item_id, _lot.c.pick_on, _lot.c.received_on, _lot.c.id)
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
    """A lot that is not taken, as it is told."""
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
