"""Plan the stock of an export: every row becomes a lot once; two identical rows are two lots."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from bake_tracker.domain.arguments import LARGEST
from bake_tracker.domain.importing.catalog import find_stocked
from bake_tracker.domain.importing.plan import ItemPlan, LotPlan, SupplierPlan
from bake_tracker.domain.importing.products import Products, preferred_supplier
from bake_tracker.domain.importing.rows import Findings, Row, exact_number, plain
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.stock.lots import slug_in_code
from bake_tracker.domain.units import BASE_UNITS, MICRO, NeedsMeasureError, Unit, received_micros, to_base

IDENTIFYING = (
    "ingredient_slug", "product_brand", "product_name", "package_unit", "package_unit_quantity", "quantity",
    "total_cost", "purchase_date", "expiration_date", "lot_or_batch", "location", "notes",
)  # fmt: skip


def plan_lots(
    document: Mapping[str, Any],
    database_id: str,
    items: Shelf[ItemPlan],
    products: Products,
    suppliers: Shelf[SupplierPlan],
    numbers: Mapping[int, str],
    findings: Findings,
) -> list[tuple[Row, LotPlan]]:
    """Plan the stock rows; ``quantity`` is in ``package_unit``, and without a ``total_cost`` the cost is unknown."""
    namespace, seen, lots = UUID(database_id), Counter[str](), []
    for row in findings.rows(document, "inventory_items"):
        content = json.dumps([_content(row.fields.get(field)) for field in IDENTIFYING])
        seen[content] += 1
        operation_id = str(uuid5(namespace, f"inventory_items {seen[content]} {content}"))
        lot = _lot(row, operation_id, items, products, suppliers, numbers)
        if row.refusals:
            findings.refuse(row)
        else:
            lots.append((row, lot))
    return lots


def _lot(
    row: Row,
    operation_id: str,
    items: Shelf[ItemPlan],
    products: Products,
    suppliers: Shelf[SupplierPlan],
    numbers: Mapping[int, str],
) -> LotPlan:
    item = find_stocked(row, "ingredient_slug", items)
    if item and not row.has("package_unit") and (package_unit := _package_unit(row, item, products)):
        row.fields["package_unit"] = package_unit
    product = products.of_package(row, "product_brand")
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
        product_identity=product.identity if product else None,
        supplier_slug=preferred_supplier(row, suppliers, numbers),
    )


def _code(row: Row, items: Shelf[ItemPlan]) -> str:
    code = row.read_name("lot_or_batch", limit=120)
    slug = slug_in_code(code)
    if slug and items.get(slug):
        row.refuse(
            "lot_or_batch", f"looks like a code that Bake Tracker gives to lots of {slug}; leave it out or change it"
        )
    return code


def _content(value: object) -> object:
    """A value for comparing rows, however the file writes a number."""
    number = exact_number(value)
    if number is not None:
        return str(number)
    return value if isinstance(value, str) else plain(value)


def check_kept(row: Row, item: ItemPlan, unit: Unit, unit_field: str) -> None:
    """Refuse a quantity that cannot be converted to the item's base unit or is too large."""
    try:
        kept = to_base(row.read_number("quantity"), unit, item.base_unit, item.g_per_ml, item.g_per_each)
    except NeedsMeasureError:
        weighable = {unit.dimension, BASE_UNITS[item.base_unit]} == {"mass", "volume"}
        row.refuse(
            unit_field,
            f"{item.slug} is kept in {item.base_unit}; use a unit of that kind"
            + (", or give the ingredient a density" if weighable else ""),
        )
        return
    if received_micros(kept) > LARGEST * MICRO:
        row.refuse("quantity", f"is too large a quantity in {item.base_unit}; correct the quantity or the unit")


def _package_unit(row: Row, item: ItemPlan, products: Products) -> str | None:
    """The unit that all products of this brand share, because earlier exports leave it out of the stock."""
    everyone = {**products.known, **products.new}.values()
    brand = row.fields.get("product_brand") or None
    units = {one.package_unit for one in everyone if (one.item_slug, one.brand) == (item.slug, brand)}
    return units.pop() if len(units) == 1 else None
