"""Bake and pack in one transaction, all or nothing."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.recipes.quantities import needs_of
from bake_tracker.domain.stock.outputs import OutputInput
from bake_tracker.domain.stock.really_used import UsedInput
from bake_tracker.queries.catalog.definitions import load_good, load_recipe
from bake_tracker.queries.stock.lots import load_lots
from bake_tracker.services.assembly_service import AssemblyResult, record_assembly
from bake_tracker.services.batch_production_service import ProductionRequest, ProductionResult, record_batch_production
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.ledger import lock_items

RECORD = Kind(
    "record_bake_and_pack",
    "bake_and_pack_service",
    "Baked and packed",
    success_fields=("recipe_id", "finished_good_id", "quantity"),
)


class BakeAndPackResult(TypedDict):
    """The production and the assembly that were recorded together."""

    operation_id: str
    recipe_id: int
    finished_good_id: int
    quantity: int
    production: ProductionResult
    assembly: AssemblyResult


def record_bake_and_pack(
    recipe_id: int,
    finished_unit_id: int,
    num_batches: int,
    actual_yield: int | Decimal,
    finished_good_id: int,
    quantity: int,
    *,
    session: Session,
    scale_factor: Decimal | int | float | Fraction = 1,
    made_at: datetime | None = None,
    event_id: int | None = None,
    loss_reason: str | None = None,
    notes: str | None = None,
    used: Sequence[UsedInput] | None = None,
    outputs: Sequence[OutputInput] | None = None,
    count_saw: str | None = None,
    operation_id: UUID | str | None = None,
) -> BakeAndPackResult:
    """Record a production and the goods packed from it as one operation; if either is refused, nothing is recorded.

    ``used`` lists the lots that the production really used; the assembly takes its components by their policy.
    ``outputs`` lists what else the production made.

    Raises:
        ServiceError: any refusal of ``record_batch_production`` or ``record_assembly``.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        at = given.moment("made_at", made_at, operation.time_zone)
        production_asked = ProductionRequest.read(
            given,
            operation.time_zone,
            recipe_id=recipe_id,
            finished_unit_id=finished_unit_id,
            num_batches=num_batches,
            actual_yield=actual_yield,
            scale_factor=scale_factor,
            produced_at=at,
            event_id=event_id,
            loss_reason=loss_reason,
            notes=notes,
            used=used,
            outputs=outputs,
            count_saw=count_saw,
        )
        boxes_asked = {
            "finished_good_id": given.key("finished_good_id", finished_good_id),
            "quantity": given.count("quantity", quantity),
        }
        given.done()
        operation.happened("made_at", at)
        no_rates = {"labour_micros": None, "overhead_micros": None}
        if done := operation.claim({**no_rates, **production_asked.claimed, **boxes_asked}):
            return cast(BakeAndPackResult, done)
        _lock_all(operation, production_asked, boxes_asked["finished_good_id"])
        production = record_batch_production(
            recipe_id,
            finished_unit_id,
            num_batches,
            actual_yield,
            session=session,
            scale_factor=scale_factor,
            produced_at=at,
            event_id=event_id,
            loss_reason=loss_reason,
            notes=notes,
            used=used,
            outputs=outputs,
            count_saw=count_saw,
        )
        assembly = record_assembly(
            finished_good_id, quantity, session=session, assembled_at=at, event_id=event_id, count_saw=count_saw
        )
        return operation.succeed(
            BakeAndPackResult(
                operation_id=operation.id,
                recipe_id=production["recipe_id"],
                finished_good_id=assembly["finished_good_id"],
                quantity=assembly["quantity"],
                production=production,
                assembly=assembly,
            )
        )


def _lock_all(operation: Operation, asked: ProductionRequest, finished_good_id: int) -> None:
    """Lock the items of both at once, in id order, because one after the other could deadlock."""
    with suppress(ServiceError):  # the operation that fails reports it
        recipe = load_recipe(operation.session, asked.recipe_id)
        good = load_good(operation.session, finished_good_id)
        parts = {part.item.item_id for part in good.components}
        parts |= {one.finished_unit_id for one in asked.outputs}
        if asked.used:
            named = load_lots(operation.session, {one.lot_id for one in asked.used})
            parts |= {lot.item_id for lot in named.values()}
        lock_items(operation, {*needs_of(recipe, asked.batches), asked.finished_unit_id, *parts, good.item.item_id})
