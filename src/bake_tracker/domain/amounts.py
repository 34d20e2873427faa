"""Amounts in words: 25000 g is 25 kg, and 12 eggs are 12 eggs."""

from decimal import Decimal
from fractions import Fraction

from bake_tracker.domain.plurals import one_of, plural
from bake_tracker.domain.units import format_exact, parse_unit

_LARGER = {"g": "kg", "ml": "l"}
_OFFERED = {
    "g": ("kg", "g", "lb", "oz"),
    "ml": ("l", "ml", "cup"),
    "each": ("each", "dozen"),
    "cm": ("m", "cm"),
}
_FROM = 1_000
"""From this many base units on, the larger unit is used."""


def friendly(quantity: str | Decimal, unit: str) -> tuple[str, str]:
    """The same exact amount in the unit that people would use."""
    exact = Decimal(quantity)
    larger = _LARGER.get(unit)
    if larger is None or abs(exact) < _FROM:
        return str(quantity), unit
    return in_unit(exact, larger), larger


def friendly_unit(quantity: str | Decimal, unit: str) -> str:
    """The unit that people would use for an amount of this size."""
    return friendly(quantity, unit)[1]


def in_unit(quantity: str | Decimal, unit: str) -> str:
    """An amount of a base unit as an exact decimal in ``unit``, which is the base unit or 1000 of it."""
    scaled = Decimal(quantity).scaleb(-3) if unit in _LARGER.values() else Decimal(quantity)
    text = format(scaled, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def units_offered(base_unit: str) -> tuple[str, ...]:
    """The usual units for an item with this base unit, most likely first."""
    return _OFFERED.get(base_unit, (base_unit,))


def unit_problem(base_unit: str) -> str | None:
    """What to say to a person who typed a quantity without a unit; None for pieces, which need none."""
    larger = _LARGER.get(base_unit)
    return None if base_unit == "each" else f"needs a unit, such as {base_unit}{f' or {larger}' if larger else ''}"


def amount(quantity: str, unit: str) -> str:
    """``606 g``; for counted items, the number alone: ``19``."""
    return quantity if unit == "each" else f"{quantity} {unit}"


def amount_of(quantity: str, unit: str, name: str) -> str:
    """``606 g of flour``, ``19 cookies``, ``1 egg``; ``name`` is a slug or a name, and ``quantity`` is exact text."""
    if unit != "each":
        return f"{quantity} {unit} of {name}"
    if not name[-1:].isalpha():
        return f"{quantity} × {name}"
    return f"{quantity} {one_of(name) if quantity.removeprefix('-') == '1' else plural(name)}"


def how_many(quantity: str, of: str, unit: str) -> str | None:
    """How many packages of ``of`` ``unit`` make up an amount in base units; None unless the number is short."""
    factor = parse_unit(unit).factor
    count = Fraction(quantity) / (Fraction(of) * factor)
    return format_exact(count) if count.denominator in (1, 2, 4, 5, 10) else None
