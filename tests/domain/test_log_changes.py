"""Errors, changes between two spans, and limits, counted from lines."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bake_tracker.domain.log import faults
from bake_tracker.domain.log.changes import Span, gather_changes, read_span
from bake_tracker.domain.log.evidence import evidence, lift
from bake_tracker.domain.log.faults import gather_faults
from bake_tracker.domain.log.thresholds import read_threshold, watch_lines
from bake_tracker.domain.written import UnreadableError
from support.log.makers import an_id, at, line

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FRAMES = ["/app/till.py:7 sell", "/venv/lib/site-packages/bake_tracker/services/x.py:12 record_x", "/venv/lib/y.py:3 y"]


def raised(number: int, kind: str = "KeyError", frames: list[str] = FRAMES, **more: Any) -> dict[str, Any]:
    exception = {"type": kind, "message": f"number {number}", "frames": frames}
    return line(number, "error", level="ERROR", exception=exception, **more)


def test_errors_are_grouped_by_what_was_raised_and_where() -> None:
    """The innermost frame of our own source counts, wherever it is installed; the latest line is the example."""
    elsewhere = [FRAMES[0], "C:\\bake\\src\\bake_tracker\\services\\x.py:12 record_x"]
    other = ["/app/till.py:7 sell"]
    lines = [
        raised(3),
        raised(5, frames=elsewhere),
        raised(1),
        raised(2, "ValueError"),
        raised(4, frames=other),
        line(6),
    ]
    found = gather_faults(lines)["errors"]
    assert [(one["count"], one["type"], one["raised_at"]) for one in found] == [
        (3, "KeyError", "bake_tracker/services/x.py:12 record_x"),
        (1, "KeyError", "/app/till.py:7 sell"),
        (1, "ValueError", "bake_tracker/services/x.py:12 record_x"),
    ]
    first = found[0]
    assert (first["first"], first["last"], first["example"], first["message"]) == (at(1), at(5), an_id(5), "number 5")


def test_an_error_that_an_outer_operation_passes_on_counts_once() -> None:
    """The outer line names its cause. A line without an operation counts if its level says so."""
    request = {"timestamp": at(3), "level": "ERROR", "message": "it broke", "request_id": an_id(9)}
    found = gather_faults([raised(1), raised(2, cause_operation_id=an_id(1)), request])["errors"]
    assert [(one["type"], one["example"]) for one in found] == [("it broke", an_id(9)), ("KeyError", an_id(1))]


def test_the_number_of_groups_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log may hold anything; what has no group is counted."""
    monkeypatch.setattr(faults, "MOST_GROUPS", 2)
    found = gather_faults(raised(number, f"Error{number % 4}") for number in range(8))
    assert ([one["count"] for one in found["errors"]], found["ungrouped"]) == ([2, 2], 4)


def spread(first: int, outcomes: str, **more: Any) -> list[dict[str, Any]]:
    names = {"s": "success", "c": "conflict", "e": "error"}
    return [line(first + number, names[one], **more) for number, one in enumerate(outcomes)]


def test_what_changed_most_comes_first() -> None:
    """Each operation has its own row; a difference that could be chance is not called a change."""
    before, after = Span(at(0), at(1000)), Span(at(1000), at(2000))
    lines = [
        *spread(0, "s" * 100, duration_ms=10),
        *spread(1000, "s" * 40, duration_ms=10),
        *spread(1040, "s" * 60, duration_ms=12),
        *spread(100, "s" * 100, operation="record_sale"),
        *spread(1100, "s" * 50 + "c" * 40 + "e" * 10, operation="record_sale", sql_count=9),
        *spread(200, "s" * 9 + "c", operation="record_waste"),
        *spread(1200, "s" * 8 + "cc", operation="record_waste"),
        *spread(1300, "s", operation="record_gift"),
    ]
    sale, receipt, waste, gift = gather_changes(lines, before, after)
    assert (sale["operation"], sale["changed"]) == ("record_sale", ["sql", "refused", "errors"])
    assert (sale["before"]["refused_percent"], sale["after"]["refused_percent"]) == (0.0, 40.0)
    assert (sale["after"]["errors_percent"], sale["after"]["sql"]) == (10.0, 9.0)
    assert (receipt["operation"], receipt["changed"]) == ("record_receipt", ["duration"])
    assert receipt["after"]["p95_ms"] == pytest.approx(12, rel=0.01)
    assert (waste["operation"], waste["changed"]) == ("record_waste", [])
    assert (gift["before"]["count"], gift["before"]["p95_ms"], gift["changed"]) == (0, None, [])


def test_a_span_is_two_times_or_a_day_or_the_last_while() -> None:
    """An open end is now."""
    for text, since, until in (
        ("2d..1d", "2026-11-21T12", "2026-11-22T12"),
        ("2026-11-21..2026-11-22", "2026-11-21T00", "2026-11-22T00"),
        ("2026-11-21", "2026-11-21T00", "2026-11-22T00"),
        ("yesterday", "2026-11-22T00", "2026-11-23T00"),
        ("1h", "2026-11-23T11", "2026-11-23T12"),
        ("2026-11-23T10:00..", "2026-11-23T10", "2026-11-23T12"),
    ):
        assert read_span(text, NOON) == (f"{since}:00:00.000000Z", f"{until}:00:00.000000Z")
    for text in ("", "..1d", "1d..2d", "soon", "1d..soon"):
        with pytest.raises(UnreadableError):
            read_span(text, NOON)


def test_too_much_is_more_than_a_share_or_a_number() -> None:
    """A share is of all operations, and nothing exceeds a share of nothing."""
    lines = [*spread(0, "s" * 17 + "cc"), line(30, "conflict", cause_operation_id=an_id(18)), raised(31)]
    for refused, errors, exceeded in (
        ("10%", "1", []),
        ("9.9%", "1", ["refused"]),
        ("1", "0", ["refused", "errors"]),
        ("2", "5%", []),
        ("0", "4.9%", ["refused", "errors"]),
    ):
        watched = watch_lines(lines, read_threshold(refused), read_threshold(errors))
        assert (watched["operations"], watched["refused"], watched["errors"]) == (20, 2, 1)
        assert watched["exceeded"] == exceeded
        assert watched["most_refused"] == "record_receipt: conflict"
        assert watched["most_failed"] == "record_receipt: KeyError"
    assert watch_lines([], read_threshold("0%"), read_threshold("0"))["exceeded"] == []
    for text in ("", "%", "-1", "101%", "ten"):
        with pytest.raises(UnreadableError, match="is not a limit"):
            read_threshold(text)


def test_evidence_weighs_lift_and_support_together() -> None:
    """One line out of one proves less than fifty out of a hundred; equal shares prove nothing."""
    assert evidence(5, 10, 50, 100) == pytest.approx(0, abs=1e-9)
    assert evidence(1, 1, 1, 100) < evidence(50, 100, 1, 100)
    assert evidence(0, 0, 5, 10) == 0
    assert (lift(5, 10, 1, 100), lift(1, 10, 0, 100)) == (50, 20)
