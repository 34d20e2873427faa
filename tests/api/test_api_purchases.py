"""Purchase orders over the API: sent by an owner, received by a baker, changed and cancelled."""

import pytest

from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.shelf import Buyer
from support.web import Web

PURCHASES = "/api/v1/purchase-orders"


@pytest.mark.one_database
def test_an_owner_orders_and_a_baker_receives(kitchen: Kitchen) -> None:
    """A delivery with the order's id needs neither supplier nor lines; without either it is refused as before."""
    buyer, web = Buyer(kitchen), Web().let_in()
    owner, baker = web.program(Role.OWNER), web.program(Role.BAKER)
    sent = {
        "supplier_id": buyer.mill,
        "wanted_on": "2026-12-04",
        "lines": [{"product_id": buyer.bag, "packs": 4}, {"product_id": buyer.box, "packs": "2", "price": "1.50"}],
    }
    assert baker.post(PURCHASES, json=sent).status_code == 403
    done = owner.post(PURCHASES, json=sent)
    assert (done.status_code, done.json()["total_price"]) == (201, "75.00")
    path = done.headers["location"]
    assert path.endswith(f"{PURCHASES}/1")
    changed = owner.patch(path, json={"note": "back door"}).json()
    assert (changed["changed"], changed["note"]) == (["note"], "back door")
    (listed,) = baker.get(PURCHASES).json()["purchase_orders"]
    assert (listed["supplier"], listed["state"], len(listed["goods"])) == ("Mill", "sent", 2)
    goods = {"item_id": buyer.flour, "quantity": 3, "unit": "bag", "product_id": buyer.bag, "total_cost": "54"}
    part = baker.post("/api/v1/deliveries", json={"purchase_order_id": 1, "lines": [goods]}).json()
    assert (part["purchase_order_state"], part["supplier_id"]) == ("partly received", buyer.mill)
    assert baker.post("/api/v1/deliveries", json={"purchase_order_id": 1}).json()["total_cost"] == "21.00"
    again = baker.post("/api/v1/deliveries", json={"purchase_order_id": 1})
    assert (again.status_code, again.json()["remedy"]["field"]) == (409, "again")
    view = baker.get(path).json()
    assert (view["state"], [one["packs_left"] for one in view["lines"]]) == ("received", ["0", "0"])
    assert owner.post(f"{path}/cancellations", json={"reason": "x"}).status_code == 409
    refused = baker.post("/api/v1/deliveries", json={"document": "A"}).json()
    assert {one["field"] for one in refused["errors"]} == {"supplier_id", "lines"}
    assert baker.get(PURCHASES).json()["purchase_orders"] == []
    assert len(baker.get(PURCHASES, params={"show": "all"}).json()["purchase_orders"]) == 1


@pytest.mark.one_database
def test_an_order_that_is_not_there_is_not_found(kitchen: Kitchen) -> None:
    """Every route answers 404 with the code."""
    Buyer(kitchen)
    owner = Web().let_in().program(Role.OWNER)
    for answer in (
        owner.get(f"{PURCHASES}/9"),
        owner.patch(f"{PURCHASES}/9", json={"note": "x"}),
        owner.post(f"{PURCHASES}/9/cancellations", json={"reason": "x"}),
        owner.post("/api/v1/deliveries", json={"purchase_order_id": 9}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "purchase_order_not_found")
