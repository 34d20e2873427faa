"""All recipes and all boxes at once, in as many statements as for one."""

from collections import defaultdict
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from bake_tracker.domain.recipes.quantities import Recipe, RecipeLine, Yields
from bake_tracker.models import GoodComponent, RecipeYield
from bake_tracker.models import Item as ItemRow
from bake_tracker.models import Recipe as RecipeRow
from bake_tracker.models import RecipeLine as RecipeLineRow
from bake_tracker.queries.catalog.definitions import ITEM_COLUMNS, Component, Good, as_item

_item = cast(Table, ItemRow.__table__)
_recipe = cast(Table, RecipeRow.__table__)
_line = cast(Table, RecipeLineRow.__table__)
_yield = cast(Table, RecipeYield.__table__)
_part = cast(Table, GoodComponent.__table__)


def load_recipes(session: Session) -> list[Recipe]:
    """Every recipe by slug, each with all it is made of and what it makes; three statements."""
    names = session.execute(select(_recipe.c.id, _recipe.c.slug, _recipe.c.name).order_by(_recipe.c.slug)).all()
    lines: defaultdict[int, list[RecipeLine]] = defaultdict(list)
    for row in session.execute(
        select(_line.c.recipe_id, _line.c.quantity, _line.c.unit, _line.c.sub_recipe_id, *ITEM_COLUMNS)
        .outerjoin(_item, _item.c.id == _line.c.item_id)
        .order_by(_line.c.recipe_id, _line.c.position)
    ):
        item = as_item(row) if row.id is not None else None
        lines[row.recipe_id].append(RecipeLine(row.recipe_id, row.quantity, row.unit, item, row.sub_recipe_id))
    makes: defaultdict[int, Yields] = defaultdict(dict)
    for row in session.execute(
        select(_yield.c.recipe_id, _yield.c.quantity_micros, *ITEM_COLUMNS)
        .join(_item, _item.c.id == _yield.c.item_id)
        .order_by(_yield.c.recipe_id, _item.c.id)
    ):
        makes[row.recipe_id][row.id] = as_item(row), row.quantity_micros
    slugs = {row.id: row.slug for row in names}
    # Each sees the lines of all, and is walked from itself down.
    return [Recipe(row.id, row.slug, row.name, lines, slugs, makes[row.id]) for row in names]


def load_goods(session: Session) -> list[Good]:
    """Every finished good by slug with what one of it takes; two statements."""
    parts: defaultdict[int, list[Component]] = defaultdict(list)
    for row in session.execute(
        select(_part.c.good_id, _part.c.quantity_micros, *ITEM_COLUMNS)
        .join(_item, _item.c.id == _part.c.component_id)
        .order_by(_part.c.good_id, _item.c.id)
    ):
        parts[row.good_id].append(Component(as_item(row), row.quantity_micros))
    goods = select(*ITEM_COLUMNS).where(_item.c.kind == "finished_good", ~_item.c.is_category).order_by(_item.c.slug)
    return [Good(as_item(row), tuple(parts[row.id])) for row in session.execute(goods)]
