"""Requests that are not let in: their log lines name who and from where, and no trick gets around the limits."""

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Event, Semaphore
from typing import Any

import pytest
from starlette.testclient import TestClient

from bake_tracker.domain.access import (
    ATTEMPTS_OF_NAME_AT_ADDRESS,
    MOST_USERS_OF_DEVICE,
    Role,
    knows_device,
    with_user,
)
from bake_tracker.entrypoints.http import access
from bake_tracker.entrypoints.http.limits import Limiter
from bake_tracker.log.redaction import REDACTED
from bake_tracker.queries.catalog.people import find_user
from bake_tracker.services.access import passwords
from bake_tracker.services.access.accounts import record_password, record_user_change
from bake_tracker.services.access.passwords import new_secret
from bake_tracker.services.database import run_at_once, run_in_transaction
from support.warm.waiting import PATIENCE_S, wait_until
from support.web import PASSWORD, Web, csrf_of, statements, submit

WRONG = "planted: a wrong password"


@pytest.fixture
def web(sqlite_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """The log lines of one operation name, each as its fields."""
    caplog.set_level(logging.INFO)
    return lambda operation: [one for r in caplog.records if (one := vars(r)).get("operation") == operation]


def guess(client: TestClient) -> Any:
    return client.get("/api/v1/items", headers={"Authorization": f"Bearer {new_secret('bake_')}"})


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer  ", "BEARER \t"])
def test_an_empty_token_is_refused_and_opens_nothing(web: Web, header: str) -> None:
    """Sent along with a cookie, it does not turn off the check of where a form comes from."""
    browser = web.browser(Role.OWNER)
    evil = {"Authorization": header, "Origin": "https://evil.example"}
    for method, path in (("GET", "/api/v1/items"), ("POST", "/api/v1/events"), ("POST", "/sign-out"), ("GET", "/")):
        answer = browser.request(method, path, headers={**evil, "Accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")
    assert browser.get("/").status_code == 200  # still signed in
    assert browser.post("/sign-out", headers={"Authorization": "Basic YTpi"}).status_code == 403


def test_unknown_tokens_are_limited_like_no_token(web: Web) -> None:
    """Over the limit, the database is not asked at all."""
    web.app.state.limiter = Limiter(4)  # two at once
    client, browser = web.client(), web.browser(Role.OWNER)
    assert [guess(client).status_code for _ in range(2)] == [401, 401]
    with statements() as sent:
        refused = [guess(client), client.get("/sign-in"), browser.get("/")]
    assert [answer.status_code for answer in refused] == [429] * 3
    assert 0 < int(refused[0].headers["retry-after"]) <= 15
    assert [one for one in sent if "bakery_user" in one and one.startswith("SELECT")] == []


def test_a_stranger_locks_out_nobody_who_was_let_in_before_from_the_same_address(web: Web) -> None:
    """A token or cookie that has become invalid is a stranger's again."""
    program, browser, client = web.program(Role.VIEWER), web.browser(Role.BAKER), web.client()
    assert [program.get("/api/v1/items").status_code, browser.get("/").status_code] == [200, 200]
    web.app.state.limiter.per_second, web.app.state.limiter.most = 1e-9, 3
    assert [guess(client).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert [program.get("/api/v1/items").status_code, browser.get("/").status_code] == [200, 200]
    run_in_transaction(lambda session: record_user_change(web.ids[Role.VIEWER], is_disabled=True, session=session))
    with statements() as sent:
        assert [program.get("/api/v1/items").status_code for _ in range(3)] == [429] * 3
    assert len([one for one in sent if "api_token" in one]) == 1


def test_the_use_of_a_token_is_noted_unless_somebody_would_wait_for_it(web: Web, sqlite_url: str) -> None:
    """Another program has the one write lock; the use is noted with a later request."""

    def noted() -> Any:
        rows = web.program(Role.OWNER).get(f"/api/v1/users/{web.ids[Role.VIEWER]}/api-tokens").json()
        return rows[0]["last_used_at"]

    program = web.program(Role.VIEWER)
    with closing(sqlite3.connect(sqlite_url.partition(":///")[2], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert program.get("/api/v1/items").status_code == 200
        assert not run_at_once(lambda session: session.connection())
    assert noted() is None
    assert program.get("/api/v1/items").status_code == 200
    assert noted() is not None


def test_every_line_of_a_request_names_its_actor(web: Web, lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbidden, limited, broken: the line is written after the route has let go of what it bound."""
    viewer = web.program(Role.VIEWER)
    assert viewer.post("/api/v1/events", json={"name": "Fair"}).status_code == 403
    assert web.browser(Role.BAKER).post("/sign-out").status_code == 403  # no CSRF token
    assert web.client().get("/api/v1/items").status_code == 401
    with monkeypatch.context() as broken:
        broken.setattr("bake_tracker.entrypoints.api.stock.load_stock", lambda *_: 1 / 0)
        assert viewer.get("/api/v1/stock").status_code == 500
    web.app.state.limiter = Limiter(2)
    assert [viewer.get("/api/v1/items").status_code for _ in range(2)] == [200, 429]
    told = [(line["outcome"], line["actor"]) for line in lines("request")]
    assert told == [
        ("forbidden", "Vera"),
        ("forbidden", "Bao"),
        ("sign_in_needed", access.NOBODY),
        ("error", "Vera"),
        ("too_many_attempts", "Vera"),
    ]


def test_sign_in_lines_have_the_name_that_was_tried_and_the_address(web: Web, lines: Any) -> None:
    """A password is in none of them, even if it was typed into the wrong field."""
    client = web.client(headers={"Accept": "text/html"})
    for name, password in (("Olga", WRONG), ("Mallory\n", WRONG), (PASSWORD, PASSWORD), ("olga", PASSWORD)):
        submit(client, "/sign-in", "/sign-in", name=name, password=password)
    client.post("/sign-out", data={"csrf_token": csrf_of(client.get("/"))})
    told = [(line["outcome"], line["user_name"], line["address"]) for line in lines("sign_in")]
    assert told == [
        ("sign_in_refused", "Olga", "testclient"),
        ("sign_in_refused", "Mallory\n", "testclient"),
        ("sign_in_refused", REDACTED, "testclient"),
        ("success", "Olga", "testclient"),
    ]
    assert [(line["user_name"], line["address"]) for line in lines("sign_out")] == [("Olga", "testclient")]


def test_guesses_elsewhere_are_told_like_those_at_sign_in(
    sqlite_url: str, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong set-up code, and a wrong current password."""
    monkeypatch.setenv("BAKE_TRACKER_SETUP_CODE", "the code")
    client = Web().client(headers={"Accept": "text/html"})
    given = {"name": "Ada", "password": PASSWORD}
    assert submit(client, "/set-up", "/set-up", **given, code="a code").status_code == 422
    (line,) = lines("set_up")
    assert (line["outcome"], line["user_name"], line["address"]) == ("validation_failed", "Ada", "testclient")
    assert submit(client, "/set-up", "/set-up", **given, code="the code").status_code == 303
    assert submit(client, "/me", "/me/password", current=WRONG, password="another loaf of rye").status_code == 422
    (line,) = lines("confirm_password")
    assert (line["outcome"], line["user_name"], line["actor"]) == ("validation_failed", "Ada", "Ada")
    assert not any(WRONG in str(line) or PASSWORD in str(line) for line in lines("confirm_password"))


def sign_in_at(web: Web, client: TestClient, name: str, password: str) -> int:
    """The status of signing in with this browser."""
    page = client.get("/sign-in")
    if page.status_code != 200:
        return int(page.status_code)
    sent = {"csrf_token": csrf_of(page), "name": name, "password": password}
    return int(client.post("/sign-in", data=sent).status_code)


def test_a_known_device_lets_its_people_sign_in_whatever_others_at_the_address_do(web: Web) -> None:
    """Neither the guesses nor the requests of a stranger behind the shop's router count for the shop's tablet."""
    tablet, stranger = (web.client(headers={"Accept": "text/html"}) for _ in range(2))
    for name in ("Olga", "Bao", "Olga"):
        assert sign_in_at(web, tablet, name, PASSWORD) == 303
        tablet.post("/sign-out", data={"csrf_token": csrf_of(tablet.get("/"))})
    for name in ("Olga", "olga", "Bao", "Vera"):
        assert 429 in [sign_in_at(web, stranger, name, WRONG) for _ in range(11)]
    web.app.state.limiter.per_second, web.app.state.limiter.most = 1e-9, 3
    assert 429 in [guess(stranger).status_code for _ in range(4)]
    assert stranger.get("/sign-in").status_code == 429
    assert tablet.get("/sign-in").status_code == 200
    web.app.state.limiter = Limiter(1_200)
    for name in ("Olga", "Bao"):
        assert sign_in_at(web, tablet, name, PASSWORD) == 303
        tablet.post("/sign-out", data={"csrf_token": csrf_of(tablet.get("/"))})
    assert [sign_in_at(web, tablet, "Olga", WRONG) for _ in range(11)] == [401] * 10 + [429]
    assert sign_in_at(web, tablet, "Bao", PASSWORD) == 303


def test_a_made_up_or_outdated_device_is_a_stranger(web: Web) -> None:
    """The mark of a device is for one user and one password."""
    tablet, thief = (web.client(headers={"Accept": "text/html"}) for _ in range(2))
    assert sign_in_at(web, tablet, "Olga", PASSWORD) == 303
    known = str(tablet.cookies["bake_device"])
    secret, mark = known.split(".")
    of_olga = run_in_transaction(lambda session: find_user(session, "Olga"))
    assert of_olga is not None
    assert knows_device(of_olga.password_hash, known)
    for made_up in ("", "x", secret, f"{secret}.", f"x.{mark}", f".{mark}", f"{secret}.{mark}x", "\udcff.\udcff"):
        assert not knows_device(of_olga.password_hash, made_up), made_up
    run_in_transaction(lambda session: record_password(web.ids[Role.OWNER], "another loaf of rye", session=session))
    thief.cookies["bake_device"] = known
    assert [sign_in_at(web, thief, "Olga", WRONG) for _ in range(11)] == [401] * 10 + [429]
    other = web.client(headers={"Accept": "text/html"})
    assert sign_in_at(web, other, "Olga", "another loaf of rye") == 429  # counted for the address, not for the device


def test_a_device_remembers_its_last_few_users() -> None:
    """A shared tablet has several; the cookie stays small."""
    device = "secret"
    for number in range(MOST_USERS_OF_DEVICE + 2):
        device = with_user(device, f"hash {number}")
    assert [knows_device(f"hash {number}", device) for number in range(MOST_USERS_OF_DEVICE + 2)] == [
        *[False] * 2,
        *[True] * MOST_USERS_OF_DEVICE,
    ]
    assert with_user(device, "hash 3").split(".")[:2] == ["secret", with_user("secret", "hash 3").split(".")[1]]


def test_health_is_asked_without_limit(web: Web) -> None:
    """A probe behind the shop's address says what the server is like, whatever others there do."""
    web.app.state.limiter = Limiter(2)
    client = web.client()
    assert [client.get(path).status_code for path in ("/sign-in", "/sign-in")] == [200, 429]
    assert [client.get(path).status_code for path in ("/healthz", "/readyz") * 3] == [200] * 6
    assert client.get("/metrics").status_code == 429


def test_few_passwords_are_hashed_at_once_and_the_rest_waits_or_is_refused(
    web: Web, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each needs 64 MiB. A refusal says when to try again, and does not count as an attempt.

    An owner can set a password meanwhile: a sign-in may be waiting for that transaction.
    """
    begun, go_on = Semaphore(0), Event()
    hasher = passwords._hasher()

    class Slow:
        def hash(self, password: str) -> str:
            return hasher.hash(password)

        def verify(self, *given: Any) -> bool:
            begun.release()
            assert go_on.wait(PATIENCE_S)
            return hasher.verify(*given)

    monkeypatch.setattr(passwords, "_hasher", Slow)
    monkeypatch.setattr(passwords, "LONGEST_WAIT_S", PATIENCE_S)  # nobody gives up before the last one has come
    places: Any = passwords._places
    most = passwords.AT_ONCE + passwords.MOST_WAITING
    clients = [web.client(headers={"Accept": "text/html"}) for _ in range(most + 1)]
    forms = [{"csrf_token": csrf_of(one.get("/sign-in")), "name": "Olga", "password": PASSWORD} for one in clients]
    with ThreadPoolExecutor(most) as pool, ExitStack() as at_last:
        at_last.callback(go_on.set)
        waiting = [pool.submit(clients[one].post, "/sign-in", data=forms[one]) for one in range(most)]
        assert all(begun.acquire(timeout=PATIENCE_S) for _ in range(passwords.AT_ONCE))
        wait_until(lambda: not places._value or any(one.done() for one in waiting))
        assert [one.result().text for one in waiting if one.done()] == []  # everybody else has a place
        assert not begun.acquire(blocking=False)
        refused = clients[most].post("/sign-in", data=forms[most])
        run_in_transaction(lambda session: record_password(web.ids[Role.BAKER], "another loaf", session=session))
        go_on.set()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "too many people are signing in at this moment" in refused.text.lower()
        assert [one.result().status_code for one in waiting].count(303) >= ATTEMPTS_OF_NAME_AT_ADDRESS
    assert [line["outcome"] for line in lines("sign_in")].count("too_busy") == 1
    assert sign_in_at(web, clients[most], "Olga", PASSWORD) == 303
