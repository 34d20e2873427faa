"""What the shelf wants at opening, by weekday."""

from datetime import date

import pytest

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.demand import Demand, topped_up
from bake_tracker.domain.planning.pars import Par, par_demands

MONDAY = date(2026, 11, 30).toordinal()
EVERY_DAY, SATURDAY, SUNDAY = 7, 5, 6
PARS = [Par("bun", EVERY_DAY, 20), Par("bun", SATURDAY, 50), Par("bun", SUNDAY, 0), Par("rye", SATURDAY, 8)]


def wanted(*days: int, sold: dict[object, int] | None = None) -> list[tuple[object, int, object]]:
    return [(one.item, one.day - MONDAY, one.quantity) for one in par_demands(PARS, days[0], days[-1], sold)]


def test_a_weekdays_own_level_beats_that_of_every_day() -> None:
    """None on Sunday; an item without a level of every day is wanted on its weekday only."""
    assert wanted(MONDAY + 4, MONDAY + 7) == [("bun", 4, 20), ("bun", 5, 50), ("rye", 5, 8), ("bun", 7, 20)]


def test_what_was_sold_today_is_not_wanted_again() -> None:
    """Neither is more than that taken off, nor anything off another day."""
    assert wanted(MONDAY, MONDAY + 1, sold={"bun": 15}) == [("bun", 0, 5), ("bun", 1, 20)]
    assert wanted(MONDAY, MONDAY, sold={"bun": 25}) == []


def test_orders_of_the_day_count_towards_the_shelf_and_come_first() -> None:
    """The demand of a day is the larger of orders and par level; the difference has the shelf's own source."""
    order = Demand("ann", "bun", MONDAY, 12, minute=24 * 60, number=1)
    _, shelf = topped_up([order], par_demands(PARS, MONDAY, MONDAY))
    assert (shelf.source, shelf.quantity, shelf.ref) == ("par", 8, ("par", "bun", MONDAY))
    assert shelf.minute > order.minute
    assert topped_up([Demand("bob", "bun", MONDAY, 20)], par_demands(PARS, MONDAY, MONDAY))[1:] == ()


def test_a_negative_level_is_refused() -> None:
    """As any negative quantity."""
    with pytest.raises(ValidationError):
        list(par_demands([Par("bun", EVERY_DAY, -1)], MONDAY, MONDAY))
