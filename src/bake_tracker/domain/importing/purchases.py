"""Plan the older program's purchases: packages by bar code from its phone app, and those that are used up."""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from bake_tracker.domain.arguments import LARGEST
from bake_tracker.domain.importing.catalog import is_stocked
from bake_tracker.domain.importing.history import PAST
from bake_tracker.domain.importing.lots import PURCHASES, Lots
from bake_tracker.domain.importing.plan import LotPlan, ProductPlan
from bake_tracker.domain.importing.products import Products
from bake_tracker.domain.importing.rows import Row, exact_number
from bake_tracker.domain.units import MICRO

CODES = ("product_slug", "upc", "gtin")
DAYS = ("purchased_at", "scanned_at")


def plan_purchases(document: Mapping[str, Any], lots: Lots) -> None:
    """Plan the purchases in a phone app's file; ``unit_price`` is per package."""
    if document.get("import_type") != PURCHASES:
        return
    for row in lots.findings.rows(document, PURCHASES):
        if not row.has("supplier") and document.get("supplier"):
            row.fields["supplier"] = document["supplier"]
        field, day = row.first(*CODES), row.first(*DAYS)
        product = _product(row, field, lots.products)
        if product and product.package_quantity is None:
            row.refuse(field, f"the size of a {product.name} package is not recorded; correct the product")
        packages, price = row.read_number("quantity_purchased"), row.read_money("unit_price")
        cost = None if price is None else packages * Fraction(price) * MICRO
        if cost is not None and (cost.denominator != 1 or cost > LARGEST * MICRO):
            row.refuse(
                "quantity_purchased", "times unit_price is too large or has more than six decimals; correct one of them"
            )
            cost = None
        total = None if cost is None else Decimal(int(cost)).scaleb(-6)
        lot = _of_packages(row, lots, product, packages, total_cost=total, received_on=row.read_day(day))
        said = (lot.product_identity, lot.quantity, lot.total_cost, row.fields.get(day), lot.supplier_slug)
        lots.admit(row, PURCHASES, json.dumps([str(value) for value in said]), lot)


def plan_past(document: Mapping[str, Any], lots: Lots) -> None:
    """Plan the purchases of which no lot is left, for their prices; ``total_cost`` is for all packages."""
    for row in lots.findings.rows(document, PAST):
        told_by = str(row.fields.get("uuid") or json.dumps([str(value) for value in row.fields.values()]))
        if row.has("item"):
            item, unit = lots.items.find(row, "item", is_stocked), row.read_unit("unit")
            quantity, name = row.read_number("quantity"), unit.name if unit else ""
            lot = lots.lot_of(row, item, quantity, name, None, is_used_up=True)
        else:
            product = lots.products.of_package(row, "product_brand")
            if not row.refusals and (product is None or product.package_quantity is None):
                lots.findings.skip(row, "its price is not kept, because no package of known size is the one bought")
                continue
            lot = _of_packages(row, lots, product, row.read_number("packages"), is_used_up=True)
        lots.admit(row, "used up", told_by, lot)


def _of_packages(row: Row, lots: Lots, product: ProductPlan | None, packages: Fraction, **more: Any) -> LotPlan:
    """The lot of some packages of a product."""
    if product is None:
        return lots.lot_of(row, None, packages, "", None, **more)
    quantity = packages * (product.package_quantity or 1)
    return lots.lot_of(row, None, quantity, product.package_unit, product, **more)


def _product(row: Row, field: str, products: Products) -> ProductPlan | None:
    """The product with this bar code, or with this ``ingredient:brand:quantity:unit``."""
    text = row.fields.get(field)
    parts = text.split(":") if isinstance(text, str) else []
    if len(parts) != 4:
        return products.find(row, field)
    slug, brand, quantity, unit = parts
    if (sold_in := row.unit(field, unit)) is None:
        return None
    fitting = [
        product
        for product in products.by_brand.get((slug, brand or None, sold_in.name), ())
        if product.package_quantity == exact_number(quantity)
    ]
    if len(fitting) != 1:
        row.refuse(field, f"{len(fitting) or 'no'} products match; add the product, or use the bar code (upc) of one")
        return None
    return fitting[0]
