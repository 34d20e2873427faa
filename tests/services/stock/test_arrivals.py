"""Goods in that deserve a second look are recorded, and the answer says why."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from bake_tracker.clock import uuid7
from bake_tracker.domain.access import Role
from bake_tracker.domain.stock.arrivals import warnings_of
from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.stock.delivery import record_delivery
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.undoing import drift, reverse
from support.web import Web, csrf_of, submit

TODAY, YESTERDAY, TOMORROW = date(2026, 3, 2), date(2026, 3, 1), date(2026, 3, 3)


@pytest.fixture
def milk(kitchen: Kitchen) -> Kitchen:
    """Milk, which keeps for two days, and flour."""
    kitchen.ingredient("Milk", "ml", shelf_life_days=2)
    kitchen.ingredient("Flour")
    return kitchen


def came(kitchen: Kitchen, **more: Any) -> dict[str, Any]:
    return kitchen.receive("Milk", 1, "l", 1, **{"received_on": TODAY, **more})


@pytest.mark.parametrize(
    ("expires_on", "warnings"),
    [(YESTERDAY, ["expired_on_arrival"]), (TODAY, None), (TOMORROW, None), (None, None)],
)
def test_goods_that_had_expired_when_they_came_are_taken_and_named(
    milk: Kitchen, expires_on: date | None, warnings: list[str] | None
) -> None:
    """The day that counts is the day of the receipt; there is no field without a warning."""
    done = milk.receive("Flour", 1, "kg", received_on=TODAY, expires_on=expires_on)
    assert done.get("warnings") == warnings
    assert milk.stock("Flour") == 1_000
    told = [
        f"lot {done['lot_code']} expired on 2026-03-01, before it came on 2026-03-02; if a date is wrong, undo the "
        "receipt and record it again"
    ]
    assert warnings_of(done) == (told if warnings else [])
    assert drift() == []


@pytest.mark.parametrize(
    ("days", "is_asked"), [(4, True), (5, False), (10, False), (20, False), (21, True), (None, False)]
)
@pytest.mark.one_database
def test_an_expiry_far_from_the_shelf_life_is_asked_about(
    kitchen: Kitchen, bake: CommandLine, days: int | None, is_asked: bool
) -> None:
    """Under half or above twice that life, a year may be mistyped. Goods without a date keep for their shelf life."""
    kitchen.ingredient("Milk", "ml", shelf_life_days=10)
    expires_on = None if days is None else TODAY + timedelta(days)
    done = came(kitchen, expires_on=expires_on)
    assert done.get("warnings") == (["expiry_unlike_shelf_life"] if is_asked else None)
    told = f"expires on {expires_on}, after {days} days, but its shelf life is 10 days"
    assert warnings_of(done) == ([f"lot {done['lot_code']} {told}"] if is_asked else [])
    line = ["receive", "milk", "1", "l", "--received", TODAY.isoformat()]
    asked = bake.at_terminal("n\n")(*line, *(["--expires", expires_on.isoformat()] if expires_on else []))
    assert (f"his milk {told}" in asked.out, kitchen.stock("Milk")) == (is_asked, 1_000 if is_asked else 2_000)
    assert drift() == []


def test_a_code_that_came_before_is_named_with_the_earlier_lots(milk: Kitchen) -> None:
    """Only lots of the same item count, and none whose receipt was undone."""
    first = came(milk, lot_code="M-7", expires_on=TOMORROW)
    assert "warnings" not in first
    second = came(milk, lot_code="M-7", expires_on=YESTERDAY)
    known = [{"lot_id": first["lot_id"], "received_on": "2026-03-02", "expires_on": "2026-03-03"}]
    assert (second["warnings"], second["known_lots"]) == (["expired_on_arrival", "lot_code_known"], known)
    assert warnings_of(second)[1] == (
        f"lot M-7 of milk is in the ledger already: received 2026-03-02, expires 2026-03-03 (id {first['lot_id']})"
    )
    assert "warnings" not in milk.receive("Flour", 1, "kg", lot_code="M-7")
    reverse(second)
    reverse(first)
    assert "warnings" not in came(milk, lot_code="M-7", operation_id="019aa000-0000-7000-8000-000000000021")
    assert "warnings" not in came(milk, lot_code="M-7", operation_id="019aa000-0000-7000-8000-000000000021")
    assert "warnings" not in came(milk, lot_code="M-7", is_carried=True, expires_on=YESTERDAY)
    assert drift() == []


def test_every_line_of_a_delivery_is_looked_at(milk: Kitchen) -> None:
    """The warnings stand at their lots."""
    supplier = run_in_transaction(lambda session: record_supplier("Dairy", session=session))["supplier_id"]
    line = {"item_id": milk.ids["Milk"], "quantity": 1, "unit": "l", "lot_code": "M-7"}
    came(milk, lot_code="M-7")
    done = run_in_transaction(
        lambda session: record_delivery(
            [line, {**line, "lot_code": "M-8", "expires_on": YESTERDAY}, {**line, "lot_code": None}],
            session=session, supplier_id=supplier, delivered_on=TODAY,
        )
    )  # fmt: skip
    assert [lot.get("warnings") for lot in done["lots"]] == [["lot_code_known"], ["expired_on_arrival"], None]


@pytest.mark.one_database
def test_the_command_line_says_it_at_once(milk: Kitchen, bake: CommandLine) -> None:
    """This holds for a receipt and for a delivery."""
    line = ("receive", "milk", "1", "l", "--lot", "M-7", "--expires", "2016-12-24")
    assert "Look again: lot M-7 expired on 2016-12-24, before it came on" in bake(*line).out
    assert "Look again: lot M-7 of milk is in the ledger already: received" in bake(*line).out
    assert bake(*line, "--json").json["warnings"] == ["expired_on_arrival", "lot_code_known"]
    assert "Look again" not in bake("receive", "milk", "1", "l").out


@pytest.mark.one_database
def test_the_page_and_the_api_say_it_too(milk: Kitchen) -> None:
    """After the receipt, the page of the operation shows the note until it is undone; the API adds a field."""
    web = Web().let_in()
    browser: TestClient = web.browser(Role.BAKER)
    item = milk.ids["Milk"]
    form = {"csrf_token": csrf_of(browser.get(f"/receive?item={item}")), "item_id": str(item), "quantity": "1"}
    asked = browser.post("/receive", data={**form, "unit": "l", "expires_on": "2016-12-24"})
    assert (asked.status_code, "These goods expired on 2016-12-24, before they came on" in asked.text) == (422, True)
    sure = re.findall(r'name="sure" value="([^"]+)"', asked.text)[0]
    assert milk.stock("Milk") == 0
    sent = browser.post("/receive", data={**form, "unit": "l", "expires_on": "2016-12-24", "sure": sure})
    page = browser.get(sent.headers["location"]).text
    assert "expired on 2016-12-24, before it came on" in page
    body = {"item_id": item, "quantity": 1, "unit": "l", "received_on": "2026-03-02", "expires_on": "2026-03-01"}
    api = web.program(Role.BAKER)
    assert api.post("/api/v1/receipts", json=body).json()["warnings"] == ["expired_on_arrival"]
    assert "warnings" not in api.post("/api/v1/receipts", json={**body, "expires_on": None}).json()
    strict = api.post("/api/v1/receipts?strict=true", json=body)
    assert (strict.status_code, strict.json()["code"]) == (422, "doubtful")
    assert strict.json()["warnings"] == ["expired_on_arrival"]
    again = {"Idempotency-Key": str(uuid7())}
    first = api.post("/api/v1/receipts", json=body, headers=again)
    replay = api.post("/api/v1/receipts?strict=true", json=body, headers=again)
    assert (first.status_code, replay.status_code, replay.json()) == (201, 201, first.json())
    assert milk.stock("Milk") == 4_000


@pytest.mark.one_database
def test_a_terminal_asks_about_goods_that_had_expired(milk: Kitchen, bake: CommandLine) -> None:
    """This holds for a receipt and for a line of a delivery; a script is not asked."""
    line = ("receive", "milk", "1", "l", "--expires", "2016-12-24")
    asked = bake.at_terminal("n\n")(*line)
    assert (asked.code, "expired on 2016-12-24" in asked.out, milk.stock("Milk")) == (1, True, 0)
    assert bake.at_terminal("y\n")(*line).code == 0
    bake("supplier", "add", "Dairy")
    sheet = bake.log_file.parent / "delivery.csv"
    sheet.write_text("item,quantity,unit,expires\nmilk,1,l,2016-12-24\n", "utf-8")
    assert bake.at_terminal("\n")("deliver", "dairy", str(sheet)).code == 1
    assert bake.at_terminal("")("deliver", "dairy", str(sheet), "--yes").code == 0
    assert milk.stock("Milk") == 2_000


@pytest.mark.one_database
def test_a_repeated_command_is_answered_as_at_first(milk: Kitchen, bake: CommandLine) -> None:
    """Nobody is asked again, and the checks before a receipt are skipped, because it is already recorded."""
    key = ("--operation-id", str(uuid7()))
    line = ("receive", "milk", "1", "l", "--expires", "2016-12-24", "--lot", "M-1", *key)
    first = bake.at_terminal("y\n")(*line)
    assert bake.at_terminal("")(*line).out == first.out[first.out.index("Received") :]
    assert milk.stock("Milk") == 1_000
    count = ("count", "record", "M-1=900 ml", "--operation-id", str(uuid7()))
    counted = bake.at_terminal("y\n")(*count)
    assert (counted.code, milk.stock("Milk")) == (0, 900)
    repeated = bake.at_terminal("")(*count)
    assert (repeated.code, repeated.err, milk.stock("Milk")) == (0, "", 900)


@pytest.mark.one_database
def test_a_page_sent_again_asks_nothing(milk: Kitchen) -> None:
    """The first answer counts, even if the question was not answered the second time."""
    baker = Web().let_in().browser(Role.BAKER)
    item = str(milk.ids["Milk"])
    sent = {"item_id": item, "quantity": "1", "unit": "l", "expires_on": "2016-12-24", "operation_id": str(uuid7())}
    page = f"/receive?item={item}"
    asked = submit(baker, page, "/receive", **sent)
    sure = re.search(r'name="sure" value="([^"]+)"', asked.text)
    assert sure is not None
    done = submit(baker, page, "/receive", **sent, sure=sure[1])
    again = submit(baker, page, "/receive", **sent)
    assert (done.status_code, again.status_code, again.headers["location"]) == (303, 303, done.headers["location"])
    assert milk.stock("Milk") == 1_000


@pytest.mark.one_database
def test_a_known_code_with_another_expiry_is_asked_about(milk: Kitchen, bake: CommandLine) -> None:
    """A terminal and a page ask, for a receipt and a delivery; with the same expiry, neither does."""
    line = ("receive", "flour", "1", "kg", "--lot", "M-7", "--expires")
    bake(*line, "2099-01-31")
    asked = bake.at_terminal("n\n")(*line, "2099-02-28")
    said = "of flour is in the ledger already"
    assert (asked.code, said in asked.out, "these goods expire 2099-02-28" in asked.out) == (1, True, True)
    assert bake.at_terminal("n\n")("receive", "flour", "1", "kg", "--lot", "M-7").code == 1
    assert bake.at_terminal("")(*line, "2099-01-31").code == 0
    bake("supplier", "add", "Dairy")
    sheet = bake.log_file.parent / "delivery.csv"
    sheet.write_text("item,quantity,unit,lot,expires\nflour,1,kg,M-7,2099-02-28\n", "utf-8")
    assert bake.at_terminal("n\n")("deliver", "dairy", str(sheet)).code == 1
    baker = Web().let_in().browser(Role.BAKER)
    item = str(milk.ids["Flour"])
    sent = {"item_id": item, "quantity": "1", "unit": "kg", "lot_code": "M-7"}
    page = f"/receive?item={item}"
    refused = submit(baker, page, "/receive", **sent, expires_on="2099-02-28")
    assert (refused.status_code, said in refused.text) == (422, True)
    assert submit(baker, page, "/receive", **sent, expires_on="2099-01-31").status_code == 303
    assert milk.stock("Flour") == 3_000
    assert bake.at_terminal("y\n")(*line, "2099-02-28").code == 0
