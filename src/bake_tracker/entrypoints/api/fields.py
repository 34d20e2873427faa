"""The fields of requests: how each is read, and which limits the API's description states.

Services check their own arguments and say what is wrong in their words, so here a limit is only described. Numbers are
read by the reader of every other entry, with a point and without groups.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from bake_tracker.domain.access import LONGEST_PASSWORD, SHORTEST_PASSWORD
from bake_tracker.domain.arguments import LARGEST, MAX_COUNT, MAX_ENTRIES, MAX_TEXT
from bake_tracker.domain.choices import MAX_SHELF_LIFE_DAYS
from bake_tracker.domain.planning.accepting import LOOKS_RIGHT
from bake_tracker.domain.slugs import MAX_SLUG
from bake_tracker.domain.units import MAX_TOTAL_MICROS, MICRO
from bake_tracker.domain.written import (
    PLAIN,
    NotANumberError,
    UnreadableError,
    amount_in,
    has_currency,
    read_exact,
    read_time,
)
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.database import read_scope

_NUMBER = r"^[0-9]{1,10}(\.[0-9]{1,12})?$"
_ABOVE_ZERO = r"^(0{0,9}[1-9][0-9]{0,9}(\.[0-9]{1,12})?|0{1,9}\.0{0,11}[1-9][0-9]{0,11})$"
_NOT_ZERO = rf"^-?{_ABOVE_ZERO[1:]}"
_PERCENT = r"^(100(\.0{1,12})?|[0-9]{1,2}(\.[0-9]{1,12})?)$"
_SIX_DECIMALS = r"^[0-9]{1,10}(\.[0-9]{1,6})?$"
_SIX_ABOVE_ZERO = r"^(0{0,9}[1-9][0-9]{0,9}(\.[0-9]{1,6})?|0{1,9}\.0{0,5}[1-9][0-9]{0,5})$"
_SIX_NOT_ZERO = rf"^-?{_SIX_ABOVE_ZERO[1:]}"
_CONTROLS = r"\u0000-\u0008\u000e-\u001b\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_ONE_LINE = rf"^[^{_CONTROLS}]*[^{_CONTROLS}\s][^{_CONTROLS}]*$"
_NO_NUL = r"^[^\u0000]*$"
_LARGEST_ID = 2**53 - 1
"""Larger ones are not exact in JavaScript, nor in the description."""
_EXACT = "exact; a number or, safer in JavaScript, a string"


def _number(value: object) -> object:
    """Read a string like every other entry does; JSON's own numbers are exact already."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    if not isinstance(value, str):
        return value
    try:
        return read_exact(value, PLAIN)
    except UnreadableError:  # its text quotes the value, which may have been meant for another field
        raise ValueError("must be a number with a decimal point, such as 1250.5, or a fraction such as 1/3") from None


def _whole(value: object) -> object:
    number = _number(value)
    if isinstance(value, str) and not isinstance(number, int):
        raise ValueError("must be a whole number such as 12")
    return number


def _money(value: object) -> object:
    if isinstance(value, str) and has_currency(value):
        with read_scope() as session:
            currency = load_bakery(session).currency
        try:
            value = amount_in(value, currency)
        except NotANumberError:  # like every refusal here, without the value
            raise ValueError(f"must be an amount such as 31.50 or 31.50 {currency}") from None
    return _number(value)


def _a_text(value: object) -> object:
    if not isinstance(value, str | date | None):
        raise ValueError("must be text such as 2026-11-23")
    return value


def _clock(value: object) -> object:
    try:
        return read_time(value) if isinstance(value, str) else None if value is None else _a_text(value)
    except UnreadableError:
        raise ValueError("must be a time of day such as 14:30") from None


def _described(pattern: str, **limits: Any) -> WithJsonSchema:
    number = {"type": "number", **limits}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": pattern}], "description": _EXACT})


def whole(least: int, most: int) -> WithJsonSchema:
    """The description of a whole number in these limits."""
    return WithJsonSchema({"type": "integer", "minimum": least, "maximum": most})


def line(longest: int) -> WithJsonSchema:
    """The description of text on one line that is not empty."""
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": longest, "pattern": _ONE_LINE})


def text(longest: int = MAX_TEXT) -> WithJsonSchema:
    """The description of text that may be empty."""
    return WithJsonSchema({"type": "string", "maxLength": longest, "pattern": _NO_NUL})


def one_of(values: Iterable[str]) -> WithJsonSchema:
    """The description of one of these texts."""
    return WithJsonSchema({"type": "string", "enum": [*values]})


_Exact = Decimal | int | Fraction
Quantity = Annotated[_Exact, BeforeValidator(_number), _described(_NUMBER, minimum=0, maximum=LARGEST)]
Amount = Annotated[_Exact, BeforeValidator(_number), _described(_ABOVE_ZERO, exclusiveMinimum=0, maximum=LARGEST)]
"""A quantity above 0."""
Signed = Annotated[_Exact, BeforeValidator(_number), _described(_NOT_ZERO, minimum=-LARGEST, maximum=LARGEST)]
Percent = Annotated[_Exact, BeforeValidator(_number), _described(_PERCENT, minimum=0, maximum=100)]
Factor = Annotated[_Exact, BeforeValidator(_number), _described(_ABOVE_ZERO, exclusiveMinimum=0, maximum=MAX_COUNT)]
MixSize = Annotated[_Exact, BeforeValidator(_number), _described(_ABOVE_ZERO, exclusiveMinimum=0, maximum=100)]
"""The size of a mix, in batches."""
Share = Annotated[_Exact, BeforeValidator(_number), _described(_ABOVE_ZERO, exclusiveMinimum=0, maximum=1)]
Millionths = Annotated[_Exact, BeforeValidator(_number), _described(_SIX_DECIMALS, minimum=0, maximum=LARGEST)]
"""A quantity in the item's base unit, with at most six decimals."""
SomeMillionths = Annotated[
    _Exact, BeforeValidator(_number), _described(_SIX_ABOVE_ZERO, exclusiveMinimum=0, maximum=LARGEST)
]
Money = Annotated[_Exact, BeforeValidator(_money), _described(_SIX_DECIMALS, minimum=0, maximum=LARGEST)]
"""An amount, with or without the bakery's own currency."""
SignedMoney = Annotated[_Exact, BeforeValidator(_money), _described(_SIX_NOT_ZERO, minimum=-LARGEST, maximum=LARGEST)]

Price = Annotated[_Exact, BeforeValidator(_money), _described(_SIX_ABOVE_ZERO, exclusiveMinimum=0, maximum=LARGEST)]
BatchRate = Annotated[
    _Exact, BeforeValidator(_money), _described(_SIX_DECIMALS, minimum=0, maximum=MAX_TOTAL_MICROS // MICRO**2)
]
"""Labour or overhead of one batch."""

Whole = Annotated[int, BeforeValidator(_whole)]
Id = Annotated[Whole, whole(1, _LARGEST_ID)]
HowMany = Annotated[Whole, whole(1, MAX_COUNT)]
Days = Annotated[Whole, whole(0, MAX_SHELF_LIFE_DAYS)]

Name = Annotated[str, line(200)]
Slug = Annotated[str, line(MAX_SLUG)]
Reason = Annotated[str, line(1_000)]
UnitText = Annotated[str, line(100)]
Text = Annotated[str, text()]
CurrencyCode = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{3}$"})]
PlanCode = Annotated[str, WithJsonSchema({"type": "string", "pattern": LOOKS_RIGHT})]
OperationKey = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
Password = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "format": "password",
            "writeOnly": True,
            "minLength": SHORTEST_PASSWORD,
            "maxLength": LONGEST_PASSWORD,
        }
    ),
]

Entry = TypeVar("Entry")
Many = Annotated[list[Entry], Field(max_length=MAX_ENTRIES)]
Some = Annotated[list[Entry], Field(max_length=MAX_ENTRIES, json_schema_extra={"minItems": 1})]
"""A list that is not empty."""

Day = Annotated[
    date,
    BeforeValidator(_a_text),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^(197[1-9]|19[89][0-9]|[2-9][0-9]{3})-"}),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_a_text),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": "^(197[1-9]|19[89][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-",
            "description": "without an offset, it is in the bakery's time zone",
        }
    ),
]
ClockTime = Annotated[
    time,
    BeforeValidator(_clock),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^([01]\d|2[0-3]):[0-5]\d$",
            "description": "a time of day on the bakery's clock, such as 14:30",
        }
    ),
]
