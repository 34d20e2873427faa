"""Recipes that make several products together, on the pages; and sub-recipes by weight."""

import pytest
from starlette.testclient import TestClient

from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.web import Web, submit

pytestmark = pytest.mark.one_database


@pytest.fixture
def baker(database_url: str, kitchen: Kitchen) -> TestClient:
    """A baker with 10 kg of dough, croissants and scraps."""
    kitchen.ingredient("Dough")
    kitchen.item("finished_unit", "Croissant", "each")
    kitchen.item("finished_unit", "Scraps", "g")
    kitchen.receive("Dough", 10, "kg", 20)
    return Web().let_in().browser(Role.BAKER)


def save(baker: TestClient, path: str = "/recipes/new", **fields: str | list[str]):  # type: ignore[no-untyped-def]
    """Send the form of a recipe of 2 kg of dough."""
    rows = {"amount": ["2 kg"], "of": ["Dough"], "gives": ["20", "500"], "product": ["Croissant", "Scraps"]}
    return submit(baker, path, path, name="Lam", **{"part": ["3/4", "1/4"], **rows, **fields})


def test_a_recipe_says_that_its_products_come_out_together(baker: TestClient, kitchen: Kitchen) -> None:
    """It is saved, shown, edited and baked; the page of a bake asks for both."""
    done = save(baker, together="yes")
    page = done.headers["location"].partition("?")[0]
    shown = " ".join(baker.get(page).text.split())
    assert "(3/4 of the cost) and" in shown
    form = baker.get(f"{page}/edit").text
    assert 'name="together" value="yes" checked' in form
    assert 'value="3/4"' in form
    lam, croissant, scraps = page.rpartition("/")[2], *(kitchen.ids[name] for name in ("Croissant", "Scraps"))
    asks = baker.get(f"/bake?recipe={lam}&num_batches=2").text
    assert "What came out: Scraps" in asks
    assert "Planned: 1,000" in asks
    assert "Something else came out" not in asks
    known = {"recipe_id": lam, "finished_unit_id": str(croissant), "num_batches": "1", "scale_factor": "1"}
    known |= {"actual_yield": "20", "planned": "", "planned_for": ""}
    refused = submit(baker, f"/bake?recipe={lam}", "/bake", **known)
    assert "scraps is missing" in refused.text
    submit(baker, f"/bake?recipe={lam}", "/bake", **known, **{f"also_{scraps}": "500"})
    assert (kitchen.stock("Dough"), kitchen.stock("Scraps")) == (8_000, 500)
    save(baker, f"{page}/edit", part=["", ""])
    assert " or <strong>" in baker.get(page).text


def test_shares_or_weights_are_asked_for(baker: TestClient, kitchen: Kitchen) -> None:
    """Nothing is saved; what was typed stays."""
    refused = save(baker, together="yes", part=["", ""]).text
    assert "weight of croissant is not known" in refused
    assert "add up to 1" in save(baker, together="yes", part=["1/2", "1/4"]).text
    assert "only if the products come out together" in save(baker).text
    assert kitchen.rows("SELECT count(*) FROM recipe")[0][0] == 0


def test_a_form_without_the_new_field_is_still_read(baker: TestClient, kitchen: Kitchen) -> None:
    """It was opened before the update."""
    rows = {"amount": ["2 kg"], "of": ["Dough"], "gives": ["20"], "product": ["Croissant"]}
    assert submit(baker, "/recipes/new", "/recipes/new", name="Lam", **rows).status_code == 303
    assert kitchen.rows("SELECT quantity_micros FROM recipe_yield")[0][0] == 20_000_000


def test_a_line_of_a_sub_recipe_by_weight_is_shown_as_it_was_typed(baker: TestClient, kitchen: Kitchen) -> None:
    """60 g of a part that weighs 2 kg; a volume says what is missing."""
    save(baker, part=["", ""])
    rows = {"amount": ["60 g"], "of": ["Lam"], "gives": ["1"], "product": ["Croissant"], "part": [""]}
    done = submit(baker, "/recipes/new", "/recipes/new", name="Bun", **rows)
    page = done.headers["location"].partition("?")[0]
    assert "<strong>60 g</strong>" in baker.get(page).text
    assert 'value="60 g"' in baker.get(f"{page}/edit").text
    refused = submit(baker, "/recipes/new", "/recipes/new", name="Tart", **rows | {"amount": ["60 ml"]}).text
    assert "the volume of one batch is not known" in refused
