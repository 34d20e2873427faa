"""While programs record on ``bake serve --workers 2``, a worker is killed by ``kill -9``, or the whole server ends."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import text

from bake_tracker.client import BakeTracker, UnreachableError
from bake_tracker.clock import uuid7
from bake_tracker.services.database import session_scope
from benchmarks.web.load import let_in
from support.command_line import CommandLine
from support.faults import workers
from support.faults.under_fault import ROUNDS, Before, assert_nothing_lost_or_doubled, lines, stocked_bakery
from support.kitchen import Kitchen
from support.serving import Server, free_port, serving
from support.warm.waiting import PATIENCE_S, wait_until

PROGRAMS = 6
TWO = ("--workers", "2")


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """Several workers need PostgreSQL."""
    return postgresql_url


@dataclass
class Program:
    """A till that records one thing after another, and repeats each with its key until it is answered."""

    token: str
    ids: Mapping[str, int]
    turns: list[workers.Turn] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    sent_again: int = 0

    def record_until(self, stop: threading.Event, url: str, chance: random.Random) -> None:
        requests: dict[str, tuple[str, dict[str, Any]]] = {
            "receive": ("/receipts", {"item_id": self.ids["Flour"], "quantity": 1, "unit": "kg", "total_cost": 2}),
            "bake": (
                "/productions",
                {
                    "recipe_id": self.ids["Cookies"],
                    "finished_unit_id": self.ids["Cookie"],
                    "num_batches": 1,
                    "actual_yield": 24,
                },
            ),
            "pack": ("/assemblies", {"finished_good_id": self.ids["Box"], "quantity": 1}),
        }
        with BakeTracker(url, self.token, tries=1) as client:
            while not stop.is_set():
                job, key = chance.choice([*requests]), uuid7()
                self.turns.append([(job, key)])
                assert self._send(client, *requests[job], key)["operation_id"] == key
                self.done.append(key)

    def _send(self, client: BakeTracker, path: str, body: Mapping[str, Any], key: str) -> Any:
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                return client.send("POST", path, body, key)
            except UnreachableError:
                assert time.monotonic() < give_up_at
                self.sent_again += 1
                time.sleep(0.2)


@contextmanager
def at_work(programs: Sequence[Program], url: str) -> Iterator[None]:
    """All of them record; at the end each waits for its last answer."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(programs)) as threads:
        working = [
            threads.submit(program.record_until, stop, url, random.Random(number))
            for number, program in enumerate(programs)
        ]
        try:
            yield
        finally:
            stop.set()
        for one in working:
            one.result()


def wait_for_turns(programs: Sequence[Program]) -> None:
    """Wait until each of them has recorded one more."""
    before = [len(program.done) for program in programs]
    wait_until(lambda: all(len(program.done) > done for program, done in zip(programs, before, strict=True)))


def asked_now(worker: psutil.Process) -> int:
    """How many programs are connected to it; -1 if it is dead or not a worker."""
    try:
        return sum(one.status == psutil.CONN_ESTABLISHED for one in worker.net_connections("tcp"))
    except psutil.NoSuchProcess:
        return -1


def busiest_worker(server: Server) -> psutil.Process:
    return max(psutil.Process(server.process.pid).children(), key=asked_now)


@pytest.fixture
def kitchen(bake: CommandLine) -> Kitchen:
    """A bakery whose stock no test can use up."""
    return stocked_bakery(bake)


@pytest.fixture
def programs(kitchen: Kitchen, database_url: str) -> list[Program]:
    """The programs, each with a user of its own."""
    return [Program(token, kitchen.ids) for token in let_in(database_url, PROGRAMS)]


def assert_each_is_there_once(
    kitchen: Kitchen, bake: CommandLine, before: Before, programs: Sequence[Program], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every request was answered in the end and recorded once; ledger and log agree."""
    turns = [turn for program in programs for turn in program.turns]
    done = [key for program in programs for key in program.done]
    assert len(turns) == len(done)
    counts = assert_nothing_lost_or_doubled(kitchen, bake, before, turns, done)
    counts["sent again"] = sum(program.sent_again for program in programs)
    counts["replayed"] = Counter(line.get("outcome") for line in lines(bake.log_file))["replayed"]
    with capsys.disabled():
        print(f"\n{dict(counts)}")  # noqa: T201


def test_a_program_whose_worker_was_killed_asks_again_and_it_is_done_once(
    kitchen: Kitchen,
    bake: CommandLine,
    database_url: str,
    programs: list[Program],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """First all wait for a lock, so that the dead worker's requests meet their own retries; then at random moments."""
    before, chance = Before.of(kitchen), random.Random(1)
    waiting = text("SELECT count(*) FROM pg_locks WHERE relation = 'operation'::regclass AND NOT granted")
    patient = f"{database_url}&options=-c%20lock_timeout%3D60s"
    with serving(tmp_path, *TWO, database_url=patient) as server:
        with at_work(programs, server.url):
            wait_for_turns(programs)
            with session_scope() as session:
                session.execute(text("LOCK TABLE operation IN ACCESS EXCLUSIVE MODE"))
                wait_until(lambda: session.scalar(waiting) == PROGRAMS)
                worker = busiest_worker(server)
                cut = asked_now(worker)
                worker.kill()
                wait_until(lambda: session.scalar(waiting) == PROGRAMS + cut)
            wait_for_turns(programs)
            for _ in range(ROUNDS):
                time.sleep(chance.uniform(0, 0.3))
                busiest_worker(server).kill()
                wait_for_turns(programs)
        assert server.end()[0] == 0
    assert cut > 0
    assert_each_is_there_once(kitchen, bake, before, programs, capsys)


@pytest.mark.thorough
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_ended_and_started_again_under_load_has_done_each_thing_once(
    how: signal.Signals,
    kitchen: Kitchen,
    bake: CommandLine,
    database_url: str,
    programs: list[Program],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Stopped or killed, the server ends with its workers; a program that finds no server retries until one answers."""
    before, chance, port = Before.of(kitchen), random.Random(2), free_port()
    with ExitStack() as work:
        for number in range(ROUNDS):
            with serving(tmp_path, *TWO, database_url=database_url, port=port) as server:
                if number == 0:
                    work.enter_context(at_work(programs, server.url))
                wait_for_turns(programs)
                time.sleep(chance.uniform(0, 0.3))
                if number == ROUNDS - 1:
                    work.close()
                started = psutil.Process(server.process.pid).children()
                server.process.send_signal(how)
                assert server.process.wait(PATIENCE_S) == (0 if how == signal.SIGTERM else -how)
                assert psutil.wait_procs(started, PATIENCE_S)[1] == []
    assert_each_is_there_once(kitchen, bake, before, programs, capsys)
