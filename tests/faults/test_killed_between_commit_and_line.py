"""``kill -9`` after COMMIT has returned and before the line is written, where silence would make the log lie.

``BAKE_TRACKER_KILL_ROUNDS`` sets how often a process is killed at a random moment (4 times by default, 20 with
``--thorough``), and how often exactly in between, at each of four places: 3 times for every 20.
"""

import os
import random
import signal
import time
from typing import Any

import pytest

from bake_tracker.services.database import read_scope
from bake_tracker.services.reconcile.repair import repair_log
from bake_tracker.services.reconcile.verification import verify_log
from support.command_line import CommandLine
from support.depth import rounds
from support.faults.under_fault import committed, told, wait_for_the_server, worker
from support.kitchen import Kitchen
from support.warm.waiting import PATIENCE_S, wait_until

ROUNDS = int(os.environ.get("BAKE_TRACKER_KILL_ROUNDS", rounds(4, 20)))
AIMED_ROUNDS = max(1, ROUNDS * 3 // 20)
MAX_LIFE_S = 0.04


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dead process writes no late line, so the checks need not wait."""
    monkeypatch.setattr("bake_tracker.services.reconcile.verification.LINE_IS_LATE_S", (0,))


@pytest.fixture
def flour(kitchen: Kitchen, bake: CommandLine) -> dict[str, int]:
    """The log has its first line, and flour can be received."""
    assert bake("log", "verify").code == 0
    return {"Flour": kitchen.ingredient("Flour")}


def ids(named: list[Any]) -> list[str]:
    return [operation["operation_id"] for operation in named]


@pytest.mark.parametrize(("number", "per_transaction"), [(1, 1), (4, 1), (2, 3), (6, 3)])
def test_operations_killed_between_commit_and_line_are_named_and_repaired(
    kitchen: Kitchen, bake: CommandLine, flour: dict[str, int], number: int, per_transaction: int
) -> None:
    """Exactly the operations whose lines were not written are missing; after ``--repair`` all is well."""
    for _ in range(AIMED_ROUNDS):
        before = committed(kitchen)
        with worker(flour, [["receive"] * per_transaction], (number, signal.SIGKILL)) as dead:
            dead.process.join(PATIENCE_S)
            assert dead.process.exitcode == -signal.SIGKILL
        wait_for_the_server(kitchen)
        assert committed(kitchen) - before == set(dead.asked)
        # All lines of a transaction are written at once, so all of them are missing.
        killed = [operation_id for _, operation_id in dead.turns[-1]]
        assert bake("verify", "--no-log").code == 0
        found = bake("log", "verify", "--json")
        assert (found.code, ids(found.json["missing"])) == (1, killed)
        repaired = bake("log", "verify", "--repair", "--json")
        assert (repaired.code, ids(repaired.json["repaired"])) == (0, killed)
        assert bake("log", "verify").code == 0
        assert set(dead.asked) <= set(told(bake.log_file))


def test_a_process_that_continues_after_a_repair_does_not_make_the_log_disagree(
    kitchen: Kitchen, bake: CommandLine, flour: dict[str, int]
) -> None:
    """A process that was only stopped writes its own line at last; beside the repaired line it does not count again."""
    with worker(flour, [["receive"]], (2, signal.SIGSTOP)) as stopped:
        assert [stopped.listen() for _ in range(3)] == [True] * 3  # asked, done, and asked
        _, late = stopped.asked
        wait_until(lambda: late in committed(kitchen))
        assert ids(bake("log", "verify", "--repair", "--json").json["repaired"]) == [late]
        assert stopped.process.pid is not None
        os.kill(stopped.process.pid, signal.SIGCONT)
        assert stopped.listen()
        assert stopped.done[-1] == late
    assert told(bake.log_file).count(late) == 2
    wait_for_the_server(kitchen)
    assert bake("log", "verify", "--repair").code == 0


def test_nothing_acknowledged_is_lost_by_a_kill_at_a_random_moment(
    kitchen: Kitchen, bake: CommandLine, flour: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Acknowledged turns are in the ledger and, after ``--repair``, in the log; the rest wholly or not at all."""
    chance = random.Random(ROUNDS)
    acknowledged: set[str] = set()
    killed_before_line = lost = written = 0
    for number in range(ROUNDS):
        per_transaction = 1 + 3 * (number % 2)
        with worker(flour, [["receive"] * per_transaction]) as dead:
            assert dead.listen()
            assert dead.listen()  # it is at work: one transaction is done
            time.sleep(chance.uniform(0, MAX_LIFE_S))
        wait_for_the_server(kitchen)
        acknowledged.update(dead.done)
        in_doubt = set(dead.asked) - set(dead.done)
        recorded = committed(kitchen)
        assert in_doubt & recorded in (set(), in_doubt)
        with read_scope() as session:
            missing = ids(verify_log(session, bake.log_file)["missing"])
            assert set(missing) == in_doubt & recorded - set(told(bake.log_file))
            repaired = repair_log(session, bake.log_file)
        assert (ids(repaired["repaired"]), repaired["clean"]) == (missing, True)
        killed_before_line += bool(missing)
        written += len(missing)
        lost += len(acknowledged - recorded) + len(recorded - {*told(bake.log_file)})
        assert bake("verify").code == 0
    assert lost == 0
    assert sorted(told(bake.log_file)) == sorted(set(told(bake.log_file)))
    with capsys.disabled():
        print(  # noqa: T201  the figures of this run
            f"\n{ROUNDS} rounds killed at random, {len(acknowledged)} operations acknowledged: {killed_before_line} "
            f"killed between COMMIT and line, {written} lines repaired, {lost} lost"
        )
