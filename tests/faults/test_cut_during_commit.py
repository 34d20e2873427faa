"""When the connection to PostgreSQL breaks during COMMIT, the outcome is unknown until the operation id is retried."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from bake_tracker.clock import uuid7
from bake_tracker.database import scopes
from bake_tracker.services.database import run_in_transaction, session_scope
from support.command_line import CommandLine
from support.databases import fresh_postgresql
from support.faults.cutting_proxy import Cut, CuttingProxy, cutting_proxy
from support.faults.under_fault import ROUNDS, Before, assert_nothing_lost_or_doubled, lines, stocked_bakery
from support.faults.workers import EFFECTS, Turn, carry_out

COMMITTED = (Cut.AFTER, Cut.LATE)


@pytest.fixture
def proxy(request: pytest.FixtureRequest) -> Iterator[CuttingProxy]:
    """The proxy before the tests' server."""
    folder = make_url(request.getfixturevalue("postgresql_server")).query["host"]
    with cutting_proxy(Path(str(folder)) / ".s.PGSQL.5432") as proxy:
        yield proxy


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path, proxy: CuttingProxy, use: Callable[[str], str]) -> str:
    """A fresh bakery behind the proxy."""
    direct = make_url(fresh_postgresql(request, tmp_path))
    behind = direct.set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable", "gssencmode": "disable"})
    return use(behind.render_as_string(hide_password=False))


def some_turn(chance: random.Random) -> Turn:
    return [(chance.choice(list(EFFECTS)), uuid7()) for _ in range(chance.randint(1, 3))]


def outcomes(bake: CommandLine, turn: Turn) -> list[list[str]]:
    """The logged outcomes of each operation of a turn, in order."""
    told = [(line["operation_id"], line["outcome"]) for line in lines(bake.log_file) if "operation_id" in line]
    return [[outcome for told_id, outcome in told if told_id == operation_id] for _, operation_id in turn]


@pytest.mark.parametrize("cut", Cut)
def test_a_commit_that_was_cut_is_unknown_until_asked_again(bake: CommandLine, proxy: CuttingProxy, cut: Cut) -> None:
    """The caller gets the error; the same id again is a replay if it was committed, and is recorded if it was not."""
    kitchen = stocked_bakery(bake)
    chance = random.Random(ROUNDS)
    for _ in range(ROUNDS):
        before, turn = Before.of(kitchen), some_turn(chance)
        proxy.cuts = [cut]
        with pytest.raises(DBAPIError) as heard, session_scope() as session:
            carry_out(session, kitchen.ids, turn)
        assert (heard.value.connection_invalidated, proxy.cuts) == (True, [])
        assert outcomes(bake, turn) == [["unknown"]] * len(turn)
        run_in_transaction(partial(carry_out, ids=kitchen.ids, turn=turn))
        second = "replayed" if cut in COMMITTED else "success"
        assert outcomes(bake, turn) == [["unknown", second]] * len(turn)
        assert_nothing_lost_or_doubled(kitchen, bake, before, [turn], [key for _, key in turn])


@pytest.mark.parametrize("cut", Cut)
def test_the_owner_of_the_transaction_resolves_it_alone(bake: CommandLine, proxy: CuttingProxy, cut: Cut) -> None:
    """A caller of ``run_in_transaction`` gets the answer, however often the COMMIT is cut."""
    kitchen = stocked_bakery(bake)
    chance = random.Random(ROUNDS)
    for number in range(ROUNDS):
        before, turn = Before.of(kitchen), some_turn(chance)
        proxy.cuts = [cut] * (1 + number % 2)
        cuts = len(proxy.cuts)
        run_in_transaction(partial(carry_out, ids=kitchen.ids, turn=turn))
        assert proxy.cuts == []
        told = ["unknown", *["replayed"] * cuts] if cut in COMMITTED else [*["unknown"] * cuts, "success"]
        assert outcomes(bake, turn) == [told] * len(turn)
        assert_nothing_lost_or_doubled(kitchen, bake, before, [turn], [key for _, key in turn])


def test_a_turn_that_is_committed_and_never_asked_again_is_named_unresolved_and_repaired(
    bake: CommandLine, proxy: CuttingProxy
) -> None:
    """The ledger knows what the log could only call unknown."""
    kitchen = stocked_bakery(bake)
    before, turn = Before.of(kitchen), some_turn(random.Random(1))
    proxy.cuts = [Cut.AFTER]
    with pytest.raises(DBAPIError), session_scope() as session:
        carry_out(session, kitchen.ids, turn)
    found = bake("log", "verify", "--json")
    assert (found.code, {named["operation_id"] for named in found.json["unresolved"]}) == (1, {key for _, key in turn})
    assert found.json["missing"] == []
    counts = assert_nothing_lost_or_doubled(kitchen, bake, before, [turn], [])
    assert counts["repaired"] == len(turn)


def test_giving_up_after_a_cut_says_that_it_may_be_recorded_and_how_to_find_out(
    bake: CommandLine, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receipt exists, but the server cannot be reached to find out: it is neither done nor refused."""
    kitchen = stocked_bakery(bake)
    before = Before.of(kitchen)
    monkeypatch.setattr(scopes, "RETRY_FOR_S", 0.2)
    proxy.is_closed_by_a_cut, proxy.cuts = True, [Cut.AFTER]
    said = bake("receive", "flour", "1", "kg")
    assert (said.code, "Outcome unknown: " in said.err) == (
        3,
        True,
    )  # it is not a refusal, and must not simply be repeated
    in_doubt = [line["operation_id"] for line in lines(bake.log_file) if line.get("outcome") == "unknown"]
    assert (
        f"the operation may or may not be recorded; before you repeat it, run: bake explain {in_doubt[0]}" in said.err
    )
    proxy.open()
    assert bake("explain", in_doubt[0]).code == 0
    assert_nothing_lost_or_doubled(kitchen, bake, before, [[("receive", in_doubt[0])]], in_doubt)
