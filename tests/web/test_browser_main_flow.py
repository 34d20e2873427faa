"""A baker's day in real Chromium: receive, check, bake with a loss, box, a refusal, undo; offline too."""

import re
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from support.browsing import new_context, sign_in
from support.serving import PASSWORD, Server

MOST_TAPS = 12
CAME_OUT = "#actual_yield"


@dataclass
class Hand:
    """A hand that can only tap, and counts its taps; typing is explicit."""

    page: Page
    taps: int = 0

    def tap(self, found: Locator) -> None:
        self.taps += 1
        found.click()

    def menu(self, name: str) -> None:
        self.tap(self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True))

    def button(self, name: str) -> None:
        self.tap(self.page.locator("main").get_by_role("button", name=name, exact=True))

    def choose(self, name: str) -> None:
        self.tap(self.page.locator("main").get_by_role("link", name=re.compile(name)))


def main_flow(page: Page) -> Hand:
    """Receive goods, check, bake with one cookie burnt, pack a box."""
    hand = Hand(page)
    hand.menu("Receive")
    hand.choose("^Ginger$")
    hand.button("Receive")
    expect(page.get_by_text("Recorded. If it was a mistake")).to_be_visible()
    hand.menu("Bake")
    hand.choose("^Gingerbread")
    expect(page.locator("#check")).to_contain_text("Yes, the stock allows it.")
    expect(page.locator("#takes")).to_contain_text("ginger-")
    page.locator(CAME_OUT).fill("23")
    hand.tap(page.get_by_text("Burnt", exact=True))
    hand.button("Bake")
    expect(page.get_by_text("Recorded. If it was a mistake")).to_be_visible()
    expect(page.locator("main")).to_contain_text("+23")
    hand.menu("Box")
    hand.choose("^Holiday box")
    hand.button("Box")
    expect(page.get_by_text("Recorded. If it was a mistake")).to_be_visible()
    return hand


def test_the_main_flow_takes_few_taps_and_no_typing_but_a_number(page: Page) -> None:
    """Receive, check, bake with a loss and box; then a refusal that keeps what was typed, and an undo."""
    sign_in(page, "Bao")
    hand = main_flow(page)
    assert hand.taps <= MOST_TAPS
    boxed = page.url
    page.get_by_role("link", name="Box the same again").click()
    page.get_by_label("Boxes", exact=True).fill("500")
    expect(page.locator("#check")).to_contain_text("not enough")
    hand.button("Box")
    refused = page.locator("#refused")
    expect(refused).to_be_focused()
    expect(refused.get_by_role("row").filter(has_text="gift-box")).to_contain_text("500")
    expect(page.get_by_label("Boxes", exact=True)).to_have_value("500")
    page.get_by_role("button", name="Boxes: less").click()
    expect(page.get_by_label("Boxes", exact=True)).to_have_value("499")
    page.goto(boxed)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("main")).to_contain_text("It undid Packed")


def test_the_check_follows_the_numbers(page: Page) -> None:
    """Cost, lots and yield update; buttons beside each number change it; the search finds while typing."""
    sign_in(page, "Bao")
    page.goto("/bake")
    page.get_by_label("Search a recipe").press_sequentially("short")
    expect(page.locator("#found").get_by_role("link")).to_have_count(1)
    page.get_by_role("link", name="Shortbread").click()
    expect(page.locator(CAME_OUT)).to_have_value("30")
    page.get_by_role("button", name="Batches: more").click()
    page.get_by_role("button", name="Size of a batch: more").click()
    expect(page.locator(CAME_OUT)).to_have_value("90")
    expect(page.locator("#takes")).to_contain_text("900 g")
    page.get_by_role("button", name="What came out: less").click()
    expect(page.locator(CAME_OUT)).to_have_value("89")
    page.get_by_label("Batches", exact=True).fill("many")
    expect(page.locator("#check")).to_contain_text("Num batches 'many' is not a number")


def test_without_javascript_the_main_flow_is_the_same(chromium: Browser, server: Server) -> None:
    """Forms work without scripts; the check is a button."""
    context = new_context(chromium, server, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "Bao")
    assert main_flow(page).taps <= MOST_TAPS
    page.goto("/bake?recipe=shortbread")
    page.get_by_label("Batches", exact=True).fill("3")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator(CAME_OUT)).to_have_value("90")
    page.get_by_label("Batches", exact=True).fill("400")
    page.get_by_role("button", name="Bake", exact=True).click()
    expect(page.locator("#refused")).to_contain_text("was filled in for a different number of batches")
    expect(page.locator(CAME_OUT)).to_have_value("12000")
    page.get_by_role("button", name="Bake", exact=True).click()
    expect(page.locator("#refused")).to_contain_text("Short")
    context.close()


def test_a_form_filled_in_offline_is_kept_and_sent_once(chromium: Browser, server: Server) -> None:
    """It survives a reload, and is recorded once even if the answer to the first try was lost."""
    context, page = tablet(chromium, server)
    fill(page)
    lost: list[str] = []

    def lose_the_answer(route: object) -> None:
        lost.append(route.fetch(max_redirects=0).headers["location"])  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    page.route("**/bake", lambda route: lose_the_answer(route) if route.request.method == "POST" else route.continue_())
    page.get_by_role("button", name="Bake", exact=True).click()
    expect(page.locator("main [role=status]").first).to_contain_text("No connection. Bake Shortbread is kept")
    expect(page.get_by_role("button", name="Bake", exact=True)).to_be_disabled()
    page.unroute("**/bake")
    kept = page.evaluate("JSON.stringify(Object.entries(localStorage))")
    assert "csrf" not in kept
    page.reload()
    expect(page.locator("main [role=status]").first).to_contain_text("is recorded")
    page.get_by_role("link", name="See it").click()
    page.wait_for_url("**" + lost[0])
    page.reload()
    assert page.get_by_text("kept on this tablet").count() == 0
    context.close()


def test_a_kept_form_is_sent_when_the_connection_is_back(chromium: Browser, server: Server) -> None:
    """It is sent automatically; another form can be filled in meanwhile, and each is recorded."""
    context, page = tablet(chromium, server)
    fill(page)
    context.set_offline(True)
    page.get_by_role("button", name="Bake", exact=True).click()
    page.get_by_role("button", name="Fill in another").click()
    page.locator(CAME_OUT).fill("28")
    page.get_by_role("button", name="Bake", exact=True).click()
    expect(page.get_by_text("is kept on this tablet")).to_have_count(2)
    context.set_offline(False)
    expect(page.get_by_text("is recorded")).to_have_count(2)
    addresses = {link.get_attribute("href") for link in page.get_by_role("link", name="See it").all()}
    assert len(addresses) == 2
    context.close()


def test_a_form_refused_or_signed_out_when_sent_late_is_shown(chromium: Browser, server: Server) -> None:
    """A refusal reopens the filled-in form; after an expired sign-in, only the same person's sign-in sends it."""
    context, page = tablet(chromium, server)
    fill(page, batches="300")
    context.set_offline(True)
    page.get_by_text("Burnt", exact=True).click()
    page.get_by_role("button", name="Bake", exact=True).click()
    expect(page.locator("main [role=status]").first).to_contain_text("No connection")
    context.set_offline(False)
    expect(page.locator("main [role=status]").first).to_contain_text("was refused: Nothing was recorded")
    expect(page.locator("main [role=status]").first).to_contain_text("flour")
    page.get_by_role("link", name="Open the form").click()
    expect(page.get_by_label("Batches", exact=True)).to_have_value("300")
    expect(page.get_by_label("Burnt")).to_be_checked()
    assert page.get_by_text("was refused").count() == 0
    fill(page)
    cookies = context.cookies()
    context.clear_cookies()
    page.get_by_role("button", name="Bake", exact=True).click()
    expect(page.get_by_text("you are signed out")).to_be_visible()
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_text("A form waits on this tablet")).to_be_visible()
    page.get_by_label("Name").fill("Olga")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Bake Shortbread").wait_for()
    assert page.get_by_text("kept on this tablet").count() == 0
    context.clear_cookies()
    context.add_cookies([dict(one) for one in cookies])  # type: ignore[misc]  # Bao again
    page.reload()
    expect(page.get_by_text("is recorded")).to_be_visible()
    context.close()


def tablet(chromium: Browser, server: Server) -> tuple[BrowserContext, Page]:
    """Bao's tablet, whose console is not checked: it logs the lost connection."""
    context = new_context(chromium, server, viewport={"width": 768, "height": 1024})
    page = context.new_page()
    sign_in(page, "Bao")
    return context, page


def fill(page: Page, batches: str = "1") -> None:
    page.goto("/bake?recipe=shortbread")
    if batches != "1":
        page.get_by_label("Batches", exact=True).fill(batches)
        expect(page.locator(CAME_OUT)).to_have_value(str(30 * int(batches)))
