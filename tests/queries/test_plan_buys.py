"""The plan buys on the terms of suppliers, and counts what is on order."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.buying.terms import WEEKDAYS
from bake_tracker.domain.errors import ConflictError
from bake_tracker.domain.slices import Ask
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.planning.day import load_day_check
from bake_tracker.queries.planning.reasons import load_plan_reasons
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.queries.views.purchase import load_purchase_slice, load_purchase_view
from bake_tracker.services.catalog.product_change import record_product_change
from bake_tracker.services.database import Session, read_scope, run_in_transaction
from bake_tracker.services.orders.order import record_order
from bake_tracker.services.planning.purchases import record_suggested_purchases
from bake_tracker.testing import OperationLog
from support.depth import rounds
from support.kitchen import Kitchen
from support.shelf import Buyer
from support.undoing import drift, reverse
from support.warm.at_once import two_workers

pytest_plugins = ["bake_tracker.testing"]


class Planner(Buyer):
    """A bakery that has 10 kg of flour and an order for which it needs more."""

    def __init__(self, kitchen: Kitchen) -> None:
        super().__init__(kitchen)
        self.at = now()
        with read_scope() as session:
            self.today = load_bakery(session).local_day(self.at)

    def day(self, ahead: int) -> date:
        return self.today + timedelta(days=ahead)

    def wanted(self, cookies: int, ahead: int) -> None:
        line = {"item_id": self.kitchen.ids["Cookie"], "quantity": cookies}
        run_in_transaction(lambda s: record_order([line], session=s, due_on=self.day(ahead)))

    def sold(self, product_id: int, **terms: Any) -> None:
        run_in_transaction(lambda s: record_product_change(product_id, terms, session=s))

    def buy(self, item: str = "flour") -> list[tuple[Any, ...]]:
        with read_scope() as session:
            rows = load_plan(session, self.at)["buy"]
        return [
            (*((pack["name"], pack["count"]) for pack in one["packs"]), one["order_on"], one["arrives_on"], one["cost"])
            for one in rows
            if one["item_slug"] == item
        ]

    def accept(self, ahead: int = 0) -> dict[str, Any]:
        by = self.day(ahead)
        return dict(run_in_transaction(lambda s: record_suggested_purchases(session=s, order_by=by)))


@pytest.fixture
def planner(kitchen: Kitchen) -> Planner:
    return Planner(kitchen)


def test_terms_say_how_many_to_buy_by_when_and_at_which_price(planner: Planner) -> None:
    """Least and multiple count in packs, the lead time goes back to an order day, and a lower price may buy more."""
    planner.wanted(5_000, 6)
    day = planner.day(6).isoformat()
    ((found, order_on, *_),) = planner.buy()
    assert (order_on, found[1] >= 1) == (day, True)
    tuesday = planner.day(4)
    planner.sold(
        planner.bag, least_packs=8, lead_days=1, order_days=[WEEKDAYS[tuesday.weekday()]], prices=[{"price": 20}]
    )
    planner.sold(planner.sack, prices=None, supplier_id=None)
    assert planner.buy() == [(("Type 550", 8), tuesday.isoformat(), planner.day(5).isoformat(), "160.00")]
    planner.sold(planner.bag, multiple_packs=5)
    assert planner.buy()[0][0] == ("Type 550", 10)
    planner.sold(planner.bag, prices=[{"price": 20}, {"from_packs": 15, "price": 10}])
    assert (planner.buy()[0][0], planner.buy()[0][-1]) == (("Type 550", 15), "150.00")


def test_what_comes_too_late_is_ordered_and_said(planner: Planner) -> None:
    """The first delivery after the day is suggested, marked as late."""
    planner.sold(planner.bag, lead_days=3)
    planner.sold(planner.sack, lead_days=4, prices=[{"price": 1}])
    planner.wanted(5_000, 1)
    with read_scope() as session:
        late = [one for one in load_plan(session, planner.at)["buy"] if one["item_slug"] == "flour"]
    assert [(one["is_late"], one["arrives_on"]) for one in late] == [(True, planner.day(3).isoformat())]


def test_what_is_on_order_counts_from_its_day(planner: Planner) -> None:
    """It serves what is due on or after its day, and says so; what is overdue may still come today."""
    planner.wanted(5_000, 3)
    late = planner.order(planner.line(planner.bag, 40), wanted_on=planner.day(4))
    assert planner.buy() != []
    planner.change(late, wanted_on=planner.day(3))
    assert planner.buy() == []
    with read_scope() as session:
        (bake,) = load_plan(session, planner.at)["lines"]
        takes = load_plan_reasons(session, bake["line"], planner.at)["takes"]
        check = load_day_check(session, planner.day(3), planner.at)
    (flour,) = [one for one in takes if one["item_slug"] == "flour"]
    assert [row.get("purchase_order_id") for row in flour["taken_from"]] == [None, 1]
    assert [one["missing"] for one in check["items"] if one["item_slug"] == "flour"] == ["0"]
    planner.change(late, wanted_on=planner.day(-2))
    assert planner.buy() == []
    planner.cancel(late)
    assert planner.buy() != []


def test_accepting_orders_it_once_and_undo_takes_all_back(planner: Planner, operation_log: OperationLog) -> None:
    """One purchase order for each supplier and day; after it nothing is to be bought."""
    planner.wanted(5_000, 3)
    before = planner.buy()
    with pytest.raises(ConflictError, match="suggests nothing to order"):
        planner.accept(2)
    done = planner.accept(3)
    assert done["purchase_order_ids"] == [1]
    assert operation_log.one("record_suggested_purchases", "success").fields["purchase_order_ids"] == [1]
    (order,) = done["purchase_orders"]
    assert order["wanted_on"] == planner.day(3).isoformat()
    assert planner.buy() == []
    with pytest.raises(ConflictError, match="suggests nothing to order"):
        planner.accept(3)
    reverse(done["operation_id"])
    assert planner.buy() == before
    assert drift() == []


def test_two_people_accept_at_once(kitchen: Kitchen) -> None:
    """One of them orders, and the other hears that nothing is left to order."""
    planner = Planner(kitchen)
    planner.sold(planner.bag, prices=[{"price": Decimal(20)}])
    planner.wanted(5_000, 0)
    accept = partial(record_suggested_purchases)
    with two_workers() as at_once:
        for _ in range(rounds(2, 200)):
            ended = at_once(accept, accept)
            assert {one[0]: count for one, count in ended.items()} == {"done": 1, "ConflictError": 1}
            with read_scope() as session:
                newest, *_ = ordered(session)
            reverse(newest)
    assert drift() == []


def ordered(session: Session) -> list[str]:
    """The operations that sent the purchase orders of which something is to come."""
    keys = [row["purchase_order_id"] for row in load_purchase_slice(session, Ask("wanted_on")).rows]
    return [load_purchase_view(session, key)["versions"][0]["operation_id"] for key in keys]
