"""The rows of *Bake*, *Box* and a recorded bake in which a person says what was really used."""

import pytest
from starlette.testclient import TestClient

from bake_tracker.domain.access import Role
from support.kitchen import Kitchen
from support.web import Web, submit

pytestmark = pytest.mark.one_database


@pytest.fixture
def baker(database_url: str, kitchen: Kitchen) -> TestClient:
    """A baker in the simple bakery, with a second lot of flour."""
    kitchen.simple_bakery()
    kitchen.receive("Flour", 1, "kg", 9, lot_code="SPELT-1")
    return Web().let_in().browser(Role.BAKER)


def row(amount: str, lot: str, instead: str = "", reason: str = "") -> dict[str, str]:
    """One filled row."""
    return {"used_amount": amount, "used_lot": lot, "used_instead": instead, "used_reason": reason}


def bake(baker: TestClient, kitchen: Kitchen, **fields: str):  # type: ignore[no-untyped-def]
    """Send the form of *Bake*."""
    path = f"/bake?recipe={kitchen.ids['Cookies']}"
    known = {"recipe_id": str(kitchen.ids["Cookies"]), "finished_unit_id": str(kitchen.ids["Cookie"])}
    numbers = {"num_batches": "1", "scale_factor": "1", "actual_yield": "24", "planned": "", "planned_for": ""}
    return submit(baker, path, "/bake", **known, **numbers, **fields)


def test_a_bake_says_what_was_used_and_is_corrected(baker: TestClient, kitchen: Kitchen) -> None:
    """The page of the run shows it, and its form changes it again."""
    page = baker.get(f"/bake?recipe={kitchen.ids['Cookies']}").text
    assert "Change what was used" in page
    assert '<option value="SPELT-1">' in page
    done = bake(baker, kitchen, **row("600 g", "SPELT-1"))
    recorded = baker.get(done.headers["location"]).text
    assert "SPELT-1" in recorded
    assert kitchen.stock("Flour") == 10_400
    path = done.headers["location"].partition("?")[0]
    submit(baker, path, f"{path}/correct", actual_yield="24", loss_reason="", **row("0.7 kg", "SPELT-1"))
    assert kitchen.stock("Flour") == 10_300


def test_a_refused_row_keeps_what_was_typed(baker: TestClient, kitchen: Kitchen) -> None:
    """Each problem stands at its field."""
    refused = bake(baker, kitchen, **row("600", "nowhere", "flower", "")).text
    assert "needs a unit" in refused
    assert "is not the code of a lot" in refused
    assert "is not the short name of an item" in refused
    assert 'value="nowhere"' in refused
    late = bake(baker, kitchen, **row("600 g", "SPELT-1", "sugar", "")).text
    assert "say why another item was used" in late
    assert kitchen.stock("Flour") == 11_000


def test_a_box_says_what_was_used(baker: TestClient, kitchen: Kitchen) -> None:
    """The carton comes from the lot that was named."""
    kitchen.produce("Cookies", "Cookie", 1, 24)
    kitchen.receive("Carton", 10, "each", 1, lot_code="WHITE")
    box = {"finished_good_id": str(kitchen.ids["Box"]), "quantity": "1"}
    submit(baker, f"/box?good={kitchen.ids['Box']}", "/box", **box, **row("1 each", "WHITE"))
    left = kitchen.rows("SELECT remaining_micros FROM lot WHERE code = 'WHITE'")
    assert left[0].remaining_micros == 9_000_000


def test_a_bake_has_two_products(baker: TestClient, kitchen: Kitchen) -> None:
    """The page asks for the others if the recipe makes several, and the page of the run has both lots."""
    kitchen.recipe("Lam", {"Flour": (100, "g")}, {"Croissant": 20, "Roll": 40})
    page = f"/bake?recipe={kitchen.ids['Lam']}"
    assert "Something else came out of the same dough" in baker.get(page).text
    assert "Something else" not in baker.get(f"/bake?recipe={kitchen.ids['Cookies']}").text
    known = {"recipe_id": str(kitchen.ids["Lam"]), "finished_unit_id": str(kitchen.ids["Croissant"])}
    numbers = {"num_batches": "1", "scale_factor": "1", "actual_yield": "10", "planned": "", "planned_for": ""}
    rolls = f"also_{kitchen.ids['Roll']}"
    done = submit(baker, page, "/bake", **known, **numbers, **{rolls: "20"})
    recorded = baker.get(done.headers["location"]).text
    assert "croissant-" in recorded
    assert "roll-" in recorded
    assert (kitchen.stock("Croissant"), kitchen.stock("Roll")) == (10, 20)


def test_the_size_of_a_batch_may_be_a_fraction(baker: TestClient, kitchen: Kitchen) -> None:
    """A third of a batch is shown, recorded, and offered again."""
    seen = baker.get(f"/bake?recipe={kitchen.ids['Cookies']}&num_batches=1&scale_factor=1/3").text
    assert "Planned: 8" in seen
    known = {"recipe_id": str(kitchen.ids["Cookies"]), "finished_unit_id": str(kitchen.ids["Cookie"])}
    numbers = {"num_batches": "1", "scale_factor": "1/3", "actual_yield": "8", "planned": "", "planned_for": ""}
    done = submit(baker, f"/bake?recipe={kitchen.ids['Cookies']}", "/bake", **known, **numbers)
    assert "scale_factor=1%2F3" in baker.get(done.headers["location"]).text
    part = submit(baker, f"/bake?recipe={kitchen.ids['Cookies']}", "/bake", **known, **numbers | {"num_batches": "1.5"})
    assert "as the size of a batch" in part.text
