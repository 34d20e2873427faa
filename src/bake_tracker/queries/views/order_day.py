"""The orders of a day: customers by products, what is short on the shelf, and the lots to pick."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.orders.contents import price_of, total_of
from bake_tracker.domain.orders.picking import share_out
from bake_tracker.domain.orders.views import DayLine, DayOrder, DayProduct, OrderDay
from bake_tracker.domain.stock.fifo import OpenLot, plan_draws
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.orders.repeating import load_repeating_orders
from bake_tracker.queries.orders.standing import StandingOrder, load_orders_due
from bake_tracker.queries.stock.open_lots import load_lots_to_draw


def load_order_day(session: Session, day: date) -> OrderDay:
    """The orders of a day, in a fixed number of statements.

    Lots are those that a hand-over on that day would take: the policy's first, none that is on hold or expired by then.
    The orders of the day get them in the order in which they are due.
    """
    orders = load_orders_due(session, day, day)
    items = _load_named(session, tables.item, {one.item_id for order in orders for one in order.lines})
    people = _load_named(session, tables.recipient, {order.recipient_id for order in orders})
    events = _load_named(session, tables.event, {order.event_id for order in orders})
    picks = _load_picks(session, day, orders)
    totals: defaultdict[int, Counter[str]] = defaultdict(Counter)
    listed: list[DayOrder] = []
    for order in orders:
        lines: list[DayLine] = []
        for one in order.lines:
            pick = picks[order.order_id, one.line or 0]
            left = order.left_micros(one)
            counts = {
                "ordered": one.quantity_micros,
                "handed_over": order.handed_over.get(one.line or 0, 0),
                "left": left,
                "short": left - sum(quantity for _, quantity in pick),
            }
            totals[one.item_id].update(counts)
            lines.append(
                {
                    "line": one.line or 0,
                    **_counted(items[one.item_id], counts),
                    "amount": format_money(price_of(one.quantity_micros, one.price_micros)),
                    "pick": [
                        {"lot_id": lot.lot_id, "lot_code": lot.code, "quantity": format_micros(quantity)}
                        for lot, quantity in pick
                    ],
                }
            )
        listed.append(
            {
                "order_id": order.order_id,
                "due_time": order.due_time,
                "state": order.state,
                "recipient_id": order.recipient_id,
                "recipient": people[order.recipient_id].name if order.recipient_id else None,
                "event_id": order.event_id,
                "event": events[order.event_id].name if order.event_id else None,
                "how": order.how,
                "place": order.place,
                "reference": order.reference,
                "note": order.note,
                "lines": lines,
                "total_price": format_money(total_of(order.lines)),
            }
        )
    return {
        "day": day.isoformat(),
        "products": [
            _counted(items[key], totals[key]) for key in sorted(totals, key=lambda key: (items[key].name, key))
        ],
        "orders": listed,
        "total_price": format_money(total_of(one for order in orders for one in order.lines)),
        "not_taken": [one.standing_order_id for one in load_repeating_orders(session) if one.open_days(day, day)],
    }


def _load_picks(
    session: Session, day: date, orders: Iterable[StandingOrder]
) -> Mapping[tuple[int, int], list[tuple[OpenLot, int]]]:
    """The lots for what is left of every line, by order and line; one statement."""
    wants: defaultdict[int, list[tuple[tuple[int, int], int]]] = defaultdict(list)
    for order in orders:
        for one in order.lines:
            wants[one.item_id].append(((order.order_id, one.line or 0), order.left_micros(one)))
    needs = {key: sum(left for _, left in lines) for key, lines in wants.items()}
    plan = plan_draws(needs, load_lots_to_draw(session.connection(), needs, day))
    picks: dict[tuple[int, int], list[tuple[OpenLot, int]]] = {}
    for item_id, lines in wants.items():
        draws = ((draw.lot, draw.quantity_micros) for draw in plan[item_id].draws)
        shares = share_out([left for _, left in lines], draws)
        picks |= {key: share for (key, _), share in zip(lines, shares, strict=True)}
    return picks


def _counted(item: Any, counts: Mapping[str, int]) -> DayProduct:
    return {
        "item_id": item.id,
        "item_slug": item.slug,
        "item_name": item.name,
        "unit": item.base_unit,
        "ordered": format_micros(counts["ordered"]),
        "handed_over": format_micros(counts["handed_over"]),
        "left": format_micros(counts["left"]),
        "short": format_micros(counts["short"]),
    }


def _load_named(session: Session, table: Any, keys: Iterable[int | None]) -> Mapping[int, Any]:
    """The rows with these ids."""
    rows = session.execute(select(table).where(among(session, table.c.id, {key for key in keys if key is not None})))
    return {row.id: row for row in rows}
