"""A chart as data for the page's script, each value with its text for people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Text = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Series:
    """Values along the axis; an unknown value is None, not 0."""

    name: str
    values: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its title; ``unit`` follows every value, written as ``shown``; the axis may be ``is_of_days``."""

    title: str
    kind: Literal["bar", "line"]
    axis: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    shown: Literal["number", "money", "price"] = "number"
    is_of_days: bool = False
    is_stacked: bool = False
    is_sideways: bool = False
    notes: Sequence[str] = field(default=())

    def data(self, text: Text, day: Text) -> dict[str, Any]:
        """The chart as JSON without floats: the script converts the values only to draw them."""
        return {
            "title": self.title,
            "kind": self.kind,
            "axis": [day(one) for one in self.axis] if self.is_of_days else list(self.axis),
            "unit": self.unit,
            "stacked": self.is_stacked,
            "sideways": self.is_sideways,
            "series": [
                {
                    "name": one.name,
                    "values": list(one.values),
                    "texts": ["unknown" if value is None else text(value) for value in one.values],
                }
                for one in self.series
            ],
        }


def summed(
    rows: Iterable[Mapping[str, Any]], along: str, name: Callable[[Mapping[str, Any]], str], value: str
) -> tuple[list[str], list[Series]]:
    """Sums by place on the axis and by name; unknown if any summand is unknown."""
    sums: dict[str, dict[str, Decimal | None]] = {}
    places: dict[str, None] = {}
    for row in rows:
        place = str(row[along])
        places[place] = None
        of = sums.setdefault(name(row), {})
        before = of.get(place, Decimal(0))
        of[place] = None if before is None or row[value] is None else before + Decimal(row[value])
    axis = sorted(places)
    return axis, [Series(one, [_text(of.get(place, Decimal(0))) for place in axis]) for one, of in sums.items()]


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
