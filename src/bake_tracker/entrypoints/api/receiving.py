"""Routes of goods in: a receipt of one lot, or a delivery of several."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Request
from pydantic import ConfigDict
from starlette.responses import Response

from bake_tracker.domain.stock.bills import KINDS, SHARED_BY
from bake_tracker.entrypoints.api.common import (
    Body,
    IdempotencyKey,
    Strict,
    Warned,
    recorded,
    routes,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Amount,
    Day,
    Id,
    Moment,
    Money,
    SignedMoney,
    Some,
    Text,
    UnitText,
    line,
    one_of,
    text,
)
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.services.database import Session
from bake_tracker.services.stock.cost_statement import CostStatementResult, record_cost_statement
from bake_tracker.services.stock.delivery import DeliveryResult, record_delivery
from bake_tracker.services.stock.receipt import ReceiptResult, check_has_come, record_receipt

router = routes("", "goods in")


class GoodsLine(Body):
    """Goods that become a lot; without ``total_cost`` their cost is unknown."""

    item_id: Id
    quantity: Amount
    unit: UnitText
    total_cost: Money | None = None
    lot_code: Annotated[str, line(120)] | None = None
    expires_on: Day | None = None
    product_id: Id | None = None
    location: Annotated[str, text(120)] | None = None


class Receipt(GoodsLine):
    """A lot to receive; see ``record_receipt``."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"item_id": 1, "quantity": "25", "unit": "kg", "total_cost": "31.50"}]}
    )

    received_on: Day | None = None
    supplier_id: Id | None = None
    note: Text | None = None


class Delivery(Body):
    """A supplier's document; see ``record_delivery``. Needs ``supplier_id`` and ``lines``, or ``purchase_order_id``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "supplier_id": 1,
                    "document": "DN-1042",
                    "lines": [{"item_id": 1, "quantity": "25", "unit": "kg", "total_cost": "31.50"}],
                }
            ]
        }
    )

    supplier_id: Id | None = None
    lines: Some[GoodsLine] | None = None
    document: Annotated[str, line(120)] | None = None
    delivered_on: Day | None = None
    notes: Text | None = None
    again: bool = False
    purchase_order_id: Id | None = None


class CostLine(Body):
    """The whole cost of a lot, or a signed change of it; only an amount if the lots of a delivery share it."""

    lot_id: Id | None = None
    cost: Money | None = None
    amount: SignedMoney | None = None


class CostStatement(Body):
    """An invoice or another bill for lots that came in before; see ``record_cost_statement``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "invoice", "document": "4711", "lines": [{"lot_id": 1, "cost": "12.00"}]}]
        }
    )

    kind: Annotated[str, one_of(KINDS)]
    lines: Some[CostLine]
    document: Annotated[str, line(120)] | None = None
    stated_at: Moment | None = None
    share_by: Annotated[str, one_of(SHARED_BY)] | None = None
    delivery_id: Id | None = None
    notes: Text | None = None


class DeliveryAnswer(DeliveryResult, Warned):
    """A recorded delivery; ``warnings`` has those of all its lots."""


@router.post("/receipts", **writes(ReceiptResult))
def receive(
    request: Request, body: Receipt, idempotency_key: IdempotencyKey = None, strict: Strict = False
) -> Response:
    """Receive goods as a new lot."""
    return recorded(request, idempotency_key, _come("received_on", record_receipt), strict=strict, **body.given())


@router.post("/deliveries", **writes(DeliveryAnswer))
def deliver(
    request: Request, body: Delivery, idempotency_key: IdempotencyKey = None, strict: Strict = False
) -> Response:
    """Receive every line of a supplier's document as a lot, all or none."""
    return recorded(request, idempotency_key, _come("delivered_on", record_delivery), strict=strict, **body.given())


@router.post("/cost-statements", **writes(CostStatementResult))
def state_cost(request: Request, body: CostStatement, idempotency_key: IdempotencyKey = None) -> Response:
    """State what goods cost after they came in, and pass it on to everything made of them."""
    return recorded(request, idempotency_key, record_cost_statement, **body.given())


def _come(field: str, record: Callable[..., Mapping[str, Any]]) -> Callable[..., Mapping[str, Any]]:
    """Refuse goods that have not arrived yet."""

    def checked(*, session: Session, **arguments: Any) -> Mapping[str, Any]:
        if not is_recorded(session, arguments["operation_id"]):
            check_has_come(session, field, arguments.get(field))
        return record(session=session, **arguments)

    return checked
