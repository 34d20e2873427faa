"""One recipe scaled, with its sub-recipes, weights, baker's percentages and allergens."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import NotRequired, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConversionProblem, RecipeNotFoundError, UnitConversionError, ValidationError
from bake_tracker.domain.label.allergens import in_order
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.bakers_percentage import bakers_percentages, is_called_flour, weight_g
from bake_tracker.domain.recipes.quantities import Item, Recipe, base_quantity, batches_by_recipe
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.stock.shortages import items_of
from bake_tracker.domain.units import (
    MAX_TOTAL_MICROS,
    MICRO,
    drawn_micros,
    format_micros,
    format_quantity,
)
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import load_recipe
from bake_tracker.queries.catalog.label_facts import load_statements

MOST = Fraction(MAX_TOTAL_MICROS, MICRO)


class SectionLine(TypedDict):
    """A line of a scaled recipe: a quantity of an item or a sub-recipe, which may be counted in batches."""

    quantity: str
    unit: str
    name: str
    item_id: int | None
    sub_recipe_id: int | None


class Section(TypedDict):
    """The recipe itself, or a sub-recipe and how many batches of it are needed in all."""

    recipe_id: int
    name: str
    batches: str
    lines: list[SectionLine]


class WeighedItem(TypedDict):
    """The total need of an item; None if a measure is missing, which ``problem`` explains.

    ``percent`` is the baker's: of the weight of all flour together.
    """

    item_id: int
    slug: str
    name: str
    quantity: str | None
    unit: str
    weight_g: str | None
    percent: str | None
    is_flour: bool
    problem: str | None
    remedy: NotRequired[Remedy]


class MadeUnit(TypedDict):
    """How much of a finished unit the batches make, if they make nothing else or everything together."""

    item_id: int
    slug: str
    name: str
    quantity: str
    unit: str


class Allergens(TypedDict):
    """The recorded allergens of the ingredients; ``unsaid`` lists the ingredients without a record."""

    contains: list[str]
    may_contain: list[str]
    unsaid: list[str]


class ScaledRecipe(TypedDict):
    """A recipe for a number of batches; labour and overhead are for one batch, None if not recorded.

    ``problem`` is why the sub-recipes are left out: one is taken by weight, and the weight of its batch is not known.
    ``shares`` are the stated parts of the cost, by item id.
    """

    recipe_id: int
    slug: str
    name: str
    category: str | None
    source: str | None
    notes: str | None
    sections: list[Section]
    items: list[WeighedItem]
    is_flour_said: bool
    makes: list[MadeUnit]
    together: bool
    shares: dict[int, str]
    problem: str | None
    labour: str | None
    overhead: str | None
    allergens: Allergens


def load_scaled_recipe(
    session: Session, recipe_id: int, batches: Fraction = Fraction(1), *, flour: Collection[int] = ()
) -> ScaledRecipe:
    """A recipe with all its sub-recipes.

    ``flour`` lists the items that count as flour; if it is empty, items whose name says flour do.

    Three statements, at any depth.

    Raises:
        RecipeNotFoundError: there is no such recipe.
        ValidationError: ``batches`` is not above 0, or too large to calculate.
    """
    if batches <= 0:
        raise ValidationError.of("batches", "must be above 0")
    recipe = load_recipe(session, recipe_id)
    about = session.execute(
        select(
            tables.recipe.c.name,
            tables.recipe.c.category,
            tables.recipe.c.source,
            tables.recipe.c.notes,
            tables.recipe.c.slug,
            tables.recipe.c.id,
        ).where(tables.recipe.c.id.in_(recipe.names))
    ).all()
    own = next((row for row in about if row.id == recipe_id), None)
    if own is None:
        raise RecipeNotFoundError(recipe_id)
    names = {row.id: row.name for row in about}
    problem = None
    try:
        counts = {key: count * batches for key, count in batches_by_recipe(recipe).items()}
    except UnitConversionError as error:
        counts, problem = {recipe_id: batches}, str(error)
    items = items_of(line.item for key in counts for line in recipe.lines_by_recipe.get(key, ()))
    said = [item_id for item_id in items if item_id in flour]
    rates = recipe.rates.get(recipe_id)
    return {
        "recipe_id": recipe_id,
        "slug": recipe.slug,
        "name": recipe.name,
        "category": own.category,
        "source": own.source,
        "notes": own.notes,
        "sections": [_section(recipe, key, count, names) for key, count in counts.items()],
        "items": _weighed(recipe, counts, items, said),
        "is_flour_said": bool(said),
        "makes": [_made(item, micros, batches) for item, micros in recipe.makes.values()],
        "together": bool(recipe.together),
        "shares": {item_id: str(share) for item_id, share in recipe.together.items() if share is not None},
        "problem": problem,
        "labour": format_money(rates.labour_micros) if rates else None,
        "overhead": format_money(rates.overhead_micros) if rates else None,
        "allergens": _allergens(session, items),
    }


def _section(recipe: Recipe, recipe_id: int, count: Fraction, names: Mapping[int, str]) -> Section:
    return {
        "recipe_id": recipe_id,
        "name": names[recipe_id],
        "batches": format_quantity(count),
        "lines": [
            {
                "quantity": format_quantity(line.quantity * count),
                "unit": line.unit,
                "name": line.item.name if line.item else names[line.sub_recipe_id or 0],
                "item_id": line.item.item_id if line.item else None,
                "sub_recipe_id": line.sub_recipe_id,
            }
            for line in recipe.lines_by_recipe.get(recipe_id, ())
        ],
    }


def _weighed(
    recipe: Recipe, counts: Mapping[int, Fraction], items: Mapping[int, Item], said: Collection[int]
) -> list[WeighedItem]:
    needs: defaultdict[int, Fraction | None] = defaultdict(Fraction)
    problems: dict[int, ConversionProblem] = {}
    for recipe_id, count in counts.items():
        for line in recipe.lines_by_recipe.get(recipe_id, ()):
            if line.item is None:
                continue
            key = line.item.item_id
            try:
                more = base_quantity(line.item, line.quantity, line.unit) * count
            except UnitConversionError as error:
                needs[key], problems[key] = None, error.problems[0]
                continue
            before = needs[key]
            needs[key] = None if before is None else before + more
    if any(one is not None and one > MOST for one in needs.values()):
        raise ValidationError.of("batches", "needs more than the ledger can count; use a smaller number")
    weights = {key: None if need is None else weight_g(items[key], need) for key, need in needs.items()}
    flour = said or [key for key in needs if is_called_flour(items[key].name)]
    percents = bakers_percentages(weights, flour)
    rows: list[WeighedItem] = []
    for key, need in needs.items():
        weight = weights[key]
        missing = problems.get(key)
        rows.append(
            {
                "item_id": key,
                "slug": items[key].slug,
                "name": items[key].name,
                "quantity": None if need is None else format_micros(drawn_micros(need)),
                "unit": items[key].base_unit,
                "weight_g": None if weight is None else format_micros(drawn_micros(weight)),
                "percent": percents[key],
                "is_flour": key in flour,
                "problem": missing and missing["problem"],
            }
        )
        if missing and "remedy" in missing:
            rows[-1]["remedy"] = missing["remedy"]
    return rows


def _made(item: Item, micros: int, batches: Fraction) -> MadeUnit:
    return {
        "item_id": item.item_id,
        "slug": item.slug,
        "name": item.name,
        "quantity": format_micros(drawn_micros(Fraction(micros, MICRO), batches)),
        "unit": item.base_unit,
    }


def _allergens(session: Session, items: Mapping[int, Item]) -> Allergens:
    said, _ = load_statements(session, items, ())
    contains = {one for statement in said.values() for one in statement.contains}
    may_contain = {one for statement in said.values() for one in statement.may_contain} - contains
    return {
        "contains": in_order(contains),
        "may_contain": in_order(may_contain),
        "unsaid": sorted(item.name for key, item in items.items() if key not in said and item.kind != "material"),
    }
