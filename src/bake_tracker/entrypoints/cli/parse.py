"""Turn what people type into exact values; a usage error shows how to write them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import dropwhile
from zoneinfo import ZoneInfo

import typer

from bake_tracker.clock import now
from bake_tracker.domain import written
from bake_tracker.domain.log.changes import Span, read_span
from bake_tracker.domain.log.conditions import Condition, read_condition
from bake_tracker.domain.log.moments import log_time, read_duration, read_instant
from bake_tracker.domain.log.thresholds import Threshold, read_threshold
from bake_tracker.domain.written import (
    TYPED,
    Reading,
    UnreadableError,
    read_day,
    read_exact,
    read_keeping,
    read_moment,
    read_money,
    read_number,
    read_time,
)
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.database import Session

KEPT = {"weight": "g", "volume": "ml", "pieces": "each", "length": "cm"}
"""How an item is kept, and its base unit."""


def how_kept(text: str) -> str:
    """``weight`` or ``g``: the base unit."""
    word = text.strip().casefold()
    if word not in KEPT and word not in KEPT.values():
        raise typer.BadParameter(f"{text!r} is not a way to keep an item; use {', '.join(KEPT)}")
    return KEPT.get(word, word)


def quantity(text: str, reading: Reading = TYPED) -> Fraction:
    """``2``, ``0.5``, ``2,5``, ``1/3`` or ``"1 1/2"``."""
    with _as_usage_error(text):
        return read_number(text, reading)


def money(session: Session, text: str, reading: Reading = TYPED) -> Decimal:
    """``31.50``, ``€31.50`` or ``31.50 EUR``: an amount in the bakery's currency."""
    unsigned = text.strip().removeprefix("-")
    with _as_usage_error(text):
        amount = written.exact_decimal(read_money(unsigned, load_bakery(session).currency, reading))
    return Decimal(amount if unsigned == text.strip() else -amount)


def money_if_given(session: Session, text: str | None) -> Decimal | None:
    """Like ``money``; None if it was left out."""
    return None if text is None else money(session, text)


def decimal(text: str | Decimal) -> Decimal:
    """``12.50``: a decimal number. Typer also passes a default through here."""
    with _as_usage_error(str(text)):
        number = read_exact(str(text))
        return Decimal(written.exact_decimal(number) if isinstance(number, Fraction) else number)


def whole_or_decimal(text: str) -> int | Decimal:
    """An int if the number is whole, because services expect counts as int."""
    value = decimal(text)
    return int(value) if value == value.to_integral_value() and abs(value.adjusted()) < 20 else value


def keeping(text: str) -> int | None:
    """``14`` days, or ``none`` for no limit."""
    with _as_usage_error(text):
        return read_keeping(text)


def whole_or_exact(text: str | Decimal) -> int | Decimal | Fraction:
    """``2``, ``0.5`` or ``1/3``: an int if the number is whole. Typer also passes a default through here."""
    with _as_usage_error(str(text)):
        return read_exact(str(text))


def day(text: str) -> date:
    """``2026-11-23``, ``23 Nov 2026`` or ``23.11.2026``."""
    with _as_usage_error(text):
        return read_day(text)


def amount_of(text: str, reading: Reading = TYPED) -> tuple[Fraction, str, str]:
    """``"1 1/2 cup flour"`` as quantity, unit and name; the unit may be missing (``"6 sugar-cookie"``)."""
    number, words = _split(text)
    if not number or not words:
        raise typer.BadParameter(f"cannot read {text!r}; write it like '2 cup flour' or '6 sugar-cookie'")
    return quantity(number, reading), " ".join(words[:-1]), words[-1]


def amount(text: str) -> tuple[Fraction, str]:
    """``"1 1/2 cup"`` or ``"2 fl oz"`` as quantity and unit."""
    number, words = _split(text)
    if not number or not words:
        raise typer.BadParameter(f"cannot read {text!r}; write it like '1 cup' or '125 g'")
    return quantity(number), " ".join(words)


def _split(text: str) -> tuple[str, list[str]]:
    """The number that a text begins with, and the words after it."""
    words = text.split()
    rest = list(dropwhile(lambda word: word.lstrip(".")[:1].isnumeric(), words))
    return " ".join(words[: len(words) - len(rest)]), rest


def exact_decimal(value: Fraction) -> int | Decimal:
    """A fraction as an exact decimal, which yields and components need."""
    with _as_usage_error(str(value)):
        return written.exact_decimal(value)


def instant(text: str) -> str:
    """``2026-11-23``, ``yesterday`` or ``1h`` ago as the log writes times: in UTC, so that they sort as text."""
    with _as_usage_error(text):
        return log_time(read_instant(text, now()))


def moment_ago(text: str, time_zone: str) -> datetime:
    """Like ``instant``, in the bakery's time zone."""
    with _as_usage_error(text):
        return read_instant(text, now(), ZoneInfo(time_zone))


def duration(text: str) -> timedelta:
    """``5m``, ``1h`` or ``2d``."""
    with _as_usage_error(text):
        return read_duration(text)


def moment(text: str) -> datetime:
    """``2026-11-23T14:30`` or ``23 Nov 2026 14:30``; without an offset, the bakery's local time."""
    with _as_usage_error(text):
        return read_moment(text)


def clock(text: str) -> time:
    """``14:30`` or ``9:05``."""
    with _as_usage_error(text):
        return read_time(text)


def span(text: str) -> Span:
    """``2d..1d``, ``2026-11-22..2026-11-23``, a day, or the last ``1h``."""
    with _as_usage_error(text):
        return read_span(text, now())


def threshold(text: str) -> Threshold:
    """``10%`` or ``3``."""
    with _as_usage_error(text):
        return read_threshold(text)


def condition(text: str) -> Condition:
    """``outcome=rolled_back`` or ``duration_ms>700``."""
    with _as_usage_error(text):
        return read_condition(text)


@contextmanager
def _as_usage_error(text: str) -> Iterator[None]:
    try:
        yield
    except UnreadableError as error:
        said, typed = str(error), repr(text.strip()[:60])
        raise typer.BadParameter(said if typed in said else f"{typed} {said}") from None
