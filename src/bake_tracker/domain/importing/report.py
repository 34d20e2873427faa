"""The report of an import: counts by kind, findings by row, and what was not imported."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypedDict

from bake_tracker.domain.importing.differences import Difference
from bake_tracker.domain.importing.history import PAST
from bake_tracker.domain.importing.rows import Findings, Refusal, Skip, plain
from bake_tracker.domain.importing.sections import Sections

MAX_UNKEPT = 100

# Fields without information of their own: an ingredient's category is the root of its tree, an event's year is in its
# date, and the others were used to find out what a row is.
_SILENT: dict[str, set[str]] = {
    "ingredients": {"category", "hierarchy_level"},
    "materials": {"category", "subcategory_slug", "base_unit_type"},
    "material_products": {"slug", "quantity_in_base_units"},
    "products": {"preferred_supplier_name", "preferred_supplier_id", "slug"},
    "recipes": {
        "components.recipe_name",
        "components.component_recipe_name",
        "finished_units.category",
        "finished_units.recipe_name",
        "finished_units.recipe_slug",
    },
    "items": {"assembly_type", "inventory_count"},
    "events": {"year"},
}
_SAYS_NOTHING: dict[str, object] = {"is_active": True, "is_packaging_material": True, "is_production_ready": False}
_ABOUT_THE_FILE = {"version", "exported_at", "application", "transformed_at", "transformation_notes"}
_REASON = "Bake Tracker does not store this"
_REASONS = {"recipe_categories": "each recipe keeps the name of its category"}

KINDS = (
    "bakery", "items", "ingredients", "materials", "suppliers", "products", "material_products", "inventory_items",
    "purchases", PAST, "recipes", "finished_units", "good_parts", "events", "recipients", "orders", "names", "measures",
    "allergens", "product_allergens", "product_terms", "labels", "recipe_rates", "lots",
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


def not_kept(document: Mapping[str, Any], findings: Findings, lots_without_product: int) -> list[NotKept]:
    """Every section and field with a value that is not read, and how often it occurs."""
    if isinstance(document, Sections):
        return [NotKept(what=what, count=count, reason=_REASON) for what, count in document["unread"].items()]
    found = [
        NotKept(what=str(plain(section)), count=len(rows), reason=_REASONS.get(section, _REASON))
        for section, rows in document.items()
        if section not in findings.read and section not in _ABOUT_THE_FILE and isinstance(rows, list | dict) and rows
    ]
    for section, rows in findings.read.items():
        said = Counter(
            field
            for row in rows
            for field in row.unread()
            if field not in _SILENT.get(section, ()) and row.fields.get(field) is not _SAYS_NOTHING.get(field, False)
        )
        found += [NotKept(what=f"{section}.{field}", count=count, reason=_REASON) for field, count in said.items()]
    if lots_without_product:
        found.append(
            NotKept(
                what="inventory_items.product_brand, product_name",
                count=lots_without_product,
                reason="no product in the file matches, or several do, so these lots have no product",
            )
        )
    return found[:MAX_UNKEPT]
