"""Everything that a batch makes, and whether it comes out together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments, shown
from bake_tracker.domain.errors import FinishedUnitNotFoundError, RecipeNotFoundError
from bake_tracker.domain.recipes.together import check_shares, shares_of_cost
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import load_items, load_yields
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.catalog.recipes import lock_recipe
from bake_tracker.services.operation import Kind, recording

MAKES = Kind(
    "record_recipe_makes",
    "recipe_service",
    "Set everything a recipe makes",
    success_fields=("recipe_id", "together", "makes"),
)
_FIELDS = ("finished_unit_id", "quantity", "share")


class MadeInput(TypedDict):
    """How much of a finished unit one batch makes, in its base unit; ``share`` is its part of the cost."""

    finished_unit_id: int
    quantity: int | Decimal
    share: NotRequired[int | Decimal | Fraction | None]


class MadeResult(TypedDict):
    """What one batch makes of a finished unit; ``share`` is the stated part of the cost."""

    finished_unit_id: int
    quantity: str
    share: str | None


class RecipeMakesResult(TypedDict):
    """Everything that a batch makes: all of it if ``together``, otherwise one of the products."""

    operation_id: str
    recipe_id: int
    together: bool
    makes: list[MadeResult]


@dataclass(frozen=True, slots=True)
class _Made:
    finished_unit_id: int
    quantity_micros: int
    share: Fraction | None


def record_recipe_makes(
    recipe_id: int,
    makes: Sequence[MadeInput],
    *,
    session: Session,
    together: bool = False,
    operation_id: UUID | str | None = None,
) -> RecipeMakesResult:
    """Set everything that a batch makes, instead of what it made before.

    The products are alternatives: a batch makes one of them, or parts of each. With ``together`` they all come out of
    every batch, and the cost is divided between them by ``share``, or by weight if no shares are stated.

    Raises:
        ValidationError: an argument is not allowed, a product is listed twice, or the shares do not add up to 1.
        UnitConversionError: no shares are stated, and the weight of a product is not known.
        RecipeNotFoundError, FinishedUnitNotFoundError: there is no such recipe or unit.
    """
    with recording(MAKES, session, locals()) as operation:
        given = Arguments()
        key = given.key("recipe_id", recipe_id)
        clean = [_read(given, f"makes[{place}]", row) for place, row in enumerate(given.rows("makes", makes))]
        is_together = given.flag("together", together)
        _check(given, clean, is_together)
        given.done()
        asked = [(one.finished_unit_id, one.quantity_micros, one.share and str(one.share)) for one in clean]
        if done := operation.claim({"recipe_id": key, "makes": asked, "together": is_together}):
            return cast(RecipeMakesResult, done)

        if not lock_recipe(session, key):
            raise RecipeNotFoundError(key)
        items = load_items(session, [one.finished_unit_id for one in clean])
        for one in clean:
            if one.finished_unit_id not in items or items[one.finished_unit_id].kind != "finished_unit":
                raise FinishedUnitNotFoundError(one.finished_unit_id)
        if is_together:  # the weights are asked for now, not when it is baked
            shares_of_cost(
                {one.finished_unit_id: (items[one.finished_unit_id], one.quantity_micros) for one in clean},
                {one.finished_unit_id: one.share for one in clean},
            )

        made = {*load_yields(session, key), *items}
        before = load_things(
            session,
            [*(("recipe_yield", f"{key}:{item_id}") for item_id in sorted(made)), ("recipe_together", str(key))],
        )
        session.execute(delete(tables.recipe_together).where(tables.recipe_together.c.recipe_id == key))
        session.execute(delete(tables.recipe_yield).where(tables.recipe_yield.c.recipe_id == key))
        session.execute(
            insert(tables.recipe_yield),
            [
                {"recipe_id": key, "item_id": one.finished_unit_id, "quantity_micros": one.quantity_micros}
                for one in clean
            ],
        )
        if is_together:
            session.execute(
                insert(tables.recipe_together),
                [{"recipe_id": key, "item_id": one.finished_unit_id, "share": one.share} for one in clean],
            )
        note_changes(operation, before)
        return operation.succeed(
            RecipeMakesResult(
                operation_id=operation.id,
                recipe_id=key,
                together=is_together,
                makes=[
                    {
                        "finished_unit_id": one.finished_unit_id,
                        "quantity": format_micros(one.quantity_micros),
                        "share": None if one.share is None else str(one.share),
                    }
                    for one in clean
                ],
            )
        )


def _read(given: Arguments, at: str, row: Mapping[str, Any]) -> _Made:
    for name in sorted(row.keys() - set(_FIELDS), key=str):
        given.refuse(at, f"has no field {str(name)[:60]!r}; it takes {', '.join(_FIELDS)}")
    share = None if row.get("share") is None else given.exact(f"{at}.share", row["share"], above_zero=True)
    if share is not None and len(str(share)) > 80:
        given.refuse(f"{at}.share", "has too many digits; write it with a few decimals")
    return _Made(
        given.key(f"{at}.finished_unit_id", row.get("finished_unit_id")),
        given.micros(f"{at}.quantity", row.get("quantity"), above_zero=True),
        share,
    )


def _check(given: Arguments, clean: Sequence[_Made], is_together: bool) -> None:
    keys = [one.finished_unit_id for one in clean]
    for place, key in enumerate(keys):
        if key in keys[:place]:
            given.refuse(f"makes[{place}].finished_unit_id", f"{shown(key)} is listed twice; add the quantities")
    if is_together:
        check_shares(given, "makes", [one.share for one in clean])
        if len(clean) < 2:
            given.refuse("makes", "must list at least two products that come out together")
    elif any(one.share is not None for one in clean):
        given.refuse("makes", "can have shares of the cost only if the products come out together")
