"""Set processes to work, let something happen to them, and check that the bakery keeps what it told them.

``BAKE_TRACKER_FAULT_ROUNDS`` sets how often each fault happens; a few times unless told.
"""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.services.database import DatabaseUnavailableError, dispose_engines, run_in_transaction
from support.command_line import CommandLine
from support.depth import rounds
from support.faults import workers
from support.kitchen import Kitchen
from support.warm.forking import forked, forking
from support.warm.waiting import PATIENCE_S

ROUNDS = int(os.environ.get("BAKE_TRACKER_FAULT_ROUNDS", rounds(1, 2)))
STOCKED = ("Flour", "Sugar", "Carton", "Cookie", "Box")


@dataclass
class Heard:
    """What a worker said so far."""

    process: BaseProcess
    pipe: Connection
    turns: list[workers.Turn] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        return [operation_id for turn in self.turns for _, operation_id in turn]

    @property
    def in_doubt(self) -> workers.Turn:
        """The turn that was asked for and not answered, if there is one."""
        last = self.turns[-1] if self.turns else []
        return [] if {operation_id for _, operation_id in last} <= set(self.done) else last

    def listen(self) -> bool:
        """Take in the next thing it says; False when it has said its last."""
        try:
            what, turn = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return False
        if what == "asked":
            self.turns.append(turn)
        else:
            (self.done if what == "done" else self.failures).extend(text for _, text in turn)
        return True

    def wait_for_a_turn(self) -> None:
        """Wait until a turn is done that was asked for after this call."""
        while self.pipe.poll() and self.listen():
            pass
        asked = len(self.turns)
        while len(self.turns) == asked or self.in_doubt:
            assert self.pipe.poll(PATIENCE_S), self.failures[-1:]
            assert self.listen(), self.failures[-1:]


@contextmanager
def worker(ids: Mapping[str, int], turns: Sequence[Sequence[str]], stop: tuple[int, int] = (0, 0)) -> Iterator[Heard]:
    """A process at work, until it dies or the block is left; then everything it said has been heard."""
    mine, its = forking.Pipe(duplex=False)
    process = forked(workers.work, dict(ids), turns, stop, its)
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


@contextmanager
def load(kitchen: Kitchen, writers: int, chance: random.Random) -> Iterator[list[Heard]]:
    """So many writers at work on one bakery, each with at least one turn done; all are killed in the end."""
    jobs = list(workers.EFFECTS)
    with ExitStack() as stack:
        busy = []
        for _ in range(writers):
            turns = [[chance.choice(jobs) for _ in range(chance.randint(1, 3))] for _ in range(20)]
            busy.append(stack.enter_context(worker(kitchen.ids, turns)))
        for heard in busy:
            heard.wait_for_a_turn()
        yield busy


def listen_for(busy: Sequence[Heard], seconds: float) -> None:
    """Let them work, and hear what they say, so that none waits for us."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        ready = wait([heard.pipe for heard in busy], left)
        for heard in busy:
            if heard.pipe in ready:
                heard.listen()


def wait_for_the_server(kitchen: Kitchen) -> None:
    """Wait until PostgreSQL has carried out what it was sent: only then does it notice that the client is gone.

    A server whose backend was killed refuses everybody until it has recovered.
    """
    if os.environ["BAKE_TRACKER_DATABASE_URL"].startswith("sqlite"):
        return
    dispose_engines()
    others = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            if not kitchen.rows(others):
                return
        except DatabaseUnavailableError:
            if time.monotonic() > give_up_at:
                raise
        time.sleep(0.001)


def committed(kitchen: Kitchen) -> set[str]:
    return {str(row[0]) for row in kitchen.rows("SELECT id FROM operation")}


def lines(log_file: Path) -> list[dict[str, Any]]:
    """Every line of the log, read by the tests' own reader."""
    return [json.loads(line) for line in log_file.read_text("utf-8").splitlines()]


def told(log_file: Path) -> list[str]:
    """The operation of every success line."""
    return [line["operation_id"] for line in lines(log_file) if line.get("outcome") == "success"]


def stocked_bakery(bake: CommandLine) -> Kitchen:
    """A bakery whose log has its first line, with stock that no test can use up."""
    assert bake("log", "verify").code == 0
    kitchen = Kitchen().simple_bakery()
    for item, quantity in (("Flour", 10_000_000), ("Sugar", 10_000_000), ("Carton", 1_000_000), ("Cookie", 1_000_000)):
        kitchen.receive(item, quantity, "each" if item in ("Carton", "Cookie") else "g", 1000)
    return kitchen


@dataclass(frozen=True)
class Before:
    """A bakery before something happens to it."""

    stock: Mapping[str, int]
    recorded: frozenset[str]

    @classmethod
    def of(cls, kitchen: Kitchen) -> "Before":
        return cls({item: int(kitchen.stock(item)) for item in STOCKED}, frozenset(committed(kitchen)))


def assert_nothing_lost_or_doubled(
    kitchen: Kitchen,
    bake: CommandLine,
    before: Before,
    turns: Sequence[workers.Turn],
    done: Sequence[str],
    *,
    log_may_hold_half_lines: bool = False,
) -> Counter[str]:
    """Everything acknowledged is there, every turn wholly or not at all; and, asked again, each is done exactly once.

    Returns how many operations were asked for, acknowledged, found recorded without an answer, and repaired in the log.
    """
    recorded = committed(kitchen) - before.recorded
    asked = {operation_id: job for turn in turns for job, operation_id in turn}
    assert set(done) - recorded == set()
    assert recorded - set(asked) == set()
    in_doubt = [turn for turn in turns if not {operation_id for _, operation_id in turn} <= set(done)]
    for turn in in_doubt:
        mine = {operation_id for _, operation_id in turn}
        assert recorded & mine in (set(), mine)
    assert bake("verify", "--no-log").code == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "bake_tracker.services.reconcile.verification.LINE_IS_LATE_S", (0,)
        )  # the dead write no line late
        repaired = bake("log", "verify", "--repair", "--json")
    assert_log_agrees(repaired.json, log_may_hold_half_lines)
    for turn in in_doubt:
        run_in_transaction(partial(workers.carry_out, ids=kitchen.ids, turn=turn))
    expected = Counter(before.stock)
    for job in asked.values():
        expected.update(workers.EFFECTS[job])
    assert {item: int(kitchen.stock(item)) for item in STOCKED} == expected
    assert committed(kitchen) - before.recorded == set(asked)
    assert bake("verify").code == 0
    assert_log_agrees(bake("log", "verify", "--json").json, log_may_hold_half_lines)
    unanswered = recorded - set(done)
    counts = {"asked": len(asked), "acknowledged": len(done), "unanswered": len(unanswered)}
    return Counter({**counts, "repaired": len(repaired.json["repaired"])})


def assert_log_agrees(found: Mapping[str, Any], may_hold_half_lines: bool) -> None:
    """Half a line that a full disk left behind stays, and stays counted; nothing else may be wrong."""
    assert {name: found[name] for name in ("missing", "forged", "doubled", "unresolved")} == {
        "missing": [],
        "forged": [],
        "doubled": [],
        "unresolved": [],
    }
    assert found["clean"] or (may_hold_half_lines and found["unreadable_lines"] > 0)
