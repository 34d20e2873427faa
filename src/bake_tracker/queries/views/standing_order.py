"""Standing orders with the next days that they are for."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.orders.contents import price_of, total_of
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.orders.repeating import RepeatingOrder, load_repeating_orders

AHEAD_DAYS = 28
"""How many days ahead the next days are listed."""


class StandingLine(TypedDict):
    """What a standing order wants each time; ``price`` is for one."""

    item_id: int
    item_slug: str
    item_name: str
    quantity: str
    unit: str
    price: str | None
    amount: str | None


class StandingDay(TypedDict):
    """A day of a standing order; ``order_id`` is None until the order is taken."""

    day: str
    order_id: int | None


class StandingOrderRow(TypedDict):
    """A standing order; ``rule_in_words`` is in English, and ``days`` has the next four weeks."""

    standing_order_id: int
    recipient_id: int | None
    recipient: str | None
    starts_on: str
    rule: str
    rule_in_words: str
    due_time: str | None
    how: str
    place: str | None
    note: str | None
    has_ended: bool
    lines: list[StandingLine]
    total_price: str | None
    days: list[StandingDay]


def load_standing_orders(session: Session, today: date) -> list[StandingOrderRow]:
    """All standing orders that were not undone; six statements."""
    orders = load_repeating_orders(session)
    people = _load_named(session, tables.recipient, {one.recipient_id for one in orders})
    items = _load_named(session, tables.item, {line.item_id for one in orders for line in one.lines})
    return [_row(one, people, items, today) for one in orders]


def _row(order: RepeatingOrder, people: Mapping[int, Any], items: Mapping[int, Any], today: date) -> StandingOrderRow:
    return {
        "standing_order_id": order.standing_order_id,
        "recipient_id": order.recipient_id,
        "recipient": people[order.recipient_id].name if order.recipient_id else None,
        "starts_on": order.starts_on.isoformat(),
        "rule": str(order.rule),
        "rule_in_words": order.rule.words,
        "due_time": order.due_time,
        "how": order.how,
        "place": order.place,
        "note": order.note,
        "has_ended": order.has_ended,
        "lines": [
            {
                "item_id": one.item_id,
                "item_slug": items[one.item_id].slug,
                "item_name": items[one.item_id].name,
                "quantity": format_micros(one.quantity_micros),
                "unit": items[one.item_id].base_unit,
                "price": format_money(one.price_micros),
                "amount": format_money(price_of(one.quantity_micros, one.price_micros)),
            }
            for one in order.lines
        ],
        "total_price": format_money(total_of(order.lines)),
        "days": [
            {"day": day.isoformat(), "order_id": order.taken.get(day)}
            for day in order.days(today, today + timedelta(days=AHEAD_DAYS))
        ],
    }


def _load_named(session: Session, table: Any, keys: Iterable[int | None]) -> Mapping[int, Any]:
    rows = session.execute(select(table).where(among(session, table.c.id, {key for key in keys if key is not None})))
    return {row.id: row for row in rows}
