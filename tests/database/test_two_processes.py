"""Two real processes draw on one stock: exactly what is on hand goes out; without the locks it does not."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BrokenBarrierError
from typing import Any

import pytest

from bake_tracker.database import sqlite
from bake_tracker.services import assembly_service, batch_production_service, database
from bake_tracker.services.stock import ledger
from support.kitchen import Kitchen
from support.warm.forking import forked, forking
from support.warm.waiting import PATIENCE_S

ROUNDS = 15
MANY_ROUNDS = 60  # the race is nearly always lost within the first few
PER_PROCESS = 4  # each process asks for the whole stock, so half of all requests must be refused


def take_out_the_locks() -> None:
    """Do as the older program did: choose lots first, and find conflicts later."""
    ledger.lock_items = lambda operation, item_ids: None
    sqlite._begin_sqlite = lambda connection: connection.execute("BEGIN")


def worker(job: str, ids: dict[str, int], has_locks: bool, count: int, barrier: Any, answers: Any) -> None:
    """In every round, ask for a batch or ten boxes as often as the stock allows, without retries."""
    if not has_locks:
        take_out_the_locks()
    for _ in range(count):
        try:
            barrier.wait(PATIENCE_S)
        except BrokenBarrierError:
            return  # the test has seen enough
        said: Counter[str] = Counter()
        for _ in range(PER_PROCESS):
            try:
                with database.session_scope() as session:
                    if job == "bake":
                        keys = (ids["Cookies"], ids["Cookie"], 1, 24)
                        batch_production_service.record_batch_production(*keys, session=session)
                    else:
                        assembly_service.record_assembly(ids["Box"], 10, session=session)
                said["done"] += 1
            except Exception as error:
                said[type(error).__name__] += 1
        answers.put(said)


@contextmanager
def two_workers(job: str, ids: dict[str, int], *, has_locks: bool, count: int) -> Iterator[Any]:
    """A function that releases both workers for one round and returns the outcomes of all their requests."""
    barrier, answers = forking.Barrier(3), forking.Queue()
    workers = [forked(worker, job, ids, has_locks, count, barrier, answers) for _ in range(2)]
    for process in workers:
        process.start()

    def play() -> Counter[str]:
        barrier.wait(PATIENCE_S)
        return answers.get(timeout=PATIENCE_S) + answers.get(timeout=PATIENCE_S)

    try:
        yield play
    finally:
        barrier.abort()
        for process in workers:
            process.join(PATIENCE_S)
        answers.close()


def restock(kitchen: Kitchen, job: str) -> None:
    """Receive exactly what one process asks for."""
    if job == "bake":
        kitchen.receive("Flour", 500 * PER_PROCESS, "g", 10)
        kitchen.receive("Sugar", 250 * PER_PROCESS, "g", 10)
    else:
        kitchen.receive("Cookie", 60 * PER_PROCESS, "each", 10)
        kitchen.receive("Carton", 10 * PER_PROCESS, "each", 10)


def empty_bakery(kitchen: Kitchen) -> Kitchen:
    kitchen.ingredient("Flour")
    kitchen.ingredient("Sugar")
    kitchen.item("material", "Carton", "each")
    kitchen.recipe("Cookies", {"Flour": (500, "g"), "Sugar": (250, "g")}, {"Cookie": 24})
    kitchen.good("Box", {"Cookie": 6, "Carton": 1})
    return kitchen


def lots_that_differ_from_the_ledger(kitchen: Kitchen) -> list[Any]:
    return kitchen.rows(
        "SELECT lot.id FROM lot JOIN movement ON lot_id = lot.id GROUP BY lot.id, remaining_micros, "
        "remaining_cost_micros HAVING remaining_micros <> sum(movement.quantity_micros) "
        "OR remaining_cost_micros <> sum(movement.cost_micros) OR remaining_micros < 0"
    )


def rounds(kitchen: Kitchen, job: str) -> list[Counter[str]]:
    """The outcomes of the requests of every round, each on fresh stock."""
    empty_bakery(kitchen)
    heard = []
    with two_workers(job, kitchen.ids, has_locks=True, count=ROUNDS) as play:
        for _ in range(ROUNDS):
            restock(kitchen, job)
            heard.append(play())
    return heard


@pytest.mark.parametrize(
    ("job", "made", "pieces", "refusal"),
    [
        ("bake", "Cookie", 24, "InsufficientInventoryError"),
        ("pack", "Box", 10, "InsufficientComponentsError"),
    ],
)
def test_two_processes_take_exactly_the_stock_on_hand(
    kitchen: Kitchen, job: str, made: str, pieces: int, refusal: str
) -> None:
    """In each of fifteen rounds half of the requests succeed and half are refused; nothing is lost or doubled."""
    heard = rounds(kitchen, job)
    assert [Counter({"done": PER_PROCESS, refusal: PER_PROCESS})] * ROUNDS == heard
    assert kitchen.stock(made) == ROUNDS * PER_PROCESS * pieces
    used = ("Flour", "Sugar") if job == "bake" else ("Cookie", "Carton")
    assert [kitchen.stock(item) for item in used] == [0, 0]
    table = "production_run" if job == "bake" else "assembly_run"
    assert kitchen.rows(f"SELECT count(*), count(DISTINCT operation_id) FROM {table}") == [(60, 60)]
    assert lots_that_differ_from_the_ledger(kitchen) == []


@pytest.mark.parametrize(
    ("job", "refusal"), [("bake", "InsufficientInventoryError"), ("pack", "InsufficientComponentsError")]
)
def test_without_the_locks_two_processes_get_in_each_others_way(kitchen: Kitchen, job: str, refusal: str) -> None:
    """Without the locks a round soon fails, so the test above really tests them."""
    empty_bakery(kitchen)
    expected = Counter({"done": PER_PROCESS, refusal: PER_PROCESS})
    heard = []
    with two_workers(job, kitchen.ids, has_locks=False, count=MANY_ROUNDS) as play:
        while len(heard) < MANY_ROUNDS and all(said == expected for said in heard):
            restock(kitchen, job)
            heard.append(play())
    assert heard[-1] != expected
