"""Convert the variants of bake-tracker 4.x files: whole exports, purchase files of its phone app, and stock views.

The result has the sections that the planners read; anything else is left as it is and reported as not imported.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.rows import Placed, dicts, plain

APPLICATION = "bake-tracker"
PURCHASES = "purchases"
_COUNTS = ("inventory_updates", "adjustments")
_OF_INVENTORY = {"brand": "product_brand"}


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
    return _with_goods(_with_yields(document))


def _of_view(document: Mapping[str, Any], view: object) -> Mapping[str, Any]:
    if view != "inventory":
        raise ValidationError.of(
            "file", f"is an editing view of {str(view)[:40]!r}; export everything, or the inventory view"
        )
    rows = [
        _renamed(f"records[{index}]", row, _OF_INVENTORY) if isinstance(row, dict) else row
        for index, row in enumerate(document["records"] if isinstance(document["records"], list) else [])
    ]
    return {"application": APPLICATION, "version": "4.0", "inventory_items": rows}


def _renamed(place: str, row: Mapping[str, Any], names: Mapping[str, str]) -> Placed:
    placed = Placed(place=place, **{names.get(name, name): value for name, value in row.items()})
    placed.columns = {names.get(name, name): f".{name}" for name in row}
    return placed


def _with_yields(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give each recipe its finished units, and rename its lines as in later versions."""
    units, recipes = document.get("finished_units"), document.get("recipes")
    if not isinstance(recipes, list):
        return document
    slugs = {plain(row.get("name")): plain(row.get("slug")) for row in dicts(document, "recipes")}
    known = set(slugs.values())
    by_recipe: dict[str, list[Placed]] = {}
    left: list[Any] = []
    for index, unit in enumerate(units if isinstance(units, list) else []):
        slug = unit.get("recipe_slug") if isinstance(unit, dict) else None
        if isinstance(slug, str) and slug in known:
            by_recipe.setdefault(slug, []).append(_renamed(f"finished_units[{index}]", unit, {}))
        else:
            left.append(unit)
    found = [_recipe(row, by_recipe, slugs) if isinstance(row, dict) else row for row in recipes]
    return {**document, "recipes": found, "finished_units": left or None}


def _recipe(row: dict[str, Any], units: Mapping[str, Sequence[Placed]], slugs: Mapping[Any, Any]) -> dict[str, Any]:
    new = dict(row)
    if "base_ingredients" in row and not row.get("ingredients"):
        new["ingredients"] = new.pop("base_ingredients")
    own = row.get("finished_units")
    if (own is None or isinstance(own, list)) and isinstance(row.get("slug"), str):
        nested = {plain(unit.get("slug")) for unit in own or [] if isinstance(unit, dict)}
        more = [unit for unit in units.get(row["slug"], ()) if plain(unit.get("slug")) not in nested]
        new["finished_units"] = [*(own or []), *more] if own or more else own
    parts = row.get("components")
    if isinstance(parts, list):
        new["components"] = [_component(part, slugs) if isinstance(part, dict) else part for part in parts]
    return new


def _component(part: dict[str, Any], slugs: Mapping[Any, Any]) -> dict[str, Any]:
    """A sub-recipe with its slug, if the file gives only its name."""
    name = part.get("recipe_name", part.get("component_recipe_name"))
    if any(part.get(field) for field in ("component_recipe_slug", "recipe_slug")) or not isinstance(name, str):
        return part
    return {**part, "recipe_slug": slugs.get(name) or name}


def _with_goods(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Turn finished goods into items, and compositions into their parts."""
    goods, parts = document.get("finished_goods"), document.get("compositions")
    if not isinstance(goods, list) or not goods:
        return document
    items = []
    for index, good in enumerate(goods):
        if isinstance(good, dict):
            item = _renamed(f"finished_goods[{index}]", good, {"display_name": "name"})
            items.append(item)
            item.update(kind="finished_good", base_unit="each")
    found = [
        _renamed(
            f"compositions[{index}]", part,
            {"assembly_slug": "good", "component_slug": "component", "component_quantity": "quantity"},
        )
        for index, part in enumerate(parts if isinstance(parts, list) else [])
        if isinstance(part, dict)
    ]  # fmt: skip
    return {**document, "finished_goods": None, "compositions": None, "items": items, "good_parts": found}
