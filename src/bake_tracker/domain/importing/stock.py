"""Plan the stock in tables: purchases row by row, or lots of another database as they are."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from bake_tracker.domain.importing.catalog import is_item
from bake_tracker.domain.importing.lots import check_kept
from bake_tracker.domain.importing.plan import ItemPlan, LotPlan, SupplierPlan
from bake_tracker.domain.importing.products import Products, named_supplier
from bake_tracker.domain.importing.rows import Findings, Row
from bake_tracker.domain.importing.shelf import Shelf


def plan_stock(
    document: Mapping[str, Any],
    database_id: str,
    items: Shelf[ItemPlan],
    suppliers: Shelf[SupplierPlan],
    products: Products,
    findings: Findings,
) -> list[tuple[Row, LotPlan]]:
    """Plan the lots: those of an export with their codes, holds and releases, others as receipts."""
    seen, lots = Counter[str](), []
    is_export = document.get("is_export") is True
    for row in findings.rows(document, "lots"):
        lot = _lot(row, items, suppliers, products, is_export=is_export)
        if row.refusals:
            findings.refuse(row)
            continue
        said = [lot.item_slug, lot.lot_code] if lot.is_carried else _content(lot)
        told_by = (row.at.told_by if row.at else "") or json.dumps(said)
        seen[told_by] += 1
        operation_id = str(uuid5(UUID(database_id), f"lots {seen[told_by]} {told_by}"))
        lots.append((row, replace(lot, operation_id=operation_id, number=seen[told_by])))
    return lots


def _lot(
    row: Row, items: Shelf[ItemPlan], suppliers: Shelf[SupplierPlan], products: Products, *, is_export: bool
) -> LotPlan:
    item = items.find(row, "item", is_item)
    if item and item.is_category:
        row.refuse("item", f"{item.slug} is a category; use an ingredient in it")
    unit, quantity = row.read_unit("unit"), row.read_number("quantity")
    if item and unit and not row.refusals:
        check_kept(row, item, unit, "unit")
    product = products.find(row, "product") if row.has("product") else None
    if product and item and product.item_slug != item.slug:
        row.refuse("product", f"is a package of {product.item_slug}, not of {item.slug}; correct one of them")
    supplier = named_supplier(row, suppliers)
    if supplier and not row.refusals and suppliers.get(supplier.slug) is None:
        suppliers.new[supplier.slug] = supplier
    code = row.read_name("lot", limit=120) if row.has("lot") else None
    return LotPlan(
        operation_id="",
        item_slug=item.slug if item else "",
        quantity=quantity,
        unit=unit.name if unit else "",
        total_cost=row.read_money("cost"),
        received_on=row.read_day("received"),
        expires_on=row.read_day("expires"),
        lot_code=code,
        location=row.read_text("location", limit=120),
        note=row.read_text("note"),
        product_identity=product.identity if product else None,
        supplier_slug=supplier.slug if supplier else None,
        usable_until=row.read_day("usable_until"),
        on_hold=row.read_flag("on_hold"),
        is_carried=is_export and code is not None,
    )


def _content(lot: LotPlan) -> list[str | None]:
    """The values that identify a row, however they are written."""
    said = (
        lot.item_slug, lot.quantity, lot.unit, lot.total_cost, lot.received_on, lot.expires_on, lot.lot_code,
        lot.location, lot.note, lot.product_identity, lot.supplier_slug,
    )  # fmt: skip
    return [None if value is None else str(value) for value in said]
