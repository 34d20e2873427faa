"""Read cells as people write them; refuse any that could mean two things."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bake_tracker.domain.importing.tables import CellKind
from bake_tracker.domain.remedies import Remedy

DateOrder = Literal["dmy", "mdy"]
Decimals = Literal["point", "comma"]

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})([T ].*)?")
_NUMERIC = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.)? ([A-Za-z]{3,9})\.?,? ([0-9]{4})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})")
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?|([0-9]+ )?[0-9]+/[0-9]+|\.[0-9]+")
_GROUPED: dict[Decimals, re.Pattern[str]] = {
    "point": re.compile(r"[0-9]{1,3}(,[0-9]{3})+\.[0-9]+"),
    "comma": re.compile(r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]+"),
}
_SIGN = re.compile(r"[$€£] ?")
_YES, _NO = ("yes", "true", "y", "x", "1"), ("no", "false", "n", "0")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file writes numbers and dates; None if the user did not say."""

    dates: DateOrder | None = None
    decimals: Decimals | None = None


class UnreadableError(ValueError):
    """A cell that could mean two things, or nothing; the message says what is allowed."""

    def __init__(self, problem: str, remedy: Remedy | None = None) -> None:
        self.remedy = remedy
        super().__init__(problem)


def read_cell(text: str, kind: CellKind, reading: Reading) -> str | bool:
    """A cell in normal form: dates as 2026-11-23, numbers with a decimal point, flags as bool.

    Raises:
        UnreadableError: it could mean two things, or nothing.
    """
    if kind == "day":
        return read_day(text, reading.dates)
    if kind == "number":
        return read_number(text, reading.decimals)
    if kind == "flag":
        if text.lower() in _YES:
            return True
        if text.lower() in _NO:
            return False
        raise UnreadableError("must be yes or no")
    return text


def read_day(text: str, dates: DateOrder | None) -> str:
    """A date as ``2026-11-23``."""
    text = " ".join(text.split())
    if iso := _ISO.fullmatch(text):
        return _day(iso[1], iso[2], iso[3])
    if named := _DAY_FIRST.fullmatch(text):
        return _day(named[3], _month(named[2]), named[1])
    if named := _MONTH_FIRST.fullmatch(text):
        return _day(named[3], _month(named[1]), named[2])
    if numeric := _NUMERIC.fullmatch(text):
        first, second, year = int(numeric[1]), int(numeric[3]), numeric[4]
        if dates == "mdy" or (dates is None and (first == second or second > 12)):
            return _day(year, first, second)
        if dates == "dmy" or first > 12:
            return _day(year, second, first)
        raise UnreadableError(
            f"may be {year}-{second:02d}-{first:02d} or {year}-{first:02d}-{second:02d}; write it like 2026-11-23",
            {"kind": "state_dates"},
        )
    raise UnreadableError("must be a date written like 2026-11-23 or 23 Nov 2026")


def read_number(text: str, decimals: Decimals | None) -> str:
    """A number with a decimal point, or a fraction; a currency sign before it is kept."""
    sign = _SIGN.match(text)
    digits = text[sign.end() :].strip() if sign else text
    kept = sign[0] if sign else ""
    if decimals == "comma":
        if _GROUPED["comma"].fullmatch(digits):
            return kept + digits.replace(".", "").replace(",", ".")
        if "." in digits:
            raise UnreadableError(
                "has a decimal point, but the file uses decimal commas; write it like 2,5 or 1.234,50"
            )
        return kept + digits.replace(",", ".", 1)
    if _PLAIN.fullmatch(digits):
        return kept + (f"0{digits}" if digits.startswith(".") else digits)
    if _GROUPED["point"].fullmatch(digits):
        return kept + digits.replace(",", "")
    if "," in digits:
        raise UnreadableError("has a comma; write it like 2.5", {"kind": "state_decimals"})
    return text


def _month(name: str) -> int:
    found = [number for number, month in enumerate(_MONTHS, 1) if month.startswith(name.lower())]
    if len(found) != 1:
        raise UnreadableError("has no English month name; write it like 2026-11-23")
    return found[0]


def _day(year: str | int, month: str | int, day: str | int) -> str:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise UnreadableError("is not a date in the calendar; write it like 2026-11-23") from None
