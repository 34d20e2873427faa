"""Find and count in a log, including rotated files."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from bake_tracker.domain.log.stats import gather_stats
from bake_tracker.log.files import log_files
from bake_tracker.log.scan import read_log
from support.command_line import CommandLine
from support.log.makers import append, at, line, write

pytestmark = pytest.mark.one_database


@pytest.fixture
def bakery(bake: CommandLine) -> CommandLine:
    """One item, two receipts, a refusal, and a log in three files, one of them compressed."""
    assert bake("item", "add", "ingredient", "Flour", "--unit", "g").code == 0
    rotate(bake.log_file, "1", compressed=True)
    assert bake("receive", "flour", "1", "kg", "--cost", "2").code == 0
    rotate(bake.log_file, "2", compressed=False)
    assert bake("receive", "flour", "2", "kg", "--cost", "2").code == 0
    assert bake("receive", "flour", "0", "kg").code == 1
    return bake


def rotate(path: Path, number: str, *, compressed: bool) -> None:
    moved = path.with_name(f"{path.name}.{number}")
    path.rename(moved)
    if compressed:
        with moved.open("rb") as plain, gzip.open(f"{moved}.gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        shutil.copystat(moved, f"{moved}.gz")
        moved.unlink()


def test_lines_are_found_by_their_values_in_every_file_oldest_first(bakery: CommandLine) -> None:
    """Plain, rotated and compressed files are one log."""
    found = [json.loads(line) for line in bakery("log", "find", "outcome=success", "--json").out.splitlines()]
    assert [line["operation"] for line in found] == ["record_item", "record_receipt", "record_receipt"]
    assert [line["quantity"] for line in found[1:]] == ["1000", "2000"]
    assert bakery("log", "find", "outcome=success", "quantity=2000").out.count("record_receipt: success") == 1
    assert bakery("log", "find", "fields=quantity").out.count("validation_failed") == 1


def test_a_span_of_time_has_a_beginning_and_an_end(bakery: CommandLine) -> None:
    """Since is inclusive, until is exclusive; an empty result exits with 1."""
    lines = [line for line in read_log(bakery.log_file) if line and line.get("outcome") == "success"]
    second = lines[1]["timestamp"]
    span = ["log", "find", "outcome=success", "--json"]
    assert len(bakery(*span, "--since", second).out.splitlines()) == 2
    assert len(bakery(*span, "--until", second).out.splitlines()) == 1
    done = bakery(*span, "--since", "2999-01-01")
    assert (done.code, done.out) == (1, "")
    assert bakery("log", "find", "--since", "long ago").code == 2
    assert bakery("log", "find", "outcome").code == 2


def test_stats_count_how_operations_ended(bakery: CommandLine) -> None:
    """Refusals are given as a share of all operations, durations as percentiles."""
    receipts, items = bakery("log", "stats", "--json").json
    assert (receipts["operation"], receipts["count"], receipts["refused_percent"]) == ("record_receipt", 3, "33.3")
    assert receipts["outcomes"] == {"success": 2, "validation_failed": 1}
    assert 0 < receipts["p50_ms"] <= receipts["p95_ms"] <= receipts["p99_ms"]
    assert items["count"] == 1
    assert "record_receipt" in bakery("log", "stats").out


def test_percentiles_are_within_one_per_cent() -> None:
    """The durations themselves are not kept."""
    lines = [
        {"operation": "x", "operation_id": "1", "outcome": "success", "duration_ms": n / 10} for n in range(1, 10_001)
    ]
    (stats,) = gather_stats(lines)
    for name, true in (("p50_ms", 500), ("p95_ms", 950), ("p99_ms", 990)):
        assert stats[name] == pytest.approx(true, rel=0.01)  # type: ignore[literal-required]  # the names are above


@pytest.mark.parametrize("duration", ["1e400", "1" + "0" * 400, "1e300", "-1e400"])
def test_an_invalid_duration_is_ignored_and_the_operation_counted(bake: CommandLine, duration: str) -> None:
    """A log may hold any value as a duration; the operation has still ended."""
    write(bake.log_file, [line(1), json.dumps(line(2)).replace('"duration_ms": 1.5', f'"duration_ms": {duration}')])
    (stats,) = bake("log", "stats", "--json").json
    assert (stats["count"], stats["p99_ms"]) == (2, pytest.approx(1.5, rel=0.01))


def test_a_repaired_line_counts_unless_the_lost_one_comes_after_it() -> None:
    """A process that was only paused writes its line when it resumes: one operation, one success."""
    late, lost = line(1), line(2)
    repaired = [{**one, "repaired_at": at(9), "duration_ms": None} for one in (late, lost)]
    (stats,) = gather_stats([line(0), *repaired, late])
    assert (stats["count"], stats["outcomes"]) == (3, {"success": 3})


def test_verification_and_trees_read_the_rotated_files_too(bakery: CommandLine) -> None:
    """A rotation hides nothing."""
    verified = bakery("log", "verify", "--json").json
    assert (verified["clean"], verified["success_lines_compared"], verified["operations_before_the_log"]) == (
        True,
        3,
        0,
    )
    assert bakery("log", "tree").out.count("record_receipt: success") == 2


def test_a_copy_that_somebody_made_is_not_a_rotated_file(bakery: CommandLine) -> None:
    """Its lines would count twice."""
    shutil.copy(bakery.log_file, f"{bakery.log_file}.bak")
    assert bakery("log", "verify").code == 0


def test_a_file_cut_off_while_compressing_is_read_as_far_as_it_goes(bakery: CommandLine) -> None:
    """Everything up to the cut is read, and the rest is counted."""
    (packed, *_) = log_files(bakery.log_file)
    packed.write_bytes(packed.read_bytes()[:-20])
    assert None in list(read_log(bakery.log_file))
    assert bakery("log", "verify").code == 1


@pytest.mark.parametrize("command", ["find", "stats"])
def test_a_span_that_ends_before_it_begins_is_refused_with_both_times(bakery: CommandLine, command: str) -> None:
    """No line could match such a range, so the user has probably swapped the two."""
    for since, until in (("2026-11-23", "2026-11-22"), ("2026-11-23", "2026-11-23")):
        done = bakery("log", command, "--since", since, "--until", until)
        said = "".join(text.strip("│ ") for text in done.err.splitlines()).replace(" ", "")
        assert done.code == 2
        assert f"--since{since}T00:00:00.000000Zmustbebefore--until{until}T00:00:00.000000Z" in said


def test_stats_of_nothing_say_so(bakery: CommandLine) -> None:
    """An empty search says so too; as JSON it is an empty list."""
    done = bakery("log", "stats", "--since", "2999-01-01")
    assert (done.code, done.out, done.err) == (1, "", f"No operation finished in that time ({bakery.log_file}).\n")
    done = bakery("log", "stats", "--since", "2999-01-01", "--json")
    assert (done.code, done.json) == (1, [])


def test_a_field_that_no_line_has_is_named(bakery: CommandLine) -> None:
    """The field is probably mistyped; a field that any line has, at any depth, is not reported."""
    path = bakery.log_file
    append(path, [line(1, **{"ctx.key": "dotted"})])
    for words, more in (
        (["colour=red"], "; no line has a field colour"),
        (["outcome=success", "x.colour=red"], "; no line has a field x.colour"),
        (["outcome=lost"], ""),
        (["--operation", "record_nothing"], ""),
        (["ctx.key=none"], ""),
    ):
        done = bakery("log", "find", *words)
        assert (done.code, done.err) == (1, f"No log line matches{more} ({path}).\n")


def test_lines_after_a_clock_was_set_back_are_those_written_after_it(bake: CommandLine) -> None:
    """The last step counts; lines that overtake each other while they wait to be written are not a step."""
    late = line(400) | {"settled_at": at(500)}
    path = write(bake.log_file, [line(900), line(3), line(450), late, line(451), line(480), line(60), line(61)])
    shown = bake("log", "find", "--after-clock-step")
    assert (shown.code, shown.out.splitlines()[0]) == (
        0,
        "The clock was set back by 0:07:20 after 2026-11-23T09:08:20Z.",
    )
    assert [row[:27] for row in shown.out.splitlines()[1:]] == [at(60), at(61)]
    assert len(bake("log", "find", "--after-clock-step", "--json").out.splitlines()) == 2
    assert bake("log", "find", "--after-clock-step", "outcome=error").code == 1
    write(path, [line(1), line(2)])
    none = bake("log", "find", "--after-clock-step")
    assert (none.code, none.err) == (1, f"The clock was not set back while this log was written ({path}).\n")


def test_a_line_shows_what_was_asked_for(bake: CommandLine) -> None:
    """The duration always; other fields that have their own place elsewhere if somebody searches or sorts by them."""
    write(bake.log_file, [line(1, actor="ada", rolled_back_because="no oven", lots=[{"lot": 1, "of": "flour"}])])
    assert bake("log", "find").out.endswith("  1.5 ms  lots=(lot=1, of=flour)  no oven\n")
    assert "  1.5 ms  sql_count=8  actor=ada  lots=" in bake("log", "find", "actor=ada", "--sort", "-sql_count").out
