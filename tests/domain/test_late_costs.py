"""A cost that is stated later is conserved to the millionth, through any tree of lots."""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.stock.bills import Bill, Billed, BillLine, changes_of
from bake_tracker.domain.stock.costing import split_cost
from bake_tracker.domain.stock.fifo import OpenLot, draw_from
from bake_tracker.domain.stock.late_costs import (
    Costed,
    MadeOf,
    Part,
    Returned,
    Taken,
    Unpriced,
    pass_on,
    shares,
    unknown_among,
)
from bake_tracker.domain.stock.outputs import divide
from support.depth import rounds


@given(
    st.integers(0, 10**9),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any),
)
def test_a_change_is_shared_by_weight_to_the_millionth(change: int, weights: list[int]) -> None:
    """Each part differs from its exact share by less than one; of equal parts, the earlier gets the remainder."""
    parts = shares(change, weights, [0] * len(weights))
    assert sum(parts) == change
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(change * weight, sum(weights))) < 1
    equal = [parts[place] for place, weight in enumerate(weights) if weight == weights[0]]
    assert equal == sorted(equal, reverse=True)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8), st.data())
def test_what_is_taken_off_leaves_no_part_below_zero(parts: list[tuple[int, int]], data: st.DataObject) -> None:
    """A part that was rounded down before gives what it has."""
    weights, costs = [list(column) for column in zip(*parts, strict=True)]
    change = -data.draw(st.integers(0, sum(costs)))
    taken = shares(change, weights, costs)
    assert sum(taken) == change
    assert all(0 <= -one <= cost for one, cost in zip(taken, costs, strict=True))


@dataclass
class Book:
    """An independent ledger: what every lot and every draw cost, changed only by whole postings."""

    lots: list[dict[str, int]] = field(default_factory=list)
    draws: list[dict[str, int]] = field(default_factory=list)
    backs: list[dict[str, int]] = field(default_factory=list)
    runs: dict[int, list[Part]] = field(default_factory=dict)

    def receive(self, quantity: int, cost: int) -> None:
        self.lots.append({"run": 0, "cost": cost, "left": quantity, "held": cost})

    def bake(self, numbers: list[int], percent: int, products: list[tuple[int, int, int]]) -> None:
        """Make products, each of a weight among the dough, an expected and an actual yield; without any, a sale."""
        run = len(self.runs) + 1
        total = 0
        for number in dict.fromkeys(number % len(self.lots) for number in numbers):
            lot = self.lots[number]
            if lot["left"] == 0:
                continue
            draw = draw_from(OpenLot(0, 0, "", lot["left"], lot["held"]), max(lot["left"] * percent // 100, 1))
            cost = draw.cost_micros or 0
            lot["left"], lot["held"], total = lot["left"] - draw.quantity_micros, lot["held"] - cost, total + cost
            self.draws.append({"lot": number, "run": run, "quantity": draw.quantity_micros, "cost": cost})
        shares = [Fraction(weight, sum(one[0] for one in products)) for weight, _, _ in products]
        self.runs[run] = []
        for share, cost, (_, expected, actual) in zip(shares, divide(total, shares), products, strict=True):
            self.runs[run].append(Part(len(self.lots) if actual else None, share, expected, actual))
            if actual:
                output = split_cost(cost, expected, actual).output_micros or 0
                self.lots.append({"run": run, "cost": output, "left": actual, "held": output})

    def bring_back(self, number: int, percent: int) -> None:
        """A part of the draw comes back to its lot, at the share of its cost."""
        sales = [place for place, draw in enumerate(self.draws) if not self.runs[draw["run"]]]
        if not sales:
            return
        place = sales[number % len(sales)]
        draw = self.draws[place]
        out, cost = self.still_out(place)
        quantity = out * percent // 100
        if quantity:
            cost = cost if quantity == out else min(cost, draw["cost"] * quantity // draw["quantity"])
            self.backs.append({"draw": place, "quantity": quantity, "cost": cost})
            self.lots[draw["lot"]]["left"] += quantity
            self.lots[draw["lot"]]["held"] += cost

    def still_out(self, place: int) -> tuple[int, int]:
        """The quantity and cost of a draw that have not come back."""
        draw, backs = self.draws[place], [one for one in self.backs if one["draw"] == place]
        return draw["quantity"] - sum(one["quantity"] for one in backs), draw["cost"] - sum(
            one["cost"] for one in backs
        )

    def gone(self) -> int:
        """What was lost, or sold and not brought back."""
        made: defaultdict[int, int] = defaultdict(int)
        for lot in self.lots:
            made[lot["run"]] += lot["cost"]
        spent: defaultdict[int, int] = defaultdict(int)
        for place, draw in enumerate(self.draws):
            spent[draw["run"]] += self.still_out(place)[1]
        return sum(spent[run] - made[run] for run in self.runs)

    def state(self, changes: dict[int, int]) -> None:
        """Pass a change on with the function under test, and post what it says; positions are ids."""
        taken = [
            Taken(1_000 + place, str(one["run"]), one["lot"], one["quantity"], one["cost"])
            for place, one in enumerate(self.draws)
        ]
        lots = {
            number: Costed(number, number, str(lot["run"]), True, lot["cost"], lot["left"], lot["held"])
            for number, lot in enumerate(self.lots)
        }
        operations = {
            str(run): MadeOf([one for one in taken if one.operation_id == str(run)], frozenset(), products)
            for run, products in self.runs.items()
        }
        returned = [
            Returned(2_000 + place, 1_000 + one["draw"], one["quantity"], one["cost"])
            for place, one in enumerate(self.backs)
        ]
        passed = pass_on(changes, lots, taken, operations, returned)
        for one in passed.restated:
            if one.movement_id < 1_000:
                self.lots[one.movement_id]["cost"] += one.cost_micros
            elif one.movement_id < 2_000:
                self.draws[one.movement_id - 1_000]["cost"] -= one.cost_micros
            else:
                self.backs[one.movement_id - 2_000]["cost"] += one.cost_micros
        for number, more in passed.on_hand.items():
            self.lots[number]["held"] += more


RECEIPT = st.tuples(st.integers(1, 10**8), st.integers(0, 10**8))
PRODUCT = st.tuples(st.integers(1, 9), st.integers(1, 10**6), st.integers(0, 10**6))
RUN = st.tuples(
    st.lists(st.integers(0, 99), min_size=1, max_size=4), st.integers(1, 100), st.lists(PRODUCT, max_size=3)
)


@settings(max_examples=rounds(40, 150), deadline=None)
@given(
    st.lists(RECEIPT, min_size=1, max_size=4),
    st.lists(RUN, max_size=8),
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 100)), max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(-100, 300)), min_size=1, max_size=4),
)
def test_costs_are_conserved_through_any_tree(
    receipts: list[tuple[int, int]],
    runs: list[tuple[list[int], int, list[tuple[int, int, int]]]],
    returns: list[tuple[int, int]],
    statements: list[tuple[int, int]],
) -> None:
    """Cost in is cost on hand, of losses and of sales; every lot adds up, and nothing falls below zero."""
    book = Book()
    for receipt in receipts:
        book.receive(*receipt)
    for run in runs:
        book.bake(*run)
    for back in returns:
        book.bring_back(*back)
    for number, percent in statements:
        number %= len(receipts)
        cost = book.lots[number]["cost"]
        book.state({number: cost * percent // 100 if percent < 0 else percent * 10_007})
        bought = sum(lot["cost"] for lot in book.lots if not lot["run"])
        assert bought == sum(lot["held"] for lot in book.lots) + book.gone()
        for place, lot in enumerate(book.lots):
            out = sum(book.still_out(key)[1] for key, draw in enumerate(book.draws) if draw["lot"] == place)
            assert lot["cost"] == lot["held"] + out
            assert min(lot["cost"], lot["held"]) >= 0
            assert lot["left"] or not lot["held"]
        assert all(one["cost"] >= 0 for one in (*book.draws, *book.backs))
        for key, products in book.runs.items():
            total = sum(draw["cost"] for draw in book.draws if draw["run"] == key)
            for part, part_of in zip(products, divide(total, [one.share for one in products]), strict=True):
                if part.lot_id is not None:
                    expected = split_cost(part_of, part.expected_micros, part.actual_micros).output_micros
                    assert book.lots[part.lot_id]["cost"] == expected


def test_what_came_back_costs_the_same_for_each_as_what_did_not() -> None:
    """Of 100, 10 were sold and 4 came back; after the 6 still out and a counted correction, 90 are on hand."""
    bread = Costed(1, 11, "receipt", True, 0, 90, 0)
    sold, wasted, counted = (Taken(key, str(key), 1, n, 0) for key, n in ((12, 10), (13, 5), (15, 4)))
    back = [Returned(14, 12, 4, 0), Returned(16, 13, 5, 0)]
    operations = {str(one.movement_id): MadeOf([one], frozenset(), ()) for one in (sold, wasted, counted)}
    passed = pass_on({1: 1_000}, {1: bread}, [sold, wasted, counted], operations, back)
    assert {one.movement_id: one.cost_micros for one in passed.restated} == {
        11: 1_000,
        12: -100,
        13: -50,
        15: -40,
        14: 40,
        16: 50,
    }
    assert passed.on_hand == {1: 900}


def test_a_product_is_known_only_when_all_of_it_is() -> None:
    """Until then it keeps what was stated; then all of it goes where the lot went."""
    flour = Costed(1, 11, "receipt", False, 0, 0, 0)
    butter = Costed(2, 12, "receipt 2", False, 0, 0, 0)
    bun = Costed(3, 15, "bake", False, 0, 0, 0)
    draws = [Taken(13, "bake", 1, 100, 0), Taken(14, "bake", 2, 50, 0)]
    sold = Taken(16, "sale", 3, 10, 0)
    bake = MadeOf(draws, frozenset({1, 2}), [Part(3, Fraction(1), 10, 10)])
    sale = MadeOf([sold], frozenset({3}), ())
    first = pass_on({1: 12}, {1: flour, 3: bun}, [draws[0], sold], {"bake": bake, "sale": sale})
    assert [(one.movement_id, one.cost_micros) for one in first.restated] == [(11, 12), (13, -12), (15, 12)]
    assert (first.on_hand, first.known_since) == ({3: 12}, {1})
    later = MadeOf([Taken(13, "bake", 1, 100, 12), draws[1]], frozenset({2}), [Part(3, Fraction(1), 10, 10)])
    known = Costed(3, 15, "bake", False, 12, 0, 12)
    second = pass_on({2: 5}, {2: butter, 3: known}, [draws[1], sold], {"bake": later, "sale": sale})
    assert [(one.movement_id, one.cost_micros) for one in second.restated] == [(12, 5), (14, -5), (15, 5), (16, -17)]
    assert (second.on_hand, second.known_since) == ({3: -12}, {2, 3})


def test_what_is_made_of_an_unknown_lot_is_unknown() -> None:
    """A stated receipt is known, and so is what is made only of known lots."""
    lots = [
        Unpriced(1, False, frozenset()),
        Unpriced(2, True, frozenset()),
        Unpriced(3, False, frozenset({2})),
        Unpriced(4, False, frozenset({2, 1})),
        Unpriced(5, False, frozenset({3, 4})),
        Unpriced(6, False, frozenset({9})),
    ]
    assert unknown_among(lots) == {1, 4, 5}
    assert unknown_among(lots, [9]) == {1, 4, 5, 6}


def billed(cost: int | None, grams: int = 1_000, unit: str = "g") -> Billed:
    return Billed("L", Item(1, "ingredient", "flour", "Flour", unit), Fraction(grams), cost)


@pytest.mark.parametrize(
    ("bill", "changes"),
    [
        (Bill("invoice", None, [BillLine(1, 12, None)]), {1: 2}),
        (Bill("credit", None, [BillLine(1, None, -10)]), {1: -10}),
        (Bill("freight", "value", [BillLine(None, None, 8)]), {1: 2, 2: 6}),
        (Bill("freight", "weight", [BillLine(None, None, 9)]), {1: 3, 2: 6}),
        (Bill("freight", "quantity", [BillLine(None, None, 10)]), {1: 3, 2: 7}),
    ],
)
def test_a_bill_says_what_each_lot_changes_by(bill: Bill, changes: dict[int, int]) -> None:
    """The whole cost of a lot, a signed change, or a share."""
    assert changes == changes_of(bill, {1: billed(10), 2: billed(30, 2_000)})


@pytest.mark.parametrize(
    ("bill", "lot", "problem"),
    [
        (Bill("credit", None, [BillLine(1, None, -11_000_000)]), billed(10_000_000), "at most 10.00 can be taken off"),
        (Bill("freight", None, [BillLine(1, None, 5)]), billed(None), "has none yet; state its whole cost first"),
        (Bill("freight", "value", [BillLine(None, None, 5)]), billed(None), "is not known yet"),
        (Bill("freight", "value", [BillLine(None, None, 5)]), billed(0), "choose another way"),
    ],
)
def test_a_bill_that_cannot_be_is_refused(bill: Bill, lot: Billed, problem: str) -> None:
    """The refusal says what is possible."""
    with pytest.raises(ValidationError, match=problem):
        changes_of(bill, {1: lot})


def test_pieces_and_grams_share_only_by_value_or_weight() -> None:
    """A quantity of eggs and one of flour cannot be compared."""
    lots = {1: billed(10), 2: billed(10, 12, "each")}
    with pytest.raises(ValidationError, match="share by value or by weight"):
        changes_of(Bill("freight", "quantity", [BillLine(None, None, 5)]), lots)
