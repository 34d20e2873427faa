"""Convert the variants of bake-tracker exports: whole exports, purchase files of its phone app, and stock views.

The result has the sections that the planners read; anything else is left as it is and reported as not imported.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.boxes import with_boxes
from bake_tracker.domain.importing.history import with_stock
from bake_tracker.domain.importing.lots import PURCHASES
from bake_tracker.domain.importing.other_programs import APPLICATION
from bake_tracker.domain.importing.rows import Placed, dicts, exact_number, placed, placed_rows, plain
from bake_tracker.domain.label.allergens import ALLERGENS, NAMED
from bake_tracker.domain.slugs import slugify

_ALLERGENS = {word.casefold(): key for key in NAMED for word in (key, *ALLERGENS[key].all_words)}
_COUNTS = ("inventory_updates", "adjustments")


def as_export(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document in the form of a whole export.

    Raises:
        ValidationError: it is a file of counts, or a view of part of an export.
    """
    kind = document.get("import_type")
    if kind == PURCHASES:
        return {**document, "application": APPLICATION, "version": document.get("schema_version")}
    if kind in _COUNTS:
        raise ValidationError.of(
            "file",
            f"says how much is left ({kind}), which cannot be imported; count the shelf, or record what was wasted",
            {"kind": "record_count"},
        )
    view = document.get("view_type", document.get("export_type"))
    if view is not None and "records" in document:
        return _of_view(document, view)
    if isinstance(entity := document.get("entity_type"), str) and "records" in document:
        document = {"application": APPLICATION, "version": "4.1", entity: document["records"]}
    if document.get("application") != APPLICATION:
        return document
    return with_boxes(with_stock(_with_yields(_with_categories(document))))


def _of_view(document: Mapping[str, Any], view: object) -> Mapping[str, Any]:
    if view != "inventory":
        raise ValidationError.of(
            "file", f"is an editing view of {str(view)[:40]!r}; export everything, or the inventory view"
        )
    rows = [placed(row.place, row, {"brand": "product_brand"}) for row in placed_rows(document, "records")]
    return with_stock({"application": APPLICATION, "version": "4.0", "inventory_items": rows})


def _with_categories(document: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the names of categories into categories: of materials, and of ingredients that have no tree yet."""
    names = {plain(row.get("slug")): row for row in dicts(document, "material_categories")}
    below = {plain(row.get("slug")): row for row in dicts(document, "material_subcategories")}
    found: dict[str, Placed] = {}

    def category_of(row: Placed, kind: str) -> str | None:
        sub = below.get(plain(row.get("subcategory_slug")))
        said = plain(row.get("category")) or ""
        top = names.get(plain(sub.get("category_slug")), {}) if sub else {}
        path = [top.get("name"), sub.get("name")] if sub else str(said).split(":")
        parts, slug = [text for one in path if (text := str(plain(one) or "").strip())], None
        for number, name in enumerate(parts, 1):
            parent, slug = slug, slugify(f"{kind}s {' '.join(parts[:number])}")
            item = found.setdefault(slug, Placed(place=f"{row.place}.category", slug=slug, name=name, kind=kind))
            item.update(base_unit="each", is_category=True, parent_slug=parent)
        return slug

    rows = {"materials": placed_rows(document, "materials"), "ingredients": placed_rows(document, "ingredients")}
    in_tree = any(row.get("parent_slug") or row.get("hierarchy_level") for row in rows["ingredients"])
    for kind in ("material",) if in_tree else ("material", "ingredient"):
        for row in rows[f"{kind}s"]:
            if (slug := category_of(row, kind)) is not None:
                row["parent_slug"], row.columns["parent_slug"] = slug, ".category"
    listed = {"material_categories": None, "material_subcategories": None}
    allergens = [*placed_rows(document, "allergens"), *_allergens(rows["ingredients"])]
    return {**_replaced(document, **rows, **listed, items=list(found.values())), "allergens": allergens}


def _allergens(ingredients: list[Placed]) -> list[Placed]:
    """The allergens that ingredients name; groups such as gluten are left out, because a label must name each kind."""
    found = []
    for row in ingredients:
        said = row.get("allergens")
        known = [(one, _ALLERGENS.get(str(plain(one)).casefold())) for one in (said if isinstance(said, list) else [])]
        found += [Placed(place=row.place, item=row.get("slug"), allergen=key) for _, key in known if key]
        if known:
            row["allergens"] = [one for one, key in known if not key]
    return found


def _replaced(document: Mapping[str, Any], **sections: list[Placed] | None) -> dict[str, Any]:
    """The document with its lists replaced by these sections, and with ``items`` added to those that it has."""
    items = [*placed_rows(document, "items"), *(sections.pop("items") or [])]
    return {
        **document,
        **{name: rows for name, rows in sections.items() if isinstance(document.get(name), list)},
        "items": items,
    }


def _with_yields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give each recipe its finished units, and rename its lines as in later versions."""
    recipes = placed_rows(document, "recipes")
    by_slug = {plain(row.get("slug")): row for row in recipes if row.get("slug")}
    by_name = {plain(row.get("name")): row for row in recipes}
    for recipe in recipes:
        if "base_ingredients" in recipe and not recipe.get("ingredients"):
            recipe["ingredients"] = recipe.pop("base_ingredients")
        if isinstance(parts := recipe.get("components"), list):
            recipe["components"] = [_component(part, by_name) if isinstance(part, dict) else part for part in parts]
    known = {(recipe.place, plain(unit.get("slug"))) for recipe in recipes for unit in dicts(recipe, "finished_units")}
    more: defaultdict[str, list[Placed]] = defaultdict(list)
    left: list[Placed] = []
    for unit in placed_rows(document, "finished_units"):
        of = by_slug.get(plain(unit.get("recipe_slug"))) or by_name.get(plain(unit.get("recipe_name")))
        if of is None:
            left.append(placed(unit.place, unit, {"display_name": "name"}))
            left[-1].update(kind="finished_unit", base_unit="each")
        elif (of.place, plain(unit.get("slug"))) not in known:
            more[of.place].append(unit)
    for recipe in recipes:
        own = recipe.get("finished_units")
        if exact_number(recipe.get("yield_quantity")) and not own and not more[recipe.place]:
            own = [_only_yield(recipe)]
        if own is None or isinstance(own, list):
            recipe["finished_units"] = [*(own or []), *more[recipe.place]]
    return _replaced(document, recipes=recipes, finished_units=None, items=left)


def _only_yield(recipe: Placed) -> Placed:
    """The yield that earlier versions state for a recipe, in pieces or in the unit it names."""
    unit = Placed(place=recipe.place, name=recipe.get("name"), slug=recipe.get("slug"))
    unit["unit_yield_quantity"], unit["base_unit"] = recipe.pop("yield_quantity"), recipe.pop("yield_unit", None)
    unit.columns.update(name=".name", slug=".slug", unit_yield_quantity=".yield_quantity")
    return unit


def _component(part: dict[str, Any], recipes: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """A sub-recipe with its slug, if the file gives only its name."""
    name = part.get("recipe_name", part.get("component_recipe_name"))
    if any(part.get(field) for field in ("component_recipe_slug", "recipe_slug")) or not isinstance(name, str):
        return part
    return {**part, "recipe_slug": recipes.get(name, {}).get("slug") or slugify(name)}
