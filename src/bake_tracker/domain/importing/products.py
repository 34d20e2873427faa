"""Plan the products of an export: branded packages of ingredients and materials."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bake_tracker.domain.importing.catalog import find_stocked
from bake_tracker.domain.importing.differences import Difference
from bake_tracker.domain.importing.plan import KEY_DIGITS, ItemPlan, ProductPlan, SupplierPlan
from bake_tracker.domain.importing.rows import Findings, Row, exact_number, plain
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.slugs import slugify
from bake_tracker.domain.stock.products import product_identity
from bake_tracker.domain.units import Unit, unit_called


class Products:
    """The products to add, and the product that each lot refers to."""

    def __init__(self, known: Mapping[str, ProductPlan], findings: Findings) -> None:
        self.known, self.findings = known, findings
        self.new: dict[str, ProductPlan] = {}
        self.places: dict[str, str] = {}
        self.by_package: defaultdict[str, set[str]] = defaultdict(set)
        self.refused: dict[str, str] = {}
        self._told_of: dict[str, str] = {}
        self.by_brand: defaultdict[tuple[str | None, ...], list[ProductPlan]] = defaultdict(list)
        self._alike: defaultdict[tuple[str | None, ...], list[ProductPlan]] = defaultdict(list)
        self.units: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
        self._by_key: defaultdict[str, list[ProductPlan]] = defaultdict(list)
        self._by_gtin: defaultdict[str, list[ProductPlan]] = defaultdict(list)
        self._by_name: defaultdict[str, list[ProductPlan]] = defaultdict(list)
        for product in known.values():
            self._keep(product)
            self._alike[_called(product)].append(product)

    def admit(self, row: Row, product: ProductPlan) -> None:
        key = package_key(row, "brand")
        if row.refusals:
            self.refused.setdefault(key, row.place)
            self.findings.refuse(row)
            return
        here = self._here(product)
        for one in here or [product]:
            for keyed in (key, package_key(row, "brand", is_named=False)):
                self.by_package[keyed].add(one.identity)
        if product.identity in self.new:
            self.findings.skip(row, f"same as {self.places[product.identity]}")
        elif here:
            self.findings.differ(row, "already recorded", self._differences(row, here[0], product))
        else:
            self.new[product.identity] = product
            self._keep(product)
        self.places.setdefault(product.identity, row.place)

    def _keep(self, product: ProductPlan) -> None:
        self.by_brand[product.item_slug, product.brand, product.package_unit].append(product)
        self.units[product.item_slug, product.brand].add(product.package_unit)
        self._by_key[product.key].append(product)
        self._by_gtin[(product.gtin or "").lstrip("0")].append(product)
        self._by_name[product.name.casefold()].append(product)

    def _here(self, product: ProductPlan) -> list[ProductPlan]:
        """The products in the bakery that a row means: the same, or one with more or less detail about its package.

        An export without bar codes may mean several; a new bar code is given to one product only.
        """
        if same := self.known.get(product.identity):
            return [same]
        fitting = [one for one in self._alike[_called(product)] if _agree(one, product)]
        if product.gtin is None or any(one.gtin for one in fitting):
            return fitting
        free = [one for one in fitting if self._told_of.setdefault(one.identity, product.identity) == product.identity]
        return free[:1]

    @staticmethod
    def _differences(row: Row, here: ProductPlan, there: ProductPlan) -> list[Difference]:
        told = [(name, getattr(here, name), getattr(there, name)) for name in _LATE if row.has(name) or name == "gtin"]
        return [
            {
                "place": row.place, "slug": here.item_slug, "field": name,
                "here": None, "in_file": str(new),
            }
            for name, old, new in told
            if old is None and new is not None
        ]  # fmt: skip

    def _like(self, row: Row, brand_field: str) -> list[ProductPlan]:
        """The products that fit what a row says; it may leave out the product's name or the size."""
        item, brand, name = (
            plain(row.fields.get(field) or None) for field in ("ingredient_slug", brand_field, "product_name")
        )
        size, unit = exact_number(row.fields.get("package_unit_quantity")), unit_called(row.fields.get("package_unit"))
        return [
            one
            for one in self.by_brand[item, brand, unit.name if unit else None]
            if name in (None, one.name) and size in (None, one.package_quantity)
        ]

    def of_package(self, row: Row, brand_field: str) -> ProductPlan | None:
        """The only product that a row describes; None if several match, because choosing one would be a guess."""
        key = package_key(row, brand_field, is_named=row.has("product_name") or not row.has("package_unit_quantity"))
        fitting = self.by_package.get(key, set()) or {one.identity for one in self._like(row, brand_field)}
        if not fitting and key in self.refused:
            row.refuse(brand_field, f"belongs to {self.refused[key]}, which was refused; correct that first")
        identity = next(iter(fitting)) if len(fitting) == 1 else ""
        return self.new.get(identity) or self.known.get(identity)

    def find(self, row: Row, field: str) -> ProductPlan | None:
        """The product whose key, bar code (GTIN) or name is in this field."""
        text = row.read_name(field, limit=300)
        code = text.lstrip("0")
        for fitting in (
            [one for one in self._by_key.get(text[:KEY_DIGITS], ()) if one.identity.startswith(text)],
            self._by_gtin.get(code, []) if code else [],
            self._by_name.get(text.casefold(), []),
        ):
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                shown = ", ".join(f"{one.brand or ''} {one.name} ({one.key})".strip() for one in fitting[:3])
                row.refuse(field, f"{len(fitting)} products match; use the key of one: {shown}")
                return None
        row.refuse(field, "no such product in the file or in the bakery; add the product, or leave this empty")
        return None


_LATE = ("package_type", "package_quantity", "gtin")


def _called(product: ProductPlan) -> tuple[str | None, ...]:
    return product.item_slug, product.brand, name_key(product.name), product.package_unit


def _agree(one: ProductPlan, other: ProductPlan) -> bool:
    """Whether two products are the same as far as both say."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in _LATE]
    return all(first is None or second is None or first == second for first, second in pairs)


def package_key(row: Row, brand_field: str, *, is_named: bool = True) -> str:
    """The fields of a lot that identify its product; some files leave out the product's name."""
    named = ("product_name",) if is_named else ()
    fields = [row.fields.get(name) for name in ("ingredient_slug", brand_field, *named, "package_unit")]
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
        product = _product(
            row, item, row.read_unit("package_unit"),
            brand=row.read_text("brand", limit=200),
            name=row.read_text("product_name", limit=300) or (item.name if item else ""),
            package_quantity=row.read_optional("package_unit_quantity"),
            supplier_slug=preferred_supplier(row, suppliers, numbers),
        )  # fmt: skip
        products.admit(row, product)


def plan_material_products(
    document: Mapping[str, Any],
    items: Shelf[ItemPlan],
    slugs_by_name: Mapping[str, set[str]],
    suppliers: Shelf[SupplierPlan],
    products: Products,
) -> None:
    """Plan the branded packages of materials, and add suppliers that only these rows name."""
    for row in products.findings.rows(document, "material_products"):
        item, unit = _material(row, items, slugs_by_name), row.read_unit(row.first("default_unit", "package_unit"))
        product = _product(
            row, item, unit,
            package_quantity=row.read_optional("package_quantity"),
            brand=row.read_text("brand", limit=200),
            name=row.read_name("display_name", "name", "product_name", limit=300),
        )  # fmt: skip
        products.admit(row, replace(product, supplier_slug=_added_supplier(row, suppliers)))


def preferred_supplier(row: Row, suppliers: Shelf[SupplierPlan], numbers: Mapping[int, str]) -> str | None:
    """The slug of the supplier that a row names by slug, by number or by name."""
    for field in ("preferred_supplier_slug", "supplier_slug"):
        if row.has(field):
            supplier = suppliers.find(row, field)
            return supplier.slug if supplier else None
    field = row.first("preferred_supplier_id", "supplier_id")
    if row.has(field):
        number = row.fields[field]
        slug = numbers.get(number) if type(number) is int else None
        if slug is None:
            row.refuse(field, "no supplier in the file has this id; add the supplier or remove the id")
        elif suppliers.get(slug) is None:
            row.refuse(field, *suppliers.why_missing(slug))
        return slug
    return _added_supplier(row, suppliers)


def _added_supplier(row: Row, suppliers: Shelf[SupplierPlan]) -> str | None:
    """The slug of the supplier that a row names, which is added if it is new."""
    named = _named_supplier(row, suppliers)
    if named and not row.refusals and suppliers.get(named.slug) is None:
        suppliers.new[named.slug] = named
    return named.slug if named else None


def _named_supplier(row: Row, suppliers: Shelf[SupplierPlan]) -> SupplierPlan | None:
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


def _product(row: Row, item: ItemPlan | None, unit: Unit | None, **said: Any) -> ProductPlan:
    said |= {"item_slug": item.slug if item else "", "package_unit": unit.name if unit else ""}
    said["package_type"] = row.read_text("package_type", limit=60)
    said["gtin"] = row.read_text("gtin", "upc_code", limit=20)
    told_by = ("item_slug", "brand", "name", "package_type", "package_quantity", "package_unit", "gtin")
    identity = product_identity(*(said[name] for name in told_by))
    return ProductPlan(identity, notes=row.read_text("notes"), **{"supplier_slug": None, **said})
