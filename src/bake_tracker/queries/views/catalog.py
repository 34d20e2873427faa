"""One item, recipe or good as it is now, for whoever wants to show or change it."""

from datetime import date
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ItemNotFoundError, RecipeNotFoundError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_exact, format_micros
from bake_tracker.models import RecipeRate, RecipeYield, tables
from bake_tracker.queries.catalog.definitions import load_good
from bake_tracker.queries.explain.shelf import ShelfSummary, load_shelves


class ItemView(ShelfSummary):
    """An item as it is in the catalogue, and all there is of it; the weights are in g of 1 ml and of one."""

    item_id: int
    kind: str
    shelf_life_days: int | None
    parent_id: int | None
    description: str | None
    g_per_ml: str | None
    g_per_each: str | None


class LineView(TypedDict):
    """One line of a recipe: so much of an item, or so many batches of another recipe."""

    quantity: str
    unit: str
    item_id: int | None
    item_slug: str | None
    sub_recipe_id: int | None
    sub_recipe_slug: str | None


class MadeView(TypedDict):
    """What one batch gives of a finished unit."""

    finished_unit_id: int
    finished_unit_slug: str
    quantity: str
    unit: str


class RecipeView(TypedDict):
    """A recipe as it is now, its own lines only; labour and overhead of one batch are None where nobody said them."""

    recipe_id: int
    slug: str
    name: str
    category: str | None
    source: str | None
    notes: str | None
    lines: list[LineView]
    makes: list[MadeView]
    labour: str | None
    overhead: str | None


class ComponentView(TypedDict):
    """What one of a good has of a component."""

    item_id: int
    item_slug: str
    kind: str
    quantity: str
    unit: str


class GoodView(TypedDict):
    """A good and what is in one of it."""

    finished_good_id: int
    slug: str
    name: str
    components: list[ComponentView]


def load_item_view(session: Session, item_id: int, today: date) -> ItemView:
    """One item; two statements.

    Raises:
        ItemNotFoundError: there is none.
    """
    row = session.execute(
        select(tables.item).where(tables.item.c.id == item_id, ~tables.item.c.is_category)
    ).one_or_none()
    if row is None:
        raise ItemNotFoundError(item_id)
    (shelf,) = load_shelves(session, today, ids=[item_id])
    return {
        "item_id": item_id,
        "kind": row.kind,
        "shelf_life_days": row.shelf_life_days,
        "parent_id": row.parent_id,
        "description": row.description,
        "g_per_ml": None if row.g_per_ml is None else format_exact(row.g_per_ml),
        "g_per_each": None if row.g_per_each is None else format_exact(row.g_per_each),
        **shelf.summary(),
    }


def load_recipe_view(session: Session, recipe_id: int) -> RecipeView:
    """One recipe; three statements.

    Raises:
        RecipeNotFoundError: there is none.
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
        select(RecipeYield.quantity_micros, tables.item.c.id, tables.item.c.slug, tables.item.c.base_unit)
        .join(tables.item, tables.item.c.id == RecipeYield.item_id)
        .where(RecipeYield.recipe_id == recipe_id)
        .order_by(tables.item.c.id)
    )
    return {
        "recipe_id": recipe_id,
        "slug": found.slug,
        "name": found.name,
        "category": found.category,
        "source": found.source,
        "notes": found.notes,
        "lines": [_line(row) for row in lines],
        "makes": [
            {
                "finished_unit_id": row.id,
                "finished_unit_slug": row.slug,
                "quantity": format_micros(row.quantity_micros),
                "unit": row.base_unit,
            }
            for row in makes
        ],
        "labour": format_money(found.labour_micros),
        "overhead": format_money(found.overhead_micros),
    }


def load_good_view(session: Session, finished_good_id: int) -> GoodView:
    """One good; two statements.

    Raises:
        FinishedGoodNotFoundError: there is none.
    """
    good = load_good(session, finished_good_id)
    return {
        "finished_good_id": finished_good_id,
        "slug": good.item.slug,
        "name": good.item.name,
        "components": [
            {
                "item_id": one.item.item_id,
                "item_slug": one.item.slug,
                "kind": one.item.kind,
                "quantity": format_micros(one.quantity_micros),
                "unit": one.item.base_unit,
            }
            for one in good.components
        ],
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
