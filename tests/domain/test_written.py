"""Numbers, money and days are read exactly, or refused with what they could mean."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.domain.written import (
    PLAIN,
    TYPED,
    NumberText,
    OtherCurrencyError,
    Reading,
    UnreadableError,
    amount_in,
    exact_decimal,
    local_day,
    normal_number,
    read_day,
    read_exact,
    read_moment,
    read_money,
    read_number,
    with_evidence,
)

FILE, POINT, COMMA = Reading(), Reading(decimals="point"), Reading(decimals="comma")
HALF = Fraction(1, 2)


def read(text: str, reading: Reading) -> Fraction | None:
    try:
        return read_number(text, reading)
    except UnreadableError:
        return None


# What a person typed here, a file of another program, with a decimal point, with a decimal comma.
@pytest.mark.parametrize(
    ("text", "typed", "in_file", "point", "comma"),
    [
        ("25", 25, 25, 25, 25),
        ("2.5", 5 * HALF, 5 * HALF, 5 * HALF, None),
        ("2,5", 5 * HALF, 5 * HALF, None, 5 * HALF),
        (".5", HALF, HALF, HALF, None),
        (",5", HALF, HALF, None, HALF),
        ("25,000", None, None, 25_000, 25),
        ("1.250", Fraction(5, 4), None, Fraction(5, 4), 1_250),
        ("0.125", Fraction(1, 8), Fraction(1, 8), Fraction(1, 8), None),
        ("1234.567", Fraction(1_234_567, 1_000), Fraction(1_234_567, 1_000), Fraction(1_234_567, 1_000), None),
        ("1,234.50", 1234 + HALF, 1234 + HALF, 1234 + HALF, None),
        ("1.234,50", None, 1234 + HALF, None, 1234 + HALF),
        ("1,234,567", 1_234_567, 1_234_567, 1_234_567, None),
        ("1.234.567", None, 1_234_567, None, 1_234_567),
        ("1 000,00", 1_000, 1_000, None, 1_000),
        ("1\u00a0000", 1_000, 1_000, 1_000, 1_000),
        ("1\u202f000,5", 1_000 + HALF, 1_000 + HALF, None, 1_000 + HALF),
        ("1'234.50", 1234 + HALF, 1234 + HALF, 1234 + HALF, None),
        ("1/3", Fraction(1, 3), Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)),
        ("1 1/2", 3 * HALF, 3 * HALF, 3 * HALF, 3 * HALF),
        ("1½", 3 * HALF, 3 * HALF, 3 * HALF, 3 * HALF),
        ("½", HALF, HALF, HALF, HALF),
        ("½5", None, None, None, None),
        ("1½2", None, None, None, None),
        ("1 000/3", None, None, None, None),
        ("1 250/3", None, None, None, None),
        ("-2.5", None, None, None, None),
        ("12 34", None, None, None, None),
        ("1,23.4", None, None, None, None),
        ("1/0", None, None, None, None),
        ("5²", None, None, None, None),
        ("1e5", None, None, None, None),
        ("1_000", None, None, None, None),
        ("٣", None, None, None, None),
        ("three", None, None, None, None),
        ("", None, None, None, None),
        ("9" * 41, None, None, None, None),
    ],
)
def test_a_number_is_read_by_who_wrote_it(
    text: str, typed: Fraction, in_file: Fraction, point: Fraction, comma: Fraction
) -> None:
    """A text that could mean two numbers is refused until the decimal sign is known."""
    assert [read(text, one) for one in (TYPED, FILE, POINT, COMMA)] == [typed, in_file, point, comma]


def test_a_refusal_shows_both_readings_and_how_to_write_each() -> None:
    """The text that it advises is read as that number."""
    for text, whole, decimal in (("1,250", "1250", "1.25"), ("1.234", "1234", "1.2340")):
        with pytest.raises(UnreadableError, match=f"may be {whole} or .*; write {whole} or {decimal}") as refused:
            read_number(text, FILE)
        assert refused.value.remedy == {"kind": "state_decimals"}
        assert read_number(decimal, FILE) == Fraction(decimal)


@given(st.decimals(0, 10**9, allow_nan=False, places=4), st.sampled_from(["point", "comma"]))
def test_any_grouped_number_is_read_back(value: Decimal, decimals: str) -> None:
    """Thousands are grouped as in English, German, French and Swiss texts."""
    for group in (",", ".", " ", "\u202f", "'"):
        sign = "." if decimals == "point" else ","
        if group != sign:
            text = f"{value:,f}".translate({ord(","): group, ord("."): sign})
            assert read_number(text, Reading(decimals=decimals)) == value  # type: ignore[arg-type]


def test_an_exact_value_is_what_a_service_takes() -> None:
    """Whole numbers are ints, and a decimal keeps its digits."""
    assert [read_exact(text) for text in ("2", "2.50", "1/3", "4/2")] == [2, Decimal("2.50"), Fraction(1, 3), 2]
    assert [str(read_exact("-2.50")), type(read_exact("4/2"))] == ["-2.50", int]
    assert [read_exact("-1/3"), read_exact("\u22123")] == [-Fraction(1, 3), -3]
    assert normal_number("1,234.50") == "1234.50"


def test_a_decimal_has_at_most_six_places() -> None:
    """A longer decimal can be rounded; a third has no decimal at all."""
    assert [exact_decimal(Fraction(text)) for text in ("4", "1/8", "5.123456")] == [
        4,
        Decimal("0.125"),
        Decimal("5.123456"),
    ]
    assert type(exact_decimal(Fraction(4, 2))) is int
    with pytest.raises(UnreadableError, match=r"^has more than six decimals; round it$"):
        exact_decimal(Fraction("5.1234567"))
    with pytest.raises(UnreadableError, match=r"^cannot be written exactly with six decimals"):
        exact_decimal(Fraction(1, 3))


def test_a_stored_number_has_no_notation() -> None:
    """A spreadsheet's numeric cell is a number, whatever its text looks like."""
    assert read_number(NumberText("1.250"), COMMA) == Fraction(5, 4)


def test_json_and_our_own_files_never_group() -> None:
    """Digits that could be a group are refused instead of read."""
    assert read("1234.5", PLAIN) == 1234 + HALF
    assert [read(text, PLAIN) for text in ("1,250", "1 250", "1,234.50", "2,5")] == [None] * 4


def test_a_file_shows_its_decimal_sign() -> None:
    """One clear number settles the others; two that disagree settle nothing."""
    assert with_evidence(FILE, ["1,250", "31,50 €"]).decimals == "comma"
    assert with_evidence(FILE, ["1,250", "31.50"]).decimals == "point"
    assert with_evidence(FILE, ["1,250", NumberText("2.5"), "flour"]).decimals is None
    assert with_evidence(FILE, ["31.50", "31,50"]).decimals is None
    assert with_evidence(COMMA, ["31.50"]) == COMMA


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("31.50", 31 + HALF),
        ("€31.50", 31 + HALF),
        ("31,50 €", 31 + HALF),
        ("EUR 31.50", 31 + HALF),
        ("31 EUR", 31),
        ("€.50", HALF),
        ("31.-€", 31),
    ],
)
def test_the_bakerys_own_currency_may_be_written(text: str, amount: Fraction) -> None:
    assert read_money(text, "EUR") == amount


@pytest.mark.parametrize("text", ["-€3.50", "-3.50 EUR", "\u2212EUR 3.50", "- 3.50"])
def test_a_minus_may_stand_before_the_currency(text: str) -> None:
    """Credits are written that way."""
    assert read_exact(amount_in(text, "EUR")) == Decimal("-3.50")
    with pytest.raises(OtherCurrencyError):
        amount_in("-$3.50", "EUR")


@pytest.mark.parametrize(("text", "currency"), [("$3", "EUR"), ("£3", "EUR"), ("3 USD", "EUR"), ("€3", "USD")])
def test_another_currency_is_refused(text: str, currency: str) -> None:
    """An amount is never taken for another one without a word."""
    with pytest.raises(OtherCurrencyError, match=f"but this bakery's currency is {currency}; convert it first"):
        read_money(text, currency)


def test_the_point_of_an_abbreviation_is_not_a_decimal_point() -> None:
    """Five hundred rupees are not half of one."""
    assert [read_money(text, "INR") for text in ("Rs.500", "Rs. 500", "Rs 500.50")] == [500, 500, 500 + HALF]
    assert [read_money(text, "DKK") for text in ("kr.50", "5 kr.", "kr 5")] == [50, 5, 5]
    assert [read_money(text, "CHF") for text in ("Fr.31.50", "Fr. 12.-", "CHF 5")] == [31 + HALF, 12, 5]


def test_a_dollar_is_the_bakerys_own_dollar() -> None:
    assert [read_money("$3", currency) for currency in ("USD", "CAD", "AUD")] == [3, 3, 3]


@pytest.mark.parametrize("text", ["5 eur", "5 Euro", "five"])
def test_words_that_are_no_currency_are_answered_with_how_to_write_one(text: str) -> None:
    """The sign or the code in capitals is a currency, wherever an amount is typed."""
    with pytest.raises(UnreadableError, match=r"is not an amount of money; write it like 31\.50 or 31\.50 EUR"):
        read_money(text, "EUR")


@pytest.mark.parametrize("text", ["CHF.5", "EUR.50", "3.00/kg", "€", "3 € 4", "three euros"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_money(text, "EUR")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T14:30", "2026-11-23T14:30:00"),
        (" 2026-11-23  9:05 ", "2026-11-23T09:05:00"),
        ("2026-11-23T14:30:05.25+01:00", "2026-11-23T14:30:05.250000+01:00"),
        ("2026-11-23T14:30Z", "2026-11-23T14:30:00+00:00"),
        ("23 Nov 2026 14:30", "2026-11-23T14:30:00"),
        ("31/12/2026 00:00", "2026-12-31T00:00:00"),
        ("31/12/2026", "2026-12-31T00:00:00"),
    ],
)
def test_a_time_is_a_day_as_anywhere_with_a_clock_time(text: str, moment: str) -> None:
    """A day alone is its beginning."""
    assert read_moment(text).isoformat() == moment


@pytest.mark.parametrize(
    "text", ["20261201", "2026-W01-1", "14:30", "2026-11-23T24:30", "2026-11-23T7", "3/4/2026 9:00", ""]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """So is a text that could be two days."""
    with pytest.raises(UnreadableError):
        read_moment(text)


def test_an_instant_becomes_the_bakerys_day() -> None:
    """The day is never cut off an instant."""
    assert local_day("2026-11-23T23:30:00Z", "Europe/Berlin") == date(2026, 11, 24)
    assert local_day("2026-11-23T23:30:00", "Europe/Berlin") == date(2026, 11, 23)
    assert read_day("23. Nov 2026") == date(2026, 11, 23)
    with pytest.raises(UnreadableError):
        read_day("2026-11-23T23:30:00Z")
