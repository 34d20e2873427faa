"""The report of an import: counts by kind, findings by row, and what was not imported."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypedDict

from bake_tracker.domain.importing.catalog import DENSITY_FIELDS
from bake_tracker.domain.importing.differences import Difference
from bake_tracker.domain.importing.lots import IDENTIFYING
from bake_tracker.domain.importing.rows import Refusal, Skip, dicts, plain
from bake_tracker.domain.importing.sections import Sections
from bake_tracker.domain.importing.variants import PURCHASES

MAX_UNKEPT = 100
PAST = "past purchases; what is left of them is in inventory_items"

# The fields read from each section; any other field with a value is reported as not imported. An ingredient's category
# is the root of its tree, and an event's year is in its date.
READ_FIELDS: dict[str, set[str]] = {
    "ingredients": {
        "display_name", "name", "slug", "previous_slug", "hierarchy_level", "is_packaging", "parent_slug",
        "description", "category", *DENSITY_FIELDS,
    },
    "suppliers": {
        "id", "slug", "name", "previous_slug", "street_address", "city", "state", "zip_code", "website_url", "notes",
        "details", "address",
    },
    "products": {
        "ingredient_slug", "brand", "product_name", "package_type", "package_unit", "package_unit_quantity", "gtin",
        "upc_code", "preferred_supplier_id", "preferred_supplier_slug", "notes",
    },
    "inventory_items": set(IDENTIFYING),
    "materials": {"slug", "previous_slug", "display_name", "name", "description"},
    "material_products": {
        "material", "material_slug", "display_name", "name", "product_name", "default_unit", "package_unit",
        "package_quantity", "brand", "package_type", "gtin", "upc_code", "supplier", "supplier_slug", "notes",
    },
    "recipes": {
        "slug", "name", "previous_slug", "category", "source", "notes", "ingredients", "components", "finished_units",
    },
    "events": {"slug", "previous_slug", "name", "event_date", "year"},
    "recipients": {"slug", "previous_slug", "name", "household_name", "household"},
    "purchases": {
        "product_slug", "upc", "gtin", "purchased_at", "scanned_at", "unit_price", "quantity_purchased", "supplier",
        "supplier_slug", "expiration_date", "location", "notes",
    },
    "items": {"slug", "name", "kind", "base_unit", "description"},
    "good_parts": {"good", "component", "quantity", "component_type"},
}  # fmt: skip
_ABOUT_THE_FILE = {"version", "exported_at", "application", "transformed_at", "transformation_notes"}
_SAYS_NOTHING: dict[str, object] = {"is_active": True, "is_packaging_material": True}

KINDS = (
    "bakery", "items", "ingredients", "materials", "suppliers", "products", "material_products", "inventory_items",
    "purchases", "recipes", "finished_units", "good_parts", "events", "recipients", "names", "measures",
    "allergens", "product_allergens", "labels", "recipe_rates", "lots",
)  # fmt: skip


class KindCount(TypedDict):
    """How many rows of one kind were added, skipped and refused, and how many of the skipped differ from the bakery."""

    kind: str
    added: int
    skipped: int
    differing: int
    refused: int


class NotKept(TypedDict):
    """A section or field that Bake Tracker has no place for, and how often it occurs."""

    what: str
    count: int
    reason: str


class ImportReport(TypedDict):
    """The outcome of every row; ``operation_id`` is None if nothing was recorded."""

    operation_id: str | None
    source: str
    added_count: int
    skipped_count: int
    refused_count: int
    kinds: list[KindCount]
    skipped: list[Skip]
    differences: list[Difference]
    refused: list[Refusal]
    not_kept: list[NotKept]


def not_kept(document: Mapping[str, Any], lots_without_product: int) -> list[NotKept]:
    """Every section and field with a value that is not read, and how often it occurs."""
    reason = "Bake Tracker does not store this"
    if isinstance(document, Sections):
        return [NotKept(what=what, count=count, reason=reason) for what, count in document["unread"].items()]
    is_bought = document.get("import_type") == PURCHASES
    read_here = [section for section in READ_FIELDS if is_bought or section != PURCHASES]
    found = [
        NotKept(what=str(plain(section)), count=len(rows), reason=PAST if section == PURCHASES else reason)
        for section, rows in document.items()
        if section not in read_here and section not in _ABOUT_THE_FILE and isinstance(rows, list | dict) and rows
    ]
    for section in read_here:
        said = Counter(
            str(plain(field))
            for row in dicts(document, section)
            for field, value in row.items()
            if field not in READ_FIELDS[section] and _says_something(field, value)
        )
        found += [NotKept(what=f"{section}.{field}", count=count, reason=reason) for field, count in said.items()]
    if lots_without_product:
        found.append(
            NotKept(
                what="inventory_items.product_brand, product_name",
                count=lots_without_product,
                reason="no product in the file matches, or several do, so these lots have no product",
            )
        )
    return found[:MAX_UNKEPT]


def _says_something(field: str, value: object) -> bool:
    return bool(value) and _SAYS_NOTHING.get(field, False) is not value
