"""Routes that change lots: adjust, count, hold, release, move and recall."""

from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import ConfigDict, Field
from starlette.responses import Response

from bake_tracker.domain.choices import CountSaw
from bake_tracker.domain.stock.adjusting import KINDS
from bake_tracker.domain.stock.returns import MAX_RETURNED
from bake_tracker.entrypoints.api.common import (
    Body,
    IdempotencyKey,
    Key,
    checks,
    reads,
    recorded,
    routes,
    tagged,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Amount,
    Day,
    Id,
    Millionths,
    Moment,
    Money,
    OperationKey,
    Percent,
    Quantity,
    Reason,
    Signed,
    Some,
    Text,
    UnitText,
    line,
    one_of,
    text,
)
from bake_tracker.queries.stock.count_sheet import CountSheetRow, load_count_sheet
from bake_tracker.queries.stock.lots import load_lot
from bake_tracker.queries.stock.returns import HandOver, load_still_out
from bake_tracker.services.database import read_scope
from bake_tracker.services.stock.adjustment import AdjustmentResult, record_adjustment
from bake_tracker.services.stock.handling import (
    HoldResult,
    ReleaseResult,
    TransferResult,
    record_hold,
    record_release,
    record_transfer,
)
from bake_tracker.services.stock.recall import RecallResult, record_recall
from bake_tracker.services.stock.returns import ReturnResult, record_return
from bake_tracker.services.stock.stocktake import StocktakeCheck, StocktakeResult, check_stocktake, record_stocktake

router = routes("", "shelf")


class AdjustmentLine(Body):
    """A quantity of an item or of one of its lots; signed for a correction."""

    item_id: Id | None = None
    lot_id: Id | None = None
    quantity: Signed
    unit: UnitText | None = None


class Adjustment(Body):
    """Stock taken out or found; see ``record_adjustment``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "waste", "lines": [{"item_id": 3, "quantity": "2"}], "reason": "burnt"}]
        }
    )

    kind: Annotated[str, one_of(KINDS)]
    lines: Some[AdjustmentLine]
    reason: Reason | None = None
    recipient_id: Id | None = None
    event_id: Id | None = None
    happened_at: Moment | None = None
    count_saw: CountSaw | None = None


class ReturnLine(Body):
    """A quantity of a lot that comes back or goes back, with the supplier's credit for it."""

    lot_id: Id
    quantity: Amount
    unit: UnitText | None = None
    credit: Money | None = None


class Return(Body):
    """Goods from a customer or back to a supplier; see ``record_return``."""

    lines: Annotated[Some[ReturnLine], Field(max_length=MAX_RETURNED)]
    kind: Literal["from_customer", "to_supplier"] = "from_customer"
    handed_over_by: OperationKey | None = None
    put: Literal["hold", "stock", "waste"] | None = None
    to_location: Annotated[str, line(120)] | None = None
    reason: Reason | None = None
    happened_at: Moment | None = None
    count_saw: CountSaw | None = None


class CountedLot(Body):
    """What you counted of a lot: a quantity, or the percentage left of what it started with."""

    lot_id: Id
    counted: Quantity | None = None
    unit: UnitText | None = None
    percent_left: Percent | None = None
    expected: Millionths | None = None


class Count(Body):
    """A count to check; see ``check_stocktake``."""

    lines: Some[CountedLot]
    counted_at: Moment | None = None
    moved: Literal["refuse", "before", "after"] = "refuse"


class Stocktake(Count):
    """A count to record; see ``record_stocktake``."""

    notes: Text | None = None
    count_saw: CountSaw | None = None


class Hold(Body):
    """Lots to put on hold; see ``record_hold``."""

    lot_ids: Some[Id]
    reason: Reason


class Release(Hold):
    """Lots to release; see ``record_release``."""

    usable_until: Day | None = None


class Transfer(Body):
    """A lot or part of it to move, and its destination; see ``record_transfer``."""

    lot_id: Id
    to_location: Annotated[str, line(120)] | None
    quantity: Amount | None = None
    unit: UnitText | None = None
    reason: Annotated[str, text(1_000)] | None = None


class RecallOf(Body):
    """A lot to recall, or with ``same_code`` all lots that have its code; see ``record_recall``."""

    lot_id: Id
    reason: Reason | None = None
    same_code: bool = False


@router.post("/adjustments", **writes(AdjustmentResult))
def adjust(request: Request, body: Adjustment, idempotency_key: IdempotencyKey = None) -> Response:
    """Record waste, spoilage, gifts, samples, sales or corrections."""
    return recorded(request, idempotency_key, record_adjustment, **body.given())


@router.post("/returns", **writes(ReturnResult))
def take_back(request: Request, body: Return, idempotency_key: IdempotencyKey = None) -> Response:
    """Record goods that a customer brought back, or that go back to a supplier."""
    return recorded(request, idempotency_key, record_return, **body.given())


@router.get("/lots/{lot_id}/hand-overs", **reads(list[HandOver]))
def get_hand_overs(request: Request, lot_id: Key) -> Response:
    """What customers have of a lot that may still come back, latest first."""
    with read_scope() as session:
        load_lot(session, lot_id)
        return tagged(request, load_still_out(session, lot_id=lot_id))


@router.get("/count-sheet", **reads(list[CountSheetRow]))
def get_count_sheet(
    request: Request,
    location: str | None = Query(None, max_length=200, pattern=r"^[^\x00]*$", description="only lots in this place"),
    item_id: int | None = Query(None, ge=1, le=2**63 - 1),
) -> Response:
    """Every open lot, to be counted."""
    with read_scope() as session:
        return tagged(request, load_count_sheet(session, location=location, item_id=item_id))


@router.post("/stocktakes/check", **checks(StocktakeCheck))
def check_count(body: Count) -> StocktakeCheck:
    """How a count differs from the ledger. Nothing is recorded."""
    with read_scope() as session:
        return check_stocktake(session=session, **body.given())


@router.post("/stocktakes", **writes(StocktakeResult))
def record_count(request: Request, body: Stocktake, idempotency_key: IdempotencyKey = None) -> Response:
    """Adjust the ledger to the count, as one operation."""
    return recorded(request, idempotency_key, record_stocktake, **body.given())


@router.post("/holds", **writes(HoldResult))
def hold(request: Request, body: Hold, idempotency_key: IdempotencyKey = None) -> Response:
    """Put lots on hold until they are released."""
    return recorded(request, idempotency_key, record_hold, **body.given())


@router.post("/releases", **writes(ReleaseResult))
def release(request: Request, body: Release, idempotency_key: IdempotencyKey = None) -> Response:
    """Release lots from hold, or past their expiry until a given day."""
    return recorded(request, idempotency_key, record_release, **body.given())


@router.post("/transfers", **writes(TransferResult))
def transfer(request: Request, body: Transfer, idempotency_key: IdempotencyKey = None) -> Response:
    """Move a lot, or part of it, to another place."""
    return recorded(request, idempotency_key, record_transfer, **body.given())


@router.post("/recalls", **writes(RecallResult))
def recall(request: Request, body: RecallOf, idempotency_key: IdempotencyKey = None) -> Response:
    """Put a lot, and everything made from it, on hold. `/lots/{lot_id}/recall` lists who has the rest."""
    return recorded(request, idempotency_key, record_recall, **body.given())
