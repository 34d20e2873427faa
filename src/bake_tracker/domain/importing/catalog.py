"""Plan ingredients with their categories, materials and suppliers of an export."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from bake_tracker.domain.importing.plan import PREFERRED, ItemPlan, SupplierPlan
from bake_tracker.domain.importing.rows import MAX_RATIO, Row, dicts, exact_number, plain
from bake_tracker.domain.importing.shelf import Need, Shelf, read_kept_in
from bake_tracker.domain.units import density_g_per_ml, unit_called

CATEGORY_LEVELS = (0, 1)
DENSITY_FIELDS = ("density_volume_value", "density_volume_unit", "density_weight_value", "density_weight_unit")


def plan_ingredients(document: Mapping[str, Any], items: Shelf[ItemPlan]) -> None:
    """Plan the ingredients and their categories, which are levels 0 and 1."""
    stocked, baked = _stocked_dimensions(document), _baked_dimensions(document)
    parents = {plain(fields.get("parent_slug")) for fields in dicts(document, "ingredients")}
    for row in items.findings.rows(document, "ingredients"):
        name = row.read_name("display_name", "name")
        slug = row.read_slug(name)
        density = _density(row)
        item = ItemPlan(
            slug=slug,
            name=name,
            kind="material" if row.read_flag("is_packaging") else "ingredient",
            base_unit=read_kept_in(row, "base_unit")
            if row.has("base_unit")
            else base_unit(density is not None, stocked.get(slug, set()), baked.get(slug, set())),
            g_per_ml=density,
            is_category=_is_category(row, slug in parents),
            parent_slug=row.read_text("parent_slug"),
            description=_description(row),
        )
        items.admit(row, item)


def plan_materials(document: Mapping[str, Any], items: Shelf[ItemPlan]) -> dict[str, set[str]]:
    """Plan the packaging materials, kept in the unit of their products; return their slugs by name."""
    units: defaultdict[str, set[str]] = defaultdict(set)
    slugs: defaultdict[str, set[str]] = defaultdict(set)
    for fields in dicts(document, "material_products"):
        for field in ("material", "material_slug"):
            units[plain(fields.get(field))].update(_dimension(fields.get("default_unit") or fields.get("package_unit")))
    for item in items.known.values():
        if item.kind == "material":
            slugs[item.name].add(item.slug)
    for row in items.findings.rows(document, "materials"):
        name = row.read_name("display_name", "name")
        slug = row.read_slug(name)
        item = ItemPlan(
            slug=slug,
            name=name,
            kind="material",
            base_unit=base_unit(False, units.get(name, set()) | units.get(slug, set()), {"count"}),
            parent_slug=row.read_text("parent_slug"),
            description=_description(row),
        )
        slugs[name].add(slug)
        items.admit(row, item)
    return slugs


def settle_parents(items: Shelf[ItemPlan]) -> None:
    """Refuse items whose parent is missing or refused, and use the bakery's own slug for each parent."""
    items.settle(lambda row: [Need(row, "parent_slug", row.fields["parent_slug"])] if row.has("parent_slug") else [])
    for slug, item in items.new.items():
        parent = items.get(item.parent_slug) if item.parent_slug else None
        items.new[slug] = replace(item, parent_slug=parent.slug if parent else None)


def plan_suppliers(document: Mapping[str, Any], suppliers: Shelf[SupplierPlan]) -> dict[int, str]:
    """Plan the suppliers; return their slugs by the number that products refer to."""
    numbers: dict[int, str] = {}
    for row in suppliers.findings.rows(document, "suppliers"):
        name = row.read_name("name")
        details = _details(row)
        supplier = SupplierPlan(row.read_slug(name), name, details)
        number = row.fields.get("id")
        if type(number) is int:
            numbers.setdefault(number, supplier.slug)
        suppliers.admit(row, supplier)
        if row.refusals:
            suppliers.refused.setdefault(name, row.place)  # material products refer to suppliers by name
    return numbers


def _description(row: Row) -> str | None:
    return "\n".join(text for text in (row.read_text("description"), row.read_text("notes")) if text) or None


def is_stocked(item: ItemPlan) -> bool:
    """Whether an item is an ingredient or material, not a category."""
    return item.kind in ("ingredient", "material") and not item.is_category


def is_item(item: ItemPlan) -> bool:
    """Whether an item is not a category."""
    return not item.is_category


def find_stocked(row: Row, field: str, items: Shelf[ItemPlan]) -> ItemPlan | None:
    """The ingredient or material that a row names; a category or a finished item is refused."""
    item = items.find(row, field, is_stocked)
    if item and item.is_category:
        row.refuse(field, f"{item.slug} is a category; use an ingredient in it")
        return None
    if item and item.kind not in ("ingredient", "material"):
        row.refuse(field, f"{item.slug} is a {item.kind.replace('_', ' ')}; use the slug of an ingredient or material")
        return None
    return item


def base_unit(has_density: bool, stocked: set[str], baked: set[str]) -> str:
    """The base unit: g if the item is weighed or has a density, otherwise the unit it is bought in or used in."""
    if has_density or "mass" in stocked:
        return "g"
    return next((unit for kinds in (stocked, baked) for kind, unit in PREFERRED.items() if kind in kinds), "g")


def _density(row: Row) -> Fraction | None:
    if not any(row.has(field) for field in DENSITY_FIELDS):
        return None
    if missing := [field for field in DENSITY_FIELDS if not row.has(field)]:
        for field in missing:
            row.refuse(field, f"is missing; give all of {', '.join(DENSITY_FIELDS)}, or none of them")
        return None
    volume, weight = row.read_number(DENSITY_FIELDS[0]), row.read_number(DENSITY_FIELDS[2])
    volume_unit, weight_unit = row.read_unit(DENSITY_FIELDS[1], "volume"), row.read_unit(DENSITY_FIELDS[3], "mass")
    if row.refusals or not volume_unit or not weight_unit:
        return None
    ratio = density_g_per_ml(volume, volume_unit, weight, weight_unit)
    if len(str(ratio)) > MAX_RATIO:
        row.refuse(DENSITY_FIELDS[2], "has too many digits; use fewer decimals")
    return ratio


def _is_category(row: Row, is_parent: bool) -> bool:
    if not row.has("hierarchy_level"):
        return is_parent
    level = exact_number(row.fields["hierarchy_level"])
    if level not in (0, 1, 2):
        row.refuse("hierarchy_level", "must be 0 or 1 for a category, or 2 for an ingredient")
    return level in CATEGORY_LEVELS


def _details(row: Row) -> str | None:
    if row.has("details"):
        return row.read_text("details")
    parts = ("street_address", "city", "state", "zip_code")
    address = [text for field in parts if (text := row.read_text(field, limit=300))]
    others = [row.read_text(field) for field in ("address", "website_url", "notes")]
    return "\n".join(text for text in (", ".join(address), *others) if text) or None


def _dimension(unit: object) -> set[str]:
    found = unit_called(unit)
    return {found.dimension} if found else set()


def _stocked_dimensions(document: Mapping[str, Any]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for kind in ("products", "inventory_items"):
        for fields in dicts(document, kind):
            found[plain(fields.get("ingredient_slug"))].update(_dimension(fields.get("package_unit")))
    return found


def _baked_dimensions(document: Mapping[str, Any]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for recipe in dicts(document, "recipes"):
        for fields in dicts(recipe, "ingredients"):
            found[plain(fields.get("ingredient_slug"))].update(_dimension(fields.get("unit")))
    return found
