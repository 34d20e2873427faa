"""Exact unit conversions with every step explained: the factor, its source and its date."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypedDict

from bake_tracker.domain.errors import UnitConversionError, ValidationError
from bake_tracker.domain.recipes.quantities import Item, conversion_problem
from bake_tracker.domain.stock.products import Package, unpack
from bake_tracker.domain.units import (
    BASE_UNITS,
    MEASURE_OF,
    Dimension,
    MeasureKind,
    NeedsMeasureError,
    Unit,
    format_exact,
    parse_unit,
    to_base,
)

BASE_UNIT_OF = {dimension: base for base, dimension in BASE_UNITS.items()}
DEFINED = "definition"


@dataclass(frozen=True, slots=True)
class Known:
    """The weight in g of one ml or one piece of an item, with its source and date if known."""

    value: Fraction
    source: str
    measured_on: str | None = None
    operation_id: str | None = None


class Step(TypedDict):
    """A step from ``quantity`` of ``unit`` to ``gives`` of ``gives_unit``, times ``factor``, an exact ratio."""

    quantity: str
    unit: str
    gives: str
    gives_unit: str
    factor: str
    because: str
    source: str
    measured_on: str | None
    operation_id: str | None


class Conversion(TypedDict):
    """A converted quantity: readable, as an exact ratio, and with its steps."""

    item_slug: str | None
    quantity: str
    unit: str
    result: str
    exact: str
    is_rounded: bool
    to_unit: str
    steps: list[Step]


def convert(
    item: Item | None, quantity: Fraction, unit: Unit, to_unit: Unit, known: Mapping[MeasureKind, Known]
) -> Conversion:
    """Convert ``quantity`` of ``unit`` to ``to_unit``, by definition and by the item's measures.

    Raises:
        ValidationError: the conversion needs an item, and none is given.
        UnitConversionError: the measure is not known, or no measure would help.
    """
    if item is None and unit.dimension != to_unit.dimension:
        raise ValidationError.of("item", f"{unit.name} to {to_unit.name} depends on the ingredient; say which one")
    weights = {kind: one.value for kind, one in known.items()}
    base = BASE_UNIT_OF[to_unit.dimension]
    try:
        exact = to_base(quantity, unit, base, weights.get("density"), weights.get("piece")) / to_unit.factor
    except NeedsMeasureError as error:
        assert item
        raise UnitConversionError([conversion_problem(item, error)]) from None
    path = _Path(quantity, unit.name)
    if item and unit.dimension != to_unit.dimension:
        path.define(BASE_UNIT_OF[unit.dimension], unit.factor)
        if unit.dimension != "mass":
            path.weigh(item.name, unit.dimension, known[MEASURE_OF[unit.dimension]], "g")
        if to_unit.dimension != "mass":
            path.weigh(item.name, to_unit.dimension, known[MEASURE_OF[to_unit.dimension]], base)
        path.define(to_unit.name, 1 / to_unit.factor)
    else:
        path.define(to_unit.name, unit.factor / to_unit.factor)
    assert path.quantity == exact
    shown = format_exact(exact)
    return {
        "item_slug": item.slug if item else None,
        "quantity": format_exact(quantity),
        "unit": unit.name,
        "result": shown,
        "exact": str(exact),
        "is_rounded": Fraction(shown) != exact,
        "to_unit": to_unit.name,
        "steps": path.steps,
    }


def convert_packages(
    item: Item, package: Package, count: Fraction, word: str, to_unit: Unit, known: Mapping[MeasureKind, Known]
) -> Conversion:
    """Convert a number of packages to ``to_unit``: first to their contents, then like ``convert``.

    Raises:
        ValidationError: the product is not sold by this ``word``, or its size is not recorded.
        UnitConversionError: see ``convert``.
    """
    quantity, unit_name = unpack(package, count, word)
    inside = convert(item, quantity, parse_unit(unit_name), to_unit, known)
    opened: Step = {
        "quantity": format_exact(count),
        "unit": word,
        "gives": format_exact(quantity),
        "gives_unit": unit_name,
        "factor": str(quantity / count),
        "because": f"1 {package.package_type or word} of {package.called} is {_told(quantity / count)} {unit_name}",
        "source": f"product {package.product_id}",
        "measured_on": None,
        "operation_id": None,
    }
    return {**inside, "quantity": format_exact(count), "unit": word, "steps": [opened, *inside["steps"]]}


class _Path:
    """The steps so far and their result."""

    def __init__(self, quantity: Fraction, unit: str) -> None:
        self.quantity, self.unit = quantity, unit
        self.steps: list[Step] = []

    def define(self, to_unit: str, factor: Fraction) -> None:
        """Add a step between units of one kind, which is a definition."""
        if to_unit != self.unit:
            self._step(to_unit, factor, f"1 {self.unit} = {_told(factor)} {to_unit}", DEFINED)

    def weigh(self, name: str, dimension: Dimension, known: Known, to_unit: str) -> None:
        """Add a step between grams and volume or pieces, by the item's measure."""
        base = BASE_UNIT_OF[dimension]
        factor = known.value if to_unit == "g" else 1 / known.value
        of = f"1 {base} of {name}" if dimension == "volume" else f"1 {name}"
        because = f"{of} weighs {_told(known.value)} g"
        self._step(to_unit, factor, because, known.source, known.measured_on, known.operation_id)

    def _step(
        self,
        to_unit: str,
        factor: Fraction,
        because: str,
        source: str,
        measured_on: str | None = None,
        operation_id: str | None = None,
    ) -> None:
        gives = self.quantity * factor
        self.steps.append(
            {
                "quantity": format_exact(self.quantity),
                "unit": self.unit,
                "gives": format_exact(gives),
                "gives_unit": to_unit,
                "factor": str(factor),
                "because": because,
                "source": source,
                "measured_on": measured_on,
                "operation_id": operation_id,
            }
        )
        self.quantity, self.unit = gives, to_unit


def _told(factor: Fraction) -> str:
    shown = format_exact(factor)
    return shown if Fraction(shown) == factor else f"about {shown}"
