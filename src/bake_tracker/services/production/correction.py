"""Correct a mistyped yield, or what was used: undo the run and record it again, in one operation."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments, scale_of
from bake_tracker.domain.choices import said_of_counts
from bake_tracker.domain.errors import ConflictError, ValidationError
from bake_tracker.domain.stock.outputs import OutputInput, outputs_as_arguments, read_outputs
from bake_tracker.domain.stock.really_used import UsedInput, as_arguments, read_used
from bake_tracker.queries.catalog.definitions import load_recipe, snapshot
from bake_tracker.queries.runs.corrections import load_run
from bake_tracker.services.batch_production_service import ProductionResult, record_batch_production
from bake_tracker.services.operation import Kind, recording
from bake_tracker.services.reversal import ReversalResult, record_reversal
from bake_tracker.services.stock.counts import settling_counts

RECORD = Kind(
    "record_production_correction",
    "correction_service",
    "Corrected a run",
    success_fields=("corrected_operation_id", "actual_yield_before", "actual_yield", "reversed_count"),
)


class CorrectionResult(TypedDict):
    """The undone run, what depended on it, and the run that replaces it."""

    operation_id: str
    corrected_operation_id: str
    actual_yield_before: str
    actual_yield: str
    reversed_count: int
    reversal: ReversalResult
    production: ProductionResult


def record_production_correction(
    corrected_operation_id: UUID | str,
    actual_yield: int | Decimal,
    reason: str,
    *,
    session: Session,
    cascade: bool = False,
    loss_reason: str | None = None,
    used: Sequence[UsedInput] | None = None,
    outputs: Sequence[OutputInput] | None = None,
    count_saw: str | None = None,
    operation_id: UUID | str | None = None,
) -> CorrectionResult:
    """Undo a production and record it with another yield, or from other lots; the rest of the call stays the same.

    Recipe, batches, scale, time, event and notes stay. The ingredients return to stock before they are drawn again, by
    their policy or as the run's ``used`` said. A new ``used`` replaces that one whole; an empty list leaves every item
    to its policy. ``actual_yield`` is the first product's; ``outputs`` replaces the further ones whole. With
    ``cascade``, runs that used the output are undone too, and must be recorded again. ``loss_reason`` None keeps the
    current one. ``count_saw`` says whether a later count of what changes had seen the corrected run (``before``) or the
    mistyped one (``after``).

    Raises:
        ValidationError: an argument is not allowed, the operation is not a production, or the yield is unchanged and
            ``used`` and ``outputs`` were left out.
        CountedSinceError: it would alter what a later count found, and ``count_saw`` was left out.
        ConflictError: the recipe has changed since, or ``record_reversal`` found a conflict.
        ServiceError: any other refusal of ``record_reversal`` or ``record_batch_production``.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        target_id = given.uuid("corrected_operation_id", corrected_operation_id)
        micros = given.micros("actual_yield", actual_yield)
        why = given.name("reason", reason, limit=1_000)
        with_dependents = given.flag("cascade", cascade)
        loss = given.text("loss_reason", loss_reason)
        named = read_used(given, used)
        further = read_outputs(given, outputs, None)
        operation.count_saw = given.count_saw(count_saw)
        given.done()
        asked: dict[str, object] = {
            "corrected_operation_id": target_id,
            "actual_micros": micros,
            "reason": why,
            "cascade": with_dependents,
            "loss_reason": loss,
            **said_of_counts(operation.count_saw),
        }
        if used is not None:
            asked["used"] = [asdict(one) for one in named]
        if outputs is not None:
            asked["outputs"] = [asdict(one) for one in further]
        if done := operation.claim(asked):
            return cast(CorrectionResult, done)

        run = load_run(session, target_id)
        if run.actual_yield_micros == micros and used is None and outputs is None:
            raise ValidationError.of("actual_yield", "is already the recorded yield; there is nothing to correct")
        with settling_counts(operation):
            undone = record_reversal(target_id, why, session=session, cascade=with_dependents)
            if snapshot(load_recipe(operation.connection, run.recipe_id)).sha256 != run.snapshot_sha256:
                raise ConflictError(
                    "the recipe or a density in it has changed since; undo the run and record it again",
                    recipe_id=run.recipe_id,
                )
            production = record_batch_production(
                run.recipe_id,
                run.finished_unit_id,
                run.num_batches,
                Decimal(micros).scaleb(-6),
                session=session,
                scale_factor=scale_of(run.scale_factor),
                produced_at=run.produced_at,
                event_id=run.event_id,
                loss_reason=run.loss_reason if loss is None else loss,
                notes=run.notes,
                # The rates of its day, even if the recipe's rates have changed.
                labour_cost=Decimal(run.labour_micros).scaleb(-6),
                overhead_cost=Decimal(run.overhead_micros).scaleb(-6),
                used=as_arguments(run.used if used is None else named),
                outputs=outputs_as_arguments(run.outputs if outputs is None else further),
            )
        return operation.succeed(
            CorrectionResult(
                operation_id=operation.id,
                corrected_operation_id=target_id,
                actual_yield_before=run.actual_yield,
                actual_yield=production["actual_yield"],
                reversed_count=undone["reversed_count"],
                reversal=undone,
                production=production,
            )
        )
