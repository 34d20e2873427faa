"""Fifty bakers at one server: nothing oversold, lost, doubled or broken; and its cost beside a bare route.

    python -m benchmarks.web.load                                       # 50 bakers, 2 workers, PostgreSQL
    python -m benchmarks.web.load --bakers 4 --requests 3 --rounds 1    # a quick look

``bake serve`` and a bare FastAPI route that writes one row (``bare.py``) run under the same uvicorn with as many
workers, on one PostgreSQL server. The two take turns in changing order, and each baker sends its next request as soon
as it has an answer. The first round warms up: it is checked, but not timed. Without ``--url``, the run starts a
PostgreSQL server that listens only on a socket in a temporary folder. The exit status is 1 when anything is wrong.
"""

import argparse
import http.client
import logging
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

from bake_tracker.services.access import accounts, passwords
from bake_tracker.services.database import dispose_engines, read_scope, run_in_transaction
from benchmarks.concurrency import (
    Bakery,
    Heard,
    disagreements,
    empty_postgresql,
    fresh_postgresql,
    logging_to,
    open_bakery,
    postgresql_server,
    receive_flour,
    told,
)
from benchmarks.web.bakers import BARE, RECORDING, WEIGHTS, Baker, Caller, G, Told
from benchmarks.web.bare import CREATE

OURS = "Bake Tracker"

# Servers --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Served:
    """A server with several workers, and its port."""

    port: int
    process: psutil.Process

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            SystemExit: it never does.
        """
        give_up_at = time.monotonic() + 600  # a busy machine takes minutes
        while self.process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < give_up_at:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                return
            except OSError:
                time.sleep(0.1)
            finally:
                connection.close()
        raise SystemExit(f"the server did not start: {self.process}")

    def cpu_s(self) -> float:
        """Return the CPU seconds that it and its workers have used so far."""
        spent = [one.cpu_times() for one in (self.process, *self.process.children(recursive=True))]
        return sum(one.user + one.system for one in spent)


@contextmanager
def served(workers: int, *command: str, **environment: str) -> Iterator[Served]:
    """Run a server on a free port, and terminate it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    whole = (sys.executable, "-m", *command, "--port", str(port), "--workers", str(workers))
    with subprocess.Popen(whole, env={**os.environ, **environment}, stdout=subprocess.DEVNULL) as process:
        try:
            yield Served(port, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(60)


def let_in(url: str, bakers: int) -> list[str]:
    """Add the users, because each has a request limit of its own; return their API tokens."""

    def add(session: Any, number: int) -> str:
        token = passwords.new_secret("bake_")
        name, password = f"Baker {number}", passwords.new_secret()
        user = accounts.record_user(name, password, "baker", session=session)
        accounts.record_api_token(user["user_id"], "load", "baker", token, session=session)
        return token

    return [run_in_transaction(lambda session, number=number: add(session, number), url) for number in range(bakers)]


# Rounds ---------------------------------------------------------------------------------------------------------------


@dataclass
class Turn:
    """One server under load for a while: the answers, the time, and the CPU of the server and of the bakers."""

    told: Told
    spent_s: float
    server_s: float
    bakers_s: float

    @property
    def requests(self) -> int:
        return sum(len(heard.took_s) for heard in self.told.heard.values())

    @property
    def per_second(self) -> float:
        return self.requests / self.spent_s


def take_turn(server: Served, work: Callable[[int, Told], None], bakers: int) -> Turn:
    """Let all bakers work, starting together."""
    told = [Told() for _ in range(bakers)]
    before_s, own_s, started = server.cpu_s(), time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(bakers) as threads:
        list(threads.map(work, range(bakers), told))
    spent_s, bakers_s, server_s = time.perf_counter() - started, time.process_time() - own_s, server.cpu_s() - before_s
    total = Told()
    for one in told:
        total.add(one)
    return Turn(total, spent_s, server_s, bakers_s)


def take_turns(
    servers: dict[str, Served], tokens: list[str], bakery: Bakery, options: argparse.Namespace
) -> dict[str, list[Turn]]:
    """Run both servers round after round until the time is up; the first round warms up."""
    give_up_at = time.monotonic() + options.seconds
    turns: dict[str, list[Turn]] = {name: [] for name in servers}

    def work(name: str, number: int, who: int, told: Told) -> None:
        caller = Caller(servers[name].port, tokens[who], told)
        baker = Baker(caller, bakery, random.Random(f"{number} {who}"))
        ask = baker.write_row if name == BARE else baker.ask
        for _ in range(options.requests):
            if time.monotonic() < give_up_at:
                ask()
        caller.http.close()

    for number in range(options.rounds + 1):
        for name in sorted(servers, reverse=number % 2 == 0):
            turn = take_turn(servers[name], partial(work, name, number), len(tokens))
            if turn.requests:
                turns[name].append(turn)
    return turns


# Results --------------------------------------------------------------------------------------------------------------


def percentile_ms(took_s: Sequence[float], percent: int) -> float:
    return sorted(took_s)[math.ceil(len(took_s) * percent / 100) - 1] * 1e3


def oversold(url: str, total: Told, bakery: Bakery) -> list[str]:
    """List lots below zero or unlike their movements, and items whose stock differs from the answers."""
    below = "SELECT count(*) FROM lot WHERE remaining_micros < 0"
    other = (
        "SELECT count(*) FROM lot WHERE remaining_micros <>"
        " (SELECT coalesce(sum(quantity_micros), 0) FROM movement WHERE movement.lot_id = lot.id)"
    )
    shelf = "SELECT item_id, sum(remaining_micros) FROM lot GROUP BY item_id"
    with read_scope(url) as session:
        found = [f"{count} lots: {sql}" for sql in (below, other) if (count := session.scalar(text(sql)))]
        there = {item: int(micros) for item, micros in session.execute(text(shelf))}
    return found + [
        f"item {item} has {there.get(item, 0)} millionths on hand, but {total.shelf[item]} by the answers"
        for item in (bakery.flour, bakery.cookie, bakery.box)
        if there.get(item, 0) != total.shelf[item]
    ]


def verified(url: str, log: Path) -> list[str]:
    """Return what ``bake verify`` and ``bake log verify`` find."""
    environment = {**os.environ, "BAKE_TRACKER_DATABASE_URL": url, "BAKE_TRACKER_LOG_FILE": str(log)}
    running = {
        words: subprocess.Popen(
            [sys.executable, "-m", "bake_tracker", *words.split()],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for words in ("verify", "log verify")
    }
    wrong = []
    for words, process in running.items():
        printed, _ = process.communicate()
        print(f"bake {words}: {printed.strip()}")
        if process.returncode:
            wrong.append(f"bake {words} ended with {process.returncode}")
    return wrong


def show(turns: dict[str, list[Turn]]) -> None:
    """Print the timings: each kind beside the bare row, and both servers as a whole."""
    timed = {name: Told() for name in turns}
    for name, ones in turns.items():
        for one in ones[1:]:
            timed[name].add(one.told)
    row = timed[BARE].heard[BARE].took_s
    recorded = [took for kind in RECORDING for took in timed[OURS].heard[kind].took_s]
    refused = sum(timed[OURS].heard[kind].refused for kind in RECORDING)
    rows = [(kind, timed[OURS].heard[kind]) for kind in (*WEIGHTS, "again")]
    rows += [("all recordings", Heard(recorded, refused=refused)), (BARE, timed[BARE].heard[BARE])]
    print("kind             requests  short   p50 ms   p95 ms  p95 / one row")
    for kind, heard in rows:
        if heard.took_s:
            p50, p95 = (percentile_ms(heard.took_s, percent) for percent in (50, 95))
            beside = p95 / percentile_ms(row, 95)
            print(f"{kind:16} {len(heard.took_s):8} {heard.refused:6} {p50:8.1f} {p95:8.1f} {beside:14.1f}")
    print("\n                 requests a second (by round)   CPU ms a request: server  bakers")
    for name, ones in turns.items():
        rates = f"{statistics.median(one.per_second for one in ones[1:]):6.0f} ({spread(ones)})"
        requests = sum(one.requests for one in ones[1:])
        server, bakers = (
            sum(getattr(one, who) for one in ones[1:]) * 1e3 / requests for who in ("server_s", "bakers_s")
        )
        print(f"{name:16} {rates:30} {server:24.2f} {bakers:7.2f}")
    slower = [bare.per_second / ours.per_second for ours, bare in zip(turns[OURS][1:], turns[BARE][1:], strict=False)]
    print(
        f"throughput: one row is {statistics.median(slower):.1f} times ours ({min(slower):.1f} to {max(slower):.1f})\n"
    )


def spread(turns: Sequence[Turn]) -> str:
    rates = [one.per_second for one in turns[1:]]
    return f"{min(rates):.0f} to {max(rates):.0f}"


def run(server: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """Set up both servers, let the bakers work, and return what is wrong."""
    url, log, bare = fresh_postgresql(server, "web_load"), folder / "load.log.jsonl", empty_postgresql(server, "bare")
    engine = create_engine(bare)
    with engine.begin() as connection:
        connection.execute(text(CREATE))
    engine.dispose()
    total = Told()
    with logging_to(log):
        bakery = run_in_transaction(open_bakery, url)
        tokens = let_in(url, options.bakers)
        for _ in range(10):
            run_in_transaction(lambda session: receive_flour(session, bakery, 5), url)
            total.shelf[bakery.flour] += 5_000 * G
    dispose_engines()
    with ExitStack() as stack:
        places = {"BAKE_TRACKER_DATABASE_URL": url, "BAKE_TRACKER_LOG_FILE": str(log)}
        ours = stack.enter_context(served(options.workers, "bake_tracker", "serve", **places))
        usual = ("--factory", "--log-level", "warning", "--no-access-log")
        floor = served(options.workers, "uvicorn", "benchmarks.web.bare:make_app", *usual, BARE_DATABASE_URL=bare)
        servers = {OURS: ours, BARE: stack.enter_context(floor)}
        for one in servers.values():
            one.wait()
        turns = take_turns(servers, tokens, bakery, options)
    for one in turns[OURS]:
        total.add(one.told)
    heard = Heard()
    for kind in total.heard.values():
        heard.add(kind)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{options.bakers} bakers, {options.workers} workers, {options.rounds} rounds; machine load {load}\n")
    if is_timed := min(map(len, turns.values())) > 1:
        show(turns)
    broke = [] if is_timed else ["the time was up before a timed round"]
    broke += [f"{error} ({count} times)" for one in turns[BARE] for error, count in one.told.heard[BARE].broke.items()]
    wrong = [*broke, *disagreements(url, log, heard), *oversold(url, total, bakery), *verified(url, log)]
    lines = told(log)
    print(f"recorded {len(heard.acknowledged)}, short {heard.refused}; log lines: {dict(lines)}")
    return wrong + [
        f"the log has {outcome} {lines[outcome]} times" for outcome in ("unknown", "error") if lines[outcome]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bakers", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--requests", type=int, default=10, help="requests of each baker in each round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the first, which is not timed")
    parser.add_argument("--seconds", type=float, default=300, help="the bakers stop after this time")
    parser.add_argument("--url", help="a PostgreSQL server where the benchmark may create databases")
    options = parser.parse_args()
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as name, postgresql_server(options.url, Path(name)) as server:
        wrong = run(server, Path(name), options)
    print("\n".join(["", *wrong]) if wrong else "\n0 errors, 0 oversold, nothing lost or doubled; ledger and log agree")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
