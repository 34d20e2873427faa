"""Undo, trace, recall and log in real Chromium."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from bake_tracker.entrypoints.cli.house.serve import FINISH_WITHIN_S
from support.browsing import new_context, sign_in, window
from support.serving import Server, serving


def test_a_production_is_undone_and_both_say_so(page: Page) -> None:
    """Undoing from the first page takes two taps."""
    sign_in(page, "Bao")
    page.get_by_role("link", name="Baked").first.click()
    page.get_by_role("heading", name="What it changed on the shelf").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Something done later").or_(page.get_by_text("It undid")).or_(
        page.get_by_text("later operations depend on it")
    ).first.wait_for()
    if page.get_by_role("button", name="Undo all of it").count():
        page.get_by_role("button", name="Undo all of it").click()
    expect(page.get_by_role("heading", name="Undid an operation", level=1)).to_be_visible()
    page.get_by_role("link", name="Baked").first.click()
    expect(page.get_by_text("Undone: recorded by mistake")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_trace_is_followed_by_clicks(page: Page) -> None:
    """The clicks lead from the flour to the box in the picture, and back again in the lists."""
    sign_in(page, "Vera")
    page.goto("/lots/1")
    expect(page.get_by_role("heading", name=re.compile("^Flour, lot"), level=1)).to_be_visible()
    page.locator("svg a", has_text="Gingerbread man").first.click()
    expect(page.get_by_role("heading", name=re.compile("^Gingerbread man, lot"), level=1)).to_be_visible()
    page.locator("svg a", has_text="Holiday box").first.click()
    expect(page.get_by_role("heading", name=re.compile("^Holiday box, lot"), level=1)).to_be_visible()
    page.locator("#lists").get_by_role("link", name=re.compile("^flour-")).first.click()
    expect(page.get_by_role("heading", name=re.compile("^Flour, lot"), level=1)).to_be_visible()
    assert page.locator("svg [tabindex='0']").count() == 0


def test_a_recall_is_practised_and_its_files_kept(page: Page, tmp_path: Path) -> None:
    """A drill holds nothing; a viewer cannot hold anything."""
    sign_in(page, "Vera")
    page.goto("/lots/1")
    page.get_by_role("link", name="Recall").click()
    expect(page.get_by_text("This is a drill")).to_be_visible()
    expect(page.get_by_role("button", name="Recall: hold all of it")).to_have_count(0)
    with page.expect_download() as kept:
        page.get_by_role("link", name="Record (CSV)").click()
    kept.value.save_as(tmp_path / "recall.csv")
    assert "Traceability lot code" in (tmp_path / "recall.csv").read_text("utf-8-sig")
    page.goto("/lots/1")
    expect(page.get_by_text("On hold:")).to_have_count(0)


def test_the_log_shows_a_production_as_it_happens_and_its_transaction(
    chromium: Browser, server: Server, page: Page
) -> None:
    """When somebody else bakes, the line appears by itself and leads to the tree; while paused, nothing appears."""
    sign_in(page, "Vera")
    page.goto("/log")
    expect(page.get_by_text("New lines appear by themselves.")).to_be_visible()
    before = page.locator("tbody tr").count()
    with window(chromium, server) as other:
        sign_in(other, "Bao")
        other.goto("/bake")
        other.get_by_role("link", name=re.compile("Shortbread")).first.click()
        other.get_by_role("button", name="Bake", exact=True).click()
        expect(other.get_by_role("heading", name="Baked", level=1)).to_be_visible()
        expect(page.locator("tbody tr")).to_have_count(before + 1)
        newest = page.locator("tbody tr").first
        expect(newest).to_contain_text("Baked")
        expect(newest).to_contain_text("shortbread-finger")
        expect(newest).to_contain_text("Bao")
        page.get_by_role("button", name="Pause").click()
        other.get_by_role("button", name="Undo").click()
        expect(other.get_by_role("heading", name="Undid an operation", level=1)).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(before + 1)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("tbody tr")).to_have_count(before + 2)
    page.locator("tbody tr").nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", name="One transaction, committed")).to_be_visible()
    expect(page.get_by_text(re.compile("Took .* of flour"))).to_be_visible()
    page.get_by_role("link", name="Baked").click()
    expect(page.get_by_text("Undone: recorded by mistake")).to_be_visible()


def test_the_log_is_read_without_javascript(chromium: Browser, server: Server) -> None:
    """The page is reloaded instead."""
    with window(chromium, server, java_script_enabled=False) as page:
        sign_in(page, "Vera")
        page.get_by_role("link", name="Log").click()
        page.get_by_text("Show only some").click()
        page.get_by_label("How it ended").select_option("refused")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.get_by_role("link", name="Packed")).to_have_count(1)
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)


def test_a_server_that_stops_does_not_wait_for_people_watching_the_log(chromium: Browser, tmp_path: Path) -> None:
    """The stream ends by itself, so the server cuts nothing off."""
    with serving(tmp_path, "--demo") as server:
        page = new_context(chromium, server).new_page()
        sign_in(page, "Vera")
        page.goto("/log")
        expect(page.get_by_text("New lines appear by themselves.")).to_be_visible()
        server.process.terminate()
        server.process.wait(FINISH_WITHIN_S - 5)  # otherwise it would wait longer than this
        expect(page.get_by_text("Cannot reach the server; trying again.")).to_be_visible()
        page.context.close()
    assert server.process.returncode == 0
