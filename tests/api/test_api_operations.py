"""Every operation has a route: each is sent once, recorded under its own name, and found where its answer says."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from bake_tracker.clock import uuid7
from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.web import PASSWORD, Web
from support.writers import EXPORT, WRITERS

pytestmark = pytest.mark.one_database

Sent = tuple[str, str, Any]


def made(owner: TestClient, path: str, **body: Any) -> dict[str, Any]:
    answer = owner.post(f"/api/v1{path}", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def requests_of(kitchen: Kitchen, web: Web, owner: TestClient) -> dict[str, Sent]:
    """One request for each writer, in a simple bakery; what it needs is made first."""
    ids = kitchen.ids
    flour, recipe, unit, box = (ids[name] for name in ("Flour", "Cookies", "Cookie", "Box"))
    baking = {"recipe_id": recipe, "finished_unit_id": unit, "num_batches": 1, "actual_yield": 24}
    baked = [made(owner, "/productions", **baking) for _ in range(3)]  # boxes are packed of the first
    bags = [made(owner, "/receipts", item_id=flour, quantity=5, unit="kg", total_cost="6.10") for _ in range(4)]
    lots = [bag["lot_id"] for bag in bags]
    made(owner, "/holds", lot_ids=[lots[1]], reason="smells")
    supplier_id = made(owner, "/suppliers", name="Windmill")["supplier_id"]
    olga = web.signed_in(Role.OWNER)
    eve = made(olga, "/users", name="Ada", password=PASSWORD, role="viewer")["user_id"]
    token = made(olga, f"/users/{eve}/api-tokens", name="Till", role="viewer")["api_token_id"]
    line = {"item_id": flour, "quantity": "25", "unit": "kg", "total_cost": "31.50"}
    said = {"item_id": flour, "quantity": 1, "unit": "g"}
    page = {"name": "Shortbread", "lines": ["500 g flour", "2 tsp vanilla"], "yields": ["24 fingers"]}
    return {
        "record_user": ("POST", "/users", {"name": "Eve", "password": PASSWORD, "role": "baker"}),
        "record_user_change": ("PATCH", f"/users/{eve}", {"role": "baker"}),
        "record_password": ("PUT", f"/users/{eve}/password", {"password": "another loaf of rye"}),
        "record_api_token": ("POST", f"/users/{eve}/api-tokens", {"name": "Shop", "role": "baker"}),
        "record_api_token_revocation": ("DELETE", f"/api-tokens/{token}", None),
        "record_adjustment": (
            "POST",
            "/adjustments",
            {"kind": "waste", "lines": [{"item_id": flour, "quantity": "0.5", "unit": "kg"}]},
        ),
        "record_allergens": ("PUT", f"/items/{flour}/allergens", {"contains": ["wheat"]}),
        "record_assembly": ("POST", "/assemblies", {"finished_good_id": box, "quantity": 1}),
        "record_bake_and_pack": (
            "POST",
            "/bake-and-packs",
            {**baking, "finished_good_id": box, "quantity": 2},
        ),
        "record_batch_production": ("POST", "/productions", baking),
        "record_bakery": ("PATCH", "/bakery", {"name": "Corner"}),
        "record_event": ("POST", "/events", {"name": "Fair", "happens_on": "2026-12-05"}),
        "record_item": ("POST", "/items", {"kind": "ingredient", "name": "Salt", "base_unit": "g"}),
        "record_recipient": ("POST", "/recipients", {"name": "Ada"}),
        "record_supplier": ("POST", "/suppliers", {"name": "Watermill"}),
        "record_production_correction": (
            "POST",
            "/production-corrections",
            {"corrected_operation_id": baked[1]["operation_id"], "actual_yield": 20, "reason": "mistyped"},
        ),
        "record_delivery": ("POST", "/deliveries", {"supplier_id": supplier_id, "lines": [line]}),
        "record_good_components": (
            "PUT",
            f"/goods/{box}/components",
            {"components": [{"item_id": unit, "quantity": 4}]},
        ),
        "record_hold": ("POST", "/holds", {"lot_ids": [lots[0]], "reason": "smells"}),
        "record_release": ("POST", "/releases", {"lot_ids": [lots[1]], "reason": "smells fine"}),
        "record_transfer": (
            "POST",
            "/transfers",
            {"lot_id": lots[2], "to_location": "Cellar", "quantity": 2, "unit": "kg"},
        ),
        "record_import": ("POST", "/imports", {"document": EXPORT}),
        "record_label_filed": (
            "POST",
            "/filed-labels",
            {"item_id": unit, "ingredients": "flour (wheat), sugar", "contains": ["wheat"]},
        ),
        "record_density": (
            "POST",
            f"/items/{flour}/densities",
            {"volume": 1, "volume_unit": "cup", "weight": 120, "weight_unit": "g"},
        ),
        "record_piece_weight": (
            "POST",
            f"/items/{flour}/piece-weights",
            {"pieces": 12, "weight": 600, "weight_unit": "g"},
        ),
        "record_name": ("POST", "/names", {"name": "AP Flour", "item_id": flour}),
        "record_recipe_page": (
            "POST",
            "/recipe-pages",
            {**page, "choices": {"create_missing": True, "said": {"2": said}}},
        ),
        "record_product": (
            "POST",
            "/products",
            {"item_id": flour, "name": "Type 550", "package_quantity": 25, "package_unit": "kg", "package_type": "bag"},
        ),
        "record_recipe_rate": ("PUT", f"/recipes/{recipe}/rate", {"labour": 12, "overhead": "3.50"}),
        "record_recall": ("POST", "/recalls", {"lot_id": lots[3]}),
        "record_receipt": ("POST", "/receipts", line),
        "record_recipe": (
            "POST",
            "/recipes",
            {"name": "Bread", "lines": [{"item_id": flour, "quantity": 500, "unit": "g"}]},
        ),
        "record_recipe_yield": ("PUT", f"/recipes/{recipe}/makes/{unit}", {"quantity": 30}),
        "record_reversal": (
            "POST",
            "/reversals",
            {"reversed_operation_id": baked[2]["operation_id"], "reason": "mistyped"},
        ),
        "record_seal": ("POST", "/seals", None),
        "record_stocktake": (
            "POST",
            "/stocktakes",
            {"lines": [{"lot_id": lots[2], "percent_left": 50}], "moved": "after"},
        ),
    }


IN_PERSON = {"record_user", "record_user_change", "record_password", "record_api_token"}


def test_every_writer_has_a_route(kitchen: Kitchen) -> None:
    """Each is recorded once by its own name under the key that was sent, and can be read where Location says."""
    kitchen.simple_bakery()
    web = Web().let_in()
    owner = web.program(Role.OWNER)
    requests = requests_of(kitchen, web, owner)
    assert WRITERS.keys() == requests.keys(), "give each record_* a route, and a request of it here"
    for writer, (method, path, body) in requests.items():
        key = uuid7()
        client = web.signed_in(Role.OWNER) if writer in IN_PERSON else owner
        answers = [
            client.request(method, f"/api/v1{path}", json=body, headers={"Idempotency-Key": key}) for _ in range(2)
        ]
        assert {answer.status_code for answer in answers} == {201 if method == "POST" else 200}, (
            f"{writer}: {answers[0].text}"
        )
        first, again = (answer.json() for answer in answers)
        if writer == "record_api_token":
            assert first.pop("token").startswith("bake_")
            assert again.pop("token") is None  # it is told once
        assert first == again, writer
        names = kitchen.rows("SELECT name, actor FROM operation WHERE id = :id", id=key)
        assert names == [(writer, "Olga")]
        if method == "POST":
            where = owner.get(answers[0].headers["location"])
            assert where.status_code == 200, f"{writer}: {answers[0].headers['location']} {where.text}"
        else:
            assert "location" not in answers[0].headers


def test_a_token_that_was_made_lets_in_until_it_is_revoked(kitchen: Kitchen) -> None:
    """By its own role, and never told again."""
    web = Web().let_in()
    owner = web.program(Role.OWNER)
    answer = made(web.signed_in(Role.OWNER), f"/users/{web.ids[Role.BAKER]}/api-tokens", name="Till", role="viewer")
    till = web.client(headers={"Authorization": f"Bearer {answer['token']}"})
    assert till.get("/api/v1/stock").status_code == 200
    assert till.post("/api/v1/seals").status_code == 403
    listed = owner.get(f"/api/v1/users/{web.ids[Role.BAKER]}/api-tokens")
    assert answer["token"] not in listed.text
    assert owner.delete(f"/api/v1/api-tokens/{answer['api_token_id']}").status_code == 200
    assert till.get("/api/v1/stock").status_code == 401


def test_no_token_makes_another_or_lets_people_in(kitchen: Kitchen) -> None:
    """A stolen one would outlive its being revoked; on pages as in the API."""
    web = Web().let_in()
    owner, olga = web.program(Role.OWNER), web.ids[Role.OWNER]
    sent = [
        owner.post("/api/v1/users", json={"name": "Mallory", "password": "a loaf of rye bread", "role": "owner"}),
        owner.patch(f"/api/v1/users/{web.ids[Role.BAKER]}", json={"role": "owner"}),
        owner.put(f"/api/v1/users/{olga}/password", json={"password": "a loaf of rye bread"}),
        owner.post(f"/api/v1/users/{olga}/api-tokens", json={"name": "again", "role": "owner"}),
        owner.post("/people", data={"name": "Mallory", "password": "a loaf of rye bread", "role": "owner"}),
        owner.post(f"/people/{olga}/password", data={"password": "a loaf of rye bread"}),
    ]
    assert {answer.status_code for answer in sent} == {422}
    assert all("sign in as a person" in answer.text for answer in sent)


def test_goods_that_are_to_come_in_are_not_received(kitchen: Kitchen) -> None:
    """As on pages and at the command line; the day is the bakery's."""
    kitchen.simple_bakery()
    baker = Web().let_in().program(Role.BAKER)
    line = {"item_id": kitchen.ids["Flour"], "quantity": 1, "unit": "kg"}
    refused = baker.post("/api/v1/receipts", json={**line, "received_on": "9999-12-31"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "received_on")
    supplier = made(baker, "/suppliers", name="Mill")["supplier_id"]
    late = {"supplier_id": supplier, "lines": [line], "delivered_on": "2999-01-01"}
    assert baker.post("/api/v1/deliveries", json=late).status_code == 422
    assert baker.post("/api/v1/receipts", json=line).status_code == 201
