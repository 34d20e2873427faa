"""Routes of production and assembly: check, record and list runs."""

from typing import Literal

from fastapi import Request
from pydantic import ConfigDict
from starlette.responses import Response

from bake_tracker.domain.choices import CountSaw
from bake_tracker.entrypoints.api.common import (
    After,
    AlsoMade,
    Body,
    IdempotencyKey,
    Limit,
    Page,
    ReallyUsed,
    Strict,
    Warned,
    checks,
    reads,
    recorded,
    routes,
    tagged,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Factor,
    HowMany,
    Id,
    Many,
    Millionths,
    Moment,
    Money,
    Text,
)
from bake_tracker.queries.operations.history import RunRow, load_runs
from bake_tracker.services.assembly_service import (
    AssemblyCheck,
    AssemblyResult,
    check_can_assemble,
    record_assembly,
)
from bake_tracker.services.batch_production_service import (
    ProductionCheck,
    ProductionResult,
    check_can_produce,
    record_batch_production,
)
from bake_tracker.services.database import read_scope
from bake_tracker.services.production.bake_and_pack import BakeAndPackResult, record_bake_and_pack

router = routes("", "productions and assemblies")


class Batches(Body):
    """Batches of a recipe; see ``check_can_produce``."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"recipe_id": 1, "num_batches": 2}]})

    recipe_id: Id
    num_batches: HowMany
    scale_factor: Factor = 1
    used: Many[ReallyUsed] | None = None


class Production(Batches):
    """A production; see ``record_batch_production``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"recipe_id": 1, "finished_unit_id": 3, "num_batches": 2, "actual_yield": "47"}]
        }
    )

    finished_unit_id: Id
    actual_yield: Millionths
    produced_at: Moment | None = None
    count_saw: CountSaw | None = None
    event_id: Id | None = None
    loss_reason: Text | None = None
    notes: Text | None = None
    labour_cost: Money | None = None
    overhead_cost: Money | None = None
    outputs: Many[AlsoMade] | None = None


class Boxes(Body):
    """A finished good and how many to pack; see ``check_can_assemble``."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"finished_good_id": 5, "quantity": 4}]})

    finished_good_id: Id
    quantity: HowMany
    used: Many[ReallyUsed] | None = None


class Assembly(Boxes):
    """An assembly; see ``record_assembly``."""

    assembled_at: Moment | None = None
    count_saw: CountSaw | None = None
    event_id: Id | None = None
    notes: Text | None = None


class BakeAndPack(Batches):
    """A production and the goods packed from it; see ``record_bake_and_pack``."""

    finished_unit_id: Id
    actual_yield: Millionths
    finished_good_id: Id
    quantity: HowMany
    made_at: Moment | None = None
    count_saw: CountSaw | None = None
    event_id: Id | None = None
    loss_reason: Text | None = None
    notes: Text | None = None
    outputs: Many[AlsoMade] | None = None


class RunPage(Page):
    """Productions and assemblies, newest first."""

    runs: list[RunRow]


class ProductionPage(Page):
    """Productions, newest first."""

    productions: list[RunRow]


class AssemblyPage(Page):
    """Assemblies, newest first."""

    assemblies: list[RunRow]


class ProductionAnswer(ProductionResult, Warned):
    """A recorded run; ``warnings`` if it looks mistyped: ``yield_far_from_plan``, ``best_before_from_ingredient``."""


class BakeAndPackAnswer(BakeAndPackResult, Warned):
    """A recorded production and assembly; ``warnings`` as for a production."""


@router.get("/runs", **reads(RunPage))
def list_runs(request: Request, limit: Limit = 50, after: After = None) -> Response:
    """Productions and assemblies, newest first."""
    runs, end = _page(limit, after, None)
    return tagged(request, RunPage(runs=runs, next=end))


@router.get("/productions", **reads(ProductionPage))
def list_productions(request: Request, limit: Limit = 50, after: After = None) -> Response:
    """Productions, newest first."""
    runs, end = _page(limit, after, "production")
    return tagged(request, ProductionPage(productions=runs, next=end))


@router.get("/assemblies", **reads(AssemblyPage))
def list_assemblies(request: Request, limit: Limit = 50, after: After = None) -> Response:
    """Assemblies, newest first."""
    runs, end = _page(limit, after, "assembly")
    return tagged(request, AssemblyPage(assemblies=runs, next=end))


@router.post("/productions/check", **checks(ProductionCheck))
def check_production(body: Batches) -> ProductionCheck:
    """Whether the stock is enough for these batches now, and every shortage. Nothing is recorded."""
    with read_scope() as session:
        return check_can_produce(session=session, **body.given())


@router.post("/productions", **writes(ProductionAnswer))
def record_production(
    request: Request, body: Production, idempotency_key: IdempotencyKey = None, strict: Strict = False
) -> Response:
    """Take the ingredients by their policy and add the product; 409 with every shortage."""
    return recorded(request, idempotency_key, record_batch_production, strict=strict, **body.given())


@router.post("/assemblies/check", **checks(AssemblyCheck))
def check_assembly(body: Boxes) -> AssemblyCheck:
    """Whether the stock is enough to pack these goods now, and every shortage. Nothing is recorded."""
    with read_scope() as session:
        return check_can_assemble(session=session, **body.given())


@router.post("/assemblies", **writes(AssemblyResult))
def record_packing(request: Request, body: Assembly, idempotency_key: IdempotencyKey = None) -> Response:
    """Take the components and add the packed goods; 409 with every shortage."""
    return recorded(request, idempotency_key, record_assembly, **body.given())


@router.post("/bake-and-packs", **writes(BakeAndPackAnswer))
def record_baking_and_packing(
    request: Request, body: BakeAndPack, idempotency_key: IdempotencyKey = None, strict: Strict = False
) -> Response:
    """Bake and pack as one operation, all or nothing."""
    return recorded(request, idempotency_key, record_bake_and_pack, strict=strict, **body.given())


def _page(
    limit: int, after: str | None, kind: Literal["production", "assembly"] | None
) -> tuple[list[RunRow], str | None]:
    with read_scope() as session:
        runs = load_runs(session, limit + 1, before=after, kind=kind)
    return runs[:limit], runs[limit - 1]["operation_id"] if len(runs) > limit else None
