"""Current stock for people."""

from datetime import date
from typing import Any, TypedDict

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Item, Lot, LotHold, Reversal


class StockRow(TypedDict):
    """One item: its stock, how much may be used today, and its value (None if a lot's cost is unknown)."""

    item_id: int
    slug: str
    name: str
    kind: str
    on_hand: str
    usable: str
    unit: str
    value: str | None
    lot_count: int
    next_expiry: str | None


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


# The latest hold that was not undone, of this lot or of the one it was split from.
_HELD_BECAUSE = (
    select(LotHold.reason)
    .where(
        LotHold.lot_id.in_((Lot.id, Lot.parent_lot_id)),
        LotHold.action == "hold",
        ~exists().where(Reversal.reversed_operation_id == LotHold.operation_id),
    )
    .order_by(LotHold.id.desc())
    .limit(1)
    .correlate(Lot)
    .scalar_subquery()
)


def load_stock(session: Session, today: date) -> list[StockRow]:
    """Every item with stock, by kind and name; one statement."""
    usable = and_(Lot.on_hold.is_(False), or_(Lot.usable_until.is_(None), Lot.usable_until >= today))
    rows = session.execute(
        select(
            Item.id,
            Item.slug,
            Item.name,
            Item.kind,
            Item.base_unit,
            func.sum(Lot.remaining_micros).label("on_hand"),
            func.sum(case((usable, Lot.remaining_micros), else_=0)).label("usable"),
            func.sum(Lot.remaining_cost_micros).label("value"),
            func.count(Lot.id).label("lots"),
            func.count(Lot.remaining_cost_micros).label("costed_lots"),
            func.min(Lot.expires_on).label("next_expiry"),
        )
        .join(Lot, and_(Lot.item_id == Item.id, Lot.remaining_micros > 0))
        .group_by(Item.id)
        .order_by(Item.kind, Item.name)
    )
    return [_stock_row(row) for row in rows]


def load_shelf_lots(session: Session, item_id: int, today: date) -> list[LotRow]:
    """The open lots of one item in the order of use; one statement."""
    rows = session.execute(
        select(Lot, Item.base_unit, _HELD_BECAUSE)
        .join(Item, Item.id == Lot.item_id)
        .where(Lot.item_id == item_id, Lot.remaining_micros > 0)
        .order_by(Lot.pick_on, Lot.received_on, Lot.id)
    )
    return [
        {
            "lot_id": lot.id,
            "lot_code": lot.code,
            "on_hand": format_micros(lot.remaining_micros),
            "unit": unit,
            "value": format_money(lot.remaining_cost_micros),
            "received_on": lot.received_on.isoformat(),
            "expires_on": _iso(lot.expires_on),
            "usable_until": _iso(lot.usable_until),
            "state": _state(lot, today),
            "held_because": reason if lot.on_hold else None,
            "location": lot.location,
            "operation_id": lot.operation_id,
        }
        for lot, unit, reason in rows
    ]


def _stock_row(row: Any) -> StockRow:
    return {
        "item_id": row.id,
        "slug": row.slug,
        "name": row.name,
        "kind": row.kind,
        "on_hand": format_micros(int(row.on_hand)),
        "usable": format_micros(int(row.usable)),
        "unit": row.base_unit,
        "value": format_money(int(row.value)) if row.lots == row.costed_lots else None,
        "lot_count": row.lots,
        "next_expiry": _iso(row.next_expiry),
    }


def _state(lot: Lot, today: date) -> str:
    if lot.on_hold:
        return "on hold"
    return "expired" if lot.usable_until is not None and lot.usable_until < today else "open"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
