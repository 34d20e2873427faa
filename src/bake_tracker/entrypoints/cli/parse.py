"""Turn what people type into exact values; a usage error shows how to write the rest."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import typer

from bake_tracker.domain.units import parse_quantity


def quantity(text: str) -> Fraction:
    """``2``, ``0.5``, ``1/3`` or ``"1 1/2"``."""
    try:
        return parse_quantity(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def decimal(text: str) -> Decimal:
    """``12.50``: a decimal number."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise typer.BadParameter(f"{text!r} is not a number; write it like 12.50") from None
    if not value.is_finite():
        raise typer.BadParameter(f"{text!r} is not a finite number; write it like 12.50")
    return value


def whole_or_decimal(text: str) -> int | Decimal:
    """An int if the number is whole, because services expect counts as int."""
    value = decimal(text)
    return int(value) if value == value.to_integral_value() and abs(value.adjusted()) < 20 else value


def day(text: str) -> date:
    """``2026-11-23``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write it like 2026-11-23") from None


def amount_of(text: str) -> tuple[Fraction, str, str]:
    """``"1 1/2 cup flour"`` as quantity, unit and name; the unit may be missing (``"6 sugar-cookie"``)."""
    words = text.split()
    numbers = 0
    while numbers < len(words) and words[numbers][0].isdigit():
        numbers += 1
    if numbers == 0 or len(words) < numbers + 1:
        raise typer.BadParameter(f"cannot read {text!r}; write it like '2 cup flour' or '6 sugar-cookie'")
    return quantity(" ".join(words[:numbers])), " ".join(words[numbers:-1]), words[-1]


def amount(text: str) -> tuple[Fraction, str]:
    """``"1 1/2 cup"`` or ``"2 fl oz"`` as quantity and unit."""
    words = text.split()
    numbers = 0
    while numbers < len(words) and words[numbers][0].isdigit():
        numbers += 1
    if numbers == 0 or numbers == len(words):
        raise typer.BadParameter(f"cannot read {text!r}; write it like '1 cup' or '125 g'")
    return quantity(" ".join(words[:numbers])), " ".join(words[numbers:])


def exact_decimal(value: Fraction) -> int | Decimal:
    """A fraction as an exact decimal, which yields and components need."""
    if value.denominator == 1:
        return int(value)
    scaled = value * 10**6
    if scaled.denominator != 1:
        raise typer.BadParameter(
            f"{value} cannot be written exactly with six decimals; use a number that can, such as 0.25"
        )
    return Decimal(int(scaled)).scaleb(-6)


def instant(text: str) -> str:
    """``2026-11-23`` or ``2026-11-23T14:30`` as the log writes times: in UTC, so that they sort as text."""
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time; write it like 2026-11-23 or 2026-11-23T14:30") from None
    return f"{in_utc:%Y-%m-%dT%H:%M:%S.%f}Z"


def moment(text: str) -> datetime:
    """``2026-11-23T14:30``; without an offset, the bakery's local time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time; write it like 2026-11-23T14:30") from None


def field_value(text: str) -> tuple[str, str]:
    """``outcome=rolled_back`` as name and value."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is not a condition; write it like outcome=rolled_back")
    return name, value
