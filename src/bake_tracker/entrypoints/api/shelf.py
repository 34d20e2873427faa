"""What is done to lots on the shelf: adjusted, counted, held, released, moved, recalled."""

from typing import Literal

from fastapi import Query, Request
from pydantic import ConfigDict
from starlette.responses import Response

from bake_tracker.entrypoints.api.common import (
    Body,
    Day,
    IdempotencyKey,
    Moment,
    Quantity,
    Whole,
    checks,
    reads,
    recorded,
    routes,
    tagged,
    writes,
)
from bake_tracker.queries.stock.count_sheet import CountSheetRow, load_count_sheet
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
from bake_tracker.services.stock.stocktake import StocktakeCheck, StocktakeResult, check_stocktake, record_stocktake

router = routes("", "shelf")


class AdjustmentLine(Body):
    """So much of an item, or of one lot of it; of a correction with its sign."""

    item_id: Whole | None = None
    lot_id: Whole | None = None
    quantity: Quantity
    unit: str | None = None


class Adjustment(Body):
    """What left the shelf or was found, as ``record_adjustment`` takes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "waste", "lines": [{"item_id": 3, "quantity": "2"}], "reason": "burnt"}]
        }
    )

    kind: str
    lines: list[AdjustmentLine]
    reason: str | None = None
    recipient_id: Whole | None = None
    event_id: Whole | None = None
    happened_at: Moment | None = None


class CountedLot(Body):
    """What was found of a lot: a quantity, or how much of what it came with is left in per cent."""

    lot_id: Whole
    counted: Quantity | None = None
    unit: str | None = None
    percent_left: Quantity | None = None
    expected: Quantity | None = None


class Count(Body):
    """What was found, as ``check_stocktake`` takes it."""

    lines: list[CountedLot]
    moved: Literal["refuse", "before", "after"] = "refuse"


class Stocktake(Count):
    """What was found, as ``record_stocktake`` takes it."""

    counted_at: Moment | None = None
    notes: str | None = None


class Hold(Body):
    """Lots to keep from use, as ``record_hold`` takes them."""

    lot_ids: list[Whole]
    reason: str


class Release(Hold):
    """Lots to let be used, as ``record_release`` takes them."""

    usable_until: Day | None = None


class Transfer(Body):
    """A lot, or a part of it, and where it goes, as ``record_transfer`` takes it."""

    lot_id: Whole
    to_location: str | None
    quantity: Quantity | None = None
    unit: str | None = None
    reason: str | None = None


class RecallOf(Body):
    """A lot to call back, as ``record_recall`` takes it."""

    lot_id: Whole
    reason: str | None = None


@router.post("/adjustments", **writes(AdjustmentResult))
def adjust(request: Request, body: Adjustment, idempotency_key: IdempotencyKey = None) -> Response:
    """Record what was wasted, spoiled, given, sampled or sold, or correct what is there."""
    return recorded(request, idempotency_key, record_adjustment, **body.given())


@router.get("/count-sheet", **reads(list[CountSheetRow]))
def get_count_sheet(
    request: Request,
    location: str | None = Query(None, max_length=200, pattern=r"^[^\x00]*$", description="only what is kept there"),
    item_id: int | None = Query(None, ge=1, le=2**63 - 1),
) -> Response:
    """Every lot with something left in it, to be counted."""
    with read_scope() as session:
        return tagged(request, load_count_sheet(session, location=location, item_id=item_id))


@router.post("/stocktakes/check", **checks(StocktakeCheck))
def check_count(body: Count) -> StocktakeCheck:
    """How what was counted differs from the ledger; nothing is recorded."""
    with read_scope() as session:
        return check_stocktake(session=session, **body.given())


@router.post("/stocktakes", **writes(StocktakeResult))
def record_count(request: Request, body: Stocktake, idempotency_key: IdempotencyKey = None) -> Response:
    """Bring the ledger to what was counted, all of it as one operation."""
    return recorded(request, idempotency_key, record_stocktake, **body.given())


@router.post("/holds", **writes(HoldResult))
def hold(request: Request, body: Hold, idempotency_key: IdempotencyKey = None) -> Response:
    """Keep lots from being used until they are released."""
    return recorded(request, idempotency_key, record_hold, **body.given())


@router.post("/releases", **writes(ReleaseResult))
def release(request: Request, body: Release, idempotency_key: IdempotencyKey = None) -> Response:
    """Let lots be used: from hold, and past their expiry where it says until when."""
    return recorded(request, idempotency_key, record_release, **body.given())


@router.post("/transfers", **writes(TransferResult))
def transfer(request: Request, body: Transfer, idempotency_key: IdempotencyKey = None) -> Response:
    """Move a lot, whole or in part, to another place."""
    return recorded(request, idempotency_key, record_transfer, **body.given())


@router.post("/recalls", **writes(RecallResult))
def recall(request: Request, body: RecallOf, idempotency_key: IdempotencyKey = None) -> Response:
    """Hold what is left of a lot and of all that was made of it; who has the rest is `/lots/{lot_id}/recall`."""
    return recorded(request, idempotency_key, record_recall, **body.given())
