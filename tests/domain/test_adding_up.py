"""Amounts that are shown beside their total add up to it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bake_tracker.domain.money import add_up, format_money
from bake_tracker.entrypoints.cli.state import adding_up, money
from bake_tracker.entrypoints.web.pages import shown_parts

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
    (alone,) = shown_parts([total], total)
    assert sum(one for one in shown_parts(parts, total) if one is not None) == alone
