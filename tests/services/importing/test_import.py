"""Import an export of the older desktop program: everything, nothing or the good rows, and never twice."""

import copy
import logging
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest

from bake_tracker.domain.errors import ImportRefusedError, ServiceError, UnitConversionError
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.services.catalog import recipes
from bake_tracker.services.database import run_in_transaction
from support.import_files import change, check, clean, counts, dirty, id_of, record, stored
from support.kitchen import Kitchen

RYE_G_PER_ML = Fraction("3.6") * Fraction("453.59237") / 16 / (Fraction("3785.411784") / 16)


def test_everything_the_schema_has_a_place_for_is_added(kitchen: Kitchen) -> None:
    """The report counts each kind, and the tables have as many rows."""
    report = record(clean())
    assert counts(report) == {
        "items": (1, 0, 0),
        "ingredients": (7, 0, 0),
        "materials": (1, 0, 0),
        "suppliers": (2, 0, 0),
        "products": (2, 0, 0),
        "material_products": (1, 0, 0),
        "inventory_items": (5, 0, 0),
        "recipes": (2, 0, 0),
        "finished_units": (1, 0, 0),
        "events": (1, 0, 0),
        "recipients": (1, 1, 0),
    }
    now = stored(kitchen)
    names = ("item", "supplier", "product", "lot", "recipe", "recipe_line", "recipe_yield", "event", "recipient")
    assert [now[name] for name in names] == [10, 2, 3, 5, 2, 6, 1, 1, 1]


def test_items_keep_slug_tree_kind_density_and_get_their_base_unit(kitchen: Kitchen) -> None:
    """Weighed goods are kept in g, drinks in ml, eggs by the piece and ribbon in cm."""
    record(clean())
    rows = kitchen.rows(
        "SELECT item.slug, item.kind, item.base_unit, parent.slug, item.is_category, item.g_per_ml "
        "FROM item LEFT JOIN item AS parent ON parent.id = item.parent_id ORDER BY item.slug"
    )
    assert [(*row[:4], bool(row[4]), row[5]) for row in rows] == [
        ("dry_goods", "ingredient", "g", None, True, None),
        ("eggs_duck", "ingredient", "each", "dry_goods", False, None),
        ("flour_rye", "ingredient", "g", "flours", False, str(RYE_G_PER_ML)),
        ("flours", "ingredient", "g", "dry_goods", True, None),
        ("materials-ribbons", "material", "each", None, True, None),
        ("platter", "finished_unit", "each", None, False, None),
        ("ribbon_red", "material", "cm", "materials-ribbons", False, None),
        ("salt_coarse", "ingredient", "g", "dry_goods", False, None),
        ("schnapps_plum", "ingredient", "ml", "dry_goods", False, None),
        ("tin_round", "material", "g", None, False, None),
    ]


def test_lots_keep_date_place_product_and_an_unknown_cost_stays_unknown(kitchen: Kitchen) -> None:
    """Two identical bags are two lots; a price in the file is the lot's cost, and no price is an unknown cost."""
    record(clean())
    rows = kitchen.rows(
        "SELECT item.slug, lot.remaining_micros, lot.cost_micros, lot.received_on, lot.expires_on, lot.location, "
        "product.name FROM lot JOIN item ON item.id = lot.item_id LEFT JOIN product ON product.id = lot.product_id "
        "ORDER BY lot.id"
    )
    assert [(row[0], row[1], row[2], str(row[3]), str(row[4]), row[5], row[6]) for row in rows] == [
        ("flour_rye", 2_500_000_000, None, "2026-01-10", "None", "cellar", "Dark Rye"),
        ("flour_rye", 2_500_000_000, None, "2026-01-10", "None", "cellar", "Dark Rye"),
        ("salt_coarse", 500_000_000, None, "2026-01-12", "2031-01-01", None, "Coarse salt"),
        ("schnapps_plum", 700_000_000, 21_000_000, "2026-01-12", "None", None, None),
        ("eggs_duck", 12_000_000, None, "2026-01-20", "None", None, None),
    ]


def test_a_second_import_of_the_same_file_adds_nothing(kitchen: Kitchen) -> None:
    """Every row is skipped as already recorded; only the operation itself is new."""
    record(clean())
    before = stored(kitchen)
    report = record(clean())
    assert report["added_count"] == 0
    assert {(skip["place"], skip["reason"]) for skip in report["skipped"]} == {
        ("ingredients[0-6]", "already recorded"),
        ("suppliers[0]", "already recorded"),
        ("products[0-1]", "already recorded"),
        ("inventory_items[0-4]", "already recorded"),
        ("materials[0]", "already recorded"),
        ("materials[0].category", "already recorded"),
        ("material_products[0]", "already recorded"),
        ("recipes[0-1]", "already recorded"),
        ("events[0]", "already recorded"),
        ("recipients[0-1]", "already recorded"),
    }
    assert stored(kitchen) == {**before, "operation": before["operation"] + 1}


def test_a_third_identical_bag_in_a_later_file_is_one_more_lot(kitchen: Kitchen) -> None:
    """A row's content and its number among identical rows identify it."""
    record(clean())
    document = clean()
    document["inventory_items"].append(copy.deepcopy(document["inventory_items"][0]))
    assert counts(record(document))["inventory_items"] == (1, 5, 0)


def test_two_imports_at_once_add_everything_once(kitchen: Kitchen) -> None:
    """The second waits for the first and finds everything already recorded."""
    assert check(clean())["added_count"] == 24
    with ThreadPoolExecutor(2) as pool:
        added = list(pool.map(lambda _: record(clean())["added_count"], range(2)))
    assert sorted(added) == [0, 24]
    assert kitchen.rows("SELECT count(*) FROM lot") == [(5,)]


def test_the_same_call_again_is_a_replay_and_another_file_under_its_id_a_conflict(kitchen: Kitchen) -> None:
    """The operation id belongs to one document, source and choice."""
    key = "0198c0de-0000-7000-8000-000000000001"
    first = record(clean(), operation_id=key)
    assert record(clean(), operation_id=key) == first
    with pytest.raises(ServiceError) as refused:
        record(dirty(), operation_id=key, skip_bad=True)
    assert refused.value.code == "conflict"


def test_a_check_writes_nothing_and_says_what_recording_will(kitchen: Kitchen) -> None:
    """The dry run's report equals the import's, without an operation id."""
    before = stored(kitchen)
    foreseen = check(clean())
    assert stored(kitchen) == before
    assert {**record(clean()), "operation_id": None} == foreseen


def test_one_bad_row_keeps_everything_out(kitchen: Kitchen) -> None:
    """The error holds the whole report, and no table has a new row."""
    before = stored(kitchen)
    with pytest.raises(ImportRefusedError) as refused:
        record(dirty())
    assert refused.value.refused_count == 4
    assert refused.value.report == check(dirty())
    assert stored(kitchen) == before


def test_every_refusal_names_place_value_and_what_would_fix_it(kitchen: Kitchen) -> None:
    """There are four bad rows, the last of them bad only because it needs another."""
    refused = {refusal["place"]: (refusal["value"], refusal["reason"]) for refusal in check(dirty())["refused"]}
    assert {place: value for place, (value, _) in refused.items()} == {
        "ingredients[7].display_name": None,
        "inventory_items[5].quantity": "a handful",
        "products[2].ingredient_slug": "nameless",
        "recipes[2].ingredients[1].unit": "scoopful",
    }
    assert refused["ingredients[7].display_name"][1] == "must not be empty"
    assert "written like 2, 2.5 or 1/3" in refused["inventory_items[5].quantity"][1]
    assert refused["products[2].ingredient_slug"][1] == (
        "refers to ingredients[7], which was refused; correct that first"
    )
    assert "use g, kg" in refused["recipes[2].ingredients[1].unit"][1]


def test_skip_bad_takes_the_good_rows_only(kitchen: Kitchen) -> None:
    """The result equals that of the file without its bad rows."""
    report = record(dirty(), skip_bad=True)
    assert (report["added_count"], report["refused_count"]) == (24, 4)
    assert kitchen.rows("SELECT slug FROM recipe ORDER BY slug") == [("party-platter",), ("rye-crisps",)]
    assert record(clean())["added_count"] == 0


def test_a_renamed_recipe_is_the_one_that_is_already_there(kitchen: Kitchen) -> None:
    """``previous_slug`` finds it under its earlier name."""
    record(change("recipes", 1, slug="old-platter", previous_slug=None))
    report = record(clean())
    assert {"place": "recipes[1]", "reason": "already recorded as old-platter"} in report["skipped"]
    assert kitchen.rows("SELECT count(*) FROM recipe") == [(2,)]


def test_content_without_a_place_here_is_counted(sqlite_url: str) -> None:
    """The report lists the sections and fields that have content but are not kept."""
    told = {entry["what"]: entry["count"] for entry in check(clean())["not_kept"]}
    assert told == {"production_runs": 1, "suppliers.supplier_type": 1}


def test_an_import_logs_one_line_and_one_for_each_lot_nested_in_it(
    kitchen: Kitchen, log: pytest.LogCaptureFixture
) -> None:
    """The receipts are operations of their own, children of the import in the log and in the table."""
    report = record(clean(), source="bakery.json")
    lines = [line for line in log.records if line.outcome == "success"]  # type: ignore[attr-defined]
    parents = {line.operation_id: line.__dict__.get("parent_operation_id") for line in lines}  # type: ignore[attr-defined]
    own = [line for line in lines if line.operation == "record_import"]  # type: ignore[attr-defined]
    assert len(own) == 1
    assert (own[0].source, own[0].added_count) == ("bakery.json", 24)  # type: ignore[attr-defined]
    assert parents.pop(report["operation_id"]) is None
    assert list(parents.values()) == [report["operation_id"]] * 5
    assert kitchen.rows("SELECT count(*) FROM operation WHERE parent_id IS NOT NULL") == [(5,)]


def test_a_refused_import_and_a_check_log_one_line_each(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """A refusal is a WARNING; a check with bad rows has their places, at INFO, and a clean check is at DEBUG."""
    with pytest.raises(ImportRefusedError):
        record(dirty())
    check(dirty())
    check(clean())
    told = [(line.levelno, line.operation, line.outcome) for line in log.records]  # type: ignore[attr-defined]
    assert [entry for entry in told if entry[2] != "started"] == [
        (logging.WARNING, "record_import", "validation_failed"),
        (logging.INFO, "check_import", "insufficient"),
        (logging.DEBUG, "check_import", "sufficient"),
    ]
    assert "recipes[2].ingredients[1].unit" in log.records[-2].refused_places  # type: ignore[attr-defined]


def test_an_imported_recipe_is_baked_once_its_density_and_yield_are_recorded(kitchen: Kitchen) -> None:
    """The missing density is named; once recorded, the recipe can be baked, though part of its cost is unknown."""
    record(clean())
    kitchen.ids = {
        "Rye Crisps": id_of(kitchen, "recipe", "rye-crisps"),
        "salt": id_of(kitchen, "item", "salt_coarse"),
    }
    with pytest.raises(UnitConversionError) as unknown:
        kitchen.can_produce("Rye Crisps", 1)
    assert [problem["ingredient_slug"] for problem in unknown.value.problems] == ["salt_coarse"]
    assert "weigh 1 tsp of Coarse salt" in told(unknown.value)

    kitchen.density("salt", 1, "tsp", 6, "g")
    kitchen.item("finished_unit", "Crisp", "each")
    recipe_id, crisp_id = kitchen.ids["Rye Crisps"], kitchen.ids["Crisp"]
    run_in_transaction(lambda s: recipes.record_recipe_yield(recipe_id, crisp_id, 40, session=s))
    assert kitchen.can_produce("Rye Crisps", 1) == {"can_produce": True, "missing_ingredients": []}
    run = kitchen.produce("Rye Crisps", "Crisp", 1, 40)
    assert (run["cost_complete"], run["total_ingredient_cost"], run["per_unit_cost"]) == (False, None, None)
    salt = [used["quantity"] for used in run["consumptions"] if used["ingredient_slug"] == "salt_coarse"]
    assert salt == ["14"]  # one and a half teaspoons of 6 g, and 5 g
