"""Routes of standing orders."""

from typing import Annotated, TypedDict

from fastapi import Request
from pydantic import ConfigDict, Field
from starlette.responses import Response

from bake_tracker.entrypoints.api.common import (
    Body,
    IdempotencyKey,
    Key,
    reads,
    recorded,
    routes,
    tagged,
    today,
    writes,
)
from bake_tracker.entrypoints.api.fields import ClockTime, Day, Id, Name, Some, Text, line
from bake_tracker.entrypoints.api.orders import How, OrderedGoods
from bake_tracker.entrypoints.http.access import OWNER
from bake_tracker.queries.views.standing_order import StandingOrderRow, load_standing_orders
from bake_tracker.services.database import read_scope
from bake_tracker.services.orders.standing import (
    StandingDayResult,
    StandingDaysResult,
    StandingOrderResult,
    StandingOrderStopResult,
    record_standing_order,
    record_standing_order_day,
    record_standing_order_days,
    record_standing_order_stop,
)

router = routes("", "orders")

RuleText = Annotated[str, line(120), Field(description="as in RFC 5545: FREQ, INTERVAL, BYDAY and UNTIL")]


class NewStandingOrder(Body):
    """A standing order; see ``record_standing_order``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "starts_on": "2026-12-01",
                    "rule": "FREQ=WEEKLY;BYDAY=TU,FR",
                    "due_time": "07:30",
                    "recipient_id": 1,
                    "lines": [{"item_id": 5, "quantity": "20", "price": "12.50"}],
                }
            ]
        }
    )

    lines: Some[OrderedGoods]
    rule: RuleText
    starts_on: Day
    recipient_id: Id | None = None
    due_time: ClockTime | None = None
    how: How = "pick-up"
    place: Name | None = None
    note: Text | None = None


class StandingOrderStop(Body):
    """Days without a standing order; without a last day, it ends."""

    since: Day
    until: Day | None = None
    reason: Text | None = None


class StandingOrderDay(Body):
    """A day of a standing order to take the order for, with other lines if some are given."""

    day: Day
    lines: Some[OrderedGoods] | None = None


class StandingOrderDays(Body):
    """The last day to take the orders of standing orders for."""

    until: Day


class StandingOrders(TypedDict):
    """All standing orders with their next days."""

    standing_orders: list[StandingOrderRow]


@router.get("/standing-orders", **reads(StandingOrders))
def list_standing_orders(request: Request) -> Response:
    """Standing orders with the next four weeks of days."""
    with read_scope() as session:
        return tagged(request, StandingOrders(standing_orders=load_standing_orders(session, today(session))))


@router.post("/standing-orders", **writes(StandingOrderResult, OWNER))
def take_standing_order(request: Request, body: NewStandingOrder, idempotency_key: IdempotencyKey = None) -> Response:
    """Take a standing order; its days become orders when they are taken."""
    return recorded(request, idempotency_key, record_standing_order, **body.given())


@router.post("/standing-orders/days", **writes(StandingDaysResult))
def take_standing_days(request: Request, body: StandingOrderDays, idempotency_key: IdempotencyKey = None) -> Response:
    """Take the orders of all standing orders from today until a day."""
    return recorded(request, idempotency_key, record_standing_order_days, **body.given())


@router.post("/standing-orders/{standing_order_id}/days", **writes(StandingDayResult))
def take_standing_day(
    request: Request, standing_order_id: Key, body: StandingOrderDay, idempotency_key: IdempotencyKey = None
) -> Response:
    """Take the order for one day of a standing order."""
    return recorded(
        request, idempotency_key, record_standing_order_day, standing_order_id=standing_order_id, **body.given()
    )


@router.post("/standing-orders/{standing_order_id}/stops", **writes(StandingOrderStopResult))
def stop_standing_order(
    request: Request, standing_order_id: Key, body: StandingOrderStop, idempotency_key: IdempotencyKey = None
) -> Response:
    """Leave out a standing order on some days, or end it."""
    return recorded(
        request, idempotency_key, record_standing_order_stop, standing_order_id=standing_order_id, **body.given()
    )
