"""What a lot or an operation rests on, down to the receipts: which lots were used, why those, and what each cost."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, TypedDict, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Item, Lot, Movement, Operation, Supplier

_item = cast(Table, Item.__table__)
_lot = cast(Table, Lot.__table__)
_movement = cast(Table, Movement.__table__)
_operation = cast(Table, Operation.__table__)
_supplier = cast(Table, Supplier.__table__)


class ExplainedLot(TypedDict):
    """A lot as it came in, the operation that brought it, and what that operation used."""

    lot_id: int
    lot_code: str
    item_slug: str
    quantity: str
    unit: str
    cost: str | None
    received_on: str
    expires_on: str | None
    supplier: str | None
    operation: str
    operation_id: str
    used: list["ExplainedDraw"]


class ExplainedDraw(TypedDict):
    """What was taken of a lot, and why of this one."""

    quantity: str
    cost: str | None
    why: str
    lot: ExplainedLot


class ExplainedOperation(TypedDict):
    """An operation, the lots it brought and those it used."""

    operation_id: str
    operation: str
    recorded_at: str
    brought: list[ExplainedLot]
    used: list[ExplainedDraw]


def find_lots(session: Session, code_or_slug: str) -> list[int]:
    """The lots with this code, or the lots with something left of the item with this slug."""
    by_code = session.scalars(select(_lot.c.id).where(_lot.c.code == code_or_slug).order_by(_lot.c.id)).all()
    if by_code:
        return list(by_code)
    open_lots = (
        select(_lot.c.id)
        .join(_item, _item.c.id == _lot.c.item_id)
        .where(_item.c.slug == code_or_slug, _lot.c.remaining_micros > 0)
        .order_by(_lot.c.pick_on, _lot.c.received_on, _lot.c.id)
    )
    return list(session.scalars(open_lots))


def explain_lots(session: Session, lot_ids: Iterable[int]) -> list[ExplainedLot]:
    """Each lot with all it was made from, at any depth, in two statements."""
    wanted = list(lot_ids)
    operations = session.scalars(select(_lot.c.operation_id).where(_lot.c.id.in_(wanted))).all()
    movements = _load_movements(session, set(operations))
    brought = {row.lot_id: row for rows in movements.values() for row in rows if row.quantity_micros > 0}
    return [_explain_lot(brought[lot_id], movements) for lot_id in wanted]


def explain_operation(session: Session, operation_id: str) -> ExplainedOperation:
    """An operation that was recorded, with all that it and its lots rest on."""
    row = session.execute(
        select(_operation.c.name, _operation.c.recorded_at).where(_operation.c.id == operation_id)
    ).one()
    children = session.scalars(select(_operation.c.id).where(_operation.c.parent_id == operation_id)).all()
    movements = _load_movements(session, {operation_id, *children})
    own = [movement for key in (operation_id, *children) for movement in movements.get(key, [])]
    return {
        "operation_id": operation_id,
        "operation": row.name,
        "recorded_at": row.recorded_at.isoformat(),
        "brought": [_explain_lot(movement, movements) for movement in own if movement.quantity_micros > 0],
        "used": [] if any(movement.quantity_micros > 0 for movement in own) else _draws(own, movements),
    }


def _load_movements(session: Session, operation_ids: set[str]) -> dict[str, list[Any]]:
    """Every movement of these operations and of all that made the lots they used, by operation."""
    start = select(_operation.c.id.label("id")).where(_operation.c.id.in_(bindparam("ids", expanding=True)))
    below = start.cte("below", recursive=True)
    below = below.union(
        select(_lot.c.operation_id)
        .join(_movement, _movement.c.lot_id == _lot.c.id)
        .join(below, below.c.id == _movement.c.operation_id)
        .where(_movement.c.quantity_micros < 0)
    )
    rows = session.execute(
        select(
            _movement.c.operation_id.label("by_operation_id"),
            _movement.c.lot_id,
            _movement.c.quantity_micros,
            _movement.c.cost_micros,
            _lot.c.code,
            _lot.c.operation_id.label("made_by"),
            _lot.c.received_on,
            _lot.c.expires_on,
            _item.c.slug,
            _item.c.base_unit,
            _item.c.pick_policy,
            _operation.c.name.label("operation"),
            _supplier.c.name.label("supplier"),
        )
        .join(below, below.c.id == _movement.c.operation_id)
        .join(_operation, _operation.c.id == _movement.c.operation_id)
        .join(_lot, _lot.c.id == _movement.c.lot_id)
        .join(_item, _item.c.id == _lot.c.item_id)
        .outerjoin(_supplier, _supplier.c.id == _lot.c.supplier_id)
        .order_by(_movement.c.id),
        {"ids": sorted(operation_ids)},
    )
    movements: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        movements[row.by_operation_id].append(row)
    return movements


def _explain_lot(brought: Any, movements: dict[str, list[Any]]) -> ExplainedLot:
    return {
        "lot_id": brought.lot_id,
        "lot_code": brought.code,
        "item_slug": brought.slug,
        "quantity": format_micros(brought.quantity_micros),
        "unit": brought.base_unit,
        "cost": format_money(brought.cost_micros),
        "received_on": brought.received_on.isoformat(),
        "expires_on": _iso(brought.expires_on),
        "supplier": brought.supplier,
        "operation": brought.operation,
        "operation_id": brought.made_by,
        "used": _draws(movements.get(brought.made_by, []), movements),
    }


def _draws(rows: Iterable[Any], movements: dict[str, list[Any]]) -> list[ExplainedDraw]:
    draws: list[ExplainedDraw] = []
    for row in rows:
        if row.quantity_micros > 0:
            continue
        (brought,) = (made for made in movements[row.made_by] if made.lot_id == row.lot_id and made.quantity_micros > 0)
        draws.append(
            {
                "quantity": format_micros(-row.quantity_micros),
                "cost": format_money(None if row.cost_micros is None else -row.cost_micros),
                "why": _why(row),
                "lot": _explain_lot(brought, movements),
            }
        )
    return draws


def _why(row: Any) -> str:
    if row.pick_policy == "fifo":
        return f"oldest of its item: received {row.received_on}"
    if row.expires_on is None:
        return f"none of its item expires sooner; oldest of those: received {row.received_on}"
    return f"first of its item to expire: {row.expires_on}"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
