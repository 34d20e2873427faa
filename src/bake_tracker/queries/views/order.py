"""Orders: a list by the day they are due, and one with its lines, hand-overs and changes."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any, Literal, TypedDict

from sqlalchemy import String, and_, case, func, literal, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.orders.contents import ORDERED, OrderState, price_of, total_of
from bake_tracker.domain.orders.views import GivenGoods, GivenLine, GivenLot, OrderLineView, OrderVersionRow, OrderView
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.keyset import load_slice
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.orders.standing import StandingOrder, is_in_force, load_order

Shown = Literal["open", "all"]
_version, _line, _over, _over_line = tables.order_version, tables.order_line, tables.hand_over, tables.hand_over_line


class ListedGoods(TypedDict):
    """What a line of an order wants."""

    item_slug: str
    item_name: str
    quantity: str
    unit: str


class OrderRow(TypedDict):
    """An order in a list; ``recipient`` and ``event`` are names."""

    order_id: int
    due_on: str
    due_time: str | None
    state: OrderState
    recipient_id: int | None
    recipient: str | None
    event_id: int | None
    event: str | None
    how: str
    place: str | None
    reference: str | None
    goods: list[ListedGoods]
    total_price: str | None


def load_order_slice(
    session: Session,
    ask: Ask,
    *,
    shown: Shown = "open",
    since: date | None = None,
    until: date | None = None,
    recipient_id: int | None = None,
    event_id: int | None = None,
) -> Found[OrderRow]:
    """Orders, or only those with something left to hand over; two statements."""
    state = _state()
    rows = (
        select(
            _version.c.order_id,
            _version.c.id.label("version_id"),
            _version.c.due_on,
            _version.c.due_time,
            _version.c.recipient_id,
            tables.recipient.c.name.label("recipient"),
            _version.c.event_id,
            tables.event.c.name.label("event"),
            *(_version.c.how, _version.c.place, _version.c.reference),
            sql_cast(_version.c.order_id, String).label("number"),
            state.label("state"),
        )
        .outerjoin(tables.recipient, tables.recipient.c.id == _version.c.recipient_id)
        .outerjoin(tables.event, tables.event.c.id == _version.c.event_id)
        .where(is_in_force())
    )
    if shown == "open":
        rows = rows.where(state.in_(("open", "partly handed over")))
    if since is not None:
        rows = rows.where(_version.c.due_on >= since)
    if until is not None:
        rows = rows.where(_version.c.due_on <= until)
    if recipient_id is not None:
        rows = rows.where(_version.c.recipient_id == recipient_id)
    if event_id is not None:
        rows = rows.where(_version.c.event_id == event_id)
    found: Found[Any] = load_slice(
        session,
        rows,
        ask,
        lambda row: row,
        key="order_id",
        search_in=("recipient", "event", "reference", "number"),
    )
    goods = _load_goods(session, [row.version_id for row in found.rows])
    return Found([_row(row, goods[row.version_id]) for row in found.rows], found.next)


def load_order_view(session: Session, order_id: int) -> OrderView:
    """One order with everything about it, in a fixed number of statements.

    Raises:
        OrderNotFoundError: there is no such order, or it was undone.
    """
    order = load_order(session, order_id)
    house = load_bakery(session)
    names = session.execute(
        select(
            select(tables.recipient.c.name).where(tables.recipient.c.id == order.recipient_id).scalar_subquery(),
            select(tables.event.c.name).where(tables.event.c.id == order.event_id).scalar_subquery(),
        )
    ).one()
    return {
        "order_id": order_id,
        "due_on": order.due_on.isoformat(),
        "due_time": order.due_time,
        "state": order.state,
        "recipient_id": order.recipient_id,
        "recipient": names[0],
        "event_id": order.event_id,
        "event": names[1],
        "how": order.how,
        "place": order.place,
        "reference": order.reference,
        "note": order.note,
        "lines": _load_lines(session, order),
        "total_price": format_money(total_of(order.lines)),
        "hand_overs": _load_hand_overs(session, order_id, house),
        "versions": _load_versions(session, order_id, house),
    }


class OfferedItem(TypedDict):
    """An item that can be ordered."""

    item_id: int
    name: str
    unit: str


def load_offered_items(session: Session, limit: int) -> list[OfferedItem]:
    """Finished units and finished goods that are not archived, by name; one statement."""
    item = tables.item
    rows = session.execute(
        select(item.c.id, item.c.name, item.c.base_unit)
        .where(item.c.kind.in_(ORDERED), ~item.c.is_category, ~is_archived(item))
        .order_by(func.lower(item.c.name), item.c.id)
        .limit(limit)
    )
    return [{"item_id": row.id, "name": row.name, "unit": row.base_unit} for row in rows]


def _state() -> Any:
    """The state of an order in SQL; see ``state_of``."""
    given = (
        select(func.coalesce(func.sum(_over_line.c.quantity_micros), 0))
        .join(_over, _over.c.id == _over_line.c.hand_over_id)
        .where(_over.c.order_id == _version.c.order_id, _over_line.c.line == _line.c.line, stands(_over.c.operation_id))
        .correlate(_version, _line)
        .scalar_subquery()
    )
    left = select(_line.c.id).where(_line.c.order_version_id == _version.c.id, _line.c.quantity_micros > given)
    any_given = select(_over.c.id).where(_over.c.order_id == _version.c.order_id, stands(_over.c.operation_id))
    return case(
        (_version.c.status == "cancelled", literal("cancelled")),
        (~left.correlate(_version).exists(), literal("done")),
        (any_given.correlate(_version).exists(), literal("partly handed over")),
        else_=literal("open"),
    )


def _load_goods(session: Session, version_ids: Collection[int]) -> defaultdict[int, list[Any]]:
    goods = defaultdict[int, list[Any]](list)
    rows = session.execute(
        select(_line, tables.item.c.slug, tables.item.c.name, tables.item.c.base_unit)
        .join(tables.item, tables.item.c.id == _line.c.item_id)
        .where(among(session, _line.c.order_version_id, version_ids))
        .order_by(_line.c.order_version_id, _line.c.line)
    )
    for row in rows:
        goods[row.order_version_id].append(row)
    return goods


def _row(row: Any, goods: list[Any]) -> OrderRow:
    amounts = [price_of(one.quantity_micros, one.price_micros) for one in goods]
    return {
        "order_id": row.order_id,
        "due_on": row.due_on.isoformat(),
        "due_time": row.due_time,
        "state": row.state,
        "recipient_id": row.recipient_id,
        "recipient": row.recipient,
        "event_id": row.event_id,
        "event": row.event,
        "how": row.how,
        "place": row.place,
        "reference": row.reference,
        "goods": [
            {
                "item_slug": one.slug,
                "item_name": one.name,
                "quantity": format_micros(one.quantity_micros),
                "unit": one.base_unit,
            }
            for one in goods
        ],
        "total_price": None if None in amounts else format_money(sum(one for one in amounts if one is not None)),
    }


def _load_lines(session: Session, order: StandingOrder) -> list[OrderLineView]:
    goods = {row.line: row for row in _load_goods(session, [order.version_id])[order.version_id]}
    return [
        {
            "line": one.line or 0,
            "item_id": one.item_id,
            "item_slug": goods[one.line].slug,
            "item_name": goods[one.line].name,
            "quantity": format_micros(one.quantity_micros),
            "unit": goods[one.line].base_unit,
            "price": format_money(one.price_micros),
            "amount": format_money(price_of(one.quantity_micros, one.price_micros)),
            "handed_over": format_micros(order.handed_over.get(one.line or 0, 0)),
            "left": format_micros(order.left_micros(one)),
        }
        for one in order.lines
    ]


def _load_hand_overs(session: Session, order_id: int, house: BakeryInfo) -> list[GivenGoods]:
    rows = session.execute(
        select(
            _over.c.id,
            _over.c.operation_id,
            _over.c.happened_at,
            _over.c.note,
            *(_over_line.c.line, _over_line.c.quantity_micros, _over_line.c.price_micros, _over_line.c.amount_micros),
            *(tables.item.c.slug, tables.item.c.name, tables.item.c.base_unit),
        )
        .join(_over_line, _over_line.c.hand_over_id == _over.c.id)
        .join(tables.item, tables.item.c.id == _over_line.c.item_id)
        .where(_over.c.order_id == order_id, stands(_over.c.operation_id))
        .order_by(_over.c.id, _over_line.c.id)
    ).all()
    by_id = defaultdict[int, list[Any]](list)
    for row in rows:
        by_id[row.id].append(row)
    lots = _load_lots(session, {row.operation_id for row in rows})
    found: list[GivenGoods] = []
    for key, lines in by_id.items():
        amounts = [one.amount_micros for one in lines]
        found.append(
            {
                "operation_id": lines[0].operation_id,
                "hand_over_id": key,
                "happened_at": lines[0].happened_at.isoformat(),
                "on": house.local_day(lines[0].happened_at).isoformat(),
                "note": lines[0].note,
                "lines": [_given(one) for one in lines],
                "lots": lots[lines[0].operation_id],
                "total_price": None if None in amounts else format_money(sum(amounts)),
            }
        )
    return found


def _load_lots(session: Session, operation_ids: Collection[str]) -> defaultdict[str, list[GivenLot]]:
    adjustment, lot, item = tables.adjustment, tables.lot, tables.item
    of_lot = (lot.c.id, lot.c.code, item.c.name, item.c.base_unit)
    rows = session.execute(
        select(adjustment.c.operation_id, adjustment.c.quantity_micros, *of_lot)
        .join(lot, lot.c.id == adjustment.c.lot_id)
        .join(item, item.c.id == lot.c.item_id)
        .where(among(session, adjustment.c.operation_id, operation_ids))
        .order_by(adjustment.c.id)
    )
    lots = defaultdict[str, list[GivenLot]](list)
    for row in rows:
        quantity = format_micros(-row.quantity_micros)
        lots[row.operation_id].append(
            {
                "lot_id": row.id,
                "lot_code": row.code,
                "item_name": row.name,
                "quantity": quantity,
                "unit": row.base_unit,
            }
        )
    return lots


def _given(one: Any) -> GivenLine:
    return {
        "line": one.line,
        "item_slug": one.slug,
        "item_name": one.name,
        "quantity": format_micros(one.quantity_micros),
        "unit": one.base_unit,
        "price": format_money(one.price_micros),
        "amount": format_money(one.amount_micros),
    }


def _load_versions(session: Session, order_id: int, house: BakeryInfo) -> list[OrderVersionRow]:
    operation = tables.operation
    rows = session.execute(
        select(operation.c.id, operation.c.name, operation.c.recorded_at, operation.c.actor, _version.c.reason)
        .join(_version, and_(_version.c.operation_id == operation.c.id, _version.c.order_id == order_id))
        .where(stands(_version.c.operation_id))
        .order_by(_version.c.id)
    )
    return [
        {
            "operation_id": row.id,
            "operation": row.name,
            "recorded_at": row.recorded_at.isoformat(),
            "on": house.local_day(row.recorded_at).isoformat(),
            "actor": row.actor,
            "reason": row.reason,
        }
        for row in rows
    ]
