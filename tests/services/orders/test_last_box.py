"""Two processes hand over the last box at once: it goes out once, and the second gets a refusal that says why."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from bake_tracker.services.orders.change import record_order_change
from bake_tracker.services.orders.hand_over import record_hand_over
from support.depth import rounds
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.undoing import drift
from support.warm.at_once import Job, two_workers

ROUNDS = rounds(4, 200)


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
