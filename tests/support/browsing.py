"""A real browser on a real server: what every browser test needs."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from support.serving import PASSWORD, Server
from support.warm.waiting import PATIENCE_S

REFUSED = re.compile("the server responded with a status of 4(09|22)")
"""The browser logs a refusal on its console; to us it is a normal answer."""
LEFT = "net::ERR_ABORTED"
"""The browser itself cancelled the request, because the page was left or the answer was a download."""


BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
"""The first that is installed is used; the shell draws no window of its own, and takes half the time."""

expect.set_options(timeout=PATIENCE_S * 1000)


@contextmanager
def chromium_running() -> Iterator[Browser]:
    """Start Debian's Chromium or Google Chrome."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs Chromium: apt-get install chromium-headless-shell")
        pytest.skip("NOT TESTED: no Chromium on the PATH (on Debian: apt-get install chromium-headless-shell)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"], timeout=PATIENCE_S * 1000
        )
        yield browser
        browser.close()


def new_context(browser: Browser, server: Server, **more: Any) -> BrowserContext:
    """A context with its own cookies and storage, and a patient timeout."""
    context = browser.new_context(base_url=server.url, **more)
    context.set_default_timeout(PATIENCE_S * 1000)
    return context


@contextmanager
def window(browser: Browser, server: Server, **more: Any) -> Iterator[Page]:
    """A fresh browser window; at the end, its console is clean and no request went to another server."""
    size = {"width": 768, "height": 1024}
    context = new_context(browser, server, **{"color_scheme": "light", "viewport": size, **more})
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "requestfailed", lambda asked: wrong.append(f"{asked.url}: {asked.failure}") if asked.failure != LEFT else 0
    )
    page.on("request", lambda asked: None if asked.url.startswith((server.url, "data:")) else wrong.append(asked.url))
    yield page
    context.close()
    assert [text for text in wrong if not REFUSED.search(text)] == []


def sign_in(page: Page, name: str) -> None:
    """Sign in as one of the people of the demo bakery."""
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Today").wait_for()
