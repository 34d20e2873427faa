"""Keep an item in another unit: what its quantities become, each rounded once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.errors import UnitConversionError, ValidationError
from bake_tracker.domain.recipes.quantities import Item, conversion_problem
from bake_tracker.domain.slugs import MAX_SLUG
from bake_tracker.domain.units import (
    MAX_TOTAL_MICROS,
    MICRO,
    NeedsMeasureError,
    format_micros,
    parse_unit,
    received_micros,
    to_base,
)

KEPT_IN_OTHERS = ("ingredient", "material")
"""The kinds of items that can be kept in another unit; finished units and goods are what recipes say they are."""

LONGEST_FACTOR = 80


@dataclass(frozen=True, slots=True)
class Converted:
    """A quantity in the new unit, in millionths, and by how much of that unit it was rounded up."""

    micros: int
    difference: Fraction

    @property
    def difference_text(self) -> str:
        return str(self.difference)


def factor_of(item: Item, base_unit: str) -> Fraction:
    """How much of the new unit is in one of the item's base unit.

    Raises:
        UnitConversionError: no measure connects the two.
        ValidationError: the measures have too many digits.
    """
    try:
        factor = to_base(Fraction(1), parse_unit(item.base_unit), base_unit, item.g_per_ml, item.g_per_each)
    except NeedsMeasureError as error:
        raise UnitConversionError([conversion_problem(item, error)]) from None
    if len(str(factor)) > LONGEST_FACTOR:
        raise ValidationError.of(
            "base_unit", f"the measures of {item.slug} have too many digits; record them with fewer decimals"
        )
    return factor


def converted(micros: int, factor: Fraction) -> Converted:
    """A quantity in the new unit, rounded up to the millionth, so that nothing is lost.

    Raises:
        ValidationError: it is more than the ledger can count.
    """
    exact = Fraction(micros, MICRO) * factor
    rounded = received_micros(exact)
    if rounded > MAX_TOTAL_MICROS:
        raise ValidationError.of(
            "base_unit", f"makes {format_micros(rounded)} of {format_micros(micros)}, more than the ledger can count"
        )
    return Converted(rounded, Fraction(rounded, MICRO) - exact)


def spare_slug(slug: str, base_unit: str, taken: Collection[str]) -> str:
    """A free slug for the item that is not in use, such as flour-in-g."""
    stem = f"{slug[: MAX_SLUG - 20].rstrip('-')}-in-{base_unit}"
    number, found = 1, stem
    while found in taken:
        number += 1
        found = f"{stem}-{number}"
    return found


@dataclass(frozen=True, slots=True)
class Followed:
    """The other item of such a change, and how much of the later item's unit is in one of the earlier's."""

    item_id: int
    factor: Fraction


def current(changes: Mapping[int, Followed]) -> dict[int, Followed]:
    """For each item that was followed by another, the last of the line."""
    found: dict[int, Followed] = {}
    for item_id, followed in changes.items():
        last, factor = followed.item_id, followed.factor
        while last in changes:
            factor *= changes[last].factor
            last = changes[last].item_id
        found[item_id] = Followed(last, factor)
    return found


def earlier(changes: Mapping[int, Followed]) -> dict[int, list[Followed]]:
    """For each item, those that it followed, nearest first, and how much of its unit is in one of theirs."""
    before = {followed.item_id: Followed(item_id, followed.factor) for item_id, followed in changes.items()}
    found: dict[int, list[Followed]] = {}
    for item_id in before:
        line, last, factor = list[Followed](), item_id, Fraction(1)
        while last in before:
            factor *= before[last].factor
            last = before[last].item_id
            line.append(Followed(last, factor))
        found[item_id] = line
    return found
