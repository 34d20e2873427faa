"""Whether a transaction without a row was lost when another server took over."""

import pytest

from bake_tracker.domain.log.failover import (
    Place,
    Timelines,
    end_of,
    is_on_its_way,
    read_history,
    read_lsn,
    read_place,
    why_lost,
    write_lsn,
)

BRANCH = 0x5000000
HERE = Timelines(3, {1: BRANCH, 2: 0x9000000})


def test_a_place_is_a_number_of_64_bits() -> None:
    """It is read as PostgreSQL writes it, and in no other form."""
    assert [read_lsn(text) for text in ("0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF")] == [0, 97500059720, 2**64 - 1]
    assert [read_lsn(bad) for bad in ("", "16", "16/", "g/0", "1/123456789", " 0/1", 5, None)] == [None] * 8
    assert write_lsn(97500059720) == "16/B374D848"


@pytest.mark.parametrize(
    "wrong", [("755", "0/1", 1), (755, 1, 1), (755, "0/1", "1"), (2, "0/1", 1), (2**64, "0/1", 1), (True, "0/1", 1)]
)
def test_a_line_with_anything_else_gives_no_place(wrong: tuple[object, object, object]) -> None:
    """Such lines come from earlier versions, SQLite and forgers."""
    assert read_place(*wrong) is None
    assert read_place(755, "0/1", 1) == (755, 1, 1)


def test_the_history_says_where_each_timeline_ended() -> None:
    """Comments and lines of other kinds are passed over."""
    text = "# from an archive\n1\t0/5000000\tno recovery target specified\n\n2\t0/9000000\tbefore 2026\nx\t0/1\n4\tx\n"
    assert read_history(text) == HERE.ended


@pytest.mark.parametrize(
    ("lsn", "timeline", "status", "because"),
    [
        (BRANCH + 1, 1, None, "committed_after_the_branch"),
        (BRANCH, 1, "committed", "committed_after_the_branch"),  # the number is another transaction's by now
        (BRANCH - 1, 1, "aborted", "open_at_the_branch"),
        (BRANCH - 1, 1, "in progress", "open_at_the_branch"),  # prepared
        (BRANCH - 1, 1, "committed", None),  # its row was removed
        (BRANCH - 1, 1, None, None),  # too old to say
        (BRANCH - 1, 1, "new", None),  # the standby has not met this number
        (BRANCH + 1, 3, "aborted", None),  # this server's own timeline
        (BRANCH + 1, 4, "aborted", None),  # of a server that this one does not know
        (BRANCH + 1, 0, "aborted", None),
    ],
)
def test_only_what_the_history_proves_was_lost(
    lsn: int, timeline: int, status: str | None, because: str | None
) -> None:
    """Everything else stays unexplained."""
    assert why_lost(Place(755, lsn, timeline), HERE, status) == because


def test_without_the_history_nothing_was_lost_for_sure() -> None:
    """The history may not be readable."""
    unreadable = Timelines(3, None)
    assert why_lost(Place(755, BRANCH, 1), unreadable, "aborted") is None
    assert end_of(Place(755, BRANCH, 1), unreadable) is None


@pytest.mark.parametrize(
    ("lsn", "timeline", "status", "is_late"),
    [
        (BRANCH, 3, None, True),
        (BRANCH - 1, 3, "in progress", True),
        (BRANCH - 1, 3, "new", True),
        (BRANCH - 1, 3, "aborted", False),
        (BRANCH - 1, 3, "committed", True),
        (BRANCH, 2, "in progress", False),  # that timeline has ended
        (BRANCH, 4, None, True),  # its primary is on a timeline that it has not heard of
    ],
)
def test_a_standby_may_not_have_come_so_far(lsn: int, timeline: int, status: str | None, *, is_late: bool) -> None:
    """A primary has everything."""
    assert is_on_its_way(Place(755, lsn, timeline), Timelines(3, {}, replayed=BRANCH), status) == is_late
    assert not is_on_its_way(Place(755, lsn, timeline), Timelines(3, {}), status)
