"""All recipes and all finished goods, in as many statements as for one."""

from collections import defaultdict
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.recipes.quantities import Recipe, RecipeLine, Yields
from bake_tracker.models import tables
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.catalog.definitions import ITEM_COLUMNS, TOGETHER_OF_YIELD, Component, Good, as_item


def load_all_recipes(session: Session) -> list[Recipe]:
    """Every recipe by slug, with its lines, those of its sub-recipes, and its yields; three statements."""
    names = session.execute(
        select(tables.recipe.c.id, tables.recipe.c.slug, tables.recipe.c.name).order_by(tables.recipe.c.slug)
    ).all()
    lines: defaultdict[int, list[RecipeLine]] = defaultdict(list)
    for row in session.execute(
        select(
            tables.recipe_line.c.recipe_id,
            tables.recipe_line.c.quantity,
            tables.recipe_line.c.unit,
            tables.recipe_line.c.sub_recipe_id,
            *ITEM_COLUMNS,
        )
        .outerjoin(tables.item, tables.item.c.id == tables.recipe_line.c.item_id)
        .order_by(tables.recipe_line.c.recipe_id, tables.recipe_line.c.position)
    ):
        item = as_item(row) if row.id is not None else None
        lines[row.recipe_id].append(RecipeLine(row.recipe_id, row.quantity, row.unit, item, row.sub_recipe_id))
    makes: defaultdict[int, Yields] = defaultdict(dict)
    together: defaultdict[int, dict[int, Fraction | None]] = defaultdict(dict)
    for row in session.execute(
        select(
            tables.recipe_yield.c.recipe_id,
            tables.recipe_yield.c.quantity_micros,
            tables.recipe_together.c.item_id.label("together_id"),
            tables.recipe_together.c.share,
            *ITEM_COLUMNS,
        )
        .join(tables.item, tables.item.c.id == tables.recipe_yield.c.item_id)
        .outerjoin(tables.recipe_together, TOGETHER_OF_YIELD)
        .order_by(tables.recipe_yield.c.recipe_id, tables.item.c.id)
    ):
        makes[row.recipe_id][row.id] = as_item(row), row.quantity_micros
        if row.together_id is not None:
            together[row.recipe_id][row.id] = row.share
    slugs = {row.id: row.slug for row in names}
    # Each holds the lines of all recipes and uses those it reaches.
    return [
        Recipe(row.id, row.slug, row.name, lines, slugs, makes.get(row.id, {}), {}, makes, together) for row in names
    ]


def load_all_goods(session: Session) -> list[Good]:
    """Every finished good that is not archived, by slug, with its components; two statements."""
    parts: defaultdict[int, list[Component]] = defaultdict(list)
    for row in session.execute(
        select(tables.good_component.c.good_id, tables.good_component.c.quantity_micros, *ITEM_COLUMNS)
        .join(tables.item, tables.item.c.id == tables.good_component.c.component_id)
        .order_by(tables.good_component.c.good_id, tables.item.c.id)
    ):
        parts[row.good_id].append(Component(as_item(row), row.quantity_micros))
    goods = (
        select(*ITEM_COLUMNS)
        .where(tables.item.c.kind == "finished_good", ~tables.item.c.is_category, ~is_archived(tables.item))
        .order_by(tables.item.c.slug)
    )
    return [Good(as_item(row), tuple(parts[row.id])) for row in session.execute(goods)]
