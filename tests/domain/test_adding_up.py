"""Amounts that are shown beside their total add up to it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bake_tracker.domain.money import Rounding, add_up, format_money, written
from bake_tracker.entrypoints.cli.state import adding_up, money

MICROS = st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9)), max_size=12)
CENT = Decimal("0.01")


@given(MICROS)
@example([3_333_333, 3_333_333, 3_333_334])
@example([4_000, 4_000, 4_000])
@example([-1_005_000, 1_005_000])
@example([None, 10_000])
def test_rounded_parts_add_up_to_the_rounded_total(micros: list[int | None]) -> None:
    """None is further than a step from its exact amount, and unknown parts stay unknown."""
    parts = [format_money(one) for one in micros]
    total = format_money(sum(one for one in micros if one is not None)) or ""
    shown = add_up(parts, total, CENT)
    assert shown is not None
    assert sum(one for one in shown if one is not None) == Decimal(total).quantize(CENT)
    for part, one in zip(parts, shown, strict=True):
        assert (part is None) == (one is None)
        assert one is None or abs(one - Decimal(str(part))) < CENT


def test_parts_that_are_not_the_whole_are_left_alone() -> None:
    """A total of something else must not move them."""
    assert add_up(["1.00", "2.00"], "3.01", CENT) is None
    assert add_up(["1.00"], None, CENT) is None


@pytest.mark.parametrize("sizes", [(0, 10**9), (0, 10**6), (-(10**7), 10**7)], ids=str)
@given(data=st.data())
def test_what_commands_and_pages_show_adds_up(sizes: tuple[int, int], data: st.DataObject) -> None:
    """Terminal and page round differently below 1, and both hold their own sums."""
    micros = data.draw(st.lists(st.integers(*sizes), min_size=1, max_size=9))
    parts: list[Any] = [format_money(one) for one in micros]
    total = format_money(sum(micros)) or ""
    assert sum(map(Decimal, adding_up(parts, total))) == Decimal(money(total))
    for decimals in (0, 2, 3):
        page = Rounding(decimals)
        (alone,) = page.parts([total], total)
        assert sum(one for one in page.parts(parts, total) if one is not None) == alone


@pytest.mark.parametrize(
    ("decimals", "exact", "amount", "price"),
    [
        (0, "1234.567", "1235", "1235"), (0, "12.5", "12", "12.5"), (0, "1.626", "2", "1.63"), (0, "0.2", "0.2", "0.2"),
        (0, "0", "0", "0"), (0, "1200", "1200", "1200"),
        (2, "1234.567", "1234.57", "1234.57"), (2, "0.072031", "0.072", "0.072"), (2, "3", "3.00", "3.00"),
        (3, "1234.5678", "1234.568", "1234.568"), (3, "3.5", "3.500", "3.500"), (3, "0.072", "0.072", "0.072"),
    ],
)  # fmt: skip
def test_an_amount_has_the_decimals_of_its_currency(decimals: int, exact: str, amount: str, price: str) -> None:
    """A price for one piece keeps three figures: 1.63 yen a gram is not 2 yen a gram."""
    rounding = Rounding(decimals)
    assert [str(rounding.amount(Decimal(exact))), str(rounding.price(Decimal(exact)))] == [amount, price]


@pytest.mark.parametrize(
    ("decimals", "exact", "in_full"),
    [
        (0, "1200.00", "1200"),
        (0, "12.50", "12.5"),
        (2, "12.50", "12.50"),
        (2, "12.505", "12.505"),
        (3, "3.50", "3.500"),
    ],
)
def test_an_amount_in_full_loses_nothing(decimals: int, exact: str, in_full: str) -> None:
    """It has at least the decimals of its currency, and all of its own."""
    assert written(exact, decimals) == in_full
