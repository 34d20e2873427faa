"""Labour and overhead of a batch, stored with its runs and never in the cost of a lot."""

from decimal import Decimal
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import RecipeNotFoundError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import MAX_TOTAL_MICROS
from bake_tracker.models import tables
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.operation import Kind, recording

RECORD = Kind(
    "record_recipe_rate", "rate_service", "Set a recipe's rates", success_fields=("recipe_id", "labour", "overhead")
)


class RateResult(TypedDict):
    """The new rates and the previous ones; None if there were none."""

    operation_id: str
    recipe_id: int
    slug: str
    labour: str
    overhead: str
    labour_before: str | None
    overhead_before: str | None


def record_recipe_rate(
    recipe_id: int,
    labour: int | Decimal,
    overhead: int | Decimal,
    *,
    session: Session,
    operation_id: UUID | str | None = None,
) -> RateResult:
    """Set the labour and overhead of one batch; past runs keep the rates of their day.

    Raises:
        ValidationError: an amount is below 0, or too large.
        RecipeNotFoundError: there is no such recipe.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        row = {
            "recipe_id": given.key("recipe_id", recipe_id),
            "labour_micros": given.micros("labour", labour),
            "overhead_micros": given.micros("overhead", overhead),
        }
        for name in ("labour", "overhead"):
            if row[f"{name}_micros"] > MAX_TOTAL_MICROS // 1_000_000:
                given.refuse(name, f"must be at most {MAX_TOTAL_MICROS // 1_000_000**2} for one batch")
        given.done()
        if done := operation.claim(row):
            return cast(RateResult, done)
        key = row["recipe_id"]
        known = select(tables.recipe.c.slug).where(tables.recipe.c.id == key).with_for_update(key_share=True)
        slug = session.execute(known).scalar_one_or_none()
        if slug is None:
            raise RecipeNotFoundError(key)
        before = session.execute(select(tables.recipe_rate).where(tables.recipe_rate.c.recipe_id == key)).one_or_none()
        as_it_was = load_things(session, [("recipe_rate", str(key))])
        session.execute(delete(tables.recipe_rate).where(tables.recipe_rate.c.recipe_id == key))
        session.execute(insert(tables.recipe_rate), row)
        note_changes(operation, as_it_was)
        return operation.succeed(
            RateResult(
                operation_id=operation.id,
                recipe_id=key,
                slug=slug,
                labour=cast(str, format_money(row["labour_micros"])),
                overhead=cast(str, format_money(row["overhead_micros"])),
                labour_before=format_money(before.labour_micros) if before else None,
                overhead_before=format_money(before.overhead_micros) if before else None,
            )
        )
