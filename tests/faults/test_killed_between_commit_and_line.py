"""``kill -9`` where the log could lie by saying nothing: after COMMIT has returned, and before the line is written.

``BAKE_TRACKER_KILL_ROUNDS`` sets how often a process is killed at a random moment; 20 times unless told.
"""

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import killed_worker
import pytest
from command_line import CommandLine
from kitchen import Kitchen

from bake_tracker.services.database import dispose_engines, read_scope
from bake_tracker.services.log_repair import repair_log
from bake_tracker.services.log_verification import verify_log

ROUNDS = int(os.environ.get("BAKE_TRACKER_KILL_ROUNDS", "20"))
PATIENCE_S = 60
MAX_LIFE_S = 0.04

_forking = multiprocessing.get_context("forkserver")
# Forked from a process that has imported everything already, a worker is soon at work. (That process knows only what is
# installed: the worker's own module is out of its sight.)
_forking.set_forkserver_preload(
    ["bake_tracker.services.receiving_service", "bake_tracker.services.log_setup", "psycopg", "alembic.command"]
)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dead write no line late."""
    monkeypatch.setattr("bake_tracker.services.log_verification.LINE_IS_LATE_S", (0,))


@pytest.fixture
def flour(kitchen: Kitchen, bake: CommandLine) -> int:
    """The log's first line is there, and flour can be received."""
    assert bake("log", "verify").code == 0
    return kitchen.ingredient("Flour")


@dataclass
class Heard:
    """What a worker said before it died."""

    process: BaseProcess
    pipe: Connection
    asked: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def listen(self) -> bool:
        """Take in the next thing it says; False when it has said its last."""
        try:
            what, ids = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return False
        (self.asked if what == "asked" else self.done).extend(ids)
        return True


@contextmanager
def worker(flour: int, per_transaction: int = 1, stop: tuple[int, int] = (0, 0)) -> Iterator[Heard]:
    """A process at work, until it dies or the block is left; then everything it said has been heard."""
    names = ("BAKE_TRACKER_DATABASE_URL", "BAKE_TRACKER_LOG_FILE")
    environment = {name: os.environ[name] for name in names}
    mine, its = _forking.Pipe(duplex=False)
    process = _forking.Process(target=killed_worker.work, args=(environment, flour, per_transaction, stop, its))
    process.start()
    its.close()
    heard = Heard(process, mine)
    try:
        yield heard
    finally:
        process.kill()
        process.join(PATIENCE_S)
        while heard.listen():
            pass
        mine.close()
        process.close()


def wait_for_the_server(kitchen: Kitchen) -> None:
    """PostgreSQL carries out what it was sent, and only then notices that nobody is there to hear the answer."""
    if os.environ["BAKE_TRACKER_DATABASE_URL"].startswith("sqlite"):
        return
    dispose_engines()
    others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while kitchen.rows(others):
        time.sleep(0.001)


def committed(kitchen: Kitchen) -> set[str]:
    return {str(row[0]) for row in kitchen.rows("SELECT id FROM operation")}


def told(log_file: Path) -> list[str]:
    """The operation of every success line, by a reader of our own."""
    lines = [json.loads(line) for line in log_file.read_text("utf-8").splitlines()]
    return [line["operation_id"] for line in lines if line["outcome"] == "success"]


def ids(named: list[Any]) -> list[str]:
    return [operation["operation_id"] for operation in named]


@pytest.mark.parametrize(("number", "per_transaction"), [(1, 1), (4, 1), (2, 3), (6, 3)])
def test_whoever_is_killed_between_commit_and_line_is_named_and_repaired(
    kitchen: Kitchen, bake: CommandLine, flour: int, number: int, per_transaction: int
) -> None:
    """Exactly the operations whose line was not reached are missing; ``--repair`` writes them and all is well."""
    for _ in range(3):
        before = committed(kitchen)
        with worker(flour, per_transaction, (number, signal.SIGKILL)) as dead:
            dead.process.join(PATIENCE_S)
            assert dead.process.exitcode == -signal.SIGKILL
        wait_for_the_server(kitchen)
        assert committed(kitchen) - before == set(dead.asked)
        killed = dead.asked[number - 1 :]
        assert bake("verify").code == 0
        found = bake("log", "verify", "--json")
        assert (found.code, ids(found.json["missing"])) == (1, killed)
        repaired = bake("log", "verify", "--repair", "--json")
        assert (repaired.code, ids(repaired.json["repaired"])) == (0, killed)
        assert bake("log", "verify").code == 0
        assert set(dead.asked) <= set(told(bake.log_file))


def test_whoever_goes_on_after_a_repair_does_not_make_the_log_disagree(
    kitchen: Kitchen, bake: CommandLine, flour: int
) -> None:
    """A process that was only stopped writes its own line at last: beside the repaired one it is no second success."""
    with worker(flour, 1, (2, signal.SIGSTOP)) as stopped:
        assert [stopped.listen() for _ in range(3)] == [True] * 3  # asked, done, and asked
        _, late = stopped.asked
        while late not in committed(kitchen):
            time.sleep(0.001)
        assert ids(bake("log", "verify", "--repair", "--json").json["repaired"]) == [late]
        assert stopped.process.pid is not None
        os.kill(stopped.process.pid, signal.SIGCONT)
        assert stopped.listen()
        assert stopped.done[-1] == late
    assert told(bake.log_file).count(late) == 2
    wait_for_the_server(kitchen)
    assert bake("log", "verify", "--repair").code == 0


def test_nothing_acknowledged_is_lost_by_a_kill_at_a_random_moment(
    kitchen: Kitchen, bake: CommandLine, flour: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was answered is in the ledger and, after ``--repair``, in the log; what was not is there wholly or not."""
    chance = random.Random(ROUNDS)
    acknowledged: set[str] = set()
    killed_before_line = lost = written = 0
    for number in range(ROUNDS):
        per_transaction = 1 + 3 * (number % 2)
        with worker(flour, per_transaction) as dead:
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
