"""The pages of people and settings: who may sign in, everyone's own password and tokens, and the bakery's settings."""

import re

import pytest

from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.web import NAMES, PASSWORD, Web, csrf_of, statements, submit

pytestmark = pytest.mark.one_database
NEW = "a bowl of warm oats"


@pytest.fixture
def web(database_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


def can_sign_in(web: Web, name: str, password: str) -> bool:
    """Whether this name and password can sign in."""
    return submit(web.client(), "/sign-in", "/sign-in", name=name, password=password).status_code == 303


def test_the_owner_lets_somebody_in_changes_their_role_and_switches_them_off(web: Web) -> None:
    """No page shows a password, not even a refused form; a disabled user cannot sign in."""
    owner = web.browser(Role.OWNER)
    refused = submit(owner, "/people", "/people", name="Ida", password="tiny", role="viewer")
    assert (refused.status_code, 'value="Ida"' in refused.text, "tiny" in refused.text) == (422, True, False)
    made = submit(owner, "/people", "/people", name="Ida", password=NEW, role="viewer")
    person = made.headers["location"].partition("?")[0]
    assert can_sign_in(web, "Ida", NEW)
    assert submit(owner, person, person, role="baker", switch="off").status_code == 303
    assert not can_sign_in(web, "Ida", NEW)
    assert "switched off" in owner.get("/people").text
    assert submit(owner, person, person, role="baker", switch="on").status_code == 303
    assert submit(owner, person, f"{person}/password", password=PASSWORD).status_code == 303
    assert can_sign_in(web, "Ida", PASSWORD)
    last = f"/people/{web.ids[Role.OWNER]}"
    assert submit(owner, last, last, role="baker").status_code == 409


def test_everyone_changes_their_own_password_and_stays_signed_in(web: Web) -> None:
    """The old password is required, and other browsers are signed out."""
    browser, elsewhere = web.browser(Role.VIEWER), web.browser(Role.VIEWER)
    wrong = submit(browser, "/me", "/me/password", current="not it", password=NEW)
    assert (wrong.status_code, "not it" in wrong.text, NEW in wrong.text) == (422, False, False)
    done = submit(browser, "/me", "/me/password", current=PASSWORD, password=NEW)
    assert done.status_code == 303
    assert browser.get(done.headers["location"]).status_code == 200
    assert elsewhere.get("/me").status_code == 303
    assert can_sign_in(web, NAMES[Role.VIEWER], NEW)


def test_a_token_is_shown_once_and_is_good_until_it_is_revoked(web: Web) -> None:
    """It never allows more than its owner may do; and no token can make another or change a password."""
    baker = web.browser(Role.BAKER)
    assert submit(baker, "/me", "/me/tokens", name="Till", role="owner").status_code == 422
    page = submit(baker, "/me", "/me/tokens", name="Till", role="viewer").text
    token = re.findall(r"bake_[A-Za-z0-9_-]{40,}", page)[0]
    program = web.client(headers={"Authorization": f"Bearer {token}"})
    assert program.get("/api/v1/items").status_code == 200
    assert program.post("/me/tokens", data={"name": "more", "role": "viewer"}).status_code == 422
    assert program.post("/me/password", data={"current": PASSWORD, "password": NEW}).status_code == 422
    again = baker.get("/me").text
    assert (token in again, "Till" in again) == (False, True)
    revoke = re.findall(r'action="(/me/tokens/\d+/revoke)"', again)[0]
    other = web.browser(Role.VIEWER)
    assert submit(other, "/me", revoke).status_code == 404
    assert program.get("/api/v1/items").status_code == 200
    assert submit(baker, "/me", revoke).status_code == 303
    assert program.get("/api/v1/items").status_code == 401


def test_the_owner_revokes_a_token_of_somebody(web: Web) -> None:
    """The token is revoked on its user's page, and not through another user's."""
    program = web.program(Role.BAKER)
    owner = web.browser(Role.OWNER)
    page = f"/people/{web.ids[Role.BAKER]}"
    path = re.findall(r'action="(/people/\d+/tokens/\d+/revoke)"', owner.get(page).text)[0]
    wrong = path.replace(page, f"/people/{web.ids[Role.OWNER]}")
    assert submit(owner, page, wrong).status_code == 404
    assert submit(owner, page, path).status_code == 303
    assert program.get("/api/v1/items").status_code == 401


def test_the_owner_changes_settings_except_those_that_stock_depends_on(kitchen: Kitchen, web: Web) -> None:
    """A refused form keeps what was typed; the currency is fixed once there is stock."""
    owner = web.browser(Role.OWNER)
    house = {"name": "Rye & Co", "currency": "EUR", "time_zone": "Europe/Berlin", "label_policy": "refuse"}
    assert submit(owner, "/settings", "/settings", **house).status_code == 303
    assert 'value="Rye &amp; Co"' in owner.get("/settings").text
    nowhere = submit(owner, "/settings", "/settings", **{**house, "time_zone": "Mars"})
    assert (nowhere.status_code, 'value="Mars"' in nowhere.text) == (422, True)
    kitchen.simple_bakery()
    assert submit(owner, "/settings", "/settings", **{**house, "currency": "USD"}).status_code == 409
    assert web.browser(Role.BAKER).get("/settings").status_code == 403


def test_suppliers_customers_and_events_are_added_and_listed(web: Web) -> None:
    """Suppliers, customers and events are added; the same name twice is refused."""
    baker = web.browser(Role.BAKER)
    assert "No suppliers yet" in baker.get("/suppliers").text
    assert submit(baker, "/suppliers", "/suppliers", name="Old Mill").status_code == 303
    assert submit(baker, "/suppliers", "/suppliers", name="Old Mill").status_code == 409
    assert submit(baker, "/recipients", "/recipients", name="Ada", household="Lovelace").status_code == 303
    assert submit(baker, "/events", "/events", name="Fair", happens_on="soon").status_code == 422
    assert submit(baker, "/events", "/events", name="Fair", happens_on="2026-12-06").status_code == 303
    for page, words in (("/suppliers", "Old Mill"), ("/recipients", "Lovelace"), ("/events", "6 Dec 2026")):
        assert words in baker.get(page).text
    assert web.browser(Role.VIEWER).get("/suppliers").text.count("<form") == 3  # find, sign out, search; none adds


def test_pages_of_people_send_as_many_statements_however_many_there_are(web: Web) -> None:
    """This holds for people, tokens, suppliers, customers and events."""
    owner = web.browser(Role.OWNER)
    paths = ["/people", f"/people/{web.ids[Role.OWNER]}", "/me", "/settings", "/suppliers", "/recipients", "/events"]

    def sent() -> dict[str, int]:
        counted = {}
        for path in paths:
            with statements() as heard:
                assert owner.get(path).status_code == 200
            counted[path] = len(heard)
        return counted

    few = sent()
    for number in range(3):
        token = csrf_of(owner.get("/people"))
        owner.post("/people", data={"csrf_token": token, "name": f"P {number}", "password": NEW, "role": "viewer"})
        owner.post("/me/tokens", data={"csrf_token": token, "name": f"T {number}", "role": "viewer"})
        for what in ("suppliers", "recipients", "events"):
            owner.post(f"/{what}", data={"csrf_token": token, "name": f"N {number}"})
    assert sent() == few
