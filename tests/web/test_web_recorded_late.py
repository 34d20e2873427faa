"""What is recorded late: when a lot was counted since, and when the invoice comes.

A page asks whether the count had seen it; the API and the command line name the answer.
"""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import Shelf, drift
from support.web import Web, submit

pytestmark = pytest.mark.one_database

QUESTION = "Had the count seen this?"


@pytest.fixture
def counted(kitchen: Kitchen) -> Kitchen:
    """9.8 kg of 10 kg were counted three days ago."""
    kitchen.simple_bakery()
    shelf = Shelf(kitchen)
    shelf.count({"lot_id": shelf.lot("flour").id, "counted": 9_800}, counted_at=now() - timedelta(days=3))
    return kitchen


def test_a_page_asks_and_records_with_the_answer(counted: Kitchen) -> None:
    """The form keeps what was typed; the counted quantity stands."""
    baker = Web().let_in().browser(Role.BAKER)
    page = "/bake?recipe=cookies"
    typed = {
        "recipe_id": counted.ids["Cookies"],
        "finished_unit_id": counted.ids["Cookie"],
        "num_batches": 1,
        "scale_factor": 1,
        "actual_yield": 24,
        "produced_at": f"{now() - timedelta(days=5):%Y-%m-%dT%H:%M}",
    }
    assert QUESTION not in baker.get(page).text
    asked = submit(baker, page, "/bake", **typed)
    assert (asked.status_code, QUESTION in asked.text) == (409, True)
    done = submit(baker, page, "/bake", **typed, count_saw="before")
    assert done.status_code == 303
    assert "It includes" in baker.get(done.headers["location"]).text
    assert counted.stock("Flour") == 9_800
    assert drift() == []


def test_undoing_something_older_asks_on_its_page(counted: Kitchen) -> None:
    """The receipt of a counted lot is older than the count, and so is a baking that it had seen."""
    made = counted.produce("Cookies", "Cookie", 1, 24, produced_at=now() - timedelta(days=5), count_saw="after")
    shelf = Shelf(counted)
    shelf.count({"lot_id": shelf.lot("cookie").id, "counted": 24})
    baker = Web().let_in().browser(Role.BAKER)
    page = f"/operations/{made['operation_id']}"
    asked = submit(baker, page, f"{page}/undo", reason="typed twice")
    assert (asked.status_code, QUESTION in asked.text) == (409, True)
    assert submit(baker, page, f"{page}/undo", reason="typed twice", count_saw="after").status_code == 303
    assert (counted.stock("Cookie"), counted.stock("Flour")) == (0, 9_800)
    assert drift() == []


def test_the_api_names_the_counts_and_the_field(counted: Kitchen) -> None:
    """409, with its own code, and the same request with an answer is accepted."""
    baker = Web().let_in().program(Role.BAKER)
    lot = Shelf(counted).lot("flour")
    line = {"lot_id": lot.id, "quantity": 200}
    body = {"kind": "waste", "lines": [line], "happened_at": (now() - timedelta(days=5)).isoformat()}
    refused = baker.post("/api/v1/adjustments", json=body)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["remedy"]["field"]) == (409, "counted_since", "count_saw")
    assert [(one["lot_id"], one["counted"], one["unit"]) for one in problem["counts"]] == [(lot.id, "9800", "g")]
    assert baker.post("/api/v1/adjustments", json={**body, "count_saw": "during"}).status_code == 422
    done = baker.post("/api/v1/adjustments", json={**body, "count_saw": "before"})
    assert done.status_code == 201
    undo = {"reversed_operation_id": done.json()["operation_id"], "reason": "typed twice", "count_saw": None}
    assert baker.post("/api/v1/reversals", json=undo).status_code == 201
    check = {"lines": [{"lot_id": lot.id, "counted": 10_000}], "counted_at": (now() - timedelta(days=5)).isoformat()}
    assert baker.post("/api/v1/stocktakes/check", json=check).json()["different_count"] == 0
    assert counted.stock("Flour") == 9_800


def test_the_command_line_names_the_option(counted: Kitchen, bake: CommandLine) -> None:
    """Every command with a time of its own has it."""
    day = (now() - timedelta(days=5)).date()
    late = ("waste", f"200 g lot:{Shelf(counted).lot('flour').code}", "--at", f"{day}T06:00")
    refused = bake(*late)
    assert refused.code == 1
    assert "if the count had seen it, add --count-saw before; if not, add --count-saw after" in refused.err
    assert bake(*late, "--count-saw", "sometimes").code == 2
    done = bake(*late, "--count-saw", "before", "--json")
    assert done.code == 0
    assert counted.stock("Flour") == 9_800
    for command in ("produce", "assemble", "gift", "adjust", "count record", "reverse", "correct"):
        assert "--count-saw" in bake(*command.split(), "--help").out


# The invoice comes ----------------------------------------------------------------------------------------------------


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
