"""Whether a lot may be used, and where it is. Only this module, ``ledger.py`` and ``movements.py`` change lots."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Literal

from sqlalchemy import Date, Update, bindparam, case, func, insert, select, update

from bake_tracker.domain.stock.fifo import Draw
from bake_tracker.domain.stock.lots import NO_EXPIRY
from bake_tracker.domain.units import COLUMN_OF_MEASURE, MeasureKind
from bake_tracker.models import tables
from bake_tracker.queries.stock.lots import LotState
from bake_tracker.services.operation import Operation
from bake_tracker.services.stock.ledger import AddedLot, split_lot

_add_hold = insert(tables.lot_hold)
_add_transfer = insert(tables.transfer)
_policy = select(tables.item.c.pick_policy).where(tables.item.c.id == tables.lot.c.item_id).scalar_subquery()
_put_day = (
    update(tables.lot)
    .where(tables.lot.c.id == bindparam("of_lot"))
    .values(
        received_on=bindparam("day", type_=Date()),
        pick_on=case((_policy == "fifo", bindparam("day", type_=Date())), else_=tables.lot.c.pick_on),
    )
)


_weigh: dict[MeasureKind, Update] = {
    kind: update(tables.lot)
    .where(tables.lot.c.id == bindparam("of_lot"))
    .values({name: bindparam("weight", type_=tables.lot.c[name].type)})
    for kind, name in COLUMN_OF_MEASURE.items()
}


def handle_lots(
    operation: Operation,
    lots: Sequence[LotState],
    action: Literal["hold", "release"],
    reason: str,
    *,
    usable_until: date | None = None,
) -> None:
    """Hold or release these lots, whose items are locked, and record their previous state."""
    if not lots:
        return
    rows = [
        {
            "operation_id": operation.id,
            "lot_id": lot.lot_id,
            "action": action,
            "reason": reason,
            "usable_until": usable_until,
            "was_on_hold": lot.on_hold,
            "was_usable_until": lot.usable_until,
            "happened_at": operation.said_at or operation.now,
        }
        for lot in lots
    ]
    operation.session.execute(_add_hold, rows)
    values: dict[str, object] = {"on_hold": action == "hold"}
    if usable_until is not None:
        values["usable_until"] = usable_until
    _change_lots(operation, [lot.lot_id for lot in lots], values)


def put_back_hold(operation: Operation, lot_ids: Collection[int], *, on_hold: bool, usable_until: date | None) -> None:
    """Restore the state these lots had before they were held or released."""
    _change_lots(operation, lot_ids, {"on_hold": on_hold, "usable_until": usable_until})


def move_lot(
    operation: Operation, lot: LotState, draw: Draw, to_location: str | None, reason: str | None
) -> AddedLot | None:
    """Move what a draw takes from a lot: the whole lot, or a part, which becomes a new lot."""
    is_whole = draw.quantity_micros == lot.quantity_micros
    new = None if is_whole else split_lot(operation, draw, to_location)
    if is_whole:
        put_lot(operation, lot.lot_id, to_location)
    row = {
        "operation_id": operation.id,
        "lot_id": lot.lot_id,
        "new_lot_id": new.lot_id if new else None,
        "quantity_micros": draw.quantity_micros if new else None,
        "from_location": lot.location,
        "to_location": to_location,
        "reason": reason,
        "happened_at": operation.at if new else operation.said_at or operation.now,
    }
    operation.session.execute(_add_transfer, row)
    return new


def put_lot(operation: Operation, lot_id: int, location: str | None) -> None:
    """Record a lot's new place."""
    _change_lots(operation, [lot_id], {"location": location})


def order_lots(operation: Operation, item_id: int, policy: str) -> None:
    """Order an item's lots by this policy; the caller has locked the item."""
    lot = tables.lot.c
    by = lot.received_on if policy == "fifo" else func.coalesce(lot.expires_on, NO_EXPIRY)
    operation.session.execute(update(tables.lot).where(lot.item_id == item_id).values(pick_on=by))


def put_days(operation: Operation, days: Mapping[int, date]) -> None:
    """Give these lots another day on which they came in, in the order of use too."""
    if days:
        operation.connection.execute(_put_day, [{"of_lot": lot_id, "day": day} for lot_id, day in days.items()])


def weigh_lots(operation: Operation, kind: MeasureKind, weights: Mapping[int, Fraction | None]) -> None:
    """Give these lots a weight of their own, None for that of their item; the caller has locked the item."""
    if weights:
        rows = [{"of_lot": lot_id, "weight": weight} for lot_id, weight in weights.items()]
        operation.connection.execute(_weigh[kind], rows)


def _change_lots(operation: Operation, lot_ids: Collection[int], values: dict[str, object]) -> None:
    operation.session.execute(update(tables.lot).where(tables.lot.c.id.in_(lot_ids)).values(values))
