"""The pages of orders: take one, change it, hand it over, cancel it."""

from typing import Any

import pytest

from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.web import Web, statements, submit

pytestmark = pytest.mark.one_database


class Counter:
    """A baker's browser at the counter."""

    def __init__(self, kitchen: Kitchen) -> None:
        self.book, self.web = OrderBook(kitchen, boxes=3), Web().let_in()
        self.baker = self.web.browser(Role.BAKER)

    def send(self, path: str, to: str | None = None, **values: Any) -> Any:
        return submit(self.baker, path, to or path, **values)

    def text(self, path: str) -> str:
        return str(self.baker.get(path).text)


@pytest.fixture
def counter(kitchen: Kitchen) -> Counter:
    return Counter(kitchen)


def test_an_order_is_taken_on_a_page(counter: Counter) -> None:
    """Its page and the list show it; empty lines are ignored."""
    assert "No order is open" in counter.text("/orders")
    done = counter.send(
        "/orders/new",
        recipient_id=str(counter.book.ada),
        due_on="2026-12-04",
        due_time="14:30",
        how="pick-up",
        item_id=[str(counter.book.box), "", ""],
        quantity=["2", "", ""],
        price=["12.50", "", ""],
        line=["", "", ""],
        step="record",
    )
    assert done.status_code == 303, done.text
    page = counter.text(done.headers["location"])
    assert "Recorded" in page
    assert "14:30" in page
    assert "25.00" in page
    listed = counter.text("/orders")
    assert "Ada" in listed
    assert "2 Boxes" in listed


def test_a_refused_order_is_shown_as_it_was_typed(counter: Counter) -> None:
    """The problem stands at its line."""
    refused = counter.send(
        "/orders/new",
        due_on="2026-12-04",
        due_time="25:00",
        how="pick-up",
        reference="A-17",
        step="record",
        item_id=["", str(counter.book.box)],
        quantity=["", "1/3"],
        price=["", "x"],
        line=["", ""],
    )
    assert refused.status_code == 422
    assert "is not a time of day; write it like 14:30" in refused.text
    assert 'id="price[0]-said"' in refused.text
    again = counter.send(
        "/orders/new",
        due_on="2026-12-04",
        how="pick-up",
        step="record",
        item_id=[str(counter.book.box)],
        quantity=["1/3"],
        price=[""],
        line=[""],
    )
    assert 'id="quantity[0]-said"' in again.text
    assert 'value="1/3"' in again.text


def test_an_order_is_changed_on_its_page(counter: Counter) -> None:
    """The form holds what is ordered; a cleared line is taken out."""
    order = counter.book.order(note="ring twice")
    path = f"/orders/{order['order_id']}/change"
    form = counter.text(path)
    assert "ring twice" in form
    assert 'value="14:30"' in form
    more = counter.send(path, step="more", item_id=["", ""], quantity=["2", "6"], price=["", ""], line=["1", "2"])
    assert more.text.count('name="price"') == form.count('name="price"') == 5
    changed = counter.send(
        path,
        item_id=[str(counter.book.box), ""],
        quantity=["3", ""],
        price=["12", ""],
        line=["1", "2"],
        step="record",
        due_on="2026-12-04",
        due_time="",
        how="pick-up",
    )
    assert changed.status_code == 303, changed.text
    page = counter.text(changed.headers["location"])
    assert "36.00" in page
    assert "Cookie" not in page
    assert "Changed an order" in page


def test_an_order_is_handed_over_in_parts(counter: Counter) -> None:
    """What is left is filled in; a line without a quantity stays."""
    order = counter.book.order()
    page, path = f"/orders/{order['order_id']}", f"/orders/{order['order_id']}/hand-over"
    done = counter.send(page, path, line=["1", "2"], quantity=["1", ""])
    assert done.status_code == 303, done.text
    assert "Handed over goods" in counter.text(done.headers["location"])
    assert "Some of it came back" in counter.text(done.headers["location"])
    assert "(1 left)" in counter.text(page)
    short = counter.send(page, path, line=["1", "2"], quantity=["9", ""])
    assert short.status_code == 409
    assert "9 of 2 asked for, 1 left to hand over" in short.text
    assert 'value="9"' in short.text
    assert counter.send(page, path, line=["1", "2"], quantity=["", ""]).status_code == 422
    too_late = counter.send(page, path, line=["1", "2"], quantity=["1", ""], happened_at="2999-01-01T10:00")
    assert "must not be in the future" in too_late.text
    assert 'value="2999-01-01T10:00"' in too_late.text
    assert counter.send(page, path, line=["1", "2"], quantity=["1", "6"]).status_code == 303
    assert "Hand over</h2>" not in counter.text(page)
    assert counter.book.kitchen.stock("Box") == 1


def test_an_order_is_cancelled_with_a_reason(counter: Counter) -> None:
    """It leaves the list of open orders and stays in that of all."""
    order = counter.book.order()
    page, path = f"/orders/{order['order_id']}", f"/orders/{order['order_id']}/cancel"
    assert counter.send(page, path, reason="").status_code == 422
    assert counter.send(page, path, reason="no party").status_code == 303
    assert "no party" in counter.text(page)
    assert "No order is open" in counter.text("/orders")
    assert "Cancelled" in counter.text("/orders?show=all")


def test_a_day_is_shown_by_product_and_printed(counter: Counter) -> None:
    """The grid, the list to pick and pack by, and the delivery note, each also as PDF."""
    order = counter.book.order(place="Town <hall>", note="ring twice")
    counter.book.hand_over(order, {"line": 1, "quantity": 1})
    counter.book.order(counter.book.line(counter.book.box, 9))
    grid = counter.text("/orders/days/2026-12-04")
    for said in ("Ada", "Box", "Cookie", "Partly handed over", "Not on the shelf", "/orders/days/2026-12-05"):
        assert said in grid
    picks = counter.text("/orders/days/2026-12-04/pick-list")
    assert "8 not on the shelf yet" in picks
    assert "Town &lt;hall&gt;" in picks
    note = counter.text(f"/orders/{order['order_id']}/delivery-note")
    assert "Together" not in note  # the cookies have no price
    assert "ring twice" not in note  # a note of ours
    assert ", lot box-" in note
    assert "No order is due" in counter.text("/orders/days/2026-12-05")
    assert "Nothing is left to hand over" in counter.text("/orders/days/2026-12-05/pick-list")
    for path in ("/orders/days/2026-12-04/pick-list.pdf", f"/orders/{order['order_id']}/delivery-note.pdf"):
        assert counter.baker.get(path).content.startswith(b"%PDF-")
    assert counter.baker.get("/orders/days/0001-01-01").status_code == 422


def test_a_viewer_sees_orders_and_cannot_take_any(counter: Counter) -> None:
    """No form and no button is shown."""
    order = counter.book.order()
    viewer = counter.web.browser(Role.VIEWER)
    assert "Take an order" not in viewer.get("/orders").text
    page = viewer.get(f"/orders/{order['order_id']}").text
    assert "Ada" in page
    assert '<form method="post" action="/orders' not in page


def test_the_list_sends_the_same_number_of_statements_however_long(counter: Counter) -> None:
    """So does the page of one order, however many orders there are."""
    first = counter.book.order()

    def counted() -> list[int]:
        numbers = []
        for path in ("/orders", f"/orders/{first['order_id']}"):
            with statements() as sent:
                counter.text(path)
            numbers.append(len(sent))
        return numbers

    counted()  # the first request of a browser also notes its visit
    few = counted()
    for _ in range(5):
        counter.book.hand_over(counter.book.order(counter.book.line(counter.book.cookie, 1)))
        counter.book.order()
    assert counted() == few
