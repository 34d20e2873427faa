"""What a search finds: by any field at any depth, by level and by time, without parsing lines that cannot match."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bake_tracker.domain.log.query import LogQuery
from bake_tracker.entrypoints.cli import progress
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
    ],
)
def test_a_field_is_found_by_its_value_at_any_depth(path: Path, where: str, numbers: list[int]) -> None:
    """Values match whole, through objects and lists; ids match by their beginning too, and a UUID in any spelling."""
    name, _, value = where.partition("=")
    assert found(path, LogQuery(((name, value),))) == numbers


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
    query = LogQuery((("field", wanted),))
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
    query = LogQuery((("actor", "bob"),), since=at(1))
    assert list(scan(path, query.prefilter())) == [text_of([LINES[1]])[:-1]]
    assert [query.is_outside(raw) for raw in scan(path)] == [True, False, False, False]
    assert LogQuery((("note", 'say "no"'),)).prefilter() is None


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
