"""The lots that a draw takes: the eight cases as small ledgers, then once through the service."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.domain.errors import InsufficientInventoryError
from bake_tracker.domain.stock.fifo import DUST_MICROS, OpenLot, allocate, plan_draws
from support.kitchen import Kitchen

UNIT = 1_000_000

# Three lots: 10 for 1.00, 20 for 4.00, 30 for 9.00. Each case: the need -> the quantity and cost (cents) of each lot.
LEDGER = {
    "none": (0, []),
    "partial_first": (4, [(1, 4, 40)]),
    "whole_first": (10, [(1, 10, 100)]),
    "partial_two": (15, [(1, 10, 100), (2, 5, 100)]),
    "whole_two": (30, [(1, 10, 100), (2, 20, 400)]),
    "partial_three": (40, [(1, 10, 100), (2, 20, 400), (3, 10, 300)]),
    "whole_three": (60, [(1, 10, 100), (2, 20, 400), (3, 30, 900)]),
    "more_than_available": (61, [(1, 10, 100), (2, 20, 400), (3, 30, 900)]),
}


def three_lots() -> list[OpenLot]:
    sizes = ((1, 10, 1), (2, 20, 4), (3, 30, 9))
    return [OpenLot(lot_id, 7, f"lot-{lot_id}", size * UNIT, cost * UNIT) for lot_id, size, cost in sizes]


@pytest.mark.parametrize("case", LEDGER)
def test_a_need_is_met_from_the_lots_in_their_order(case: str) -> None:
    """Each of the eight cases draws exactly what its ledger says, at each lot's own cost."""
    needed, expected = LEDGER[case]
    allocation = allocate(needed * UNIT, three_lots())
    drawn = [(d.lot.lot_id, d.quantity_micros // UNIT, (d.cost_micros or 0) // 10_000) for d in allocation.draws]
    assert expected == drawn
    assert (case == "more_than_available") == allocation.is_short


def test_the_last_draw_takes_all_that_is_left_of_the_cost() -> None:
    """A cost that does not divide evenly is spent to its last millionth once the lot is empty."""
    lot = OpenLot(1, 7, "thirds", 3 * UNIT, 100)
    costs = []
    for _ in range(3):
        (draw,) = allocate(UNIT, [lot]).draws
        costs.append(draw.cost_micros or 0)
        lot = OpenLot(1, 7, "thirds", lot.quantity_micros - draw.quantity_micros, (lot.cost_micros or 0) - costs[-1])
    assert costs == [33, 34, 33]


def test_a_draw_that_would_leave_dust_takes_the_rest() -> None:
    """A remainder below a thousandth is taken too; a thousandth is left."""
    lot = OpenLot(1, 7, "dust", UNIT, 500)
    (all_of_it,) = allocate(UNIT - DUST_MICROS + 1, [lot]).draws
    (some_of_it,) = allocate(UNIT - DUST_MICROS, [lot]).draws
    assert (all_of_it.quantity_micros, all_of_it.cost_micros) == (UNIT, 500)
    assert some_of_it.quantity_micros == UNIT - DUST_MICROS


def test_a_lot_of_unknown_cost_gives_a_draw_of_unknown_cost() -> None:
    """No cost is invented for it."""
    (draw,) = allocate(UNIT, [OpenLot(1, 7, "gift", 2 * UNIT, None)]).draws
    assert draw.cost_micros is None


@given(
    lots=st.lists(st.tuples(st.integers(1, 10**12), st.integers(0, 10**12)), max_size=6),
    needed=st.integers(1, 10**12),
)
def test_an_allocation_takes_what_is_needed_and_no_lot_below_zero(lots: list[tuple[int, int]], needed: int) -> None:
    """For any lots, the draws cover the need to within dust or take everything there is."""
    open_lots = [OpenLot(number, 7, "", quantity, cost) for number, (quantity, cost) in enumerate(lots)]
    allocation = plan_draws({7: needed}, open_lots)[7]
    drawn = sum(draw.quantity_micros for draw in allocation.draws)
    assert (sum(quantity for quantity, _ in lots) < needed) == allocation.is_short
    assert allocation.is_short or needed <= drawn < needed + DUST_MICROS
    for draw in allocation.draws:
        assert 0 < draw.quantity_micros <= draw.lot.quantity_micros
        assert 0 <= (draw.cost_micros or 0) <= (draw.lot.cost_micros or 0)


@pytest.mark.parametrize("case", [case for case in LEDGER if case != "none"])
def test_a_batch_uses_the_oldest_lots_first(kitchen: Kitchen, case: str) -> None:
    """The same ledgers hold through the service, for stock received out of order."""
    needed, expected = LEDGER[case]
    kitchen.ingredient("Flour", pick_policy="fifo")
    kitchen.recipe("Bread", {"Flour": (needed, "g")}, {"Loaf": 1})
    for number, size, cost in ((3, 30, 9), (1, 10, 1), (2, 20, 4)):
        kitchen.receive("Flour", size, "g", cost, received_on=date(2026, 1, number), lot_code=f"{number}")
    if case == "more_than_available":
        with pytest.raises(InsufficientInventoryError) as refused:
            kitchen.produce("Bread", "Loaf", 1, 1)
        assert [(s["needed"], s["available"]) for s in refused.value.shortages] == [("61", "60")]
        assert Decimal(60) == kitchen.stock("Flour")
    else:
        run = kitchen.produce("Bread", "Loaf", 1, 1)
        drawn = [(int(c["lot_code"]), int(c["quantity"]), int(Decimal(c["cost"]) * 100)) for c in run["consumptions"]]
        assert expected == drawn


def test_the_first_to_expire_goes_first_and_what_never_expires_last(kitchen: Kitchen) -> None:
    """FEFO picks by expiry, then by receipt."""
    kitchen.ingredient("Milk", "ml")
    kitchen.recipe("Custard", {"Milk": (4, "ml")}, {"Cup": 1})
    lots = {
        "never": (1, None),
        "late": (2, date(2027, 3, 1)),
        "soon": (4, date(2027, 2, 1)),
        "same": (3, date(2027, 2, 1)),
    }
    for code, (day, expires_on) in lots.items():
        kitchen.receive("Milk", 1, "ml", 1, lot_code=code, received_on=date(2026, 1, day), expires_on=expires_on)
    run = kitchen.produce("Custard", "Cup", 1, 1)
    assert [c["lot_code"] for c in run["consumptions"]] == ["same", "soon", "late", "never"]


def test_the_first_received_goes_first_under_fifo_even_when_another_expires_sooner(kitchen: Kitchen) -> None:
    """FIFO picks by receipt, then by lot id."""
    kitchen.ingredient("Milk", "ml", pick_policy="fifo")
    kitchen.recipe("Custard", {"Milk": (3, "ml")}, {"Cup": 1})
    for code, day, expiry_day in (("second", 2, 5), ("first", 1, 9), ("third", 2, 1)):
        kitchen.receive(
            "Milk", 1, "ml", lot_code=code, received_on=date(2027, 1, day), expires_on=date(2027, 2, expiry_day)
        )
    run = kitchen.produce("Custard", "Cup", 1, 1)
    assert [c["lot_code"] for c in run["consumptions"]] == ["first", "second", "third"]
