"""Stock of an export: every row becomes a lot, two identical bags two lots, and the same row never a second one."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from bake_tracker.domain.arguments import LARGEST
from bake_tracker.domain.importing.catalog import find_stocked
from bake_tracker.domain.importing.plan import ItemPlan, LotPlan
from bake_tracker.domain.importing.products import Products, package_key
from bake_tracker.domain.importing.rows import Findings, Row, exact_number, plain
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.stock.lots import slug_in_code
from bake_tracker.domain.units import BASE_UNITS, MICRO, NeedsMeasureError, Unit, received_micros, to_base

IDENTIFYING = (
    "ingredient_slug", "product_brand", "product_name", "package_unit", "package_unit_quantity", "quantity",
    "total_cost", "purchase_date", "expiration_date", "lot_or_batch", "location", "notes",
)  # fmt: skip


def plan_lots(
    document: Mapping[str, Any], database_id: str, items: Shelf[ItemPlan], products: Products, findings: Findings
) -> list[tuple[Row, LotPlan]]:
    """Take the stock rows; ``quantity`` is in ``package_unit``, and without a ``total_cost`` the cost is unknown."""
    namespace, seen, lots = UUID(database_id), Counter[str](), []
    for row in findings.rows(document, "inventory_items"):
        content = json.dumps([_content(row.fields.get(field)) for field in IDENTIFYING])
        seen[content] += 1
        lot = _lot(row, str(uuid5(namespace, f"inventory_items {seen[content]} {content}")), items, products)
        if row.refusals:
            findings.refuse(row)
        else:
            lots.append((row, lot))
    return lots


def _lot(row: Row, operation_id: str, items: Shelf[ItemPlan], products: Products) -> LotPlan:
    item = find_stocked(row, "ingredient_slug", items)
    if item and not row.has("package_unit") and (package_unit := _package_unit(row, item, products)):
        row.fields = {**row.fields, "package_unit": package_unit}
    unit, quantity = row.read_unit("package_unit"), row.read_number("quantity")
    if item and unit and not row.refusals:
        check_kept(row, item, unit, "package_unit")
    return LotPlan(
        operation_id=operation_id,
        item_slug=item.slug if item else "",
        quantity=quantity,
        unit=unit.name if unit else "",
        total_cost=row.read_money("total_cost"),
        received_on=row.read_day("purchase_date"),
        expires_on=row.read_day("expiration_date"),
        lot_code=_code(row, items) if row.has("lot_or_batch") else None,
        location=row.read_text("location", limit=120),
        note=row.read_text("notes"),
        product_identity=_product_of(row, products),
    )


def _code(row: Row, items: Shelf[ItemPlan]) -> str:
    code = row.read_name("lot_or_batch", limit=120)
    slug = slug_in_code(code)
    if slug and items.get(slug):
        row.refuse(
            "lot_or_batch", f"is of the form that lots of {slug} get here by themselves; leave it out or change it"
        )
    return code


def _content(value: object) -> object:
    """What tells rows apart, however the file writes a number."""
    number = exact_number(value)
    if number is not None:
        return str(number)
    return value if isinstance(value, str) else plain(value)


def check_kept(row: Row, item: ItemPlan, unit: Unit, unit_field: str) -> None:
    """Refuse a quantity that cannot become the item's base unit, or is too much of it."""
    try:
        kept = to_base(row.read_number("quantity"), unit, item.base_unit, item.g_per_ml, item.g_per_each)
    except NeedsMeasureError:
        weighable = {unit.dimension, BASE_UNITS[item.base_unit]} == {"mass", "volume"}
        row.refuse(
            unit_field,
            f"{item.slug} is kept in {item.base_unit}; write this lot in a unit of that kind"
            + (", or state the ingredient's density" if weighable else ""),
        )
        return
    if received_micros(kept) > LARGEST * MICRO:
        row.refuse("quantity", f"is too much to keep in {item.base_unit}; correct the quantity or the unit")


def _package_unit(row: Row, item: ItemPlan, products: Products) -> str | None:
    """The one unit that the products of this brand are measured in: earlier exports leave it to them."""
    everyone = {**products.known, **products.new}.values()
    brand = row.fields.get("product_brand") or None
    units = {one.package_unit for one in everyone if (one.item_slug, one.brand) == (item.slug, brand)}
    return units.pop() if len(units) == 1 else None


def _product_of(row: Row, products: Products) -> str | None:
    """The one product that fits, or none: two that fit would be a guess."""
    key = package_key(row, "product_brand")
    fitting = products.by_package.get(key, set())
    if not fitting and key in products.refused:
        row.refuse("product_brand", f"its product is {products.refused[key]}, which is refused; correct that first")
    return next(iter(fitting)) if len(fitting) == 1 else None
