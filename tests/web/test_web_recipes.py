"""The pages of recipes and of the contents of boxes."""

import json
import re

import httpx2
import pytest
from starlette.testclient import TestClient

from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.http.access import CSRF_FIELD
from support.kitchen import Kitchen
from support.web import Web, csrf_of, statements, submit

pytestmark = pytest.mark.one_database


@pytest.fixture
def web(database_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


def text_of(page: str) -> str:
    """The text that a person reads, without markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


def test_the_list_teaches_and_then_leads_to_each_recipe(kitchen: Kitchen, web: Web) -> None:
    """The product of one batch is shown beside the recipe's name."""
    browser = web.browser(Role.VIEWER)
    assert "There are no recipes yet." in browser.get("/recipes").text
    kitchen.simple_bakery()
    page = browser.get("/recipes?q=cook").text
    assert f'<a href="/recipes/{kitchen.ids["Cookies"]}">' in page
    assert "24 Cookie" in text_of(page)
    assert "24 Cookie" in browser.get("/recipes?format=csv").content.decode("utf-8-sig")


def test_a_recipe_is_scaled_and_says_what_it_costs_and_what_is_left(kitchen: Kitchen, web: Web) -> None:
    """Two and a half batches are entered as Germans write them, at a price of half a euro."""
    kitchen.simple_bakery()
    browser = web.browser(Role.VIEWER, {"Accept-Language": "de"})
    said = text_of(browser.get(f"/recipes/{kitchen.ids['Cookies']}?batches=2,5&price=0,5").text)
    assert "2,5 batches 1.250 g Flour 625 g Sugar Makes 60 Cookie" in said
    assert "Flour 1,25 kg 100,0 2,50 2,50 2,50 Sugar 625 g 50,0 1,25 1,25 1,25" in said
    assert "Margin at 0,50 0,438 87,5 %" in said
    half = text_of(browser.get(f"/recipes/{kitchen.ids['Cookies']}?batches=1&scale=1/3").text)
    assert "1/3 batches 500/3 g Flour" in half or "1/3 batches 166 2/3 g Flour" in half


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("batches=0", "must be above 0"),
        ("batches=many", "is not a number"),
        ("scale=-1", "must be above 0"),
        ("price=0", "must be above 0 and have at most six decimals"),
        ("batches=9999999999", "must be a number that can be weighed"),
    ],
)
def test_an_impossible_scale_is_explained_above_the_unscaled_recipe(
    kitchen: Kitchen, web: Web, query: str, problem: str
) -> None:
    """The page explains the problem and is not broken."""
    kitchen.simple_bakery()
    page = web.browser(Role.VIEWER).get(f"/recipes/{kitchen.ids['Cookies']}?{query}")
    said = text_of(page.text)
    assert problem in said
    assert page.status_code == 422
    assert "500 g Flour" in said


def test_a_missing_measure_is_shown_on_its_line_and_nothing_is_calculated(kitchen: Kitchen, web: Web) -> None:
    """Without a density, a cup has no weight and no cost."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (2, "cup")}, {"Loaf": 1})
    said = text_of(web.browser(Role.VIEWER).get(f"/recipes/{kitchen.ids['Bread']}").text)
    assert "flour: cannot convert cup to g. Give the amount in g, or ask" in said
    assert "to record what 1 cup of Flour weighs" in said
    assert "cannot be calculated until every line has a weight" in said


def test_a_missing_recipe_gets_a_page_that_says_so(kitchen: Kitchen, web: Web) -> None:
    """This holds for a number that no database can store, too."""
    browser = web.browser(Role.OWNER)
    for path in ("/recipes/99", "/recipes/99/versions"):
        assert browser.get(path).status_code == 404, path
        assert browser.get(path.replace("99", str(10**30))).status_code == 422, path
    assert submit(browser, "/recipes", "/recipes/99/rates", labour="1", overhead="1").status_code == 404


def test_the_owner_says_the_rates_and_a_baker_sees_them(kitchen: Kitchen, web: Web) -> None:
    """The form shows a wrong amount with its problem, as it was filled in."""
    kitchen.simple_bakery()
    path = f"/recipes/{kitchen.ids['Cookies']}"
    owner = web.browser(Role.OWNER)
    refused = submit(owner, path, f"{path}/rates", labour="-3", overhead="1.5")
    assert (refused.status_code, 'value="-3"' in refused.text, 'value="1.5"' in refused.text) == (422, True, True)
    done = submit(owner, path, f"{path}/rates", labour="3", overhead="1.5")
    assert (done.status_code, done.headers["location"].partition("?recorded=")[0]) == (303, path)
    said = text_of(web.browser(Role.BAKER).get(path).text)
    assert "A batch takes 3.00 USD of labour and 1.50 USD of overhead." in said
    assert "Record the rates" not in said
    assert "In all 6.00 6.00 6.00" in said


def test_versions_are_listed_and_two_are_compared(kitchen: Kitchen, web: Web) -> None:
    """Each version links to its operation."""
    kitchen.simple_bakery()
    page = web.browser(Role.VIEWER).get(f"/recipes/{kitchen.ids['Cookies']}/versions?older=1&newer=2")
    said = text_of(page.text)
    assert "Makes Cookie none new: 24 each" in said
    assert "Set what a recipe makes" in said


def test_the_pages_send_as_many_statements_however_much_there_is(kitchen: Kitchen, web: Web) -> None:
    """This holds for one recipe or many, one version or many, and two lines or twelve."""
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
                kitchen.receive(name, 1, "kg", 1)
                kitchen.recipe(f"{name} cake", {name: (1, "g")}, {f"{name} slice": 2})
            kitchen.recipe("Big", {"Flour": (1, "g"), **more}, {"Bun": 1, "Roll": 2})
            kitchen.ids["Cookies"] = kitchen.ids["Big"]
    assert counts[:3] == counts[3:]
    assert max(counts) <= 16


def lines_of(kitchen: Kitchen, recipe: str) -> list[tuple[str, str]]:
    rows = kitchen.rows(
        "SELECT quantity, unit FROM recipe_line WHERE recipe_id = :key ORDER BY position", key=kitchen.ids[recipe]
    )
    return [(row[0], row[1]) for row in rows]


def test_a_recipe_is_written_as_people_say_it(kitchen: Kitchen, web: Web) -> None:
    """Cups, halves, pieces and another recipe are read, with a decimal comma where usual; empty rows are ignored."""
    kitchen.simple_bakery()
    kitchen.ingredient("Egg", "each")
    kitchen.item("finished_unit", "Tartlet", "each")
    browser = web.browser(Role.BAKER, {"Accept-Language": "de"})
    rows = {
        "amount": ["0,5 cup", "", "1½ dozen", "2", "1/3 batch"],
        "of": ["flour", "", "Eggs", "egg", "Cookies"],
        "gives": ["12"],
        "product": ["Tartlet"],
    }
    done = submit(browser, "/recipes/new", "/recipes/new", name="Tart", notes="Cool it.", **rows)
    assert done.status_code == 303, text_of(done.text)
    page = browser.get(done.headers["location"])
    kitchen.ids["Tart"] = int(done.headers["location"].partition("?")[0].rpartition("/")[2])
    assert lines_of(kitchen, "Tart") == [("1/2", "cup"), ("3/2", "dozen"), ("2", "each"), ("1/3", "batch")]
    assert "Makes 12 Tartlet ." in text_of(page.text)
    form = browser.get(f"/recipes/{kitchen.ids['Tart']}/edit").text
    for typed in ("0,5 cup", "1,5 dozen", "1/3 batch", "Cool it."):
        assert typed in form


def test_every_line_that_cannot_be_taken_says_why_and_all_stays_as_it_was_typed(kitchen: Kitchen, web: Web) -> None:
    """An ambiguous name, a missing or unknown unit, a recipe without batches, and a box are refused."""
    kitchen.simple_bakery()
    browser = web.browser(Role.BAKER)
    kitchen.recipe("Icing", {"Sugar": (100, "g")})
    rows = {
        "amount": ["250 g", "250", "3 blobs", "much", "100 cm", "1 batch", "0 g"],
        "of": ["Flourr", "Flour", "Flour", "Flour", "Icing", "Sugar", "Sugar"],
    }
    refused = submit(browser, "/recipes/new", "/recipes/new", name="Odd", **rows)
    said = text_of(refused.text)
    assert refused.status_code == 422
    for problem in (
        "Is not in the catalogue; similar: flour.",
        "Needs a unit, such as 250 g; Flour is kept in g.",
        "is not a unit; use g, kg",
        "Must be a number and a unit, such as 250 g or 1/2 cup.",
        "Is a recipe; give a number of batches, a weight or a volume, such as 1/2 batch or 60 g.",
        "Is not a recipe; only recipes are counted in batches.",
        "Must be above 0.",
    ):
        assert problem in said, said
    assert 'value="3 blobs"' in refused.text
    assert "Add unknown names" in said
    assert "Row 1, name is not in the catalogue" in said
    assert kitchen.rows("SELECT count(*) FROM recipe")[0][0] == 2


def test_a_name_with_another_amount_or_a_unit_is_no_new_item(kitchen: Kitchen, web: Web) -> None:
    """A text with several ingredients, as some pages have it, is not added under one name."""
    browser = web.browser(Role.BAKER)
    for amount, name, why in (
        ("300 g", "flour, 1 egg, 100 g butter", "the line contains another amount"),
        ("2 each", "tazas de harina", "the name begins with a unit"),
    ):
        form = {"name": "Rolls", "amount": [amount], "of": [name], "add_new": "yes"}
        sent = submit(browser, "/recipes/new", "/recipes/new", **form)
        assert (sent.status_code, f"Cannot be the name of a new item: {why}" in text_of(sent.text)) == (422, True)
    refused = submit(browser, "/recipes/new", "/recipes/new", **{**form, "amount": ["1/3rd cup"], "of": ["honey"]})
    assert refused.status_code == 422
    assert kitchen.rows("SELECT count(*) FROM item") == [(0,)]


def test_names_that_are_new_are_added_when_one_says_so(kitchen: Kitchen, web: Web) -> None:
    """They are added once, in the unit of their line, however often the form is sent."""
    browser = web.browser(Role.BAKER)
    form = {
        "operation_id": "01a00000-0000-7000-8000-000000000001",
        "name": "Meringue",
        "amount": ["3", "150 g", "1 pinch", "1 each"],
        "of": ["Egg white", "Sugar", "sugar", "egg-whites"],
        "gives": ["20"],
        "product": ["Meringue kiss"],
        "add_new": "yes",
    }
    said = text_of(submit(browser, "/recipes/new", "/recipes/new", **form).text)
    assert "Needs a unit, such as 250 g." in said
    assert submit(browser, "/recipes/new", "/recipes/new", **{**form, "operation_id": "x"}).status_code == 422
    form["amount"][0] = "3 each"
    said = text_of(submit(browser, "/recipes/new", "/recipes/new", **form).text)
    assert "Is new; say below how many days it keeps, or none for no limit." in said
    form |= {"new_product": ["Meringue kiss"], "keeps": ["14"]}
    sent = [submit(browser, "/recipes/new", "/recipes/new", **form) for _ in range(2)]
    assert [one.status_code for one in sent] == [303, 303]
    items = kitchen.rows("SELECT name, kind, base_unit, shelf_life_days FROM item ORDER BY name")
    assert [tuple(row) for row in items] == [
        ("Egg white", "ingredient", "each", None),
        ("Meringue kiss", "finished_unit", "each", 14),
        ("Sugar", "ingredient", "g", None),
    ]
    assert kitchen.rows("SELECT count(*) FROM recipe")[0][0] == 1


def test_a_new_name_measured_by_volume_is_asked_how_it_is_kept(kitchen: Kitchen, web: Web) -> None:
    """A cup may be one of flour, which is kept by weight; the form keeps the answers."""
    browser = web.browser(Role.BAKER)
    form = {"name": "Dough", "amount": ["2 cups", "1 l"], "of": ["Flour", "Milk"], "add_new": "yes"}
    form |= {"new_item": ["Flour", "Milk"], "kept": ["", "ml"]}
    refused = submit(browser, "/recipes/new", "/recipes/new", **form)
    assert (refused.status_code, "Is new; choose below how it is kept." in text_of(refused.text)) == (422, True)
    assert '<option value="ml" selected>' in refused.text
    assert kitchen.rows("SELECT count(*) FROM item") == [(0,)]
    assert submit(browser, "/recipes/new", "/recipes/new", **{**form, "kept": ["g", "ml"]}).status_code == 303
    rows = kitchen.rows("SELECT name, base_unit FROM item ORDER BY name")
    assert [tuple(row) for row in rows] == [("Flour", "g"), ("Milk", "ml")]


@pytest.mark.parametrize(
    ("keeps", "days", "status"),
    [("none", None, 303), ("No limit", None, 303), ("1.5", None, 422), ("soon", None, 422), ("0", 0, 303)],
)
def test_a_new_product_of_a_recipe_keeps_as_long_as_was_said(
    kitchen: Kitchen, web: Web, keeps: str, days: int | None, status: int
) -> None:
    """Whole days, or no limit."""
    kitchen.simple_bakery()
    browser = web.browser(Role.BAKER)
    form = {"name": "Buns", "amount": ["1 kg"], "of": ["Flour"], "gives": ["20"], "product": ["Bun"], "add_new": "yes"}
    sent = submit(browser, "/recipes/new", "/recipes/new", **form, new_product=["Bun"], keeps=[keeps])
    assert sent.status_code == status, text_of(sent.text)
    found = [row[0] for row in kitchen.rows("SELECT shelf_life_days FROM item WHERE name = 'Bun'")]
    assert found == ([days] if status == 303 else [])


def test_an_edit_is_a_new_version_and_a_circle_is_refused(kitchen: Kitchen, web: Web) -> None:
    """A changed yield is recorded; emptied notes are removed."""
    kitchen.simple_bakery()
    browser = web.browser(Role.BAKER)
    path = f"/recipes/{kitchen.ids['Cookies']}/edit"
    rows = {"amount": ["600 g", "250 g"], "of": ["Flour", "Sugar"], "gives": ["30"], "product": ["Cookie"]}
    assert submit(browser, path, path, name="Cookies", notes="Crisp.", **rows).status_code == 303
    assert submit(browser, path, path, name="Cookies", notes="", **rows).status_code == 303
    said = text_of(browser.get(path.replace("edit", "versions")).text)
    assert "Version 5" in said
    assert "Flour 500 g 600 g" in said
    assert "Makes Cookie 24 each 30 each" in said
    assert "Notes Crisp. left out" in said
    rows |= {"amount": ["1 batch"], "of": ["Cookies"]}
    refused = submit(browser, path, path, name="Cookies", **rows)
    assert refused.status_code == 422
    assert "cookies" in text_of(refused.text)


def test_without_a_script_a_button_gives_more_rows(kitchen: Kitchen, web: Web) -> None:
    """What was typed stays, and nothing is recorded."""
    browser = web.browser(Role.BAKER)
    rows = {"amount": [str(number) for number in range(1, 9)], "of": ["x"] * 8}
    page = submit(browser, "/recipes/new", "/recipes/new", do="row", name="Long", **rows)
    assert (page.status_code, page.text.count('name="amount"')) == (200, 11)
    assert 'value="Long"' in page.text


def test_goods_show_their_contents_their_cost_and_how_many_can_be_packed(kitchen: Kitchen, web: Web) -> None:
    """Twelve cookies came out of 24, and the loss is separate: two boxes at their cost; cookies limit a third."""
    browser = web.browser(Role.VIEWER)
    assert "There are no boxes yet." in browser.get("/goods").text
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 12)
    assert "Box 1 Carton, 6 Cookie 2" in text_of(browser.get("/goods?sort=-can_make").text)
    said = text_of(browser.get(f"/goods/{kitchen.ids['Box']}?count=2&price=2.5").text)
    assert "Carton 1 2 1.00 1.00 1.00 Cookie 6 12 0.75 0.75 0.75 In all, USD 1.75 1.75 1.75" in said
    assert "One Box 0.875 0.875 0.875 Margin at 2.50 1.62 65.0 %" in said
    assert "2 can be packed now" in said
    assert "cookie cookies can be baked, 19 batches 18 12" in said
    wrong = browser.get(f"/goods/{kitchen.ids['Box']}?count=1.5&price=-1")
    assert (wrong.status_code, "must be a whole number from 1" in wrong.text) == (422, True)
    assert [browser.get(path).status_code for path in ("/goods/99", f"/goods/{kitchen.ids['Flour']}")] == [404, 404]
    assert browser.get(f"/goods/{10**30}").status_code == 422


def test_a_box_is_written_and_edited_row_by_row(kitchen: Kitchen, web: Web) -> None:
    """A length in metres works; an ingredient, a fraction of a piece and a box in itself are refused on their rows."""
    kitchen.simple_bakery()
    kitchen.item("material", "Ribbon", "cm")
    browser = web.browser(Role.BAKER)
    form = {"name": "Tower", "amount": ["2", "", "0.3 m"], "of": ["Box", "", "ribbon"]}
    done = submit(browser, "/goods/new", "/goods/new", **form)
    assert done.status_code == 303, text_of(done.text)
    where = done.headers["location"].partition("?")[0]
    said = text_of(browser.get(done.headers["location"]).text)
    assert "Recorded. See it, or undo it" in said
    assert "Ribbon 30 cm 30 cm short 30 cm" in said or "Ribbon 30 cm short 30 cm 30 cm" in said
    edit = f"{where}/edit"
    assert 'value="30 cm"' in browser.get(edit).text
    refused = submit(browser, edit, edit, amount=["1 kg", "1/3", "1"], of=["Flour", "Ribbon", "Tower"])
    said = text_of(refused.text)
    assert refused.status_code == 422
    assert "Row 1, name is not in the catalogue" in said
    assert "Row 2, amount needs a unit, such as 250 g; Ribbon is kept in cm." in said
    refused = submit(browser, edit, edit, amount=["1/3 cm", "6"], of=["Ribbon", "Cookie"])
    assert "Row 1, amount is not an exact number of cm" in text_of(refused.text)
    refused = submit(browser, edit, edit, amount=["1"], of=["Tower"])
    assert (refused.status_code, "it would contain itself" in text_of(refused.text)) == (422, True)
    refused = submit(browser, edit, edit, amount=["0", ""], of=["Cookie", ""])
    assert "Row 1, amount must be above 0." in text_of(refused.text)


def test_the_pages_of_goods_send_as_many_statements_however_many_there_are(kitchen: Kitchen, web: Web) -> None:
    """This holds for one box of two parts, and for ten boxes and one of eight parts."""
    browser = web.browser(Role.VIEWER)
    kitchen.simple_bakery()
    with statements() as few:
        assert browser.get("/goods").status_code == 200
        assert browser.get(f"/goods/{kitchen.ids['Box']}").status_code == 200
    for number in range(8):
        kitchen.item("material", f"Card {number}", "each")
        kitchen.good(f"Box {number}", {f"Card {number}": 1})
    kitchen.good("Big box", {f"Card {number}": 1 for number in range(8)})
    with statements() as many:
        assert browser.get("/goods").status_code == 200
        assert browser.get(f"/goods/{kitchen.ids['Big box']}").status_code == 200
    assert len(few) == len(many)


def test_a_saved_page_becomes_a_form_to_check(kitchen: Kitchen, web: Web) -> None:
    """The lines have their amounts, with doubts listed above; the person saves the recipe."""
    kitchen.simple_bakery()
    browser = web.browser(Role.BAKER)
    recipe = {
        "@context": "https://schema.org",
        "@type": "Recipe",
        "name": "Butter cookies",
        "recipeYield": "24 cookies",
        "recipeIngredient": [
            "250 g flour",
            "1½ cups sugar",
            "2-3 tbsp milk",
            "salt to taste",
            "Potatoes",
        ],
    }
    html = f'<html><script type="application/ld+json">{json.dumps(recipe)}</script></html>'

    def send(content: str, name: str = "page.html") -> httpx2.Response:
        token = csrf_of(browser.get("/recipes/import"))
        return browser.post("/recipes/import", data={CSRF_FIELD: token}, files={"page": (name, content, "text/html")})

    page = send(html)
    said = text_of(page.text)
    assert page.status_code == 200, said
    for value in ("Butter cookies", "250 g", "1.5 cup", "2 tbsp", "24", "cookie", "page.html"):
        assert f'value="{value}"' in page.text, value
    assert "“Potatoes” could not be read with certainty. No quantity is given." in said
    assert "“2-3 tbsp milk”: a range is given; its low end is taken" in said
    assert "“salt to taste”: no quantity is given; the line is left out, and stays in" in said
    assert kitchen.rows("SELECT count(*) FROM recipe")[0][0] == 1
    refused = send("<p>nothing</p>")
    assert (refused.status_code, "The file has no schema.org recipe" in text_of(refused.text)) == (422, True)
    assert "Choose a file first" in text_of(submit(browser, "/recipes/import", "/recipes/import").text)


@pytest.fixture
def laminator(database_url: str, kitchen: Kitchen) -> TestClient:
    """A baker with 10 kg of dough, croissants and scraps."""
    kitchen.ingredient("Dough")
    kitchen.item("finished_unit", "Croissant", "each")
    kitchen.item("finished_unit", "Scraps", "g")
    kitchen.receive("Dough", 10, "kg", 20)
    return Web().let_in().browser(Role.BAKER)


def save_lam(laminator: TestClient, path: str = "/recipes/new", **fields: str | list[str]):  # type: ignore[no-untyped-def]
    """Send the form of a recipe of 2 kg of dough."""
    rows = {"amount": ["2 kg"], "of": ["Dough"], "gives": ["20", "500"], "product": ["Croissant", "Scraps"]}
    return submit(laminator, path, path, name="Lam", **{"part": ["3/4", "1/4"], **rows, **fields})


def test_a_recipe_says_that_its_products_come_out_together(laminator: TestClient, kitchen: Kitchen) -> None:
    """It is saved, shown, edited and baked; the page of a bake asks for both."""
    done = save_lam(laminator, together="yes")
    page = done.headers["location"].partition("?")[0]
    shown = " ".join(laminator.get(page).text.split())
    assert "(3/4 of the cost) and" in shown
    form = laminator.get(f"{page}/edit").text
    assert 'name="together" value="yes" checked' in form
    assert 'value="3/4"' in form
    lam, croissant, scraps = page.rpartition("/")[2], *(kitchen.ids[name] for name in ("Croissant", "Scraps"))
    asks = laminator.get(f"/bake?recipe={lam}&num_batches=2").text
    assert "What came out: Scraps" in asks
    assert "Planned: 1,000" in asks
    assert "Something else came out" not in asks
    known = {"recipe_id": lam, "finished_unit_id": str(croissant), "num_batches": "1", "scale_factor": "1"}
    known |= {"actual_yield": "20", "planned": "", "planned_for": ""}
    refused = submit(laminator, f"/bake?recipe={lam}", "/bake", **known)
    assert "scraps is missing" in refused.text
    submit(laminator, f"/bake?recipe={lam}", "/bake", **known, **{f"also_{scraps}": "500"})
    assert (kitchen.stock("Dough"), kitchen.stock("Scraps")) == (8_000, 500)
    save_lam(laminator, f"{page}/edit", part=["", ""])
    assert " or <strong>" in laminator.get(page).text


def test_shares_or_weights_are_asked_for(laminator: TestClient, kitchen: Kitchen) -> None:
    """Nothing is saved; what was typed stays."""
    refused = save_lam(laminator, together="yes", part=["", ""]).text
    assert "weight of croissant is not known" in refused
    assert "add up to 1" in save_lam(laminator, together="yes", part=["1/2", "1/4"]).text
    assert "only if the products come out together" in save_lam(laminator).text
    assert kitchen.rows("SELECT count(*) FROM recipe")[0][0] == 0


def test_a_form_without_the_new_field_is_still_read(laminator: TestClient, kitchen: Kitchen) -> None:
    """It was opened before the update."""
    rows = {"amount": ["2 kg"], "of": ["Dough"], "gives": ["20"], "product": ["Croissant"]}
    assert submit(laminator, "/recipes/new", "/recipes/new", name="Lam", **rows).status_code == 303
    assert kitchen.rows("SELECT quantity_micros FROM recipe_yield")[0][0] == 20_000_000


def test_a_line_of_a_sub_recipe_by_weight_is_shown_as_it_was_typed(laminator: TestClient, kitchen: Kitchen) -> None:
    """60 g of a part that weighs 2 kg; a volume says what is missing."""
    save_lam(laminator, part=["", ""])
    rows = {"amount": ["60 g"], "of": ["Lam"], "gives": ["1"], "product": ["Croissant"], "part": [""]}
    done = submit(laminator, "/recipes/new", "/recipes/new", name="Bun", **rows)
    page = done.headers["location"].partition("?")[0]
    assert "<strong>60 g</strong>" in laminator.get(page).text
    assert 'value="60 g"' in laminator.get(f"{page}/edit").text
    refused = submit(laminator, "/recipes/new", "/recipes/new", name="Tart", **rows | {"amount": ["60 ml"]}).text
    assert "the volume of one batch is not known" in refused
