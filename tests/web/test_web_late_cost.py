"""The invoice came: the page states what a lot or a delivery cost."""

import pytest
from starlette.testclient import TestClient

from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.shelf import Shelf, drift
from support.web import Web, submit

pytestmark = pytest.mark.one_database


@pytest.fixture
def baker(database_url: str) -> TestClient:
    return Web().let_in().browser(Role.BAKER)


def value(kitchen: Kitchen, code: str) -> int | None:
    found: int | None = kitchen.rows("SELECT remaining_cost_micros FROM lot WHERE code = :code", code=code)[0][0]
    return found


def test_the_cost_of_a_lot_is_stated_on_its_page(kitchen: Kitchen, baker: TestClient) -> None:
    """The lot leads to the form; a refusal stands at the field; the result can be seen and undone."""
    kitchen.ingredient("Flour")
    came = kitchen.receive("Flour", 10, "kg", lot_code="LATE")
    page = f"/cost?lot={came['lot_id']}"
    assert page in baker.get(f"/lots/{came['lot_id']}").text
    assert page in baker.get(f"/operations/{came['operation_id']}").text
    sent = {"lot": str(came["lot_id"]), "lot_id": str(came["lot_id"]), "kind": "invoice", "document": "4711"}
    empty = submit(baker, page, "/cost", **sent, cost="")
    assert (empty.status_code, "is needed for at least one lot" in empty.text) == (422, True)
    wrong = submit(baker, page, "/cost", **sent, cost="-3")
    assert (wrong.status_code, 'id="cost-0-said"' in wrong.text, 'value="-3"' in wrong.text) == (422, True, True)
    done = submit(baker, page, "/cost", **sent, cost="12.00")
    shown = baker.get(done.headers["location"]).text
    assert "Stated a cost" in shown
    assert value(kitchen, "LATE") == 12_000_000
    submit(baker, page, "/cost", **{**sent, "kind": "credit"}, cost="2")
    assert value(kitchen, "LATE") == 10_000_000
    assert drift() == []


def test_freight_of_a_delivery_is_one_amount(kitchen: Kitchen, baker: TestClient) -> None:
    """Its operation leads to the form of all its lots."""
    kitchen.simple_bakery()
    shelf = Shelf(kitchen)
    lines = [
        {"item_id": kitchen.ids[name], "quantity": 1, "unit": "kg", "total_cost": cost, "lot_code": name[0]}
        for name, cost in (("Flour", 1), ("Sugar", 3))
    ]
    came = shelf.deliver(*lines, supplier_id=shelf.supplier("Mill"))
    page = f"/cost?delivery={came['delivery_id']}"
    assert page in baker.get(f"/operations/{came['operation_id']}").text
    sent = {"delivery": str(came["delivery_id"]), "kind": "freight", "share_by": "value", "amount": "2"}
    done = submit(baker, page, "/cost", **sent)
    assert done.status_code == 303
    assert (value(kitchen, "F"), value(kitchen, "S")) == (1_500_000, 4_500_000)
    assert submit(baker, page, "/cost", **{**sent, "amount": ""}).status_code == 422
    assert baker.get("/cost?lot=404").status_code == 404
    assert baker.get("/cost", follow_redirects=False).status_code == 303


def test_a_part_without_a_cost_does_not_hide_the_value_of_the_rest(kitchen: Kitchen, baker: TestClient) -> None:
    """The list of stock and the report show what is known."""
    kitchen.simple_bakery()
    kitchen.receive("Flour", 1, "kg")
    for path in ("/stock", "/reports/value-now"):
        assert "20.00<br><small>1 kg without cost" in baker.get(path).text
