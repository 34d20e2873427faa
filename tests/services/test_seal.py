"""Changes to sealed history are found; a rebuilt chain lacks the hash that was kept elsewhere."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, select, text, update

from bake_tracker.domain.errors import ConflictError, ValidationError
from bake_tracker.domain.seals import COVERED, EXCLUDED, NOT_HISTORY, SealHash, canonical_row
from bake_tracker.models import Base
from bake_tracker.queries.verify.everything import Drift, Verification, verify_ledger
from bake_tracker.queries.verify.seals import verify_seals
from bake_tracker.services.archive.move import Telling, move_bakery
from bake_tracker.services.catalog import things
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.seal import SealResult, record_seal
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.life_of_stock import fill_the_life_of_stock
from support.tampering import NOBODY, another, drift_after, named_after, without_guards
from support.warm.waiting import PATIENCE_S


def seal(**more: Any) -> SealResult:
    return run_in_transaction(lambda session: record_seal(session=session, **more))


def verified(expect: str | None = None) -> Verification:
    with read_scope() as session:
        return verify_ledger(session, expect=expect)


@pytest.fixture
def sealed(kitchen: Kitchen) -> Kitchen:
    """A run with a loss and boxes, covered by two seals, and a receipt that is not sealed."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 2, 40, notes="slow oven")
    fill_the_life_of_stock(kitchen)
    seal()
    kitchen.assemble("Box", 3)
    seal()
    kitchen.receive("Sugar", 1, "kg")
    return kitchen


# What is covered ----------------------------------------------------------------------------------------------------


def test_a_seal_covers_everything_committed_and_is_covered_by_the_next(kitchen: Kitchen) -> None:
    """Its own operation is in the second seal, which contains the first one's hash."""
    kitchen.simple_bakery()
    (count,) = kitchen.rows("SELECT count(*) FROM operation")[0]
    first, second = seal(), seal()
    assert (first["seal_number"], first["operation_count"], first["previous_sha256"]) == (1, count, None)
    assert (second["seal_number"], second["operation_count"]) == (2, 1)
    assert second["previous_sha256"] == first["sha256"] != second["sha256"]
    assert second["last_operation_id"] == first["operation_id"]
    found = verified()
    assert found["drift"] == []
    assert found["seals"] == {
        "seals": 2,
        "operations_sealed": count + 1,
        "operations_not_sealed": 1,
        "latest_seal": 2,
        "latest_sha256": second["sha256"],
        "expected_seal": None,
    }


def test_a_seal_of_nothing_is_a_seal(database_url: str) -> None:
    """The chain may start before the first receipt."""
    assert database_url
    assert (seal()["operation_count"], seal()["operation_count"]) == (0, 1)
    assert verified()["drift"] == []


def test_one_seal_covers_no_more_than_asked_for(kitchen: Kitchen) -> None:
    """On SQLite other writers wait for a seal, so it can be kept short."""
    kitchen.simple_bakery()
    (count,) = kitchen.rows("SELECT count(*) FROM operation")[0]
    assert [seal(at_most=4)["operation_count"] for _ in range(2)] == [4, 4]
    found = verified()["seals"]
    assert (found["operations_sealed"], found["operations_not_sealed"]) == (8, count + 2 - 8)


def test_more_operations_than_one_statement_takes_are_sealed_in_parts(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash does not depend on the parts: a split into other parts verifies too."""
    kitchen.simple_bakery()
    with monkeypatch.context() as in_threes:
        in_threes.setattr("bake_tracker.queries.verify.sealed_history.OPERATIONS_AT_ONCE", 3)
        seal()
    monkeypatch.setattr("bake_tracker.queries.verify.seals.OPERATIONS_AT_ONCE", 4)
    found = verified()
    assert found["drift"] == []
    assert found["operations"] == len(kitchen.rows("SELECT id FROM operation"))


@pytest.mark.parametrize("at_most", [0, -1, 1.5, "many"])
def test_a_seal_of_an_impossible_size_is_refused(kitchen: Kitchen, at_most: object) -> None:
    """The refusal has the name of the argument."""
    with pytest.raises(ValidationError, match="at_most"):
        seal(at_most=at_most)
    assert kitchen.rows("SELECT * FROM seal") == []


def test_the_same_seal_again_is_a_replay(kitchen: Kitchen) -> None:
    """The operation id decides; a different size is a conflict."""
    kitchen.simple_bakery()
    operation_id = uuid4()
    assert seal(operation_id=operation_id) == seal(operation_id=operation_id)
    with pytest.raises(ConflictError):
        seal(operation_id=operation_id, at_most=1)
    assert verified()["seals"]["seals"] == 1


def test_a_seal_that_is_undone_leaves_nothing(kitchen: Kitchen) -> None:
    """The next one takes its number."""
    kitchen.simple_bakery()
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        record_seal(session=session)
        raise ZeroDivisionError
    assert kitchen.rows("SELECT * FROM sealed_operation") == []
    assert seal()["seal_number"] == 1


def test_a_late_commit_is_in_the_next_seal(postgresql_url: str) -> None:
    """A transaction open during a seal has an earlier instant and id, and is not missed."""
    assert postgresql_url
    kitchen = Kitchen().simple_bakery()
    early = "00000000-0000-1000-8000-000000000001"
    with session_scope() as slow:
        things.record_event("Fair", session=slow, operation_id=early)
        with ThreadPoolExecutor(1) as other:
            first = other.submit(seal).result(timeout=PATIENCE_S)
    assert kitchen.rows("SELECT seal_number FROM sealed_operation WHERE operation_id = :o", o=early) == []
    assert seal()["operation_count"] == 2
    assert kitchen.rows("SELECT seal_number FROM sealed_operation WHERE operation_id = :o", o=early) == [(2,)]
    (instant,) = kitchen.rows("SELECT recorded_at FROM operation WHERE id = :o", o=early)[0]
    assert instant.isoformat() < first["sealed_at"]
    assert verified()["drift"] == []


def test_seals_made_at_once_make_one_chain(kitchen: Kitchen) -> None:
    """While others record, each operation is in one seal, and no number is missing."""
    kitchen.simple_bakery()
    start = threading.Barrier(6)

    def work(number: int) -> None:
        start.wait(timeout=PATIENCE_S)
        for _ in range(3):
            seal() if number % 2 else kitchen.receive("Flour", 1, "kg", 2)

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(work, range(6)))
    seal()
    found = verified()
    assert found["drift"] == []
    assert (found["seals"]["seals"], found["seals"]["operations_not_sealed"]) == (10, 1)


def test_seals_hold_in_another_database(sqlite_url: str, postgresql_url: str) -> None:
    """A seal made on SQLite verifies on PostgreSQL: the hash depends on neither."""
    database_urls = (sqlite_url, postgresql_url)
    run_in_transaction(lambda session: things.record_event("Fair", session=session), sqlite_url)
    made = run_in_transaction(lambda session: record_seal(session=session), sqlite_url)
    move_bakery(*database_urls, Telling())
    found = verified(expect=made["sha256"])
    assert (found["drift"], found["seals"]["expected_seal"]) == ([], 1)


# What is hashed -----------------------------------------------------------------------------------------------------


def test_the_hash_is_what_it_was() -> None:
    """A different hash would break every existing seal, so one is written down here."""
    at = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    row = canonical_row("lot", {"id": 1, "code": "Käse", "is_made": True, "expires_on": None, "at": at})
    assert row == b'["lot",{"at":"2026-01-02T03:04:05.000006Z","code":"K\\u00e4se","id":1,"is_made":true}]\n'
    covered = SealHash(2, "0" * 64, NOBODY, at, None)
    covered.add(NOBODY, "1" * 64)
    assert covered.sha256() == "b8210bc531066b8c7e3e7d8b6d68c4d3a82018a04b9eabd1cb86f566cec3b31a"


def test_an_instant_is_hashed_as_such() -> None:
    """The zone in which the database answers makes no difference."""
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    elsewhere = at.astimezone(timezone(timedelta(hours=5)))
    assert canonical_row("lot", {"at": at}) == canonical_row("lot", {"at": elsewhere})


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (1, True), (1, 1.0), ("a", b"a"), (None, ""), (None, 0)])
def test_values_that_are_not_the_same_are_not_hashed_alike(one: object, other: object) -> None:
    """SQLite stores any value in any column."""
    assert canonical_row("lot", {"code": one}) != canonical_row("lot", {"code": other})


def test_every_column_is_covered_or_left_out_for_a_reason() -> None:
    """A new table or column fails here until somebody decides whether it is history."""
    tables = Base.metadata.tables
    assert set(tables) == {*COVERED, *NOT_HISTORY}
    for name, covered in COVERED.items():
        left_out = EXCLUDED.get(name, {})
        assert {column.name for column in tables[name].columns} == {*covered, *left_out}, name
        assert len(covered) + len(left_out) == len(tables[name].columns), name
    assert all([*NOT_HISTORY.values(), *(reason for reasons in EXCLUDED.values() for reason in reasons.values())])


def test_every_table_that_refers_to_an_operation_is_covered() -> None:
    """Exceptions are seals, which are chained instead, and tables about one installation."""
    owned = {table.name for table in Base.metadata.tables.values() if "operation_id" in table.columns}
    assert owned - {"seal", "sealed_operation", "restored_operation"} == {*COVERED} - {"operation"}


@pytest.mark.parametrize("module", ["queries.verify.sealed_history", "queries.archive.rows"])
def test_a_program_that_loads_only_this_knows_the_ledger(module: str) -> None:
    """A command that only seals, or only backs up, loads little else."""
    program = f"import bake_tracker.{module} as one; assert 'movement' in one.Base.metadata.tables"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# What is found ------------------------------------------------------------------------------------------------------


def test_every_column_of_history_that_is_changed_is_named(sealed: Kitchen) -> None:
    """One value of each column in turn is changed; the report names its operation, if there is one."""
    unseen = {name: unseen_changes(name) for name in (*COVERED, "recipe_snapshot", "seal", "sealed_operation")}
    assert {name: columns for name, columns in unseen.items() if columns} == {}


def unseen_changes(name: str) -> list[str]:
    """Return the columns of a table that can change outside the program without the seals finding it."""
    table: Table = Base.metadata.tables[name]
    (key,) = table.primary_key.columns
    owner = "id" if name == "operation" else "operation_id"
    unseen = []
    for column in table.columns:
        if column.name in EXCLUDED.get(name, {}):
            continue
        with without_guards() as session:
            row = session.execute(select(*table.columns).order_by(key).limit(1)).one()._mapping
            changed = another(row[column.name], column)
            done = session.execute(update(table).where(key == row[key.name]).values({column.name: changed}))
            assert done.rowcount == 1  # type: ignore[attr-defined]  # an update has one
            drifts: list[Drift] = []
            if name == "recipe_snapshot":
                drifts = verify_ledger(session)["drift"]
            else:
                verify_seals(session, drifts, lambda _what, _done: None, None)
            found = {(drift["what"], drift["id"]) for drift in drifts}
        if not (("sealed operation", row[owner]) in found if name in COVERED else found):
            unseen.append(column.name)
    return unseen


def test_a_row_added_to_or_removed_from_a_sealed_operation_is_named(sealed: Kitchen) -> None:
    """Adding or removing a movement, a lot or a run changes its operation."""
    run, *_ = sealed.rows("SELECT operation_id, lot_id FROM production_run ORDER BY id")
    more = (
        "INSERT INTO movement (operation_id, lot_id, quantity_micros, cost_micros, happened_at) "
        "SELECT :o, :l, 1, 1, recorded_at FROM operation WHERE id = :o"
    )
    for statement in (
        more,
        "DELETE FROM movement WHERE operation_id = :o AND lot_id = :l",
        "DELETE FROM production_run WHERE operation_id = :o AND lot_id = :l",
        "DELETE FROM lot WHERE operation_id = :o AND id = :l",
    ):
        found = drift_after(statement, o=run.operation_id, l=run.lot_id)
        expected = {"expected": "as sealed by seal 1", "found": "changed since"}
        assert {"what": "sealed operation", "id": str(run.operation_id), **expected} in found


def test_a_sealed_operation_that_is_gone_without_a_trace_is_named(sealed: Kitchen) -> None:
    """The ledger may agree with itself without it; the seal does not."""
    (box,) = sealed.rows("SELECT operation_id, lot_id FROM assembly_run")
    found = drift_after(
        "DELETE FROM assembly_run WHERE operation_id = :o",
        "UPDATE lot SET remaining_micros = remaining_micros - (SELECT coalesce(sum(quantity_micros), 0) FROM movement"
        " WHERE lot_id = lot.id AND operation_id = :o), remaining_cost_micros = remaining_cost_micros"
        " - (SELECT coalesce(sum(cost_micros), 0) FROM movement WHERE lot_id = lot.id AND operation_id = :o)",
        "DELETE FROM movement WHERE operation_id = :o",
        "DELETE FROM lot WHERE operation_id = :o",
        "DELETE FROM operation WHERE id = :o",
        o=box.operation_id,
    )
    gone = {"expected": "as sealed by seal 2", "found": "gone"}
    assert found == [{"what": "sealed operation", "id": str(box.operation_id), **gone}]


def test_an_operation_slipped_into_a_seal_is_named(sealed: Kitchen) -> None:
    """Even with the right hash of its own, the seal covers one operation more than before."""
    (late,) = sealed.rows(
        "SELECT id FROM operation WHERE id NOT IN (SELECT operation_id FROM sealed_operation)"
        " AND name = 'record_receipt'"
    )
    seal()
    assert named_after("UPDATE sealed_operation SET seal_number = 1 WHERE operation_id = :o", o=late.id) >= {
        "operations in seal",
        "hash of seal",
    }


@pytest.mark.parametrize("number", [1, 2])
def test_a_seal_that_is_gone_is_named(sealed: Kitchen, number: int) -> None:
    """It may be removed alone, with its members, and with its operation if another seal covers that."""
    assert "seal" in named_after("DELETE FROM seal WHERE number = :n", n=number)
    members = "DELETE FROM sealed_operation WHERE seal_number = :n"
    assert "seal made by" in named_after(members, "DELETE FROM seal WHERE number = :n", n=number)
    made_by = "DELETE FROM operation WHERE id IN (SELECT operation_id FROM seal WHERE number = :n)"
    if number == 1:
        assert "seal" in named_after(members, made_by, "DELETE FROM seal WHERE number = :n", n=number)


def test_a_hash_made_to_fit_a_change_breaks_the_next(sealed: Kitchen) -> None:
    """Changing an operation and its entry in the seal means rebuilding every later seal."""
    found = named_after("UPDATE sealed_operation SET sha256 = :h WHERE seal_number = 1", h="0" * 64)
    assert found == {"sealed operation", "hash of seal"}
    assert named_after("UPDATE seal SET sha256 = :h WHERE number = 1", h="0" * 64) == {
        "hash of seal",
        "seal before",
        "seal made by",
    }


def test_a_chain_that_was_rebuilt_whole_is_found_by_the_hash_kept_elsewhere(sealed: Kitchen) -> None:
    """Without that hash nothing shows: a seal proves no more than the copy somebody kept."""
    kept = verified()["seals"]["latest_sha256"]
    assert kept is not None
    assert verified(expect=kept)["seals"]["expected_seal"] == 2
    with without_guards(keep=True) as session:
        for table in ("sealed_operation", "seal"):
            session.execute(text(f"DELETE FROM {table}"))
        session.execute(text("DELETE FROM operation WHERE name = 'record_seal'"))
        session.execute(text("UPDATE operation SET actor = 'somebody else'"))  # nothing else says who it was
    seal()
    assert verified()["drift"] == []
    assert verified(expect=kept)["drift"] == [
        {"what": "seal kept elsewhere", "id": kept, "expected": "a seal of this hash", "found": "none"}
    ]


def test_a_value_of_the_wrong_type_is_named_too(sqlite_url: str) -> None:
    """SQLite stores any text in place of an instant."""
    assert sqlite_url
    run_in_transaction(lambda session: things.record_event("Fair", session=session))
    seal()
    assert "sealed operation" in named_after("UPDATE operation SET recorded_at = 'yesterday'")


# By command ---------------------------------------------------------------------------------------------------------


def test_the_command_seals_and_verify_says_how_far(bake: CommandLine) -> None:
    """The hash is printed for safekeeping; verify compares it and counts what is not sealed yet."""
    assert bake("item", "add", "ingredient", "Flour", "--unit", "g").code == 0
    assert "No seals yet; 1 operation could be changed unnoticed. Run: bake seal" in bake("verify").out
    made = bake("seal", "--json").json
    assert (made["seal_number"], made["operation_count"]) == (1, 1)
    done = bake("verify", "--expect", made["sha256"])
    assert done.code == 0
    assert done.out.splitlines()[1:3] == [
        f"1 seal for 1 operation, 1 not sealed yet. Seal 1: {made['sha256']}",
        "The hash you kept elsewhere matches seal 1.",
    ]
    assert bake("seal").out.startswith("Seal 2 covers 1 operation: ")
    assert bake("log", "tail", "operation=record_seal", "--json").out.count('"success"') == 2


def test_a_hash_that_is_nowhere_exits_1_and_no_hash_exits_2(bake: CommandLine) -> None:
    """Another chain than the one kept is a difference; half a hash is a typing error."""
    bake("seal")
    assert bake("verify", "--expect", "0" * 64).code == 1
    done = bake("verify", "--expect", "abc")
    assert done.code == 2
    assert "64 hexadecimal digits" in " ".join(done.err.replace("│", " ").split())


def test_the_command_continues_until_everything_is_sealed(bake: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each seal has its own transaction, so nobody waits for long."""
    for name in ("Flour", "Sugar", "Salt"):
        bake("item", "add", "ingredient", name, "--unit", "g")
    monkeypatch.setattr("bake_tracker.services.seal.record_seal.__kwdefaults__", {"at_most": 2, "operation_id": None})
    monkeypatch.setattr("bake_tracker.entrypoints.cli.house.seal.AT_MOST", 2)
    made = bake("seal", "--json").json
    assert [one["operation_count"] for one in made["seals"]] == [2, 2, 1]
    assert json.loads(bake("verify", "--json").out)["seals"]["operations_not_sealed"] == 1
