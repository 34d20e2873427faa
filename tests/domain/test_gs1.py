"""The codes on cartons: GS1 element strings in each form that scanners send, and what is none."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bake_tracker.domain.stock.gs1 import Scanned, inner_gtin, read_gs1

GTIN = "04006381333931"
WHOLE = Scanned(GTIN, "M-7", date(2026, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        f"(01){GTIN}(17)261231(10)M-7",
        f"(10)M-7(17)261231(01){GTIN}",
        f" (01) {GTIN} (17) 261231 (10) M-7 ",
        f"]C101{GTIN}1726123110M-7",
        f"]d201{GTIN}10M-7\x1d17261231",
        f"]C1\x1d01{GTIN}10M-7\x1d17261231\x1d",
        f"]Q301{GTIN}10M-7<GS>17261231",
        f"01{GTIN}1726123110M-7",
        f"01{GTIN} 17261231 10M-7",
        f"01{GTIN}10M-7\x1d17261231",
        f"01{GTIN}3103000500172612312112A\x1d10M-7",
        f"(02){GTIN}(37)12(17)261200(10)M-7",
        f"(01){GTIN}(7003)2612311200(10)M-7",
        f"(01){GTIN}(15)261231(11)251231(10)M-7",
    ],
)
def test_a_code_is_read_in_every_form(text: str) -> None:
    """It may be in brackets, have a scanner's prefix and FNC1, or be plain; day 00 is the last of the month."""
    assert read_gs1(text) == WHOLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10D9T",
        "M-7",
        "4006381333931",
        GTIN,
        "0112345",
        "17261231",
        "(M-7)",
        "(01) flour",
        "(01)04006381333932(10)M-7",
        "(17)261301(10)M-7",
        "(17)2612(10)M-7",
        "(10)123456789012345678901",
        "(10)",
        "(05)123",
        f"01{GTIN}17261231" + "10" + "x" * 21,
        f"01{GTIN}0104006381333948",
        "]C1",
        "]C105",
        "]C199internal",
        "0104006381333932" + "1726123110M-7",
        "(17)²61231",
    ],
)
def test_what_is_no_code_of_a_carton_stays_what_it_is(text: str) -> None:
    """A lot code that begins like an identifier, a bare bar code, a wrong check digit, a wrong length, no such day."""
    assert read_gs1(text) is None


def test_a_lot_code_may_hold_brackets_and_looks_of_other_identifiers() -> None:
    """Only brackets with an identifier begin another element."""
    assert read_gs1("(10)M(7)17") == Scanned(None, "M(7)17", None)
    assert read_gs1("]C110M-717261231") == Scanned(None, "M-717261231", None)


@pytest.mark.parametrize(
    ("text", "year", "day"),
    [
        ("(17)770101", 2026, date(1977, 1, 1)),
        ("(17)760101", 2026, date(2076, 1, 1)),
        ("(17)100101", 2060, date(2110, 1, 1)),
        ("(17)990101", None, date(2099, 1, 1)),
        ("(17)280200", 2026, date(2028, 2, 29)),
    ],
)
def test_a_year_of_two_digits_is_near_this_one(text: str, year: int | None, day: date) -> None:
    """It is at most 50 years ahead or 49 years ago, as GS1 defines."""
    assert read_gs1(text, year) == Scanned(None, None, day)


def test_a_carton_has_the_number_of_its_packages_inside() -> None:
    """The check digit differs; a number that begins with 0 or 9 is of no carton."""
    assert inner_gtin("14006381333938") == GTIN[1:]
    assert inner_gtin(GTIN) is None
    assert inner_gtin("94006381333934") is None


PARTS = st.sampled_from(
    ["(01)", "(10)", "(17)", "01", "10", "17", GTIN, "261231", "M-7", "]C1", "\x1d", " ", "(", "ü", "٣"]
)


@given(st.lists(PARTS, max_size=8).map("".join) | st.text(max_size=40), st.none() | st.integers(1970, 2100))
@example("(7003)0000000000", None)
def test_no_text_breaks_it(text: str, year: int | None) -> None:
    """Whatever is read has a bar code number with a right check digit, and a lot code of at most 20 characters."""
    found = read_gs1(text, year)
    assert found is None or found.gtin is None or len(found.gtin) == 14
    assert found is None or found.lot_code is None or 0 < len(found.lot_code) <= 20
