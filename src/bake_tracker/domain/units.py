"""Units of mass, volume, count and length, with exact rational factors.

The definitions are in ``units.txt`` in pint's format. Quantities are rounded once, at the edge of the ledger: receipts
round up and draws round down, to 10^-6 of the base unit (see ``docs/adr/0002-exact-integers.md``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    import pint

Dimension = Literal["mass", "volume", "count", "length"]
MeasureKind = Literal["density", "piece"]

BASE_UNITS: dict[str, Dimension] = {"g": "mass", "ml": "volume", "each": "count", "cm": "length"}
MEASURE_OF: dict[Dimension, MeasureKind] = {"volume": "density", "count": "piece"}
"""The measure of an ingredient that turns such a quantity into a weight."""
COLUMN_OF_MEASURE: Mapping[MeasureKind, str] = {"density": "g_per_ml", "piece": "g_per_each"}
MICRO = 1_000_000
MAX_MICROS = 2**63 - 1
MAX_TOTAL_MICROS = MAX_MICROS // 2
"""The most that one operation may take or cost: half of 64 bits, so that adding one more lot cannot overflow."""

_QUANTITY = re.compile(
    r"(?P<decimal>[0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})"
    r"|((?P<whole>[0-9]{1,40})\s+)?(?P<numerator>[0-9]{1,40})\s*/\s*(?P<denominator>[0-9]{1,40})"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its short name, its dimension, and how many base units (g, ml, each, cm) it contains."""

    name: str
    dimension: Dimension
    factor: Fraction


class UnknownUnitError(ValueError):
    """No unit has this name; the message lists those that do."""


@dataclass(frozen=True, slots=True)
class NeedsMeasureError(Exception):
    """Two kinds of unit cannot be converted without a measure; ``missing`` is empty if no measure would help."""

    from_unit: str
    to_unit: str
    missing: tuple[MeasureKind, ...]


@lru_cache(1)
def _registry() -> "pint.UnitRegistry[Fraction]":
    import pint  # here, because it takes a third of a second that not every command needs

    registry: pint.UnitRegistry[Fraction] = pint.UnitRegistry(None, non_int_type=Fraction)
    registry.load_definitions(files(__package__).joinpath("units.txt").read_text("utf-8").splitlines())
    return registry


@lru_cache(1024)
def parse_unit(text: str) -> Unit:
    """The unit that ``text`` means in a kitchen (``"fl oz"``, ``"Cups"``, ``"kg."``).

    Raises:
        UnknownUnitError: no unit has this name.
    """
    cleaned = "_".join(text.replace(".", "").replace("-", " ").split())
    singular = cleaned.removesuffix("es") if cleaned.lower().endswith(("inches", "pinches", "dashes")) else cleaned
    candidates = [singular, singular.lower(), singular.lower().removesuffix("s")]
    registry = _registry()
    for candidate in candidates if len(text) <= LONGEST_UNIT else ():
        if candidate[:1].isalpha() and candidate.isidentifier() and _is_defined(registry, candidate):
            quantity = registry.Quantity(Fraction(1), candidate).to_root_units()
            (dimension,) = (name.strip("[]") for name in quantity.dimensionality)
            return Unit(registry.get_symbol(candidate), cast(Dimension, dimension), Fraction(quantity.magnitude))
    raise UnknownUnitError(f"{text[:60]!r} is not a unit; use {KNOWN_UNITS}")


def unit_called(value: object) -> Unit | None:
    """The unit that a value names; None if it is not the name of a unit."""
    try:
        return parse_unit(value) if isinstance(value, str) else None
    except UnknownUnitError:
        return None


def _is_defined(registry: "pint.UnitRegistry[Fraction]", name: str) -> bool:
    try:
        return name in registry
    except ValueError:  # pint reads "nan" as a number
        return False


LONGEST_UNIT = 100
"""The longest unit we look up, because pint's search for prefixes and endings takes quadratic time."""

KNOWN_UNITS = (
    "g, kg, mg, oz, lb, stick (mass); ml, l, tsp, tbsp, fl oz, cup, pint, quart, gallon (volume); "
    "each, pair, dozen (count); cm, m, inch, foot, yard (length)"
)


def to_base(
    quantity: Fraction, unit: Unit, base_unit: str, g_per_ml: Fraction | None, g_per_each: Fraction | None = None
) -> Fraction:
    """Convert exactly to ``base_unit``; volumes and pieces become mass and back only by their measures.

    Raises:
        NeedsMeasureError: the dimensions differ and the measure is unknown.
    """
    in_unit_base = quantity * unit.factor
    wanted = BASE_UNITS[base_unit]
    if unit.dimension == wanted:
        return in_unit_base
    grams: dict[Dimension, Fraction | None] = {"mass": Fraction(1), "volume": g_per_ml, "count": g_per_each}
    have, need = grams.get(unit.dimension), grams.get(wanted)
    if not have or not need:
        raise NeedsMeasureError(unit.name, base_unit, _missing(grams, unit.dimension, wanted))
    return in_unit_base * have / need


def _missing(grams: Mapping[Dimension, Fraction | None], *dimensions: Dimension) -> tuple[MeasureKind, ...]:
    if not grams.keys() >= set(dimensions):
        return ()  # a length has no weight
    return tuple(MEASURE_OF[dimension] for dimension in dimensions if not grams[dimension])


def density_g_per_ml(volume: Fraction, volume_unit: Unit, weight: Fraction, weight_unit: Unit) -> Fraction:
    """The density in g per ml from "1 cup weighs 120 g"; both quantities must be above 0."""
    assert volume_unit.dimension == "volume"
    return grams_per_base(volume, volume_unit, weight, weight_unit)


def grams_per_base(amount: Fraction, unit: Unit, weight: Fraction, weight_unit: Unit) -> Fraction:
    """The weight in g of one ml or one piece, if ``amount`` of ``unit`` weighs this; both must be above 0."""
    assert weight_unit.dimension == "mass"
    return (weight * weight_unit.factor) / (amount * unit.factor)


def received_micros(base_quantity: Fraction) -> int:
    """Round a receipt up to 10^-6 base unit."""
    return -((-base_quantity.numerator * MICRO) // base_quantity.denominator)


def drawn_micros(base_quantity: Fraction, times: Fraction = Fraction(1)) -> int:
    """Round a draw, times ``times``, down to 10^-6 base unit."""
    # Multiplying the fractions first would waste time reducing them.
    return base_quantity.numerator * times.numerator * MICRO // (base_quantity.denominator * times.denominator)


def format_micros(micros: int) -> str:
    """Millionths as an exact decimal string without trailing zeros: ``"1.5"``, ``"240"``."""
    sign, digits = ("-", -micros) if micros < 0 else ("", micros)
    whole, part = divmod(digits, MICRO)
    return f"{sign}{whole}.{part:06d}".rstrip("0").rstrip(".")


def parse_quantity(text: str) -> Fraction:
    """Read ``"2"``, ``"0.5"``, ``"1/3"`` or ``"1 1/2"`` exactly.

    Raises:
        ValueError: the text is not such a number.
    """
    # Fraction("1e999999999") would never return.
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or (match["denominator"] and not int(match["denominator"])):
        raise ValueError(f"{text!r} is not a quantity; write it like 2, 0.5, 1/3 or 1 1/2")
    if match["decimal"]:
        return Fraction(match["decimal"])
    return int(match["whole"] or 0) + Fraction(int(match["numerator"]), int(match["denominator"]))


def format_exact(value: Fraction) -> str:
    """A readable number: all its decimals if there are at most nine, otherwise rounded to six places."""
    scale = 10**9
    scaled = value * scale
    digits = int(scaled) if scaled.denominator == 1 else round(value * MICRO) * (scale // MICRO)  # ties to even
    whole, part = divmod(abs(digits), scale)
    return f"{'-' if digits < 0 else ''}{whole}.{part:09d}".rstrip("0").rstrip(".")


def format_quantity(value: Fraction) -> str:
    """An exact number as in a recipe: ``"0.75"`` if six decimals are enough, otherwise ``"1 1/3"``."""
    if (value * MICRO).denominator == 1:
        return format_micros(int(value * MICRO))
    whole, part = divmod(value.numerator, value.denominator)
    return f"{whole or ''} {part}/{value.denominator}".strip()
