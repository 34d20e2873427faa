"""Why some lines differ from the rest: the planted cause comes first, and nothing else is blamed."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from bake_tracker.domain.log import causes
from bake_tracker.domain.log.causes import Causes, find_causes
from support.depth import usually
from support.log.planted import BAD, DECOYS, IDS, KINDS, planted_log

AT_ONCE = 10


def failed(line: Mapping[str, Any]) -> bool:
    return line["outcome"] == BAD


@pytest.mark.parametrize("first", usually(range(0, 100, AT_ONCE), usual=(0, 50)))
def test_the_planted_cause_comes_first_in_100_of_100_logs(first: int) -> None:
    """It is found among 20 fields, some of them ids that never repeat; the decoys are marked as such."""
    for seed in range(first, first + AT_ONCE):
        planted = planted_log(seed)
        found = find_causes(planted.lines, failed, ["outcome"])["causes"]
        assert (seed, planted.kind, found[0]["field"]) == (seed, planted.kind, planted.cause)
        assert {one["field"] for one in found} & set(IDS) == set()
        assert [one["along_with"] for one in found if one["field"] in DECOYS] == [planted.cause] * 3


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_where_there_is_no_cause_none_is_named(kind: int) -> None:
    """The lines to explain are drawn at random; with so many fields and values some differ by chance."""
    dice = Random(kind)
    lines = planted_log(kind).lines
    drawn = {id(line) for line in dice.sample(lines, len(lines) // 20)}
    assert find_causes(lines, lambda line: id(line) in drawn)["causes"] == []


def lines_of(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"operation_id": "1", "operation": "record_receipt", "outcome": "success", **more} for _ in range(count)]


def why(meant: list[dict[str, Any]], others: list[dict[str, Any]], *asked: str) -> Causes:
    chosen = {id(line) for line in meant}
    return find_causes([*others, *meant], lambda line: id(line) in chosen, asked)


def test_what_only_says_again_how_it_ended_is_no_cause() -> None:
    """Neither the level nor the fields that only refusals have explain a refusal, nor what was asked about."""
    meant = lines_of(40, outcome="conflict", level="WARNING", fields=["quantity"], duration_ms=1, colour="red")
    others = lines_of(400, level="INFO", total_cost="3.10", duration_ms=9, colour="blue")
    found = why(meant, others, "outcome", "colour")
    assert (found["causes"], found["only_these_have"]) == ([], ["fields"])
    assert [one["field"] for one in why(meant, others, "colour")["causes"]] == ["duration_ms"]


def test_a_cause_says_how_often_it_is_there_and_how_often_elsewhere() -> None:
    """Values inside objects and lists count too, and so does a field that is missing."""
    meant = [*lines_of(30, shortages=[{"slug": "egg"}, {"slug": "milk"}]), *lines_of(10, event_id=3)]
    others = [*lines_of(10, shortages=[{"slug": "egg"}], event_id=3), *lines_of(390, event_id=3)]
    first, second, *_ = why(meant, others)["causes"]
    assert (first["field"], first["sign"], first["percent"], first["others_percent"]) == (
        "event_id",
        "is missing",
        75.0,
        0.0,
    )
    assert (second["field"], second["value"], second["lift"]) == ("shortages.slug", "milk", 600.0)
    assert second["along_with"] == "event_id"


def test_a_value_of_fewer_than_three_lines_explains_nothing() -> None:
    """Two of two could be chance, however rare the value is elsewhere."""
    assert why(lines_of(2, till="9"), lines_of(1_000, till="1"))["causes"] == []
    (cause,) = why(lines_of(3, till="9"), lines_of(1_000, till="1"))["causes"]
    assert (cause["field"], cause["value"], cause["others_percent"]) == ("till", "9", 0.0)


def test_times_are_compared_by_when() -> None:
    """Everything after a certain time fails."""
    good = [line for n in range(60) for line in lines_of(3, timestamp=f"2026-11-23T09:{n:02d}:00.000000Z")]
    bad = [line for n in range(30) for line in lines_of(2, timestamp=f"2026-11-23T10:{n:02d}:00.000000Z")]
    (cause,) = why(bad, good)["causes"]
    assert (cause["sign"], cause["value"]) == (">=", "2026-11-23T10:00:00.000000Z")


def test_a_long_log_is_sampled_and_counted_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays constant; the sample is drawn from everywhere in the log."""
    monkeypatch.setattr(causes, "MOST_LINES", 100)
    monkeypatch.setattr(causes, "MOST_OTHERS", 200)
    late = [*lines_of(400), *lines_of(400, till="9")]
    found = why(late, lines_of(1_000, till="1"))
    assert (found["lines"], found["others"], found["lines_read"], found["others_read"]) == (800, 1_000, 100, 200)
    (cause,) = found["causes"]
    assert (cause["field"], cause["value"]) == ("till", "9")
    assert cause["percent"] == pytest.approx(50, abs=15)
