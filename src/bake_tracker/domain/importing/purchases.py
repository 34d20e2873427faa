"""Plan the older program's purchases: packages by bar code from its phone app, and those that are used up."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid5

from bake_tracker.domain.arguments import LARGEST
from bake_tracker.domain.importing.catalog import is_stocked
from bake_tracker.domain.importing.history import PAST
from bake_tracker.domain.importing.plan import ItemPlan, LotPlan, ProductPlan, SupplierPlan
from bake_tracker.domain.importing.products import Products, named_supplier, preferred_supplier
from bake_tracker.domain.importing.rows import Findings, Row, exact_number
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.importing.variants import PURCHASES
from bake_tracker.domain.units import MICRO, UnknownUnitError, parse_unit

CODES = ("product_slug", "upc", "gtin")
DAYS = ("purchased_at", "scanned_at")


def plan_purchases(
    document: Mapping[str, Any],
    database_id: str,
    suppliers: Shelf[SupplierPlan],
    products: Products,
    findings: Findings,
) -> list[tuple[Row, LotPlan]]:
    """Plan the purchases in a phone app's file; ``unit_price`` is per package. In a whole export, they are history."""
    if document.get("import_type") != PURCHASES:
        return []
    seen, lots = Counter[str](), []
    for row in findings.rows(document, PURCHASES):
        if not row.has("supplier") and document.get("supplier"):
            row.fields["supplier"] = document["supplier"]
        lot = _lot(row, suppliers, products)
        if row.refusals:
            findings.refuse(row)
            continue
        said = (lot.product_identity, lot.quantity, lot.total_cost, row.fields.get(row.first(*DAYS)), lot.supplier_slug)
        told_by = json.dumps([str(value) for value in said])
        seen[told_by] += 1
        operation_id = str(uuid5(UUID(database_id), f"purchases {seen[told_by]} {told_by}"))
        lots.append((row, replace(lot, operation_id=operation_id)))
    return lots


def plan_past(
    document: Mapping[str, Any],
    database_id: str,
    items: Shelf[ItemPlan],
    suppliers: Shelf[SupplierPlan],
    numbers: Mapping[int, str],
    products: Products,
    findings: Findings,
) -> list[tuple[Row, LotPlan]]:
    """Plan the purchases that no lot is left of, for their prices; ``total_cost`` is for all packages."""
    lots = []
    for row in findings.rows(document, PAST):
        product = None if row.has("item") else products.of_package(row, "product_brand")
        if not row.has("item") and not row.refusals and (product is None or product.package_quantity is None):
            findings.skip(row, "its price is not kept, because no package of known size in the file is the one bought")
            continue
        item = items.find(row, "item", is_stocked) if row.has("item") else None
        unit, supplier = row.read_unit("unit") if item else None, preferred_supplier(row, suppliers, numbers)
        amount = row.read_number("quantity" if row.has("item") else "packages")
        told_by = row.fields.get("uuid") or json.dumps([str(value) for value in row.fields.values()])
        lot = LotPlan(
            operation_id=str(uuid5(UUID(database_id), f"used up {told_by}")),
            item_slug=item.slug if item else product.item_slug if product else "",
            quantity=amount * (product.package_quantity or 1) if product else amount,
            unit=unit.name if unit else product.package_unit if product else "",
            total_cost=row.read_money("total_cost"),
            received_on=row.read_day("purchase_date"),
            expires_on=None,
            lot_code=None,
            location=None,
            note=row.read_text("notes"),
            product_identity=product.identity if product else None,
            supplier_slug=supplier,
            is_used_up=True,
        )
        if row.refusals:
            findings.refuse(row)
        else:
            lots.append((row, lot))
    return lots


def _lot(row: Row, suppliers: Shelf[SupplierPlan], products: Products) -> LotPlan:
    field = row.first(*CODES)
    product = _product(row, field, products)
    if product and product.package_quantity is None:
        row.refuse(field, f"the size of a {product.name} package is not recorded; correct the product")
    packages, price = row.read_number("quantity_purchased"), row.read_money("unit_price")
    supplier = named_supplier(row, suppliers)
    if supplier and not row.refusals and suppliers.get(supplier.slug) is None:
        suppliers.new[supplier.slug] = supplier
    cost = None if price is None else packages * Fraction(price) * MICRO
    if cost is not None and (cost.denominator != 1 or cost > LARGEST * MICRO):
        row.refuse(
            "quantity_purchased", "times unit_price is too large or has more than six decimals; correct one of them"
        )
        cost = None
    return LotPlan(
        operation_id="",
        item_slug=product.item_slug if product else "",
        quantity=packages * (product.package_quantity or 1) if product else packages,
        unit=product.package_unit if product else "",
        total_cost=None if cost is None else Decimal(int(cost)).scaleb(-6),
        received_on=row.read_day(row.first(*DAYS)),
        expires_on=row.read_day("expiration_date"),
        lot_code=None,
        location=row.read_text("location", limit=120),
        note=row.read_text("notes"),
        product_identity=product.identity if product else None,
        supplier_slug=supplier.slug if supplier else None,
    )


def _product(row: Row, field: str, products: Products) -> ProductPlan | None:
    """The product with this bar code, or with this ``ingredient:brand:quantity:unit``."""
    text = row.fields.get(field)
    parts = text.split(":") if isinstance(text, str) else []
    if len(parts) != 4:
        return products.find(row, field)
    slug, brand, quantity, unit = parts
    try:
        unit = parse_unit(unit).name
    except UnknownUnitError as error:
        row.refuse(field, str(error))
        return None
    fitting = [
        product
        for product in {**products.known, **products.new}.values()
        if (product.item_slug, product.brand or "", product.package_quantity, product.package_unit)
        == (slug, brand, exact_number(quantity), unit)
    ]
    if len(fitting) != 1:
        row.refuse(field, f"{len(fitting) or 'no'} products match; add the product, or use the bar code (upc) of one")
        return None
    return fitting[0]
