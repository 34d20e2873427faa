"""What a search finds: by any field at any depth, by level and by time, without parsing lines that cannot match."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bake_tracker.domain.log.conditions import Condition, read_condition
from bake_tracker.domain.log.moments import log_time, read_instant
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.domain.written import UnreadableError
from bake_tracker.entrypoints.cli import progress
from bake_tracker.log import sorting
from bake_tracker.log.reader import Unreadable, find_lines
from bake_tracker.log.scan import log_line, scan
from support.command_line import CommandLine
from support.log.makers import an_id, at, line, text_of, write

pytestmark = pytest.mark.one_database

SHORT = {"ingredient_slug": "flour", "needed": "5", "available": "1", "unit": "g"}
LINES = [
    line(0, actor="ann", recipe_id=3, bakery_id=an_id(9)),
    line(1, "insufficient_inventory", actor="bob", shortages=[SHORT, {**SHORT, "ingredient_slug": "crème"}]),
    line(2, "error", level="ERROR", is_late=True, loss=None, weight=0.5, slugs=["egg", ["milk"]]),
    line(3, **{"ctx.key": "dotted"}, note='say "no"'),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "bakery.log.jsonl", LINES)


def found(path: Path, query: LogQuery) -> list[int]:
    return [int(fields["operation_id"][-6:]) for _, fields in find_lines(path, query, Unreadable())]


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("recipe_id=3", [0]),
        ("recipe_id=30", []),
        ("shortages.ingredient_slug=flour", [1]),
        ("shortages.ingredient_slug=crème", [1]),
        ("shortages=flour", []),
        ("slugs=egg", [2]),
        ("slugs=milk", [2]),
        ("is_late=true", [2]),
        ("loss=null", [2]),
        ("weight=0.5", [2]),
        ("ctx.key=dotted", [3]),
        ('note=say "no"', [3]),
        ("operation_id=0190b7a1-0000", [0, 1, 2, 3]),
        ("operation_id=0190b7", []),
        (f"transaction_id={an_id(500_002)}", [2]),
        (f"transaction_id={an_id(500_002).replace('-', '')}", [2]),
        (f"operation_id={an_id(1).upper()}", [1]),
        ("operation_id=0190B7A10000", [0, 1, 2, 3]),
        (f"operation_id=urn:uuid:{an_id(2)}", [2]),
        (f"bakery_id={{{an_id(9).upper()}}}", [0]),
        ("bakery_id=0190b7a1-0000", []),
        (f"actor={an_id(1).upper()}", []),
        ("outcome=succ", []),
        ("actor=", [2, 3]),
        ("loss=", [0, 1, 2, 3]),
        ("actor!=", [0, 1]),
        ("actor!=bob", [0, 2, 3]),
        ("slugs!=milk", [0, 1, 3]),
        ("weight>0.4", [2]),
        ("weight>0.5", []),
        ("weight>=0.5", [2]),
        ("shortages.needed<=5", [1]),
        ("recipe_id < 4", [0]),
        ("is_late>0", []),
        ("actor>5", []),
        (f"timestamp>{at(1)}", [2, 3]),
        ("timestamp>=2026-11-23T10:00:02+01:00", [2, 3]),
        ("timestamp>2026-11-23", [0, 1, 2, 3]),
        ("timestamp<2026-11-23", []),
        ("actor~AN", [0]),
        ("note~no", [3]),
        ("shortages~CRÈME", [1]),
        ("shortages.ingredient_slug~crème", [1]),
        ("recipe_id~3", [0]),
        ("actor!~ann", [1, 2, 3]),
    ],
)
def test_a_field_is_found_by_its_value_at_any_depth(path: Path, where: str, numbers: list[int]) -> None:
    """Values match whole, through objects and lists; ids match by their beginning too, and a UUID in any spelling."""
    assert found(path, LogQuery((read_condition(where),))) == numbers


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("outcome", "is not a condition; write it like outcome=rolled_back"),
        ("=5", "is not a condition"),
        ("  =5", "has no field"),
        ("error~", "to find every line with the field, write error!="),
        ("duration_ms>", "neither a number nor a time; write it like duration_ms>700"),
        ("duration_ms>fast", "compares with 'fast'"),
        ("duration_ms<nan", "neither a number nor a time"),
    ],
)
def test_a_condition_that_says_nothing_is_refused(bake: CommandLine, text: str, says: str) -> None:
    """The refusal shows how to write one; a shell without quotes would have written to a file."""
    with pytest.raises(UnreadableError, match=re.escape(says)):
        read_condition(text)
    assert bake("log", "find", text).code == 2


def test_found_lines_are_sorted_by_a_field(bake: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers come first, then texts, and lines without the field last, even if most lines wait in a file."""
    values = [3, "10", 2.5, None, "b", "a", -1]
    write(bake.log_file, [line(number, size=value) for number, value in enumerate(values)])

    def sizes(*words: str) -> list[Any]:
        found = bake("log", "find", "--json", *words).out.splitlines()
        return [json.loads(text)["size"] for text in found]

    for most in (sorting.RUN, 2):
        monkeypatch.setattr(sorting, "RUN", most)
        assert sizes("--sort", "size") == [-1, 2.5, 3, "10", "a", "b", None]
        assert sizes("--sort", "-size") == ["10", 3, 2.5, -1, "b", "a", None]
        assert sizes("--sort", "-size", "--first", "3") == ["10", 3, 2.5]
        assert sizes("size>2", "--sort", "size", "--first", "1") == [2.5]
    assert sizes("--first", "2") == [3, "10"]
    assert bake("log", "find", "--sort", "-").code == 2


def test_a_time_may_be_said_by_how_long_ago_it_was() -> None:
    """A day begins at midnight where the bakery is."""
    at_noon, berlin = datetime(2026, 11, 23, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    for text, zone, expected in (
        ("1h", UTC, "2026-11-23T11:00:00.000000Z"),
        ("2d", UTC, "2026-11-21T12:00:00.000000Z"),
        ("today", UTC, "2026-11-23T00:00:00.000000Z"),
        ("yesterday", berlin, "2026-11-21T23:00:00.000000Z"),
        ("2026-11-23T14:30", berlin, "2026-11-23T13:30:00.000000Z"),
        ("2026-11-23T14:30+02:00", berlin, "2026-11-23T12:30:00.000000Z"),
    ):
        assert log_time(read_instant(text, at_noon, zone)) == expected
    for text in ("0m", "5 minutes", "tomorrow", "999999w"):
        with pytest.raises(UnreadableError):
            read_instant(text, at_noon)


def test_every_condition_must_hold(bake: CommandLine) -> None:
    """Fields, short forms, level and time combine."""
    write(bake.log_file, LINES)
    for words, count in (
        (["--actor", "bob", "--outcome", "insufficient_inventory", "--operation", "record_receipt"], 1),
        (["--actor", "bob", "recipe_id=3"], 0),
        (["--level", "warning"], 2),
        (["--level", "ERROR"], 1),
        (["--since", at(1), "--until", at(3)], 2),
        (["--since", at(1), "--until", at(3), "--level", "ERROR"], 1),
    ):
        done = bake("log", "find", "--json", *words)
        assert (len(done.out.splitlines()), done.code) == (count, 0 if count else 1)


@given(value=st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
def test_no_line_is_lost_by_looking_at_its_bytes_first(value: Any) -> None:
    """For any value, the byte filter finds the same lines as parsing every line."""
    wanted = value if isinstance(value, str) else json.dumps(value)
    query = LogQuery((Condition("field", wanted),))
    may_match = query.prefilter() or (lambda _: True)
    for escaped in (True, False):
        text = json.dumps(line(1, field=value), ensure_ascii=escaped)
        if "\\ud" in text:
            continue  # a lone surrogate is replaced when the line is written
        raw = text.encode("utf-8", "replace")
        read = log_line(raw)
        assert read is not None
        assert (may_match(raw), query.matches(read)) == (True, True)


def test_lines_that_cannot_match_are_not_parsed(path: Path) -> None:
    """Lines are skipped by a value that no encoder escapes, and by the time at their beginning."""
    query = LogQuery((Condition("actor", "bob"),), since=at(1))
    assert list(scan(path, query.prefilter())) == [text_of([LINES[1]])[:-1]]
    assert [query.is_outside(raw) for raw in scan(path)] == [True, False, False, False]
    assert LogQuery((Condition("note", 'say "no"'),)).prefilter() is None


def test_torn_lines_are_counted_and_passed_over(bake: CommandLine) -> None:
    """stderr gives the count; a half line followed by a whole one costs only the half."""
    torn = '{"timestamp": "2026-11-2' + json.dumps(line(2))
    write(bake.log_file, [line(1), torn, "[1]", "no json", line(3)])
    for words in (["find", "operation=record_receipt"], ["stats"], ["tail"]):
        done = bake("log", *words)
        assert done.code == 0
        assert "skipped" in done.err
    assert len(bake("log", "find", "--json").out.splitlines()) == 3
    assert "3 lines could not be read" in bake("log", "find").err
    assert bake("log", "stats", "--json").json[0]["count"] == 3


def test_stats_separate_the_outcomes(bake: CommandLine) -> None:
    """Fast refusals do not hide slow successes."""
    slow = [line(n, duration_ms=100) for n in range(5)]
    quick = [line(n, "conflict", duration_ms=1) for n in range(10, 25)]
    write(bake.log_file, [*slow, *quick])
    (stats,) = bake("log", "stats", "--json").json
    assert stats["refused_percent"] == "75.0"
    assert stats["p50_ms"] == pytest.approx(1, rel=0.01)
    assert [(one["outcome"], one["count"]) for one in stats["by_outcome"]] == [("conflict", 15), ("success", 5)]
    assert stats["by_outcome"][1]["p50_ms"] == pytest.approx(100, rel=0.01)
    rows = [text.split() for text in bake("log", "stats", "--since", at(4), "--until", at(12)).out.splitlines()[1:]]
    assert [row[:2] for row in rows] == [["record_receipt", "3"], ["conflict", "2"], ["success", "1"]]


def test_a_bar_shows_how_far_the_reading_of_a_large_log_has_come(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar shows only on a terminal and ends at the total size; a compressed file counts with its size on disk."""
    write(path.with_name(f"{path.name}.1.gz"), LINES * 100)
    size = sum(file.stat().st_size for file in path.parent.iterdir())
    for terminal, large_bytes, shown in ((True, 1, True), (True, size + 1, False), (False, 1, False)):
        monkeypatch.setattr(progress, "err", Console(force_terminal=terminal, quiet=True))
        monkeypatch.setattr(progress, "LARGE_BYTES", large_bytes)
        with progress.reading(path) as read:
            assert len(list(find_lines(path, LogQuery(), Unreadable(), read))) == 404
        assert read.bar.disable is not shown
        assert read.bar.tasks[0].completed == size


def test_a_huge_integer_is_shown_to_its_last_digit(bake: CommandLine) -> None:
    """A search finds it, too."""
    write(bake.log_file, [line(1, num_batches=10**30), line(2, num_batches=-(10**20) - 1)])
    assert f"num_batches={10**30}" in bake("log", "tree").out
    assert bake("log", "find", f"num_batches={-(10**20) - 1}").out.count("record_receipt") == 1


def test_a_line_with_half_a_character_is_read() -> None:
    """When orjson refuses a line, the standard library parses it."""
    raw = b'{"timestamp": "2026-11-23T09:00:00.000000Z", "name": "\\ud800"}'
    read = log_line(raw)
    assert read is not None
    assert read["name"] == "\ud800"
    assert log_line(b"[" * 100_000) is None
