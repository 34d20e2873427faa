"""``bake log verify --repair`` writes lost lines again from the database, and marks them."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.log import tree
from bake_tracker.services import batch_production_service
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.operation import Kind
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from bake_tracker.services.reconcile import repair as log_repair
from bake_tracker.services.reconcile.repair import LogRepair, repair_log
from bake_tracker.services.reconcile.verification import verify_log
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.stocktake import record_stocktake
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.warm.waiting import PATIENCE_S
from support.writers import record_everything

pytestmark = pytest.mark.one_database

TIMES = {"timestamp", "settled_at", "repaired_at"}
Lines = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is running that could still write its line, so the checks need not wait."""
    monkeypatch.setattr("bake_tracker.services.reconcile.verification.LINE_IS_LATE_S", (0,))


@pytest.fixture
def bakery(bake: CommandLine) -> CommandLine:
    """Three committed and logged operations."""
    assert bake("item", "add", "ingredient", "Flour", "--unit", "g").code == 0
    for _ in range(2):
        assert bake("receive", "flour", "1", "kg", "--cost", "2").code == 0
    return bake


def lines_of(bakery: CommandLine) -> Lines:
    return [json.loads(line) for line in bakery.log_file.read_text("utf-8").splitlines()]


def write_lines(bakery: CommandLine, lines: Lines) -> None:
    bakery.log_file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


def successes(lines: Lines) -> Lines:
    return [line for line in lines if line["outcome"] == "success"]


def without_successes(bakery: CommandLine) -> Lines:
    """Remove every success line from the log."""
    lines = lines_of(bakery)
    write_lines(bakery, [line for line in lines if line["outcome"] != "success"])
    return successes(lines)


def ids(lines: Lines) -> list[str]:
    return [line["operation_id"] for line in lines]


def repair(path: Path) -> LogRepair:
    with read_scope() as session:
        return repair_log(session, path)


def test_a_repaired_line_says_what_the_lost_one_said(kitchen: Kitchen, bake: CommandLine) -> None:
    """For every kind of operation, its fields and their order are the same, except what only the lost process knew."""
    assert bake("log", "verify").code == 0  # the log is set up, and the kitchen below writes to it
    record_everything(kitchen)
    lost = without_successes(bake)
    assert {line["operation"] for line in lost} == {name for name in log_repair.kinds() if name.startswith("record_")}
    assert bake("log", "verify", "--repair").code == 0
    written = {line["operation_id"]: line for line in successes(lines_of(bake))}
    assert sorted(ids(lost)) == sorted(written)
    for line in lost:
        unknown = TIMES | {"duration_ms", "sql_count", *tree.TIMES}
        expected = {name: value for name, value in line.items() if name not in unknown}
        repaired = written[line["operation_id"]]
        assert {name: value for name, value in repaired.items() if name not in TIMES} == expected
        assert set(repaired) - set(expected) == {"timestamp", "repaired_at"}


def test_a_repaired_line_says_when_it_was_that_was_recorded_late(kitchen: Kitchen, bake: CommandLine) -> None:
    """The fields that date it, such as ``produced_at``, are those of the lost line."""
    assert bake("log", "verify").code == 0
    kitchen.simple_bakery()
    late, names = now(), {"produced_at", "assembled_at", "made_at", "happened_at", "counted_at"}
    (flour,) = (row[0] for row in kitchen.rows("SELECT id FROM lot WHERE code LIKE 'flour%'"))
    keys = (*(kitchen.ids[name] for name in ("Cookies", "Cookie")), 1, 24, kitchen.ids["Box"], 1)
    kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=late)
    kitchen.assemble("Box", 1, assembled_at=late)
    run_in_transaction(lambda s: record_bake_and_pack(*keys, session=s, made_at=late))
    wasted, counted = [{"lot_id": flour, "quantity": 1}], [{"lot_id": flour, "counted": 9}]
    run_in_transaction(lambda s: record_adjustment("waste", wasted, session=s, reason="wet", happened_at=late))
    run_in_transaction(lambda s: record_stocktake(counted, session=s, counted_at=late))

    def when(lines: Lines) -> dict[str, Any]:
        return {line["operation_id"]: {name: line[name] for name in line if name in names} for line in lines}

    lost = when(without_successes(bake))
    assert {name for told in lost.values() for name in told} == names
    assert bake("log", "verify", "--repair").code == 0
    assert when(successes(lines_of(bake))) == lost


def test_a_repaired_line_has_the_time_of_its_row(bakery: CommandLine, kitchen: Kitchen) -> None:
    """The time of the event is the row's, to the microsecond; the time of writing is the repair's."""
    without_successes(bakery)
    assert bakery("log", "verify", "--repair").code == 0
    written = successes(lines_of(bakery))
    rows = kitchen.rows("SELECT recorded_at FROM operation ORDER BY recorded_at")
    assert [line["timestamp"][:26].replace("T", " ") for line in written] == [f"{row[0]}"[:26] for row in rows]
    assert all(line["timestamp"] < line["repaired_at"] for line in written)


def test_a_repaired_line_is_of_its_actor_and_of_no_request(
    bakery: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the operation's actor, not the person who repairs the log."""
    without_successes(bakery)
    monkeypatch.setenv("BAKE_TRACKER_ACTOR", "inspector")
    bakery("log", "verify", "--repair")
    assert [(line["actor"], "request_id" in line) for line in successes(lines_of(bakery))] == [("baker", False)] * 3


def test_a_repair_says_what_it_wrote(bakery: CommandLine) -> None:
    """It names and counts the lines, for people and for programs; a second repair has nothing to do."""
    lost = without_successes(bakery)
    done = bakery("log", "verify", "--repair")
    assert done.code == 0
    assert done.out.splitlines()[-2:] == [
        "Wrote 3 success lines from the database.",
        "Compared 3 operations with 3 success lines: they agree.",
    ]
    assert [line.split(" at ")[0] for line in done.out.splitlines()[:-2]] == [
        f"success line written: {line['operation']} {line['operation_id']}" for line in lost
    ]
    before = lines_of(bakery)
    again = bakery("log", "verify", "--repair", "--json").json
    assert (again["repaired"], again["clean"], lines_of(bakery)) == ([], True, before)


def test_a_repair_as_json_is_the_verification_after_it(bakery: CommandLine) -> None:
    """``repaired`` is listed beside the result of ``log verify``."""
    lost = without_successes(bakery)
    repaired = bakery("log", "verify", "--repair", "--json").json
    assert ids(repaired.pop("repaired")) == ids(lost)
    assert repaired == bakery("log", "verify", "--json").json


def test_an_unknown_outcome_is_resolved_by_a_repair(bakery: CommandLine) -> None:
    """The log said unknown; the row settles it, and the unknown line stays in the log."""
    *before, last = lines_of(bakery)
    write_lines(bakery, [*before, {**last, "outcome": "unknown"}])
    assert bakery("log", "verify").code == 1
    assert ids(bakery("log", "verify", "--repair", "--json").json["repaired"]) == [last["operation_id"]]
    assert bakery("log", "verify").code == 0
    assert [line["outcome"] for line in lines_of(bakery)[-2:]] == ["unknown", "success"]


@pytest.mark.parametrize("what", ["forged", "doubled"])
def test_a_forged_line_is_not_repaired_away(bakery: CommandLine, what: str) -> None:
    """A forged success is still reported, and missing lines are written all the same."""
    lines = lines_of(bakery)
    real = lines[-1]
    extra = {**real, "operation_id": "0190b7a1-0000-7000-8000-00000000dead"} if what == "forged" else real
    lost = successes(lines)[0]
    write_lines(bakery, [*(line for line in lines if line != lost), extra])
    done = bakery("log", "verify", "--repair", "--json")
    assert (done.code, ids(done.json["repaired"])) == (1, [lost["operation_id"]])
    assert ids(done.json[what]) == [extra["operation_id"]]
    assert lines_of(bakery)[:-1] == [*(line for line in lines if line != lost), extra]


def test_a_success_under_another_name_does_not_stand_for_the_operation(bakery: CommandLine) -> None:
    """A line with the right id and a wrong name is forged, and the operation has no line until it is repaired."""
    *before, last = lines_of(bakery)
    write_lines(bakery, [*before, {**last, "operation": "record_assembly"}])
    done = bakery("log", "verify", "--repair", "--json")
    assert (ids(done.json["repaired"]), ids(done.json["forged"])) == ([last["operation_id"]],) * 2


@pytest.mark.parametrize("is_first", [True, False])
def test_the_line_of_a_process_that_was_only_slow_agrees_with_the_repaired_one(
    bakery: CommandLine, is_first: bool
) -> None:
    """Stopped after COMMIT, repaired, then resumed: the repair's mark tells the lines apart, in either order."""
    *before, late = lines_of(bakery)
    write_lines(bakery, before)
    assert bakery("log", "verify", "--repair").code == 0
    *before, repaired = lines_of(bakery)
    write_lines(bakery, [*before, *((late, repaired) if is_first else (repaired, late))])
    assert bakery("log", "verify").code == 0
    write_lines(bakery, [*before, repaired, late, repaired])
    assert ids(bakery("log", "verify", "--json").json["doubled"]) == [late["operation_id"]]


def test_a_marked_line_without_a_committed_operation_is_forged(bakery: CommandLine) -> None:
    """The mark does not excuse it."""
    last = lines_of(bakery)[-1]
    forged = {**last, "operation_id": "0190b7a1-0000-7000-8000-00000000dead", "repaired_at": last["settled_at"]}
    write_lines(bakery, [*lines_of(bakery), forged])
    assert ids(bakery("log", "verify", "--json").json["forged"]) == [forged["operation_id"]]


def test_two_repairs_at_once_write_each_line_once(bakery: CommandLine) -> None:
    """The second repair waits for the first, reads again, and finds nothing to do."""
    lost = without_successes(bakery)
    results: list[LogRepair] = []
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait(PATIENCE_S)
        results.append(repair(bakery.log_file))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(len(result["repaired"]) for result in results) == [0, 0, 0, 3]
    assert sorted(ids(successes(lines_of(bakery)))) == sorted(ids(lost))
    assert all(result["clean"] for result in results)


def test_a_lost_log_is_written_again(bakery: CommandLine) -> None:
    """Without a first line every operation counts as missing, and all are written."""
    expected = ids(successes(lines_of(bakery)))
    bakery.log_file.unlink()
    assert ids(repair(bakery.log_file)["repaired"]) == expected  # type: ignore[arg-type]  # a TypedDict is a dict
    assert ids(lines_of(bakery)) == expected
    write_lines(bakery, lines_of(bakery)[:1])  # as if the repair had been killed after its first line
    assert len(repair(bakery.log_file)["repaired"]) == 2


def test_operations_before_the_first_retained_line_are_not_repaired(bakery: CommandLine) -> None:
    """Their lines were in a file that was rotated away."""
    write_lines(bakery, lines_of(bakery)[-1:])
    before = lines_of(bakery)
    done = bakery("log", "verify", "--repair", "--json").json
    assert (done["repaired"], lines_of(bakery)) == ([], before)


def test_a_repaired_first_line_says_nothing_about_earlier_lines(bakery: CommandLine) -> None:
    """Its timestamp is old but it was written late: the log answers only for what came after."""
    first, second, third = successes(lines_of(bakery))
    repaired = {**first, "repaired_at": third["settled_at"]}
    write_lines(bakery, [repaired, third])
    done = bakery("log", "verify", "--json")
    assert (done.code, done.json["operations_compared"], ids(done.json["missing"])) == (0, 2, [])
    assert second["operation_id"] not in ids(lines_of(bakery))


def test_a_repair_that_cannot_write_claims_nothing(bakery: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the operations stay missing and are reported."""
    lost = without_successes(bakery)

    def full(_self: object, _event: object) -> None:
        """Write nothing and raise nothing."""

    monkeypatch.setattr("bake_tracker.log.append.AppendHandler.take", full)
    done = bakery("log", "verify", "--repair", "--json")
    assert (done.code, done.json["repaired"], ids(done.json["missing"])) == (1, [], ids(lost))


def test_an_operation_of_an_unknown_kind_is_repaired_without_its_fields(
    bakery: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fields that every line has can still be written for an operation of another version."""
    lost = without_successes(bakery)[-1]
    none: Callable[[], dict[str, Kind]] = dict
    monkeypatch.setattr(log_repair, "kinds", none)
    assert bakery("log", "verify", "--repair").code == 0
    written = lines_of(bakery)[-1]
    assert (written["operation_id"], "lot_id" in written) == (lost["operation_id"], False)


def test_every_kind_is_found_by_its_name() -> None:
    """A repair knows every kind of operation that a service declares."""
    assert log_repair.kinds()["record_batch_production"] is batch_production_service.RECORD


def test_a_log_line_with_half_a_character_breaks_nothing(bakery: CommandLine) -> None:
    """A forged id that no database can store is reported like any other."""
    write_lines(bakery, [*lines_of(bakery), {**lines_of(bakery)[-1], "operation_id": "\ud800"}])
    with read_scope() as session:
        assert ids(verify_log(session, bakery.log_file)["forged"]) == ["\\ud800"]  # type: ignore[arg-type]  # as above


# Lines that cannot be read --------------------------------------------------------------------------------------------

TORN = '{"timestamp": "2026-11-23T09:15'


def edit(bakery: CommandLine, change: Callable[[list[str]], list[str]]) -> None:
    lines = bakery.log_file.read_text("utf-8").splitlines()
    bakery.log_file.write_text("".join(f"{line}\n" for line in change(lines)), "utf-8")


def test_after_a_repair_a_torn_line_no_longer_counts_against_the_log(bakery: CommandLine) -> None:
    """After a full disk tore a line, the repair writes the operation again and notes the torn line."""
    edit(bakery, lambda lines: [*lines[:-1], lines[-1][:50]])
    assert bakery("log", "verify").code == 1
    repaired = bakery("log", "verify", "--repair", "--json").json
    assert (len(repaired["repaired"]), repaired["clean"]) == (1, True)
    assert (repaired["unreadable_lines"], repaired["unreadable_lines_noted"]) == (1, 1)
    before = bakery.log_file.read_bytes()
    done = bakery("log", "verify", "--repair")
    assert (done.code, bakery.log_file.read_bytes()) == (0, before)
    assert "1 line cannot be read; a repair noted this" in done.out


def test_a_torn_line_alone_is_noted_too(bakery: CommandLine) -> None:
    """When nothing is missing, the note is the only line written."""
    edit(bakery, lambda lines: [*lines, TORN])
    assert bakery("log", "verify", "--repair").code == 0
    last = json.loads(bakery.log_file.read_text("utf-8").splitlines()[-1])
    assert (last["message"], last["unreadable_lines"], "repaired_at" in last) == ("repair_log: noted", 1, True)
    found = bakery("log", "verify", "--json").json
    assert (found["clean"], found["success_lines_compared"]) == (True, 3)
    assert [row["operation"] for row in bakery("log", "stats", "--json").json] == ["record_receipt", "record_item"]
    assert bakery("explain", "last").code == 1  # a noted line is not a refusal


@pytest.mark.parametrize("is_before", [True, False])
def test_a_line_torn_after_a_repair_counts_against_the_log(bakery: CommandLine, is_before: bool) -> None:
    """A line torn after the note counts, and so does one before it that exceeds the noted number."""
    edit(bakery, lambda lines: [*lines, TORN])
    assert bakery("log", "verify", "--repair").code == 0
    edit(bakery, lambda lines: [TORN, *lines] if is_before else [*lines, TORN])
    found = bakery("log", "verify", "--json")
    assert (found.code, found.json["unreadable_lines"], found.json["unreadable_lines_noted"]) == (1, 2, 1)
    assert bakery("log", "verify", "--repair").code == 0


def test_a_note_of_lines_that_are_gone_excuses_no_others(bakery: CommandLine) -> None:
    """After the file with the torn lines is deleted, the note does not excuse later ones."""
    edit(bakery, lambda lines: [TORN, TORN, *lines])
    assert bakery("log", "verify", "--repair").code == 0
    edit(bakery, lambda lines: [*lines[2:], TORN])
    found = bakery("log", "verify", "--json").json
    assert (found["clean"], found["unreadable_lines"], found["unreadable_lines_noted"]) == (False, 1, 0)


def test_a_log_that_was_deleted_is_written_again_as_a_whole(bakery: CommandLine) -> None:
    """The new log begins late because of newer lines; ``--all`` still checks every operation."""
    told = len([line for line in bakery.log_file.read_text("utf-8").splitlines() if '"success"' in line])
    bakery.log_file.unlink()
    assert bakery("supplier", "add", "Late").code == 0
    late = bakery("log", "verify", "--json")
    assert (late.code, late.json["operations_before_the_log"]) == (0, told)
    assert len(bakery("log", "verify", "--all", "--json").json["missing"]) == told
    repaired = bakery("log", "verify", "--all", "--repair", "--json")
    assert (repaired.code, len(repaired.json["repaired"])) == (0, told)


def test_a_repaired_line_has_no_duration(bakery: CommandLine) -> None:
    """Neither the tree nor the statistics show zeros that were never measured."""
    bakery.log_file.write_text("", "utf-8")
    assert bakery("log", "verify", "--repair").code == 0
    tree, counted = bakery("log", "tree").out, bakery("log", "stats").out
    assert ("written by a repair" in tree, " 0 ms" in tree) == (True, False)
    assert [line.split()[-3:] for line in counted.splitlines()[1:]] == [["-", "-", "-"]] * 4
