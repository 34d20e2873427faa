"""Files of other programs: recipes and stock are taken, or the file is refused with the one step that helps."""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.reading import parse_export
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.files.imports import read_document
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.importing.tables import foresee_import, record_import
from support.import_files import check, counts, record
from support.kitchen import Kitchen

LINES = (
    "SELECT recipe.slug, item.slug, quantity, unit FROM recipe_line JOIN recipe ON recipe.id = recipe_id "
    "JOIN item ON item.id = item_id ORDER BY recipe.slug, position"
)
YIELDS = "SELECT item.name, base_unit, quantity_micros FROM recipe_yield JOIN item ON item.id = item_id ORDER BY 1"

MEALIE: dict[str, Any] = {
    "name": "Rye Bread", "slug": "rye-bread", "recipeYield": "loaves", "recipeYieldQuantity": 2, "recipeServings": 0,
    "recipeCategory": [{"name": "Bread"}], "orgURL": "https://bread.example/rye",
    "recipeIngredient": [
        {"quantity": 0.5, "unit": {"name": "kilogram"}, "food": {"name": "Rye flour"}, "note": "", "display": "0.5 kg"},
        {"quantity": 3, "unit": None, "food": {"name": "Egg"}, "note": ""},
        {"quantity": 0, "unit": None, "food": {"name": "Salt"}, "note": "to taste", "display": ""},
    ],
    "recipeInstructions": [{"text": "Knead."}, {"text": "Bake."}],
}  # fmt: skip
TANDOOR: dict[str, Any] = {
    "name": "Almond Crisps", "description": "Thin", "keywords": [{"name": "Cookies"}], "servings": 40,
    "servings_text": "crisps", "source_url": "https://crisps.example",
    "steps": [
        {"instruction": "Mix.", "ingredients": [
            {"food": None, "unit": None, "amount": 0, "note": "For the dough", "is_header": True, "no_amount": False},
            {"food": {"name": "Almonds"}, "unit": {"name": "g"}, "amount": 250.0, "note": "", "is_header": False},
            {"food": {"name": "Sugar"}, "unit": {"name": "cup"}, "amount": 1.5, "note": "fine", "is_header": False},
        ]},
        {"instruction": "Bake.", "ingredients": [
            {"food": {"name": "Oil"}, "unit": None, "amount": 0, "note": "for the tin", "no_amount": True},
        ]},
    ],
}  # fmt: skip
GROCY: dict[str, Any] = {
    "products": [
        {"id": 1, "name": "Flour", "qu_id_stock": 7, "description": "strong"},
        {"id": 2, "name": "Yeast", "qu_id_stock": 8},
    ],
    "quantity_units": [{"id": 7, "name": "kg"}, {"id": 8, "name": "piece"}],
    "locations": [{"id": 3, "name": "Cellar"}],
    "stock": [
        {"id": 11, "product_id": 1, "amount": "2.5", "price": "1.20", "best_before_date": "2027-05-01",
         "purchased_date": "2026-01-10", "location_id": 3},
        {"id": 12, "product_id": 2, "amount": 4, "price": None, "best_before_date": "2999-12-31",
         "purchased_date": "2026-01-11"},
    ],
    "recipes": [{"id": 5, "name": "Dough", "base_servings": 3, "type": "normal"}, {"id": 6, "type": "mealplan-day"}],
    "recipes_pos": [{"recipe_id": 5, "product_id": 1, "amount": 0.5, "qu_id": 7}],
}  # fmt: skip


def read(value: object) -> dict[str, Any]:
    return parse_export(json.dumps(value))


@pytest.mark.parametrize(
    "recipe",
    [MEALIE, {"recipe_ingredient" if key == "recipeIngredient" else key: value for key, value in MEALIE.items()}],
)
def test_a_recipe_of_mealie_comes_with_what_it_needs_and_makes(sqlite_url: str, recipe: dict[str, Any]) -> None:
    """A line without an amount goes into the notes; importing it again adds nothing."""
    report = record(read(recipe))
    assert counts(report) == {"ingredients": (2, 0, 0), "recipes": (1, 0, 0), "finished_units": (1, 0, 0)}
    kitchen = Kitchen()
    assert kitchen.rows(LINES) == [("rye-bread", "rye-flour", "1/2", "kg"), ("rye-bread", "egg", "3", "each")]
    assert kitchen.rows(YIELDS) == [("Rye Bread", "each", 2_000_000)]
    assert kitchen.rows("SELECT category, source, notes FROM recipe") == [
        ("Bread", "https://bread.example/rye", "Knead.\nBake.\nWithout an amount: Salt to taste")
    ]
    assert record(read([recipe]))["added_count"] == 0


def test_a_known_item_and_a_mapped_name_are_not_added_again(sqlite_url: str) -> None:
    """Items are found by their name here, or by what the person says a name means."""
    kitchen = Kitchen()
    kitchen.ingredient("Rye flour", slug="flour_rye")
    kitchen.ingredient("Hen's egg", "each", slug="egg_hen")
    report = run_in_transaction(
        lambda s: record_import(read(MEALIE), session=s, source="rye.json", names={"Egg": "egg_hen"})
    )
    assert counts(report)["ingredients"] == (0, 2, 0)
    assert [line[1] for line in kitchen.rows(LINES)] == ["flour_rye", "egg_hen"]


def test_a_backup_of_mealie_is_read_from_its_tables(sqlite_url: str, tmp_path: Path) -> None:
    """Foods and units stand in tables of their own."""
    tables = {
        "recipes": [{"id": "r", "name": "Rye Bread", "org_url": None, "recipe_yield": "", "recipe_servings": 4}],
        "ingredient_foods": [{"id": "f", "name": "Rye flour"}],
        "ingredient_units": [{"id": "u", "name": "gram"}],
        "recipes_ingredients": [{"recipe_id": "r", "position": 0, "food_id": "f", "unit_id": "u", "quantity": 500}],
        "recipe_instructions": [{"recipe_id": "r", "position": 0, "text": "Knead."}],
    }
    file = tmp_path / "mealie.zip"
    with ZipFile(file, "w") as archive:
        archive.writestr("database.json", json.dumps(tables))
    record(read_document(file))
    assert Kitchen().rows(LINES) == [("rye-bread", "rye-flour", "500", "g")]


def test_an_export_of_tandoor_is_a_zip_of_zips(sqlite_url: str, tmp_path: Path) -> None:
    """Headers are not ingredients, and an item that is also weighed is kept by weight, not by volume."""
    inner = io.BytesIO()
    with ZipFile(inner, "w") as archive:
        archive.writestr("recipe.json", json.dumps(TANDOOR))
    file = tmp_path / "export.zip"
    with ZipFile(file, "w") as archive:
        archive.writestr("Almond_Crisps.zip", inner.getvalue())
    report = record(read_document(file))
    assert report["refused"] == []
    kitchen = Kitchen()
    assert kitchen.rows(LINES) == [("almond-crisps", "almonds", "250", "g"), ("almond-crisps", "sugar", "3/2", "cup")]
    assert kitchen.rows(YIELDS) == [("Almond Crisps", "each", 40_000_000)]
    assert kitchen.rows("SELECT notes FROM recipe") == [("Thin\nMix.\nBake.\nWithout an amount: Oil for the tin",)]


def test_an_unknown_unit_is_refused_at_its_line(sqlite_url: str) -> None:
    """The import does not guess what a clove is."""
    recipe = {**MEALIE, "recipeIngredient": [{"quantity": 2, "unit": {"name": "clove"}, "food": {"name": "Garlic"}}]}
    (refused,) = check(read(recipe))["refused"]
    assert (refused["place"], refused["value"]) == ("recipe, ingredient 1.unit", "clove")


def test_tables_of_grocy_in_one_folder_bring_products_stock_and_recipes(sqlite_url: str, tmp_path: Path) -> None:
    """Prices are for one unit of stock, and a date that means never is no expiry."""
    for name, rows in GROCY.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    report = record(read_document(tmp_path))
    assert report["refused"] == []
    kitchen = Kitchen()
    rows = kitchen.rows(
        "SELECT item.slug, base_unit, lot.quantity_micros, cost_micros, expires_on, location "
        "FROM lot JOIN item ON item.id = item_id ORDER BY lot.id"
    )
    assert [(*row[:4], row[4] and str(row[4]), row[5]) for row in rows] == [
        ("flour", "g", 2_500_000_000, 3_000_000, "2027-05-01", "Cellar"),
        ("yeast", "each", 4_000_000, None, None, None),
    ]
    assert kitchen.rows(LINES) == [("dough", "flour", "1/2", "kg")]
    assert record(read_document(tmp_path))["added_count"] == 0


def test_a_list_of_materials_of_craftybase_brings_items_and_what_is_on_hand(sqlite_url: str, tmp_path: Path) -> None:
    """Its categories become categories here; columns that are not read are counted."""
    file = tmp_path / "materials.csv"
    file.write_text(
        "SKU,Name,Category,Tracking Unit,Low Stock Limit,On Hand,Unit Cost\n"
        "F1,Spelt flour,Flours,kg,5,12.5,1.10\nC1,Cocoa butter,,g,,,\n"
    )
    report = record(read_document(file))
    assert counts(report) == {"items": (1, 0, 0), "ingredients": (2, 0, 0), "inventory_items": (1, 0, 0)}
    assert Kitchen().rows("SELECT quantity_micros, cost_micros FROM lot") == [(12_500_000_000, 13_750_000)]
    assert [one["what"] for one in report["not_kept"]] == ["ingredients.low_stock_limit"]


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ({"name": "Toast", "ingredients": "2 slices bread\nbutter", "directions": "Toast."}, "bake import-page"),
        ({"@context": "https://schema.org", "@type": "Recipe", "name": "Toast"}, "bake import-page"),
        ([{"product_id": 1, "amount": 2, "product": {"name": "Flour"}}], "/api/objects"),
        ([1, 2], "one JSON object"),
    ],
)
def test_a_file_that_says_too_little_is_refused_with_the_step_that_helps(value: object, step: str) -> None:
    """Text needs somebody to look at it, and an amount its unit."""
    with pytest.raises(ValidationError) as refused:
        read(value)
    assert step in told(refused.value)


def test_recipes_of_paprika_are_recognised_before_they_are_unpacked(tmp_path: Path) -> None:
    """Each recipe in the archive is compressed by itself."""
    file = tmp_path / "My Recipes.paprikarecipes"
    with ZipFile(file, "w") as archive:
        archive.writestr("Toast.paprikarecipe", gzip.compress(b"{}"))
    with pytest.raises(ValidationError) as refused:
        read_document(file)
    assert "export the recipes as HTML" in told(refused.value)


JUNK: list[object] = [None, 7, "x", [], [3], {}, [{}], [{"name": []}], True]


@pytest.mark.parametrize("document", [MEALIE, TANDOOR, GROCY], ids=["mealie", "tandoor", "grocy"])
def test_any_value_in_any_place_is_refused_or_read(document: dict[str, Any]) -> None:
    """Files are other people's: no value may stop the import with anything but a refusal."""
    for change in changed(document):
        try:
            report = foresee_import(read(change))
        except ValidationError:
            continue
        assert isinstance(report["refused"], list)


def changed(value: Any) -> Iterator[Any]:
    """The value with each of its parts replaced by junk, one at a time."""
    yield from JUNK
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        for junk in changed(value[key]):
            copy = {**value} if isinstance(value, dict) else [*value]
            copy[key] = junk
            yield copy
