"""The list of recipes."""

from typing import Any, TypedDict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.paging import Ask, Found
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.keyset import load_page
from bake_tracker.queries.many_keys import among


class ListedRecipe(TypedDict):
    """A recipe with its number of lines and, in words, what a batch makes."""

    recipe_id: int
    slug: str
    name: str
    category: str | None
    line_count: int
    makes: str | None


def load_recipe_list(session: Session, ask: Ask) -> Found[ListedRecipe]:
    """Recipes, sorted by any column except what they make; two statements."""
    count = select(func.count()).where(tables.recipe_line.c.recipe_id == tables.recipe.c.id).scalar_subquery()
    recipes = select(
        tables.recipe.c.id,
        tables.recipe.c.slug,
        tables.recipe.c.name,
        tables.recipe.c.category,
        count.label("line_count"),
    )
    found = load_page(session, recipes, ask, _row, key="id", search_in=("name", "slug", "category"))
    made: dict[int, list[str]] = {}
    for row in session.execute(
        select(
            tables.recipe_yield.c.recipe_id,
            tables.recipe_yield.c.quantity_micros,
            tables.item.c.base_unit,
            tables.item.c.name,
        )
        .join(tables.item, tables.item.c.id == tables.recipe_yield.c.item_id)
        .where(among(session, tables.recipe_yield.c.recipe_id, [row["recipe_id"] for row in found.rows]))
        .order_by(tables.recipe_yield.c.recipe_id, tables.item.c.name)
    ):
        unit = "" if row.base_unit == "each" else f"{row.base_unit} "
        made.setdefault(row.recipe_id, []).append(f"{format_micros(row.quantity_micros)} {unit}{row.name}")
    for one in found.rows:
        one["makes"] = " or ".join(made.get(one["recipe_id"], ())) or None
    return found


def _row(row: Any) -> ListedRecipe:
    return {
        "recipe_id": row.id,
        "slug": row.slug,
        "name": row.name,
        "category": row.category,
        "line_count": row.line_count,
        "makes": None,
    }


def load_recipe_names(session: Session) -> dict[int, tuple[str, str]]:
    """Slug and name of every recipe by its id."""
    rows = session.execute(
        select(tables.recipe.c.id, tables.recipe.c.slug, tables.recipe.c.name).order_by(tables.recipe.c.name)
    )
    return {row.id: (row.slug, row.name) for row in rows}
