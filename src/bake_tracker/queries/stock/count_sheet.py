"""The count sheet: every open lot with its quantity in the ledger."""

from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.units import format_micros
from bake_tracker.models import Item, Lot


class CountSheetRow(TypedDict):
    """A lot to count; ``expected`` and ``came_with`` are in its item's base unit."""

    lot_id: int
    lot_code: str
    item_slug: str
    item_name: str
    location: str | None
    expires_on: str | None
    on_hold: bool
    expected: str
    came_with: str
    unit: str


def load_count_sheet(
    session: Session, *, location: str | None = None, item_id: int | None = None
) -> list[CountSheetRow]:
    """Open lots by place and item, in the order of use; one statement."""
    rows = (
        select(Lot, Item.slug, Item.name, Item.base_unit)
        .join(Item, Item.id == Lot.item_id)
        .where(Lot.remaining_micros > 0)
        .order_by(Lot.location.is_(None), Lot.location, Item.name, Lot.pick_on, Lot.id)
    )
    if location is not None:
        rows = rows.where(Lot.location == location)
    if item_id is not None:
        rows = rows.where(Lot.item_id == item_id)
    return [
        {
            "lot_id": lot.id,
            "lot_code": lot.code,
            "item_slug": slug,
            "item_name": name,
            "location": lot.location,
            "expires_on": lot.expires_on.isoformat() if lot.expires_on else None,
            "on_hold": lot.on_hold,
            "expected": format_micros(lot.remaining_micros),
            "came_with": format_micros(lot.quantity_micros),
            "unit": unit,
        }
        for lot, slug, name, unit in session.execute(rows)
    ]
