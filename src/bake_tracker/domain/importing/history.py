"""Stock and past purchases of the older program: what was paid for a lot, and the prices of goods that are used up."""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from bake_tracker.domain.importing.boxes import kept_in_one
from bake_tracker.domain.importing.rows import Placed, dicts, exact_number, placed, placed_rows, plain
from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import MICRO, unit_called

PAST = "past_purchases"
KEPT = "its supplier, and its price if it has one, are kept with its lot"
_PRODUCT = ("ingredient_slug", "product_brand", "product_name", "package_unit", "package_unit_quantity")
_SUPPLIERS = ("supplier_slug", "supplier_id", "supplier")


def with_stock(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give each lot what was paid for it, and keep the price of each purchase of which no lot is left."""
    bought = [_of_product(row) for row in placed_rows(document, "purchases")]
    by_id = {plain(row.get("id")): row for row in bought if row.get("id") is not None}
    by_day = {_content(row): row for row in bought}
    lots = [_of_product(row) for row in placed_rows(document, "inventory_items")]
    sizes: defaultdict[tuple[object, ...], set[Fraction | None]] = defaultdict(set)
    for product in dicts(document, "products"):
        size = exact_number(product.get("package_unit_quantity"))
        sizes[plain(product.get("ingredient_slug")), plain(product.get("brand") or None)].add(size)
    for lot in lots:
        purchase = by_id.get(plain(lot.pop("purchase_id", None))) or by_day.get(_content(lot))
        own = {exact_number(lot.get("package_unit_quantity"))} - {None}
        known = own or sizes[plain(lot.get("ingredient_slug")), plain(lot.get("product_brand") or None)]
        _set_cost(lot, purchase, next(iter(known)) if len(known) == 1 else None)
        if purchase is not None:
            purchase.same_as = KEPT
            lot.update({field: purchase[field] for field in _SUPPLIERS if purchase.get(field)})
    materials, used_up = _materials(document)
    return {
        **document,
        **({"inventory_items": lots} if isinstance(document.get("inventory_items"), list) else {}),
        **{section: None for section in ("purchases", *_MATERIALS) if isinstance(document.get(section), list)},
        "lots": [*placed_rows(document, "lots"), *materials],
        PAST: [*map(_past, bought), *used_up],
    }


def _of_product(row: Placed) -> Placed:
    """A row with its product split into fields; some versions write ``flour:Brook:2.5:kg``."""
    text = row.get("product_slug")
    parts = text.split(":", 1) if isinstance(text, str) else []
    if len(parts) == 2 and parts[1].count(":") >= 2:
        brand, size, unit = parts[1].rsplit(":", 2)
        said = (parts[0], "" if brand == "None" else brand, None, unit, size)
        row.update({field: value for field, value in zip(_PRODUCT, said, strict=True) if value is not None})
        row.columns.update(dict.fromkeys(_PRODUCT, ".product_slug"))
        del row["product_slug"]
    return row


def _content(row: Placed) -> tuple[object, ...]:
    day = row.get("purchase_date", row.get("purchased_at"))
    size = exact_number(row.get("package_unit_quantity"))
    return (*(plain(row.get(field) or None) for field in _PRODUCT[:4]), size, plain(day))


def _set_cost(lot: Placed, purchase: Placed | None, size: Fraction | None) -> None:
    """Cost a lot by its own unit cost, or by the price of its purchase.

    If a purchase brought fewer units than the lot has left, it counted packages, otherwise units.
    """
    quantity, each = exact_number(lot.get("quantity")), exact_number(lot.pop("unit_cost", None))
    column = ".unit_cost"
    if purchase is not None and not each:
        each, column = exact_number(purchase.get("unit_price", purchase.get("unit_cost"))), ".purchase_id"
        count = exact_number(purchase.get("quantity_purchased"))
        if each and quantity and count is not None and quantity > count:
            each = each / size if size else None
    if each and quantity and not lot.get("total_cost"):
        lot["total_cost"], lot.columns["total_cost"] = _money(each * quantity), column


def _money(amount: Fraction) -> str | None:
    return format_money(round(amount * MICRO))


def _past(row: Placed) -> Placed:
    """A purchase that may be used up, with its whole price."""
    price, count = (
        exact_number(row.get("unit_price", row.get("unit_cost"))),
        exact_number(row.get("quantity_purchased")),
    )
    new = placed(row.place, row, {"purchased_at": "purchase_date", "quantity_purchased": "packages"})
    new.same_as = row.same_as
    if not row.get("total_cost"):
        new["total_cost"] = None if price is None or count is None else _money(price * count)
        new.columns["total_cost"] = ".unit_price"
    for name in ("unit_price", "unit_cost", "id", "product_id"):
        new.pop(name, None)
    if not new.same_as and not new["total_cost"]:
        new.same_as = "it has no price"
    return new


_MATERIALS = ("material_inventory_items", "material_purchases")


def _materials(document: Mapping[str, Any]) -> tuple[list[Placed], list[Placed]]:
    """The lots of materials, and the purchases of materials of which none is left."""
    products = {plain(row.get("slug")): row for row in dicts(document, "material_products")}
    bought = placed_rows(document, "material_purchases")
    by_uuid = {plain(row.get("uuid")): row for row in bought}
    lots = []
    for row in placed_rows(document, "material_inventory_items"):
        purchase = by_uuid.get(plain(row.get("purchase_uuid")))
        left, each = exact_number(row.get("quantity_remaining")), exact_number(row.get("cost_per_unit"))
        lot = _of_material(row, products, "quantity_remaining")
        lot.update(received=row.get("purchase_date"), location=row.get("location"), note=row.get("notes"))
        lot["cost"] = _money(left * each) if left and each else None
        lot.told_by = f"material {plain(row.get('uuid')) or row.place}"
        if left == 0:
            lot.same_as = "nothing is left of it"
        elif purchase is not None:
            lot["supplier_slug"] = purchase.get("supplier_slug")
            purchase.same_as = KEPT
        lots.append(lot)
    used_up = []
    for row in bought:
        past = _of_material(row, products, "units_added")
        count, price = exact_number(row.get("packages_purchased")), exact_number(row.get("package_price"))
        past["total_cost"] = _money(count * price) if count and price else None
        past.update({name: row.get(name) for name in ("purchase_date", "supplier_slug", "notes", "uuid")})
        past.same_as = row.same_as or ("" if past["total_cost"] else "it has no price")
        used_up.append(past)
    return lots, used_up


def _of_material(row: Placed, products: Mapping[Any, Mapping[str, Any]], field: str) -> Placed:
    """A row of stock in the unit that its material is kept in."""
    product, amount = products.get(plain(row.get("product_slug")), {}), exact_number(row.get(field))
    new = Placed(place=row.place, item=product.get("material_slug", row.get("product_slug")))
    new["quantity"] = row.get(field) if amount is None else str(amount * kept_in_one(product))
    unit = unit_called(product.get("package_unit"))
    new["unit"] = "cm" if unit and unit.dimension == "length" else "each"
    new.problems = row.problems
    new.columns.update(item=".product_slug", quantity=f".{field}")
    return new
