"""The pages in real Chromium: what a person sees, a clean console, and no request to another server."""

import gzip
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.browsing import new_context, sign_in
from support.serving import Server

FIRST_PAGE_MOST_BYTES = 250_000


def test_somebody_signs_in_looks_at_today_and_leaves(page: Page) -> None:
    """This works in light and in dark mode, which is remembered; htmx is loaded."""
    sign_in(page, "Vera")
    assert page.get_by_role("cell", name="Baked").count() >= 1
    assert page.get_by_role("cell", name="butter").count() >= 1
    assert page.evaluate("htmx.version") == "4.0.1"
    theme = "document.documentElement.dataset.bsTheme"
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_text("Vera", exact=True).click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    assert (page.evaluate(theme), page.evaluate(colour) != light) == ("dark", True)
    page.get_by_text("Vera", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.goto("/")
    assert "/sign-in" in page.url


@pytest.mark.parametrize("width", [380, 768, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    """This holds on a phone, a tablet and a laptop."""
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, "Vera")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_page_weighs_little(page: Page, server: Server) -> None:
    """The limit covers everything the page loads, as it goes over the wire."""
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


def test_signing_in_works_without_javascript(chromium: Browser, server: Server, tmp_path: Path) -> None:
    """Forms work without scripts."""
    context = new_context(chromium, server, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "Bao")
    assert page.get_by_role("cell", name="Baked").count() >= 1
    context.close()
