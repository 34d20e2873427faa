"""Packages that are bought: what tells them apart, and how much is in so many of them."""

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.units import UnknownUnitError, parse_unit

ANY_PACKAGE = ("package", "pack")
"""What any package may be called, besides what its product says it is."""


@dataclass(frozen=True, slots=True)
class Package:
    """A product as it is bought; ``quantity`` of ``unit`` are in one, None where nobody has said."""

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
        """Whether ``word`` is one of these packages, or several."""
        return bool(_forms(word) & {name for one in (*ANY_PACKAGE, self.package_type or "") for name in _forms(one)})


def is_gtin(text: str) -> bool:
    """Whether these are the digits of a bar code (GTIN of 8, 12, 13 or 14), of which the last checks the others."""
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
    """The SHA-256 of what tells a product from any other, whoever brings it."""
    told_by = [item_slug, brand, name, package_type, str(quantity), unit, gtin]
    return hashlib.sha256(json.dumps(told_by).encode()).hexdigest()


def is_unit(text: object) -> bool:
    """Whether this names a unit of its own, and no package."""
    try:
        return isinstance(text, str) and bool(parse_unit(text))
    except UnknownUnitError:
        return False


def unpack(package: Package, count: Fraction, word: str, place: str = "") -> tuple[Fraction, str]:
    """How much is in ``count`` packages, with its unit.

    Raises:
        ValidationError: it does not come in what ``word`` says, or nobody has said how much is in one.
    """
    if not package.is_called(word):
        comes_in = package.package_type or ANY_PACKAGE[0]
        raise ValidationError.of(
            f"{place}unit",
            f"{word[:60]!r} is neither a unit nor how {package.called} comes; it comes by the {comes_in}",
        )
    if package.quantity is None:
        raise ValidationError.of(
            f"{place}product_id",
            f"nobody has said how much is in a package of {package.called}; give the quantity in a unit, or add the "
            "product with its size (bake product add)",
        )
    return count * package.quantity, package.unit


def _forms(word: str) -> set[str]:
    """A word as it is and, where it may be a plural, without its ending."""
    plain = " ".join(word.casefold().split())
    return {form for form in (plain, plain.removesuffix("s"), plain.removesuffix("es")) if form}
