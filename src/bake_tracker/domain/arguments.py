"""Check the arguments of a call, and report all problems at once."""

import hashlib
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from bake_tracker.domain.choices import CountSaw
from bake_tracker.domain.errors import Problem, ValidationError
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.units import MAX_MICROS, MICRO, Unit, UnknownUnitError, parse_unit

MAX_COUNT = 1_000_000
MAX_TEXT = 10_000
MAX_ENTRIES = 2_000
"""The most entries in one list, so that no single call keeps other writers waiting for long."""
MAX_KEY = 2**63 - 1
LARGEST = MAX_MICROS // MICRO // 1_000
FINEST = 10**40
"""The largest denominator of an exact number: finer than any scale, yet short enough to print."""

_AS = " (int or Decimal)"
"""Which types a number may have, for a caller who sent something else, such as a float."""

BEFORE_EVERYTHING, AFTER_EVERYTHING = date(1970, 12, 31), date(9999, 1, 1)
"""Days that no recorded time is on or beyond."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far a caller's clock may be ahead before its time counts as the future."""

# The caller's decimal context may round to a few digits; this one keeps every digit of a factor.
_WIDE = Context(prec=60)


def call_fingerprint(operation: str, arguments: str) -> str:
    """What makes two calls the same: a hash of the operation's name and its arguments as stored."""
    return hashlib.sha256(f"{operation}\n{arguments}".encode()).hexdigest()


class Arguments:
    """Collects the problems of one call; ``done`` raises them all at once.

    Every method returns the normalised value, or notes the problem and returns a harmless substitute.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse(self, field: str, problem: str, remedy: Remedy | None = None) -> None:
        one: Problem = {"field": field, "problem": problem}
        self.problems.append(one if remedy is None else {**one, "remedy": remedy})

    def done(self) -> None:
        """Raise a ValidationError if there were any problems."""
        if self.problems:
            raise ValidationError(self.problems)

    def key(self, field: str, value: object) -> int:
        """A database key; the look-up finds out whether it exists."""
        if type(value) is not int or abs(value) > MAX_KEY:
            self.refuse(field, f"must be a whole number of at most {MAX_KEY}, not {shown(value)}")
            return 0
        return value

    def keys(self, field: str, value: object) -> list[int]:
        """One or more keys, in order and without repeats."""
        if isinstance(value, str | bytes) or not isinstance(value, Sequence) or not value:
            self.refuse(field, f"must be a list of at least one id, not {shown(value)}")
            return []
        if self.has_too_many(field, value):
            return []
        return sorted({self.key(f"{field}[{position}]", one) for position, one in enumerate(value)})

    def has_too_many(self, field: str, value: Sequence[Any], most: int = MAX_ENTRIES) -> bool:
        """Refuse a list of more than ``most`` entries, before anything in it is read."""
        if len(value) <= most:
            return False
        self.refuse(field, f"must have at most {most} entries, not {len(value)}; send the rest separately")
        return True

    def optional_key(self, field: str, value: object) -> int | None:
        return None if value is None else self.key(field, value)

    def count(self, field: str, value: object, *, least: int = 1, most: int = MAX_COUNT) -> int:
        """A whole number from ``least`` to ``most``."""
        whole = value if type(value) is int else _whole_decimal(value)
        if whole is None or not least <= whole <= most:
            self.refuse(field, f"must be a whole number from {least} to {most}, not {shown(value)}")
            return 1
        return whole

    def micros(self, field: str, value: object, *, above_zero: bool = False) -> int:
        """An exact quantity or amount, int or Decimal, as millionths; at most six decimals."""
        if isinstance(value, Fraction):
            self.refuse(field, f"must be a number with at most six decimals, not the fraction {shown(value)}")
            return 0
        exact = self.exact(field, value, above_zero=above_zero)
        scaled = exact * MICRO
        if scaled.denominator != 1:
            self.refuse(field, f"must have at most six decimals, not {shown(value)}")
            return 0
        return int(scaled)

    def signed_micros(self, field: str, value: object) -> int:
        """An exact amount above or below 0, int or Decimal, as millionths."""
        is_below = isinstance(value, int | Decimal) and value < 0
        return -self.micros(field, -value, above_zero=True) if is_below else self.micros(field, value, above_zero=True)  # type: ignore[operator]

    def exact(self, field: str, value: object, *, above_zero: bool = False) -> Fraction:
        """An exact number, 0 or more (or above 0), as a fraction."""
        wanted = "above 0" if above_zero else "of 0 or more"
        if type(value) is int or (isinstance(value, Decimal) and value.is_finite()) or isinstance(value, Fraction):
            if isinstance(value, Decimal) and abs(value.adjusted()) > 30:
                is_tiny = value.adjusted() < 0
                too_large = f"must be a number {wanted} and at most {LARGEST}, not {shown(value)}"
                self.refuse(field, "has too many digits; use fewer decimals" if is_tiny else too_large)
                return Fraction(1)
            exact = Fraction(value)
            if exact.denominator > FINEST:
                self.refuse(field, "has too many digits; use fewer decimals")
                return Fraction(1)
            if exact > LARGEST:
                self.refuse(field, f"must be at most {LARGEST}, not {shown(value)}")
                return Fraction(1)
            if exact > 0 or (exact == 0 and not above_zero):
                return exact
        told = "" if isinstance(value, int | Decimal | Fraction) and not isinstance(value, bool) else _AS
        self.refuse(field, f"must be a number {wanted}{told}, not {shown(value)}")
        return Fraction(1)

    def batches(self, field: str, value: object) -> int:
        """A whole number of batches; part of a batch is given as a scale."""
        is_part = isinstance(value, Decimal | Fraction | float) and _whole_decimal(value) is None
        if is_part and math.isfinite(value) and 0 < value <= MAX_COUNT:  # type: ignore[arg-type,operator]
            remedy: Remedy = {"kind": "scale_batches", "quantity": str(value)}
            self.refuse(field, f"must be a whole number, not {shown(value)}; part of a batch needs a scale", remedy)
            return 1
        return self.count(field, value)

    def scale_factor(self, field: str, value: object) -> Decimal | Fraction:
        """A finite factor above 0; a float is taken as the decimal it prints as, and a fraction such as 1/3 stays one.

        A fraction that is a decimal becomes one, so that 1/2 and 0.5 are the same.
        """
        if isinstance(value, Fraction):
            if 0 < value <= MAX_COUNT and len(str(value)) <= 80:
                return _as_decimal(value) or value
            self.refuse(field, f"must be above 0, at most {MAX_COUNT} and of up to 80 digits, not {shown(value)}")
            return Decimal(1)
        if isinstance(value, float) and math.isfinite(value):
            value = Decimal(repr(float(value)))  # a subclass may print differently
        if type(value) is int or (isinstance(value, Decimal) and value.is_finite()):
            factor = Decimal(value)
            if 0 < factor <= MAX_COUNT and abs(factor.adjusted()) <= 20 and len(factor.as_tuple().digits) <= 40:
                return factor.normalize(_WIDE)
        self.refuse(
            field, f"must be a finite number above 0 and at most {MAX_COUNT}, of up to 40 digits, not {shown(value)}"
        )
        return Decimal(1)

    def text(self, field: str, value: object, *, limit: int = MAX_TEXT) -> str | None:
        """Free text, or None."""
        if value is None:
            return None
        if not isinstance(value, str):
            self.refuse(field, f"must be text, not {_type_shown(value)}")
            return None
        if len(value) > limit:
            self.refuse(field, f"must have at most {limit} characters, not {len(value)}")
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            self.refuse(field, "must not contain NUL characters or unpaired surrogates")
        return value

    def name(self, field: str, value: object, *, limit: int = 200) -> str:
        """Text on one line that is not empty."""
        text = " ".join((self.text(field, value, limit=limit) or "").split())
        if any(problem["field"] == field for problem in self.problems):
            return text
        if not text:
            self.refuse(field, "must not be empty")
        if any(unicodedata.category(character) in ("Cc", "Cf") for character in text):
            self.refuse(field, "must not contain control characters")
        return text

    def choice(self, field: str, value: object, allowed: Iterable[str]) -> str:
        options = list(allowed)
        if not isinstance(value, str) or value not in options:
            self.refuse(field, f"must be one of {', '.join(options)}, not {shown(value)}")
            return options[0]
        return value

    def count_saw(self, value: object) -> CountSaw | None:
        """Whether a later count had seen this: ``before``, ``after``, or None if nobody said."""
        if value is None:
            return None
        return "after" if self.choice("count_saw", value, ("before", "after")) == "after" else "before"

    def uuid(self, field: str, value: object) -> str:
        """A UUID as text."""
        try:
            return str(UUID(str(value))) if isinstance(value, UUID | str) else self._no_uuid(field, value)
        except ValueError:
            return self._no_uuid(field, value)

    def _no_uuid(self, field: str, value: object) -> str:
        self.refuse(field, f"must be a UUID, not {shown(value)}")
        return ""

    def flag(self, field: str, value: object) -> bool:
        """Yes or no."""
        if not isinstance(value, bool):
            self.refuse(field, f"must be true or false, not {shown(value)}")
        return value is True

    def unit(self, field: str, value: object) -> Unit | None:
        if not isinstance(value, str):
            self.refuse(field, f"must be the name of a unit, not {shown(value)}")
            return None
        try:
            return parse_unit(value)
        except UnknownUnitError as error:
            self.refuse(field, str(error))
            return None

    def rows(self, field: str, value: object, *, most: int = MAX_ENTRIES) -> list[Mapping[str, Any]]:
        """At least one mapping of fields to values."""
        if isinstance(value, list | tuple) and self.has_too_many(field, value, most):
            return []
        rows = list(value) if isinstance(value, list | tuple) else []
        if not rows or not all(isinstance(row, Mapping) for row in rows):
            self.refuse(field, f"must be a list of at least one object, not {shown(value)}")
            return []
        return rows

    def moment(self, field: str, value: object, time_zone: Callable[[], str]) -> datetime | None:
        """A time in UTC, or None; without an offset it is the local time of ``time_zone``, which is then looked up."""
        if value is None:
            return None
        if isinstance(value, datetime) and BEFORE_EVERYTHING < value.date() < AFTER_EVERYTHING:
            aware = value.replace(tzinfo=ZoneInfo(time_zone())) if value.utcoffset() is None else value
            return aware.astimezone(UTC)
        self.refuse(field, f"must be a date and time between the years 1971 and 9998, not {shown(value)}")
        return None

    def since(self, field: str, value: object, time_zone: Callable[[], str]) -> datetime | None:
        """The beginning of a period in UTC, or None; a year before 1971 sets no limit."""
        if isinstance(value, datetime) and value.date() <= BEFORE_EVERYTHING:
            return None
        if isinstance(value, datetime) and value.date() >= AFTER_EVERYTHING:
            return datetime.combine(AFTER_EVERYTHING, time(), UTC)
        return self.moment(field, value, time_zone)

    def day(self, field: str, value: object) -> date | None:
        """A calendar day, or None."""
        if value is None or (isinstance(value, date) and not isinstance(value, datetime) and value.year > 1970):
            return value
        self.refuse(field, f"must be a date after 1970, not {shown(value)}")
        return None

    def clock(self, field: str, value: object) -> time | None:
        """A time of day to the minute on the bakery's clock, or None."""
        if value is None or (isinstance(value, time) and not (value.second or value.microsecond or value.tzinfo)):
            return value
        self.refuse(field, f"must be a time of day to the minute, without an offset, not {shown(value)}")
        return None


def check_is_past(field: str, at: datetime, now: datetime, time_zone: str) -> None:
    """Raise a ValidationError if this time is in the future."""
    if at > now + CLOCKS_DIFFER:
        given, here = (f"{one.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M}" for one in (at, now))
        raise ValidationError.of(field, f"must not be in the future; {given} is later than now, {here} in {time_zone}")


def scale_of(text: str) -> Decimal | Fraction:
    """A scale as it is stored."""
    return Fraction(text) if "/" in text else Decimal(text)


def _as_decimal(value: Fraction) -> Decimal | None:
    """The same number as a decimal; None if it has no end, or would be too long."""
    digits = next((digits for digits in range(21) if 10**digits % value.denominator == 0), None)
    if digits is None:
        return None
    return Decimal(value.numerator * 10**digits // value.denominator).scaleb(-digits, _WIDE).normalize(_WIDE)


def _whole_decimal(value: object) -> int | None:
    if (
        isinstance(value, Decimal)
        and value.is_finite()
        and abs(value.adjusted()) < 20
        and value == value.to_integral_value()
    ):
        return int(value)
    return None


def shown(value: object) -> str:
    """The value in at most 60 characters; only the type if it could hold a secret."""
    if not isinstance(value, str | int | float | Decimal | Fraction | date | time | None):
        return _type_shown(value)
    try:
        text = str(value) if isinstance(value, Decimal | Fraction | date | time) else repr(value)
    except Exception:
        return _type_shown(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _type_shown(value: object) -> str:
    return f"a value of type {type(value).__name__[:40]}"
