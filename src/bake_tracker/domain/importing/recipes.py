"""Plan the recipes of an export: their lines, sub-recipes and finished units."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from bake_tracker.domain.arguments import LARGEST
from bake_tracker.domain.importing.catalog import find_stocked, is_item
from bake_tracker.domain.importing.plan import PREFERRED, ItemPlan, LinePlan, RecipePlan, YieldPlan
from bake_tracker.domain.importing.recipe_weights import check_together, check_weights
from bake_tracker.domain.importing.rows import Row
from bake_tracker.domain.importing.shelf import Need, Shelf
from bake_tracker.domain.recipes.quantities import BATCH
from bake_tracker.domain.slugs import slugify
from bake_tracker.domain.units import MICRO, received_micros, unit_called

SUB_RECIPE_FIELDS = ("component_recipe_slug", "recipe_slug")
YIELD_FIELDS = ("items_per_batch", "unit_yield_quantity")


def plan_recipes(document: Mapping[str, Any], recipes: Shelf[RecipePlan], items: Shelf[ItemPlan]) -> None:
    """Plan the recipes; one bad line refuses its recipe and every recipe that contains it."""
    for row in recipes.findings.rows(document, "recipes"):
        name = row.read_name("name")
        slug = row.read_slug(name)
        lines = [_line(line, items) for line in row.children("ingredients")]
        lines += [_sub_recipe(line) for line in row.children("components")]
        lines += [_table_line(line, items) for line in row.children("lines")]
        if not lines and not row.refusals:
            row.refuse("ingredients", "must have at least one line")
        recipe = RecipePlan(
            slug=slug,
            name=name,
            category=row.read_text("category", limit=120),
            source=row.read_text("source", limit=300),
            notes=row.read_text("notes"),
            lines=tuple(lines),
            makes=(*_yields(row, items), *_table_yields(row, items)),
            together=_is_together(row),
        )
        check_together(row, recipe)
        recipes.admit(row, recipe)
    recipes.settle(_needs)
    if check_weights(recipes, items):
        recipes.settle(_needs)
    filled = [there for here, there in recipes.left if not here.makes]
    for recipe in (*recipes.new.values(), *filled):
        for made in recipe.makes:
            if made.slug not in items.known and made.slug not in items.new:
                items.new[made.slug] = ItemPlan(made.slug, made.name, "finished_unit", made.base_unit)


def _line(line: Row, items: Shelf[ItemPlan]) -> LinePlan:
    unit = line.read_unit("unit")
    item = find_stocked(line, "ingredient_slug", items)
    return LinePlan(line.read_number("quantity"), unit.name if unit else "", item_slug=item.slug if item else None)


def _sub_recipe(line: Row) -> LinePlan:
    field = line.first(*SUB_RECIPE_FIELDS)
    slug = line.name(field, line.fields.get(field), limit=120)
    return LinePlan(line.read_number("quantity"), _sub_recipe_unit(line), sub_recipe_slug=slug)


def _sub_recipe_unit(line: Row) -> str:
    if not line.has("unit") or line.fields["unit"] in (BATCH, "batches"):
        return BATCH
    unit = line.read_unit("unit")
    if unit and unit.dimension not in ("mass", "volume"):
        line.refuse("unit", "must be batch, a weight or a volume, because the line is of a recipe")
    return unit.name if unit else BATCH


def _table_line(line: Row, items: Shelf[ItemPlan]) -> LinePlan:
    """A line of a table, for an item or a sub-recipe."""
    if line.has("item") == line.has("sub_recipe"):
        line.refuse("item", "name either an item or a sub_recipe")
    if line.has("sub_recipe"):
        slug = line.name("sub_recipe", line.fields["sub_recipe"], limit=200)
        return LinePlan(line.read_number("quantity"), _sub_recipe_unit(line), sub_recipe_slug=slug)
    item, unit = items.find(line, "item", is_item), line.read_unit("unit")
    if item and item.is_category:
        line.refuse("item", f"{item.slug} is a category; use an ingredient in it")
    return LinePlan(line.read_number("quantity"), unit.name if unit else "", item_slug=item.slug if item else None)


def _table_yields(row: Row, items: Shelf[ItemPlan]) -> list[YieldPlan]:
    """The yields of a recipe in a table; a finished unit given by name is added if it is new."""
    made: dict[str, YieldPlan] = {}
    for unit in row.children("makes"):
        field = unit.first("makes", "item")
        name = unit.read_name(field)
        found = items.get(name) or items.by_name(name) or items.get(slugify(name))
        if found and (found.kind != "finished_unit" or found.is_category):
            unit.refuse(field, f"{found.slug} is a {found.kind.replace('_', ' ')}; use a finished unit")
        slug = found.slug if found else slugify(name)
        if found is None and field == "item":
            unit.refuse(field, *items.why_missing(name))
        if slug in made:
            unit.refuse(field, "is listed twice with different quantities; keep one")
        share, name = unit.read_optional("share"), found.name if found else name
        made[slug] = YieldPlan(slug, name, unit.read_micros("per_batch"), share=share)
    return list(made.values())


def _is_together(row: Row) -> bool:
    said = [made.read_flag("together") for made in row.children("makes")]
    if any(said) and not all(said):
        row.refuse("makes", "must say for every product that they come out together, or for none")
    return any(said)


def _needs(row: Row) -> list[Need]:
    lines = row.children("components")
    found = [Need(line, field, line.fields[field]) for line in lines for field in [line.first(*SUB_RECIPE_FIELDS)]]
    return found + [
        Need(line, "sub_recipe", str(line.fields["sub_recipe"]))
        for line in row.children("lines")
        if line.has("sub_recipe")
    ]


def _yields(row: Row, items: Shelf[ItemPlan]) -> list[YieldPlan]:
    made: dict[str, YieldPlan] = {}
    for unit in row.children("finished_units"):
        name = unit.read_name("display_name", "name")
        slug = unit.read_slug(name)
        taken = items.new.get(slug) or items.known.get(slug)
        if taken and taken.kind != "finished_unit":
            unit.refuse(
                "slug",
                f"{slug!r} is already the slug of the {taken.kind.replace('_', ' ')} {taken.name!r}; use another slug",
            )
        if slug in made:
            unit.refuse("slug", "is listed twice; add the two yields")
        elif unit.has("yield_mode") and str(unit.fields["yield_mode"]).lower() != "discrete_count":
            made[slug] = YieldPlan(slug, name, _micros_of_share(unit))
        else:
            kept_in, amount = _kept_in(unit)
            if taken and taken.base_unit != kept_in:
                unit.refuse("slug", f"{slug!r} is kept in {taken.base_unit}; use another slug, or that unit")
            made[slug] = YieldPlan(
                slug, name, received_micros(unit.read_micros(*YIELD_FIELDS) * amount / MICRO), kept_in
            )
    return list(made.values())


def _micros_of_share(unit: Row) -> int:
    """How many pieces a batch makes if each is a share of it in percent; 33.33 means a third."""
    field = unit.first("batch_percentage", "unit_yield_quantity")
    if not unit.has(field):
        unit.refuse(
            "yield_mode",
            "gives a share of the batch but not how large; add batch_percentage, or items_per_batch as discrete_count",
        )
        return MICRO
    count = 100 / unit.read_number(field)
    if count > LARGEST:
        unit.refuse(field, "is too small a share of the batch; give a percentage")
        return MICRO
    whole = round(count)
    return received_micros(Fraction(whole) if whole and abs(count - whole) <= Fraction(whole, 1000) else count)


def _kept_in(unit: Row) -> tuple[str, Fraction]:
    """The unit that a product is kept in, from the unit of its yield, and how much of it that is."""
    said = unit_called(unit.fields.get("base_unit"))
    if said is None or said.dimension not in ("mass", "volume"):
        return "each", Fraction(1)
    return PREFERRED[said.dimension], said.factor
