"""Bakings: record one, and look at what was baked."""

from datetime import datetime
from decimal import Decimal

from fastapi import Request
from starlette.responses import Response

from bake_tracker.entrypoints.api.common import (
    After,
    Body,
    IdempotencyKey,
    IfNoneMatch,
    Limit,
    Page,
    Quantity,
    routes,
    tagged,
)
from bake_tracker.entrypoints.api.schemas import schema_of
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.queries.history import RunRow, load_runs
from bake_tracker.services.batch_production_service import ProductionResult, record_batch_production
from bake_tracker.services.database import read_scope, run_in_transaction

router = routes("/productions", "productions")


class Production(Body):
    """A baking, as ``record_batch_production`` takes it."""

    recipe_id: int
    finished_unit_id: int
    num_batches: int
    actual_yield: Quantity
    scale_factor: Decimal = Decimal(1)
    produced_at: datetime | None = None
    event_id: int | None = None
    loss_reason: str | None = None
    notes: str | None = None
    labour_cost: Quantity | None = None
    overhead_cost: Quantity | None = None


class ProductionPage(Page):
    """Bakings, newest first."""

    productions: list[RunRow]


@router.get(
    "",
    dependencies=[VIEWER],
    response_model=schema_of(ProductionPage),
    responses={304: {"description": "You have it already"}},
)
def list_productions(
    request: Request, limit: Limit = 50, after: After = None, if_none_match: IfNoneMatch = None
) -> Response:
    """Bakings, newest first."""
    with read_scope() as session:
        runs = load_runs(session, limit + 1, before=after, kind="production")
    end = runs[limit - 1]["operation_id"] if len(runs) > limit else None
    return tagged(request, ProductionPage(productions=runs[:limit], next=end))


@router.post("", dependencies=[BAKER], status_code=201, response_model=schema_of(ProductionResult))
def record_production(body: Production, idempotency_key: IdempotencyKey = None) -> ProductionResult:
    """Take the ingredients oldest first and add what came out; 409 with every shortage when they do not suffice."""
    return run_in_transaction(
        lambda session: record_batch_production(session=session, operation_id=idempotency_key, **dict(body))
    )
