"""Orders: when they are due, how their lines are numbered, and the state that follows from what was handed over."""

from datetime import UTC, date, datetime, time

import pytest

from bake_tracker.domain.orders.contents import OrderedLine, OrderState, numbered, price_of, state_of, total_of
from bake_tracker.domain.orders.due import due_instant, real_time
from bake_tracker.domain.orders.picking import share_out

FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("day", "at", "instant", "shown"),
    [
        (date(2026, 12, 4), time(14, 30), datetime(2026, 12, 4, 13, 30, tzinfo=UTC), "14:30"),
        (FORWARD, time(2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "03:30"),
        (BACK, time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "02:30"),
    ],
    ids=["any day", "does not exist", "exists twice"],
)
def test_a_due_time_is_a_time_on_the_clock(day: date, at: time, instant: datetime, shown: str) -> None:
    """A time that does not exist moves on an hour, and of one that exists twice the first counts."""
    assert due_instant(day, at, BERLIN) == instant
    assert real_time(day, at, BERLIN) == (day, shown)


def test_a_time_that_does_not_exist_may_move_to_the_next_day() -> None:
    """Beirut puts its clock forward at midnight."""
    assert real_time(date(2026, 3, 29), time(0, 15), "Asia/Beirut") == (date(2026, 3, 29), "01:15")


def test_an_order_without_a_time_is_due_on_its_day() -> None:
    """No time is made up."""
    assert due_instant(FORWARD, None, BERLIN) is None
    assert real_time(FORWARD, None, BERLIN) == (FORWARD, None)


@pytest.mark.parametrize(
    ("handed_over", "is_cancelled", "state"),
    [
        ({}, False, "open"),
        ({1: 4}, False, "partly handed over"),
        ({1: 10}, False, "partly handed over"),
        ({1: 10, 2: 5}, False, "done"),
        ({1: 4}, True, "cancelled"),
    ],
)
def test_the_state_follows_from_the_lines(handed_over: dict[int, int], is_cancelled: bool, state: OrderState) -> None:
    """It is never set by hand."""
    lines = [OrderedLine(1, 7, 10), OrderedLine(2, 8, 5)]
    assert state_of(lines, handed_over, is_cancelled=is_cancelled) == state


def test_a_changed_line_keeps_its_number() -> None:
    """A given number stays, an item takes the number that it had, and a new line gets one that was never used."""
    before = [OrderedLine(1, 7, 10), OrderedLine(2, 8, 5), OrderedLine(3, 7, 1)]
    now = [OrderedLine(None, 9, 1), OrderedLine(None, 7, 2), OrderedLine(1, 7, 3), OrderedLine(None, 8, 4)]
    assert [one.line for one in numbered(now, before, 6)] == [7, 3, 1, 2]


def test_lots_are_shared_out_in_order() -> None:
    """One lot may go into several orders, one order may take several lots, and the last one may get too little."""
    shares = share_out([3, 0, 4, 5], [("old", 2), ("middle", 3), ("new", 4)])
    assert shares == [[("old", 2), ("middle", 1)], [], [("middle", 2), ("new", 2)], [("new", 2)]]
    assert share_out([1], []) == [[]]


def test_a_total_is_known_only_if_every_price_is() -> None:
    """A price is for one of the base unit, and each line is rounded once."""
    assert price_of(1_500_000, 333_333) == 500_000  # 499,999.5 to the even one
    assert total_of([OrderedLine(1, 7, 2_000_000, 12_500_000), OrderedLine(2, 8, 1_000_000, 0)]) == 25_000_000
    assert total_of([OrderedLine(1, 7, 2_000_000, 12_500_000), OrderedLine(2, 8, 1_000_000)]) is None
