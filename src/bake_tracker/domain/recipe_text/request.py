"""The arguments of a page import: name, lines and the user's choices, all checked before use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypedDict

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.choices import MAX_SHELF_LIFE_DAYS
from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.units import BASE_UNITS

MAX_LINES = 200
MAX_LINE = 500
RANGES = ("ask", "low", "high")


class SaidLine(TypedDict):
    """The meaning of a line, as the user gives it."""

    item_id: int
    quantity: int | Decimal | Fraction
    unit: str


class SaidYield(TypedDict):
    """The yield of one batch, as the user gives it, in the finished unit's base unit."""

    finished_unit_id: int
    quantity: int | Decimal


class PageChoices(TypedDict, total=False):
    """The user's choices for a page; lines are numbered from 1.

    ``ranges`` is the end of a range to take; left out, it is the low end, and a yield is asked about.
    ``kept`` has the base unit of each new item, by its name on the page; left out, it is that of the line.
    ``shelf_life_days`` is how long a new product keeps, None without limit.
    """

    said: Mapping[int, SaidLine]
    accepted: Sequence[int]
    left_out: Sequence[int]
    names: Mapping[str, int]
    ranges: str | None
    create_missing: bool
    makes: SaidYield | None
    without_yield: bool
    kept: Mapping[str, str]
    shelf_life_days: int | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The normalised arguments."""

    name: str
    lines: list[str]
    yields: list[str]
    said: dict[int, tuple[Fraction, str, int]]
    accepted: frozenset[int]
    left_out: frozenset[int]
    names: dict[str, int]
    ranges: str | None
    create_missing: bool
    makes: tuple[Fraction, int] | None
    without_yield: bool
    kept: dict[str, str]
    shelf_life_days: int | None = None

    def claimed(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "lines": self.lines,
            "yields": self.yields,
            "said": {str(number): list(map(str, said)) for number, said in sorted(self.said.items())},
            "accepted": sorted(self.accepted),
            "left_out": sorted(self.left_out),
            "names": self.names,
            "ranges": self.ranges or "ask",  # as it was before there was a rule
            "create_missing": self.create_missing,
            "makes": None if self.makes is None else list(map(str, self.makes)),
            "without_yield": self.without_yield,
            **({"kept": self.kept} if self.kept else {}),
            **({} if self.shelf_life_days is None else {"shelf_life_days": self.shelf_life_days}),
        }


def read_request(given: Arguments, name: object, lines: object, yields: object, choices: object) -> PageRequest:
    """Normalise the arguments; problems are collected in ``given``."""
    clean_lines = _texts(given, "lines", lines)
    if not clean_lines and not given.problems:
        given.refuse("lines", "must be a list with at least one line of text")
    told: Mapping[str, Any] = choices if isinstance(choices, Mapping) else {}
    if choices is not None and not isinstance(choices, Mapping):
        given.refuse("choices", "must be an object of choices, or be left out")
    for unknown in sorted(str(one) for one in told.keys() - PageChoices.__annotations__.keys()):
        given.refuse(f"choices.{unknown[:40]}", "is not a known choice; remove it")
    makes = _mapping(given, "choices.makes", told.get("makes"))
    return PageRequest(
        name=given.name("name", name),
        lines=clean_lines,
        yields=_texts(given, "yields", () if yields is None else yields),
        said=_said(given, told.get("said"), len(clean_lines)),
        accepted=_numbers(given, "choices.accepted", told.get("accepted"), len(clean_lines)),
        left_out=_numbers(given, "choices.left_out", told.get("left_out"), len(clean_lines)),
        names={
            name_key(given.name("choices.names", key, limit=300)): given.key("choices.names", value)
            for key, value in _mapping(given, "choices.names", told.get("names")).items()
        },
        ranges=None if (ranges := told.get("ranges")) is None else given.choice("choices.ranges", ranges, RANGES),
        create_missing=given.flag("choices.create_missing", told.get("create_missing", False)),
        makes=(
            Fraction(given.micros("choices.makes.quantity", makes.get("quantity"), above_zero=True), 10**6),
            given.key("choices.makes.finished_unit_id", makes.get("finished_unit_id")),
        )
        if makes
        else None,
        without_yield=given.flag("choices.without_yield", told.get("without_yield", False)),
        kept={
            name_key(given.name("choices.kept", key, limit=300)): given.choice("choices.kept", value, BASE_UNITS)
            for key, value in _mapping(given, "choices.kept", told.get("kept")).items()
        },
        shelf_life_days=None
        if (days := told.get("shelf_life_days")) is None
        else given.count("choices.shelf_life_days", days, least=0, most=MAX_SHELF_LIFE_DAYS),
    )


def _texts(given: Arguments, field: str, value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        given.refuse(field, "must be a list of text lines")
        return []
    if len(value) > MAX_LINES:
        given.refuse(field, f"must have at most {MAX_LINES} lines, not {len(value)}")
        return []
    texts = [given.text(f"{field}[{place}]", one, limit=MAX_LINE) or "" for place, one in enumerate(value)]
    if sum(map(len, texts)) + len(texts) > 10_000:
        given.refuse(field, "must have at most 10000 characters in total")
    return texts


def _mapping(given: Arguments, field: str, value: object) -> Mapping[Any, Any]:
    if value is not None and not isinstance(value, Mapping):
        given.refuse(field, "must be an object, or be left out")
    elif value is not None and len(value) > MAX_LINES:
        given.refuse(field, f"must have at most {MAX_LINES} entries, not {len(value)}")
        return {}
    return value if isinstance(value, Mapping) else {}


def _numbers(given: Arguments, field: str, value: object, count: int) -> frozenset[int]:
    if not isinstance(value, list | tuple | set | frozenset | None):
        given.refuse(field, "must be a list of line numbers")
        return frozenset()
    if value is not None and len(value) > MAX_LINES:
        given.refuse(field, f"must have at most {MAX_LINES} line numbers, not {len(value)}")
        return frozenset()
    return frozenset(_number(given, field, one, count) for one in value or ())


def _number(given: Arguments, field: str, value: object, count: int) -> int:
    number = given.count(field, value)
    if number > count:
        given.refuse(field, f"refers to line {number}, but there are only {count}")
    return number


def _said(given: Arguments, value: object, count: int) -> dict[int, tuple[Fraction, str, int]]:
    said = {}
    for number, row in _mapping(given, "choices.said", value).items():
        field = f"choices.said[{str(number)[:20]}]"
        line = _mapping(given, field, row)
        unit = given.unit(f"{field}.unit", line.get("unit"))
        said[_number(given, field, number, count)] = (
            given.exact(f"{field}.quantity", line.get("quantity"), above_zero=True),
            unit.name if unit else "",
            given.key(f"{field}.item_id", line.get("item_id")),
        )
    return said
