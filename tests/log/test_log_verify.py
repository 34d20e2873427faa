"""The log against the database: deleted, forged and doubled lines are reported."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bake_tracker.domain.seals import ids_sha256
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.format import JsonFormatter
from bake_tracker.log.tell import log_operation
from bake_tracker.services.archive.stream import mark_restored
from bake_tracker.services.catalog import things
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.reconcile import verification
from bake_tracker.services.reconcile.verification import LogVerification, NamedOperation, verify_log
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.tampering import without_guards
from support.undoing import bake_and_pack

pytestmark = pytest.mark.one_database


@pytest.fixture
def bakery(bake: CommandLine) -> CommandLine:
    """Three committed and logged operations."""
    assert bake("item", "add", "ingredient", "Flour", "--unit", "g").code == 0
    for _ in range(2):
        assert bake("receive", "flour", "1", "kg", "--cost", "2").code == 0
    return bake


def edit(bakery: CommandLine, change: Callable[[list[str]], list[str]]) -> None:
    lines = bakery.log_file.read_text("utf-8").splitlines(keepends=True)
    bakery.log_file.write_text("".join(change(lines)), "utf-8")


def success_lines(lines: list[str]) -> list[str]:
    return [line for line in lines if json.loads(line).get("outcome") == "success"]


def test_a_clean_log_agrees_and_says_how_much_was_compared(bakery: CommandLine) -> None:
    """The counts are above zero, so the agreement means something."""
    done = bakery("log", "verify")
    assert (done.code, done.out) == (0, "Compared 3 operations with 3 success lines: they agree.\n")


def test_a_deleted_line_is_named(bakery: CommandLine) -> None:
    """An operation without its success line is missing, even if it was the first."""
    lines = bakery.log_file.read_text("utf-8").splitlines()
    for gone in success_lines(lines):
        edit(bakery, lambda all_lines, gone=gone: [line for line in all_lines if line.rstrip("\n") != gone])
        done = bakery("log", "verify", "--json")
        assert done.code == 1
        assert [named["operation_id"] for named in done.json["missing"]] == [json.loads(gone)["operation_id"]]
        edit(bakery, lambda all_lines, gone=gone: [*all_lines, gone + "\n"])
    assert bakery("log", "verify").code == 0


def test_a_forged_line_is_named(bakery: CommandLine) -> None:
    """A success without an operation is forged, and so is one that claims another operation's id."""
    real = success_lines(bakery.log_file.read_text("utf-8").splitlines())[-1]
    for change in ({"operation_id": "0190b7a1-0000-7000-8000-00000000dead"}, {"operation": "record_assembly"}):
        forged = json.dumps({**json.loads(real), **change})
        edit(
            bakery,
            lambda lines, forged=forged: [forged + "\n" if line.rstrip("\n") == real else line for line in lines],
        )
        done = bakery("log", "verify", "--json")
        assert done.code == 1
        assert [named["operation_id"] for named in done.json["forged"]] == [json.loads(forged)["operation_id"]]
        edit(bakery, lambda lines, forged=forged: [real + "\n" if line == forged + "\n" else line for line in lines])


def test_a_doubled_line_is_named(bakery: CommandLine) -> None:
    """One operation has one success."""
    edit(bakery, lambda lines: [*lines, success_lines(lines)[-1]])
    done = bakery("log", "verify")
    assert done.code == 1
    assert "more than one success line: record_receipt" in done.out


def test_a_torn_line_is_counted(bakery: CommandLine) -> None:
    """A line that cannot be read proves nothing."""
    edit(bakery, lambda lines: [*lines, '{"timestamp": "2026'])
    assert bakery("log", "verify", "--json").json["unreadable_lines"] == 1


def test_lines_of_another_database_are_left_alone(bakery: CommandLine) -> None:
    """Two bakeries may share a file: each is checked against its own lines."""
    edit(
        bakery,
        lambda lines: [*lines, json.dumps({**json.loads(success_lines(lines)[0]), "database_id": "another"}) + "\n"],
    )
    assert bakery("log", "verify").code == 0


def test_operations_before_the_first_retained_line_are_not_reported(bakery: CommandLine) -> None:
    """The log does not answer for lines in a file that was rotated away."""
    edit(bakery, lambda lines: lines[-1:])
    done = bakery("log", "verify", "--json")
    assert (done.code, done.json["success_lines_compared"]) == (0, 1)


def test_an_unknown_outcome_is_resolved_by_the_operation_id(bakery: CommandLine) -> None:
    """The operation was committed, but the log only says unknown: it is reported until a replay settles it."""

    def doubt(lines: list[str]) -> list[str]:
        last = json.loads(lines[-1])
        return [*lines[:-1], json.dumps({**last, "outcome": "unknown"}) + "\n"]

    edit(bakery, doubt)
    unresolved = bakery("log", "verify", "--json").json["unresolved"]
    assert [named["operation"] for named in unresolved] == ["record_receipt"]
    edit(bakery, lambda lines: [*lines, json.dumps({**json.loads(lines[-1]), "outcome": "replayed"}) + "\n"])
    assert bakery("log", "verify").code == 0


def test_a_nested_operation_is_resolved_with_its_parent(log_file: Path, kitchen: Kitchen) -> None:
    """The replay of a combined operation settles its production and assembly too, which cannot be replayed alone."""
    kitchen.simple_bakery()
    bake_and_pack(kitchen)
    told = [json.loads(line) for line in log_file.read_text("utf-8").splitlines()]
    doubtful = [{**line, "outcome": "unknown"} for line in told[-3:]]
    log_file.write_text("".join(json.dumps(line) + "\n" for line in [*told[:-3], *doubtful]), "utf-8")
    assert len(verify(log_file)["unresolved"]) == 3
    with log_file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({**doubtful[-1], "outcome": "replayed"}) + "\n")
    assert (verify(log_file)["unresolved"], verify(log_file)["clean"]) == ([], True)


@pytest.mark.parametrize("forged", ["restored_operation", "restoration", "restoration of all"])
def test_a_row_that_is_added_past_the_guards_excuses_no_missing_line(bake: CommandLine, forged: str) -> None:
    """A restore mark counts only together with exactly the rows that were restored with it."""
    assert [bake("supplier", "add", name).code for name in ("Mill", "Dairy")] == [0, 0]
    run_in_transaction(lambda session: mark_restored(session, "elsewhere"))
    assert bake("supplier", "add", "Farm").code == 0
    edit(bake, lambda lines: [line for line in lines if '"success"' not in line])
    found = bake("log", "verify", "--json", "--all").json
    assert (len(found["missing"]), found["operations_restored"], found["restores_not_believed"]) == (1, 2, [])
    (farm,) = found["missing"]
    with without_guards(keep=True) as session:
        if forged == "restored_operation":
            row = "INSERT INTO restored_operation VALUES (:farm, 1)"
        else:
            sha256 = "" if forged == "restoration" else ids_sha256([farm["operation_id"]])
            row = (
                "INSERT INTO restoration (restored_at, source, operation_count, last_recorded_at, operations_sha256) "
                f"SELECT restored_at, 'nowhere', 9, '2999-01-01', '{sha256}' FROM restoration"
            )
        session.execute(text(row), {"farm": farm["operation_id"]})
    done = bake("log", "verify", "--json", "--all")
    assert (done.code, farm in done.json["missing"]) == (1, True)
    source = "elsewhere" if forged == "restored_operation" else "nowhere"
    assert done.json["restores_not_believed"] == [source]
    assert f"ignored the restore mark of {source}" in bake("log", "verify").out


def test_the_tree_of_nothing_says_so(bakery: CommandLine) -> None:
    """An id that is not in the log exits with 1."""
    done = bakery("log", "tree", "ffffffff")
    assert (done.code, done.out) == (1, "")
    assert "The log has nothing about ffffffff" in done.err


SERVICES = logging.getLogger("bake_tracker.services")


@pytest.fixture
def log_file(kitchen: Kitchen, tmp_path: Path, log: pytest.LogCaptureFixture) -> Iterator[Path]:
    """The log of a kitchen, with a first line."""
    path = tmp_path / "kitchen.log.jsonl"
    handler = AppendHandler(path)
    handler.setFormatter(JsonFormatter())
    SERVICES.addHandler(handler)
    log_operation(SERVICES, "open_log", "opened")
    yield path
    SERVICES.removeHandler(handler)
    handler.close()


def verify(path: Path) -> LogVerification:
    with read_scope() as session:
        session.execute(text("SELECT count(*) FROM operation"))  # on SQLite this reader sees no later commit
        return verify_log(session, path)


def named(result: LogVerification) -> list[NamedOperation]:
    return result["missing"] + result["forged"] + result["doubled"] + result["unresolved"]


def test_nothing_is_named_while_somebody_works(kitchen: Kitchen, log_file: Path) -> None:
    """The check reads lines and rows while both grow: a commit in between is neither forged nor missing."""
    kitchen.ingredient("Flour")
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            kitchen.receive("Flour", 1, "kg")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        results = [verify(log_file) for _ in range(25)]
    finally:
        done.set()
        worker.join()
    assert [named(result) for result in results] == [[]] * 25
    assert all(result["clean"] for result in results)
    assert results[-1]["operations_compared"] > results[0]["operations_compared"]


def test_a_commit_after_the_session_has_read_is_not_forged(
    kitchen: Kitchen, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is older than the operation and its line; the rows are read again."""
    read_log, awaited = verification.read_log, ["Flour"]

    def read_after_a_commit(path: Path, _progress: None) -> Iterator[dict[str, Any] | None]:
        while awaited:
            kitchen.ingredient(awaited.pop())
        return read_log(path)

    monkeypatch.setattr(verification, "read_log", read_after_a_commit)
    result = verify(log_file)
    assert (named(result), result["operations_compared"], result["success_lines_compared"]) == ([], 1, 1)


def test_a_line_that_is_written_late_is_waited_for(
    kitchen: Kitchen, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between COMMIT and the line only the row exists; the log is read again before the line counts as missing."""
    kitchen.ingredient("Flour")
    lines = log_file.read_text("utf-8").splitlines(keepends=True)
    for cut in (0, 40):  # not written yet, and half written
        log_file.write_text("".join(lines[:-1]) + lines[-1][:cut], "utf-8")
        monkeypatch.setattr(time, "sleep", lambda _s: log_file.write_text("".join(lines), "utf-8"))
        assert verify(log_file)["clean"]
    log_file.write_text("".join(lines[:-1]), "utf-8")
    monkeypatch.setattr(time, "sleep", lambda _s: None)
    assert [operation["operation"] for operation in verify(log_file)["missing"]] == ["record_item"]


@pytest.mark.parametrize(("place", "passes"), [(0, 1), (None, 4)])
def test_half_a_line_is_waited_for_only_at_the_end(
    kitchen: Kitchen, log_file: Path, monkeypatch: pytest.MonkeyPatch, place: int | None, passes: int
) -> None:
    """A half line followed by another will never be completed: the log is read once, without waiting."""
    kitchen.ingredient("Flour")
    lines = log_file.read_text("utf-8").splitlines(keepends=True)
    torn = lines[-1][:40]
    log_file.write_text("".join([torn + "\n", *lines] if place == 0 else [*lines, torn]), "utf-8")
    read, slept = [], []
    read_log = verification.read_log
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(verification, "read_log", lambda *given: read.append(given) or read_log(*given))
    result = verify(log_file)
    assert (result["unreadable_lines"], named(result), len(read), len(slept)) == (1, [], passes, passes - 1)


def test_after_a_rotation_the_log_answers_from_when_its_first_line_was_written(
    kitchen: Kitchen, log_file: Path
) -> None:
    """A line is written at COMMIT, long after its event: lines written in between went to the file before."""
    with session_scope() as early:
        things.record_supplier("Mill", session=early)
        lines_before = log_file.read_text("utf-8")
        recorded_later = datetime.now(UTC).isoformat()
    first = json.loads(log_file.read_text("utf-8").removeprefix(lines_before).splitlines()[-1])
    assert first["timestamp"] < recorded_later[:26] < first["settled_at"]
    kitchen.ingredient("Flour")
    flour = log_file.read_text("utf-8").splitlines()[-1]
    # As if Flour's line had gone to the file before, while Mill was still under way.
    first["settled_at"] = (datetime.fromisoformat(json.loads(flour)["settled_at"]) + timedelta(seconds=1)).isoformat()
    log_file.write_text(json.dumps(first) + "\n", "utf-8")
    result = verify(log_file)
    assert (named(result), result["operations_compared"]) == ([], 1)


def test_a_first_line_of_another_library_without_a_zone_is_passed_over(kitchen: Kitchen, log_file: Path) -> None:
    """Its time cannot be compared, so the next line with a zone counts as the first."""
    kitchen.ingredient("Flour")
    log_file.write_text('{"timestamp": "2026-01-01T00:00:00"}\n' + log_file.read_text("utf-8"), "utf-8")
    assert verify(log_file)["clean"]


def test_a_rotation_between_two_lines_loses_none(log_file: Path) -> None:
    """Every line after the rename goes to a new file at once."""
    for number in range(5):
        log_operation(SERVICES, "rotate", "told", number=number)
        log_file.rename(log_file.with_suffix(f".{number}"))
        log_operation(SERVICES, "rotate", "told", number=number)
        numbers = [json.loads(line)["number"] for line in log_file.read_text("utf-8").splitlines()]
        assert numbers == [number]
        assert json.loads(log_file.with_suffix(f".{number}").read_text("utf-8").splitlines()[-1])["number"] == number


def test_a_log_that_is_gone_is_not_clean(bakery: CommandLine) -> None:
    """Without a first line every operation is missing; with a new log, the older ones are only counted."""
    bakery.log_file.unlink()
    with read_scope() as session:
        assert len(verify_log(session, bakery.log_file)["missing"]) == 3
    assert bakery("receive", "flour", "1", "kg").code == 0
    done = bakery("log", "verify")
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        "Not compared: 3 operations older than the log; --all compares them.",
    )


def test_half_a_line_does_not_take_the_next_one_with_it(bakery: CommandLine) -> None:
    """A writer that opens a file ending within a line starts a new line."""
    edit(bakery, lambda lines: [*lines, '{"timestamp": "2026-11-23T13:00'])
    assert bakery("receive", "flour", "1", "kg").code == 0
    verified = bakery("log", "verify", "--json").json
    assert (verified["unreadable_lines"], verified["missing"], verified["operations_compared"]) == (1, [], 4)


def test_lines_of_strange_types_are_unreadable_and_break_nothing(bakery: CommandLine) -> None:
    """A list in place of an id makes the line unreadable."""
    strange = [{"operation_id": ["a"]}, {"transaction_id": {"a": 1}}, {"timestamp": 5}, {"outcome": 1}]
    edit(
        bakery,
        lambda lines: [*lines, "[]\n", "\n", *(json.dumps({**json.loads(lines[-1]), **odd}) + "\n" for odd in strange)],
    )
    assert bakery("log", "verify", "--json").json["unreadable_lines"] == 5
    assert bakery("log", "tree").code == 0


def test_a_device_is_not_read_as_a_log(bakery: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a device would never end."""
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", "/dev/full")
    done = bakery("log", "verify")
    assert (done.code, "is not a regular file" in done.err) == (1, True)


@pytest.mark.parametrize("place", ["", ".", "/"])
def test_a_setting_that_names_no_file_is_refused(
    bakery: CommandLine, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Writing to a folder would lose the lines of every command."""
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", place)
    done = bakery("log", "verify")
    assert (done.code, "BAKE_TRACKER_LOG_FILE: must name a file" in done.err) == (2, True)


@pytest.mark.one_database
def test_sqlite_has_no_third_witness(sqlite_url: str, bakery: CommandLine) -> None:
    """Asked for it, the answer is that there is none, and never agreement."""
    found = bakery("log", "verify", "--wal", "--json")
    assert (found.code, found.json["clean"]) == (1, False)
    assert (found.json["missing"], found.json["forged"]) == ([], [])
    assert found.json["wal"]["unavailable_because"] == "not_postgresql"
    assert bakery("log", "witness").out == "Not available: SQLite keeps no log of what was committed.\n"
    refused = bakery("log", "witness", "--begin")
    assert (refused.code, "must be on PostgreSQL" in refused.err) == (1, True)
