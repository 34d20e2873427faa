"""Every page in real Chromium, found by its links: accessible (axe), no wider than a phone, with a clean console."""

import re
from html import unescape
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ViewportSize

from bake_tracker.entrypoints.http.access import roles_by_route
from bake_tracker.entrypoints.server import make_app
from support.browsing import sign_in, window
from support.serving import Server

NO_PAGES = re.compile(r"/(api|static|healthz|metrics|readyz)|.*\.(csv|xlsx|pdf|ics|\{\w+\})$")
PART = re.compile(r"/(\d+|\d{4}-\d\d-\d\d|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)")
NAME = re.compile(r"\{\w+(:\w+)?\}")
PHONE: ViewportSize = {"width": 380, "height": 800}
LAPTOP: ViewportSize = {"width": 1280, "height": 900}
LOOKS: list[tuple[Literal["light", "dark"], ViewportSize, dict[str, list[str]]]] = [
    ("light", PHONE, {}),
    ("dark", LAPTOP, {"runOnly": ["color-contrast"]}),
]
GRAVE = {"serious", "critical"}


def pattern_of(path: str) -> str:
    """Treat ``/lots/7`` and ``/lots/8`` as one page."""
    return PART.sub("/{}", urlsplit(path).path)


def links_of(text: str) -> list[str]:
    links = [unescape(link) for link in re.findall(r'<a [^>]*?href="(/[^"]*)"', text)]
    return [link for link in links if not NO_PAGES.match(urlsplit(link).path)]


@pytest.fixture(scope="module")
def found(chromium: Browser, server: Server) -> dict[str, str]:
    """One path for every page that the owner of the demo bakery can reach."""
    paths, waiting = {"/": "/"}, ["/"]
    with window(chromium, server) as page:
        sign_in(page, "Olga")
        while waiting:
            answer = page.request.get(waiting.pop())
            assert answer.status == 200, answer.url
            if "html" not in answer.headers["content-type"]:
                continue
            for link in links_of(answer.text()):
                if pattern_of(link) not in paths:
                    paths[pattern_of(link)] = link
                    waiting.append(link)
    return paths


@pytest.mark.thorough
def test_every_page_is_accessible_and_fits(chromium: Browser, server: Server, found: dict[str, str]) -> None:
    """Each meets WCAG 2.2 AA as far as axe can tell, its colours in light and dark mode; none is wider than a phone."""
    wrong, axe = [], Axe()
    with window(chromium, server) as page:
        sign_in(page, "Olga")
        for path in found.values():
            for theme, size, rules in LOOKS:
                page.emulate_media(color_scheme=theme)
                page.set_viewport_size(size)
                if page.url != server.url + path:
                    page.goto(path, wait_until="load")
                if (wide := page.evaluate("document.documentElement.scrollWidth")) > size["width"]:
                    wrong.append(f"{path}: {wide} pixels wide")
                for one in axe.run(page, options={"resultTypes": ["violations"], **rules}).response["violations"]:
                    if one["impact"] in GRAVE:
                        wrong.append(f"{path}: {one['id']} in {theme}: {one['nodes'][0]['html'][:200]}")
    assert not wrong, "\n".join(["", *wrong])


def test_every_page_is_linked_to(found: dict[str, str]) -> None:
    """The pages without a link are listed here, with the reason."""
    routes = [path for method, path in roles_by_route(make_app()) if method == "GET" and not NO_PAGES.match(path)]
    unseen = {path for path in routes if not any(re.fullmatch(NAME.sub("[^/]+", path), seen) for seen in found)}
    assert unseen == {
        *("/set-up", "/sign-in"),  # before there is an owner, and before signing in
        *("/bake/check", "/box/check", "/log/events"),  # parts of a page
        "/find",  # redirects to what it finds
        "/lots/{lot_id}/release",  # linked from held lots only
        "/plan/accepted/{plan_id}",  # linked once somebody has accepted a plan
        "/products/{product_id}",  # linked from items that come in packages
        *("/lots/{lot_id}/came-back", "/operations/{operation_id}/return"),  # linked while somebody has some of it
    }
