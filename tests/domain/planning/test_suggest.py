"""What to order of whom, on the last day on which it still helps."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.buying import Lack, Offer, suggest
from support.depth import rounds

EXAMPLES = rounds(30, 2_000)

MONDAY = date(2026, 6, 1).toordinal()
MILL = Offer("mill", "flour", [(25, 20), (5, 6)], lead=2, order_days={0, 3})


def flour(day: int, quantity: Any) -> Lack:
    return Lack("flour", MONDAY + day, quantity)


def test_each_lack_is_ordered_on_the_last_day_that_helps() -> None:
    """The mill takes orders on Mondays and Thursdays and brings them two days later."""
    found = suggest([flour(2, 10), flour(4, 8), flour(5, 6), flour(9, 2)], [MILL], today=MONDAY)
    assert [
        (one.order_on - MONDAY, one.arrives_on - MONDAY, one.counts, one.total, one.cost, one.over)
        for one in found.purchases
    ] == [(0, 2, (1, 0), 25, 20, 0), (7, 9, (0, 1), 5, 6, 4)]
    assert [(need.day - MONDAY, need.quantity) for need in found.purchases[0].needed_for] == [
        (2, 10),
        (4, 8),
        (5, 6),
        (9, 1),
    ]
    assert found.late == ()


def test_what_is_over_is_shown_with_its_expiry_and_serves_only_while_it_keeps() -> None:
    """Cream keeps 3 days: what is over on Monday does not serve Friday."""
    cream = Offer("dairy", "cream", [(10, 3)], keeps=3)
    found = suggest([Lack("cream", MONDAY, 4), Lack("cream", MONDAY + 4, 4)], [cream], today=MONDAY)
    assert [(one.order_on - MONDAY, one.over, (one.over_until or 0) - MONDAY) for one in found.purchases] == [
        (0, 6, 3),
        (4, 6, 7),
    ]
    kept = suggest([Lack("cream", MONDAY, 10)], [cream], today=MONDAY).purchases[0]
    assert (kept.over, kept.over_until) == (0, None)


def test_goods_that_would_not_keep_from_the_order_day_are_not_in_time() -> None:
    """Ordered on Mondays only, and good for two days: no delivery does for a Friday, and the next is on Monday."""
    weekly = Offer("dairy", "cream", [(10, 3)], keeps=2, order_days={0})
    found = suggest([Lack("cream", MONDAY + 4, 1)], [weekly], today=MONDAY)
    assert [one.arrives_on for one in found.late] == [MONDAY + 7]
    assert [one.order_on for one in found.purchases] == [MONDAY + 7]


def test_the_cheapest_who_can_in_time_supplies_all() -> None:
    """The dearer one supplies only if the cheaper is late, and both only if neither can alone."""
    cheap = Offer("cheap", "flour", [(10, 1)], lead=5)
    dear = Offer("dear", "flour", [(10, 9)], lead=1)
    both = [dear, cheap]
    assert [one.supplier for one in suggest([flour(6, 10)], both, today=MONDAY).purchases] == ["cheap"]
    assert [one.supplier for one in suggest([flour(2, 10)], both, today=MONDAY).purchases] == ["dear"]
    assert [one.supplier for one in suggest([flour(2, 4), flour(6, 6)], both, today=MONDAY).purchases] == ["dear"]
    never_both = Offer("dear", "flour", [(10, 9)], lead=1, order_days={0})
    slow = Offer("cheap", "flour", [(10, 1)], lead=5, keeps=2)
    gone = Offer("dear", "flour", [(10, 9)], lead=1, order_days={0}, keeps=2)
    split = suggest([flour(2, 10), flour(6, 30)], [gone, slow], today=MONDAY)
    assert [(one.supplier, one.total) for one in split.purchases] == [("dear", 10), ("cheap", 30)]
    assert suggest([flour(2, 1)], [never_both], today=MONDAY).late == ()


def test_of_equal_cost_the_one_who_leaves_least_over_supplies() -> None:
    """If they leave the same, it is the first by name."""
    offers = [Offer(name, "flour", [(size, 5)]) for name, size in (("c", 8), ("b", 7), ("a", 7))]
    assert [one.supplier for one in suggest([flour(1, 6)], offers, today=MONDAY).purchases] == ["a"]


def test_a_lack_that_nobody_can_supply_in_time_has_the_first_day_that_works() -> None:
    """It is ordered as soon as possible; an item that nobody sells has no day."""
    found = suggest([flour(1, 30), Lack("salt", MONDAY + 9, 1)], [MILL], today=MONDAY + 1)
    assert [(one.lack.item, one.arrives_on and one.arrives_on - MONDAY) for one in found.late] == [
        ("flour", 5),
        ("salt", None),
    ]
    assert [(one.order_on - MONDAY, one.counts) for one in found.purchases] == [(3, (1, 1))]


def test_the_least_and_the_multiple_of_an_order_are_kept() -> None:
    """They apply to each order by itself; price breaks count."""
    offer = Offer("mill", "flour", [(1, 10, ((6, 7),))], least=4, multiple=2)
    found = suggest([flour(0, 1)], [offer], today=MONDAY).purchases[0]
    assert (found.counts, found.cost, found.over) == ((4,), 40, 3)
    assert suggest([flour(0, 5)], [offer], today=MONDAY).purchases[0].cost == 42


def test_nothing_short_is_nothing_to_buy() -> None:
    """Nothing is bought if nothing is missing."""
    assert suggest([], [MILL], today=MONDAY).purchases == ()
    assert suggest([flour(3, 0)], [MILL], today=MONDAY).purchases == ()


@pytest.mark.parametrize(
    ("lack", "offer"),
    [
        (flour(3, -1), MILL),
        (flour(3, 1.5), MILL),
        (flour(3, 1), Offer("mill", "flour", [(0, 1)])),
        (flour(3, 1), Offer("mill", "flour", [(1, 1)], lead=-1)),
        (flour(3, 1), Offer("mill", "flour", [(1, 1)], order_days=())),
        (flour(3, 1), Offer("mill", "flour", [(1, 1)], order_days={7})),
    ],
)
def test_what_cannot_be_bought_so_is_refused(lack: Lack, offer: Offer) -> None:
    """Floats, negative figures, packs of nothing, no weekday."""
    with pytest.raises(ValidationError):
        suggest([lack], [offer], today=MONDAY)


OFFERS = st.lists(
    st.builds(
        lambda name, size, price, lead, days, keeps: Offer(name, "flour", [(size, price)], 0, 1, lead, days, keeps),
        st.sampled_from("abc"),
        *(st.integers(1, 9), st.integers(1, 9), st.integers(0, 4)),
        st.none() | st.sets(st.integers(0, 6), min_size=1),
        st.none() | st.integers(0, 6),
    ),
    max_size=3,
    unique_by=lambda offer: offer.supplier,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    lacks=st.lists(
        st.builds(flour, st.integers(-1, 12), st.integers(1, 20)), max_size=6, unique_by=lambda one: one.day
    ),
    offers=OFFERS,
)
def test_every_lack_is_supplied_in_time_or_listed_as_late(lacks: list[Lack], offers: list[Offer]) -> None:
    """Whatever comes is there by its day and still good, and no later order day would do."""
    found = suggest(lacks, offers, today=MONDAY)
    by_name = {offer.supplier: offer for offer in offers}
    bought: dict[int, Fraction] = {lack.day: Fraction(0) for lack in lacks}
    told = {one.lack.day for one in found.late}
    for one in found.purchases:
        offer = by_name[one.supplier]
        assert one.order_on >= MONDAY
        assert offer.order_days is None or date.fromordinal(one.order_on).weekday() in offer.order_days
        assert one.arrives_on == one.order_on + offer.lead
        assert one.over == one.total - sum(Fraction(need.quantity) for need in one.needed_for) >= 0
        for need in one.needed_for:
            bought[need.day] += Fraction(need.quantity)
            assert one.arrives_on >= need.day or need.day not in told
            if need.day not in told:
                assert one.arrives_on <= need.day
                assert offer.keeps is None or need.day <= one.arrives_on + offer.keeps
    if offers:
        assert bought == {lack.day: lack.quantity for lack in lacks}
    assert told == {lack.day for lack in lacks if not any(can_be_there(offer, lack.day) for offer in offers)}


def can_be_there(offer: Offer, day: int) -> bool:
    """Whether an order on any day from Monday on arrives in time, and the goods are still good."""
    return any(
        order_on + offer.lead <= day <= order_on + offer.lead + (99 if offer.keeps is None else offer.keeps)
        and (offer.order_days is None or date.fromordinal(order_on).weekday() in offer.order_days)
        for order_on in range(MONDAY, MONDAY + 20)
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(quantity=st.integers(1, 60), stock=st.integers(0, 60), offers=OFFERS)
def test_for_one_item_and_order_day_more_stock_never_buys_more(quantity: int, stock: int, offers: list[Offer]) -> None:
    """This holds for one supplier; a smaller need may be cheaper at another."""
    for offer in offers:
        totals = [
            sum(one.total for one in suggest([flour(6, need)], [offer], today=MONDAY).purchases)
            for need in (quantity, max(quantity - stock, 0))
        ]
        assert totals[1] <= totals[0]
