"""Lines, rows and PostgreSQL's write-ahead log agree, and each lie of one of them is named."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from bake_tracker.domain.errors import ServiceError
from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.database import session_scope
from support.command_line import CommandLine
from support.faults.under_fault import load, stocked_bakery
from support.kitchen import Kitchen
from support.log.lines import failing
from support.two_servers import TwoServers, two_servers_with_a_template


@pytest.fixture(scope="module")
def pair() -> Iterator[TwoServers]:
    """Two servers, with a migrated database called ``template``."""
    with two_servers_with_a_template() as pair:
        yield pair


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return f"bakery_{abs(hash(request.node.name)):x}"


@pytest.fixture
def database_url(pair: TwoServers, use: Callable[[str], str], name: str) -> Iterator[str]:
    """A fresh bakery, whose slot no other test has to share a server with."""
    pair.primary.ask(f"CREATE DATABASE {name} TEMPLATE template")
    yield use(pair.primary.url_of(name))
    pair.primary.ask(
        f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{name}'", name
    )


@pytest.fixture
def asked(bake: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Begin the witness; then each call asks it. No line comes late."""
    for pauses in ("verification.LINE_IS_LATE_S", "three_witnesses.UNFLUSHED_S"):
        monkeypatch.setattr(f"bake_tracker.services.reconcile.{pauses}", (0,))
    assert bake("log", "verify").code == 0
    assert bake("log", "witness", "--begin").code == 0

    def ask() -> Any:
        found = bake("log", "verify", "--wal", "--json")
        assert (found.code == 0) == found.json["clean"]
        return found.json

    return ask


def contradictions(found: Any) -> list[tuple[str, bool, bool, bool]]:
    """Who says that an operation was committed: line, row, write-ahead log."""
    assert found["wal"]["available"]
    assert found["clean"] == (found["wal"]["contradictions"] == [])
    return [(one["operation_id"], one["line"], one["row"], one["wal"]) for one in found["wal"]["contradictions"]]


def supplier(name: str) -> str:
    with session_scope() as session:
        return record_supplier(name, session=session)["operation_id"]


def edit(bake: CommandLine, change: Callable[[list[Any]], list[Any]]) -> None:
    lines = change([json.loads(line) for line in bake.log_file.read_text("utf-8").splitlines()])
    bake.log_file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


def test_three_witnesses_agree_on_a_clean_run(asked: Callable[[], Any], bake: CommandLine) -> None:
    """Refusals and rollbacks left nothing; an operation inside another one is in the log like any other."""
    before = asked()
    assert (contradictions(before), before["wal"]["operations_in_wal"]) == ([], 0)
    kitchen = Kitchen().simple_bakery()
    with session_scope() as session:
        record_supplier("Mill", session=session)
        with failing(ServiceError):
            record_supplier("Mill", session=session)
        with session.begin_nested() as undone:
            record_supplier("Dairy", session=session)
            undone.rollback()
    with session_scope() as session:
        record_supplier("Farm", session=session)
        session.rollback()
    found = asked()
    assert contradictions(found) == []
    assert found["wal"]["operations_in_wal"] == kitchen.rows("SELECT count(*) FROM operation")[0][0]
    assert "and agrees with lines and rows" in bake("log", "verify", "--wal").out


def test_a_line_that_lies_is_contradicted(asked: Callable[[], Any], bake: CommandLine) -> None:
    """One that was made up, one with another transaction's number, and one that somebody removed."""
    made_up, altered, removed = str(UUID(int=1)), supplier("Mill"), supplier("Dairy")
    edit(bake, lambda lines: [*lines, {**lines[-1], "operation_id": made_up}])
    assert contradictions(asked()) == [(made_up, True, False, False)]
    assert "the line says that it was committed, the row and the write-ahead log do not" in bake(
        "log", "verify", "--wal"
    ).out.replace("\n", " ")
    edit(bake, lambda lines: [one for one in lines if one.get("operation_id") not in (made_up, removed)])
    assert contradictions(asked()) == [(removed, False, True, True)]
    bake("log", "verify", "--repair")
    edit(bake, lambda lines: [{**one, "xid": 99} if one.get("operation_id") == altered else one for one in lines])
    assert contradictions(asked()) == [(altered, True, True, False)]


def test_a_row_that_somebody_removed_is_missed(
    pair: TwoServers, asked: Callable[[], Any], bake: CommandLine, name: str
) -> None:
    """Line and write-ahead log still have it; without its line, the write-ahead log alone does."""
    removed = supplier("Mill")
    pair.primary.ask(
        f"SET session_replication_role = replica; DELETE FROM operation WHERE id = '{removed}'; RESET ALL", name
    )
    assert contradictions(asked()) == [(removed, True, False, True)]
    edit(bake, lambda lines: [one for one in lines if one.get("operation_id") != removed])
    assert contradictions(asked()) == [(removed, False, False, True)]


def test_a_write_ahead_log_that_keeps_something_back_is_contradicted(
    pair: TwoServers, asked: Callable[[], Any], name: str
) -> None:
    """Somebody had the server leave out the table for a while."""
    pair.primary.ask("ALTER PUBLICATION bake_tracker_witness DROP TABLE operation", name)
    left_out = supplier("Mill")
    pair.primary.ask("ALTER PUBLICATION bake_tracker_witness ADD TABLE operation", name)
    supplier("Dairy")
    assert contradictions(asked()) == [(left_out, True, True, False)]


def unavailable(bake: CommandLine, *words: str) -> str:
    found = bake("log", "verify", "--wal", "--json", *words)
    assert (found.code, found.json["clean"], found.json["wal"]["available"]) == (1, False, False)
    assert "not available as a witness" in bake("log", "verify", "--wal", *words).out
    return str(found.json["wal"]["unavailable_because"])


def test_without_the_witness_there_is_no_agreement(
    pair: TwoServers, database_url: str, bake: CommandLine, name: str
) -> None:
    """It was not begun, it ended, this user may not ask it, or the server needed the room."""
    assert bake("log", "verify").code == 0
    assert unavailable(bake) == "not_begun"
    assert bake("log", "witness", "--begin").out == "The server keeps its write-ahead log for: bake log verify --wal\n"
    assert bake("log", "verify", "--wal").code == 0
    pair.primary.ask("DROP ROLE IF EXISTS auditor")
    pair.primary.ask("CREATE ROLE auditor LOGIN IN ROLE pg_read_all_data")
    assert unavailable(bake, "--database", database_url.replace("postgres@", "auditor@")) == "no_right"
    assert bake("log", "witness", "--end").code == 0
    assert unavailable(bake) == "not_begun"
    assert bake("log", "witness", "--begin").code == 0
    pair.primary.set(max_slot_wal_keep_size="1MB", wal_keep_size="0")
    try:
        for _ in range(3):
            pair.primary.ask("SELECT pg_switch_wal(), pg_logical_emit_message(true, 'fill', 'it')", name)
        pair.primary.ask("CHECKPOINT")
        assert unavailable(bake) == "removed"
    finally:
        pair.primary.set(max_slot_wal_keep_size="64MB", wal_keep_size="256MB")
    assert bake("log", "witness", "--begin").code == 0
    assert bake("log", "verify", "--wal").code == 0


def test_nobody_is_contradicted_while_somebody_works(bake: CommandLine) -> None:
    """Lines, rows and write-ahead log are read one after another, and all of them grow."""
    kitchen = stocked_bakery(bake)
    assert bake("log", "witness", "--begin").code == 0
    with load(kitchen, 2, random.Random(1)) as busy:
        for _ in range(2):
            found = bake("log", "verify", "--wal", "--json").json
            assert contradictions(found) == []
            for heard in busy:
                heard.wait_for_a_turn()
    assert found["wal"]["operations_in_wal"] > 0


def test_what_is_not_on_the_disk_yet_is_waited_for(asked: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """After an asynchronous COMMIT, the line is there before the server can decode its own log."""
    with session_scope() as session:
        session.execute(text("SET LOCAL synchronous_commit = off"))
        record_supplier("Mill", session=session)
    monkeypatch.setattr("bake_tracker.services.reconcile.three_witnesses.UNFLUSHED_S", (0.01,) * 1_000)
    assert contradictions(asked()) == []


def test_a_server_that_would_keep_its_log_without_a_limit_is_refused(
    pair: TwoServers, database_url: str, bake: CommandLine
) -> None:
    """A slot that nobody asks would fill the disk."""
    pair.primary.set(max_slot_wal_keep_size="-1")
    try:
        refused = bake("log", "witness", "--begin")
    finally:
        pair.primary.set(max_slot_wal_keep_size="64MB")
    assert (refused.code, "max_slot_wal_keep_size: is -1 on this server" in refused.err) == (1, True)
    assert bake("log", "witness", "--json").json == {"available": False, "unavailable_because": "not_begun"}
