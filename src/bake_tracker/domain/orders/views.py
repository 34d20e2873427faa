"""An order in full, and the orders of a day."""

from decimal import Decimal
from typing import TypedDict

from bake_tracker.domain.orders.contents import OrderState


class OrderLineView(TypedDict):
    """A line of one order; ``left`` has not been handed over."""

    line: int
    item_id: int
    item_slug: str
    item_name: str
    quantity: str
    unit: str
    price: str | None
    amount: str | None
    handed_over: str
    left: str


class GivenLine(TypedDict):
    """A line of a hand-over."""

    line: int | None
    item_slug: str
    item_name: str
    quantity: str
    unit: str
    price: str | None
    amount: str | None


class GivenLot(TypedDict):
    """What a hand-over took from one lot."""

    lot_id: int
    lot_code: str
    item_name: str
    quantity: str
    unit: str


class GivenGoods(TypedDict):
    """A hand-over of an order that was not undone."""

    operation_id: str
    hand_over_id: int
    happened_at: str
    on: str
    note: str | None
    lines: list[GivenLine]
    lots: list[GivenLot]
    total_price: str | None


class OrderVersionRow(TypedDict):
    """An operation that took, changed or cancelled an order, and was not undone; ``on`` is the bakery's day."""

    operation_id: str
    operation: str
    recorded_at: str
    on: str
    actor: str | None
    reason: str | None


class OrderView(TypedDict):
    """One order as it stands."""

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
    note: str | None
    lines: list[OrderLineView]
    total_price: str | None
    hand_overs: list[GivenGoods]
    versions: list[OrderVersionRow]


class DayProduct(TypedDict):
    """What is wanted of one item; ``left`` is not handed over yet, and of that ``short`` is not on the shelf."""

    item_id: int
    item_slug: str
    item_name: str
    unit: str
    ordered: str
    handed_over: str
    left: str
    short: str


class LotToPick(TypedDict):
    """A lot to take from, and how much."""

    lot_id: int
    lot_code: str
    quantity: str


class DayLine(DayProduct):
    """A line of an order of the day; ``pick`` has the lots for what is left of it."""

    line: int
    amount: str | None
    pick: list[LotToPick]


class DayOrder(TypedDict):
    """An order of the day."""

    order_id: int
    due_time: str | None
    state: OrderState
    recipient_id: int | None
    recipient: str | None
    event_id: int | None
    event: str | None
    how: str
    place: str | None
    reference: str | None
    note: str | None
    lines: list[DayLine]
    total_price: str | None


class OrderDay(TypedDict):
    """The orders of a day by the time they are due, without cancelled ones; no total if a price is missing.

    ``not_taken`` lists the standing orders that are for this day too, and whose order was not taken yet.
    """

    day: str
    products: list[DayProduct]
    orders: list[DayOrder]
    total_price: str | None
    not_taken: list[int]


def wanted_of(order: DayOrder, item_id: int) -> str | None:
    """How much an order of a day wants of an item, which may be in several of its lines; None for nothing."""
    wants = [Decimal(line["ordered"]) for line in order["lines"] if line["item_id"] == item_id]
    return str(sum(wants)) if wants else None
