"""Routes of purchase orders."""

from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import ConfigDict
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

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
from bake_tracker.entrypoints.api.fields import Day, HowMany, Id, Money, Reason, Some, Text
from bake_tracker.entrypoints.http.access import OWNER
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.purchase import PurchaseRow, PurchaseView, load_purchase_slice, load_purchase_view
from bake_tracker.services.buying.change import (
    PurchaseOrderCancellationResult,
    PurchaseOrderChangeResult,
    record_purchase_order_cancellation,
    record_purchase_order_change,
)
from bake_tracker.services.buying.purchase_order import PurchaseOrderResult, record_purchase_order
from bake_tracker.services.database import read_scope
from bake_tracker.services.planning.purchases import SuggestedPurchasesResult, record_suggested_purchases

router = routes("", "buying")


class BoughtPacks(Body):
    """A line of a purchase order; without ``price``, that of the product's terms holds."""

    product_id: Id
    packs: HowMany
    price: Money | None = None


class NewPurchaseOrder(Body):
    """An order to a supplier; see ``record_purchase_order``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "supplier_id": 1,
                    "wanted_on": "2026-12-04",
                    "lines": [{"product_id": 1, "packs": 4, "price": "18.50"}],
                }
            ]
        }
    )

    supplier_id: Id
    lines: Some[BoughtPacks]
    wanted_on: Day
    note: Text | None = None


class PurchaseOrderChange(Body):
    """The fields of a purchase order to change; see ``record_purchase_order_change``."""

    supplier_id: Id | SkipJsonSchema[None] = None
    lines: Some[BoughtPacks] | SkipJsonSchema[None] = None
    wanted_on: Day | SkipJsonSchema[None] = None
    note: Text | None = None


class PurchaseOrderCancellation(Body):
    """Why nothing more will come."""

    reason: Reason


class SuggestedPurchases(Body):
    """The days of the plan, and until when to order; see ``record_suggested_purchases``."""

    since: Day | None = None
    until: Day | None = None
    order_by: Day | None = None


class PurchaseOrderPage(Page):
    """Purchase orders by the day they should come."""

    purchase_orders: list[PurchaseRow]


@router.get("/purchase-orders", **reads(PurchaseOrderPage))
def list_purchase_orders(
    request: Request,
    limit: Limit = 50,
    after: After = None,
    search: Annotated[
        str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="part of a supplier's name or a number")
    ] = None,
    show: Annotated[Literal["open", "all"], Query(description="`all` includes those that are done")] = "open",
    since: Since = None,
    until: Until = None,
) -> Response:
    """Purchase orders by the day they should come."""
    with read_scope() as session:
        ask = asked("wanted_on", limit, after, search)
        found = load_purchase_slice(session, ask, shown=show, since=since, until=until)
    return tagged(request, PurchaseOrderPage(purchase_orders=found.rows, next=write_key(found.next)))


@router.get("/purchase-orders/{purchase_order_id}", **reads(PurchaseView))
def get_purchase_order(request: Request, purchase_order_id: Key) -> Response:
    """One purchase order with its lines, what came for it, and its changes."""
    with read_scope() as session:
        return tagged(request, load_purchase_view(session, purchase_order_id))


@router.get("/purchase-orders/{purchase_order_id}/sheet.pdf", **sends("pdf"))
def get_purchase_sheet(purchase_order_id: Key) -> Response:
    """A purchase order as the supplier gets it."""
    from bake_tracker.files.purchase_pdf import render_purchase_order  # a PDF library that others do not need

    with read_scope() as session:
        found, house = load_purchase_view(session, purchase_order_id), load_bakery(session)
    content = render_purchase_order(found, house.name, house.currency, house.decimals)
    return file_answer(content, f"purchase-order-{purchase_order_id}.pdf")


@router.post("/purchase-orders", **writes(PurchaseOrderResult, OWNER))
def send_purchase_order(request: Request, body: NewPurchaseOrder, idempotency_key: IdempotencyKey = None) -> Response:
    """Order packages from a supplier. What comes is a delivery with the `purchase_order_id`."""
    at = "/purchase-orders/{purchase_order_id}"
    return recorded(request, idempotency_key, record_purchase_order, at=at, **body.given())


@router.patch("/purchase-orders/{purchase_order_id}", **writes(PurchaseOrderChangeResult, OWNER, status=200))
def change_purchase_order(
    request: Request, purchase_order_id: Key, body: PurchaseOrderChange, idempotency_key: IdempotencyKey = None
) -> Response:
    """Change a purchase order; fields that you leave out stay as they are."""
    record, changes = record_purchase_order_change, body.given()
    return recorded(request, idempotency_key, record, at=None, purchase_order_id=purchase_order_id, changes=changes)


@router.post("/purchase-orders/{purchase_order_id}/cancellations", **writes(PurchaseOrderCancellationResult, OWNER))
def cancel_purchase_order(
    request: Request, purchase_order_id: Key, body: PurchaseOrderCancellation, idempotency_key: IdempotencyKey = None
) -> Response:
    """Record that nothing more will come for a purchase order."""
    record = record_purchase_order_cancellation
    return recorded(request, idempotency_key, record, purchase_order_id=purchase_order_id, **body.given())


@router.post("/plan/purchases", **writes(SuggestedPurchasesResult, OWNER))
def order_suggested(request: Request, body: SuggestedPurchases, idempotency_key: IdempotencyKey = None) -> Response:
    """Order what the plan suggests to buy, one purchase order for each supplier and day of arrival."""
    return recorded(request, idempotency_key, record_suggested_purchases, **body.given())
