"""Plan the products of an export: branded packages of ingredients and materials."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from bake_tracker.domain.importing.catalog import find_stocked
from bake_tracker.domain.importing.plan import ItemPlan, ProductPlan, SupplierPlan
from bake_tracker.domain.importing.rows import Findings, Row, exact_number, plain
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.slugs import slugify
from bake_tracker.domain.stock.products import product_identity

KEY_DIGITS = 12


class Products:
    """The products to add, and the product that each lot refers to."""

    def __init__(self, known: Mapping[str, ProductPlan], findings: Findings) -> None:
        self.known, self.findings = known, findings
        self.new: dict[str, ProductPlan] = {}
        self.places: dict[str, str] = {}
        self.by_package: defaultdict[str, set[str]] = defaultdict(set)
        self.refused: dict[str, str] = {}

    def admit(self, row: Row, product: ProductPlan) -> None:
        key = package_key(row, "brand")
        if row.refusals:
            self.refused.setdefault(key, row.place)
            self.findings.refuse(row)
            return
        self.by_package[key].add(product.identity)
        if product.identity in self.new:
            self.findings.skip(row, f"same as {self.places[product.identity]}")
        elif product.identity in self.known:
            self.findings.skip(row, "already recorded")
        else:
            self.new[product.identity], self.places[product.identity] = product, row.place

    def find(self, row: Row, field: str) -> ProductPlan | None:
        """The product whose key, bar code (GTIN) or name is in this field."""
        text = row.read_name(field, limit=300)
        everyone = {**self.known, **self.new}
        code = text.lstrip("0")
        for fitting in (
            [one for one in everyone.values() if one.identity.startswith(text)] if len(text) >= KEY_DIGITS else [],
            [one for one in everyone.values() if code and (one.gtin or "").lstrip("0") == code],
            [one for one in everyone.values() if one.name.casefold() == text.casefold()],
        ):
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                shown = ", ".join(f"{one.brand or ''} {one.name} ({product_key(one)})".strip() for one in fitting[:3])
                row.refuse(field, f"{len(fitting)} products match; use the key of one: {shown}")
                return None
        row.refuse(field, "no such product in the file or in the bakery; add the product, or leave this empty")
        return None


def product_key(product: ProductPlan) -> str:
    """The short key of a product in tables: the beginning of its identity."""
    return product.identity[:KEY_DIGITS]


def package_key(row: Row, brand_field: str) -> str:
    """The fields of a lot that identify its product."""
    fields = [row.fields.get(name) for name in ("ingredient_slug", brand_field, "product_name", "package_unit")]
    quantity = exact_number(row.fields.get("package_unit_quantity"))
    return json.dumps([*(plain(field or None) for field in fields), str(quantity)])


def plan_products(
    document: Mapping[str, Any],
    items: Shelf[ItemPlan],
    suppliers: Shelf[SupplierPlan],
    numbers: Mapping[int, str],
    products: Products,
) -> None:
    """Plan the branded packages of ingredients."""
    for row in products.findings.rows(document, "products"):
        item = find_stocked(row, "ingredient_slug", items)
        unit = row.read_unit("package_unit")
        products.admit(
            row,
            _product(
                row,
                item.slug if item else "",
                brand=row.read_text("brand", limit=200),
                name=row.read_text("product_name", limit=300) or (item.name if item else ""),
                unit=unit.name if unit else "",
                quantity=row.read_number("package_unit_quantity") if row.has("package_unit_quantity") else None,
                supplier_slug=_preferred_supplier(row, suppliers, numbers),
            ),
        )


def plan_material_products(
    document: Mapping[str, Any],
    items: Shelf[ItemPlan],
    slugs_by_name: Mapping[str, set[str]],
    suppliers: Shelf[SupplierPlan],
    products: Products,
) -> None:
    """Plan the branded packages of materials, and add suppliers that only these rows name."""
    for row in products.findings.rows(document, "material_products"):
        item = _material(row, items, slugs_by_name)
        unit = row.read_unit(row.first("default_unit", "package_unit"))
        quantity = row.read_number("package_quantity") if row.has("package_quantity") else None
        product = _product(
            row,
            item.slug if item else "",
            brand=row.read_text("brand", limit=200),
            name=row.read_name("display_name", "name", "product_name", limit=300),
            unit=unit.name if unit else "",
            quantity=quantity,
            supplier_slug=None,
        )
        named = named_supplier(row, suppliers)
        if named and not row.refusals and suppliers.get(named.slug) is None:
            suppliers.new[named.slug] = named
        products.admit(row, replace(product, supplier_slug=named.slug if named else None))


def _preferred_supplier(row: Row, suppliers: Shelf[SupplierPlan], numbers: Mapping[int, str]) -> str | None:
    if row.has("preferred_supplier_slug"):
        supplier = suppliers.find(row, "preferred_supplier_slug")
        return supplier.slug if supplier else None
    if not row.has("preferred_supplier_id"):
        return None
    number = row.fields["preferred_supplier_id"]
    slug = numbers.get(number) if type(number) is int else None
    if slug is None:
        row.refuse("preferred_supplier_id", "no supplier in the file has this id; add the supplier or remove the id")
        return None
    supplier = suppliers.get(slug)
    if supplier is None:
        row.refuse("preferred_supplier_id", *suppliers.why_missing(slug))
        return None
    return supplier.slug


def named_supplier(row: Row, suppliers: Shelf[SupplierPlan]) -> SupplierPlan | None:
    """The supplier that a row names by slug or name; an unknown name makes a new supplier."""
    if row.has("supplier_slug"):
        return suppliers.find(row, "supplier_slug")
    if not row.has("supplier"):
        return None
    name = row.read_name("supplier")
    if by_slug := suppliers.get(name):
        return by_slug
    everyone: Sequence[SupplierPlan] = [*suppliers.new.values(), *suppliers.known.values()]
    called = {supplier.slug: supplier for supplier in everyone if supplier.name == name}
    if len(called) > 1:
        row.refuse(
            "supplier", f"{len(called)} suppliers have this name; give one as supplier_slug: {', '.join(called)}"
        )
    if called:
        return next(iter(called.values()))
    if name in suppliers.refused or name in suppliers.missed:
        row.refuse("supplier", *suppliers.why_missing(name))
    slug = slugify(name)
    if taken := suppliers.get(slug):
        row.refuse("supplier", f"would get the slug {slug!r}, which {taken.name} has; give the supplier_slug instead")
    return SupplierPlan(slug, name)


def _material(row: Row, items: Shelf[ItemPlan], slugs_by_name: Mapping[str, set[str]]) -> ItemPlan | None:
    if row.has("material_slug"):
        return find_stocked(row, "material_slug", items)
    name = row.read_name("material")
    slugs = sorted(slugs_by_name.get(name, ()))
    if len(slugs) > 1:
        row.refuse("material", f"{len(slugs)} materials have this name; give one as material_slug: {', '.join(slugs)}")
    if len(slugs) != 1:
        if not slugs and not row.refusals:
            row.refuse("material", "no material in the file or in the bakery has this name; add it or correct the name")
        return None
    found = items.get(slugs[0])
    if found is None:
        row.refuse("material", *items.why_missing(slugs[0]))
    return found


def _product(
    row: Row,
    item_slug: str,
    *,
    brand: str | None,
    name: str,
    unit: str,
    quantity: Fraction | None,
    supplier_slug: str | None,
) -> ProductPlan:
    package_type = row.read_text("package_type", limit=60)
    gtin = row.read_text("gtin", "upc_code", limit=20)
    return ProductPlan(
        identity=product_identity(item_slug, brand, name, package_type, quantity, unit, gtin),
        item_slug=item_slug,
        brand=brand,
        name=name,
        package_type=package_type,
        package_quantity=quantity,
        package_unit=unit,
        gtin=gtin,
        supplier_slug=supplier_slug,
        notes=row.read_text("notes"),
    )
