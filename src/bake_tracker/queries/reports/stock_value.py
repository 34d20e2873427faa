"""Stock value at cost, by item and lot; lots of unknown cost are listed."""

from collections import defaultdict
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.models import Item, Lot
from bake_tracker.queries.bakery import load_bakery


class ValuedLot(TypedDict):
    """An open lot; ``value`` is the cost of what is left, None if unknown."""

    kind: str
    item_slug: str
    lot_code: str
    quantity: str
    unit: str
    value: str | None
    unit_cost: str | None
    received_on: str
    usable_until: str | None
    location: str | None


class ValuedItem(TypedDict):
    """All lots of an item; ``value`` is None if any cost is unknown, ``known_value`` leaves those lots out.

    They hold ``quantity_without_cost``.
    """

    kind: str
    item_slug: str
    quantity: str
    unit: str
    value: str | None
    known_value: str
    quantity_without_cost: str
    lot_count: int
    lots_without_cost: list[str]


class StockValue(TypedDict):
    """The stock at one moment, with its total value."""

    as_of: str
    currency: str
    value: str | None
    known_value: str
    lots_without_cost: list[str]
    items: list[ValuedItem]
    lots: list[ValuedLot]


def load_stock_value(session: Session, as_of: datetime) -> StockValue:
    """The value of all current stock; two statements."""
    house = load_bakery(session)
    by_item: defaultdict[str, list[Any]] = defaultdict(list)
    for row in session.execute(
        select(
            Item.kind,
            Item.slug,
            Item.base_unit,
            Lot.code,
            Lot.remaining_micros,
            Lot.remaining_cost_micros,
            Lot.received_on,
            Lot.usable_until,
            Lot.location,
        )
        .join(Item, Item.id == Lot.item_id)
        .where(Lot.remaining_micros > 0)
        .order_by(Item.kind, Item.slug, Lot.pick_on, Lot.received_on, Lot.id)
    ):
        by_item[row.slug].append(row)
    lots = [row for rows in by_item.values() for row in rows]
    return {
        "as_of": as_of.isoformat(timespec="seconds"),
        "currency": house.currency,
        **_worth(lots),
        "items": [_item(rows) for rows in by_item.values()],
        "lots": [_lot(row) for row in lots],
    }


class _Worth(TypedDict):
    value: str | None
    known_value: str
    lots_without_cost: list[str]


def _worth(lots: list[Any]) -> _Worth:
    unknown = [lot.code for lot in lots if lot.remaining_cost_micros is None]
    known = format_money(sum(lot.remaining_cost_micros or 0 for lot in lots)) or ""
    return {"value": None if unknown else known, "known_value": known, "lots_without_cost": unknown}


def _item(lots: list[Any]) -> ValuedItem:
    return {
        "kind": lots[0].kind,
        "item_slug": lots[0].slug,
        "quantity": format_micros(sum(lot.remaining_micros for lot in lots)),
        "unit": lots[0].base_unit,
        **_worth(lots),
        "quantity_without_cost": format_micros(
            sum(lot.remaining_micros for lot in lots if lot.remaining_cost_micros is None)
        ),
        "lot_count": len(lots),
    }


def _lot(lot: Any) -> ValuedLot:
    cost = lot.remaining_cost_micros
    each = None if cost is None else divide_half_even(cost * MICRO, lot.remaining_micros)
    return {
        "kind": lot.kind,
        "item_slug": lot.slug,
        "lot_code": lot.code,
        "quantity": format_micros(lot.remaining_micros),
        "unit": lot.base_unit,
        "value": format_money(cost),
        "unit_cost": format_money(each),
        "received_on": lot.received_on.isoformat(),
        "usable_until": lot.usable_until.isoformat() if lot.usable_until else None,
        "location": lot.location,
    }
