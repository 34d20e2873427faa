"""The list of all lots, past and present."""

from datetime import date
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.paging import Ask, Found
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.explain.shelf import state_of
from bake_tracker.queries.keyset import load_page


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


def load_lot_page(
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
    return load_page(session, rows, ask, lambda row: _lot(row, today), key="id", search_in=("code", "item_slug"))


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
        "expires_on": row.expires_on.isoformat() if row.expires_on else None,
        "usable_until": row.usable_until.isoformat() if row.usable_until else None,
        "state": state_of(row, today),
        "location": row.location,
        "operation_id": row.operation_id,
    }
