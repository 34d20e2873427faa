"""Bake and Box: what a run would take, what was recorded, and refusals that keep everything that was typed."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from bake_tracker.config import load_settings
from bake_tracker.domain.access import Role
from bake_tracker.entrypoints.http.access import CSRF_FIELD
from bake_tracker.log.setup import configure_logging
from bake_tracker.queries.catalog.definitions import load_good, load_recipe
from bake_tracker.queries.operations.history import load_runs
from bake_tracker.queries.runs.plans import RunPlan, load_assembly_plan, load_production_plan
from bake_tracker.services import database
from bake_tracker.services.catalog.edits import record_item_change
from bake_tracker.services.database import read_scope, run_in_transaction
from support.command_line import root_logger_put_back
from support.kitchen import Kitchen
from support.web import Web, csrf_of, statements

pytestmark = pytest.mark.one_database


@pytest.fixture
def web(database_url: str) -> Web:
    """The application, with three people."""
    return Web().let_in()


@pytest.fixture
def baker(web: Web, kitchen: Kitchen) -> TestClient:
    """A baker in the simple bakery."""
    kitchen.simple_bakery()
    return web.browser(Role.BAKER)


def fields(page: httpx2.Response) -> dict[str, str]:
    """The data that the form would send unchanged: its inputs, and the chosen ones of its buttons."""
    form = page.text.partition("data-keep")[2].partition("</form>")[0]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'\bname="([^"]*)"', tag), re.search(r'\bvalue="([^"]*)"', tag)
        if name and ('type="radio"' not in tag or " checked" in tag):
            found[name[1]] = value[1] if value else ""
    return found


def shown(page: httpx2.Response) -> str:
    """The text of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2]).split())


def plan_of(kitchen: Kitchen, recipe: str, batches: object, scale: object = 1) -> RunPlan:
    with read_scope() as session:
        recipe_known = load_recipe(session, kitchen.ids[recipe])
        return load_production_plan(session, recipe_known, batches, scale, date(2026, 11, 23))


def test_the_most_recently_baked_recipe_comes_first_and_is_found_by_name(baker: TestClient, kitchen: Kitchen) -> None:
    """A recipe without a product cannot be chosen; an empty page says what to do."""
    kitchen.recipe("Apple cake", {"Flour": (200, "g")}, {"Cake": 1})
    kitchen.recipe("Glaze", {"Sugar": (50, "g")})
    links = re.compile(r'/bake\?recipe=([\w-]+)"')
    assert links.findall(baker.get("/bake").text) == ["apple-cake", "cookies"]
    kitchen.produce("Cookies", "Cookie", 1, 24)
    assert links.findall(baker.get("/bake").text) == ["cookies", "apple-cake"]
    assert links.findall(baker.get("/bake?q=APPLE").text) == ["apple-cake"]
    assert "No match." in baker.get("/bake?q=zzz").text


def test_an_empty_bakery_sees_what_to_do_first(web: Web, kitchen: Kitchen) -> None:
    """There is no recipe and no box yet."""
    baker = web.browser(Role.BAKER)
    assert "Write a recipe" in baker.get("/bake").text
    assert "Add a box" in baker.get("/box").text


def test_the_page_says_what_it_would_take_and_records_as_much(baker: TestClient, kitchen: Kitchen) -> None:
    """It shows every ingredient with its lots, the cost and the likely yield; then the operation and the next steps."""
    page = baker.get("/bake?recipe=cookies&num_batches=2")
    words = shown(page)
    assert "Yes, the stock allows it. Cost 3.00 USD, 0.0625 each." in words
    assert "Flour 1 kg flour-20260101-1 : 1 kg 2.00" in words
    filled = fields(page)
    assert (filled["num_batches"], filled["actual_yield"], filled["planned"]) == ("2", "48", "48")
    done = baker.post("/bake", data={**filled, "actual_yield": "44", "loss_reason": "burnt"})
    assert done.status_code == 303
    result = baker.get(done.headers["location"])
    assert "Bake the same again" in result.text
    assert "num_batches=2" in result.text
    with read_scope() as session:
        (run,) = load_runs(session, 5)
    assert (run["quantity"], run["status"], run["cost"]) == ("44", "partial_loss", "3.00")
    assert (kitchen.stock("Cookie"), kitchen.stock("Flour")) == (44, 9_000)


def test_a_form_sent_twice_is_one_production(baker: TestClient, kitchen: Kitchen) -> None:
    """Both answers lead to it; sent again with other values, nothing is recorded and the page says so."""
    filled = fields(baker.get("/bake?recipe=cookies"))
    first, second = (baker.post("/bake", data=filled) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert kitchen.stock("Cookie") == 24
    changed = baker.post("/bake", data={**filled, "actual_yield": "20"})
    assert (changed.status_code, kitchen.stock("Cookie")) == (409, 24)
    assert "already recorded with other values" in shown(changed)
    assert filled["operation_id"] in changed.text  # in the link to the recorded operation
    again = fields(changed)
    assert (again["operation_id"] != filled["operation_id"], again["actual_yield"]) == (True, "20")
    assert baker.post("/bake", data=again).status_code == 303
    assert kitchen.stock("Cookie") == 44


def test_a_shortage_keeps_what_was_typed_and_lists_everything_short(baker: TestClient, kitchen: Kitchen) -> None:
    """The shortage is the one that the check showed; nothing is taken."""
    page = baker.get("/bake?recipe=cookies&num_batches=30")
    assert "No, there is not enough flour, sugar." in shown(page)
    filled = {**fields(page), "notes": "for the <fair>", "loss_reason": "broken"}
    refused = baker.post("/bake", data=filled)
    assert refused.status_code == 409
    words = shown(refused)
    assert "Nothing was recorded" in words
    assert "flour 15 kg 10 kg 5 kg sugar 7.5 kg 5 kg 2.5 kg" in words
    assert "for the &lt;fair&gt;" in refused.text
    kept = fields(refused)
    assert {**filled, "notes": ""} == {**kept, "notes": ""}
    kitchen.receive("Flour", 10, "kg", 20)
    kitchen.receive("Sugar", 5, "kg", 10)
    assert baker.post("/bake", data=kept).status_code == 303
    assert kitchen.stock("Cookie") == 720


def test_everything_wrong_is_named_beside_its_field(baker: TestClient, kitchen: Kitchen) -> None:
    """The answer is a 422 that keeps what was typed, whether the form or the service finds the problem."""
    filled = fields(baker.get("/bake?recipe=cookies"))
    unread = baker.post("/bake", data={**filled, "num_batches": "two", "actual_yield": "", "produced_at": "noon"})
    assert unread.status_code == 422
    for name in ("num_batches", "actual_yield", "produced_at"):
        assert f'href="#{name}"' in unread.text
        assert re.search(rf'id="{name}"[^>]*aria-invalid="true"', unread.text)
    assert 'value="two"' in unread.text
    refused = baker.post("/bake", data={**filled, "num_batches": "1.5", "actual_yield": "-1"})
    assert refused.status_code == 422
    assert "must be a whole number, not 1.5" in shown(refused)
    future = baker.post("/bake", data={**filled, "produced_at": "2999-01-01T10:00"})
    assert (future.status_code, "must not be in the future" in shown(future)) == (422, True)
    assert kitchen.stock("Cookie") == 0


def test_a_yield_filled_in_for_other_batches_is_not_recorded_as_a_loss(baker: TestClient, kitchen: Kitchen) -> None:
    """This happens without JavaScript, or if Bake comes before the check; a yield changed by hand is accepted."""
    filled = fields(baker.get("/bake?recipe=cookies"))
    stale = baker.post("/bake", data={**filled, "num_batches": "2"})
    assert (stale.status_code, kitchen.stock("Cookie")) == (422, 0)
    assert fields(stale)["actual_yield"] == "48"
    assert baker.post("/bake", data=fields(stale)).status_code == 303
    counted = baker.post(
        "/bake", data={**fields(baker.get("/bake?recipe=cookies")), "num_batches": "2", "actual_yield": "40"}
    )
    assert (counted.status_code, kitchen.stock("Cookie")) == (303, 88)


def test_the_check_can_be_asked_for_without_javascript(baker: TestClient, kitchen: Kitchen) -> None:
    """The page comes back with the yield of the new values; nothing is recorded."""
    filled = fields(baker.get("/bake?recipe=cookies"))
    page = baker.post("/bake", data={**filled, "num_batches": "3", "check": "1"})
    assert (page.status_code, fields(page)["actual_yield"], kitchen.stock("Cookie")) == (200, "72", 0)
    box = {**fields(baker.get("/box?good=box")), "quantity": "9", "check": "1"}
    assert "not enough cookie" in shown(baker.post("/box", data=box))


def test_the_live_check_is_a_part_of_the_page(baker: TestClient, kitchen: Kitchen) -> None:
    """Input that cannot be checked is explained there, and is not an error of the page."""
    recipe_id, cookie = kitchen.ids["Cookies"], kitchen.ids["Cookie"]
    asked = f"/bake/check?recipe_id={recipe_id}&finished_unit_id={cookie}"
    part = baker.get(f"{asked}&num_batches=3&scale_factor=0.5", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert 'value="36"' in part.text
    assert 'id="takes"' in part.text
    assert 'hx-swap-oob="true"' in part.text
    for wrong in ("num_batches=x&scale_factor=1", "num_batches=0&scale_factor=1", "num_batches=1&scale_factor=-2"):
        answer = baker.get(f"{asked}&{wrong}")
        assert (answer.status_code, 'role="status"' in answer.text) == (200, True)
    assert baker.get("/bake/check?recipe_id=999&num_batches=1&scale_factor=1").status_code == 404
    assert baker.get("/bake?recipe=nowhere").status_code == 404
    assert baker.get("/box?good=nowhere").status_code == 404


def test_of_several_products_one_is_chosen(baker: TestClient, kitchen: Kitchen) -> None:
    """The yield is that of the chosen product; a recipe without a product can still be viewed."""
    kitchen.recipe("Dough", {"Flour": (300, "g")}, {"Roll": 12, "Loaf": 2})
    page = baker.get("/bake?recipe=dough")
    assert (fields(page)["finished_unit_id"], fields(page)["actual_yield"]) == (str(kitchen.ids["Roll"]), "12")
    loaf = str(kitchen.ids["Loaf"])
    page = baker.get(f"/bake?recipe=dough&finished_unit_id={loaf}")
    assert (fields(page)["finished_unit_id"], fields(page)["actual_yield"]) == (loaf, "2")
    assert baker.post("/bake", data=fields(page)).status_code == 303
    assert (kitchen.stock("Loaf"), kitchen.stock("Roll")) == (2, 0)
    kitchen.recipe("Glaze", {"Sugar": (50, "g")})
    assert "has no yield yet" in baker.get("/bake?recipe=glaze").text


def test_a_missing_measure_is_shown_in_the_check(baker: TestClient, kitchen: Kitchen) -> None:
    """The recipe takes a cup of an ingredient without a density."""
    kitchen.recipe("Cups", {"Flour": (2, "cup")}, {"Cup": 4})
    words = shown(baker.get("/bake?recipe=cups"))
    assert "lour: cannot convert cup to g" in words
    assert "Unknown: see above." in words


def test_numbers_are_read_in_the_notation_of_the_browsers_language(web: Web, kitchen: Kitchen) -> None:
    """A German tablet uses a comma, and a point between thousands."""
    kitchen.simple_bakery()
    baker = web.browser(Role.BAKER, {"Accept-Language": "de-DE,de;q=0.9"})
    page = baker.get("/bake?recipe=cookies&scale_factor=1,5")
    assert (fields(page)["actual_yield"], fields(page)["scale_factor"]) == ("36", "1,5")
    changes = {"allows_parts": True}
    run_in_transaction(lambda session: record_item_change(kitchen.ids["Cookie"], changes, session=session))
    done = baker.post("/bake", data={**fields(page), "actual_yield": "34,5"})
    assert (done.status_code, kitchen.stock("Cookie")) == (303, Decimal("34.5"))


def test_boxes_are_packed_for_an_event(baker: TestClient, kitchen: Kitchen) -> None:
    """Packing is checked, recorded, refused with every shortage, and done once however often it is sent."""
    kitchen.produce("Cookies", "Cookie", 1, 24)
    page = baker.get("/box?good=box&quantity=3")
    assert "Yes, the stock allows it. Cost 2.62 USD, 0.875 each." in shown(page)
    filled = fields(page)
    done = [baker.post("/box", data=filled) for _ in range(2)]
    assert done[0].headers["location"] == done[1].headers["location"]
    assert "Box the same again" in baker.get(done[0].headers["location"]).text
    refused = baker.post("/box", data={**fields(baker.get("/box?good=box")), "quantity": "200"})
    assert (refused.status_code, kitchen.stock("Box")) == (409, 3)
    assert "carton 200 97 103" in shown(refused)
    assert "cookie 1,200 6 1,194" in shown(refused)
    assert fields(refused)["quantity"] == "200"


def test_a_viewer_may_ask_and_not_record(web: Web, kitchen: Kitchen) -> None:
    """A viewer sees no fields and no buttons, and gets a 403 for sending the form anyway."""
    kitchen.simple_bakery()
    viewer = web.browser(Role.VIEWER)
    for path, target in (("/bake?recipe=cookies", "/bake"), ("/box?good=box", "/box")):
        page = viewer.get(path)
        assert page.status_code == 200
        assert not re.search(r"actual_yield|data-waits|Wants", page.text)
        assert viewer.post(target, data={CSRF_FIELD: csrf_of(page)}).status_code == 403


def test_the_plan_says_what_the_check_of_the_service_says(kitchen: Kitchen) -> None:
    """Both agree on whether it is possible and on every shortage; the costs add up to what is recorded."""
    kitchen.simple_bakery()
    kitchen.receive("Flour", 300, "g", None, received_on=date(2026, 1, 2))
    for batches in (1, 20, 21, 30):
        plan, check = plan_of(kitchen, "Cookies", batches), kitchen.can_produce("Cookies", batches)
        assert plan["is_possible"] == check["can_produce"]
        told = [(one["ingredient_slug"], one["needed"], one["available"]) for one in check["missing_ingredients"]]
        assert [(one["item_slug"], one["needed"], one["available"]) for one in plan["shortages"]] == told
    plan, done = plan_of(kitchen, "Cookies", 3), kitchen.produce("Cookies", "Cookie", 3, 72)
    assert Decimal(plan["cost"] or 0) == Decimal(done["total_ingredient_cost"])
    drawn = [(draw["lot_code"], draw["quantity"]) for item in plan["items"] for draw in item["draws"]]
    assert drawn == [(used["lot_code"], used["quantity"]) for used in done["consumptions"]]
    with read_scope() as session:
        good = load_good(session, kitchen.ids["Box"])
        boxes = load_assembly_plan(session, good, 20, date(2026, 11, 23))
    check = kitchen.can_assemble("Box", 20)
    assert [one["item_slug"] for one in boxes["shortages"]] == [
        one["component_slug"] for one in check["missing_components"]
    ]


def test_pages_send_as_many_statements_however_much_there_is(web: Web, kitchen: Kitchen) -> None:
    """This holds for recipes, lots, events and runs."""
    kitchen.simple_bakery()
    browser = web.browser(Role.BAKER)
    asked = f"/bake/check?recipe_id={kitchen.ids['Cookies']}&finished_unit_id={kitchen.ids['Cookie']}&num_batches=9"
    paths = ("/bake", "/bake?recipe=cookies", f"{asked}&scale_factor=1", "/box", "/box?good=box&quantity=2")
    counts = []
    for is_more in (False, True):
        for path in paths:
            with statements() as sent:
                assert browser.get(path).status_code == 200
            counts.append(len(sent))
        for number in range(0 if is_more else 6):
            kitchen.recipe(f"Recipe {number}", {"Flour": (10, "g")}, {f"Thing {number}": 1})
            kitchen.receive("Flour", 700, "g", 1, received_on=date(2025, 1, 1))
            kitchen.produce("Cookies", "Cookie", 1, 24)
            kitchen.good(f"Box {number}", {"Cookie": 1})
    assert counts[: len(paths)] == counts[len(paths) :]
    assert counts[2] <= 8


def test_today_says_what_to_bake_and_box_and_what_is_short(
    web: Web, kitchen: Kitchen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A box that waits names the recipe that helps; a recent refusal shows its reason and leads to its transaction."""
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(tmp_path / "log.jsonl"))
    kitchen.simple_bakery()
    baker = web.browser(Role.BAKER)
    page = baker.get("/")
    words = shown(page)
    assert "none cookie: 6 needed, 0 on hand" in words
    assert "Bake Cookies needed for Box flour: 10.5 kg needed, 10 kg on hand" in words
    assert "20 batches" in words
    assert "cookie 6 0 Box" in words
    assert 'href="/bake?recipe=cookies"' in page.text
    assert "Refused last" not in page.text
    with root_logger_put_back():
        configure_logging(load_settings(), database.database_url())
        baker.post(
            "/bake", data={**fields(baker.get("/bake?recipe=cookies")), "num_batches": "21", "actual_yield": "500"}
        )
        refused = baker.get("/")
    assert "Recently refused Baked: cookie , " in shown(refused)
    assert "flour: 10500 g needed, 10000 g available" in shown(refused)
    (story,) = re.findall(r'href="(/log/[^"?]+)"', refused.text)
    assert baker.get(story).status_code == 200
    kitchen.produce("Cookies", "Cookie", 1, 24)
    assert "Short of stock" not in baker.get("/").text
