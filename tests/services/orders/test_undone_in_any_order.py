"""Whatever was ordered, changed, handed over, bought and cancelled: undone in any order, all is as it was before."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from bake_tracker.clock import now
from bake_tracker.domain.errors import ConflictError, DependentsError, ValidationError
from bake_tracker.domain.slices import Ask
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.queries.views.order import load_order_slice
from bake_tracker.queries.views.purchase import load_purchase_slice
from bake_tracker.services.database import read_scope
from support.depth import rounds
from support.kitchen import Kitchen
from support.shelf import Buyer, OrderBook
from support.undoing import drift, reverse, shelf

SOON = datetime.now(UTC).date() + timedelta(days=2)
STEPS = 12


def as_it_is(kitchen: Kitchen) -> Any:
    """The shelf, the orders of both kinds, and what the plan makes of them."""
    with read_scope() as session:
        orders = load_order_slice(session, Ask("due_on"), shown="all").rows
        purchases = load_purchase_slice(session, Ask("wanted_on"), shown="all").rows
        return shelf(kitchen), orders, purchases, load_plan(session, now())


class Week:
    """A week at random: each step takes one of the orders there are, and may be refused."""

    def __init__(self, kitchen: Kitchen, chance: random.Random) -> None:
        self.book, self.buyer, self.chance = OrderBook(kitchen, boxes=4), Buyer(kitchen), chance
        self.orders: list[dict[str, Any]] = []
        self.purchases: list[dict[str, Any]] = []

    def steps(self) -> list[Callable[[], dict[str, Any]]]:
        return [
            self._order, self._change, self._hand_over, self._cancel,
            self._buy, self._buy_more, self._receive, self._buy_nothing,
        ]  # fmt: skip

    def _boxes(self) -> dict[str, Any]:
        return self.book.line(self.book.box, self.chance.randint(1, 4), price=9)

    def _order(self) -> dict[str, Any]:
        self.orders.append(self.book.order(self._boxes(), due_on=SOON))
        return self.orders[-1]

    def _change(self) -> dict[str, Any]:
        return self.book.change(self.chance.choice(self.orders), lines=[self._boxes()])

    def _hand_over(self) -> dict[str, Any]:
        return self.book.hand_over(self.chance.choice(self.orders), {"line": 1, "quantity": 1})

    def _cancel(self) -> dict[str, Any]:
        return self.book.cancel(self.chance.choice(self.orders))

    def _buy(self) -> dict[str, Any]:
        packs = self.chance.randint(1, 3)
        self.purchases.append(self.buyer.order(self.buyer.line(self.buyer.bag, packs), wanted_on=SOON))
        return self.purchases[-1]

    def _buy_more(self) -> dict[str, Any]:
        lines = [self.buyer.line(self.buyer.bag, self.chance.randint(1, 5))]
        return self.buyer.change(self.chance.choice(self.purchases), lines=lines)

    def _receive(self) -> dict[str, Any]:
        return self.buyer.came(self.chance.choice(self.purchases))

    def _buy_nothing(self) -> dict[str, Any]:
        return self.buyer.cancel(self.chance.choice(self.purchases))


def undo_all(done: list[str], chance: random.Random) -> None:
    """Undo them in a random order; what others depend on waits until those are undone."""
    while done:
        left = []
        for one in chance.sample(done, len(done)):
            try:
                reverse(one)
            except DependentsError:
                left.append(one)
        assert len(left) < len(done), "each depends on another"
        done = left


def test_undone_in_any_order_all_is_as_before(kitchen: Kitchen) -> None:
    """Nothing but what depends on it keeps a step from being undone."""
    chance = random.Random(rounds(1, 2))
    week = Week(kitchen, chance)
    before = as_it_is(kitchen)
    for _ in range(rounds(3, 20)):
        done = []
        week.orders, week.purchases = [], []
        for step in [week._order, week._buy, *chance.choices(week.steps(), k=STEPS)]:
            with suppress(ConflictError, ValidationError):  # refused, as what was done so far does not allow it
                done.append(step()["operation_id"])
        assert as_it_is(kitchen) != before
        undo_all(done, chance)
        assert as_it_is(kitchen) == before
    assert drift() == []
