"""The earliest day on which there can be what a customer asks for, with everybody else served first."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.making import BatchProduct, Making, Packing
from bake_tracker.domain.planning.plan_lines import NetPlan
from bake_tracker.domain.planning.promise import Stop, earliest
from bake_tracker.domain.planning.requirements import StockLot, net
from support.depth import rounds

EXAMPLES = rounds(25, 2_000)

BUN = Making("buns", (BatchProduct("bun", 24, keeps=2),), {"flour": 1_000})
BOX = Packing("box", {"bun": 6, "carton": 1})


def asked(item: str, quantity: Any, day: int = 0, **more: Any) -> Demand:
    return Demand("asked", item, day, quantity, **more)


def test_what_is_left_of_stock_is_promised_at_once() -> None:
    """12 of 20 are somebody else's, whatever the day; 8 are free, and for 9 flour comes in 3 days."""
    lots, others = [StockLot("L", "bun", 20, until=9)], [Demand("o", "bun", 9, 12)]
    fine = earliest(asked("bun", 8), others, lots, makings=[BUN], today=0, horizon=9)
    assert (fine.day, fine.at_once, fine.stopped_by) == (0, 8, ())
    more = earliest(asked("bun", 9), others, lots, makings=[BUN], today=0, horizon=9, days_to_buy={"flour": 3})
    assert (more.day, more.at_once) == (3, 8)
    assert more.stopped_by == (Stop("flour", "buy", 1_000, 3),)
    assert more.plan is not None
    assert [(line.way, line.day) for line in more.plan.lines] == [("buns", 3)]


def test_what_others_need_is_not_promised_twice() -> None:
    """There is flour for one batch, which an order of next week takes; what its batch leaves over is free then."""
    lots, others = [StockLot("F", "flour", 1_000)], [Demand("o", "bun", 7, 20)]
    found = earliest(asked("bun", 4), others, lots, makings=[BUN], today=0, horizon=9)
    assert (found.day, found.at_once) == (7, 0)
    assert found.stopped_by == (Stop("flour", "buy", 1_000, None),)
    assert earliest(asked("bun", 5), others, lots, makings=[BUN], today=0, horizon=9).day is None


def test_a_day_asked_for_is_the_first_that_will_do() -> None:
    """Sixty boxes for Friday: 30 cartons are here, more come in 8 days; 30 could be there on the day."""
    lots = [StockLot("F", "flour", 90_000), StockLot("C", "carton", 30)]
    found = earliest(
        asked("box", 60, day=5), [], lots, makings=[BUN], packings=[BOX], today=0, horizon=20, days_to_buy={"carton": 8}
    )
    assert (found.day, found.at_once) == (8, 30)
    assert found.stopped_by == (Stop("carton", "buy", 30, 8),)


def test_what_takes_days_to_make_says_from_when_on_it_works() -> None:
    """It takes two days of lead, from today."""
    slow = replace(BUN, lead=2, takes={})
    found = earliest(asked("bun", 1), [], [], makings=[slow], today=4, horizon=9)
    assert (found.day, found.at_once, found.stopped_by) == (6, 0, (Stop("buns", "begin", 1, 6),))


def test_what_would_not_keep_is_never_promised() -> None:
    """Buns keep two days after they are made."""
    found = earliest(asked("bun", 1, keeps=3), [], [StockLot("F", "flour", 1_000)], makings=[BUN], today=0, horizon=3)
    assert (found.day, found.plan, found.stopped_by) == (None, None, (Stop("bun", "keeps", 1),))


def test_a_full_oven_stops_what_stock_would_allow() -> None:
    """The caller says whether there is room for the lines."""

    def room(plan: NetPlan) -> list[Stop]:
        return [Stop(line.way, "room", line.batches, 2) for line in plan.lines if line.day < 2]

    lots = [StockLot("F", "flour", 9_000), StockLot("L", "bun", 3)]
    found = earliest(asked("bun", 5), [], lots, makings=[BUN], today=0, horizon=9, room=room)
    assert (found.day, found.at_once, found.stopped_by) == (2, 3, (Stop("buns", "room", 1, 2),))


def test_the_grain_is_the_smallest_promise() -> None:
    """Of 20 in a grain of six, 18 can be promised; a grain of zero is refused."""
    lots = [StockLot("L", "bun", 20)]
    assert earliest(asked("bun", 30), [], lots, today=0, horizon=1, grain=6).at_once == 18
    with pytest.raises(ValidationError):
        earliest(asked("bun", 30), [], lots, today=0, horizon=1, grain=0)


QUANTITIES = st.lists(st.tuples(st.sampled_from(["bun", "box"]), st.integers(0, 6), st.integers(1, 30)), max_size=4)
LOTS = st.lists(
    st.tuples(
        st.sampled_from(["bun", "box", "flour", "carton"]), st.integers(0, 6), st.integers(0, 6), st.integers(1, 4_000)
    ),
    max_size=5,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    others=QUANTITIES,
    lots=LOTS,
    wanted=st.tuples(st.sampled_from(["bun", "box"]), st.integers(1, 40), st.integers(0, 4)),
    flour=st.integers(0, 9),
)
def test_a_promise_can_be_kept_and_no_earlier_day_could(
    others: list[Any], lots: list[Any], wanted: Any, flour: int
) -> None:
    """The asked line needs nothing that others have, and each day before is stopped."""
    demands = [Demand(index, item, day, quantity, number=index) for index, (item, day, quantity) in enumerate(others)]
    stock = [StockLot(index, item, n, day, day + keeps) for index, (item, day, keeps, n) in enumerate(lots)]
    item, quantity, day = wanted
    kitchen: dict[str, Any] = {"makings": [BUN], "packings": [BOX], "today": 0}
    found = earliest(
        asked(item, quantity, day), demands, stock, horizon=12, days_to_buy={"flour": flour, "carton": 3}, **kitchen
    )
    assert found.day is not None
    assert day <= found.day
    assert bool(found.stopped_by) == (found.day > day)
    assert (found.at_once == quantity) == (found.day == day)
    alone = net(demands, stock, **kitchen)
    free = {(one.lot, one.line, one.item): one.quantity for one in alone.left}
    assert found.plan is not None
    for peg in found.plan.pegs:
        if peg.line is None:
            lot, line = peg.lot  # type: ignore[misc]
            free[lot, line, peg.demand.item] -= peg.quantity
    assert min(free.values(), default=0) >= 0
    assert all(one.demand.day >= {"flour": flour, "carton": 3}[one.demand.item] for one in found.plan.unmet)
