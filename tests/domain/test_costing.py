"""Cost in is cost of good output plus cost of loss, to the last millionth; an unknown cost stays unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.stock.costing import RunCost, production_status, split_cost, total_cost
from bake_tracker.domain.stock.fifo import Draw, OpenLot
from bake_tracker.domain.units import MAX_TOTAL_MICROS
from support.kitchen import Kitchen

MICROS = st.integers(0, 2**62)


def draw(cost_micros: int | None) -> Draw:
    return Draw(OpenLot(1, 1, "", 1, cost_micros), 1, cost_micros)


@given(total=MICROS, expected=st.integers(1, 2**62), actual=MICROS)
def test_no_millionth_of_a_cost_is_lost_or_made(total: int, expected: int, actual: int) -> None:
    """Output and loss add up to the cost that went in, whatever the yield, and neither is negative."""
    cost = split_cost(total, expected, actual)
    assert cost.output_micros is not None
    assert cost.loss_micros is not None
    assert total == cost.output_micros + cost.loss_micros
    assert min(cost.output_micros, cost.loss_micros) >= 0
    assert (actual == 0) == (cost.per_unit_micros is None)
    assert actual > 0 or cost.loss_micros == total
    assert actual < expected or cost.loss_micros == 0


@given(st.integers(-(2**70), 2**70), st.integers(1, 2**40))
def test_a_division_rounds_to_the_nearest_and_ties_to_even(numerator: int, denominator: int) -> None:
    """Numbers of any size divide the same way."""
    quotient = divide_half_even(numerator, denominator)
    twice_off = 2 * abs(numerator - quotient * denominator)
    assert twice_off < denominator or (twice_off == denominator and quotient % 2 == 0)


@pytest.mark.parametrize(
    ("expected", "actual", "status"),
    [(24, 24, "complete"), (24, 23, "partial_loss"), (24, 0, "total_loss"), (24, 25, "over_yield")],
)
def test_the_status_compares_yield_with_plan(expected: int, actual: int, status: str) -> None:
    """There are four statuses and no others."""
    assert status == production_status(expected, actual)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (None, None), (0, "0.00"), (1, "0.000001"), (10_000, "0.01"), (1_500_000, "1.50"), (1_234_500, "1.2345"),
        (-2_005_000, "-2.005"), (2**63 - 1, "9223372036854.775807"),
    ],
)  # fmt: skip
def test_money_is_shown_exactly_with_at_least_two_decimals(micros: int | None, text: str | None) -> None:
    """An unknown amount is not shown as zero."""
    assert text == format_money(micros)


def test_one_unknown_cost_makes_the_total_unknown() -> None:
    """A partial sum would look like a full one."""
    assert total_cost([draw(1), draw(2)], "quantity") == 3
    assert total_cost([draw(1), draw(None)], "quantity") is None
    assert RunCost(None, None, None, None) == split_cost(None, 24, 20)


def test_a_cost_that_no_ledger_can_hold_is_refused_by_name() -> None:
    """The total is refused before it reaches the database."""
    with pytest.raises(ValidationError) as refused:
        total_cost([draw(MAX_TOTAL_MICROS), draw(1)], "num_batches")
    assert [problem["field"] for problem in refused.value.problems] == ["num_batches"]


@pytest.mark.parametrize(
    ("actual", "per_unit", "loss"),
    [(48, "0.0625", "0.00"), (36, "0.0625", "0.75"), (0, None, "3.00"), (60, "0.05", "0.00")],
)
def test_a_run_charges_the_loss_with_its_share_once(
    kitchen: Kitchen, actual: int, per_unit: str | None, loss: str
) -> None:
    """A total loss carries the whole cost, a partial loss its share of the plan, an over-yield none."""
    kitchen.simple_bakery()
    run = kitchen.produce("Cookies", "Cookie", 2, actual)
    assert ("3.00", per_unit, loss) == (run["total_ingredient_cost"], run["per_unit_cost"], run["loss_cost"])
    assert run["cost_complete"] is True


def test_an_unknown_cost_stays_unknown_all_the_way_into_the_box(kitchen: Kitchen) -> None:
    """Sugar without a price leaves the cost of the cookies unknown, and that of the boxes."""
    kitchen.simple_bakery()
    kitchen.receive("Sugar", 1, "kg")
    kitchen.produce("Cookies", "Cookie", 20, 480)
    kitchen.assemble("Box", 80)
    kitchen.receive("Flour", 10, "kg", 20)
    run = kitchen.produce("Cookies", "Cookie", 4, 90)
    box = kitchen.assemble("Box", 10)
    assert tuple(run[key] for key in ("total_ingredient_cost", "per_unit_cost", "loss_cost", "cost_complete")) == (
        None,
        None,
        None,
        False,
    )
    assert {c["ingredient_slug"]: c["cost"] for c in run["consumptions"]} == {"flour": "4.00", "sugar": None}
    assert tuple(box[key] for key in ("total_component_cost", "per_unit_cost", "cost_complete")) == (None, None, False)


def test_a_cost_of_nothing_is_known(kitchen: Kitchen) -> None:
    """An ingredient received for 0.00 costs 0.00."""
    kitchen.ingredient("Water", "ml")
    kitchen.recipe("Ice", {"Water": (1, "l")}, {"Block": 1})
    kitchen.receive("Water", 1, "l", 0)
    run = kitchen.produce("Ice", "Block", 1, 1)
    assert (run["total_ingredient_cost"], run["cost_complete"]) == ("0.00", True)
