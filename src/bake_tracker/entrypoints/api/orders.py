"""Routes of customers' orders and of what is handed over."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import ConfigDict
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

from bake_tracker.domain.choices import CountSaw
from bake_tracker.domain.orders.views import OrderDay, OrderView
from bake_tracker.domain.slice_keys import write_key
from bake_tracker.entrypoints.api.common import (
    After,
    Body,
    IdempotencyKey,
    Key,
    Limit,
    Page,
    Since,
    Until,
    asked,
    reads,
    recorded,
    routes,
    sends,
    tagged,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Amount,
    ClockTime,
    Day,
    HowMany,
    Id,
    Moment,
    Money,
    Name,
    Reason,
    Some,
    Text,
    UnitText,
    line,
)
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.order import OrderRow, load_order_slice, load_order_view
from bake_tracker.queries.views.order_day import load_order_day
from bake_tracker.services.database import read_scope
from bake_tracker.services.orders.change import (
    OrderCancellationResult,
    OrderChangeResult,
    record_order_cancellation,
    record_order_change,
)
from bake_tracker.services.orders.hand_over import HandOverResult, record_hand_over
from bake_tracker.services.orders.order import OrderResult, order_once

router = routes("", "orders")

How = Literal["pick-up", "delivery", "counter"]
Reference = Annotated[str, line(120)]


class OrderedGoods(Body):
    """A line of a new order; ``price`` is for one of the item's base unit."""

    item_id: Id
    quantity: Amount
    unit: UnitText | None = None
    price: Money | None = None


class NewOrder(Body):
    """An order; see ``record_order``. The customer's ``reference`` does the work of an ``Idempotency-Key``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "due_on": "2026-12-04",
                    "due_time": "14:30",
                    "recipient_id": 1,
                    "reference": "A-17",
                    "lines": [{"item_id": 5, "quantity": "60", "price": "12.50"}],
                }
            ]
        }
    )

    lines: Some[OrderedGoods]
    due_on: Day
    due_time: ClockTime | None = None
    recipient_id: Id | None = None
    event_id: Id | None = None
    how: How = "pick-up"
    place: Name | None = None
    reference: Reference | None = None
    note: Text | None = None


class ChangedGoods(OrderedGoods):
    """A line of a changed order; with ``line``, it is the one that has this number."""

    line: HowMany | None = None


class OrderChange(Body):
    """The fields of an order to change; see ``record_order_change``."""

    lines: Some[ChangedGoods] | SkipJsonSchema[None] = None
    due_on: Day | SkipJsonSchema[None] = None
    due_time: ClockTime | None = None
    recipient_id: Id | None = None
    event_id: Id | None = None
    how: How | SkipJsonSchema[None] = None
    place: Name | None = None
    reference: Reference | None = None
    note: Text | None = None


class OrderCancellation(Body):
    """Why an order is cancelled."""

    reason: Reason


class HandedGoods(Body):
    """A line of a hand-over: of a line of the order, an item or a lot."""

    line: HowMany | None = None
    item_id: Id | None = None
    lot_id: Id | None = None
    quantity: Amount | None = None
    unit: UnitText | None = None
    price: Money | None = None


class NewHandOver(Body):
    """Goods given to a customer; see ``record_hand_over``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"order_id": 1}, {"lines": [{"item_id": 5, "quantity": "2", "price": "12.50"}]}]
        }
    )

    order_id: Id | None = None
    lines: Some[HandedGoods] | None = None
    recipient_id: Id | None = None
    event_id: Id | None = None
    happened_at: Moment | None = None
    note: Text | None = None
    count_saw: CountSaw | None = None


class OrderPage(Page):
    """Orders by the day they are due."""

    orders: list[OrderRow]


@router.get("/orders", **reads(OrderPage))
def list_orders(
    request: Request,
    limit: Limit = 50,
    after: After = None,
    search: Annotated[
        str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="part of a name, a reference or a number")
    ] = None,
    show: Annotated[Literal["open", "all"], Query(description="`all` includes done and cancelled ones")] = "open",
    since: Since = None,
    until: Until = None,
) -> Response:
    """Orders by the day they are due."""
    with read_scope() as session:
        ask = asked("due_on", limit, after, search)
        found = load_order_slice(session, ask, shown=show, since=since, until=until)
    return tagged(request, OrderPage(orders=found.rows, next=write_key(found.next)))


@router.get("/orders/days/{day}", **reads(OrderDay))
def get_order_day(request: Request, day: date) -> Response:
    """The orders of a day with the lots to pick, and what all of them want of each product."""
    with read_scope() as session:
        return tagged(request, load_order_day(session, day))


@router.get("/orders/days/{day}/pick-list.pdf", **sends("pdf"))
def get_pick_list(day: date) -> Response:
    """What is left to hand over on a day, order by order, to pick and pack by."""
    from bake_tracker.files.order_sheets import render_pick_list  # a PDF library that others do not need

    with read_scope() as session:
        found, house = load_order_day(session, day), load_bakery(session)
    return file_answer(render_pick_list(found, house.name), f"pick-list-{day}.pdf")


@router.get("/orders/{order_id}/delivery-note.pdf", **sends("pdf"))
def get_delivery_note(order_id: Key) -> Response:
    """The delivery note of an order."""
    from bake_tracker.files.order_sheets import render_delivery_note

    with read_scope() as session:
        found, house = load_order_view(session, order_id), load_bakery(session)
    return file_answer(
        render_delivery_note(found, house.name, house.currency, house.decimals), f"delivery-note-{order_id}.pdf"
    )


@router.get("/orders/{order_id}", **reads(OrderView))
def get_order(request: Request, order_id: Key) -> Response:
    """One order with its lines, hand-overs and changes."""
    with read_scope() as session:
        return tagged(request, load_order_view(session, order_id))


@router.post("/orders", **writes(OrderResult))
def take_order(request: Request, body: NewOrder, idempotency_key: IdempotencyKey = None) -> Response:
    """Take an order. The same order with the same `reference` of a customer is recorded once."""
    return recorded(request, idempotency_key, order_once, at="/orders/{order_id}", **body.given())


@router.patch("/orders/{order_id}", **writes(OrderChangeResult, status=200))
def change_order(
    request: Request, order_id: Key, body: OrderChange, idempotency_key: IdempotencyKey = None
) -> Response:
    """Change an order; fields that you leave out stay as they are."""
    return recorded(request, idempotency_key, record_order_change, at=None, order_id=order_id, changes=body.given())


@router.post("/orders/{order_id}/cancellations", **writes(OrderCancellationResult))
def cancel_order(
    request: Request, order_id: Key, body: OrderCancellation, idempotency_key: IdempotencyKey = None
) -> Response:
    """Cancel what is left of an order."""
    return recorded(request, idempotency_key, record_order_cancellation, order_id=order_id, **body.given())


@router.post("/hand-overs", **writes(HandOverResult))
def hand_over(request: Request, body: NewHandOver, idempotency_key: IdempotencyKey = None) -> Response:
    """Hand goods over at their price: of an order, all that is left or the lines given; or without an order."""
    return recorded(request, idempotency_key, record_hand_over, **body.given())
