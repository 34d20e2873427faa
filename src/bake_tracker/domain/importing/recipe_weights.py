"""Refuse recipes of a file that need an unknown weight: that of a sub-recipe's batch, or of a product."""

from collections import defaultdict
from collections.abc import Mapping, MutableMapping
from fractions import Fraction
from itertools import count

from bake_tracker.domain.errors import UnitConversionError
from bake_tracker.domain.importing.plan import ItemPlan, RecipePlan
from bake_tracker.domain.importing.rows import Row
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.recipes.quantities import BATCH, Item, Recipe, RecipeLine, Yields, batches_by_recipe
from bake_tracker.domain.recipes.together import check_shares, shares_of_cost


def check_together(row: Row, recipe: RecipePlan) -> None:
    """Refuse a recipe if only some of its products come out together, or if its shares do not add up."""
    shares = [made.share for made in recipe.makes]
    if recipe.together:
        check_shares(row, "makes", shares)
        if len(shares) < 2:
            row.refuse("makes", "must list at least two products that come out together")
    elif any(share is not None for share in shares):
        row.refuse("makes", "can have shares of the cost only if the products come out together")


def check_weights(recipes: Shelf[RecipePlan], items: Shelf[ItemPlan]) -> bool:
    """Refuse the new recipes that need an unknown weight; return whether there were any."""
    wanted = [recipe for recipe in recipes.new.values() if _needs_weights(recipe)]
    if not wanted:
        return False
    known = {**recipes.known, **recipes.new}
    ids = {slug: number for number, slug in enumerate(known, 1)}
    item_ids: defaultdict[str, int] = defaultdict(count(1).__next__)
    lines = {
        ids[slug]: [
            RecipeLine(
                ids[slug],
                line.quantity,
                line.unit,
                _item(line.item_slug, items, item_ids),
                _id(line.sub_recipe_slug, recipes, ids),
            )
            for line in recipe.lines
        ]
        for slug, recipe in known.items()
    }
    makes: dict[int, Yields] = {}
    together: dict[int, dict[int, Fraction | None]] = {}
    for slug, recipe in known.items():
        found = [(_item(made.slug, items, item_ids), made) for made in recipe.makes]
        makes[ids[slug]] = {item.item_id: (item, made.quantity_micros) for item, made in found if item}
        if recipe.together:
            together[ids[slug]] = {item.item_id: made.share for item, made in found if item}
    names = {number: slug for slug, number in ids.items()}
    refused = False
    for recipe in wanted:
        key = ids[recipe.slug]
        whole = Recipe(key, recipe.slug, recipe.name, lines, names, makes[key], {}, makes, together)
        try:
            batches_by_recipe(whole)
            if recipe.together:
                shares_of_cost(whole.makes, whole.together)
        except UnitConversionError as error:
            recipes.rows[recipe.slug].refuse("name", str(error), next(iter(error.remedies), None))
            recipes.withdraw(recipe.slug)
            refused = True
    return refused


def _needs_weights(recipe: RecipePlan) -> bool:
    by_weight = any(line.sub_recipe_slug and line.unit != BATCH for line in recipe.lines)
    return by_weight or (recipe.together and any(made.share is None for made in recipe.makes))


def _id(slug: str | None, recipes: Shelf[RecipePlan], ids: Mapping[str, int]) -> int | None:
    found = recipes.get(slug) if slug else None
    return ids[found.slug] if found else None


def _item(slug: str | None, items: Shelf[ItemPlan], ids: MutableMapping[str, int]) -> Item | None:
    """The item, under an id of this check; a finished unit that the catalogue lacks is new."""
    if slug is None:
        return None
    plan = items.get(slug) or ItemPlan(slug, slug, "finished_unit", "each")
    return Item(ids[plan.slug], plan.kind, plan.slug, plan.name, plan.base_unit, plan.g_per_ml, None, plan.g_per_each)
