"""Packages that items are bought in: their identity and their contents."""

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.units import unit_called

ANY_PACKAGE = ("package", "pack")
"""Words for any package, in addition to the product's own package type."""


@dataclass(frozen=True, slots=True)
class Package:
    """A product as it is bought; it contains ``quantity`` of ``unit``, None if not recorded."""

    product_id: int
    item_id: int
    brand: str | None
    name: str
    package_type: str | None
    quantity: Fraction | None
    unit: str

    @property
    def called(self) -> str:
        """Brand and name."""
        return " ".join(filter(None, (self.brand, self.name)))

    def is_called(self, word: str) -> bool:
        """Whether ``word`` names this package, in the singular or plural."""
        return bool(_forms(word) & {name for one in (*ANY_PACKAGE, self.package_type or "") for name in _forms(one)})


def is_gtin(text: str) -> bool:
    """Whether this is a valid bar code: a GTIN of 8, 12, 13 or 14 digits with a correct check digit."""
    if not (text.isascii() and text.isdigit() and len(text) in (8, 12, 13, 14)):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text))) % 10 == 0


def product_identity(
    item_slug: str,
    brand: str | None,
    name: str,
    package_type: str | None,
    quantity: Fraction | None,
    unit: str,
    gtin: str | None,
) -> str:
    """The SHA-256 of the fields that make a product unique; the seller is not one of them."""
    told_by = [item_slug, brand, name, package_type, str(quantity), unit, gtin]
    return hashlib.sha256(json.dumps(told_by).encode()).hexdigest()


def is_unit(text: object) -> bool:
    """Whether this is the name of a unit, not of a package."""
    return unit_called(text) is not None


def unpack(package: Package, count: Fraction, word: str, place: str = "") -> tuple[Fraction, str]:
    """The contents of ``count`` packages, with the unit.

    Raises:
        ValidationError: the product is not sold by this ``word``, or its size is not recorded.
    """
    if not package.is_called(word):
        comes_in = package.package_type or ANY_PACKAGE[0]
        raise ValidationError.of(
            f"{place}unit",
            f"{word[:60]!r} is neither a unit nor a package of {package.called}; use {comes_in}, or a unit",
        )
    if package.quantity is None:
        raise ValidationError.of(
            f"{place}product_id",
            f"the size of a package of {package.called} is not recorded; give the quantity in a unit",
            {"kind": "add_product", "item_id": package.item_id},
        )
    return count * package.quantity, package.unit


def _forms(word: str) -> set[str]:
    """A word, and its possible singulars."""
    plain = " ".join(word.casefold().split())
    return {form for form in (plain, plain.removesuffix("s"), plain.removesuffix("es")) if form}
