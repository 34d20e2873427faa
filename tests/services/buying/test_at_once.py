"""Two processes receive the same purchase order at once: it comes in once, and the second gets a refusal."""

from collections import Counter
from functools import partial
from typing import Any

from bake_tracker.services.buying.change import record_purchase_order_cancellation
from bake_tracker.services.stock.delivery import record_delivery
from support.depth import rounds
from support.kitchen import Kitchen
from support.shelf import Buyer
from support.undoing import drift
from support.warm.at_once import Job, two_workers

ROUNDS = rounds(4, 200)
ONE = Counter([("done", "success"), ("ConflictError", "conflict")])


def receive(order: dict[str, Any]) -> Job:
    return partial(record_delivery, purchase_order_id=order["purchase_order_id"])


def test_an_order_comes_in_once(kitchen: Kitchen) -> None:
    """The one who is second hears that all of it came already."""
    buyer = Buyer(kitchen)
    with two_workers() as at_once:
        for number in range(1, ROUNDS + 1):
            order = buyer.order(buyer.line(buyer.bag, 1))
            assert at_once(receive(order), receive(order)) == ONE
            assert kitchen.stock("Flour") == 10_000 + 25_000 * number
    assert drift() == []


def test_an_order_is_not_cancelled_while_it_comes_in(kitchen: Kitchen) -> None:
    """Either it came and cannot be cancelled, or it was cancelled and does not come."""
    buyer = Buyer(kitchen)
    with two_workers() as at_once:
        for _ in range(ROUNDS):
            order = buyer.order(buyer.line(buyer.bag, 1))
            cancel = partial(record_purchase_order_cancellation, order["purchase_order_id"], "sold out")
            assert at_once(receive(order), cancel) == ONE
    assert drift() == []
