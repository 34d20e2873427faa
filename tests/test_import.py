"""Importing an export of the older desktop program: all of it, none of it, or the good rows, and never twice."""

import copy
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kitchen import Kitchen
from sqlalchemy import func, select

from bake_tracker.domain.errors import ImportRefusedError, ServiceError, UnitConversionError, ValidationError
from bake_tracker.domain.import_report import ImportReport
from bake_tracker.domain.importing import parse_export
from bake_tracker.models import Base
from bake_tracker.services import import_service, recipe_service
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope

TEXT = (Path(__file__).parent / "data" / "small-export.json").read_text("utf-8")
BAD_ROWS = {"ingredients": 7, "products": 2, "inventory_items": 5, "recipes": 2}
RYE_G_PER_ML = Fraction("3.6") * Fraction("453.59237") / 16 / (Fraction("3785.411784") / 16)

Document = dict[str, Any]


def dirty() -> Document:
    """The small export as it stands, with four rows that cannot be taken."""
    return parse_export(TEXT)


def clean() -> Document:
    """The small export without those."""
    document = dirty()
    for section, index in BAD_ROWS.items():
        del document[section][index]
    return document


def record(document: Document, **more: Any) -> ImportReport:
    return run_in_transaction(lambda session: import_service.record_import(document, session=session, **more))


def check(document: Document) -> ImportReport:
    with read_scope() as session:
        return import_service.check_import(document, session=session)


def counts(report: ImportReport) -> dict[str, tuple[int, int, int]]:
    """Added, skipped and refused of every kind of which there was anything."""
    rows = {kind["kind"]: (kind["added"], kind["skipped"], kind["refused"]) for kind in report["kinds"]}
    return {kind: row for kind, row in rows.items() if any(row)}


def stored(kitchen: Kitchen) -> dict[str, int]:
    """How many rows every table has."""
    return {name: kitchen.rows(f"SELECT count(*) FROM {name}")[0][0] for name in Base.metadata.tables}


def id_of(kitchen: Kitchen, table: str, slug: str) -> int:
    key: int = kitchen.rows(f"SELECT id FROM {table} WHERE slug = :slug", slug=slug)[0][0]
    return key


def test_everything_the_schema_has_a_place_for_is_added(kitchen: Kitchen) -> None:
    """The report counts each kind, and the tables hold what it counts."""
    report = record(clean())
    assert counts(report) == {
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
    assert [now[name] for name in names] == [9, 2, 3, 5, 2, 6, 1, 1, 1]


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
        ("platter", "finished_unit", "each", None, False, None),
        ("ribbon_red", "material", "cm", None, False, None),
        ("salt_coarse", "ingredient", "g", "dry_goods", False, None),
        ("schnapps_plum", "ingredient", "ml", "dry_goods", False, None),
        ("tin_round", "material", "g", None, False, None),
    ]


def test_lots_keep_date_place_product_and_an_unknown_cost_stays_unknown(kitchen: Kitchen) -> None:
    """Two identical bags are two lots; a price in the file is the cost of its lot, and no price is no cost."""
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
    """Every row is skipped as already there, and only the operation itself is new."""
    record(clean())
    before = stored(kitchen)
    report = record(clean())
    assert report["added_count"] == 0
    assert {(skip["place"], skip["reason"]) for skip in report["skipped"]} == {
        ("ingredients[0-6]", "already there"),
        ("suppliers[0]", "already there"),
        ("products[0-1]", "already there"),
        ("inventory_items[0-4]", "already there"),
        ("materials[0]", "already there"),
        ("material_products[0]", "already there"),
        ("recipes[0-1]", "already there"),
        ("events[0]", "already there"),
        ("recipients[0-1]", "already there"),
    }
    assert stored(kitchen) == {**before, "operation": before["operation"] + 1}


def test_a_third_identical_bag_in_a_later_file_is_one_more_lot(kitchen: Kitchen) -> None:
    """A row is known by its content and its number among identical rows."""
    record(clean())
    document = clean()
    document["inventory_items"].append(copy.deepcopy(document["inventory_items"][0]))
    assert counts(record(document))["inventory_items"] == (1, 5, 0)


def test_two_imports_at_once_add_everything_once(kitchen: Kitchen) -> None:
    """The second waits for the first and finds all of it there."""
    assert check(clean())["added_count"] == 23
    with ThreadPoolExecutor(2) as pool:
        added = list(pool.map(lambda _: record(clean())["added_count"], range(2)))
    assert sorted(added) == [0, 23]
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
    """The dry run's report is the import's, without an operation id."""
    before = stored(kitchen)
    foreseen = check(clean())
    assert stored(kitchen) == before
    assert {**record(clean()), "operation_id": None} == foreseen


def test_one_bad_row_keeps_everything_out(kitchen: Kitchen) -> None:
    """All or nothing: the error holds the whole report, and no table has a row more."""
    before = stored(kitchen)
    with pytest.raises(ImportRefusedError) as refused:
        record(dirty())
    assert refused.value.refused_count == 4
    assert refused.value.report == check(dirty())
    assert stored(kitchen) == before


def test_every_refusal_names_place_value_and_what_would_fix_it(kitchen: Kitchen) -> None:
    """The four bad rows, the last of them bad only because it needs another."""
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
        "leads to ingredients[7], which is refused; correct that first"
    )
    assert "use g, kg" in refused["recipes[2].ingredients[1].unit"][1]


def test_skip_bad_takes_the_good_rows_only(kitchen: Kitchen) -> None:
    """What is added is what the file without its bad rows would have added."""
    report = record(dirty(), skip_bad=True)
    assert (report["added_count"], report["refused_count"]) == (23, 4)
    assert kitchen.rows("SELECT slug FROM recipe ORDER BY slug") == [("party-platter",), ("rye-crisps",)]
    assert record(clean())["added_count"] == 0


def change(section: str, index: int, **fields: Any) -> Document:
    document = clean()
    document[section][index].update(fields)
    return document


def change_line(index: int, **fields: Any) -> Document:
    document = clean()
    document["recipes"][0]["ingredients"][index].update(fields)
    return document


def with_row(section: str, row: Any) -> Document:
    document = clean()
    document[section].append(row)
    return document


CIRCLE = "rye-crisps > party-platter > rye-crisps"
REFUSALS: dict[str, tuple[Document, str, str]] = {
    "a negative quantity": (change("inventory_items", 4, quantity=-1), "inventory_items[4].quantity", "above 0"),
    "a quantity of nothing": (change("inventory_items", 4, quantity=0), "inventory_items[4].quantity", "above 0"),
    "more than can be weighed": (
        change("inventory_items", 4, quantity=Decimal("1e40")), "inventory_items[4].quantity", "at most",
    ),
    "a number with endless digits": (
        change("inventory_items", 4, quantity=Decimal("0." + "3" * 5000)), "inventory_items[4].quantity", "like 2",
    ),
    "too much in the base unit": (
        change("inventory_items", 0, quantity=10**9, package_unit="kg"), "inventory_items[0].quantity", "too much",
    ),
    "a truth for a quantity": (change("inventory_items", 4, quantity=True), "inventory_items[4].quantity", "like 2"),
    "thousands with a comma": (change("inventory_items", 4, quantity="1,000"), "inventory_items[4].quantity", "like 2"),
    "money for a quantity": (change("inventory_items", 4, quantity="$3"), "inventory_items[4].quantity", "like 2"),
    "a price in words": (change("inventory_items", 4, total_cost="cheap"), "inventory_items[4].total_cost", "3.00"),
    "a day that is none": (
        change("inventory_items", 4, purchase_date="2026-02-30"), "inventory_items[4].purchase_date", "2025-12-21",
    ),
    "a lot of a category": (
        change("inventory_items", 4, ingredient_slug="flours"), "inventory_items[4].ingredient_slug", "category",
    ),
    "a lot of nothing known": (
        change("inventory_items", 4, ingredient_slug="soap"), "inventory_items[4].ingredient_slug", "add it",
    ),
    "a lot in a unit that needs a density": (
        change("inventory_items", 2, package_unit="cup"), "inventory_items[2].package_unit", "density",
    ),
    "a half density": (
        change("ingredients", 3, density_volume_value=1), "ingredients[3].density_weight_unit", "or none",
    ),
    "a density of weights": (
        change("ingredients", 2, density_volume_unit="lb"), "ingredients[2].density_volume_unit", "unit of volume",
    ),
    "a level that is none": (change("ingredients", 3, hierarchy_level=9), "ingredients[3].hierarchy_level", "0 or 1"),
    "a parent that is nowhere": (change("ingredients", 6, parent_slug="x"), "ingredients[6].parent_slug", "nowhere"),
    "a parent of itself": (
        change("ingredients", 0, parent_slug="flours"), "ingredients[0].parent_slug", "dry_goods > flours > dry_goods",
    ),
    "a slug taken twice": (change("ingredients", 6, slug="salt_coarse"), "ingredients[6].slug", "ingredients[3]"),
    "NUL in a name": (change("suppliers", 0, name="Mill\0"), "suppliers[0].name", "NUL"),
    "half a character": (change("events", 0, name="Fair \ud800"), "events[0].name", "half characters"),
    "a name without an end": (change("recipients", 0, name="A" * 300), "recipients[0].name", "at most 200"),
    "a list for a name": (change("materials", 0, display_name=["Ribbon"]), "materials[0].display_name", "text"),
    "a material that is nowhere": (
        change("material_products", 0, material="Bow"), "material_products[0].material", "add",
    ),
    "a supplier number that is nobody's": (
        change("products", 0, preferred_supplier_id=99), "products[0].preferred_supplier_id", "no supplier",
    ),
    "an unknown ingredient in a recipe": (
        change_line(1, ingredient_slug="saffron"), "recipes[0].ingredients[1].ingredient_slug", "add it",
    ),
    "a recipe without lines": (change("recipes", 0, ingredients=[]), "recipes[0].ingredients", "one line"),
    "a line that is no object": (change("recipes", 0, ingredients=[7]), "recipes[0].ingredients[0]", "object"),
    "recipes in a circle": (
        change("recipes", 0, components=[{"recipe_slug": "party-platter", "quantity": 1}]),
        "recipes[0].components[0].recipe_slug", CIRCLE,
    ),
    "a yield in shares": (
        change("recipes", 1, finished_units=[{"name": "Half", "yield_mode": "batch_portion"}]),
        "recipes[1].finished_units[0].yield_mode", "items_per_batch",
    ),
    "a yield that is not said": (
        change("recipes", 1, finished_units=[{"name": "Half"}]),
        "recipes[1].finished_units[0].items_per_batch", "like 2",
    ),
    "a row that is no object": (with_row("events", "Fair"), "events[1]", "object"),
    "a section that is no list": ({**clean(), "recipes": {}}, "recipes", "list"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_taken_is_refused_at_its_place(sqlite_url: str, case: str) -> None:
    """Bad types, sizes, references and units are refusals that help, never a crash or a database error."""
    document, place, hint = REFUSALS[case]
    report = check(document)
    reasons = {refusal["place"]: refusal["reason"] for refusal in report["refused"]}
    assert hint in reasons[place]
    json.dumps(report, ensure_ascii=False).encode()
    kept = record(document, skip_bad=True)
    assert kept["refused_count"] == report["refused_count"] > 0


def test_a_recipe_that_contains_a_refused_one_is_refused_too(sqlite_url: str) -> None:
    """The reason leads to the row to correct."""
    refused = {r["place"]: r["reason"] for r in check(change_line(0, unit="scoopful"))["refused"]}
    assert refused["recipes[1].components[0].component_recipe_slug"] == (
        "leads to recipes[0], which is refused; correct that first"
    )


def test_a_renamed_recipe_is_the_one_that_is_already_there(kitchen: Kitchen) -> None:
    """``previous_slug`` finds it under its former name."""
    record(change("recipes", 1, slug="old-platter", previous_slug=None))
    report = record(clean())
    assert {"place": "recipes[1]", "reason": "already there as old-platter"} in report["skipped"]
    assert kitchen.rows("SELECT count(*) FROM recipe") == [(2,)]


def test_what_has_no_place_here_is_counted(sqlite_url: str) -> None:
    """Sections and fields that say something and are not kept are told."""
    told = {entry["what"]: entry["count"] for entry in check(clean())["not_kept"]}
    assert told == {"production_runs": 1, "suppliers.supplier_type": 1, "materials.category": 1}


def test_an_import_logs_one_line_and_one_for_each_lot_nested_in_it(
    kitchen: Kitchen, log: pytest.LogCaptureFixture
) -> None:
    """The receipts are operations of their own, children of the import in the log and in the table."""
    report = record(clean(), source="bakery.json")
    lines = [line for line in log.records if line.outcome == "success"]  # type: ignore[attr-defined]
    parents = {line.operation_id: line.__dict__.get("parent_operation_id") for line in lines}  # type: ignore[attr-defined]
    own = [line for line in lines if line.operation == "record_import"]  # type: ignore[attr-defined]
    assert len(own) == 1
    assert (own[0].source, own[0].added_count) == ("bakery.json", 23)  # type: ignore[attr-defined]
    assert parents.pop(report["operation_id"]) is None
    assert list(parents.values()) == [report["operation_id"]] * 5
    assert kitchen.rows("SELECT count(*) FROM operation WHERE parent_id IS NOT NULL") == [(5,)]


def test_a_refused_import_and_a_check_log_one_line_each(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """A refusal is a WARNING; a check that finds bad rows says where, at INFO, and one that finds none at DEBUG."""
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


def test_an_imported_recipe_is_baked_once_its_density_and_yield_are_said(kitchen: Kitchen) -> None:
    """A missing density is a named question; the answer makes the recipe bake, at a cost that is not all known."""
    record(clean())
    kitchen.ids = {
        "Rye Crisps": id_of(kitchen, "recipe", "rye-crisps"),
        "salt": id_of(kitchen, "item", "salt_coarse"),
    }
    with pytest.raises(UnitConversionError) as unknown:
        kitchen.can_produce("Rye Crisps", 1)
    assert [problem["ingredient_slug"] for problem in unknown.value.problems] == ["salt_coarse"]
    assert "weigh 1 tsp of Coarse salt" in str(unknown.value)

    kitchen.density("salt", 1, "tsp", 6, "g")
    kitchen.item("finished_unit", "Crisp", "each")
    recipe_id, crisp_id = kitchen.ids["Rye Crisps"], kitchen.ids["Crisp"]
    run_in_transaction(lambda s: recipe_service.record_recipe_yield(recipe_id, crisp_id, 40, session=s))
    assert kitchen.can_produce("Rye Crisps", 1) == {"can_produce": True, "missing_ingredients": []}
    run = kitchen.produce("Rye Crisps", "Crisp", 1, 40)
    assert (run["cost_complete"], run["total_ingredient_cost"], run["per_unit_cost"]) == (False, None, None)
    salt = [used["quantity"] for used in run["consumptions"] if used["ingredient_slug"] == "salt_coarse"]
    assert salt == ["14"]  # one and a half teaspoons of 6 g, and 5 g


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"application": "bake-tracker",\n "version": }', "line 2, column 13"),
        ("[]", "one object in braces"),
        ("{}", '"application": "bake-tracker"'),
        ('{"application": "other", "version": "4.2"}', "not 'other'"),
        ('{"application": "bake-tracker", "version": "3.6"}', "not '3.6'"),
        ('{"application": "bake-tracker", "version": "4.2", "events": NaN}', "NaN"),
        ('{"application": "bake-tracker", "version": "4.2", "events": -Infinity}', "Infinity"),
        ('{"application": "bake-tracker", "version": "4.2", "events": 1e99999999999999999999}', "too large"),
        ('{"application": "bake-tracker", "version": "4.2", "events": ' + "9" * 5000 + "}", "cannot be read"),
        ("[" * 200_000, "nested too deeply"),
        ("", "line 1, column 1"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_the_reason(text: str, hint: str) -> None:
    """Bad JSON by line and column, another program or version by what is allowed."""
    with pytest.raises(ValidationError) as refused:
        parse_export(text)
    assert [problem["field"] for problem in refused.value.problems] == ["file"]
    assert hint in str(refused.value)


def test_numbers_are_read_exactly() -> None:
    """No float comes out of a file."""
    document = parse_export('\ufeff{"application": "bake-tracker", "version": "4.0", "n": [0.1, 2, 0.30]}')
    assert document["n"] == [Decimal("0.1"), 2, Decimal("0.30")]


SAYINGS = [
    "flour_rye", "salt_coarse", "duck_egg", "flours", "rye-crisps", "party-platter", "old-platter", "platter", "cup",
    "each", "2.50", "", "\0", "x" * 400, "1/0", "2026-02-30",
]  # fmt: skip
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec=None), max_size=20),
    st.sampled_from(SAYINGS),
    st.just([]),
    st.just({}),
    st.just([[{}]]),
)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything inside the sections of a document."""
    if path:
        yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        if path or key not in ("application", "version"):
            yield from spots(value[key], (*path, key))


SPOTS = list(spots(dirty()))


@contextmanager
def undone() -> Iterator[Any]:
    """A session whose transaction is rolled back in the end."""

    class UndoError(Exception):
        pass

    with pytest.raises(UndoError), session_scope() as session:  # noqa: PT012  the scope must see the exception
        yield session
        raise UndoError


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.sampled_from(SPOTS), st.sampled_from(["set", "drop", "double"]), JUNK), max_size=6),
    skip_bad=st.booleans(),
)
def test_no_file_is_worse_than_refused(database_url: str, changes: list[Any], skip_bad: bool) -> None:
    """However an export is damaged, it is taken, or refused with everything unchanged; nothing else is ever raised."""
    document = damaged(changes)
    with undone() as session:
        tables = Base.metadata.sorted_tables

        def now() -> list[int]:
            return [session.scalar(select(func.count()).select_from(table)) for table in tables]

        before = now()
        try:
            foreseen = import_service.check_import(document, session=session)
            report = import_service.record_import(document, session=session, skip_bad=skip_bad)
        except ServiceError:
            assert now() == before
        else:
            assert {**report, "operation_id": None} == foreseen
            again = import_service.record_import(document, session=session, skip_bad=skip_bad)
            assert again["added_count"] == 0


def damaged(changes: list[Any]) -> Document:
    """The dirty export with values replaced, dropped or doubled."""
    document = dirty()
    for path, how, junk in changes:
        inner: Any = document
        try:
            for key in path[:-1]:
                inner = inner[key]
            if how == "set":
                inner[path[-1]] = junk
            elif how == "double" and isinstance(inner, list):
                inner.append(copy.deepcopy(inner[path[-1]]))
            else:
                del inner[path[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return document
