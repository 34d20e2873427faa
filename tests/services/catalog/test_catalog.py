"""The catalogue: slugs, edits of recipes, products, and lot codes that never clash."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.domain.errors import ConflictError, FinishedUnitRecipeMismatchError, ImportRefusedError
from bake_tracker.domain.errors import ValidationError as Invalid
from bake_tracker.domain.slugs import slugify
from bake_tracker.services.catalog import things
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.production import bake_and_pack
from support.import_files import change, clean, id_of, record
from support.kitchen import Kitchen

MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)
NAMES = {
    "Crème brûlée (large)": "creme-brulee-large",
    "Мука": "мука",
    "Йогурт 3,2 %": "йогурт-3-2",
    "小麦粉": "小麦粉",
    "मैदा": "मैदा",
    "Smørrebrød": "smørrebrød",
    "Straße": "strasse",
    "Phở bò": "pho-bo",
    "ＦＬＯＵＲ": "flour",
    "405": "item-405",
    "٤٠٥": "item-٤٠٥",
    "🍪!": "item",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_script_gives_a_slug_that_can_be_read(name: str) -> None:
    """Letters stay, Latin ones without accents; a slug is never empty or all digits."""
    assert slugify(name) == NAMES[name]
    assert slugify(NAMES[name]) == NAMES[name]


def test_items_of_one_script_do_not_take_each_others_slug(kitchen: Kitchen) -> None:
    """Two Russian names give two items; a repeated name is refused in words a baker understands."""
    kitchen.ingredient("Мука")
    kitchen.ingredient("Сахар")
    slugs = kitchen.rows("SELECT slug FROM item ORDER BY id")
    assert [row.slug for row in slugs] == ["мука", "сахар"]
    with pytest.raises(ConflictError, match="there is already an item 'мука'"):
        kitchen.ingredient("Мука")
    kitchen.recipe("Bread", {"Мука": (1, "g")})
    with pytest.raises(ConflictError, match="there is already a recipe 'bread'"):
        kitchen.recipe("Bread", {"Мука": (1, "g")})


def test_a_slug_of_digits_is_refused_because_it_looks_like_an_id(kitchen: Kitchen) -> None:
    """Every function that takes a slug refuses it, and so does an import."""
    kitchen.ingredient("Flour")
    refused: list[Any] = [
        lambda: kitchen.item("material", "Box", "each", slug="405"),
        lambda: kitchen.recipe("Bread", {"Flour": (1, "g")}, slug="405"),
        lambda: run_in_transaction(lambda s: things.record_supplier("Mill", session=s, slug="405")),
        lambda: run_in_transaction(lambda s: things.record_event("Fair", session=s, slug="405")),
    ]
    for call in refused:
        with pytest.raises(Invalid, match="slug: must contain a letter"):
            call()
    with pytest.raises(ImportRefusedError) as file_refused:
        record(change("events", 0, slug="405"))
    assert [refusal["place"] for refusal in file_refused.value.report["refused"]] == ["events[0].slug"]


def test_an_edit_of_a_recipe_changes_only_the_given_fields(kitchen: Kitchen) -> None:
    """Name and lines change; category, source, notes and slug stay unless the call changes them."""
    kitchen.ingredient("Flour")
    said = {"category": "bread", "source": "grandmother", "notes": "slowly"}
    recipe_id = kitchen.recipe("Loaf", {"Flour": (500, "g")}, slug="the-loaf", **said)
    kitchen.recipe("Big loaf", {"Flour": (900, "g")}, recipe_id=recipe_id, notes="very slowly")
    row = kitchen.rows("SELECT name, slug, category, source, notes FROM recipe")[0]
    assert tuple(row) == ("Big loaf", "the-loaf", "bread", "grandmother", "very slowly")
    with pytest.raises(Invalid, match="slug: cannot be changed"):
        kitchen.recipe("Loaf", {"Flour": (1, "g")}, recipe_id=recipe_id, slug="loaf")
    assert kitchen.rows("SELECT quantity FROM recipe_line")[0].quantity == "900"


def test_a_receipt_takes_no_product_of_another_item(kitchen: Kitchen) -> None:
    """Salt cannot be received as a bag of rye flour; the refusal names the argument and nothing is received."""
    record(clean())
    kitchen.ids = {slug: id_of(kitchen, "item", slug) for slug in ("flour_rye", "salt_coarse")}
    rye = kitchen.rows("SELECT id FROM product WHERE item_id = :item", item=kitchen.ids["flour_rye"])[0].id
    before = kitchen.rows("SELECT count(*) FROM lot")
    with pytest.raises(Invalid) as refused:
        kitchen.receive("salt_coarse", 1, "kg", product_id=rye)
    assert [problem["field"] for problem in refused.value.problems] == ["product_id"]
    assert kitchen.rows("SELECT count(*) FROM lot") == before
    assert kitchen.receive("flour_rye", 1, "kg", product_id=rye)["item_slug"] == "flour_rye"


def test_no_receipt_brings_a_code_that_the_bakery_gives_itself(kitchen: Kitchen) -> None:
    """Such a code is refused before and after its lot exists; a mill's own similar code may come twice."""
    kitchen.simple_bakery()
    for code in ("cookie-20261123-1", "flour-20260101-99"):
        with pytest.raises(Invalid, match="lot_code: "):
            kitchen.receive("Flour", 1, "kg", lot_code=code)
    codes = {kitchen.receive("Flour", 1, "kg", lot_code="MILL-20260105-2")["lot_code"] for _ in range(2)}
    assert codes == {"MILL-20260105-2"}


def test_a_generated_code_passes_over_those_that_came_before_its_item(kitchen: Kitchen) -> None:
    """This holds for a lot that was baked and for one that was received."""
    kitchen.ingredient("Flour")
    for slug, number in (("cookie", 1), ("cookie", 2), ("sugar", 1)):
        kitchen.receive("Flour", 1, "kg", 1, received_on=MORNING.date(), lot_code=f"{slug}-20261123-{number}")
    kitchen.recipe("Cookies", {"Flour": (1, "g")}, {"Cookie": 24})
    kitchen.ingredient("Sugar")
    codes = [kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=MORNING)["lot_code"] for _ in range(2)]
    codes.append(kitchen.receive("Sugar", 1, "kg", received_on=date(2026, 11, 23))["lot_code"])
    assert codes == ["cookie-20261123-3", "cookie-20261123-4", "sugar-20261123-2"]


def test_a_file_is_refused_where_it_has_a_code_of_the_bakerys_own(kitchen: Kitchen) -> None:
    """The refusal names its row; the mill's own codes are accepted."""
    with pytest.raises(ImportRefusedError) as refused:
        record(change("inventory_items", 0, lot_or_batch="salt_coarse-20260101-1"))
    places = [refusal["place"] for refusal in refused.value.report["refused"]]
    assert places == ["inventory_items[0].lot_or_batch"]
    assert record(change("inventory_items", 0, lot_or_batch="MILL-20260101-1"))["refused_count"] == 0


def test_a_check_is_refused_only_where_nothing_could_be_recorded(kitchen: Kitchen) -> None:
    """A scale too small to count the crumbs still makes loaves; without any yield the check looks at stock only."""
    kitchen.ingredient("Flour")
    kitchen.receive("Flour", 1, "kg", 1)
    kitchen.recipe("Bread", {"Flour": (500, "g")}, {"Loaf": 1, "Crumb": Decimal("0.000001")})
    small = {"scale_factor": Decimal("0.5")}
    assert kitchen.can_produce("Bread", 1, **small)["can_produce"]
    assert kitchen.produce("Bread", "Loaf", 1, 1, **small)["expected_yield"] == "0.5"
    for ask in (
        lambda: kitchen.produce("Bread", "Crumb", 1, 1, **small),
        lambda: kitchen.can_produce("Bread", 1, scale_factor=Decimal("0.0000001")),
    ):
        with pytest.raises(Invalid, match="too small or too large to record"):
            ask()
    kitchen.recipe("Dust", {"Flour": (1, "g")})
    assert kitchen.can_produce("Dust", 1)["can_produce"]
    assert not kitchen.can_produce("Dust", 1_000)["can_produce"]
    with pytest.raises(FinishedUnitRecipeMismatchError, match="it has no yield yet"):
        kitchen.produce("Dust", "Loaf", 1, 1)


def test_a_run_can_be_calculated_again_from_its_snapshot(kitchen: Kitchen) -> None:
    """The snapshot keeps the yield of a batch, the items' units and their densities, whatever changes later."""
    kitchen.ingredient("Flour")
    kitchen.density("Flour", 100, "ml", 60, "g")
    kitchen.receive("Flour", 1, "kg", 1)
    kitchen.recipe("Bread", {"Flour": (250, "ml")}, {"Loaf": 2})
    run = kitchen.produce("Bread", "Loaf", 3, 6)
    kitchen.density("Flour", 100, "ml", 70, "g")
    kitchen.recipe("Bread", {"Flour": (1, "ml")}, {"Loaf": 9}, recipe_id=kitchen.ids["Bread"])
    kept = json.loads(kitchen.rows("SELECT content FROM recipe_snapshot")[0].content)
    assert kept["makes"] == {"loaf": {"quantity": "2", "unit": "each"}}
    assert kept["items"] == {"flour": {"base_unit": "g", "g_per_ml": "3/5"}}
    line = kept["recipes"]["bread"][0]
    weight = Fraction(line["quantity"]) * Fraction(kept["items"][line["item"]]["g_per_ml"]) * 3
    assert str(weight) == run["consumptions"][0]["quantity"] == "450"
    assert str(Decimal(kept["makes"]["loaf"]["quantity"]) * 3) == run["expected_yield"]


def test_a_production_and_an_assembly_keep_their_instant(kitchen: Kitchen) -> None:
    """Both runs and both lot codes use the instant; a value that is not an instant is refused by name."""
    kitchen.simple_bakery()
    keys = (kitchen.ids["Cookies"], kitchen.ids["Cookie"], 1, 24, kitchen.ids["Box"], 2)
    made = run_in_transaction(lambda s: bake_and_pack.record_bake_and_pack(*keys, session=s, made_at=MORNING))
    codes = (made["production"]["lot_code"], made["assembly"]["lot_code"])
    assert codes == ("cookie-20261123-1", "box-20261123-1")
    at = kitchen.rows("SELECT produced_at, assembled_at FROM production_run CROSS JOIN assembly_run")[0]
    assert {str(instant)[:16] for instant in at} == {"2026-11-23 08:00"}
    with pytest.raises(Invalid) as refused:
        run_in_transaction(
            lambda s: bake_and_pack.record_bake_and_pack(*keys, session=s, made_at="noon")  # type: ignore[arg-type]
        )
    assert [problem["field"] for problem in refused.value.problems] == ["made_at"]


def test_a_new_name_of_the_bakery_leaves_its_currency_as_it_is(kitchen: Kitchen) -> None:
    """The bakery can be renamed while it has stock, but its currency cannot change."""
    run_in_transaction(lambda s: things.record_bakery(session=s, currency="EUR"))
    kitchen.simple_bakery()
    named = run_in_transaction(lambda s: things.record_bakery(session=s, name="Corner"))
    assert (named["name"], named["currency"]) == ("Corner", "EUR")
    with pytest.raises(ConflictError, match="already has stock in EUR"):
        run_in_transaction(lambda s: things.record_bakery(session=s, currency="JPY"))


@pytest.mark.parametrize("days", [-1, 36_501, 1_000_000])
def test_the_limit_of_a_shelf_life_is_the_same_in_a_call_and_in_a_file(kitchen: Kitchen, days: int) -> None:
    """0 days is for what must be sold on the day it is made; more than a century is a mistake."""
    for allowed in (0, 36_500):
        kitchen.item("finished_unit", f"Roll {allowed}", "each", shelf_life_days=allowed)
    with pytest.raises(Invalid, match=f"must be a whole number from 0 to 36500, not {days}"):
        kitchen.item("finished_unit", "Bread", "each", shelf_life_days=days)
    bun = {"name": "Bun", "base_unit": "each", "kind": "finished_unit"}
    table = {"format": "bake-tracker tables 1", "items": [{**bun, "shelf_life_days": days}]}
    with pytest.raises(ImportRefusedError) as refused:
        record(table)
    reasons = [one["reason"] for one in refused.value.report["refused"]]
    assert reasons == ["must be a whole number from 0 to 36500"]
