"""What counts fix, and what is left of a lot between two moments."""

from datetime import UTC, datetime, timedelta

import pytest

from bake_tracker.domain.stock.counts import CountedLot, Posting, balance_at, first_below_zero, least_left, unsettled

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def moved(*changes: tuple[int, int], cost: int | None = 0) -> list[Posting]:
    """Changes of lot 1, each with its day."""
    return [Posting(1, day(number), change, cost) for number, change in changes]


def count(number: int, line_id: int = 1) -> CountedLot:
    return CountedLot(line_id, line_id, 1, "F", "g", day(number), 100)


def test_the_balance_at_a_moment_includes_that_moment() -> None:
    """An unknown cost stays unknown."""
    assert balance_at(moved((1, 10), (3, -4), cost=2), day(3)) == (6, 4)
    assert balance_at(moved((1, 10), (3, -4), cost=None), day(2)) == (10, None)


@pytest.mark.parametrize(
    ("at", "until", "least"),
    [(0, None, 0), (1, None, 2), (1, 4, 6), (1, 3, 10), (3, None, 2), (5, None, 7), (4, 5, 2)],
)
def test_what_can_be_taken_is_the_least_that_is_left_from_then_on(at: int, until: int | None, least: int) -> None:
    """10 came on day 1; 4 and 4 went on days 3 and 4; 5 came on day 5; a count ends the view."""
    lot = moved((1, 10), (3, -4), (4, -4), (5, 5))
    assert least_left(lot, day(at), None if until is None else day(until)) == least


def test_changes_at_one_moment_are_one_change() -> None:
    """A count and its correction come to nothing in between."""
    assert first_below_zero(moved((1, 10), (3, -10)), moved((2, -4), (3, 4))) is None
    assert first_below_zero(moved((1, 10), (3, -10)), moved((2, -4))) == (day(3), 4)


def test_what_was_below_zero_before_is_not_held_against_a_change_that_helps() -> None:
    """Older data may be wrong already."""
    lot = moved((1, -5), (9, 20))
    assert first_below_zero(lot, moved((0, 1))) is None
    assert first_below_zero(lot, moved((0, -1), (5, 1))) == (day(0), 1)


@pytest.mark.parametrize("next_only", [True, False])
def test_the_next_count_settles_the_later_ones_only_if_it_had_seen_the_change(next_only: bool) -> None:
    """A count before the change is not altered."""
    found = unsettled(moved((5, -3)), [count(9, 2), count(4), count(7, 3)], {}, next_only=next_only)
    assert [(one.count.line_id, one.quantity_micros) for one in found] == [(3, -3), (2, -3)][: 1 if next_only else 2]


def test_changes_that_come_to_nothing_before_a_count_ask_nothing() -> None:
    """So a run that is corrected takes its flour again, and what a count had not seen may be undone."""
    assert unsettled(moved((5, -3), (6, 3)), [count(7)], {}, next_only=False) == []
    assert unsettled(moved((5, 3)), [count(7)], {1: -3}, next_only=False) == []
