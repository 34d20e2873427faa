"""The textbook form of net requirements, and what can be promised."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.promise import available
from bake_tracker.domain.planning.requirements import NetRequirements, net_requirements
from support.depth import rounds

EXAMPLES = rounds(30, 2_000)


def test_the_textbook_explosion_with_lead_times() -> None:
    """59 Z in week 10; Z = 2A + 3B, A = 4C + 4D, D = 2E; lead times Z 2, A, B, C, D 1, E 3."""

    def needs(lead: int, *parents: tuple[int, NetRequirements]) -> NetRequirements:
        weeks = range(11)
        gross = [sum(Fraction(per) * parent.planned_releases[week] for per, parent in parents) for week in weeks]
        return net_requirements(gross, 0, [0] * 11, lead_time=lead)

    z = net_requirements([0] * 10 + [59], 0, [0] * 11, lead_time=2)
    a, b = needs(1, (2, z)), needs(1, (3, z))
    c = d = needs(1, (4, a))
    e = needs(3, (2, d))
    found = [
        {week: quantity for week, quantity in enumerate(plan.planned_releases) if quantity}
        for plan in (z, a, b, c, d, e)
    ]
    assert found == [{8: 59}, {7: 118}, {7: 177}, {6: 472}, {6: 472}, {3: 944}]


def test_production_in_lots_as_the_pumps_have_it() -> None:
    """On hand 64, lots of 70, the larger of forecast and orders: made in 3, 5, 7 and 8; and what can be promised."""
    forecast, orders = [30] * 4 + [40] * 4, [33, 20, 10, 4, 2, 0, 0, 0]
    gross = [max(pair) for pair in zip(forecast, orders, strict=True)]
    plan = net_requirements(gross, 64, [0] * 8, lot_size=70)
    assert plan.planned_receipts == (0, 0, 70, 0, 70, 0, 70, 70)
    assert plan.on_hand == (31, 1, 41, 11, 41, 1, 31, 61)
    assert available(64, plan.planned_receipts, orders) == (11, None, 56, None, 68, None, 70, 70)


def test_each_period_is_netted_against_stock_receipts_and_safety() -> None:
    """Safety stock is made up at once; receipts come at a period's beginning; lots go up."""
    plan = net_requirements([10, 10, 10], 12, [0, 5, 0], lot_size=4, safety=3)
    assert plan.net == (1, 2, 8)
    assert plan.planned_receipts == (4, 4, 8)
    assert plan.on_hand == (6, 5, 3)
    assert plan.planned_releases == plan.planned_receipts
    assert net_requirements([0, 0], 1, [0, 0], safety=5).planned_receipts == (4, 0)
    assert net_requirements([1], Fraction(-1, 2), [0]).net == (Fraction(3, 2),)


def test_what_should_have_been_released_before_is_late_and_received_all_the_same() -> None:
    """It shows a negative period; a period without a receipt is not late."""
    plan = net_requirements([3, 0, 4, 5], 0, [0] * 4, lead_time=3)
    assert plan.late == ((-3, 3), (-1, 4))
    assert (plan.planned_receipts, plan.planned_releases) == ((3, 0, 4, 5), (5, 0, 0, 0))
    assert plan.on_hand == (0, 0, 0, 0)
    far = net_requirements([3], 0, [0], lead_time=5)
    assert (far.late, far.planned_releases) == (((-5, 3),), (0,))


def test_no_period_is_no_plan() -> None:
    """All tuples are empty."""
    assert net_requirements([], 5, []) == NetRequirements((), (), (), (), ())
    assert available(5, [], []) == ()


@pytest.mark.parametrize(
    ("gross", "on_hand", "receipts", "more"),
    [
        ([1.0], 0, [0], {}),
        ([1], 0.0, [0], {}),
        ([1], 0, [0.0], {}),
        ([-1], 0, [0], {}),
        ([1], 0, [-1], {}),
        ([1, 2], 0, [0], {}),
        ([1], 0, [0], {"lot_size": 0}),
        ([1], 0, [0], {"lot_size": -1}),
        ([1], 0, [0], {"lot_size": 1.5}),
        ([1], 0, [0], {"lead_time": -1}),
        ([1], 0, [0], {"lead_time": Fraction(1, 2)}),
        ([1], 0, [0], {"safety": -1}),
        ([1], 0, [0], {"safety": 0.5}),
    ],
)
def test_figures_that_cannot_be_are_refused(gross: Any, on_hand: Any, receipts: Any, more: Any) -> None:
    """Floats, negative figures, unequal lengths, lots of nothing."""
    with pytest.raises(ValidationError):
        net_requirements(gross, on_hand, receipts, **more)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    periods=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20)), min_size=1, max_size=8),
    on_hand=st.integers(0, 40),
    lot=st.none() | st.integers(1, 12),
    lead=st.integers(0, 9),
    safety=st.integers(0, 6),
)
def test_no_period_ends_below_the_safety_stock(
    periods: list[tuple[int, int]], on_hand: int, lot: int | None, lead: int, safety: int
) -> None:
    """Nothing is made in excess, no release is lost, and the stock is what came less what went."""
    gross, receipts = (list(column) for column in zip(*periods, strict=True))
    plan = net_requirements(gross, on_hand, receipts, lot_size=lot, lead_time=lead, safety=safety)
    before: Any = on_hand
    for period, need in enumerate(gross):
        received = plan.planned_receipts[period]
        assert plan.on_hand[period] == before + receipts[period] + received - need
        assert plan.on_hand[period] >= safety
        assert received - plan.net[period] < (lot or 1)
        assert received % (lot or 1) == 0
        assert not received or before + receipts[period] + plan.net[period] == need + safety
        before = plan.on_hand[period]
    released = {period: quantity for period, quantity in enumerate(plan.planned_releases) if quantity}
    expected = {period - lead: quantity for period, quantity in enumerate(plan.planned_receipts) if quantity}
    assert dict(plan.late) | released == expected
    assert all(period < 0 for period, _ in plan.late)


def test_a_later_deficit_is_taken_from_the_nearest_earlier_that_have_something() -> None:
    """It is taken from period 2, then from 1; what is still missing makes the first negative, and no other."""
    assert available(5, [0, 4, 0, 6, 3], [1, 0, 0, 2, 5]) == (4, 4, None, 2, 0)
    assert available(5, [0, 4, 0, 6, 3], [1, 0, 0, 2, 9]) == (4, 2, None, 0, 0)
    assert available(5, [0, 4, 0, 6, 3], [1, 0, 0, 2, 20]) == (-5, 0, None, 0, 0)
    assert available(5, [0, 4, 0, 6, 3], [9, 0, 0, 2, 5]) == (-4, 4, None, 2, 0)
    assert available(0, [0, 0], [0, 3]) == (-3, None)
    assert available(0, [Fraction(1, 2)], [0]) == (Fraction(1, 2),)


@pytest.mark.parametrize(
    ("on_hand", "made", "ordered"),
    [(1.0, [0], [0]), (0, [1.0], [0]), (0, [0], [1.0]), (0, [-1], [0]), (0, [0], [-1]), (0, [0, 1], [0])],
)
def test_promises_of_what_cannot_be_are_refused(on_hand: Any, made: Any, ordered: Any) -> None:
    """Floats, negative figures, unequal lengths."""
    with pytest.raises(ValidationError):
        available(on_hand, made, ordered)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    periods=st.lists(st.tuples(st.sampled_from([0, 0, 5, 9]), st.integers(0, 8)), min_size=1, max_size=8),
    on_hand=st.integers(0, 12),
)
def test_what_is_promised_can_be_kept(periods: list[tuple[int, int]], on_hand: int) -> None:
    """Selling all that is promised, each in its period, leaves no later order short, and nothing at the end."""
    made, ordered = (list(column) for column in zip(*periods, strict=True))
    promised = available(on_hand, made, ordered)
    assert [one is None for one in promised] == [period > 0 and not new for period, new in enumerate(made)]
    assert all(one is None or one >= 0 for one in promised[1:])
    assert sum(one or 0 for one in promised) == on_hand + sum(made) - sum(ordered)
    stock, shorts = on_hand, []
    for new, order, more in zip(made, ordered, promised, strict=True):
        stock += new - order - int(more or 0)
        shorts.append(stock)
    assert (promised[0] or 0) < 0 or min(shorts) >= 0
