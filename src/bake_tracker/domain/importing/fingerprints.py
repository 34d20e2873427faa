"""The fingerprint of a document, the same in every version, so that a repeated import is recognised."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.rows import dicts, plain


def fingerprint(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a document, independent of the layout of its file.

    Raises:
        ValidationError: it is not a JSON document.
    """
    try:
        return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()
    except (TypeError, ValueError, RecursionError):
        raise ValidationError.of("file", "is not a JSON document, or is nested too deeply") from None


def fingerprint_of_export(document: Mapping[str, Any]) -> str:
    """The fingerprint of an older program's export, taken from the form that the first version gave it.

    Raises:
        ValidationError: it is not a JSON document.
    """
    if document.get("import_type") is not None:
        return fingerprint({**document, "application": "bake-tracker", "version": document.get("schema_version")})
    if document.get("view_type", document.get("export_type")) is not None and "records" in document:
        rows = document["records"] if isinstance(document["records"], list) else []
        records = [_renamed(row, {"brand": "product_brand"}) for row in rows]
        return fingerprint({"application": "bake-tracker", "version": "4.0", "inventory_items": records})
    return fingerprint(_with_goods(_with_yields(document)))


def _renamed(row: Any, names: Mapping[str, str]) -> Any:
    return {names.get(name, name): value for name, value in row.items()} if isinstance(row, dict) else row


def _with_yields(document: Mapping[str, Any]) -> Mapping[str, Any]:
    recipes, units = document.get("recipes"), document.get("finished_units")
    if not isinstance(recipes, list):
        return document
    slugs = {plain(row.get("name")): plain(row.get("slug")) for row in dicts(document, "recipes")}
    by_recipe: dict[str, list[Any]] = {}
    left: list[Any] = []
    for unit in units if isinstance(units, list) else []:
        slug = unit.get("recipe_slug") if isinstance(unit, dict) else None
        (by_recipe.setdefault(slug, []) if isinstance(slug, str) and slug in slugs.values() else left).append(unit)
    return {
        **document,
        "recipes": [_recipe(row, by_recipe, slugs) if isinstance(row, dict) else row for row in recipes],
        "finished_units": left or None,
    }


def _recipe(row: dict[str, Any], units: Mapping[str, list[Any]], slugs: Mapping[Any, Any]) -> dict[str, Any]:
    new = dict(row)
    if "base_ingredients" in row and not row.get("ingredients"):
        new["ingredients"] = new.pop("base_ingredients")
    own = row.get("finished_units")
    if (own is None or isinstance(own, list)) and isinstance(row.get("slug"), str):
        nested = {plain(unit.get("slug")) for unit in own or [] if isinstance(unit, dict)}
        more = [unit for unit in units.get(row["slug"], ()) if plain(unit.get("slug")) not in nested]
        new["finished_units"] = [*(own or []), *more] if own or more else own
    if isinstance(parts := row.get("components"), list):
        new["components"] = [_component(part, slugs) for part in parts]
    return new


def _component(part: Any, slugs: Mapping[Any, Any]) -> Any:
    if not isinstance(part, dict):
        return part
    name = part.get("recipe_name", part.get("component_recipe_name"))
    if any(part.get(field) for field in ("component_recipe_slug", "recipe_slug")) or not isinstance(name, str):
        return part
    return {**part, "recipe_slug": slugs.get(name) or name}


def _with_goods(document: Mapping[str, Any]) -> Mapping[str, Any]:
    goods, parts = document.get("finished_goods"), document.get("compositions")
    if not isinstance(goods, list) or not goods:
        return document
    of_good = {"kind": "finished_good", "base_unit": "each"}
    of_part = {"assembly_slug": "good", "component_slug": "component", "component_quantity": "quantity"}
    return {
        **document,
        "finished_goods": None,
        "compositions": None,
        "items": [{**_renamed(row, {"display_name": "name"}), **of_good} for row in goods if isinstance(row, dict)],
        "good_parts": [
            _renamed(row, of_part) for row in (parts if isinstance(parts, list) else []) if isinstance(row, dict)
        ],
    }
