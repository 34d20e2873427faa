"""The instant at which an order is due."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bake_tracker.domain.planning.demand import due_at


@pytest.mark.parametrize(
    ("day", "minute", "instant"),
    [
        (date(2026, 7, 1), 9 * 60 + 30, datetime(2026, 7, 1, 7, 30, tzinfo=UTC)),
        (date(2026, 3, 29), 2 * 60 + 30, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (date(2026, 10, 25), 2 * 60 + 30, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 1, 1), 0, datetime(2025, 12, 31, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_time_that_does_not_exist_moves_on_and_one_that_exists_twice_is_the_first(
    day: date, minute: int, instant: datetime
) -> None:
    """In Berlin, 2:30 is skipped in March, so that it is 3:30 there, and comes twice in October."""
    assert due_at(day.toordinal(), minute, ZoneInfo("Europe/Berlin")) == instant
