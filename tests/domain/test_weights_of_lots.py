"""A measure holds for the lots received since the one before it, and draws use each lot by its own weight."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.domain.recipes.quantities import Item, Mix
from bake_tracker.domain.stock.fifo import Allocation, OpenLot, allocate, allocate_by_weight, plan_draws
from bake_tracker.domain.stock.weights import StatedWeight, weights_of
from bake_tracker.domain.units import MICRO

HAM = Item(1, "ingredient", "ham", "Ham", "each", g_per_each=Fraction(1_900))
OF_H1 = Fraction(4_145, 2)


def of_item(value: int, since: int | None, last: int) -> StatedWeight:
    return StatedWeight(Fraction(value), since_lot_id=since, last_lot_id=last)


def whole(*lots: int) -> dict[int, int | None]:
    return dict.fromkeys(lots)


@pytest.mark.parametrize(
    ("stated", "current", "lots"),
    [
        ([], 7, {}),
        ([of_item(5, None, 2)], 5, {}),
        ([of_item(5, None, 1), of_item(6, 1, 3)], 6, {1: 5}),
        ([of_item(5, None, 1), of_item(6, 1, 2), of_item(8, 2, 3)], 8, {1: 5, 2: 6}),
        ([of_item(5, None, 1), StatedWeight(Fraction(9), lot_id=3), of_item(6, 1, 3)], 6, {1: 5, 3: 9}),
        ([of_item(5, None, 3), StatedWeight(Fraction(5), lot_id=3)], 5, {}),
        ([of_item(5, None, 1), of_item(6, 1, 2), of_item(4, 1, 2)], 4, {1: 5}),
        ([StatedWeight(Fraction(5)), StatedWeight(Fraction(6))], 6, {}),
    ],
    ids=["none", "the first", "a second", "a third", "of a lot", "the same", "corrected", "of an earlier version"],
)
def test_a_measure_holds_from_the_one_before_it(stated: list[StatedWeight], current: int, lots: dict[int, int]) -> None:
    """Lot 3 is the latest; the item weighed 7 before."""
    assert weights_of(stated, Fraction(7), whole(1, 2, 3)) == (current, lots)


def test_a_part_weighs_what_its_lot_weighs() -> None:
    """It makes no difference when it was split off, or when the lot was weighed."""
    stated = [of_item(5, None, 1), StatedWeight(Fraction(9), lot_id=2), of_item(6, 1, 4)]
    parents = {1: None, 2: None, 3: 1, 4: 2, 5: 3, 6: None}
    assert weights_of(stated, None, parents) == (6, {1: 5, 2: 9, 3: 5, 4: 9, 5: 5})


def test_what_becomes_the_first_measure_holds_for_all_lots() -> None:
    """Nobody knows what they weighed otherwise."""
    assert weights_of([of_item(6, 1, 2)], None, whole(1, 2)) == (6, {})


def drawn(allocation: Allocation) -> list[tuple[str, int]]:
    return [(draw.lot.code, draw.quantity_micros) for draw in allocation.draws]


def grams(amount: int) -> Mix:
    return Mix(HAM, {"mass": Fraction(amount)})


def ham(code: str, pieces: int, weight: Fraction | None = None) -> OpenLot:
    return OpenLot(1, 1, code, pieces * MICRO, pieces * MICRO, g_per_each=weight)


def test_a_lot_is_weighed_by_its_own_pieces() -> None:
    """500 g of hams of 2072.5 g; the rest of a need by those of 1900 g."""
    plan = plan_draws({1: 263_157}, [ham("H1", 20, OF_H1), ham("H2", 20)], {1: grams(500)})
    assert drawn(plan[1]) == [("H1", 241_254)]
    both = allocate_by_weight(2 * MICRO, [ham("H1", 1, OF_H1), ham("H2", 20)], grams(3_800))
    assert drawn(both) == [("H1", MICRO), ("H2", int((3_800 - OF_H1) / 1_900 * MICRO))]
    assert not both.is_short


def test_pieces_are_pieces_whatever_they_weigh() -> None:
    """A need by the piece, beside one by weight, is the same in every lot."""
    mix = Mix(HAM, {"count": Fraction(1), "mass": OF_H1})
    assert drawn(allocate_by_weight(2 * MICRO, [ham("H1", 20, OF_H1)], mix)) == [("H1", 2 * MICRO)]


def test_what_is_short_counts_as_what_it_meets() -> None:
    """One ham of 2072.5 g meets more than a half of 3.8 kg."""
    short = allocate_by_weight(2 * MICRO, [ham("H1", 1, OF_H1)], grams(3_800))
    assert (short.is_short, short.available_micros) == (True, int(OF_H1 / 3_800 * 2 * MICRO))


@given(
    st.integers(1, 10**5),
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 4_000)), min_size=1, max_size=6),
)
def test_lots_by_weight_meet_the_need_to_the_millionth(need_g: int, lots: list[tuple[int, int]]) -> None:
    """The draws are in order and weigh what is needed, apart from dust and at most a millionth of a piece each."""
    shelf = [ham(str(place), pieces, Fraction(weight)) for place, (pieces, weight) in enumerate(lots)]
    found = allocate_by_weight(int(Fraction(need_g, 1_900) * MICRO), shelf, grams(need_g))
    weighs = sum(Fraction(draw.quantity_micros, MICRO) * (draw.lot.g_per_each or 0) for draw in found.draws)
    there = sum(pieces * weight for pieces, weight in lots)
    heaviest = max(weight for _, weight in lots)
    if there >= need_g:
        assert not found.is_short
        assert need_g - Fraction(heaviest * len(lots), MICRO) <= weighs <= need_g + Fraction(heaviest, 1_000)
    else:
        assert found.is_short
        assert weighs == there
    for before in found.draws[:-1]:
        assert before.quantity_micros == before.lot.quantity_micros


@given(st.integers(1, 10**9), st.lists(st.integers(1, 10**9), min_size=1, max_size=5))
def test_without_weights_of_lots_nothing_changes(needed: int, quantities: list[int]) -> None:
    """The draws are the same as before."""
    shelf = [OpenLot(place, 1, str(place), quantity, quantity) for place, quantity in enumerate(quantities)]
    assert plan_draws({1: needed}, shelf, {1: grams(1)}) == {1: allocate(needed, shelf)}
