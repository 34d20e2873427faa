"""The orders of a day: customers by products, what is short, and the lots to pick."""

from datetime import date, time
from typing import Any

import pytest

from bake_tracker.domain.orders.views import OrderDay, wanted_of
from bake_tracker.queries.views.order_day import load_order_day
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.handling import record_hold
from support.kitchen import Kitchen
from support.shelf import FRIDAY, OrderBook
from support.web import statements


@pytest.fixture
def book(kitchen: Kitchen) -> OrderBook:
    """Three boxes and six cookies on the shelf."""
    return OrderBook(kitchen, boxes=3)


def day(on: date = FRIDAY) -> OrderDay:
    with read_scope() as session:
        return load_order_day(session, on)


def test_the_orders_that_are_due_first_get_the_lots(book: OrderBook) -> None:
    """An order for any time of the day comes last; it is short of what the others get."""
    any_time = book.order(book.line(book.box, 3), due_time=None)
    early = book.order(book.line(book.box, 2, price=12), due_time=time(8))
    seen = day()
    assert [one["order_id"] for one in seen["orders"]] == [early["order_id"], any_time["order_id"]]
    first, last = (order["lines"][0] for order in seen["orders"])
    assert ([lot["quantity"] for lot in first["pick"]], first["short"]) == (["2"], "0")
    assert ([lot["quantity"] for lot in last["pick"]], last["short"]) == (["1"], "2")
    (product,) = seen["products"]
    assert (product["ordered"], product["left"], product["short"]) == ("5", "5", "2")
    assert (seen["orders"][0]["total_price"], seen["total_price"]) == ("24.00", None)


def test_what_was_handed_over_is_not_picked_again(book: OrderBook) -> None:
    """Nor what was cancelled, nor what is due on another day."""
    order = book.order(book.line(book.box, 2), book.line(book.cookie, 6), book.line(book.cookie, 1))
    book.hand_over(order, {"line": 1}, {"line": 2, "quantity": 4})
    book.cancel(book.order())
    book.order(due_on=date(2026, 12, 5))
    (one,) = day()["orders"]
    assert (one["state"], wanted_of(one, book.cookie), wanted_of(one, 999)) == ("partly handed over", "7", None)
    assert [(line["handed_over"], line["left"]) for line in one["lines"]] == [("2", "0"), ("4", "2"), ("0", "1")]
    assert [len(line["pick"]) for line in one["lines"]] == [0, 1, 0]
    assert [line["short"] for line in one["lines"]] == ["0", "0", "1"]
    assert day(date(2026, 12, 6)) == {
        "day": "2026-12-06",
        "products": [],
        "orders": [],
        "total_price": "0.00",
        "not_taken": [],
    }


def test_a_lot_on_hold_is_not_on_the_shelf(book: OrderBook) -> None:
    """It is not picked for an order."""
    book.order(book.line(book.box, 1))
    hold(book)
    (product,) = day()["products"]
    assert product["short"] == "1"


def test_a_day_takes_the_same_number_of_statements_however_many_orders(book: OrderBook) -> None:
    """Nor does it matter what is in them."""

    def counted() -> int:
        with statements() as sent:
            day()
        return len(sent)

    book.order()
    few = counted()
    for _ in range(4):
        book.hand_over(book.order(book.line(book.cookie, 1)))
        book.order()
    assert counted() == few


def hold(book: OrderBook) -> Any:
    lots = [row[0] for row in book.kitchen.rows("SELECT id FROM lot WHERE item_id = :item", item=book.box)]
    return run_in_transaction(lambda session: record_hold(lots, "a smell", session=session))
