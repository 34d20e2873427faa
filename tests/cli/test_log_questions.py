"""Questions to the log at night, asked at the command line."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from bake_tracker.domain.log.moments import log_time
from bake_tracker.entrypoints.cli.log import watch
from support.command_line import CommandLine
from support.log.makers import an_id, at, line, write

pytestmark = pytest.mark.one_database
FRAMES = ["/app/till.py:7 sell", "/src/bake_tracker/services/x.py:12 record_x"]


def test_errors_come_from_every_file_with_an_example_to_look_at(bake: CommandLine) -> None:
    """The most frequent is first; a span or a condition leaves out the others."""
    exception = {"type": "KeyError", "message": "'flour'", "frames": FRAMES}
    write(bake.log_file.with_name(f"{bake.log_file.name}.1.gz"), [line(1, "error", exception=exception)])
    write(bake.log_file, [line(2, "error", exception=exception), line(3)])
    shown = bake("log", "errors")
    assert shown.code == 0
    assert shown.out.splitlines() == [
        "2 times: KeyError: 'flour'",
        "  raised at bake_tracker/services/x.py:12 record_x",
        f"  first {at(1)}, last {at(2)}",
        f"  for example record_receipt {an_id(2)}",
    ]
    assert bake("log", "errors", "--since", at(2), "--json").json["errors"][0]["count"] == 1
    none = bake("log", "errors", "operation=record_sale")
    assert (none.code, none.out) == (1, "")
    assert "There is no error among these lines" in none.err
    assert bake("log", "errors", "operation=record_sale", "--json").json == {"errors": [], "ungrouped": 0}


def test_two_spans_are_compared(bake: CommandLine) -> None:
    """An operation that is refused now and never was before comes first, in words."""
    waste = [line(number, operation="record_waste") for number in (*range(30), *range(1_000, 1_030))]
    sales = [line(number, operation="record_sale") for number in range(30)]
    refused = [line(number, "conflict", operation="record_sale") for number in range(1_000, 1_030)]
    write(bake.log_file, [*waste, *sales, *refused])
    spans = ("--before", f"{at(0)}..{at(1_000)}", "--after", f"{at(1_000)}..{at(2_000)}")
    rows = [row.split("  ") for row in bake("log", "compare", *spans).out.splitlines()]
    assert [row[0].strip() for row in rows] == ["operation", "record_sale", "record_waste"]
    assert [cell.strip() for cell in rows[1] if cell][-1] == "refusals"
    assert "0.0 % → 100.0 %" in bake("log", "compare", *spans).out
    assert [one["changed"] for one in bake("log", "compare", *spans, "--json").json] == [["refused"], []]
    none = bake("log", "compare", "--before", "2d..1d", "--after", "1d")
    assert (none.code, none.out) == (1, "")
    assert bake("log", "compare", "--before", "1d..2d", "--after", "1d").code == 2


def test_why_ranks_what_tells_lines_apart(bake: CommandLine) -> None:
    """Within one operation, one till causes the trouble; the lines may be in a compressed file."""
    refused = [line(number, "conflict", till="till-9", fields=["x"]) for number in range(40)]
    other = [line(number, till=f"till-{number % 3}") for number in range(40, 400)]
    elsewhere = [line(number, operation="record_sale", till="till-9") for number in range(400, 800)]
    write(bake.log_file.with_name(f"{bake.log_file.name}.1.gz"), refused)
    write(bake.log_file, [*other, *elsewhere])
    shown = bake("log", "why", "outcome=conflict", "--among", "operation=record_receipt").out.splitlines()
    assert shown[0] == "What tells 40 lines from 360 others apart:"
    assert shown[1].startswith("1. till=till-9: 100.0 % of them, 0.0 % of the others, ")
    assert shown[-1] == "Only these lines have: fields"
    assert bake("log", "why", "outcome=conflict", "--json").json["others"] == 760
    for words, says in (
        (["outcome=error"], "No operation in the log matches"),
        (["outcome!="], "Every operation in the log matches"),
        (["operation_id~0"], "Every operation"),
    ):
        done = bake("log", "why", *words)
        assert done.code == 1
        assert says in done.err
    assert bake("log", "why", "outcome").code == 2


def test_a_watch_says_in_one_line_whether_too_much_went_wrong(
    bake: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads back only as far as it looks, and its status is for cron."""
    until = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    monkeypatch.setattr(watch, "now", lambda: until)

    def ago(minutes: int) -> dict[str, str]:
        return {"timestamp": log_time(until - timedelta(minutes=minutes))}

    early = gzip.compress(b"not a line\n")
    bake.log_file.with_name(f"{bake.log_file.name}.1.gz").write_bytes(early)
    lines = [
        line(1, "error") | ago(20),
        *(line(number) | ago(3) for number in range(2, 11)),
        line(11, "conflict") | ago(1),
    ]
    late = line(12) | ago(40) | {"settled_at": log_time(until - timedelta(minutes=2))}
    write(bake.log_file, [*lines, late, line(13, "error") | ago(-60)])
    quiet = bake("log", "watch", "--refused-above", "10%", "--errors-above", "0")
    assert (quiet.code, quiet.out) == (0, "OK: 11 operations in the last 5m, 1 refused, 0 errors\n")
    loud = bake("log", "watch", "--refused-above", "5%", "--errors-above", "0", "--every", "25m")
    assert (loud.code, loud.out) == (
        1,
        "TOO MUCH: 12 operations in the last 25m, 1 refused (above 5%; most often record_receipt: conflict), "
        "1 error (above 0; most often record_receipt: error), 1 unreadable line\n",
    )
    assert bake("log", "watch", "--errors-above", "0", "--json").json["exceeded"] == []
    for words in (["--every", "5m"], ["--errors-above", "x"], ["--errors-above", "0", "--every", "soon"]):
        assert bake("log", "watch", *words).code == 2
    bake.log_file.unlink()
    assert bake("log", "watch", "--errors-above", "0").code == 1
