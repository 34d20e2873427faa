"""Recipes: the list, and one recipe as written."""

from collections.abc import Collection
from typing import Any, NotRequired, TypedDict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import RecipeNotFoundError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.domain.units import (
    format_exact,
    format_micros,
)
from bake_tracker.models import RecipeRate, RecipeYield, tables
from bake_tracker.queries.catalog.definitions import TOGETHER_OF_YIELD
from bake_tracker.queries.keyset import load_slice
from bake_tracker.queries.many_keys import among


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
