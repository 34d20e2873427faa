"""The pages of purchase orders: send one, change it, receive it, cancel it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.orders.order import record_order
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import Buyer
from support.web import Web, submit

pytestmark = pytest.mark.one_database


class Office:
    """An owner's browser, and a baker's."""

    def __init__(self, kitchen: Kitchen) -> None:
        self.buyer, self.web = Buyer(kitchen), Web().let_in()
        self.owner, self.baker = self.web.browser(Role.OWNER), self.web.browser(Role.BAKER)

    def text(self, path: str) -> str:
        return str(self.owner.get(path).text)

    def form(self, **more: Any) -> dict[str, Any]:
        """Four bags of flour and two boxes of sugar, with an empty line."""
        products = [str(self.buyer.bag), str(self.buyer.box), ""]
        of = {"supplier_id": str(self.buyer.mill), "wanted_on": "2026-12-04", "step": "record"}
        return {**of, "product_id": products, "packs": ["4", "2", ""], "price": ["", "1.50", ""], **more}


@pytest.fixture
def office(kitchen: Kitchen) -> Office:
    return Office(kitchen)


def test_an_owner_orders_on_a_page(office: Office) -> None:
    """Its page and the list show it; a baker sees it, but cannot order."""
    assert "Nothing is on order" in office.text("/buy")
    done = submit(office.owner, "/buy/new", "/buy/new", **office.form())
    assert done.status_code == 303, done.text
    page = office.text(done.headers["location"])
    assert ("Recorded" in page, "75.00" in page, "Type 550" in page) == (True, True, True)
    listed = office.text("/buy")
    assert ("Mill" in listed, "100000 g of Flour" in listed) == (True, True)
    assert office.baker.get("/buy/new").status_code == 403
    seen = office.baker.get("/buy/1").text
    assert ("Receive" in seen, "/buy/1/change" in seen) == (True, False)
    more = submit(office.owner, "/buy/new", "/buy/new", **office.form(step="more"))
    assert more.text.count('name="packs"') == 5


def test_a_refused_order_is_shown_as_it_was_typed(office: Office) -> None:
    """The problem stands at its line."""
    wrong = submit(office.owner, "/buy/new", "/buy/new", **office.form(packs=["1.5", "2", ""]))
    assert (wrong.status_code, "must be a whole number" in wrong.text) == (422, True)
    assert 'id="packs[0]-said"' in wrong.text
    nothing = submit(office.owner, "/buy/new", "/buy/new", **office.form(supplier_id=""))
    assert (nothing.status_code, "is needed" in nothing.text) == (422, True)


def test_a_baker_receives_a_part_and_then_the_rest(office: Office) -> None:
    """The form proposes what is left at its price; a line left empty has not come."""
    order = office.buyer.order()
    path = f"/buy/{order['purchase_order_id']}"
    page = office.baker.get(path).text
    assert ('value="4"' in page, 'value="72"' in page) == (True, True)
    came = {
        "product_id": [str(office.buyer.bag), str(office.buyer.box)],
        "item_id": [str(office.buyer.flour), str(office.buyer.sugar)],
        "quantity": ["3", ""],
        "total_cost": ["54", ""],
        "expires_on": ["2027-06-01", ""],
        "lot_code": ["MILL-9", ""],
    }
    done = submit(office.baker, path, f"{path}/receive", **came, document="4711")
    assert done.status_code == 303, done.text
    assert office.buyer.kitchen.stock("Flour") == 85_000
    page = office.text(path)
    assert ("Partly received" in page, "document 4711" in page, 'value="18"' in page) == (True, True, True)
    too_much = submit(office.baker, path, f"{path}/receive", **{**came, "quantity": ["1", "x"]})
    assert (too_much.status_code, "This " in too_much.text) == (422, True)
    office.buyer.came(order)
    again = submit(office.baker, path, f"{path}/receive", **came)
    assert (again.status_code, 'name="again"' in again.text) == (409, True)
    nothing = submit(office.baker, path, f"{path}/receive", **{**came, "quantity": ["", ""]})
    assert (nothing.status_code, "is needed in at least one line" in nothing.text) == (422, True)


def test_an_order_is_changed_and_cancelled_on_pages(office: Office) -> None:
    """The form comes filled in; a cancelled order offers nothing more."""
    path = f"/buy/{office.buyer.order()['purchase_order_id']}"
    page = office.text(f"{path}/change")
    assert ('value="18"' in page, 'value="2026-12-04"' in page) == (True, True)
    done = submit(office.owner, f"{path}/change", f"{path}/change", **office.form(wanted_on="2026-12-07"))
    assert done.status_code == 303, done.text
    assert 'datetime="2026-12-07"' in office.text(path)
    refused = submit(office.owner, path, f"{path}/cancel", reason=" ")
    assert (refused.status_code, "is needed" in refused.text) == (422, True)
    assert submit(office.owner, path, f"{path}/cancel", reason="sold out").status_code == 303
    page = office.text(path)
    assert ("sold out" in page, f"{path}/receive" in page, f"{path}/change" in page) == (True, False, False)


def test_an_owner_orders_what_the_plan_suggests(office: Office) -> None:
    """The page lists it with its day; the button orders what is due by the day typed."""
    with read_scope() as session:
        today = load_bakery(session).local_day(now())
    cookies = [{"item_id": office.buyer.kitchen.ids["Cookie"], "quantity": 5_000}]
    run_in_transaction(lambda s: record_order(cookies, session=s, due_on=today + timedelta(days=2)))
    page = office.text("/buy")
    assert ("To order for" in page, "Type 550" in page, 'name="order_by"' in page) == (True, True, True)
    assert 'name="order_by"' not in office.baker.get("/buy").text
    early = submit(office.owner, "/buy", "/buy", order_by=today.isoformat())
    assert (early.status_code, "suggests nothing to order" in early.text) == (409, True)
    done = submit(office.owner, "/buy", "/buy", order_by=(today + timedelta(days=2)).isoformat())
    assert "Ordered what the plan suggests" in office.text(done.headers["location"])
    page = office.text("/buy")
    assert ("To order for" in page, "Type 550" in page, "Sent" in page) == (False, False, True)


def test_the_page_for_the_supplier_is_printed(office: Office, bake: CommandLine, tmp_path: Path) -> None:
    """Its page and its PDF have the packages and prices; the same order gives the same file."""
    path = f"/buy/{office.buyer.order(note='back door')['purchase_order_id']}"
    assert f"{path}/sheet" in office.text(path)
    page = office.text(f"{path}/sheet")
    assert [text in page for text in ("Mill", "Type 550", "75.00", "back door")] == [True] * 4
    pdf = office.owner.get(f"{path}/sheet.pdf")
    assert (pdf.headers["content-type"], pdf.content[:4]) == ("application/pdf", b"%PDF")
    api = office.web.program(Role.VIEWER).get("/api/v1/purchase-orders/1/sheet.pdf")
    assert api.content == pdf.content
    bake("purchase", "show", "1", "--pdf", str(tmp_path / "order.pdf"))
    assert (tmp_path / "order.pdf").read_bytes() == pdf.content
    assert "must end in .pdf" in bake("purchase", "show", "1", "--pdf", str(tmp_path / "order.doc")).err
