"""Recipes: the list, one recipe as written, and one scaled with its sub-recipes, weights and allergens."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any, NotRequired, TypedDict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConversionProblem, RecipeNotFoundError, UnitConversionError, ValidationError
from bake_tracker.domain.label.allergens import in_order
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.bakers_percentage import bakers_percentages, is_called_flour, weight_g
from bake_tracker.domain.recipes.quantities import Item, Recipe, base_quantity, batches_by_recipe
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.domain.stock.shortages import items_of
from bake_tracker.domain.units import (
    MAX_TOTAL_MICROS,
    MICRO,
    drawn_micros,
    format_exact,
    format_micros,
    format_quantity,
)
from bake_tracker.models import RecipeRate, RecipeYield, tables
from bake_tracker.queries.catalog.definitions import TOGETHER_OF_YIELD, load_recipe
from bake_tracker.queries.catalog.label_facts import load_statements
from bake_tracker.queries.keyset import load_slice
from bake_tracker.queries.many_keys import among

MOST = Fraction(MAX_TOTAL_MICROS, MICRO)


class RecipeRow(TypedDict):
    """A recipe without its lines."""

    recipe_id: int
    slug: str
    name: str
    category: str | None
    source: str | None


class ListedRecipe(RecipeRow):
    """A recipe with its number of lines and, in words, what a batch makes."""

    line_count: int
    makes: str | None


class LineView(TypedDict):
    """One line of a recipe: a quantity of an item or another recipe, which may be counted in batches."""

    quantity: str
    unit: str
    item_id: int | None
    item_slug: str | None
    sub_recipe_id: int | None
    sub_recipe_slug: str | None


class MadeView(TypedDict):
    """What one batch makes of a finished unit; ``share`` is its stated part of the cost."""

    finished_unit_id: int
    finished_unit_slug: str
    quantity: str
    unit: str
    share: NotRequired[str]


class RecipeView(TypedDict):
    """A recipe as it is now, with its own lines only; labour and overhead of one batch, None if not recorded.

    A batch makes one of the products, or all of them if ``together``.
    """

    recipe_id: int
    slug: str
    name: str
    category: str | None
    source: str | None
    notes: str | None
    lines: list[LineView]
    makes: list[MadeView]
    together: bool
    labour: str | None
    overhead: str | None


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

    ``problem`` is why the sub-recipes are left out: one is taken by a weight that is not known of its batch. ``shares``
    are the stated parts of the cost, by item id.
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


def load_recipe_slice(
    session: Session, ask: Ask, *, search_in: Collection[str] = ("name", "slug", "category")
) -> Found[ListedRecipe]:
    """Recipes, sorted by any column except what they make; two statements."""
    count = select(func.count()).where(tables.recipe_line.c.recipe_id == tables.recipe.c.id).scalar_subquery()
    recipes = select(
        tables.recipe.c.id,
        tables.recipe.c.slug,
        tables.recipe.c.name,
        tables.recipe.c.category,
        tables.recipe.c.source,
        count.label("line_count"),
    )
    found = load_slice(session, recipes, ask, _listed, key="id", search_in=search_in)
    made: dict[int, list[str]] = {}
    together = set[int]()
    for row in session.execute(
        select(
            tables.recipe_yield.c.recipe_id,
            tables.recipe_together.c.item_id.label("together_id"),
            tables.recipe_yield.c.quantity_micros,
            tables.item.c.base_unit,
            tables.item.c.name,
        )
        .join(tables.item, tables.item.c.id == tables.recipe_yield.c.item_id)
        .outerjoin(tables.recipe_together, TOGETHER_OF_YIELD)
        .where(among(session, tables.recipe_yield.c.recipe_id, [row["recipe_id"] for row in found.rows]))
        .order_by(tables.recipe_yield.c.recipe_id, tables.item.c.name)
    ):
        unit = "" if row.base_unit == "each" else f"{row.base_unit} "
        together |= {row.recipe_id} if row.together_id is not None else set()
        made.setdefault(row.recipe_id, []).append(f"{format_micros(row.quantity_micros)} {unit}{row.name}")
    for one in found.rows:
        joined = " and " if one["recipe_id"] in together else " or "
        one["makes"] = joined.join(made.get(one["recipe_id"], ())) or None
    return found


def load_recipe_names(session: Session) -> dict[int, tuple[str, str]]:
    """The slug and name of every recipe by id."""
    rows = session.execute(
        select(tables.recipe.c.id, tables.recipe.c.slug, tables.recipe.c.name).order_by(tables.recipe.c.name)
    )
    return {row.id: (row.slug, row.name) for row in rows}


def load_recipe_view(session: Session, recipe_id: int) -> RecipeView:
    """One recipe; three statements.

    Raises:
        RecipeNotFoundError: there is no such recipe.
    """
    found = session.execute(
        select(tables.recipe, RecipeRate.labour_micros, RecipeRate.overhead_micros)
        .outerjoin(RecipeRate, RecipeRate.recipe_id == tables.recipe.c.id)
        .where(tables.recipe.c.id == recipe_id)
    ).one_or_none()
    if found is None:
        raise RecipeNotFoundError(recipe_id)
    below = tables.recipe.alias("below")
    lines = session.execute(
        select(tables.recipe_line, tables.item.c.slug.label("item_slug"), below.c.slug.label("sub_recipe_slug"))
        .outerjoin(tables.item, tables.item.c.id == tables.recipe_line.c.item_id)
        .outerjoin(below, below.c.id == tables.recipe_line.c.sub_recipe_id)
        .where(tables.recipe_line.c.recipe_id == recipe_id)
        .order_by(tables.recipe_line.c.position)
    )
    makes = session.execute(
        select(
            RecipeYield.quantity_micros,
            tables.item.c.id,
            tables.item.c.slug,
            tables.item.c.base_unit,
            tables.recipe_together.c.item_id.label("together_id"),
            tables.recipe_together.c.share,
        )
        .join(tables.item, tables.item.c.id == RecipeYield.item_id)
        .outerjoin(tables.recipe_together, TOGETHER_OF_YIELD)
        .where(RecipeYield.recipe_id == recipe_id)
        .order_by(tables.item.c.id)
    ).all()
    return {
        "recipe_id": recipe_id,
        "slug": found.slug,
        "name": found.name,
        "category": found.category,
        "source": found.source,
        "notes": found.notes,
        "lines": [_line(row) for row in lines],
        "makes": [_made_view(row) for row in makes],
        "together": any(row.together_id is not None for row in makes),
        "labour": format_money(found.labour_micros),
        "overhead": format_money(found.overhead_micros),
    }


def _made_view(row: Any) -> MadeView:
    view: MadeView = {
        "finished_unit_id": row.id,
        "finished_unit_slug": row.slug,
        "quantity": format_micros(row.quantity_micros),
        "unit": row.base_unit,
    }
    if row.share is not None:
        view["share"] = str(row.share)
    return view


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


def _line(row: Any) -> LineView:
    return {
        "quantity": format_exact(row.quantity),
        "unit": row.unit,
        "item_id": row.item_id,
        "item_slug": row.item_slug,
        "sub_recipe_id": row.sub_recipe_id,
        "sub_recipe_slug": row.sub_recipe_slug,
    }


def _listed(row: Any) -> ListedRecipe:
    return {
        "recipe_id": row.id,
        "slug": row.slug,
        "name": row.name,
        "category": row.category,
        "source": row.source,
        "line_count": row.line_count,
        "makes": None,
    }
