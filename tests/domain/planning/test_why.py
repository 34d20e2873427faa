"""Why a plan has a line: the orders it is for, through the boxes and batches between."""

from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.making import BatchProduct, Making, Packing
from bake_tracker.domain.planning.requirements import StockLot, net
from bake_tracker.domain.planning.why import line_of, reasons_of, served_by

BUN = Making("buns", (BatchProduct("bun", 24, keeps=2),), {"dough": 1_000})
DOUGH = Making("dough", (BatchProduct("dough", 5_000),), {"flour": 3_000})
BOX = Packing("box", {"bun": 6})


def test_a_line_opens_into_the_orders_it_is_for() -> None:
    """One dough, for two batches of buns, for the boxes of an order and for the shelf."""
    wanted = [Demand("ann", "box", 3, 5, number=1), Demand("shelf", "bun", 3, 10, "par", number=2)]
    plan = net(wanted, [StockLot("F", "flour", 9_000)], makings=[BUN, DOUGH], packings=[BOX])
    reasons = reasons_of(plan)
    assert [line.way for line in plan.lines] == ["box", "buns", "dough"]
    (dough,) = reasons[2]
    assert (line_of(dough.demand), dough.quantity) == (1, 2_000)
    assert [(one.demand.source, one.quantity, [deep.demand.ref for deep in one.because]) for one in dough.because] == [
        ("line", 30, ["ann"]),
        ("par", 10, []),
    ]
    assert [(one.demand.ref, one.because) for one in reasons[0]] == [("ann", ())]


def test_a_demand_opens_into_the_lots_and_lines_that_serve_it() -> None:
    """Three boxes from stock, two packed; a reference of the caller's is not taken for a line's."""
    plan = net([Demand(0, "box", 3, 5)], [StockLot("B", "box", 3)], makings=[BUN], packings=[BOX])
    served = served_by(plan)
    assert [(peg.quantity, peg.lot, peg.line) for peg in served["order", 0, "box"]] == [(3, "B", None), (2, None, 0)]
    assert [(peg.quantity, peg.line) for peg in served["line", 0, "bun"]] == [(12, 1)]
    assert line_of(Demand(0, "box", 3, 5)) is None


def test_a_long_chain_of_boxes_has_its_reasons() -> None:
    """Two thousand boxes, each in the next."""
    chain = [Packing(f"box{number}", {f"box{number + 1}": 1}) for number in range(2_000)]
    plan = net([Demand("ann", "box0", 1, 1)], [], packings=chain)
    reason, depth = reasons_of(plan)[-1][0], 1
    while reason.because:
        reason, depth = reason.because[0], depth + 1
    assert (reason.demand.ref, depth) == ("ann", 2_000)
