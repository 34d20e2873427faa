"""Orders over the API: listed, taken once by their reference, changed and handed over."""

from typing import Any

import pytest

from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.web import Web

ORDERS = "/api/v1/orders"


class Shop:
    """A program of the bakery's web shop."""

    def __init__(self, kitchen: Kitchen) -> None:
        self.book = OrderBook(kitchen, boxes=3)
        self.program = Web().let_in().program(Role.BAKER)

    def send(self, **more: Any) -> Any:
        lines = [{"item_id": self.book.box, "quantity": "2", "price": "12.50"}]
        return self.program.post(ORDERS, json={"due_on": "2026-12-04", "lines": lines, **more})


@pytest.fixture
def shop(kitchen: Kitchen) -> Shop:
    return Shop(kitchen)


@pytest.mark.one_database
def test_the_same_reference_is_the_same_order(shop: Shop) -> None:
    """A repeated order gets the first answer; with other contents, it is refused with what to do."""
    sent = {"recipient_id": shop.book.ada, "reference": "A-17", "due_time": "14:30"}
    first, again = shop.send(**sent), shop.send(**sent)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["location"].endswith(f"{ORDERS}/{first.json()['order_id']}")
    other = shop.send(**sent, note="ring twice")
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert "reference A-17 of this customer is order 1, which was taken with other contents" in other.json()["detail"]
    assert len(shop.program.get(ORDERS).json()["orders"]) == 1


@pytest.mark.one_database
def test_orders_are_listed_by_the_day_they_are_due(shop: Shop) -> None:
    """Done and cancelled orders are only in the list of all; a search finds a reference, a customer and a number."""
    late = shop.send(due_on="2026-12-24", recipient_id=shop.book.ada, reference="A-17").json()["order_id"]
    soon = shop.send(due_on="2026-12-01").json()["order_id"]
    done = shop.send(due_on="2026-12-02").json()["order_id"]
    shop.program.post("/api/v1/hand-overs", json={"order_id": done})
    gone = shop.send().json()["order_id"]
    shop.program.post(f"{ORDERS}/{gone}/cancellations", json={"reason": "no party"})

    def listed(**query: Any) -> list[tuple[int, str]]:
        answer = shop.program.get(ORDERS, params=query).json()
        return [(row["order_id"], row["state"]) for row in answer["orders"]]

    assert listed() == [(soon, "open"), (late, "open")]
    assert listed(show="all") == [(soon, "open"), (done, "done"), (gone, "cancelled"), (late, "open")]
    assert listed(since="2026-12-02") == [(late, "open")]
    assert listed(until="2026-12-01", limit=1) == [(soon, "open")]
    assert listed(search="a-17") == listed(search="Ada") == [(late, "open")]
    first = shop.program.get(ORDERS, params={"limit": 1, "show": "all"}).json()
    assert listed(limit=1, show="all", after=first["next"]) == [(done, "done")]


@pytest.mark.one_database
def test_one_order_shows_its_lines_hand_overs_and_changes(shop: Shop) -> None:
    """Whatever was undone is left out."""
    order_id = shop.send(recipient_id=shop.book.ada).json()["order_id"]
    path = f"{ORDERS}/{order_id}"
    changed = shop.program.patch(path, json={"due_time": "9:05", "event_id": shop.book.fair})
    assert (changed.status_code, changed.json()["due_time"]) == (200, "09:05")
    given = {"order_id": order_id, "lines": [{"line": 1, "quantity": 1}]}
    over = [shop.program.post("/api/v1/hand-overs", json=given).json() for _ in range(2)]
    undo = {"reversed_operation_id": over[0]["operation_id"], "reason": "mistyped"}
    assert shop.program.post("/api/v1/reversals", json=undo).status_code == 201
    order = shop.program.get(path).json()
    assert (order["recipient"], order["event"], order["state"]) == ("Ada", "Fair", "partly handed over")
    (line,) = order["lines"]
    assert (line["quantity"], line["handed_over"], line["left"], line["amount"]) == ("2", "1", "1", "25.00")
    assert [one["operation_id"] for one in order["hand_overs"]] == [over[1]["operation_id"]]
    assert [one["operation"] for one in order["versions"]] == ["record_order", "record_order_change"]
    missing = shop.program.get(f"{ORDERS}/999")
    assert (missing.status_code, missing.json()["code"]) == (404, "order_not_found")
    assert shop.program.patch(path, json={"due_time": "noon"}).status_code == 422


@pytest.mark.one_database
def test_a_day_and_its_papers(shop: Shop) -> None:
    """The grid as JSON, the list to pick and pack by, and the delivery note."""
    order_id = shop.send(recipient_id=shop.book.ada).json()["order_id"]
    day = shop.program.get(f"{ORDERS}/days/2026-12-04").json()
    assert [(one["order_id"], one["recipient"]) for one in day["orders"]] == [(order_id, "Ada")]
    assert [(one["item_slug"], one["short"]) for one in day["products"]] == [("box", "0")]
    for path in (f"{ORDERS}/days/2026-12-04/pick-list.pdf", f"{ORDERS}/{order_id}/delivery-note.pdf"):
        sheet = shop.program.get(path)
        assert (sheet.status_code, sheet.headers["content-type"]) == (200, "application/pdf")
        assert sheet.content.startswith(b"%PDF-")
    assert shop.program.get(f"{ORDERS}/999/delivery-note.pdf").status_code == 404
    assert shop.program.get(f"{ORDERS}/days/soon").status_code == 422
