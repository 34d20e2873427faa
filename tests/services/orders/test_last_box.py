"""Two processes hand over the last box at once: it goes out once, and the other is told why not."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from bake_tracker.domain.errors import ServiceError
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.orders.change import record_order_change
from bake_tracker.services.orders.hand_over import record_hand_over
from bake_tracker.testing import LOGGER, OperationLog
from support.depth import rounds
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.undoing import drift
from support.warm.forking import forked, forking
from support.warm.waiting import PATIENCE_S

ROUNDS = rounds(4, 200)
Job = partial[Any]
"""A service with its arguments, all but the session."""


def worker(jobs: Any, barrier: Any, answers: Any) -> None:
    """Do one job after the other, each at the same time as the other process; say how it ended, and the log's words."""
    heard = OperationLog()
    logging.getLogger(LOGGER).addHandler(heard)
    logging.getLogger(LOGGER).setLevel(logging.INFO)
    while (job := jobs.get(timeout=PATIENCE_S)) is not None:
        heard.clear()
        try:
            barrier.wait(PATIENCE_S)
            run_in_transaction(lambda session, job=job: job(session=session))
            ended = "done"
        except ServiceError as error:
            ended = type(error).__name__
        answers.put((ended, *(line.outcome for line in heard.ends)))


@contextmanager
def two_workers() -> Iterator[Callable[[Job, Job], Counter[Any]]]:
    """A function that has both jobs done at once and returns how they ended."""
    barrier, answers, jobs = forking.Barrier(2), forking.Queue(), [forking.Queue(), forking.Queue()]
    workers = [forked(worker, one, barrier, answers) for one in jobs]
    for process in workers:
        process.start()

    def at_once(*work: Job) -> Counter[Any]:
        for queue, job in zip(jobs, work, strict=True):
            queue.put(job)
        return Counter(answers.get(timeout=PATIENCE_S) for _ in work)

    try:
        yield at_once
    finally:
        for queue in jobs:
            queue.put(None)
        for process in workers:
            process.join(PATIENCE_S)


def hand_over(order: dict[str, Any]) -> Job:
    return partial(record_hand_over, order_id=order["order_id"])


@pytest.mark.parametrize(
    ("orders", "refusal"),
    [(1, ("ConflictError", "conflict")), (2, ("InsufficientInventoryError", "insufficient_inventory"))],
    ids=["one order", "two orders"],
)
def test_the_last_box_goes_out_once(kitchen: Kitchen, orders: int, refusal: tuple[str, str]) -> None:
    """The same order twice is a conflict; for two orders, there is one box too few."""
    book = OrderBook(kitchen, boxes=0)
    with two_workers() as at_once:
        for _ in range(ROUNDS):
            kitchen.receive("Box", 1, "each", 2)
            wanted = [book.order(book.line(book.box, 1)) for _ in range(orders)]
            assert at_once(hand_over(wanted[0]), hand_over(wanted[-1])) == {("done", "success"): 1, refusal: 1}
            assert kitchen.stock("Box") == 0
    assert drift() == []


def test_an_order_is_not_changed_while_it_is_handed_over(kitchen: Kitchen) -> None:
    """Either the smaller order is handed over, or it cannot become smaller any more."""
    book = OrderBook(kitchen, boxes=0)
    both, one = (
        Counter({("done", "success"): 2}),
        Counter([("done", "success"), ("ValidationError", "validation_failed")]),
    )
    with two_workers() as at_once:
        for _ in range(ROUNDS):
            kitchen.receive("Box", 2, "each", 2)
            order = book.order(book.line(book.box, 2))
            smaller = partial(record_order_change, order["order_id"], {"lines": [book.line(book.box, 1)]})
            ended, left = at_once(hand_over(order), smaller), kitchen.stock("Box")
            assert (ended, left) in ((both, 1), (one, 0))
            if left:
                book.hand_over(None, book.line(book.box, 1))
    assert drift() == []
