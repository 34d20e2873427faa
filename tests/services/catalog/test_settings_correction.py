"""A currency or time zone that was wrong from the beginning is corrected, and says what moves."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bake_tracker.domain.errors import ConflictError, ValidationError
from bake_tracker.services.catalog.settings import check_bakery_correction, record_bakery_correction
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.seal import record_seal
from support.kitchen import Kitchen
from support.shelf import drift
from support.undoing import move, reverse

LATE = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
AUCKLAND = "Pacific/Auckland"


@pytest.fixture
def baked(kitchen: Kitchen) -> Kitchen:
    """A bake at half past eleven in the evening in UTC, and a part of it in the van."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=LATE)
    move(kitchen, "cookie", "Van", 5)
    return kitchen


def correct(**more: Any) -> Any:
    return run_in_transaction(lambda s: record_bakery_correction("set up wrong", session=s, **more))


def check(**more: Any) -> Any:
    with read_scope() as session:
        return check_bakery_correction(session=session, **more)


def made_on(kitchen: Kitchen) -> set[date]:
    days = kitchen.rows("SELECT received_on FROM lot WHERE item_id = :i", i=kitchen.ids["Cookie"])
    return {date.fromisoformat(str(row.received_on)) for row in days}


def test_the_lots_of_a_run_move_to_its_day_in_the_right_zone_and_back(baked: Kitchen) -> None:
    """The part moves with its lot; undoing the correction gives both the earlier day."""
    seen = check(time_zone="Europe/Berlin")
    assert (seen["stored_days"], seen["sealed_days"], seen["can_correct"]) == (2, 0, True)
    assert seen["report_days"] >= 1
    assert made_on(baked) == {date(2026, 11, 22)}
    done = correct(time_zone="Europe/Berlin")
    assert (done["was_time_zone"], done["stored_days"]) == ("UTC", 2)
    assert made_on(baked) == {date(2026, 11, 23)}
    assert drift() == []
    reverse(done)
    assert made_on(baked) == {date(2026, 11, 22)}
    assert drift() == []


def test_a_currency_is_only_the_name_of_the_amounts(baked: Kitchen) -> None:
    """No cost and no day moves, sealed or not."""
    run_in_transaction(lambda s: record_seal(session=s))
    before = baked.rows("SELECT id, remaining_cost_micros, received_on FROM lot ORDER BY id")
    done = correct(currency="eur")
    assert (done["currency"], done["was_currency"]) == ("EUR", "USD")
    assert (done["stored_days"], done["kept_days"], done["report_days"]) == (0, 0, 0)
    assert before == baked.rows("SELECT id, remaining_cost_micros, received_on FROM lot ORDER BY id")
    assert drift() == []


def test_a_sealed_day_does_not_move(baked: Kitchen) -> None:
    """The refusal says how many there are; undoing a correction that was sealed since is refused too."""
    done = correct(time_zone="Europe/Berlin")
    run_in_transaction(lambda s: record_seal(session=s))
    with pytest.raises(ConflictError, match="sealed days would no longer be right"):
        reverse(done)
    with pytest.raises(ConflictError, match="sealed days"):
        correct(time_zone="UTC")
    assert check(time_zone="UTC")["can_correct"] is False
    assert made_on(baked) == {date(2026, 11, 23)}
    assert drift() == []


@pytest.mark.one_database
def test_a_correction_that_changes_nothing_is_refused(baked: Kitchen) -> None:
    """So is one that names no zone, or a zone that does not exist."""
    for asked, words in (({}, "is missing"), ({"time_zone": "UTC"}, "is already UTC"), ({"time_zone": "Mars"}, "IANA")):
        with pytest.raises(ValidationError, match=words):
            correct(**asked)
