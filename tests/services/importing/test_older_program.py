"""Exports of the older program come in whole: recipes, yields, boxes and prices, of every version and form."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.fingerprints import fingerprint_of_export
from bake_tracker.domain.importing.reading import check_document, join_export
from bake_tracker.files.imports import read_document
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.batch_production_service import record_batch_production
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.receipt import record_receipt
from support.import_files import Document, check, clean, counts, id_of, record, stored
from support.kitchen import Kitchen
from support.older_program import folder_files, whole, without_barcodes

PARTS = (
    "SELECT g.slug, c.slug, quantity_micros FROM good_component JOIN item g ON g.id = good_id "
    "JOIN item c ON c.id = component_id ORDER BY 1, 2"
)
YIELDS = "SELECT item.slug, base_unit, quantity_micros FROM recipe_yield JOIN item ON item.id = item_id ORDER BY 1"
ON_HAND = "SELECT item.slug, SUM(remaining_micros) FROM lot JOIN item ON item.id = item_id GROUP BY 1 ORDER BY 1"


def agrees() -> bool:
    """Whether every balance, cost and trace can be recomputed."""
    with read_scope() as session:
        return verify_ledger(session)["drift"] == []


def test_every_recipe_yield_box_and_price_comes_in(kitchen: Kitchen) -> None:
    """A bare good is its unit, a clash gets a slug of its own, and lengths of tape are in cm."""
    report = record(whole())
    assert report["refused"] == []
    assert counts(report) == {
        "items": (6, 1, 0), "ingredients": (2, 0, 0), "materials": (1, 0, 0), "suppliers": (1, 0, 0),
        "products": (2, 0, 0), "material_products": (1, 0, 0), "inventory_items": (2, 0, 0),
        "past_purchases": (1, 1, 0), "recipes": (2, 0, 0), "finished_units": (3, 0, 0), "good_parts": (5, 2, 0),
        "allergens": (1, 0, 0),
    }  # fmt: skip
    assert kitchen.rows(YIELDS) == [
        ("half", "each", 48_000_000), ("platter", "each", 3_000_000), ("sablés", "each", 24_000_000),
    ]  # fmt: skip
    assert kitchen.rows(PARTS) == [
        ("for-anna", "hamper", 2_000_000),
        ("half-box", "half", 12_000_000),
        ("half-box", "tape", 335_280_000),
        ("hamper", "half-box", 2_000_000),
        ("hamper", "sablés", 5_000_000),
    ]
    tree = "SELECT item.slug, p.slug FROM item JOIN item p ON p.id = item.parent_id ORDER BY 1"
    assert kitchen.rows(tree) == [("materials-ribbons-silk", "materials-ribbons"), ("tape", "materials-ribbons-silk")]
    assert kitchen.rows("SELECT description FROM item WHERE slug = 'egg'") == [("Size M",)]
    told = {entry["what"] for entry in report["not_kept"]}
    assert told == {"recipes.ingredients.notes", "recipe_categories", "ingredients.allergens"}


def test_a_price_is_kept_with_its_lot_or_as_a_purchase_that_is_used_up(kitchen: Kitchen) -> None:
    """Three packs of ten eggs cost 9.00, so the twenty that are left cost 6.00; the flour of January is used up."""
    record(whole())
    rows = kitchen.rows(
        "SELECT item.slug, lot.quantity_micros, lot.cost_micros, remaining_micros, received_on, supplier.slug "
        "FROM lot JOIN item ON item.id = item_id LEFT JOIN supplier ON supplier.id = supplier_id ORDER BY lot.id"
    )
    assert [(*row[:4], str(row[4]), row[5]) for row in rows] == [
        ("egg", 20_000_000, 6_000_000, 20_000_000, "2026-01-06", "mill"),
        ("flour", 2_500_000_000, None, 2_500_000_000, "2025-12-21", None),
        ("flour", 5_000_000_000, 8_500_000, 0, "2026-01-05", "mill"),
    ]
    assert agrees()


def test_every_recipe_is_baked_and_every_box_assembled(kitchen: Kitchen) -> None:
    """What is short is bought or made on the way; nothing else is missing."""
    record(whole())
    for recipe, unit in kitchen.rows("SELECT recipe_id, item_id FROM recipe_yield ORDER BY 1, 2"):
        (needed,) = kitchen.rows(
            "SELECT quantity_micros FROM recipe_yield WHERE recipe_id = :recipe AND item_id = :unit",
            recipe=recipe,
            unit=unit,
        )[0]
        for _ in range(2):
            run_in_transaction(
                lambda s, r=recipe, u=unit, n=needed: record_batch_production(r, u, 1, n // 10**6, session=s)  # type: ignore[misc]
            )
    run_in_transaction(lambda s: record_receipt(id_of(kitchen, "item", "tape"), 100, "ft", session=s))
    for slug, number in (("half-box", 4), ("hamper", 2), ("for-anna", 1)):
        good = id_of(kitchen, "item", slug)
        run_in_transaction(lambda s, g=good, n=number: record_assembly(g, n, session=s))  # type: ignore[misc]
    assert agrees()


def test_a_later_export_without_bar_codes_and_with_less_stock_adds_nothing(kitchen: Kitchen) -> None:
    """Products and lots are known again, and the report says what differs."""
    record(whole())
    before = stored(kitchen)
    report = record(without_barcodes())
    assert report["added_count"] == 0
    assert stored(kitchen) == {**before, "operation": before["operation"] + 1}
    assert "already recorded with another quantity or price; not changed" in {
        one["reason"] for one in report["skipped"]
    }
    document = without_barcodes()
    document["inventory_items"].append(document["inventory_items"][1])
    assert record(document)["added_count"] == 1, "one more bag of that day is new"


def test_a_bar_code_that_comes_later_is_told_and_makes_no_second_product(kitchen: Kitchen) -> None:
    """Of two products that differ by their codes alone, the second is new."""
    record(without_barcodes())
    document = whole()
    assert record(document)["added_count"] == 0
    document["products"].append({**document["products"][0], "gtin": "5901234123457"})
    assert counts(record(document))["products"] == (1, 2, 0)
    assert record(document)["added_count"] == 0


def test_yields_that_come_later_are_added_to_recipes_without_any(kitchen: Kitchen) -> None:
    """A recipe that has yields keeps them; undoing the import takes the new ones back."""
    earlier = whole()
    for name in ("finished_units", "finished_goods", "compositions", "packages", "package_finished_goods"):
        earlier[name] = []
    for recipe in earlier["recipes"]:
        recipe["finished_units"] = []
    record(earlier)
    report = record(whole())
    assert counts(report)["finished_units"] == (3, 3, 0)
    assert report["differences"] == []
    assert len(kitchen.rows(YIELDS)) == 3
    changed = whole()
    changed["recipes"][0]["finished_units"][0]["unit_yield_quantity"] = 30
    assert [(d["field"], d["slug"]) for d in record(changed)["differences"]] == [("makes", "sables")]
    run_in_transaction(lambda s: record_reversal(str(report["operation_id"]), "wrong file", session=s))
    assert kitchen.rows(YIELDS) == []


def test_the_folder_and_the_zip_say_the_same_as_the_one_file(kitchen: Kitchen, tmp_path: Path) -> None:
    """They also have the stock of materials and of finished units, with what was paid."""
    folder, packed = tmp_path / "backup", tmp_path / "backup.zip"
    folder.mkdir()
    with ZipFile(packed, "w") as archive:
        for name, text in folder_files().items():
            (folder / f"{name}.json").write_text(text, "utf-8")
            archive.writestr(f"backup/{name}.json", text)
    report = record(read_document(folder))
    assert report["refused"] == []
    assert kitchen.rows(ON_HAND) == [
        ("egg", 20_000_000), ("flour", 2_500_000_000), ("half", 7_000_000), ("sablés", 7_000_000),
        ("tape", 500_000_000),
    ]  # fmt: skip
    costs = kitchen.rows(
        "SELECT item.slug, cost_micros FROM lot JOIN item ON item.id = item_id WHERE cost_micros > 0 ORDER BY 1, 2"
    )
    assert costs == [("egg", 6_000_000), ("flour", 8_500_000), ("tape", 4_000_000), ("tape", 8_200_000)]
    assert record(read_document(packed))["added_count"] == 0
    assert record(read_document(folder / "manifest.json"))["added_count"] == 0
    one_file = record(whole())
    assert {kind for kind, row in counts(one_file).items() if row[0]} == {"items", "good_parts"}, "only it has packages"
    assert agrees()


def test_a_folder_that_lacks_rows_or_its_manifest_is_refused() -> None:
    """The refusal says what the manifest promises, and what is there."""
    files = folder_files()
    files["recipes"] = json.dumps({"entity_type": "recipes", "records": []})
    with pytest.raises(ValidationError, match="should hold 2 recipes, as its manifest says, but has 0"):
        join_export(files)
    del files["manifest"]
    with pytest.raises(ValidationError, match="without a manifest"):
        join_export(files)


def test_one_file_of_a_folder_is_read_by_itself(sqlite_url: str) -> None:
    """It says which table it has."""
    assert counts(check(json.loads(folder_files()["suppliers"]))) == {"suppliers": (1, 0, 0)}


def test_an_export_of_version_3_has_yields_in_the_recipe_and_flat_categories(kitchen: Kitchen) -> None:
    """A yield in cups makes a product that is kept in ml."""
    record(
        {
            "application": "bake-tracker",
            "version": "3.5",
            "ingredients": [{"display_name": "Butter", "slug": "butter", "category": "Dairy"}],
            "recipes": [
                {"name": name, "yield_quantity": count, "yield_unit": unit,
                 "ingredients": [{"ingredient_slug": "butter", "quantity": 1, "unit": "lb"}]}
                for name, count, unit in (("Shortbread", 30, "cookies"), ("Buttercream", 2, "cups"))
            ],
        }
    )  # fmt: skip
    assert kitchen.rows(YIELDS) == [("buttercream", "ml", 473_176_473), ("shortbread", "each", 30_000_000)]
    assert kitchen.rows("SELECT p.name FROM item JOIN item p ON p.id = item.parent_id") == [("Dairy",)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda document: document["compositions"].append("a box"), "compositions[6]"),
        (lambda document: document["compositions"].append({"finished_good_slug": "half"}), "compositions[6].component"),
        (lambda document: document["finished_goods"].append({"display_name": []}), "finished_goods[3].display_name"),
        (lambda document: document["purchases"][0].update(quantity_purchased="two", total_cost=1),
         "purchases[0].quantity_purchased"),
        (lambda document: document["packages"].append({"name": None}), "packages[1].name"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_at_its_own_place(sqlite_url: str, change: Callable[[Document], Any], place: str) -> None:
    """This holds in sections that are read in another form, too."""
    document = whole()
    change(document)
    assert place in [refusal["place"] for refusal in check(document)["refused"]]


def test_a_repeated_import_is_recognised_by_what_the_first_version_took_of_the_document(sqlite_url: str) -> None:
    """The fingerprint of a document recorded then is the same now, so the old answer stands."""
    document = clean()
    assert fingerprint_of_export(document) == "e43f204648589727749370158ca63fa655eb45bf92473d0f8235b06123b27827"
    document["finished_units"] = [
        {"slug": "crisp", "recipe_slug": "rye-crisps", "display_name": "Crisp", "items_per_batch": 40}
    ]
    document["finished_goods"] = [{"slug": "b", "display_name": "B"}]
    document["compositions"] = [{"assembly_slug": "b", "component_slug": "platter", "component_quantity": 2}]
    assert fingerprint_of_export(document) == "1a9b627c6c6c2aa7c640889b3cdb71b2a0bceaffadb206e79586fc50ac563c94"
    assert check_document(whole()).sha256 == fingerprint_of_export(whole())  # type: ignore[union-attr]
