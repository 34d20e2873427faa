"""Batch options: what one mix of a recipe may be, which plans keep to."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import RecipeNotFoundError
from bake_tracker.domain.planning.batches import batch_sizes
from bake_tracker.domain.planning.ways import PARTS
from bake_tracker.domain.units import format_quantity
from bake_tracker.models import tables
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.operation import Kind, recording

RECORD = Kind(
    "record_recipe_batches",
    "batch_option_service",
    "Set a recipe's batches",
    success_fields=("recipe_id", "step", "smallest", "largest"),
)

LARGEST_MIX = 100
"""In batches; a plan tries every size up to the largest."""


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """The normalised arguments; two calls are the same when these are."""

    recipe_id: int
    step: str
    smallest: str | None
    largest: str | None


class BatchResult(TypedDict):
    """What one mix may be now, in batches; None where there is no limit of its own."""

    operation_id: str
    recipe_id: int
    slug: str
    step: str
    smallest: str | None
    largest: str | None


def record_recipe_batches(
    recipe_id: int,
    *,
    session: Session,
    step: str = "whole",
    smallest: int | Decimal | Fraction | None = None,
    largest: int | Decimal | Fraction | None = None,
    operation_id: UUID | str | None = None,
) -> BatchResult:
    """Set what one mix of a recipe may be, in the caller's transaction: plans then say how many mixes of which size.

    ``step`` is ``whole``, ``half`` or ``quarter`` batches. ``smallest`` is what the mixer still mixes, ``largest`` what
    the mixer or oven holds, in batches; without it, a mix is at most one batch, or the smallest.

    Raises:
        ValidationError: an argument is not allowed, or no size is within the limits.
        RecipeNotFoundError: there is no such recipe.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        key, parts = given.key("recipe_id", recipe_id), given.choice("step", step, PARTS)
        limits: dict[str, Fraction | None] = {}
        for name, value in (("smallest", smallest), ("largest", largest)):
            limits[name] = None if value is None else given.exact(name, value, above_zero=True)
            if (limits[name] or 0) > LARGEST_MIX:
                given.refuse(name, f"must be at most {LARGEST_MIX} batches, not {value}")
        given.done()
        batch_sizes(step=Fraction(1, PARTS[parts]), smallest=limits["smallest"], largest=limits["largest"])
        texts = {name: None if value is None else format_quantity(value) for name, value in limits.items()}
        asked = BatchRequest(key, parts, texts["smallest"], texts["largest"])
        if done := operation.claim(asdict(asked)):
            return cast(BatchResult, done)

        # load
        known = select(tables.recipe.c.slug).where(tables.recipe.c.id == key).with_for_update(key_share=True)
        slug = session.execute(known).scalar_one_or_none()
        if slug is None:
            raise RecipeNotFoundError(key)

        # write
        before = load_things(session, [("recipe_batch", str(key))])
        session.execute(delete(tables.recipe_batch).where(tables.recipe_batch.c.recipe_id == key))
        session.execute(insert(tables.recipe_batch), {"recipe_id": key, "parts": PARTS[parts], **limits})
        note_changes(operation, before)
        return operation.succeed(
            BatchResult(
                operation_id=operation.id,
                recipe_id=key,
                slug=slug,
                step=asked.step,
                smallest=asked.smallest,
                largest=asked.largest,
            )
        )
