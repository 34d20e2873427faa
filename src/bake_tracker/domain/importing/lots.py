"""Plan lots: stock of an export, stock of tables, and purchases; two identical rows are two lots."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid5

from bake_tracker.domain.arguments import LARGEST
from bake_tracker.domain.importing.catalog import find_stocked, is_item
from bake_tracker.domain.importing.history import PAST
from bake_tracker.domain.importing.plan import ItemPlan, LotPlan, ProductPlan, SupplierPlan
from bake_tracker.domain.importing.products import Products, preferred_supplier
from bake_tracker.domain.importing.rows import Findings, Row, exact_number, plain
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.stock.lots import slug_in_code
from bake_tracker.domain.units import BASE_UNITS, MICRO, NeedsMeasureError, Unit, received_micros, to_base

PURCHASES = "purchases"
_IDENTIFYING = (
    "ingredient_slug", "product_brand", "product_name", "package_unit", "package_unit_quantity", "quantity",
    "total_cost", "purchase_date", "expiration_date", "lot_or_batch", "location", "notes",
)  # fmt: skip
# What each section calls the cost, the day of receipt, the expiry and the note; "" if it has no such field.
_WORDS = {
    "inventory_items": ("total_cost", "purchase_date", "expiration_date", "notes"),
    "lots": ("cost", "received", "expires", "note"),
    PAST: ("total_cost", "purchase_date", "", "notes"),
    PURCHASES: ("", "", "expiration_date", "notes"),
}


@dataclass(frozen=True, slots=True)
class Lots:
    """The lots to receive, and what their rows refer to."""

    database_id: str
    items: Shelf[ItemPlan]
    suppliers: Shelf[SupplierPlan]
    numbers: Mapping[int, str]
    products: Products
    findings: Findings
    found: list[tuple[Row, LotPlan]]
    seen: Counter[tuple[str, str]]

    def admit(self, row: Row, kind: str, told_by: str, lot: LotPlan) -> None:
        """Add a row's lot, under an id that is the same in every import, unless the row was refused."""
        if row.refusals:
            self.findings.refuse(row)
            return
        self.seen[kind, told_by] += 1
        number = self.seen[kind, told_by]
        operation_id = str(uuid5(UUID(self.database_id), f"{kind} {number} {told_by}"))
        self.found.append((row, replace(lot, operation_id=operation_id, number=number)))

    def lot_of(
        self, row: Row, item: ItemPlan | None, quantity: Fraction, unit: str, product: ProductPlan | None, **more: Any
    ) -> LotPlan:
        """The lot that a row describes, without its id."""
        cost, received, expires, note = _WORDS[row.kind]
        lot = LotPlan(
            operation_id="",
            item_slug=item.slug if item else product.item_slug if product else "",
            quantity=quantity,
            unit=unit,
            total_cost=row.read_money(cost),
            received_on=row.read_day(received),
            expires_on=row.read_day(expires),
            lot_code=None,
            location=row.read_text("location", limit=120),
            note=row.read_text(note),
            product_identity=product.identity if product else None,
            supplier_slug=preferred_supplier(row, self.suppliers, self.numbers),
        )
        return replace(lot, **more)

    def plan_inventory(self, document: Mapping[str, Any]) -> None:
        """Plan the stock of an export; ``quantity`` is in ``package_unit``, and ``total_cost`` is empty if unknown."""
        for row in self.findings.rows(document, "inventory_items"):
            content = json.dumps([_content(row.fields.get(field)) for field in _IDENTIFYING])
            item = find_stocked(row, "ingredient_slug", self.items)
            if item and not row.has("package_unit") and (unit := self._package_unit(row, item)):
                row.fields["package_unit"] = unit
            product = self.products.of_package(row, "product_brand")
            quantity, unit = self._kept(row, item, "package_unit")
            code = _code(row, "lot_or_batch", self.items) if row.has("lot_or_batch") else None
            lot = self.lot_of(row, item, quantity, unit, product, lot_code=code)
            self.admit(row, "inventory_items", content, lot)

    def plan_tables(self, document: Mapping[str, Any]) -> None:
        """Plan the lots of tables: those of an export with their codes, holds and releases, others as receipts."""
        is_export = document.get("is_export") is True
        for row in self.findings.rows(document, "lots"):
            item = self.items.find(row, "item", is_item)
            if item and item.is_category:
                row.refuse("item", f"{item.slug} is a category; use an ingredient in it")
            quantity, unit = self._kept(row, item, "unit")
            product = self.products.find(row, "product") if row.has("product") else None
            if product and item and product.item_slug != item.slug:
                row.refuse("product", f"is a package of {product.item_slug}, not of {item.slug}; correct one of them")
            code = row.read_name("lot", limit=120) if row.has("lot") else None
            released, held = row.read_day("usable_until"), row.read_flag("on_hold")
            lot = self.lot_of(row, item, quantity, unit, product, lot_code=code, usable_until=released, on_hold=held)
            of_ml, of_each = (row.read_optional(name) for name in ("g_per_ml", "g_per_each"))
            lot = replace(lot, is_carried=is_export and code is not None, g_per_ml=of_ml, g_per_each=of_each)
            said = [lot.item_slug, lot.lot_code] if lot.is_carried else _values(lot)
            self.admit(row, "lots", (row.at.told_by if row.at else "") or json.dumps(said), lot)

    def _kept(self, row: Row, item: ItemPlan | None, unit_field: str) -> tuple[Fraction, str]:
        """The quantity and its unit, which must convert to the item's base unit."""
        unit, quantity = row.read_unit(unit_field), row.read_number("quantity")
        if item and unit and not row.refusals:
            _check_kept(row, item, unit, unit_field)
        return quantity, unit.name if unit else ""

    def _package_unit(self, row: Row, item: ItemPlan) -> str:
        """The unit that all products of this brand share, because earlier exports leave it out of the stock."""
        units = self.products.units.get((item.slug, plain(row.fields.get("product_brand") or None)), set())
        return next(iter(units)) if len(units) == 1 else ""


def _values(lot: LotPlan) -> list[str | None]:
    """The values that identify a row, however they are written."""
    said = (
        lot.item_slug, lot.quantity, lot.unit, lot.total_cost, lot.received_on, lot.expires_on, lot.lot_code,
        lot.location, lot.note, lot.product_identity, lot.supplier_slug,
    )  # fmt: skip
    return [None if value is None else str(value) for value in said]


def _code(row: Row, field: str, items: Shelf[ItemPlan]) -> str:
    code = row.read_name(field, limit=120)
    slug = slug_in_code(code)
    if slug and items.get(slug):
        row.refuse(field, f"looks like a code that Bake Tracker gives to lots of {slug}; leave it out or change it")
    return code


def _content(value: object) -> object:
    """A value for comparing rows, however the file writes a number."""
    number = exact_number(value)
    if number is not None:
        return str(number)
    return value if isinstance(value, str) else plain(value)


def _check_kept(row: Row, item: ItemPlan, unit: Unit, unit_field: str) -> None:
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
