"""The quantity for a day: newsvendor, discrete and normal, and from what was sold."""

from decimal import Decimal
from fractions import Fraction
from itertools import cycle, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.daily import DaySold, newsvendor, newsvendor_normal, quantity
from support.depth import rounds

EXAMPLES = rounds(30, 2_000)

_CHANCES = [".05", ".10", ".10", ".20", ".25", ".15", ".10", ".05"]
CHANCES = dict(zip(range(0, 40, 5), map(Decimal, _CHANCES), strict=True))
MONEY = {"price": Decimal("0.35"), "cost": Decimal("0.08"), "salvage": Decimal("0.03")}


def test_the_course_question_of_a_discrete_demand() -> None:
    """A ratio of .8438 bakes 25, for a profit of 4.19."""
    found = newsvendor(CHANCES, **MONEY)
    assert (found.quantity, round(float(found.ratio), 4), round(float(found.profit), 2)) == (25, 0.8438, 4.19)
    assert found.ratio == Fraction(27, 32)


def test_probabilities_may_be_floats_and_add_up_to_exactly_1() -> None:
    """A float counts as the decimal it is written as."""
    assert newsvendor({day: float(chance) for day, chance in CHANCES.items()}, **MONEY) == newsvendor(CHANCES, **MONEY)
    third = newsvendor({0: 1 / 3, 1: 1 / 3, 2: 1 / 3}, price=2, cost=1)
    assert third.quantity == 1
    tenths = newsvendor(dict.fromkeys(range(10), 0.1), price=10, cost=3)
    assert (tenths.ratio, tenths.quantity) == (Fraction(7, 10), 6)


def test_the_smallest_demand_that_is_enough_is_taken() -> None:
    """A ratio that is reached exactly takes no more; a demand of probability 0 does not count."""
    assert newsvendor({1: Fraction(1, 2), 2: Fraction(1, 2)}, price=2, cost=1).quantity == 1
    assert newsvendor({0: 0, 3: 1, 9: 0}, price=10, cost=9).quantity == 3
    assert newsvendor({5: 1}, price=10, cost=9, salvage=8).profit == 5


def test_what_costs_its_price_is_not_made() -> None:
    """Nor is anything that costs more; goods that cost money to throw away are made with care."""
    for cost in (10, 11):
        found = newsvendor({5: 1}, price=10, cost=cost)
        assert (found.quantity, found.ratio, found.profit) == (0, 0, 0)
    chances = {1: Fraction(1, 2), 2: Fraction(1, 2)}
    assert newsvendor(chances, price=4, cost=1).quantity == 2
    assert newsvendor(chances, price=4, cost=1, salvage=-3).quantity == 1


@pytest.mark.parametrize(
    ("pmf", "money"),
    [
        ({}, {}),
        ({1: Fraction(1, 3)}, {}),
        ({1: 0.5, 2: 0.4}, {}),
        ({1: Decimal("0.5"), 2: Decimal("0.5000000001")}, {}),
        ({1: 2, 2: -1}, {}),
        ({-1: 1}, {}),
        ({1.5: 1}, {}),
        ({1: float("nan")}, {}),
        ({1: 1}, {"salvage": 1}),
        ({1: 1}, {"salvage": 2}),
        ({1: 1}, {"price": 1, "cost": 5, "salvage": 6}),
        ({1: 1}, {"price": 2.5}),
    ],
)
def test_demands_that_cannot_be_are_refused(pmf: Any, money: Any) -> None:
    """Probabilities that do not add up, negative or float demands, salvage of the cost or more."""
    with pytest.raises(ValidationError):
        newsvendor(pmf, **({"price": 3, "cost": 1} | money))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    weights=st.dictionaries(st.integers(0, 12), st.integers(0, 9), min_size=1, max_size=6),
    money=st.tuples(st.integers(-5, 5), st.integers(1, 9), st.integers(-3, 9)),
)
def test_no_other_quantity_earns_more(weights: dict[int, int], money: tuple[int, int, int]) -> None:
    """No quantity has a higher expected profit; of several that earn the most, the smallest is taken."""
    if not any(weights.values()):
        return
    salvage, below, margin = money
    cost, price = salvage + below, salvage + below + margin
    pmf = {demand: Fraction(weight, sum(weights.values())) for demand, weight in weights.items()}

    def profit(made: int) -> Fraction:
        gains = (
            chance * (price * min(made, demand) + salvage * max(made - demand, 0)) for demand, chance in pmf.items()
        )
        return sum(gains, Fraction(0)) - cost * made

    found = newsvendor(pmf, price=price, cost=cost, salvage=salvage)
    best = max(profit(made) for made in range(13))
    assert best == found.profit == profit(int(found.quantity))
    demands = [0, *(demand for demand, chance in pmf.items() if chance)] if margin <= 0 else [d for d in pmf if pmf[d]]
    assert found.quantity == min(made for made in demands if profit(made) == best)


def test_the_course_question_of_a_normal_demand() -> None:
    """N(1000, 200), 40 too few, 10 too many: 1168.3, 22.33 lost, 37,200.4 earned."""
    found = newsvendor_normal(1000, 200, under=40, over=10, price=100, cost=60)
    assert (round(found.quantity, 1), found.ratio, round(found.lost_sales, 2)) == (1168.3, 0.8, 22.33)
    assert found.profit is not None
    assert round(found.profit, 1) == 37200.4


def test_a_normal_quantity_at_its_edges() -> None:
    """Without price or cost no profit; without spread the mean; never below 0; nothing if too few costs nothing."""
    assert newsvendor_normal(10.5, 2.0, under=1, over=1).profit is None
    assert newsvendor_normal(10, 2, under=1, over=1, price=3).profit is None
    certain = newsvendor_normal(10, 0, under=4, over=1, price=5, cost=1)
    assert (certain.quantity, certain.lost_sales, certain.profit) == (10, 0, 40)
    assert newsvendor_normal(1, 100, under=1, over=9).quantity == 0
    assert newsvendor_normal(50, 1, under=0, over=1).quantity == 0
    assert newsvendor_normal(50, 1, under=0, over=1).lost_sales == pytest.approx(50)


@pytest.mark.parametrize(
    ("mean", "sd", "under", "over"),
    [(1, -1, 1, 1), (float("nan"), 1, 1, 1), (1, float("inf"), 1, 1), (1, 1, -1, 1), (1, 1, 1, 0), (1, 1, 1, -1)],
)
def test_normal_demands_that_cannot_be_are_refused(mean: float, sd: float, under: float, over: float) -> None:
    """A negative spread, values that are not numbers, and amounts that lead to no quantity are refused."""
    with pytest.raises(ValidationError):
        newsvendor_normal(mean, sd, under=under, over=over)


WEEK = [20, 20, 20, 20, 40, 60, 30]


def history(weeks: int) -> list[DaySold]:
    return [DaySold(index % 7, sold) for index, sold in enumerate(islice(cycle(WEEK), 7 * weeks))]


def test_a_steady_week_is_suggested_again() -> None:
    """If a weekday is the same every week, all of its difference from the mean counts."""
    found = quantity(history(2), 5, price=2, cost=1)
    assert (found.quantity, found.expected, found.level, found.weekday_factor, found.day_factor) == (60, 60, 30, 2, 1)
    assert quantity(history(2), 0, price=2, cost=1).quantity == 20


def test_a_weekday_counts_the_less_the_more_it_differs_from_itself() -> None:
    """With days that differ by chance, its factor is between the mean's and its own; with one week, the mean's."""
    noisy = [DaySold(day.weekday, day.sold + (index * 37 % 11 - 5) * 4) for index, day in enumerate(history(8))]
    own = sum(Fraction(day.sold) for day in noisy if day.weekday == 5) / 8
    found = quantity(noisy, 5, price=2, cost=1)
    assert found.level < found.expected < own
    assert quantity(history(1), 5, price=2, cost=1).weekday_factor == 1
    assert quantity(history(1) * 2, 5, price=2, cost=1).weekday_factor == 2
    weekdays = [day for day in history(4) if day.weekday != 6]
    assert quantity(weekdays, 6, price=2, cost=1).weekday_factor == 1


def test_days_that_sold_out_say_only_that_there_was_more_demand() -> None:
    """At a ratio of 3/4, the same sales with the best days sold out suggest more."""
    sales = [8, 9, 10, 11, 12, 10, 10, 9, 11, 10, 10, 10, 9, 14]
    open_days = [DaySold(index % 7, sold) for index, sold in enumerate(sales)]
    sold_out = [DaySold(day.weekday, day.sold, sold_out=index % 2 == 0) for index, day in enumerate(open_days)]
    money = {"price": 4, "cost": 1}
    assert quantity(sold_out, 2, **money).quantity > quantity(open_days, 2, **money).quantity
    everything = [DaySold(day.weekday, day.sold, sold_out=True) for day in open_days]
    assert quantity(everything, 2, **money).day_factor == max(
        quantity([*everything[:index], open_days[index], *everything[index + 1 :]], 2, **money).day_factor
        for index in range(len(sales))
    )


def test_a_dearer_miss_suggests_more_and_what_earns_nothing_none() -> None:
    """The order of entry does not matter, and the grain rounds up."""
    days = [DaySold(index % 7, 10 + index * 7 % 5) for index in range(28)]
    amounts = [quantity(days, 3, price=price, cost=10).quantity for price in (10, 12, 20, 40, 200)]
    assert amounts == sorted(amounts)
    assert amounts[0] == 0 < amounts[1] < amounts[4]
    assert quantity(days[::-1], 3, price=20, cost=10) == quantity(days, 3, price=20, cost=10)
    assert quantity(days, 3, price=20, cost=10, grain=6).quantity % 6 == 0
    assert quantity([DaySold(1, 0)] * 9, 1, price=2, cost=1).quantity == 0


@pytest.mark.parametrize(
    ("days", "weekday", "more"),
    [
        ([], 0, {}),
        ([DaySold(7, 1)], 0, {}),
        ([DaySold(0, -1)], 0, {}),
        ([DaySold(0, 1.5)], 0, {}),  # type: ignore[arg-type]
        ([DaySold(0, 1)], 7, {}),
        ([DaySold(0, 1)], 0, {"salvage": 1}),
        ([DaySold(0, 1)], 0, {"grain": 0}),
    ],
)
def test_history_that_says_nothing_is_refused(days: list[DaySold], weekday: int, more: Any) -> None:
    """No days, no such weekday, a quantity that is not exact."""
    with pytest.raises(ValidationError):
        quantity(days, weekday, **({"price": 2, "cost": 1} | more))


def test_shrunk_weekdays_cost_less_than_the_same_as_last_week() -> None:
    """The year of made-up sales has a weekly rhythm and chance; each day is decided from the half year before."""
    state, days = 1, []
    for index in range(364):
        chance = 0
        for _ in range(4):
            state = state * 1_103_515_245 % 2**31 + 12_345
            chance += state % 2**31 * 9 // 2**31
        days.append(DaySold(index % 7, WEEK[index % 7] + chance - 16))
    cost, last_week = 0, 0
    for index in range(182, 364, rounds(5, 1)):
        wanted = int(Fraction(days[index].sold))
        made = int(quantity(days[index - 182 : index], index % 7, price=4, cost=1).quantity)
        before = int(Fraction(days[index - 7].sold))
        cost += 3 * max(wanted - made, 0) + max(made - wanted, 0)
        last_week += 3 * max(wanted - before, 0) + max(before - wanted, 0)
    assert cost < last_week * Fraction(8, 10)
