"""What an import tells: per kind, per row, and what of the file has no place here."""

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
PAST = "what was bought before; what is left of it is in inventory_items"

# What is read of each section; any other field that says something is told as not kept. An ingredient's category is
# the root of its tree, an event's year is that of its date.
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
    """How many rows of one kind were added, skipped and refused; of the skipped, how many differ from what is here."""

    kind: str
    added: int
    skipped: int
    differing: int
    refused: int


class NotKept(TypedDict):
    """A section or field that says something for which there is no place here, and how often."""

    what: str
    count: int
    reason: str


class ImportReport(TypedDict):
    """What became of every row; ``operation_id`` is None where nothing was recorded."""

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
    """Every section and field that says something and is not read, with how often it does."""
    reason = "there is no place for it here"
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
                reason="no product of the file fits, or more than one does, so the lots are of none",
            )
        )
    return found[:MAX_UNKEPT]


def _says_something(field: str, value: object) -> bool:
    return bool(value) and _SAYS_NOTHING.get(field, False) is not value
