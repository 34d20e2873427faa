"""The pages, the health checks and the metrics."""

from pathlib import Path

import pytest
from babel import Locale

from bake_tracker.domain.access import Role
from bake_tracker.domain.money import Rounding
from bake_tracker.entrypoints.web.pages import rounded
from bake_tracker.entrypoints.web.words import OPERATIONS
from support.kitchen import Kitchen
from support.web import Web, statements
from support.writers import WRITERS

pytestmark = pytest.mark.one_database


@pytest.fixture
def web(database_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


def test_today_teaches_where_to_begin_and_then_shows_what_was_done(kitchen: Kitchen) -> None:
    """Today is shown both empty and with a production."""
    fresh = Web()
    fresh.let_in()
    browser = fresh.browser(Role.VIEWER, {"Accept-Language": "de"})
    assert "Nothing expires within 7 days." in browser.get("/").text
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    page = browser.get("/").text
    assert ">Baked</a>" in page
    assert "Nothing yet." not in page


def test_every_operation_has_a_plain_word() -> None:
    """No page that lists operations needs the fallback."""
    assert WRITERS.keys() - OPERATIONS.keys() == set()


def test_today_sends_as_many_statements_however_much_was_done(kitchen: Kitchen, web: Web) -> None:
    """The count is the same with one operation and with many."""
    browser = web.browser(Role.VIEWER)
    kitchen.simple_bakery()
    with statements() as few:
        assert browser.get("/").status_code == 200
    for _ in range(15):
        kitchen.produce("Cookies", "Cookie", 1, 24)
    with statements() as many:
        assert browser.get("/").status_code == 200
    assert len(few) == len(many)


def test_typed_text_is_only_text_in_a_page(kitchen: Kitchen, web: Web) -> None:
    """A name is never treated as markup."""
    kitchen.ingredient("<script>alert(1)</script>")
    assert "<script>alert" not in web.browser(Role.VIEWER).get("/").text
    assert web.client(headers={"Accept": "text/html"}).get("/sign-in?next=/%22%3E%3Cb%3E").text.count("<b>") == 0


def test_a_program_asks_whether_it_is_alive_ready_and_busy(web: Web, tmp_path: Path) -> None:
    """Alive does not need a database, ready does; the metrics name routes, not paths that callers make up."""
    client = web.client()
    assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/made-up-7")] == [200, 200, 404]
    counted = web.program(Role.VIEWER).get("/metrics").text
    assert 'bake_http_requests_total{method="GET",route="/healthz",status="200"}' in counted
    assert "made-up" not in counted
    assert 'route="none"' in counted
    web.program(Role.VIEWER).get("/api/v1/items")
    counted = web.program(Role.VIEWER).get("/metrics").text
    assert 'bake_http_requests_total{method="GET",route="/api/v1/items",status="200"}' in counted


def test_without_a_database_it_is_alive_but_not_ready(
    use: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is a 503 that says so."""
    monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    client = Web().client()
    ready = client.get("/readyz")
    assert [client.get("/healthz").status_code, ready.status_code] == [200, 503]
    assert ready.json()["code"] == "database_unavailable"


@pytest.mark.parametrize(
    ("exact", "read"),
    [("56.760864", "56,76"), ("0.75", "0,75"), ("0.072031", "0,072"), ("0", "0,00"), ("1000", "1.000,00"), (None, "?")],
)
def test_money_is_read_in_cents_and_small_sums_to_three_figures(exact: str | None, read: str) -> None:
    """They are written as the reader's language does."""
    assert rounded(exact, locale=Locale("de"), rounding=Rounding(2), unknown="?") == read
