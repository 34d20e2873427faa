"""Every operation has a route: each is recorded once, under its own name, and can be read at its Location."""

import pytest

from bake_tracker.clock import uuid7
from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.web import Web
from support.writers import WRITERS, made, requests_of

pytestmark = pytest.mark.one_database


IN_PERSON = {"record_user", "record_user_change", "record_password", "record_api_token"}


def test_every_writer_has_a_route(kitchen: Kitchen) -> None:
    """Each is recorded once, by its own name, under the key that was sent, and can be read at its Location."""
    kitchen.simple_bakery()
    web = Web().let_in()
    owner = web.program(Role.OWNER)
    requests = requests_of(kitchen, web, owner)
    assert WRITERS.keys() == requests.keys(), (
        "give each record_* a route, and a request of it in tests/support/writers.py"
    )
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
            assert again.pop("token") is None  # it is shown once
        assert first == again, writer
        names = kitchen.rows("SELECT name, actor FROM operation WHERE id = :id", id=key)
        assert names == [(writer, "Olga")]
        if method == "POST":
            where = owner.get(answers[0].headers["location"])
            assert where.status_code == 200, f"{writer}: {answers[0].headers['location']} {where.text}"
        else:
            assert "location" not in answers[0].headers


def test_a_token_that_was_made_lets_in_until_it_is_revoked(kitchen: Kitchen) -> None:
    """It allows what its own role allows, and is never shown again."""
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
    """A stolen token could otherwise outlive its revocation; the pages refuse it as the API does."""
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
    assert all("sign in with a password" in answer.text for answer in sent)


def test_goods_that_have_not_arrived_are_not_received(kitchen: Kitchen) -> None:
    """The pages and the command line do the same; the day is the bakery's."""
    kitchen.simple_bakery()
    baker = Web().let_in().program(Role.BAKER)
    line = {"item_id": kitchen.ids["Flour"], "quantity": 1, "unit": "kg"}
    refused = baker.post("/api/v1/receipts", json={**line, "received_on": "9999-12-31"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "received_on")
    supplier = made(baker, "/suppliers", name="Mill")["supplier_id"]
    late = {"supplier_id": supplier, "lines": [line], "delivered_on": "2999-01-01"}
    assert baker.post("/api/v1/deliveries", json=late).status_code == 422
    assert baker.post("/api/v1/receipts", json=line).status_code == 201
