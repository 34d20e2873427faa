"""The primary dies under load and its standby takes over: what was acknowledged is there, or the log says it was lost.

``--thorough`` plays 20 rounds of each.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.database import dispose_engines, session_scope
from support.command_line import CommandLine
from support.depth import rounds
from support.faults.under_fault import committed, listen_for, load, stocked_bakery, told
from support.two_servers import TwoServers, two_servers_with_a_template

WRITERS = 2
GRANT = "GRANT EXECUTE ON FUNCTION pg_read_file(text, bigint, bigint, boolean) TO auditor"


@pytest.fixture(scope="module")
def pair() -> Iterator[TwoServers]:
    """Two servers, with a migrated database called ``template``."""
    with two_servers_with_a_template() as pair:
        yield pair


@pytest.fixture
def follow(pair: TwoServers, use: Callable[[str], str], request: pytest.FixtureRequest) -> Callable[[], str]:
    """Use this test's database on the server that is the primary now."""
    name = f"bakery_{abs(hash(request.node.name)):x}"
    pair.primary.ask(f"CREATE DATABASE {name} TEMPLATE template")

    def use_it() -> str:
        dispose_engines()
        return use(pair.primary.url_of(name))

    return use_it


@pytest.fixture
def database_url(follow: Callable[[], str]) -> str:
    """A fresh bakery on the primary."""
    return follow()


def verified(bake: CommandLine, *words: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        # the dead write no line late
        patch.setattr("bake_tracker.services.reconcile.verification.LINE_IS_LATE_S", (0,))
        return bake("log", "verify", *words, "--json").json


def lost_in(found: Any) -> set[str]:
    return {one["operation_id"] for one in found["lost"]}


@pytest.mark.parametrize("is_synchronous", [True, False], ids=["synchronous", "asynchronous and lagging"])
def test_every_acknowledged_operation_is_there_or_named_as_lost(
    pair: TwoServers, follow: Callable[[], str], bake: CommandLine, *, is_synchronous: bool, capsys: Any
) -> None:
    """With a synchronous standby nothing is lost; with one that lags, the log names what is, and nothing else."""
    kitchen = stocked_bakery(bake)
    chance, counts, lost_before = random.Random(is_synchronous), Counter[str](), set[str]()
    for _ in range(rounds(1, 20)):
        pair.replicate(is_synchronous=is_synchronous)
        dispose_engines()
        with load(kitchen, WRITERS, chance) as busy:
            listen_for(busy, chance.uniform(0, 0.2))
            if not is_synchronous:
                pair.primary.stop_sending()
                for heard in busy:
                    heard.wait_for_a_turn()
            listen_for(busy, chance.uniform(0, 0.1))
            pair.fail_over()
        follow()
        acknowledged = {one for heard in busy for one in heard.done}
        there, successes = committed(kitchen), set(told(bake.log_file))
        found = verified(bake)
        lost = successes - there - lost_before
        assert (lost_in(found), found["forged"], found["doubled"], found["undecided"]) == (lost, [], [], [])
        assert bool(acknowledged - there) != is_synchronous
        assert acknowledged - there <= lost
        lost_before |= lost
        after = verified(bake, "--repair")
        assert (after["clean"], after["lost_noted"]) == (True, len(lost_before))
        assert bake("verify", "--no-log").code == 0
        counts["acknowledged"] += len(acknowledged)
        counts["acknowledged and not there"] += len(acknowledged - there)
        counts["there, without an answer"] += sum(len(set(heard.asked) & there - acknowledged) for heard in busy)
        counts["named as lost"] += len(lost)
        counts.update(one["known_by"] for one in found["lost"])
    with capsys.disabled():
        print(f"\n{rounds(1, 20)} failovers, synchronous: {is_synchronous}: {dict(counts)}")  # noqa: T201


def test_a_commit_that_straddles_the_branch_is_lost_too(
    pair: TwoServers, follow: Callable[[], str], bake: CommandLine
) -> None:
    """The standby has the operation's row, but not its COMMIT: the line's place lies before the branch."""
    pair.replicate()
    bake("log", "verify")
    with session_scope() as session:
        done = record_supplier("Mill", session=session)["operation_id"]
        session.flush()
        pair.primary.ask("SELECT pg_logical_emit_message(true, 'another', 'COMMIT')")  # sends the row's record as well
        pair.wait_for_the_standby()
        pair.primary.stop_sending()
    told_before = told(bake.log_file)
    pair.fail_over()
    follow()
    (lost,) = verified(bake)["lost"]
    assert (lost["operation_id"], lost["known_by"], done in told_before) == (done, "open_at_the_branch", True)


def test_a_lie_and_a_second_attempt_are_not_named_as_lost(
    pair: TwoServers, follow: Callable[[], str], bake: CommandLine
) -> None:
    """A made-up line stays unexplained; an operation that was lost and recorded again has two lines, both true."""
    pair.replicate()
    bake("log", "verify")
    with session_scope() as session:
        kept = record_supplier("Mill", session=session)["operation_id"]
    pair.wait_for_the_standby()
    pair.primary.stop_sending()
    with session_scope() as session:
        lost = record_supplier("Dairy", session=session)["operation_id"]
    pair.fail_over()
    follow()
    lines = [json.loads(line) for line in bake.log_file.read_text("utf-8").splitlines()]
    (of_kept,) = [line for line in lines if line.get("operation_id") == kept]
    made_up = [
        {**of_kept, "operation_id": str(UUID(int=1))},  # its transaction was committed on this server
        {**of_kept, "operation_id": str(UUID(int=2)), "timeline": of_kept["timeline"] + 1},
        {**of_kept, "operation_id": str(UUID(int=3)), "timeline": of_kept["timeline"] + 2, "lsn": "FFFFFFFF/0"},
        {name: of_kept[name] for name in of_kept if name != "lsn"} | {"operation_id": str(UUID(int=4))},
        {**of_kept, "operation_id": str(UUID(int=5)), "xid": 2**63},
    ]
    with bake.log_file.open("a") as log:
        log.writelines(f"{json.dumps(line)}\n" for line in made_up)
    found = verified(bake)
    assert ([one["operation_id"] for one in found["lost"]], len(found["forged"])) == ([lost], 5)
    assert bake("log", "verify").out.count("committed, and lost when another server took over: record_supplier") == 1
    noted = [verified(bake, "--repair"), verified(bake, "--repair")]
    assert [(one["lost"], one["lost_noted"], len(one["forged"])) for one in noted] == [([], 1, 5)] * 2
    written = json.loads(bake.log_file.read_text("utf-8").splitlines()[-1])
    assert (written["message"], written["operation_id"]) == ("record_supplier: lost", lost)
    with session_scope() as session:
        record_supplier("Dairy", session=session, operation_id=lost)
    again = verified(bake)
    assert (again["lost"], again["lost_noted"], again["doubled"], len(again["forged"])) == ([], 0, [], 5)


def test_a_standby_that_is_behind_accuses_nobody(
    pair: TwoServers, follow: Callable[[], str], bake: CommandLine, use: Callable[[str], str]
) -> None:
    """It says how many operations only the primary can compare, and names a line without a place."""
    pair.replicate()
    bake("log", "verify")
    with session_scope() as session:
        record_supplier("Mill", session=session)
    pair.wait_for_the_standby()
    pair.primary.stop_sending()
    with session_scope() as session:
        record_supplier("Dairy", session=session)
    lines = [json.loads(line) for line in bake.log_file.read_text("utf-8").splitlines()]
    with bake.log_file.open("a") as log:
        log.write(json.dumps({**lines[-2], "operation_id": str(UUID(int=1)), "xid": None}) + "\n")
    dispose_engines()
    use(pair.standby.url_of(follow().rpartition("/")[2]))
    found = verified(bake)
    assert (found["on_their_way"], found["lost"]) == (1, [])
    assert [one["operation_id"] for one in found["forged"]] == [str(UUID(int=1))]
    assert "This standby may not have received 1 operation yet; ask the primary." in bake("log", "verify").out


def test_who_may_not_read_the_history_is_told_so(
    pair: TwoServers, follow: Callable[[], str], bake: CommandLine
) -> None:
    """Nothing is named as lost then; with the right to read it, it is."""
    pair.replicate()
    bake("log", "verify")
    pair.primary.stop_sending()
    with session_scope() as session:
        lost = record_supplier("Mill", session=session)["operation_id"]
    pair.fail_over()
    url = follow()
    database = url.rpartition("/")[2]
    pair.primary.ask("DROP ROLE IF EXISTS auditor")
    pair.primary.ask("CREATE ROLE auditor LOGIN IN ROLE pg_read_all_data")
    as_auditor = ("--database", url.replace("postgres@", "auditor@"))
    found = verified(bake, *as_auditor)
    assert (found["lost"], [one["operation_id"] for one in found["forged"]]) == ([], [lost])
    assert "Run this as an administrator of the server" in bake("log", "verify", *as_auditor).out
    pair.primary.ask(GRANT, database)
    assert lost_in(verified(bake, *as_auditor)) == {lost}


def test_the_server_decides_what_the_log_calls_unknown(
    pair: TwoServers, follow: Callable[[], str], bake: CommandLine
) -> None:
    """Without a row, it was rolled back, is still open, or nobody knows, for example on another timeline."""
    pair.replicate()
    bake("log", "verify")
    with session_scope() as session:
        xid = session.execute(text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")).scalar_one()
        record_supplier("Mill", session=session)
        session.rollback()
    (line,) = [json.loads(line) for line in bake.log_file.read_text("utf-8").splitlines() if '"rolled_back"' in line]
    assert line["xid"] == xid
    unknown = {**line, "outcome": "unknown", "operation_id": str(UUID(int=1))}
    with psycopg.connect(f"host=127.0.0.1 port={pair.primary.port} user=postgres") as still_open:
        (row,) = still_open.execute("SELECT pg_current_xact_id()::text::bigint").fetchall()
        waits = {**unknown, "xid": row[0], "operation_id": str(UUID(int=2))}
        elsewhere = {**unknown, "timeline": line["timeline"] + 1, "operation_id": str(UUID(int=3))}
        with bake.log_file.open("a") as log:
            log.writelines(f"{json.dumps(one)}\n" for one in (unknown, waits, elsewhere))
        found = verified(bake)
    assert [[one["operation_id"] for one in found[name]] for name in ("rolled_back", "undecided")] == [
        [str(UUID(int=1))],
        [str(UUID(int=2))],
    ]
    assert not found["clean"]
    assert verified(bake)["clean"]
