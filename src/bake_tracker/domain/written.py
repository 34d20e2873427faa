"""Numbers, money and days as people write them: one exact value, or a refusal that shows how to write it.

Every number that a person types or a file holds is read here, so that the same text means the same on every entry. Only
the lines of recipes, which mix numbers with words, have a reader of their own (``recipe_text/amounts.py``).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from bake_tracker.domain.remedies import Remedy

DateOrder = Literal["dmy", "mdy"]
Decimals = Literal["point", "comma"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text writes numbers and dates; None if nobody said.

    In text that is ``typed`` here, such as on the command line, the point is the decimal sign unless ``decimals`` says
    otherwise. In a file that another program wrote, ``1.250`` could mean two things.
    """

    dates: DateOrder | None = None
    decimals: Decimals | None = None
    typed: bool = False
    groups: bool = True
    """Whether digits may be separated into thousands; JSON and Bake Tracker's own files never do."""


class UnreadableError(ValueError):
    """A text that could mean two things, or nothing; the message says what is allowed."""

    def __init__(self, problem: str, remedy: Remedy | None = None) -> None:
        self.remedy = remedy
        super().__init__(problem)


class NotANumberError(UnreadableError):
    """A text that is not a number in any notation."""


class OtherCurrencyError(UnreadableError):
    """An amount in a currency that is not the bakery's."""


MINUS = ("-", "\u2212")


class NumberText(str):
    """The text of a number that was stored as one, such as a spreadsheet's cell: its point is the decimal sign."""

    __slots__ = ()


TYPED = Reading(typed=True)
PLAIN = Reading(decimals="point", groups=False)
_MARKS: dict[Decimals, str] = {"point": ".", "comma": ","}
_GAPS = " \u00a0\u2009\u202f'\u2019"  # separate thousands, and never decimals
_PLACES = 6
_DIGITS = "[0-9]{1,40}"
_FRACTION = re.compile(rf"(?:({_DIGITS})\s+)?({_DIGITS})\s*[/\u2044]\s*({_DIGITS})")
_NUMBER = re.compile(rf"[0-9]{{0,40}}(?:[.,{_GAPS}][0-9]{{1,40}}){{0,20}}\.?")
_GROUPED_BY_GAP = re.compile(rf"[0-9]{{1,3}}(?:([{_GAPS}])[0-9]{{3}})(?:\1[0-9]{{3}})*(?:[.,][0-9]+)?")
_MONEY = re.compile(
    r"(?P<before>(?:[^\W\d_]+\.?|[^\W\d_]*[^\w\s.,+\u2212-])\s*)?(?P<amount>[.,]?[0-9].*?)(?P<closed>[.,][-\u2013]+)?"
    r"(?P<after>\s*[^\W\d_]+\.?|\s*[^\w\s.,])?"
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_NUMERIC = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.)? ([A-Za-z]{3,9})\.?,? ([0-9]{4})")
_CLOCK = re.compile(
    r"(.+?)(?:T| ) ?([0-9]{1,2}):([0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?) ?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_HOURS = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})")


def read_number(text: str, reading: Reading = TYPED) -> Fraction:
    """Read ``2``, ``0.5``, ``2,5``, ``1 234.50``, ``1/3``, ``1 1/2`` or ``1½`` exactly.

    Raises:
        UnreadableError: it could mean two numbers, or none.
    """
    whole, _, fraction = normal_number(text, reading).rpartition(" ")
    return int(whole or 0) + Fraction(fraction)


def read_exact(text: str, reading: Reading = TYPED) -> int | Decimal | Fraction:
    """Like ``read_number``, also below 0: an int if it is whole, a Decimal if it was written as one, else a Fraction.

    Raises:
        UnreadableError: it could mean two numbers, or none.
    """
    unsigned = text.strip()
    sign = -1 if unsigned.startswith(("-", "\u2212")) else 1
    plain = normal_number(unsigned[1:] if unsigned.startswith(("-", "\u2212", "+")) else text, reading)
    number = sign * read_number(plain, PLAIN)
    return int(number) if number.denominator == 1 else number if "/" in plain else sign * Decimal(plain)


def exact_decimal(value: Fraction) -> int | Decimal:
    """The same number as a decimal with at most six places; an int if it is whole.

    Raises:
        UnreadableError: six decimals cannot hold it.
    """
    if value.denominator == 1:
        return int(value)
    scaled = value * 10**_PLACES
    if scaled.denominator == 1:
        return Decimal(int(scaled)).scaleb(-_PLACES)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:
        raise UnreadableError("has more than six decimals; round it")
    raise UnreadableError("cannot be written exactly with six decimals; use a number that can, such as 0.25")


def read_keeping(text: str, reading: Reading = TYPED) -> int | None:
    """How many days something keeps; None for *none* or *no limit*.

    Raises:
        UnreadableError: it is neither.
    """
    if text.strip().casefold() in ("none", "no limit"):
        return None
    number = read_number(text, reading)
    if number.denominator != 1:
        raise UnreadableError(f"must be a whole number of days, or none for no limit, not {text.strip()[:60]!r}")
    return int(number)


def normal_number(text: str, reading: Reading = TYPED) -> str:
    """The same number with a decimal point and nothing between its digits, or as a fraction: ``1234.50``, ``1 1/2``.

    Raises:
        UnreadableError: it could mean two numbers, or none.
    """
    cleaned = _with_fractions(text.strip())
    if fraction := _FRACTION.fullmatch(cleaned):
        if int(fraction[3]) == 0:
            raise NotANumberError(f"{text.strip()[:60]!r} divides by 0")
        if fraction[1] and (fraction[2].startswith("0") or int(fraction[2]) >= int(fraction[3])):
            raise NotANumberError(f"{text.strip()[:60]!r} is not a number; write it like 1 1/2, or 1000 1/3")
        return f"{fraction[1] or ''} {fraction[2]}/{fraction[3]}".strip()
    if not _NUMBER.fullmatch(cleaned) or not any(character.isdigit() for character in cleaned):
        raise NotANumberError(f"{text.strip()[:60]!r} is not a number; write it like {_example(reading)}, or 1 1/2")
    return _with_point(cleaned, PLAIN if isinstance(text, NumberText) else reading)


def read_money(text: str, currency: str, reading: Reading = TYPED) -> Fraction:
    """An amount, with or without the bakery's currency before or behind it: ``31.50``, ``€31.50``, ``31,50 EUR``.

    Raises:
        OtherCurrencyError: it is in another currency.
        UnreadableError: the amount could mean two numbers, or none.
    """
    return read_number(amount_in(text, currency), reading)


def amount_in(text: str, currency: str) -> str:
    """The amount as written, without the bakery's own currency before or behind it; a minus may come first.

    Raises:
        OtherCurrencyError: it is in another currency.
        NotANumberError: it has words that are not a currency as people write it.
    """
    minus = text.strip()[: text.strip().startswith(MINUS)]
    sign, amount = split_money(text.strip()[len(minus) :])
    if not sign:
        if any(letter.isalpha() for letter in text):
            example = f"31.50 or 31.50 {currency}" if currency else "31.50"
            raise NotANumberError(f"{text.strip()[:60]!r} is not an amount of money; write it like {example}")
        return text
    if currency and sign.strip() != currency and currency not in SIGNS.get(sign.strip(), ()):
        raise OtherCurrencyError(f"is in {sign.strip()}, but this bakery's currency is {currency}; convert it first")
    return _like(text, minus + amount)


def has_currency(text: str) -> bool:
    """Whether a currency, or letters that may be one, stand before the amount (after any minus) or behind it."""
    unsigned = text.strip().removeprefix("-").removeprefix("\u2212")
    return bool(split_money(unsigned)[0].strip()) or any(letter.isalpha() for letter in text)


def with_evidence(reading: Reading, numbers: Iterable[str]) -> Reading:
    """The same reading, with the decimal sign that the numbers of a file show; only if they all agree."""
    if reading.decimals:
        return reading
    seen: set[Decimals] = set()
    for text in numbers:
        number = split_money(text)[1]
        for decimals in _MARKS:
            if not isinstance(text, NumberText) and not _is_readable(number, Reading(decimals=decimals)):
                seen |= {other for other in _MARKS if _is_readable(number, Reading(decimals=other))}
    return replace(reading, decimals=seen.pop()) if len(seen) == 1 else reading


def _is_readable(text: str, reading: Reading) -> bool:
    try:
        normal_number(text, reading)
    except UnreadableError:
        return False
    return True


def split_money(text: str) -> tuple[str, str]:
    """The sign or code of the currency, with any blank behind it, and the amount; the sign may be ``""``."""
    money = _MONEY.fullmatch(text.strip())
    if money is None or not (money["before"] or money["after"]):
        return "", text
    before, after = (money["before"] or "").strip(), (money["after"] or "").strip()
    if (before and after) or not _is_currency(before or after):
        return "", text
    return (money["before"] or after), _like(text, money["amount"])


def _like(text: str, part: str) -> str:
    return NumberText(part) if isinstance(text, NumberText) else part


def _is_currency(text: str) -> bool:
    return text in SIGNS or (len(text) == 3 and text.isascii() and text.isupper() and text.isalpha())


SIGNS: dict[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS", "TWD", "BBD", "JMD", "TTD", "NAD"),
    "US$": ("USD",), "CA$": ("CAD",), "C$": ("CAD",), "A$": ("AUD",), "NZ$": ("NZD",), "R$": ("BRL",), "S$": ("SGD",),
    "HK$": ("HKD",), "£": ("GBP", "EGP", "GIP", "FKP", "SHP"), "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"), "kr.": ("SEK", "NOK", "DKK", "ISK"), "zł": ("PLN",), "Kč": ("CZK",),
    "Ft": ("HUF",), "lei": ("RON",), "лв": ("BGN",), "лв.": ("BGN",), "₽": ("RUB",), "₴": ("UAH",), "₺": ("TRY",),
    "Fr": ("CHF",), "Fr.": ("CHF",), "SFr.": ("CHF",), "₪": ("ILS",), "₹": ("INR",),
    "Rs": ("INR", "PKR", "LKR", "NPR"), "Rs.": ("INR", "PKR", "LKR", "NPR"), "₩": ("KRW",), "₫": ("VND",),
    "฿": ("THB",), "₱": ("PHP",), "₦": ("NGN",), "R": ("ZAR",), "Rp": ("IDR",), "RM": ("MYR",), "KSh": ("KES",),
}  # fmt: skip
"""The currencies that a sign may mean, by ISO 4217 codes."""


def read_day(text: str, dates: DateOrder | None = None) -> date:
    """Read ``2026-11-23``, ``23 Nov 2026``, ``Nov 23, 2026`` or ``23.11.2026``.

    Raises:
        UnreadableError: it could be two days, or none. An instant is not a day.
    """
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


def read_moment(text: str, dates: DateOrder | None = None) -> datetime:
    """Read a day as ``read_day`` does, with a time: ``2026-11-23T14:30``, ``23 Nov 2026 9:05``, ``…T14:30:00+01:00``.

    A day alone is its beginning. Without an offset, it is a time of the place where it was written.

    Raises:
        UnreadableError: it is no such time.
    """
    parts = _CLOCK.fullmatch(" ".join(text.split()))
    if parts is None:
        return datetime.combine(read_day(text, dates), time())
    day, hour, rest, offset = parts.groups()
    try:
        clock = time.fromisoformat(f"{hour:>02}:{rest}{offset or ''}")
    except ValueError:
        raise UnreadableError("has a time that does not exist; write it like 2026-11-23T14:30") from None
    return datetime.combine(read_day(day, dates), clock)


def read_time(text: str) -> time:
    """Read a time of day: ``14:30``, ``9:05`` or ``14.30``.

    Raises:
        UnreadableError: it is no such time.
    """
    parts = _HOURS.fullmatch(text.strip())
    try:
        if parts is not None:
            return time(int(parts[1]), int(parts[2]))
    except ValueError:
        pass
    raise UnreadableError("is not a time of day; write it like 14:30")


def local_day(text: str, time_zone: str) -> date:
    """The day ``2026-11-23``, or the bakery's day of an instant such as ``2026-11-23T23:30:00Z``.

    Raises:
        ValueError, TypeError: it is neither.
    """
    if len(text) == 10:
        return date.fromisoformat(text)
    instant = datetime.fromisoformat(text)
    return (instant.astimezone(ZoneInfo(time_zone)) if instant.tzinfo else instant).date()


def _with_fractions(text: str) -> str:
    """``1½`` as ``1 1/2``."""
    return "".join(
        f" {unicodedata.normalize('NFKC', character)} " if unicodedata.category(character) == "No" else character
        for character in text
    ).strip()


def _with_point(text: str, reading: Reading) -> str:
    """The digits with a decimal point and without separators of thousands."""
    has_gaps = reading.groups and bool(_GROUPED_BY_GAP.fullmatch(text))
    if not has_gaps and any(gap in text for gap in _GAPS):
        raise NotANumberError(f"{text[:60]!r} is not a number; write it like {_example(reading)}")
    text = re.sub(f"[{_GAPS}]", "", text)
    marks = [character for character in text if character in ".,"]
    if not marks:
        return text
    decimal = _decimal_mark(text, marks, has_gaps, reading)
    grouping = "," if decimal == "." else "."
    whole, _, part = text.partition(decimal)
    groups_well = grouping not in whole or (
        reading.groups and re.fullmatch(rf"[1-9][0-9]{{0,2}}(\{grouping}[0-9]{{3}})+", whole)
    )
    if not groups_well or set(part) & set(".,"):
        raise _unlike(text, decimal, reading)
    return ".".join(filter(None, (whole.replace(grouping, "") or "0", part)))


def _decimal_mark(text: str, marks: Sequence[str], has_gaps: bool, reading: Reading) -> str:
    """The decimal sign of this text: the one that is known, or the only one that it can be."""
    mark = marks[-1]
    other = "," if mark == "." else "."
    is_alone = len(marks) == 1
    groups = not has_gaps and bool(re.fullmatch(rf"[1-9][0-9]{{0,2}}(\{mark}[0-9]{{3}})+", text))
    known = _MARKS[reading.decimals] if reading.decimals else "." if reading.typed else None
    if known == mark:
        return known
    if groups and is_alone and reading.decimals is None:
        raise _two_readings(text, mark, reading)
    if groups:
        return other
    if known and not (reading.typed and is_alone):  # one that a person typed is clear unless three digits follow
        raise _unlike(text, known, reading)
    return mark


def _two_readings(text: str, mark: str, reading: Reading) -> UnreadableError:
    whole, _, part = text.partition(mark)
    decimals = part.rstrip("0") if part.endswith("0") else f"{part}0"
    small = f"{whole}.{decimals}" if decimals else f"{whole}.0"
    return UnreadableError(f"may be {whole}{part} or {whole}.{part}; write {whole}{part} or {small}", _ask(reading))


def _ask(reading: Reading) -> Remedy | None:
    return None if reading.typed or reading.decimals else {"kind": "state_decimals"}


def _unlike(text: str, known: str, reading: Reading) -> UnreadableError:
    name = "point" if known == "." else "comma"
    return UnreadableError(
        f"{text[:60]!r} is not a number with a decimal {name}; write it like {_example(reading)}", _ask(reading)
    )


def _example(reading: Reading) -> str:
    return "2,5 or 1.234,50" if reading.decimals == "comma" else "2.5 or 1,234.50"


def _month(name: str) -> int:
    found = [number for number, month in enumerate(_MONTHS, 1) if month.startswith(name.lower())]
    if len(found) != 1:
        raise UnreadableError("has no English month name; write it like 2026-11-23")
    return found[0]


def _day(year: str | int, month: str | int, day: str | int) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise UnreadableError("is not a date in the calendar; write it like 2026-11-23") from None
