"""The stock in real Chromium: found by scanner, received in a few taps, counted on a phone; and the page of people."""

import re

from playwright.sync_api import Page, expect

from support.browsing import sign_in


def test_a_scanner_types_into_the_box_from_any_page(page: Page) -> None:
    """The key / focuses the box unless somebody is typing; Enter leads to the lot, or to the possible matches."""
    sign_in(page, "Vera")
    page.goto("/stock")
    page.keyboard.press("/")
    code = "flour-"
    page.keyboard.type(f"{code}\n")
    page.get_by_role("heading", name="Find").wait_for()
    lot = page.get_by_role("listitem").filter(has_text=re.compile(r"flour-\d+-\d+")).first.get_by_role("link")
    code = lot.inner_text()
    page.keyboard.press("/")
    page.keyboard.type(f"{code}\n")
    page.wait_for_url(re.compile(r"/lots/\d+$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)
    page.goto("/stock")
    page.get_by_label("Search items").fill("a/b")
    expect(page.get_by_label("Search items")).to_have_value("a/b")


def test_a_list_is_searched_while_one_types_and_sorted_by_its_headings(page: Page) -> None:
    """No other page is loaded; the URL keeps the search and the order, so it can be bookmarked."""
    sign_in(page, "Vera")
    page.goto("/stock")
    page.get_by_label("Search items").press_sequentially("sugar")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"q=sugar"))
    page.get_by_role("columnheader").get_by_role("link", name="Item").click()
    page.get_by_role("columnheader", name=re.compile("Item")).wait_for()
    assert page.get_by_role("columnheader", name=re.compile("Item")).get_attribute("aria-sort") == "descending"
    assert page.locator("tbody tr a").all_inner_texts() == ["Sugar", "Icing sugar"]
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    assert saved.value.suggested_filename == "stock.csv"


def test_goods_come_in_by_five_taps_and_are_counted_on_a_phone(page: Page) -> None:
    """Quantity and unit are filled in from the last receipt; only the cost is typed."""
    page.set_viewport_size({"width": 380, "height": 800})
    sign_in(page, "Bao")
    page.goto("/")
    taps = 0

    def tap(role: str, name: str) -> None:
        nonlocal taps
        page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]
        taps += 1

    tap("link", "Receive")
    tap("link", "Sugar")
    page.get_by_label("Total paid").fill("14.20")
    tap("button", "Receive")
    page.wait_for_url(re.compile(r"/operations/.*done=1"))
    assert taps <= 5

    page.goto("/stock")
    page.get_by_role("link", name="Gift box", exact=True).click()
    page.get_by_role("link", name="Count", exact=True).last.click()
    for width in (380, 768):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label(re.compile("^Counted of gift-box")).fill("30")
    page.get_by_role("button", name="See what it changes").click()
    page.get_by_role("button", name="Record the count").click()
    page.wait_for_url(re.compile(r"/operations/.*done=1"))


def test_a_token_is_shown_once(page: Page) -> None:
    """Only the owner sees the page of people."""
    sign_in(page, "Olga")
    page.goto("/people")
    expect(page.get_by_role("link", name="Bao", exact=True)).to_be_visible()
    page.goto("/me")
    page.get_by_label("What it is for").fill("Till")
    page.get_by_text("Viewer: can see everything").click()
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("code.bake-token")).to_contain_text("bake_")
    page.goto("/me")
    expect(page.locator("code.bake-token")).to_have_count(0)
    page.get_by_role("button", name="Revoke Till").click()
    expect(page.get_by_role("cell", name="revoked")).to_be_visible()
