"""Mixes of batches, dough for several units, and the days to bake on."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product
from math import gcd
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.batches import (
    batch_sizes,
    best_mix,
    cut_from_one,
    over_days,
    totals_to_consider,
)
from support.depth import rounds

EXAMPLES = rounds(30, 2_000)


@pytest.mark.parametrize(
    ("need", "options", "counts", "total"),
    [
        (300, [24, 48, 96], (1, 0, 3), 312),
        (150, [30, 36, 50], (0, 0, 3), 150),
        (100, [36, 48], (3, 0), 108),
        (14, [6, 10, 15], (0, 0, 1), 15),
        (28, [6, 10, 15], (3, 1, 0), 28),
        (0, [6, 10], (0, 0), 0),
        (1, [24], (1,), 24),
    ],
)
def test_the_best_mix_is_never_short_then_least_over_then_fewest(
    need: int, options: list[int], counts: tuple[int, ...], total: int
) -> None:
    """300 from pans of 24, 48 and 96 are 312 in 4 batches, not 7 times 48."""
    mix = best_mix(need, options)
    assert (counts, total, total - need, 0) == (mix.counts, mix.total, mix.over, mix.cost)


def test_each_unit_over_costs_what_it_is_said_to() -> None:
    """61 from 24 at 10 and 36 at 14, with 1 for each unit over: two of 36 cost 39. Bare yields cost nothing."""
    mix = best_mix(61, [(24, 10), (36, 14)], waste_cost=1)
    assert (mix.counts, mix.total, mix.over, mix.cost) == ((0, 2), 72, 11, 39)
    assert best_mix(61, [(24, 10), (36, 14)]).cost == 28
    assert best_mix(100, [36, 48], waste_cost=Fraction(1, 2)).cost == 4


def test_ties_go_to_the_least_total_then_the_fewest_then_the_option_listed_first() -> None:
    """Equal costs, equal totals and equal numbers of batches, one after another."""
    assert best_mix(10, [(12, 3), (11, 3)]).counts == (0, 1)
    assert best_mix(12, [(6, 1), (12, 2)]).counts == (0, 1)
    assert best_mix(40, [20, 10, 30]).counts == (2, 0, 0)
    assert best_mix(40, [10, 20, 30]).counts == (1, 0, 1)
    assert best_mix(24, [24, 24]).counts == (1, 0)
    assert best_mix(48, [(24, 5), (24, 5), (24, 4)]).counts == (0, 0, 2)


@pytest.mark.parametrize("kind", [Fraction, Decimal])
def test_any_exact_figure_is_taken(kind: Any) -> None:
    """Half a kilogram of 750 g is two batches of 400 g, in either kind."""
    mix = best_mix(kind("0.75"), [(kind("0.4"), kind("1.1"))], waste_cost=kind("2"))
    assert ((2,), Fraction(4, 5), Fraction(1, 20), Fraction(23, 10)) == (mix.counts, mix.total, mix.over, mix.cost)


@pytest.mark.parametrize(
    ("need", "options", "waste_cost"),
    [
        (1.0, [24], 0),
        (1, [24.0], 0),
        (1, [(24, 1.0)], 0),
        (1, [24], 0.5),
        (-1, [24], 0),
        (1, [0], 0),
        (1, [-3], 0),
        (0, [0], 0),
        (1, [(24, -1)], 0),
        (1, [24], -1),
        (1, [], 0),
        (Decimal("NaN"), [24], 0),
        (Decimal("Infinity"), [24], 0),
        (1, [(24, 1, 1)], 0),
        ("1", [24], 0),
        (True, [24], 0),
    ],
)
def test_what_is_not_exact_or_not_possible_is_refused(need: Any, options: Any, waste_cost: Any) -> None:
    """Floats, negative needs, yields of 0, and a need without an option."""
    with pytest.raises(ValidationError):
        best_mix(need, options, waste_cost=waste_cost)


def test_no_need_and_no_option_is_no_batch() -> None:
    """There is nothing to choose from and nothing to choose."""
    assert best_mix(0, []).counts == ()


def by_enumeration(need: int, options: Sequence[tuple[int, int]], waste_cost: int) -> tuple[Any, ...]:
    """The best of all counts without a batch too many."""
    most = [-(-need // size) for size, _ in options]
    tried = []
    for counts in product(*(range(count + 1) for count in most)):
        total = sum(count * size for count, (size, _) in zip(counts, options, strict=True))
        if total >= need:
            cost = sum(count * each for count, (_, each) in zip(counts, options, strict=True))
            value = cost + waste_cost * (total - need)
            tried.append((value, total, sum(counts), tuple(-count for count in counts)))
    value, total, _, negative = min(tried)
    return tuple(-count for count in negative), total, total - need, value


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    need=st.integers(0, 60),
    options=st.lists(st.tuples(st.integers(4, 24), st.integers(0, 6)), min_size=1, max_size=4),
    waste_cost=st.integers(0, 2),
    scale=st.fractions(Fraction(1, 9), 9, max_denominator=9),
)
def test_the_best_mix_equals_brute_force(
    need: int, options: list[tuple[int, int]], waste_cost: int, scale: Fraction
) -> None:
    """Counts, total, over and cost; and in any other unit the same counts."""
    counts, total, over, cost = by_enumeration(need, options, waste_cost)
    mix = best_mix(need, options, waste_cost=waste_cost)
    assert (counts, total, over, cost) == (mix.counts, mix.total, mix.over, mix.cost)
    scaled = best_mix(need * scale, [(size * scale, each * scale) for size, each in options], waste_cost=waste_cost)
    assert (counts, total * scale, cost * scale) == (scaled.counts, scaled.total, scaled.cost)


@settings(max_examples=EXAMPLES, deadline=None)
@given(need=st.integers(0, 120), options=st.lists(st.integers(6, 40), min_size=1, max_size=3))
def test_the_best_mix_of_bare_yields_equals_brute_force(need: int, options: list[int]) -> None:
    """Without costs: least over, then fewest batches, then the option listed first."""
    mix = best_mix(need, options)
    assert by_enumeration(need, [(size, 0) for size in options], 0)[:3] == (mix.counts, mix.total, mix.over)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    first=st.integers(0, 400), second=st.integers(0, 400), options=st.lists(st.integers(1, 50), min_size=1, max_size=4)
)
def test_two_needs_together_never_take_more_than_each_alone(first: int, second: int, options: list[int]) -> None:
    """The total is at most the sum of totals; the number of batches may be larger."""
    assert best_mix(first + second, options).total <= best_mix(first, options).total + best_mix(second, options).total


@pytest.mark.parametrize(
    ("need", "sizes"),
    [
        (100_000_000, [24, 36, 96]),
        (100_000_001, [997, 1_009, 89]),
        (100_000_000, [24_000_000, 36_000_000, 50_000_000]),
        (61_333_333, [24_000_000, 36_000_000]),
        (100_000_000, [999_983, 1_000_003]),
        (100_000_000, [12_345_670, 24_691_340, 37_037_010, 49_382_680]),
    ],
)
def test_the_totals_tried_are_bounded_however_large_the_need(need: int, sizes: list[int]) -> None:
    """100,000,000 micros: never more totals than ten times the largest yield, in units of the common divisor."""
    unit = gcd(*sizes)
    units = [size // unit for size in sizes]
    values = [(0, 1, *(-int(here == place) for place in range(len(sizes)))) for here in range(len(sizes))]
    tried = sum(1 for _ in totals_to_consider(-(-need // unit), units, values))
    assert tried <= min(10 * max(units), 12_000)
    mix = best_mix(need, sizes)
    assert need <= mix.total == sum(count * size for count, size in zip(mix.counts, sizes, strict=True))


def test_the_best_mix_of_a_large_need_is_the_one_of_a_smaller_and_the_largest() -> None:
    """From a need of 1,009 times 997 on, 1,009 more units take one more of the largest batch."""
    small, large = best_mix(1_006_000, [997, 1_009]), best_mix(1_006_000 + 1_009 * 90_000, [997, 1_009])
    assert (small.counts[0], small.counts[1] + 90_000) == large.counts


@pytest.mark.parametrize(
    ("step", "smallest", "largest", "sizes"),
    [
        (1, None, None, (1,)),
        (Fraction(1, 2), None, None, (Fraction(1, 2), 1)),
        (Decimal("0.25"), Decimal("0.5"), 1, (Fraction(1, 2), Fraction(3, 4), 1)),
        (Fraction(1, 2), Fraction(3, 4), 2, (1, Fraction(3, 2), 2)),
        (1, 2, None, (2,)),
        (1, None, Fraction(7, 2), (1, 2, 3)),
    ],
)
def test_a_recipe_allows_sizes_in_steps_within_its_limits(
    step: Any, smallest: Any, largest: Any, sizes: tuple[Any, ...]
) -> None:
    """The smallest goes up to a step, the largest down."""
    assert batch_sizes(step=step, smallest=smallest, largest=largest) == sizes


@pytest.mark.parametrize(("step", "smallest", "largest"), [(1, 3, 2), (0, None, None), (0.5, None, None), (1, 0, 1)])
def test_sizes_that_are_none_are_refused(step: Any, smallest: Any, largest: Any) -> None:
    """No multiple of the step is within the limits, or the step or a limit is not a positive exact number."""
    with pytest.raises(ValidationError):
        batch_sizes(step=step, smallest=smallest, largest=largest)


def test_several_units_are_cut_from_the_least_dough() -> None:
    """6 of 24 and 12 of 48 are half a batch; 20 and 30 take 1 and 11/24, in one mix of a batch and a half."""
    sizes = batch_sizes(step=Fraction(1, 2), largest=2)
    assert cut_from_one([6, 12], [24, 48], sizes).counts == (1, 0, 0, 0)
    cut = cut_from_one([20, 30], [24, 48], sizes)
    assert ((0, 0, 1, 0), Fraction(35, 24), Fraction(3, 2)) == (cut.counts, cut.needed, cut.total)
    assert cut_from_one([], []).counts == (0,)


def test_units_that_come_out_together_take_the_largest_need() -> None:
    """40 croissants of 24 need two batches, which give more scraps than wanted."""
    cut = cut_from_one([40, 100], [24, 300], together=True)
    assert ((2,), Fraction(5, 3), 2, Fraction(1, 3)) == (cut.counts, cut.needed, cut.total, cut.over)


def test_units_and_yields_of_unequal_number_are_refused() -> None:
    """One yield for two needs."""
    with pytest.raises(ValidationError, match="needs has 2, per_batch has 1"):
        cut_from_one([1, 2], [24])


def test_the_days_to_bake_on_cost_least() -> None:
    """40, 20, 10, 30, 20 at 100 a batch and 2 a day kept: 70 and 50, for 320."""
    plan = over_days([40, 20, 10, 30, 20], setup=100, holding=2)
    assert (plan.lots, plan.cost) == ((70, 0, 0, 50, 0), 320)


def test_without_costs_each_day_bakes_its_own() -> None:
    """Of equally good plans, the one that bakes latest is chosen; a day without demand bakes nothing."""
    assert over_days([5, 0, 7, 0], setup=0, holding=0).lots == (5, 0, 7, 0)
    assert over_days([5, 5, 5], setup=10, holding=1).lots == (10, 0, 5)
    assert over_days([0, 0], setup=3, holding=1).lots == (0, 0)
    assert over_days([], setup=3, holding=1).lots == ()
    assert over_days([9], setup=3, holding=1) == over_days([9], setup=[3], holding=[1], shelf_life=0)


def test_a_batch_serves_no_longer_than_it_keeps() -> None:
    """With no shelf life, every day bakes; with one day, every second; a demand that cannot be served is refused."""
    demands = [5, 5, 5, 5]
    assert over_days(demands, setup=100, holding=0, shelf_life=0).lots == (5, 5, 5, 5)
    assert over_days(demands, setup=100, holding=0, shelf_life=1).lots == (10, 0, 10, 0)
    assert over_days(demands, setup=100, holding=0).lots == (20, 0, 0, 0)
    assert over_days(demands, setup=[1, None, 1, None], holding=0, shelf_life=1).lots == (10, 0, 10, 0)
    with pytest.raises(ValidationError, match="the demand of period 1"):
        over_days(demands, setup=[1, None, 1, 1], holding=0, shelf_life=0)


@pytest.mark.parametrize(
    ("demands", "setup", "holding", "shelf_life"),
    [
        ([1.0], 1, 1, None),
        ([1], 1.0, 1, None),
        ([1], 1, 1.0, None),
        ([-1], 1, 1, None),
        ([1], -1, 1, None),
        ([1], 1, -1, None),
        ([1], 1, 1, -1),
        ([1], 1, 1, 0.5),
        ([1, 2], [1], 1, None),
        ([1, 2], 1, [1, 1, 1], None),
    ],
)
def test_days_that_cannot_be_planned_are_refused(demands: Any, setup: Any, holding: Any, shelf_life: Any) -> None:
    """Floats, negative figures, and figures that are not one per period."""
    with pytest.raises(ValidationError):
        over_days(demands, setup=setup, holding=holding, shelf_life=shelf_life)


def cheapest_days(
    demands: Sequence[int], setup: Sequence[int], holding: Sequence[int], shelf_life: int
) -> tuple[int, list[tuple[int, ...]]]:
    """The least cost over every set of days to bake on, and every plan that costs it."""
    days = range(len(demands))
    plans: list[tuple[int, tuple[int, ...]]] = []
    for chosen in (set(some) for count in range(len(demands) + 1) for some in combinations(days, count)):
        lots, cost = [0] * len(demands), sum(setup[day] for day in chosen)
        for day in days:
            from_day = max((one for one in chosen if one <= day), default=None)
            if demands[day] and (from_day is None or day - from_day > shelf_life):
                break
            if from_day is not None and demands[day]:
                lots[from_day] += demands[day]
                cost += demands[day] * sum(holding[from_day:day])
        else:
            if all(lots[day] for day in chosen):
                plans.append((cost, tuple(lots)))
    least = min(cost for cost, _ in plans)
    return least, [lots for cost, lots in plans if cost == least]


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    periods=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=7),
    shelf_life=st.integers(0, 7),
)
def test_the_days_to_bake_on_equal_brute_force(periods: list[tuple[int, int, int]], shelf_life: int) -> None:
    """The cost is the least, and of the plans that cost it the one whose last batches are latest."""
    demands, setup, holding = (list(column) for column in zip(*periods, strict=True))
    plan = over_days(demands, setup=setup, holding=holding, shelf_life=shelf_life)
    least, plans = cheapest_days(demands, setup, holding, shelf_life)
    assert least == plan.cost
    latest = max(plans, key=lambda lots: [day for day in range(len(lots) - 1, -1, -1) if lots[day]])
    assert latest == plan.lots
