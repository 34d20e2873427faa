"""From what is wanted to what is made, packed and bought: stock first, each unit for somebody or left over."""

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.batches import batch_sizes
from bake_tracker.domain.planning.demand import Demand, topped_up
from bake_tracker.domain.planning.making import BatchProduct, Making, Packing
from bake_tracker.domain.planning.requirements import NetPlan, StockLot, net
from support.depth import rounds

EXAMPLES = rounds(30, 2_000)

BUN = Making("buns", (BatchProduct("bun", 24, keeps=2),), {"flour": 1_000})
BOX = Packing("box", {"bun": 6, "carton": 1})


def order(item: str, day: int, quantity: Any, number: int = 0, **more: Any) -> Demand:
    return Demand(f"{item}-{number}", item, day, quantity, number=number, **more)


def made(plan: NetPlan) -> list[tuple[Hashable, int, Any]]:
    return [(line.way, line.day, line.batches) for line in plan.lines]


def bought(plan: NetPlan) -> dict[Hashable, Any]:
    wanted: defaultdict[Hashable, Any] = defaultdict(int)
    for one in plan.unmet:
        wanted[one.demand.item] += one.quantity
    return dict(wanted)


def served(plan: NetPlan) -> list[tuple[Hashable, Any, Hashable, int | None]]:
    return [(peg.demand.ref, peg.quantity, peg.lot, peg.line) for peg in plan.pegs]


def test_boxes_are_exploded_after_stocked_boxes_and_parts_are_used() -> None:
    """10 boxes: 2 are there, 8 take 48 buns, of which 20 are there: 28 are two batches, which leave 20."""
    lots = [StockLot("L1", "box", 2), StockLot("L2", "bun", 20), StockLot("L3", "carton", 5)]
    plan = net([order("box", 3, 10)], lots, makings=[BUN], packings=[BOX])
    assert made(plan) == [("box", 3, 8), ("buns", 3, 2)]
    assert plan.lines[1].gives == {"bun": 48}
    assert plan.lines[1].takes == {"flour": 2_000}
    assert bought(plan) == {"carton": 3, "flour": 2_000}
    assert served(plan) == [
        ("box-0", 2, "L1", None),
        ("box-0", 8, None, 0),
        (0, 20, "L2", None),
        (0, 28, None, 1),
        (0, 5, "L3", None),
    ]
    assert [(one.item, one.quantity, one.until, one.line) for one in plan.left] == [("bun", 20, 5, 1)]


def test_half_boxes_are_not_truncated() -> None:
    """Two and a half boxes are 15 buns; the older program truncated them."""
    plan = net([order("box", 1, Decimal("2.5"))], [], makings=[BUN], packings=[BOX])
    assert [(peg.demand.item, peg.quantity) for peg in plan.pegs] == [("box", Fraction(5, 2)), ("bun", 15)]


def test_each_unit_of_a_recipe_has_its_own_yield() -> None:
    """6 large of 12 and 12 small of 48 are three quarters of one dough; the older program took the first for all."""
    rolls = Making("rolls", (BatchProduct("large", 12), BatchProduct("small", 48)))
    plan = net([order("large", 1, 6), order("small", 1, 12)], [], makings=[rolls])
    assert made(plan) == [("rolls", 1, 1)]
    assert plan.lines[0].gives == {"large": 9, "small": 12}
    assert [(one.item, one.quantity) for one in plan.left if one.quantity] == [("large", 3)]


def test_the_sizes_of_a_mix_are_respected() -> None:
    """30 buns in halves, a mixer that holds one and a half: one mix of one and a half, 36."""
    halves = replace(BUN, sizes=batch_sizes(step=Fraction(1, 2), largest=Fraction(3, 2)))
    plan = net([order("bun", 1, 30)], [], makings=[halves])
    assert (plan.lines[0].mixes, plan.lines[0].batches) == (((Fraction(3, 2), 1),), Fraction(3, 2))
    assert net([order("bun", 1, 80)], [], makings=[halves]).lines[0].mixes == ((Fraction(1, 2), 1), (Fraction(3, 2), 2))


def test_products_that_come_out_together_are_all_there() -> None:
    """Scraps of the croissants serve a demand for scraps on the next day."""
    croissants = Making("c", (BatchProduct("croissant", 20), BatchProduct("scraps", 300)), together=True)
    plan = net([order("croissant", 1, 30), order("scraps", 2, 500)], [], makings=[croissants])
    assert made(plan) == [("c", 1, 2)]
    assert plan.lines[0].gives == {"croissant": 40, "scraps": 600}
    assert {one.item: one.quantity for one in plan.left} == {"croissant": 10, "scraps": 100}


def test_expected_loss_makes_more_and_counts_whole_pieces_over() -> None:
    """24 a batch of which 95 % are good are 22.8: 24 take two, and 21 whole buns are over."""
    lossy = replace(BUN, good=Fraction(95, 100), products=(BatchProduct("bun", 24, 2, grain=1),))
    plan = net([order("bun", 1, 24)], [], makings=[lossy])
    assert (plan.lines[0].batches, plan.lines[0].gives) == (2, {"bun": 45})
    assert net([order("bun", 1, 22)], [], makings=[lossy]).lines[0].batches == 1


def test_sub_recipes_that_are_not_stocked_are_part_of_the_batch() -> None:
    """Half a batch of filling, which takes a quarter of a syrup, goes into each batch."""
    filling = Making("filling", (), {"cream": 400}, {"syrup": Fraction(1, 4)})
    syrup = Making("syrup", (), {"sugar": 800})
    cakes = Making("cakes", (BatchProduct("cake", 4),), {"sugar": 100}, {"filling": Fraction(1, 2)})
    plan = net([order("cake", 1, 8)], [], makings=[cakes, filling, syrup])
    assert made(plan) == [("cakes", 1, 2)]
    assert plan.lines[0].takes == {"cream": 400, "sugar": 400}


def test_what_is_stocked_of_a_recipe_is_taken_before_more_is_made() -> None:
    """A dough that is kept is an item of its own, made the day before."""
    dough = Making("dough", (BatchProduct("dough", 5_000),), {"flour": 3_000})
    bread = Making("bread", (BatchProduct("loaf", 8),), {"dough": 6_000}, lead=1)
    plan = net([order("loaf", 4, 10)], [StockLot("D", "dough", 8_000)], makings=[dough, bread])
    assert [(line.way, line.begin, line.day, line.batches) for line in plan.lines] == [
        ("bread", 3, 4, 2),
        ("dough", 3, 3, 1),
    ]


def test_a_lot_serves_only_while_it_is_there_and_keeps() -> None:
    """It does not serve before its first day, after its last day, while held, or if it must keep longer."""
    wanted = order("jam", 5, 1)
    for lot, serves in (
        (StockLot("L", "jam", 1, day=5, until=5), True),
        (StockLot("L", "jam", 1, day=6), False),
        (StockLot("L", "jam", 1, until=4), False),
        (StockLot("L", "jam", 1, held=True), False),
    ):
        assert bool(net([wanted], [lot]).pegs) == serves
    keeping = replace(wanted, keeps=3)
    assert not net([keeping], [StockLot("L", "jam", 1, until=7)]).pegs
    assert net([keeping], [StockLot("L", "jam", 1, until=8)]).pegs


def test_the_earliest_expiry_that_serves_goes_first() -> None:
    """Orders that must keep longer are left the lots that do; of equal expiry, the lot that came first goes first."""
    lots = [
        StockLot("late", "jam", 1, until=9),
        StockLot("soon", "jam", 1, until=3),
        StockLot("never", "jam", 1),
        StockLot("newer", "jam", 1, day=1, until=9),
    ]
    wanted = [order("jam", 2, 1, 1, keeps=5), order("jam", 2, 1, 2), order("jam", 3, 1, 3), order("jam", 9, 1, 4)]
    assert served(net(wanted, lots)) == [
        ("jam-1", 1, "late", None),
        ("jam-2", 1, "soon", None),
        ("jam-3", 1, "newer", None),
        ("jam-4", 1, "never", None),
    ]


def test_stock_goes_to_what_is_due_first_then_to_what_was_ordered_first() -> None:
    """Day, wall time, order number; the last is short."""
    wanted = [
        order("jam", 2, 1, 1, minute=600),
        order("jam", 1, 1, 9, minute=900),
        order("jam", 2, 1, 4, minute=540),
        order("jam", 2, 1, 3, minute=600),
    ]
    plan = net(wanted, [StockLot("L", "jam", 3)])
    assert [peg.demand.number for peg in plan.pegs] == [9, 4, 1]
    assert [one.demand.number for one in plan.unmet] == [3]


def test_parts_of_boxes_keep_as_long_as_the_customer_wants() -> None:
    """Buns that keep two days will do for two days; for three, they are reported as unmet, not made."""
    fine = net([order("box", 5, 1, keeps=2)], [], makings=[BUN], packings=[BOX])
    assert ("buns", 5, 1) in made(fine)
    plan = net([order("box", 5, 1, keeps=3)], [], makings=[BUN], packings=[BOX])
    assert [(one.demand.item, one.quantity, one.why) for one in plan.unmet] == [
        ("bun", 6, "keeps"),
        ("carton", 1, "buy"),
    ]


def test_what_should_have_begun_before_today_is_late_and_planned_all_the_same() -> None:
    """One order needs two days of lead and is due tomorrow; what was due yesterday is planned for today."""
    slow = replace(BUN, lead=2)
    plan = net([order("bun", 11, 5), order("bun", 9, 5)], [], makings=[slow], today=10)
    assert [(line.day, line.begin, line.is_late) for line in plan.lines] == [(10, 10, True)]
    assert [one.demand.day for one in plan.unmet] == [10]
    on_time = net([order("bun", 12, 5)], [], makings=[slow], today=10).lines[0]
    assert (on_time.begin, on_time.is_late) == (10, False)
    assert net([order("bun", 1, 5)], [], makings=[slow]).lines[0].begin == -1


def test_leftovers_serve_later_days_while_they_keep() -> None:
    """20 of the first day's 24 are left over: 5 serve the next day, 5 the day after, and none the fourth."""
    plan = net(
        [order("bun", day, quantity, day) for day, quantity in ((1, 4), (2, 5), (3, 5), (4, 5))], [], makings=[BUN]
    )
    assert made(plan) == [("buns", 1, 1), ("buns", 4, 1)]
    assert {(one.line, one.quantity) for one in plan.left} == {(0, 10), (1, 19)}


def test_par_levels_ask_for_what_orders_do_not() -> None:
    """The larger of orders with counter sales, and par; the largest par level holds; each keeps its source."""
    wanted = [order("bun", 1, 5), Demand("f", "bun", 1, 3, "forecast"), order("bun", 2, 30)]
    pars = [Demand("low", "bun", 1, 9, "par"), Demand("p", "bun", 1, 12, "par"), Demand("q", "bun", 2, 12, "par")]
    added = topped_up(wanted, pars)
    assert [(one.ref, one.source, one.quantity) for one in added[3:]] == [("p", "par", 4)]
    assert topped_up([], pars)[0].quantity == 12
    with pytest.raises(ValidationError):
        topped_up([], [Demand("p", "bun", 1, 1.5, "par")])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "asked",
    [
        {"demands": [order("bun", 1, 1.0)]},
        {"demands": [order("bun", 1, -1)]},
        {"demands": [order("bun", 1, 1, keeps=-1)]},
        {"demands": [order("bun", 1, 1, source="line")]},
        {"lots": [StockLot("L", "bun", 1.0)]},  # type: ignore[arg-type]
        {"lots": [StockLot("L", "bun", -1)]},
        {"makings": [replace(BUN, products=(BatchProduct("bun", 0),))]},
        {"makings": [replace(BUN, good=0)]},
        {"makings": [replace(BUN, good=2)]},
        {"makings": [replace(BUN, lead=-1)]},
        {"makings": [replace(BUN, takes={"flour": -1})]},
        {"makings": [replace(BUN, takes={"flour": 1.5})]},
        {"makings": [replace(BUN, within={"cream": 1})]},
        {"makings": [replace(BUN, within={"buns": 1})]},
        {"makings": [replace(BUN, takes={"bun": 1})]},
        {"makings": [BUN, replace(BUN, recipe="others")]},
        {"packings": [Packing("box", {"case": 1}), Packing("case", {"box": 1})]},
        {"packings": [Packing("box", {"bun": 0.5})]},  # type: ignore[dict-item]
    ],
)
def test_what_cannot_be_planned_is_refused(asked: dict[str, Any]) -> None:
    """Floats, negative figures, and an item made from itself or in two ways are refused."""
    with pytest.raises(ValidationError):
        net(asked.get("demands", ()), asked.get("lots", ()), **{k: v for k, v in asked.items() if k[-3:] == "ngs"})


def test_a_diamond_of_sub_recipes_is_read_once_each() -> None:
    """Forty levels, each taking the next one twice over, take 2 to the 40th of the last."""
    chain = [Making(f"r{n}", (), {}, {f"r{n + 1}": 1, f"s{n + 1}": 1}) for n in range(1, 40)]
    twins = [Making(f"s{n}", (), {}, {f"r{n + 1}": 1, f"s{n + 1}": 1}) for n in range(1, 40)]
    last = [Making("r40", (), {"salt": 1}), Making("s40", (), {"salt": 1})]
    cake = Making("cake", (BatchProduct("cake", 1),), {}, {"r1": 1})
    plan = net([order("cake", 1, 1)], [], makings=[cake, *chain, *twins, *last])
    assert plan.lines[0].takes == {"salt": 2**39}


def max_flow(demands: Sequence[Demand], lots: Sequence[StockLot]) -> int:
    """How much of the demands all lots together can serve: shortest augmenting paths (Edmonds and Karp 1972)."""
    room: dict[Any, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
    for index, lot in enumerate(lots):
        room["source"]["lot", index] = 0 if lot.held else int(lot.quantity)
        for place, demand in enumerate(demands):
            if lot.day <= demand.day and (lot.until is None or demand.day + demand.keeps <= lot.until):
                room["lot", index]["demand", place] = 10**9
    for place, demand in enumerate(demands):
        room["demand", place]["sink"] = int(demand.quantity)
    flow = 0
    while True:
        came: dict[Any, Any] = {"source": None}
        waiting = deque(["source"])
        while waiting and "sink" not in came:
            node = waiting.popleft()
            for following, left in list(room[node].items()):
                if left and following not in came:
                    came[following] = node
                    waiting.append(following)
        if "sink" not in came:
            return flow
        path = ["sink"]
        while (before := came[path[-1]]) is not None:
            path.append(before)
        pushed = min(room[begin][end] for end, begin in pairwise(path))
        for end, begin in pairwise(path):
            room[begin][end] -= pushed
            room[end][begin] += pushed
        flow += pushed


LOTS = st.lists(
    st.builds(
        lambda item, day, keeps, quantity, held: StockLot(
            None, item, quantity, day, None if keeps is None else day + keeps, held
        ),
        st.just("jam"),
        st.integers(0, 6),
        st.none() | st.integers(0, 5),
        st.integers(1, 6),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=7,
).map(lambda lots: [replace(lot, ref=index) for index, lot in enumerate(lots)])


def demands_of(*items: str, most: int = 6) -> st.SearchStrategy[list[Demand]]:
    one = st.builds(
        lambda item, day, quantity, minute, keeps: Demand(None, item, day, quantity, minute=minute, keeps=keeps),
        *(st.sampled_from(items), st.integers(0, 8), st.integers(1, most)),
        *(st.sampled_from([0, 540]), st.sampled_from([0, 0, 1, 3])),
    )
    return st.lists(one, max_size=8).map(
        lambda found: [replace(one, ref=("d", index), number=index) for index, one in enumerate(found)]
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(lots=LOTS, demands=demands_of("jam"))
def test_lots_serve_as_much_as_any_assignment_could(lots: list[StockLot], demands: list[Demand]) -> None:
    """The maximum flow from lots to days, shelf life after the due day and held lots included."""
    plan = net(demands, lots)
    assert sum(peg.quantity for peg in plan.pegs) == max_flow(demands, lots)


ITEMS = ("bun", "roll", "box", "crate", "jam")
MAKINGS = st.builds(
    lambda bun, roll, keeps, sizes, together, good, lead: [
        Making(
            "dough",
            (BatchProduct("bun", bun, keeps, 1), BatchProduct("roll", roll, keeps, 1)),
            {"flour": 10, "levain": 2},
            {"wash": Fraction(1, 2)},
            sizes,
            together,
            good,
            lead,
        ),
        Making("wash", (), {"egg": 1}),
        Making("levain", (BatchProduct("levain", 5, 1),), {"flour": 2}),
    ],
    *(st.integers(1, 12), st.integers(1, 12), st.none() | st.integers(0, 3)),
    *(st.sampled_from([(1,), (Fraction(1, 2), 1), (1, 2, 4)]), st.booleans()),
    *(st.sampled_from([1, Fraction(9, 10)]), st.integers(0, 2)),
)
PACKINGS = [Packing("box", {"bun": 2, "carton": 1}), Packing("crate", {"box": 2, "roll": 3}, lead=1)]


def shelves() -> st.SearchStrategy[list[StockLot]]:
    one = st.builds(
        lambda item, day, keeps, quantity: StockLot(None, item, quantity, day, None if keeps is None else day + keeps),
        st.sampled_from([*ITEMS, "flour", "carton", "levain"]),
        *(st.integers(0, 6), st.none() | st.integers(0, 5), st.integers(1, 12)),
    )
    return st.lists(one, max_size=8).map(
        lambda lots: [replace(lot, ref=("l", index)) for index, lot in enumerate(lots)]
    )


def totals(plan: NetPlan) -> Mapping[Any, Any]:
    found: defaultdict[Any, Any] = defaultdict(int)
    for line in plan.lines:
        found["made", line.way, line.day] += line.batches
    for one in plan.unmet:
        found["short", one.demand.item, one.demand.day, one.why] += one.quantity
    for left in plan.left:
        found["left", left.item, left.lot, left.day, left.until] += left.quantity
    return found


@settings(max_examples=EXAMPLES, deadline=None)
@given(demands=demands_of(*ITEMS), lots=shelves(), makings=MAKINGS, data=st.data())
def test_the_order_of_entry_does_not_matter(
    demands: list[Demand], lots: list[StockLot], makings: list[Making], data: st.DataObject
) -> None:
    """Demands, lots and recipes in any order give the same plan, to the last peg."""
    plan = net(demands, lots, makings=makings, packings=PACKINGS, today=2)
    shuffled = [data.draw(st.permutations(one)) for one in (demands, lots, makings, PACKINGS)]
    again = net(shuffled[0], shuffled[1], makings=shuffled[2], packings=shuffled[3], today=2)
    assert plan == again


def check_adds_up(plan: NetPlan, demands: Iterable[Demand], lots: Sequence[StockLot]) -> None:
    """Every demand is served or short, every lot and line goes to somebody or is left, and each in time."""
    wanted: defaultdict[Any, Any] = defaultdict(int)
    for demand in demands:
        wanted[demand.ref, demand.item] += demand.quantity
    for line in plan.lines:
        for item, quantity in line.takes.items():
            wanted[line.number, item] += quantity
    for one in [*plan.pegs, *plan.unmet]:
        wanted[one.demand.ref, one.demand.item] -= one.quantity
    assert {key: rest for key, rest in wanted.items() if rest} == {}
    there: defaultdict[Any, Any] = defaultdict(int)
    by_ref = {lot.ref: lot for lot in lots}
    for lot in lots:
        there[lot.ref, None, lot.item] += lot.quantity
    for line in plan.lines:
        for item, quantity in line.gives.items():
            there[None, line.number, item] += quantity
    for peg in plan.pegs:
        there[peg.lot, peg.line, peg.demand.item] -= peg.quantity
        day = by_ref[peg.lot].day if peg.line is None else plan.lines[peg.line].day
        until = by_ref[peg.lot].until if peg.line is None else None
        assert day <= peg.demand.day
        assert until is None or peg.demand.day + peg.demand.keeps <= until
    for left in plan.left:
        there[left.lot, left.line, left.item] -= left.quantity
    assert {key: rest for key, rest in there.items() if rest} == {}


@settings(max_examples=EXAMPLES, deadline=None)
@given(demands=demands_of(*ITEMS), lots=shelves(), makings=MAKINGS)
def test_nothing_is_short_after_the_plan_and_every_unit_is_for_somebody_or_left(
    demands: list[Demand], lots: list[StockLot], makings: list[Making]
) -> None:
    """Once what is short is bought, nothing is short; only what would not keep is left unmet."""
    plan = net(demands, lots, makings=makings, packings=PACKINGS, today=0)
    check_adds_up(plan, demands, lots)
    bought = [
        StockLot(("b", index), one.demand.item, one.quantity, one.demand.day)
        for index, one in enumerate(plan.unmet)
        if one.why == "buy"
    ]
    again = net(demands, [*lots, *bought], makings=makings, packings=PACKINGS, today=0)
    assert {one.why for one in again.unmet} <= {"keeps"}
    assert [line.batches for line in again.lines] == [line.batches for line in plan.lines]
    for line in plan.lines:
        if not line.is_packing:
            assert sum(size * count for size, count in line.mixes) == line.batches


@settings(max_examples=EXAMPLES, deadline=None)
@given(demands=demands_of("bun", "roll", most=30), makings=MAKINGS)
def test_an_executed_line_lowers_what_is_needed_by_it_and_undone_raises_it_again(
    demands: list[Demand], makings: list[Making]
) -> None:
    """What the first line makes becomes stock: that line is gone, and the others stay."""
    keeping = {product.item: product.keeps for product in makings[0].products}
    plan = net(demands, [], makings=makings)
    first = next((line for line in plan.lines if line.way == "dough"), None)
    if first is None:
        return
    lots = [
        StockLot(item, item, quantity, first.day, None if (keeps := keeping[item]) is None else first.day + keeps)
        for item, quantity in first.gives.items()
    ]
    after = net(demands, lots, makings=makings)
    others = [(line.way, line.day, line.batches) for line in plan.lines if line.way == "dough" and line != first]
    assert [(line.way, line.day, line.batches) for line in after.lines if line.way == "dough"] == others
    assert net(demands, [replace(lot, held=True) for lot in lots], makings=makings) == plan


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    first=demands_of("bun", most=30), second=demands_of("bun", most=30), per_batch=st.integers(1, 24), data=st.data()
)
def test_two_orders_together_never_take_more_than_each_alone(
    first: list[Demand], second: list[Demand], per_batch: int, data: st.DataObject
) -> None:
    """This holds for one recipe and day."""
    sizes = data.draw(st.sampled_from([(1,), (1, Fraction(5, 3), 3), (Fraction(1, 2), 1)]))
    bun = Making("buns", (BatchProduct("bun", per_batch),), sizes=sizes)
    alone = [[replace(one, day=1, keeps=0) for one in some] for some in (first, second)]
    made_of = [
        sum(line.batches for line in net(some, [], makings=[bun]).lines) for some in (*alone, alone[0] + alone[1])
    ]
    assert made_of[2] <= made_of[0] + made_of[1]


@settings(max_examples=EXAMPLES, deadline=None)
@given(lots=LOTS, more=st.integers(1, 9), demands=demands_of("jam"))
def test_more_stock_never_buys_more(lots: list[StockLot], more: int, demands: list[Demand]) -> None:
    """This holds for one item, whatever its lots."""
    short = sum(one.quantity for one in net(demands, lots).unmet)
    assert sum(one.quantity for one in net(demands, [*lots, StockLot("more", "jam", more)]).unmet) <= short


def test_a_week_of_a_shop_adds_up() -> None:
    """60 recipes, 400 items, 2,000 open lots and 300 order lines."""
    recipes = range(60)
    makings = [
        Making(f"r{n}", (BatchProduct(f"u{n}", 24, 2, 1),), {f"i{(n * 7 + k * 13) % 280}": 250 for k in range(9)})
        for n in recipes
    ]
    packings = [Packing(f"b{n}", {f"u{n}": 6, f"u{(n + 1) % 60}": 6, f"m{n}": 1}) for n in recipes]
    lots = [
        StockLot(n, f"i{n % 280}" if n % 4 else f"u{n % 60}", 500 if n % 4 else 3, -n % 9, n % 30) for n in range(2_000)
    ]
    wanted = [Demand(n, f"{'ub'[n % 2]}{n * 11 % 60}", n % 7, 1 + n % 20, minute=n % 600, number=n) for n in range(300)]
    check_adds_up(net(wanted, lots, makings=makings, packings=packings, today=0), wanted, lots)
