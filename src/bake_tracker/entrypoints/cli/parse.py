"""What people type, as exact values; what cannot be read is a usage error that shows how to write it."""

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
    """``12.50``: digits with a decimal point, nothing else."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise typer.BadParameter(f"{text!r} is not a number; write it like 12.50") from None
    if not value.is_finite():
        raise typer.BadParameter(f"{text!r} is not a finite number; write it like 12.50")
    return value


def whole_or_decimal(text: str) -> int | Decimal:
    """A whole number as int, so that services see counts as counts."""
    value = decimal(text)
    return int(value) if value == value.to_integral_value() and abs(value.adjusted()) < 20 else value


def day(text: str) -> date:
    """``2026-11-23``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write it like 2026-11-23") from None


def amount_of(text: str) -> tuple[Fraction, str, str]:
    """``"1 1/2 cup flour"`` as quantity, unit and name; the unit may be missing (``"6 sugar-cookie"``)."""
    words = text.split()
    numbers = 0
    while numbers < len(words) and words[numbers][0].isdigit():
        numbers += 1
    if numbers == 0 or len(words) < numbers + 1:
        raise typer.BadParameter(f"{text!r} cannot be read; write it like '2 cup flour' or '6 sugar-cookie'")
    return quantity(" ".join(words[:numbers])), " ".join(words[numbers:-1]), words[-1]


def amount(text: str) -> tuple[Fraction, str]:
    """``"1 1/2 cup"`` or ``"2 fl oz"`` as quantity and unit."""
    words = text.split()
    numbers = 0
    while numbers < len(words) and words[numbers][0].isdigit():
        numbers += 1
    if numbers == 0 or numbers == len(words):
        raise typer.BadParameter(f"{text!r} cannot be read; write it like '1 cup' or '125 g'")
    return quantity(" ".join(words[:numbers])), " ".join(words[numbers:])


def exact_decimal(value: Fraction) -> int | Decimal:
    """A fraction as the exact decimal it must be for a yield or a component."""
    if value.denominator == 1:
        return int(value)
    scaled = value * 10**6
    if scaled.denominator != 1:
        raise typer.BadParameter(f"{value} has no exact decimal of at most six places; write it as one")
    return Decimal(int(scaled)).scaleb(-6)


def instant(text: str) -> str:
    """``2026-11-23`` or ``2026-11-23T14:30``, in UTC, as the log writes it: texts that sort like instants."""
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no instant; write it like 2026-11-23 or 2026-11-23T14:30") from None
    return f"{in_utc:%Y-%m-%dT%H:%M:%S.%f}Z"


def moment(text: str) -> datetime:
    """``2026-11-23T14:30``; without a zone it is the wall clock where the bakery is."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write it like 2026-11-23T14:30") from None


def field_value(text: str) -> tuple[str, str]:
    """``outcome=rolled_back`` as its two sides."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is no condition; write it like outcome=rolled_back")
    return name, value
