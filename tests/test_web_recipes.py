"""The pages of recipes and of what boxes are made of."""

import re

import pytest
from kitchen import Kitchen
from web import Web, statements, submit

from bake_tracker.domain.access import Role

pytestmark = pytest.mark.one_database


@pytest.fixture
def web(database_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


def text_of(page: str) -> str:
    """What a person reads, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


def test_the_list_teaches_and_then_leads_to_each_recipe(kitchen: Kitchen, web: Web) -> None:
    """What one batch makes stands beside its name."""
    browser = web.browser(Role.VIEWER)
    assert "There is no recipe yet." in browser.get("/recipes").text
    kitchen.simple_bakery()
    page = browser.get("/recipes?q=cook").text
    assert f'<a href="/recipes/{kitchen.ids["Cookies"]}">' in page
    assert "24 Cookie" in text_of(page)
    assert "24 Cookie" in browser.get("/recipes?format=csv").content.decode("utf-8-sig")


def test_a_recipe_is_scaled_and_says_what_it_costs_and_what_is_left(kitchen: Kitchen, web: Web) -> None:
    """Two and a half batches, written as Germans do; at a price of half a euro."""
    kitchen.simple_bakery()
    browser = web.browser(Role.VIEWER, {"Accept-Language": "de"})
    said = text_of(browser.get(f"/recipes/{kitchen.ids['Cookies']}?batches=2,5&price=0,5").text)
    assert "2,5 batches 1.250 g Flour 625 g Sugar Makes 60 Cookie" in said
    assert "Flour 1.250 g 100,0 2,50 2,50 2,50 Sugar 625 g 50,0 1,25 1,25 1,25" in said
    assert "Left of 0,50 0,4375 87,5 %" in said
    half = text_of(browser.get(f"/recipes/{kitchen.ids['Cookies']}?batches=1&scale=1/3").text)
    assert "1/3 batches 500/3 g Flour" in half or "1/3 batches 166 2/3 g Flour" in half


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("batches=0", "must be above 0"),
        ("batches=many", "cannot be read"),
        ("scale=-1", "must be above 0"),
        ("price=0", "must be above 0 and have at most six decimals"),
        ("batches=9999999999", "must be a number that can be weighed"),
    ],
)
def test_what_cannot_be_scaled_so_is_said_above_the_recipe_as_it_is(
    kitchen: Kitchen, web: Web, query: str, problem: str
) -> None:
    """A page with the problem, not a broken one."""
    kitchen.simple_bakery()
    page = web.browser(Role.VIEWER).get(f"/recipes/{kitchen.ids['Cookies']}?{query}")
    said = text_of(page.text)
    assert problem in said
    assert page.status_code == 422
    assert "500 g Flour" in said


def test_a_missing_measure_is_told_on_its_line_and_nothing_is_reckoned(kitchen: Kitchen, web: Web) -> None:
    """Without a density a cup has no weight and no cost."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (2, "cup")}, {"Loaf": 1})
    said = text_of(web.browser(Role.VIEWER).get(f"/recipes/{kitchen.ids['Bread']}").text)
    assert "weigh 1 cup of Flour" in said
    assert "cannot be reckoned before every line can be weighed" in said


def test_a_recipe_that_is_not_there_is_a_page_that_says_so(kitchen: Kitchen, web: Web) -> None:
    """Also by a number that no database holds."""
    browser = web.browser(Role.OWNER)
    for path in ("/recipes/99", "/recipes/99/versions"):
        assert browser.get(path).status_code == 404, path
        assert browser.get(path.replace("99", str(10**30))).status_code == 422, path
    assert submit(browser, "/recipes", "/recipes/99/rates", labour="1", overhead="1").status_code == 404


def test_the_owner_says_the_rates_and_a_baker_sees_them(kitchen: Kitchen, web: Web) -> None:
    """A wrong amount is told beside the form as it was filled in."""
    kitchen.simple_bakery()
    path = f"/recipes/{kitchen.ids['Cookies']}"
    owner = web.browser(Role.OWNER)
    refused = submit(owner, path, f"{path}/rates", labour="-3", overhead="1.5")
    assert (refused.status_code, 'value="-3"' in refused.text, 'value="1.5"' in refused.text) == (422, True, True)
    done = submit(owner, path, f"{path}/rates", labour="3", overhead="1.5")
    assert (done.status_code, done.headers["location"][:12]) == (303, "/operations/")
    said = text_of(web.browser(Role.BAKER).get(path).text)
    assert "A batch takes 3.00 USD of labour and 1.50 USD of overhead." in said
    assert "Record the rates" not in said
    assert "In all 6.00 6.00 6.00" in said


def test_versions_are_told_and_two_are_compared(kitchen: Kitchen, web: Web) -> None:
    """Each with a link to the operation."""
    kitchen.simple_bakery()
    page = web.browser(Role.VIEWER).get(f"/recipes/{kitchen.ids['Cookies']}/versions?older=1&newer=2")
    said = text_of(page.text)
    assert "Makes Cookie not there new: 24 each" in said
    assert "Said what a recipe makes" in said


def test_the_pages_send_as_many_statements_however_much_there_is(kitchen: Kitchen, web: Web) -> None:
    """One recipe or many, one version or many, two lines or twelve."""
    browser = web.browser(Role.VIEWER)
    kitchen.simple_bakery()
    counts = []
    for round_ in range(2):
        pages = ["/recipes", f"/recipes/{kitchen.ids['Cookies']}", f"/recipes/{kitchen.ids['Cookies']}/versions"]
        for path in pages:
            with statements() as sent:
                assert browser.get(path).status_code == 200
            counts.append(len(sent))
        if not round_:
            more = {f"Spice {number}": (number, "g") for number in range(1, 11)}
            for name in more:
                kitchen.ingredient(name)
                kitchen.recipe(f"{name} cake", {name: (1, "g")}, {f"{name} slice": 2})
            kitchen.recipe("Big", {"Flour": (1, "g"), **more}, {"Bun": 1, "Roll": 2})
            kitchen.ids["Cookies"] = kitchen.ids["Big"]
    assert counts[:3] == counts[3:]
    assert max(counts) <= 16
