"""Lots: the list of all, past and present, and the open lots of one item in the order of use."""

from datetime import date
from typing import Any, TypedDict

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.domain.stock.lots import open_state
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.keyset import load_slice


class ListedLot(TypedDict):
    """A lot, its original and current quantity; the value is None if its cost is unknown."""

    lot_id: int
    lot_code: str
    item_id: int
    item_slug: str
    quantity: str
    on_hand: str
    unit: str
    value: str | None
    received_on: str
    expires_on: str | None
    usable_until: str | None
    state: str
    location: str | None
    operation_id: str


class LotRow(TypedDict):
    """One open lot."""

    lot_id: int
    lot_code: str
    on_hand: str
    unit: str
    value: str | None
    received_on: str
    expires_on: str | None
    usable_until: str | None
    state: str
    held_because: str | None
    location: str | None
    operation_id: str


class LotInOrder(LotRow):
    """A lot and its place in the order of use, from 1."""

    place: int


# The latest hold that was not undone, of this lot or of the one it was split from.
_HELD_BECAUSE = (
    select(tables.lot_hold.c.reason)
    .where(
        tables.lot_hold.c.lot_id.in_((tables.lot.c.id, tables.lot.c.parent_lot_id)),
        tables.lot_hold.c.action == "hold",
        ~exists().where(tables.reversal.c.reversed_operation_id == tables.lot_hold.c.operation_id),
    )
    .order_by(tables.lot_hold.c.id.desc())
    .limit(1)
    .correlate(tables.lot)
    .scalar_subquery()
    .label("held_because")
)


def load_lot_slice(
    session: Session,
    ask: Ask,
    today: date,
    *,
    item_id: int | None = None,
    code: str | None = None,
    lot_id: int | None = None,
    only_there: bool = False,
) -> Found[ListedLot]:
    """Lots sorted by any column, including used-up ones unless ``only_there``; one statement."""
    rows = select(tables.lot, tables.item.c.slug.label("item_slug"), tables.item.c.base_unit).join(
        tables.item, tables.item.c.id == tables.lot.c.item_id
    )
    if item_id is not None:
        rows = rows.where(tables.lot.c.item_id == item_id)
    if code is not None:
        rows = rows.where(tables.lot.c.code == code)
    if lot_id is not None:
        rows = rows.where(tables.lot.c.id == lot_id)
    if only_there:
        rows = rows.where(tables.lot.c.remaining_micros > 0)
    return load_slice(session, rows, ask, lambda row: _lot(row, today), key="id", search_in=("code", "item_slug"))


def load_open_lots(session: Session, item_id: int, today: date) -> list[LotRow]:
    """The open lots of one item in the order of use; one statement."""
    rows = session.execute(
        select(tables.lot, tables.item.c.base_unit, _HELD_BECAUSE)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .where(tables.lot.c.item_id == item_id, tables.lot.c.remaining_micros > 0)
        .order_by(tables.lot.c.pick_on, tables.lot.c.received_on, tables.lot.c.id)
    )
    return [_open_lot(row, today) for row in rows]


def load_lots_in_order(session: Session, item_id: int, today: date) -> list[LotInOrder]:
    """The open lots of one item, numbered in the order of use; one statement."""
    return [{**lot, "place": place} for place, lot in enumerate(load_open_lots(session, item_id, today), 1)]


def _lot(row: Any, today: date) -> ListedLot:
    return {
        "lot_id": row.id,
        "lot_code": row.code,
        "item_id": row.item_id,
        "item_slug": row.item_slug,
        "quantity": format_micros(row.quantity_micros),
        "on_hand": format_micros(row.remaining_micros),
        "unit": row.base_unit,
        "value": format_money(row.remaining_cost_micros),
        "received_on": row.received_on.isoformat(),
        "expires_on": _iso(row.expires_on),
        "usable_until": _iso(row.usable_until),
        "state": open_state(row.on_hold, row.usable_until, today) if row.remaining_micros else "used up",
        "location": row.location,
        "operation_id": row.operation_id,
    }


def _open_lot(row: Any, today: date) -> LotRow:
    return {
        "lot_id": row.id,
        "lot_code": row.code,
        "on_hand": format_micros(row.remaining_micros),
        "unit": row.base_unit,
        "value": format_money(row.remaining_cost_micros),
        "received_on": row.received_on.isoformat(),
        "expires_on": _iso(row.expires_on),
        "usable_until": _iso(row.usable_until),
        "state": open_state(row.on_hold, row.usable_until, today),
        "held_because": row.held_because if row.on_hold else None,
        "location": row.location,
        "operation_id": row.operation_id,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
