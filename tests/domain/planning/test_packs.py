"""Packs for a need: least cost, price breaks, the least and the multiple that a supplier sells."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.buying import packs_for
from support.depth import rounds

EXAMPLES = rounds(25, 2_000)


def test_packs_cost_least_then_hold_least_then_are_fewest_then_first() -> None:
    """7 kg from sacks of 1, 5 and 25; then each of the ties."""
    bought = packs_for(7, [(1, 3), (5, 10), (25, 40)])
    assert (bought.counts, bought.total, bought.cost) == ((2, 1, 0), 7, 16)
    assert packs_for(4, [(5, 2), (6, 2)]).counts == (1, 0)
    assert packs_for(6, [(2, 1), (3, 2), (6, 3)]).counts == (0, 0, 1)
    assert packs_for(5, [(5, 2), (5, 2)]).counts == (1, 0)
    assert packs_for(7, [(3, 5), (2, 5), (1, 5), (4, 5)]).counts == (1, 0, 0, 1)
    assert packs_for(0, [(5, 2)], least=10, multiple=5).counts == (0,)
    assert packs_for(0, []).counts == ()


def test_a_price_from_a_count_on_holds_for_all_packs() -> None:
    """Ten at 8 cost less than nine at 10; the price of a size does not count other sizes."""
    bought = packs_for(9, [(1, 10, ((10, 8),))])
    assert (bought.counts, bought.total, bought.cost) == ((10,), 10, 80)
    assert packs_for(7, [(1, 10, ((10, 8),))]).counts == (7,)
    assert packs_for(8, [(1, 10, ((10, 8),))]).counts == (8,)
    assert packs_for(4, [(1, 10, ((4, 6),)), (2, 11, ((2, 13),))]).counts == (4, 0)
    assert packs_for(6, [(1, 10, [(5, 6), (3, 8)])]).cost == 36


def test_a_supplier_sells_no_less_than_the_least_and_whole_multiples() -> None:
    """Both count all packs together."""
    assert packs_for(3, [(1, 1), (5, 4)], least=10).counts == (0, 2)
    assert packs_for(11, [(4, 1), (6, 2)], multiple=12).counts == (3, 0)
    assert packs_for(1, [(5, 3)], multiple=7).counts == (7,)


def test_packs_may_be_parts_of_a_unit() -> None:
    """A multiple of 1 allows every total; half packs sold by the whole 3 come in sixes."""
    bought = packs_for(Decimal("1.2"), [(Decimal("0.4"), Decimal("2.50"))])
    assert ((3,), Fraction(6, 5), Fraction(15, 2)) == (bought.counts, bought.total, bought.cost)
    assert packs_for(Fraction(1, 3), [(Fraction(1, 2), 1)], multiple=3).counts == (6,)


@pytest.mark.parametrize(
    ("need", "packs", "more"),
    [
        (1.0, [(1, 1)], {}),
        (1, [(1.0, 1)], {}),
        (1, [(1, 1.0)], {}),
        (-1, [(1, 1)], {}),
        (1, [(0, 1)], {}),
        (1, [(-1, 1)], {}),
        (1, [(1, -1)], {}),
        (1, [], {}),
        (1, [(1, 1, ((0, 1),))], {}),
        (1, [(1, 1, ((2.5, 1),))], {}),
        (1, [(1, 1, ((2, 0.5),))], {}),
        (1, [(1, 1)], {"least": -1}),
        (1, [(1, 1)], {"least": 0.5}),
        (1, [(1, 1)], {"multiple": 0}),
        (1, [(1, 1)], {"multiple": 1.5}),
    ],
)
def test_what_cannot_be_bought_is_refused(need: Any, packs: Any, more: Any) -> None:
    """Floats, negative figures, packs of nothing."""
    with pytest.raises(ValidationError):
        packs_for(need, packs, **more)


def test_a_large_need_in_micros_is_quick() -> None:
    """A ton of flour in grams' millionths, from sacks of 25 kg, 1 kg and a pound."""
    micros = 1_000_000
    packs = [(25_000 * micros, 1_900), (1_000 * micros, 110), (453_592_000, 60)]
    bought = packs_for(1_000_000 * micros, packs)
    assert (bought.counts, bought.cost) == ((40, 0, 0), 76_000)


@settings(max_examples=rounds(10, 2_000), deadline=None)
@given(
    need=st.integers(100, 600),
    packs=st.lists(
        st.tuples(
            st.integers(1, 7), st.integers(0, 9), st.lists(st.tuples(st.integers(2, 5), st.integers(0, 9)), max_size=1)
        ),
        min_size=1,
        max_size=3,
    ),
    multiple=st.sampled_from([1, 2, 5]),
)
def test_a_large_need_is_bought_as_if_every_total_was_tried(
    need: int, packs: list[tuple[int, int, list[tuple[int, int]]]], multiple: int
) -> None:
    """Most of it in the pack of the best price per unit, which is not searched for."""
    best: dict[int, tuple[int, int, tuple[int, ...]]] = {0: (0, 0, (0,) * len(packs))}
    for place, (size, price, steps) in enumerate(packs):
        found = dict(best)
        for total, (cost, number, counts) in best.items():
            for count in range(1, (need + 60 - total) // size + 1):
                new = tuple(one - count * (place == index) for index, one in enumerate(counts))
                value = cost + price_of(count, price, steps), number + count, new
                reached = total + count * size
                found[reached] = min(found.get(reached, value), value)
        best = found
    cost, total, _, counts = min(
        (value[0], total, *value[1:]) for total, value in best.items() if total >= need and total % multiple == 0
    )
    bought = packs_for(need, packs, multiple=multiple)
    assert (bought.counts, bought.total, bought.cost) == (tuple(-count for count in counts), total, cost)


def test_a_need_of_a_hundred_million_from_small_packs_is_quick() -> None:
    """Most of it is bought in the pack of the best price; only the remainder is searched for."""
    bought = packs_for(100_000_000, [(24, 3), (36, 4)])
    assert (bought.counts, bought.total, bought.cost) == ((0, 2_777_778), 100_000_008, 11_111_112)


def price_of(count: int, price: int, breaks: Sequence[tuple[int, int]]) -> int:
    for first, each in sorted(breaks):
        if count >= first:
            price = each
    return count * price


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    need=st.integers(1, 20),
    packs=st.lists(
        st.tuples(
            st.integers(3, 9),
            st.integers(0, 9),
            st.lists(st.tuples(st.integers(2, 5), st.integers(0, 9)), max_size=2, unique_by=lambda one: one[0]),
        ),
        min_size=1,
        max_size=2,
    ),
    least=st.integers(0, 25),
    multiple=st.integers(1, 4),
)
def test_packs_equal_brute_force(
    need: int, packs: list[tuple[int, int, list[tuple[int, int]]]], least: int, multiple: int
) -> None:
    """Prices that rise or fall with the count included."""
    best: tuple[Any, ...] | None = None
    for counts in product(range(32), repeat=len(packs)):
        total = sum(count * size for count, (size, _, _) in zip(counts, packs, strict=True))
        if total >= max(need, least) and total % multiple == 0:
            cost = sum(price_of(count, price, steps) for count, (_, price, steps) in zip(counts, packs, strict=True))
            found = cost, total, sum(counts), tuple(-count for count in counts)
            best = found if best is None or found < best else best
    assert best is not None
    bought = packs_for(need, packs, least=least, multiple=multiple)
    assert (tuple(-count for count in best[3]), best[1], best[0]) == (bought.counts, bought.total, bought.cost)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    need=st.integers(1, 200),
    less=st.integers(0, 50),
    packs=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 50)), min_size=1, max_size=4),
)
def test_more_stock_never_buys_more(need: int, less: int, packs: list[tuple[int, int]]) -> None:
    """A smaller need is covered by no larger total."""
    assert packs_for(max(need - less, 0), packs).total <= packs_for(need, packs).total
