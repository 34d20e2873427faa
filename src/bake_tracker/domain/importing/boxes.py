"""Boxes of the older program: finished goods and gift packages become items, and their contents become parts."""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from bake_tracker.domain.importing.rows import Placed, dicts, exact_number, placed, placed_rows, plain
from bake_tracker.domain.slugs import slugify
from bake_tracker.domain.units import unit_called

# What the different versions call a part's box and its component.
_OWNERS = ("package_name", "assembly_slug", "finished_good_slug")
_COMPONENTS = (
    "component_slug", "finished_unit_slug", "finished_good_component_slug", "finished_good_slug", "material_unit_slug",
    "material_slug", "packaging_ingredient_slug",
)  # fmt: skip
_READ = {*_OWNERS, *_COMPONENTS, "component_quantity", "quantity", "component_type"}
_ABOUT = ("description", "notes", "packaging_instructions")
BARE = "is the finished unit of the same slug, not a box of its own"
_SECTIONS = ("finished_goods", "packages", "compositions", "package_finished_goods", "material_units")


def with_boxes(document: Mapping[str, Any]) -> dict[str, Any]:
    """Add the boxes to ``items``, their parts to ``good_parts``, and the stock of units and boxes to ``lots``.

    A finished good that holds only one finished unit with the same slug is that unit. Any other that shares its slug
    with a finished unit becomes a separate box, such as ``cookie-box``.
    """
    boxes = _Boxes(document)
    read = {section: None for section in _SECTIONS if isinstance(document.get(section), list)}
    return {
        **document,
        **read,
        "items": [*placed_rows(document, "items"), *boxes.items()],
        "good_parts": boxes.rows(),
        "lots": [*placed_rows(document, "lots"), *boxes.stock()],
    }


class _Boxes:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self.goods, self.packages = placed_rows(document, "finished_goods"), placed_rows(document, "packages")
        self.units = [unit for recipe in dicts(document, "recipes") for unit in dicts(recipe, "finished_units")]
        self.unit_slugs = {plain(unit.get("slug")) for unit in self.units}
        self.parts = [*placed_rows(document, "compositions"), *placed_rows(document, "package_finished_goods")]
        self.material_units = _material_units(document)
        own: defaultdict[object, list[Placed]] = defaultdict(list)
        for part in self.parts:
            own[plain(part.get(_owner(part)))].append(part)
        slugs = [plain(row.get("slug")) for row in self.goods]
        self.bare = {slug for slug in slugs if slug in self.unit_slugs and _is_one_of(slug, own[slug])}
        clashing = {slug: f"{slug}-box" for slug in slugs if slug in self.unit_slugs and slug not in self.bare}
        self.slugs: dict[Any, Any] = {slug: clashing.get(slug, slug) for slug in slugs}

    def items(self) -> list[Placed]:
        """The boxes as rows of items."""
        goods = [placed(row.place, row, {"display_name": "name"}) for row in self.goods]
        packages = [placed(row.place, row, {}) for row in self.packages]
        for item in goods:
            slug = plain(item.get("slug"))
            if slug in self.bare:
                item.same_as = BARE
            if isinstance(item.get("slug"), str):
                item["slug"] = self.slugs[slug]
        for item in packages:
            item["slug"] = self._package(item.get("name"))
        for item in (*goods, *packages):
            about = [item.pop(field, None) for field in _ABOUT]
            item["description"] = "\n".join(text for text in about if isinstance(text, str) and text) or None
            item.update(kind="finished_good", base_unit="each")
        return [*goods, *packages]

    def _package(self, name: object) -> str:
        slug = slugify(str(plain(name)))
        return f"{slug}-box" if slug in self.unit_slugs or slug in self.slugs.values() else slug

    def rows(self) -> list[Placed]:
        """The parts as rows; if a box lists a component twice, its quantities are added up."""
        found: dict[tuple[object, object], Placed] = {}
        rows = [self._part(part) for part in self.parts]
        for row in rows:
            first = found.setdefault((plain(row["good"]), plain(row["component"])), row)
            before, more = exact_number(first["quantity"]), exact_number(row["quantity"])
            if first is not row and row["component"] and before is not None and more is not None:
                first["quantity"], row.same_as = str(before + more), f"added to {first.place}"
        return rows

    def _part(self, part: Placed) -> Placed:
        owner, amount = _owner(part), "component_quantity" if "component_quantity" in part else "quantity"
        field = next((name for name in _COMPONENTS if part.get(name) and name != owner), "component")
        good, slug, quantity = plain(part.get(owner)), part.get(field), exact_number(part.get(amount))
        row = placed(part.place, part, {})
        row.columns.update(good=f".{owner}", component=f".{field}", quantity=f".{amount}")
        if field == "material_unit_slug" and plain(slug) in self.material_units:
            slug, each = self.material_units[plain(slug)]
            quantity = None if quantity is None else quantity * each
        if field.startswith("finished_good") or part.get("component_type") == "finished_good":
            slug = self.slugs.get(plain(slug), slug)
        for name in _READ & row.keys():
            del row[name]
        row["good"] = self._package(good) if owner == "package_name" else self.slugs.get(good, good)
        row["component"], row["quantity"] = slug, part.get(amount) if quantity is None else str(quantity)
        if owner != "package_name" and good in self.bare:
            row.same_as = BARE
        return row

    def stock(self) -> list[Placed]:
        """The units and boxes on hand; the older program counts them without a price."""
        slugs = {id(unit): unit.get("slug") for unit in self.units}
        slugs |= {id(good): self.slugs[plain(good.get("slug"))] for good in self.goods}
        found = []
        for row in (*self.units, *self.goods):
            if isinstance(row, Placed) and exact_number(row.get("inventory_count")):
                lot = Placed(place=row.place, item=slugs[id(row)], quantity=row["inventory_count"], unit="each")
                lot.columns["quantity"], lot.told_by = (
                    ".inventory_count",
                    f"count of {row.place.split('[')[0]} {slugs[id(row)]}",
                )
                found.append(lot)
        return found


def _is_one_of(slug: object, parts: list[Placed]) -> bool:
    """Whether a box holds exactly one finished unit, of its own slug."""
    units = [part.get("finished_unit_slug", part.get("component_slug")) for part in parts]
    amounts = [exact_number(part.get("component_quantity")) for part in parts]
    return units == [slug] and amounts == [1]


def _owner(part: Mapping[str, Any]) -> str:
    return next((name for name in _OWNERS if part.get(name)), "finished_good_slug")


def _material_units(document: Mapping[str, Any]) -> dict[Any, tuple[Any, Fraction]]:
    """The material that each material unit takes, by the unit's slug, and how much of it, in our base unit."""
    products = {plain(row.get("slug")): row for row in dicts(document, "material_products")}
    found = {}
    for unit in dicts(document, "material_units"):
        product = products.get(plain(unit.get("material_product_slug")), {})
        amount = exact_number(unit.get("quantity_per_unit"))
        material = product.get("material_slug") or unit.get("material_slug")
        if amount is not None and material:
            found[plain(unit.get("slug"))] = material, amount * kept_in_one(product)
    return found


def kept_in_one(product: Mapping[str, Any]) -> Fraction:
    """How many of our base units one base unit of a material product contains, according to its package."""
    package, holds = exact_number(product.get("package_quantity")), exact_number(product.get("quantity_in_base_units"))
    unit = unit_called(product.get("package_unit"))
    return package / holds * unit.factor if package and holds and unit else Fraction(1)
