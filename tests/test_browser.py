"""The pages in real Chromium: what a person sees, a console free of errors, and nothing asked of another server."""

import gzip
import os
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from serving import PASSWORD, Server, serving

FIRST_PAGE_MOST_BYTES = 250_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo bakery, served."""
    with serving(tmp_path_factory.mktemp("server"), "--demo") as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or Playwright's own."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium, and in CI there has to be one: apt-get install chromium")
        pytest.skip("NO BROWSER TEST: no Chromium on the PATH (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=60_000)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    """A fresh browser window; when the test is over, nothing was wrong in its console or went elsewhere."""
    context = chromium.new_context(base_url=server.url, color_scheme="light", viewport={"width": 768, "height": 1024})
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"{request.url}: {request.failure}"))
    page.on("request", lambda asked: None if asked.url.startswith((server.url, "data:")) else wrong.append(asked.url))
    yield page
    context.close()
    assert wrong == []


def sign_in(page: Page, name: str) -> None:
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Today").wait_for()


def test_somebody_signs_in_looks_at_today_and_leaves(page: Page) -> None:
    """In light and in dark, which is remembered; htmx is there."""
    sign_in(page, "Vera")
    assert page.get_by_role("cell", name="Baked").count() >= 1
    assert page.get_by_role("cell", name="butter").count() >= 1
    assert page.evaluate("htmx.version") == "4.0.1"
    theme = "document.documentElement.dataset.bsTheme"
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Dark").click()
    page.reload()
    assert (page.evaluate(theme), page.evaluate(colour) != light) == ("dark", True)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.goto("/")
    assert "/sign-in" in page.url


@pytest.mark.parametrize("width", [380, 768, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    """On a phone, a tablet and a laptop."""
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, "Vera")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_page_weighs_little(page: Page, server: Server) -> None:
    """All that it needs, as it goes over the wire."""
    sizes: dict[str, int] = {}

    def weigh(url: str) -> None:
        asked = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(asked) as answer:
            body = answer.read()
            sizes[url] = len(body)
            assert answer.headers["Content-Encoding"] == "gzip" or len(body) < 2_000 or "/static/" not in url
            assert not body.startswith(gzip.compress(b"")[:2]) or answer.headers["Content-Encoding"] == "gzip"

    page.on("response", lambda response: weigh(response.url) if response.url not in sizes else None)
    page.goto("/sign-in")
    page.wait_for_load_state("networkidle")
    assert len(sizes) >= 5
    assert sum(sizes.values()) <= FIRST_PAGE_MOST_BYTES, sizes


def test_without_javascript_one_signs_in_as_well(chromium: Browser, server: Server, tmp_path: Path) -> None:
    """Forms are forms."""
    context = chromium.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "Bao")
    assert page.get_by_role("cell", name="Baked").count() >= 1
    context.close()
