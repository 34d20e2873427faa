"""Only the right people get in: every route by every role, cookies, forged requests, throttling, headers."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import APIRouter

from bake_tracker.domain.access import ATTEMPTS_OF_NAME_AT_ADDRESS, Role
from bake_tracker.entrypoints.http.access import (
    CSRF_FIELD,
    CSRF_HEADER,
    PUBLIC,
    SAFE_METHODS,
    VIEWER,
    RouteWithoutRoleError,
    safe_next,
)
from bake_tracker.entrypoints.http.app import make_application
from bake_tracker.entrypoints.http.context import SECURITY_HEADERS
from bake_tracker.services.access.accounts import record_user_change
from bake_tracker.services.database import run_in_transaction
from support import ROOT
from support.depth import is_thorough
from support.web import PASSWORD, Web, csrf_of, submit

SECURITY = ROOT / "docs" / "reference" / "security.md"

REFUSALS = {True: (401, "sign_in_needed"), False: (403, "forbidden")}


@pytest.fixture
def web(sqlite_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


def table_of(web: Web) -> str:
    rows = (f"| {method} | `{path}` | {role or 'anybody'} |" for (method, path), role in web.roles.items())
    return "\n".join(sorted(rows, key=lambda row: row.split("`")[1]))


def walk(web: Web, methods: Callable[[str], bool] = lambda _: True) -> Iterator[tuple[str, str, Role | None]]:
    for (method, path), needed in web.roles.items():
        if methods(method):
            # No route may revoke the tokens that this walk needs, so nothing has this id.
            yield method, re.sub(r"\{[^}]*\}", "999", path), needed


def test_the_reference_has_every_route_with_its_role(web: Web) -> None:
    """A failure prints the whole table."""
    shown = "\n".join(re.findall(r"^\| (?:GET|POST|PUT|PATCH|DELETE) \|.*$", SECURITY.read_text("utf-8"), re.MULTILINE))
    assert table_of(web) == shown, f"put this table into {SECURITY.name}:\n{table_of(web)}"


def test_every_route_lets_in_whom_its_role_says(web: Web) -> None:
    """With no role and with each role's API token: 401 or 403 exactly where the table in the reference says so.

    A usual run asks as the role that is needed and as the one below it. Only a link of its own opens the calendar.
    """
    clients = {None: web.client(), **{role: web.program(role) for role in Role}}
    ranks = [*clients]
    for method, path, needed in walk(web):
        rank = ranks.index(needed)
        own_link = path.startswith("/calendar/")
        for role in ranks if is_thorough() else ranks[max(rank - 1, 0) : rank + 1]:
            client = clients[role]
            answer = client.request(method, path)
            is_problem = answer.headers.get("content-type") == "application/problem+json"
            code = answer.json()["code"] if is_problem else None
            if own_link:
                assert (answer.status_code, code) == REFUSALS[True], f"{method} {path} as {role}"
            elif needed and not (role and role.allows(needed)):
                assert (answer.status_code, code) == REFUSALS[role is None], f"{method} {path} as {role}"
            elif needed is None and role is None and method not in SAFE_METHODS:
                assert code == "forbidden", f"{method} {path}: a form that anybody may send has our token"
            else:
                assert code not in ("sign_in_needed", "forbidden"), f"{method} {path} as {role}"
                assert answer.status_code != 500, f"{method} {path} as {role}"


def test_an_application_with_a_route_without_a_role_is_refused(web: Web) -> None:
    """Two roles are refused too; the message names the route."""
    for dependencies in ([], [PUBLIC, VIEWER]):
        router = APIRouter()
        router.add_api_route("/open", lambda: None, dependencies=dependencies)
        with pytest.raises(RouteWithoutRoleError, match="GET /open: a route has exactly one of PUBLIC, VIEWER"):
            make_application([router])


def test_a_forged_request_changes_nothing(web: Web) -> None:
    """Without our token or from another site, a signed-in browser gets a 403 from every route that changes anything."""
    web.app.state.limiter.most = web.app.state.limiter.per_second = 1e9
    browser = web.browser(Role.OWNER)
    good = {CSRF_HEADER: csrf_of(browser.get("/"))}
    assert re.fullmatch("[0-9a-f]{64}", good[CSRF_HEADER])
    forged: list[dict[str, str]] = [
        {},
        {CSRF_HEADER: "0" * 64},
        {CSRF_HEADER: "é"},
        {**good, "Origin": "https://evil.example"},
        {**good, "Origin": "null"},
        {**good, "Sec-Fetch-Site": "cross-site"},
        {**good, "Sec-Fetch-Site": "same-site"},
    ]
    tried = 0
    for method, path, _ in walk(web, lambda method: method not in SAFE_METHODS):
        for headers in forged:
            answer = browser.request(method, path, headers={k: v.encode() for k, v in headers.items()})
            assert answer.status_code == 403, f"{method} {path} {headers}"
            tried += 1
    assert tried >= 3 * len(forged)
    assert web.browser(Role.OWNER).post("/sign-out", headers=good).status_code == 403  # from another browser
    assert browser.post("/sign-out", headers=good).status_code == 303
    assert browser.get("/").status_code == 303  # signed out on the server too


def test_signing_in_gives_a_cookie_that_scripts_cannot_read(web: Web) -> None:
    """Over TLS it is bound to the host; after signing in, the browser returns to the page it asked for."""
    for scheme, name in (("http", "bake_sign_in"), ("https", "__Host-bake_sign_in")):
        client = web.client(base_url=f"{scheme}://bakery.example", headers={"Accept": "text/html"})
        sent_to = client.get("/?x=1")
        assert (sent_to.status_code, sent_to.headers["location"]) == (303, "/sign-in?next=%2F%3Fx%3D1")
        done = submit(client, sent_to.headers["location"], "/sign-in", name="olga", password=PASSWORD, next="/?x=1")
        assert (done.status_code, done.headers["location"]) == (303, "/?x=1")
        (cookie,) = (one for one in done.headers.get_list("set-cookie") if one.startswith(f"{name}="))
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert ("Secure" in cookie) is ("strict-transport-security" in done.headers) is (scheme == "https")
        assert "Olga" in client.get("/").text


def test_a_wrong_password_is_told_without_it_and_many_are_stopped(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong name and a wrong password look the same; then comes a 429, even for the right password."""
    caplog.set_level("DEBUG")
    client = web.client(headers={"Accept": "text/html"})
    secret = "planted: wrong password"
    token = csrf_of(client.get("/sign-in"))

    def attempt(name: str, password: str) -> Any:
        return client.post("/sign-in", data={CSRF_FIELD: token, "name": name, "password": password})

    pages = [attempt(name, secret) for name in ("Olga", "Nobody")]
    assert [page.status_code for page in pages] == [401, 401]
    assert pages[0].text.replace("Olga", "Nobody") == pages[1].text.replace(csrf_of(pages[1]), csrf_of(pages[0]))
    for _ in range(ATTEMPTS_OF_NAME_AT_ADDRESS - 1):
        attempt("Olga", secret)
    stopped = attempt("Olga", PASSWORD)
    assert stopped.status_code == 429
    assert 0 < int(stopped.headers["retry-after"]) <= 901
    assert not any(secret in str(vars(record)) or secret in page.text for record in caplog.records for page in pages)
    told = [record.__dict__["outcome"] for record in caplog.records if record.__dict__.get("operation") == "sign_in"]
    assert told == ["sign_in_refused"] * (ATTEMPTS_OF_NAME_AT_ADDRESS + 1) + ["too_many_attempts"]


def test_the_first_visit_needs_the_code_that_the_server_printed(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code creates the owner's account and signs in; after that, the code is useless."""
    client = Web().client(headers={"Accept": "text/html"})
    assert client.get("/sign-in").headers["location"] == "/set-up"
    given = {"name": "Ada", "password": PASSWORD, "code": "the code"}
    assert submit(client, "/set-up", "/set-up", **given).status_code == 422  # no code is set
    monkeypatch.setenv("BAKE_TRACKER_SETUP_CODE", "the code")
    wrong = submit(client, "/set-up", "/set-up", **{**given, "code": "a code"})
    assert (wrong.status_code, "is not the code that the server printed" in wrong.text) == (422, True)
    short = submit(client, "/set-up", "/set-up", **{**given, "password": "short"})
    assert (short.status_code, "must have 10 to 200 characters" in short.text) == (422, True)
    assert "short" not in short.text.replace("a short sentence", "")
    done = submit(client, "/set-up", "/set-up", **given)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert "Nothing yet." not in client.get("/").text  # the new account is listed
    assert submit(client, "/", "/set-up", **given).status_code == 409
    assert client.get("/set-up").headers["location"] == "/sign-in"


def test_a_disabled_account_is_out_at_once(web: Web) -> None:
    """This holds for the browser and for the token."""
    browser, program = web.browser(Role.BAKER), web.program(Role.BAKER)
    assert [browser.get("/").status_code, program.get("/api/v1/items").status_code] == [200, 200]
    run_in_transaction(lambda session: record_user_change(web.ids[Role.BAKER], is_disabled=True, session=session))
    assert [browser.get("/").status_code, program.get("/api/v1/items").status_code] == [303, 401]


def test_every_answer_has_the_headers_that_keep_a_browser_safe(web: Web) -> None:
    """This holds for pages, refusals, files and errors; no page has an inline script or style."""
    browser = web.browser(Role.OWNER)
    web.app.state.limiter = None  # breaks every route
    broken = browser.get("/")
    assert broken.status_code == 500
    fresh = Web()
    fresh.ids = web.ids
    browser = fresh.browser(Role.OWNER)
    for answer in (broken, browser.get("/"), browser.get("/nowhere"), browser.get("/static/css/app.css")):
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|javascript:|https?://", answer.text.split("*/")[-1])
    assert browser.get("/").headers["cache-control"] == "no-store"
    assert "immutable" in browser.get("/static/css/app.css?v=1").headers["cache-control"]


def test_a_body_or_a_number_of_requests_that_is_too_large_is_refused(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers are problem details with status 413 and 429."""
    monkeypatch.setenv("BAKE_TRACKER_MAX_BODY_BYTES", "1000")
    monkeypatch.setenv("BAKE_TRACKER_REQUESTS_PER_MINUTE", "4")
    small = Web()
    small.ids = web.ids
    program = small.program(Role.BAKER)
    answer = program.post("/api/v1/productions", content=b"[" * 2_000, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    statuses = [program.get("/api/v1/items").status_code for _ in range(4)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    assert 0 < int(program.get("/api/v1/items").headers["retry-after"]) <= 15


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/bake?x=1", "/bake?x=1"),
        (None, None),
        ("", None),
        ("bake", None),
        ("//evil.example", None),
        (r"/\evil.example", None),
        ("https://evil.example", None),
        ("/\n/evil.example", None),
    ],
)
def test_signing_in_leads_only_to_pages_of_ours(path: str | None, expected: str | None) -> None:
    """The next page comes from the URL, which anybody can write."""
    assert safe_next(path) == expected


def test_under_a_path_of_a_proxy_every_link_stays_under_it(web: Web) -> None:
    """This holds for links, redirects and the cookie."""
    client = web.client(root_path="/bakery", base_url="https://shop.example", headers={"Accept": "text/html"})
    sent_to = client.get("/bakery/")
    assert sent_to.headers["location"] == "/bakery/sign-in?next=%2Fbakery%2F"
    page = client.get("/bakery/sign-in")
    assert re.findall(r'(?:href|src|action)="(?!#|/bakery/)', page.text) == []
    done = submit(client, "/bakery/sign-in", "/bakery/sign-in", name="Olga", password=PASSWORD)
    assert done.headers["location"] == "/bakery/"
    assert "__Secure-bake_sign_in=" in done.headers["set-cookie"]
    assert "Path=/bakery/" in done.headers["set-cookie"]
    assert client.get("/bakery/").status_code == 200
    assert client.get(re.findall(r'href="(/bakery/static[^"]*)"', page.text)[0]).status_code == 200


def test_a_page_and_its_line_share_the_request_id_and_the_trace(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    """The line has the caller's traceparent and request id, and the signed-in user as its actor."""
    caplog.set_level("DEBUG")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"X-Request-ID": "till-0001", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    body = {"recipe_id": 99, "finished_unit_id": 1, "num_batches": 1, "actual_yield": 1}
    answer = web.program(Role.BAKER).post("/api/v1/productions", json=body, headers=headers)
    assert (answer.status_code, answer.headers["x-request-id"]) == (404, "till-0001")
    (line,) = (r.__dict__ for r in caplog.records if r.__dict__.get("outcome") == "recipe_not_found")
    assert (line["request_id"], line["trace_id"], line["actor"]) == ("till-0001", trace, "Bao")
    assert json.loads(answer.text)["operation_id"] == line["operation_id"]
    assert web.client(headers={"X-Request-ID": "a b\tc"}).get("/healthz").headers["x-request-id"] != "a b\tc"
