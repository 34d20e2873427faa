"""The pages of standing orders: take one, take the orders of its days, leave days out."""

from typing import Any

import pytest

from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.web import Web, submit

pytestmark = pytest.mark.one_database

LIST, NEW = "/standing-orders", "/standing-orders/new"


class Office:
    """The owner's and a baker's browser."""

    def __init__(self, kitchen: Kitchen) -> None:
        self.book, web = OrderBook(kitchen), Web().let_in()
        self.owner, self.baker, self.viewer = (web.browser(role) for role in (Role.OWNER, Role.BAKER, Role.VIEWER))

    def take(self, **more: Any) -> Any:
        asked = {"recipient_id": str(self.book.ada), "starts_on": "2099-12-01", "weeks": "1", "how": "pick-up"}
        lines = {"item_id": [str(self.book.box)], "quantity": ["2"], "price": ["12"], "line": [""], "step": "record"}
        return submit(self.owner, NEW, NEW, **{**asked, **lines, **more})


@pytest.fixture
def office(kitchen: Kitchen) -> Office:
    return Office(kitchen)


def test_a_standing_order_is_taken_on_a_page(office: Office) -> None:
    """Its rule is in words; only the owner takes one, because of its prices."""
    assert "There are no standing orders" in office.baker.get(LIST).text
    assert office.baker.get(NEW).status_code == 403
    more = office.take(step="more", TU="1")
    assert more.text.count('name="price"') == 4
    assert 'name="TU" value="1" checked' in more.text
    done = office.take(TU="1", FR="1", weeks="2", ends_on="2099-12-31", due_time="07:30", note="ring twice")
    assert done.status_code == 303, done.text
    page = office.baker.get(LIST).text
    for said in ("Ada, every 2 weeks on Tuesday and Friday until 2099-12-31", "2 Box, 24.00", "07:30", "ring twice"):
        assert said in page
    assert '<form method="post" action="/standing' not in office.viewer.get(LIST).text


def test_a_refused_standing_order_is_shown_as_it_was_typed(office: Office) -> None:
    """The rule's problem stands at its fields."""
    refused = office.take(TU="1", weeks="60", quantity=["x"])
    assert refused.status_code == 422
    assert 'id="quantity[0]-said"' in refused.text
    refused = office.take(TU="1", weeks="60")
    assert "The rule needs an INTERVAL from 1 to 52" in refused.text
    assert 'value="60"' in refused.text


def test_days_are_taken_and_left_out(office: Office, kitchen: Kitchen) -> None:
    """One by one, or all until a day; a refusal is shown above the list."""
    assert office.take(starts_on="2026-01-01").status_code == 303
    one = f"{LIST}/1"
    far = submit(office.baker, LIST, f"{LIST}/take", until="2999-01-01")
    assert far.status_code == 422
    assert "must be a day from" in far.text
    day = office.baker.get(LIST).text.split('name="day" value="')[1][:10]
    taken = submit(office.baker, LIST, f"{one}/take-day", day=day)
    assert taken.headers["location"] == "/orders/1?done=1"
    assert "was taken already as order 1" in submit(office.baker, LIST, f"{one}/take-day", day=day).text
    all_of_it = submit(office.baker, LIST, f"{LIST}/take", until=day)
    assert "Took the orders of standing orders" in office.baker.get(all_of_it.headers["location"]).text
    stopped = submit(office.baker, LIST, f"{one}/stop", since=day, reason="closed")
    assert stopped.status_code == 303
    assert "Ended." in office.baker.get(LIST).text
    assert submit(office.baker, LIST, f"{one}/stop", since=day).status_code == 409
    assert kitchen.rows("SELECT count(*) FROM customer_order") == [(1,)]
