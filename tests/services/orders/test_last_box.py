"""Two people hand over the last box at once: it goes to one of them, and the other is told why not."""

import threading
from collections import Counter
from functools import partial
from typing import Any

import pytest

from bake_tracker.domain.errors import ConflictError, InsufficientInventoryError, ServiceError
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.undoing import drift

ROUNDS = 8


def at_once(*jobs: Any) -> Counter[str]:
    """Run the jobs in threads that begin together; how each of them ended."""
    ends, barrier = list[str](), threading.Barrier(len(jobs))

    def work(job: Any) -> None:
        barrier.wait()
        try:
            job()
            ends.append("done")
        except ServiceError as error:
            ends.append(type(error).__name__)

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(ends)


@pytest.mark.parametrize(
    ("orders", "refusal"), [(1, ConflictError), (2, InsufficientInventoryError)], ids=["one order", "two orders"]
)
def test_the_last_box_goes_out_once(kitchen: Kitchen, orders: int, refusal: type[ServiceError]) -> None:
    """The same order twice is a conflict; for two orders, there is one box too few."""
    book = OrderBook(kitchen, boxes=0)
    for _ in range(ROUNDS):
        kitchen.receive("Box", 1, "each", 2)
        wanted = [book.order(book.line(book.box, 1)) for _ in range(orders)]
        ended = at_once(partial(book.hand_over, wanted[0]), partial(book.hand_over, wanted[-1]))
        assert ended == {"done": 1, refusal.__name__: 1}
        assert kitchen.stock("Box") == 0
    assert drift() == []


def test_an_order_is_not_changed_while_it_is_handed_over(kitchen: Kitchen) -> None:
    """One comes after the other, so that no more was handed over than is ordered."""
    book = OrderBook(kitchen, boxes=0)
    for _ in range(ROUNDS):
        kitchen.receive("Box", 2, "each", 2)
        order = book.order(book.line(book.box, 2))
        at_once(partial(book.hand_over, order), partial(book.change, order, lines=[book.line(book.box, 1)]))
    assert drift() == []
