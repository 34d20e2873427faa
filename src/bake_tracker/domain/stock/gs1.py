"""Read the GS1 element strings on cartons: ``(01)04006381333931(17)261231(10)M-7``, with or without brackets.

The rules are those of the GS1 General Specifications: application identifiers, FNC1 between elements of variable
length, and the century of a year of two digits.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bake_tracker.domain.stock.products import is_gtin

_SYMBOLOGY = re.compile(r"\](?:C1|e0|d2|Q3|J1)")
"""What a scanner sends first if the bar code holds element strings."""
_FNC1 = re.compile(r"[\x1d␝]|<GS>|\{GS\}")
"""A scanner sends FNC1 as the control character GS; some show it in another way."""
_BRACKETED = re.compile(r"\((\d{2,4})\)")
_IDENTIFIER_LENGTHS = {
    **{f"{number:02}": 2 for number in (*range(5), *range(10, 23), 30, 37, *range(90, 100))},
    **dict.fromkeys(("23", "24", "25", "40", "41", "42"), 3),
    **dict.fromkeys((*(f"{number}" for number in range(31, 37)), "39", "43", "70", "71", "72", "80", "81", "82"), 4),
}
"""The digits of an application identifier, by its first two."""
_FIXED = {
    "00": 18, "01": 14, "02": 14, "03": 14, "04": 16,
    **{f"{number}": 6 for number in range(11, 20)},
    "20": 2, **{f"{number}": 6 for number in range(31, 37)}, "41": 13,
}  # fmt: skip
"""The length of the values that no FNC1 follows, by the first two digits of the identifier."""
_LONGEST = {"10": 20, "21": 20, "22": 20, "30": 8, "37": 8}
_MOST = 90
_DATES = ("17", "7003", "15")
"""Use-by day, use-by instant and best-before day."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a carton's code says: the bar code number of 14 digits, the lot and the day on which it expires."""

    gtin: str | None
    lot_code: str | None
    expires_on: date | None


def read_gs1(text: str, this_year: int | None = None) -> Scanned | None:
    """Read a code, or return None if it is not an element string; a lot code such as ``10D9T`` is not.

    Without brackets or a scanner's prefix, the code must begin with a bar code number. Without ``this_year``, every
    year is after 1999.
    """
    elements = _elements(text.strip())
    if elements is None:
        return None
    gtin = elements.get("01") or elements.get("02")
    if gtin is not None and not (len(gtin) == 14 and is_gtin(gtin)):
        return None
    try:
        days = [_day(elements[one], this_year) for one in _DATES if one in elements]
    except ValueError:
        return None
    found = Scanned(gtin, elements.get("10"), days[0] if days else None)
    return None if found == Scanned(None, None, None) else found


def inner_gtin(gtin: str) -> str | None:
    """The number of the packages in a carton whose number begins with 1 to 8, which has its own check digit."""
    if len(gtin) != 14 or gtin[0] not in "12345678":
        return None
    return next((code for digit in "0123456789" if is_gtin(code := f"{gtin[1:13]}{digit}")), None)


def _elements(text: str) -> dict[str, str] | None:
    if prefix := _SYMBOLOGY.match(text):
        return _unseparated(text[prefix.end() :])
    if (first := _BRACKETED.match(text)) and first[1][:2] in _IDENTIFIER_LENGTHS:
        return _checked(_bracketed(text))
    plain = text.replace(" ", "")
    is_plain = plain[:2] in ("01", "02") and is_gtin(plain[2:16]) and len(plain) > 16
    return _unseparated(plain) if is_plain else None


def _bracketed(text: str) -> Iterator[tuple[str, str]]:
    """The elements, each value up to the next identifier; brackets may also be a part of a lot code."""
    starts = [match for match in _BRACKETED.finditer(text) if match[1][:2] in _IDENTIFIER_LENGTHS]
    for match, end in zip(starts, [*(after.start() for after in starts[1:]), len(text)], strict=True):
        yield match[1], _FNC1.sub("", text[match.end() : end]).strip()


def _unseparated(text: str) -> dict[str, str] | None:
    return _checked(_split(_FNC1.sub("\x1d", text)))


def _split(text: str) -> Iterator[tuple[str, str]]:
    rest = text.lstrip("\x1d")
    while rest:
        length = _IDENTIFIER_LENGTHS.get(rest[:2], 0)
        identifier, rest = rest[:length], rest[length:]
        if fixed := _FIXED.get(identifier[:2]):
            value, rest = rest[:fixed], rest[fixed:].removeprefix("\x1d")
        else:
            value, _, rest = rest.partition("\x1d")
        yield identifier, value
        if not identifier:
            return


def _checked(found: Iterator[tuple[str, str]]) -> dict[str, str] | None:
    """The values by identifier, or None if one has a wrong length or occurs twice with different values."""
    elements: dict[str, str] = {}
    for identifier, value in found:
        kind = identifier[:2]
        is_known = len(identifier) == _IDENTIFIER_LENGTHS.get(kind)
        fixed, longest = _FIXED.get(kind), _LONGEST.get(kind, _MOST)
        is_right = len(value) == fixed and value.isdecimal() if fixed else 0 < len(value) <= longest
        if not (is_known and is_right and value.isascii() and elements.setdefault(identifier, value) == value):
            return None
    return elements


def _day(text: str, this_year: int | None) -> date:
    """A day written as YYMMDD; day 00 is the last of the month.

    Raises:
        ValueError: there is no such day.
    """
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:6])
    if this_year is None:
        century = 2000
    else:
        century = this_year - this_year % 100
        ahead = year - this_year % 100
        century += -100 if ahead >= 51 else 100 if ahead <= -50 else 0
    if not 1 <= month <= 12:
        raise ValueError("there is no such month")
    return date(century + year, month, day or monthrange(century + year, month)[1])
