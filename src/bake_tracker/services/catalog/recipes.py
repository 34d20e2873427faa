"""Recipes: the ingredients and yields of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.catalog_changes import Rows, Thing
from bake_tracker.domain.errors import (
    FinishedUnitNotFoundError,
    ItemNotFoundError,
    RecipeNotFoundError,
    ValidationError,
)
from bake_tracker.domain.recipes.quantities import BATCH, batches_by_recipe, topological_order
from bake_tracker.domain.recipes.together import shares_of_cost
from bake_tracker.domain.slugs import read_slug
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.definitions import (
    load_items,
    load_recipe,
    load_recipe_children,
    load_slugs,
    load_yields,
)
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.catalog.things import insert_named
from bake_tracker.services.operation import Kind, recording

RECIPE = Kind("record_recipe", "recipe_service", "Saved a recipe", success_fields=("recipe_id", "slug", "line_count"))
YIELD = Kind(
    "record_recipe_yield",
    "recipe_service",
    "Set what a recipe makes",
    success_fields=("recipe_id", "finished_unit_id", "quantity"),
)


class LineInput(TypedDict):
    """A recipe line: ``quantity`` in ``unit`` of an item or a sub-recipe; without a unit, batches of a sub-recipe."""

    quantity: int | Decimal | Fraction
    unit: NotRequired[str]
    item_id: NotRequired[int]
    sub_recipe_id: NotRequired[int]


class RecipeResult(TypedDict):
    """A recorded recipe."""

    operation_id: str
    recipe_id: int
    slug: str
    line_count: int


class RecipeYieldResult(TypedDict):
    """The quantity of a finished unit that one batch makes, in its base unit."""

    operation_id: str
    recipe_id: int
    finished_unit_id: int
    quantity: str


@dataclass(frozen=True, slots=True)
class CleanLine:
    """A checked line."""

    quantity: Fraction
    unit: str
    item_id: int | None
    sub_recipe_id: int | None


def record_recipe(
    name: str,
    lines: Sequence[LineInput],
    *,
    session: Session,
    recipe_id: int | None = None,
    slug: str | None = None,
    category: str | None = None,
    source: str | None = None,
    notes: str | None = None,
    operation_id: UUID | str | None = None,
) -> RecipeResult:
    """Add a recipe, or with ``recipe_id`` replace an existing one's lines; past runs keep their version.

    An existing recipe keeps its slug, and also its category, source and notes if they are left out.

    A line of a sub-recipe by weight or volume takes that part of its batch. The weight of a batch is that of what it
    makes, if that is known, otherwise that of all its ingredients; the volume is that of what it makes.

    Raises:
        UnitConversionError: a line takes a sub-recipe by a weight or volume that is not known of its batch.
        ValidationError: an argument is not allowed; a line names neither or both of item and sub-recipe; a slug is
            given for an existing recipe.
        RecipeCycleError: the recipe would contain itself; names the path.
        RecipeNotFoundError, ItemNotFoundError: there is no such recipe or item.
        ConflictError: another recipe has this slug.
    """
    with recording(RECIPE, session, locals()) as operation:
        given = Arguments()
        clean_name = given.name("name", name)
        clean = [_clean_line(given, number, line) for number, line in enumerate(given.rows("lines", lines))]
        key = given.optional_key("recipe_id", recipe_id)
        row: dict[str, Any] = {
            "name": clean_name,
            "slug": read_slug(given, clean_name, slug),
            "category": given.text("category", category, limit=120),
            "source": given.text("source", source, limit=300),
            "notes": given.text("notes", notes),
        }
        if key is not None:
            if slug is not None:
                given.refuse("slug", "cannot be changed for an existing recipe; leave it out")
            row = {field: value for field, value in row.items() if field != "slug" and value is not None}
        given.done()
        if done := operation.claim({**row, "recipe_id": key, "lines": [repr(line) for line in clean]}):
            return cast(RecipeResult, done)
        lock_bakery(session)  # two edits at once could together close a circle
        _check_references(session, clean)
        before: dict[Thing, Rows] = {}
        if key is None:
            key = insert_named(operation, tables.recipe, row)
            before[("recipe_line", str(key))] = []
        else:
            if not lock_recipe(session, key):
                raise RecipeNotFoundError(key)
            before |= load_things(session, [("recipe", str(key)), ("recipe_line", str(key))])
            _replace(session, key, row)
        names = {known: of_slug for of_slug, known in load_slugs(session, "recipe").items()}
        _check_cycle(session, key, names, clean)
        session.execute(insert(tables.recipe_line), [_line_row(key, number, line) for number, line in enumerate(clean)])
        if any(line.sub_recipe_id is not None and line.unit != BATCH for line in clean):
            batches_by_recipe(load_recipe(session, key))
        note_changes(operation, before)
        return operation.succeed(
            RecipeResult(operation_id=operation.id, recipe_id=key, slug=names[key], line_count=len(clean))
        )


def record_recipe_yield(
    recipe_id: int,
    finished_unit_id: int,
    quantity: int | Decimal,
    *,
    session: Session,
    operation_id: UUID | str | None = None,
) -> RecipeYieldResult:
    """Set the ``quantity`` of a finished unit that one batch makes, in its base unit.

    If the recipe's products come out together, a new one joins them.

    Raises:
        ValidationError: the quantity is not above 0 or has more than six decimals, or a new product joins others that
            have stated shares.
        UnitConversionError: a new product joins others by weight, and its weight is not known.
        RecipeNotFoundError, FinishedUnitNotFoundError: there is no such recipe or unit.
    """
    with recording(YIELD, session, locals()) as operation:
        given = Arguments()
        row: dict[str, int] = {
            "recipe_id": given.key("recipe_id", recipe_id),
            "item_id": given.key("finished_unit_id", finished_unit_id),
            "quantity_micros": given.micros("quantity", quantity, above_zero=True),
        }
        given.done()
        if done := operation.claim(row):
            return cast(RecipeYieldResult, done)
        if not lock_recipe(session, row["recipe_id"]):
            raise RecipeNotFoundError(row["recipe_id"])
        item = load_items(session, [row["item_id"]]).get(row["item_id"])
        if item is None or item.kind != "finished_unit":
            raise FinishedUnitNotFoundError(row["item_id"])
        same = (tables.recipe_yield.c.recipe_id == row["recipe_id"]) & (tables.recipe_yield.c.item_id == row["item_id"])
        key = str(row["recipe_id"])
        before = load_things(session, [("recipe_yield", f"{key}:{row['item_id']}"), ("recipe_together", key)])
        session.execute(delete(tables.recipe_yield).where(same))
        session.execute(insert(tables.recipe_yield), row)
        _make_together(session, row["recipe_id"], row["item_id"], before["recipe_together", key])
        note_changes(operation, before)
        return operation.succeed(
            RecipeYieldResult(
                operation_id=operation.id,
                recipe_id=row["recipe_id"],
                finished_unit_id=row["item_id"],
                quantity=format_micros(row["quantity_micros"]),
            )
        )


def _make_together(session: Session, recipe_id: int, item_id: int, rows: Rows) -> None:
    """Let a product come out with the others of its recipe, if they come out together."""
    if not rows or any(row["item_id"] == item_id for row in rows):
        return
    if rows[0]["share"] is not None:
        raise ValidationError.of(
            "finished_unit_id",
            "would need a share, because the recipe's products come out together; state all its products at once",
        )
    shares_of_cost(load_yields(session, recipe_id), {})
    session.execute(insert(tables.recipe_together), {"recipe_id": recipe_id, "item_id": item_id, "share": None})


def _clean_line(given: Arguments, number: int, line: Mapping[str, Any]) -> CleanLine:
    field = f"lines[{number}]"
    item_id = given.optional_key(f"{field}.item_id", line.get("item_id"))
    sub_recipe_id = given.optional_key(f"{field}.sub_recipe_id", line.get("sub_recipe_id"))
    if (item_id is None) == (sub_recipe_id is None):
        given.refuse(field, "must name either an item or a sub-recipe")
    quantity = given.exact(f"{field}.quantity", line.get("quantity"), above_zero=True)
    if len(str(quantity)) > 80:
        given.refuse(f"{field}.quantity", "has too many digits; write it with a few decimals")
    if sub_recipe_id is not None:
        return CleanLine(quantity, _sub_recipe_unit(given, field, line.get("unit")), None, sub_recipe_id)
    unit = given.unit(f"{field}.unit", line.get("unit"))
    return CleanLine(quantity, unit.name if unit else "", item_id, None)


def _sub_recipe_unit(given: Arguments, field: str, text: object) -> str:
    if text is None or text in (BATCH, "batches"):
        return BATCH
    unit = given.unit(f"{field}.unit", text)
    if unit and unit.dimension not in ("mass", "volume"):
        given.refuse(f"{field}.unit", "must be batch, a weight or a volume, because the line is of a recipe")
    return unit.name if unit else ""


def _check_references(session: Session, lines: Sequence[CleanLine]) -> None:
    items = load_items(session, {line.item_id for line in lines if line.item_id is not None})
    recipes = set(load_slugs(session, "recipe").values())
    for line in lines:
        if line.item_id is not None and line.item_id not in items:
            raise ItemNotFoundError(line.item_id)
        if line.item_id is not None and items[line.item_id].kind == "finished_good":
            raise ValidationError.of("lines", f"{items[line.item_id].slug} is a finished good; recipes cannot use it")
        if line.sub_recipe_id is not None and line.sub_recipe_id not in recipes:
            raise RecipeNotFoundError(line.sub_recipe_id)


def _check_cycle(session: Session, recipe_id: int, names: Mapping[int, str], lines: Sequence[CleanLine]) -> None:
    children = load_recipe_children(session)
    children[recipe_id] = [line.sub_recipe_id for line in lines if line.sub_recipe_id is not None]
    topological_order(recipe_id, lambda key: children.get(key, []), names)


def _replace(session: Session, recipe_id: int, changes: Mapping[str, Any]) -> None:
    session.execute(update(tables.recipe).where(tables.recipe.c.id == recipe_id).values(**changes))
    session.execute(delete(tables.recipe_line).where(tables.recipe_line.c.recipe_id == recipe_id))


def lock_recipe(session: Session, recipe_id: int) -> bool:
    """Lock a recipe so that two edits cannot interleave their lines; return whether it exists."""
    known = select(tables.recipe.c.id).where(tables.recipe.c.id == recipe_id)
    return session.execute(known.with_for_update(key_share=True)).first() is not None


def _line_row(recipe_id: int, position: int, line: CleanLine) -> dict[str, Any]:
    return {
        "recipe_id": recipe_id,
        "position": position,
        "item_id": line.item_id,
        "sub_recipe_id": line.sub_recipe_id,
        "quantity": line.quantity,
        "unit": line.unit,
    }
