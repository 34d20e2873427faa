"""An export, imported into an empty database, exports to the same content again."""

import json
import resource
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.exporting import Tables, exact_text
from bake_tracker.domain.importing.tables import FORMAT
from bake_tracker.domain.label.allergens import Statement, label_text
from bake_tracker.files.exports import json_content, write_export
from bake_tracker.files.imports import read_document
from bake_tracker.models import ItemAllergen, ItemLabel
from bake_tracker.queries.importing.exporting import load_tables
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services import database
from bake_tracker.services.catalog import measures, product_change, products, rates
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.importing import tables as import_service
from bake_tracker.services.stock import handling
from support.command_line import CommandLine
from support.depth import rounds
from support.import_files import clean, record
from support.kitchen import Kitchen
from support.small_bakeries import bakeries

FORMATS = (".json", ".zip", ".xlsx", "")
Make = Callable[[], str]


@pytest.fixture
def empty(sqlite_template: Path, tmp_path: Path) -> Any:
    """A function that makes an empty database in place of the last one."""

    def make() -> str:
        database.dispose_engines()
        for file in tmp_path.glob("empty.db*"):
            file.unlink()
        shutil.copy(sqlite_template, tmp_path / "empty.db")
        return f"sqlite:///{tmp_path / 'empty.db'}"

    yield make
    database.dispose_engines()


def take(url: str, file: Path) -> Any:
    document = read_document(file)
    return run_in_transaction(lambda s: import_service.record_import(document, session=s, source=file.name), url)


def exported(url: str) -> Tables:
    with read_scope(url) as session:
        return load_tables(session)


def said(tables: Tables) -> Any:
    return json.loads(json_content(tables))


@settings(
    max_examples=rounds(8, 30),
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tables=bakeries(), ending=st.sampled_from(FORMATS))
def test_an_export_into_an_empty_database_loses_nothing(
    empty: Make, tmp_path_factory: pytest.TempPathFactory, tables: Tables, ending: str
) -> None:
    """In any format, the second export equals the first byte for byte, and a repeated import changes nothing."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "first.json").write_bytes(json_content(tables))
    url = empty()
    assert take(url, folder / "first.json")["refused_count"] == 0
    first = exported(url)
    assert {name: len(rows) for name, rows in first.items() if rows} == {
        name: len(rows) for name, rows in tables.items() if rows
    }
    assert first["bakery"] == tables["bakery"]
    write_export(folder / f"export{ending}", first)
    assert take(url, folder / f"export{ending}")["added_count"] == 0
    url = empty()
    take(url, folder / f"export{ending}")
    assert said(exported(url)) == said(first)
    assert take(url, folder / f"export{ending}")["added_count"] == 0
    assert said(exported(url)) == said(first)


def test_lots_keep_the_weights_of_their_own(kitchen: Kitchen, empty: Make, tmp_path: Path) -> None:
    """Older hams weigh what they weighed; new ones what the last measure says."""
    ham = kitchen.ingredient("Ham", "each")
    for code, grams in (("H1", 2_072), ("H2", 1_900)):
        kitchen.receive("Ham", 20, "each", 300, lot_code=code)
        run_in_transaction(lambda s, g=grams: measures.record_piece_weight(ham, 1, g, "g", session=s))
    with read_scope() as session:
        first = load_tables(session)
    assert [lot.get("g_per_each") for lot in said(first)["lots"]] == ["2072", None]
    write_export(tmp_path / "export.json", first)
    url = empty()
    assert take(url, tmp_path / "export.json")["refused_count"] == 0
    assert json_content(exported(url)) == json_content(first)
    with read_scope(url) as session:
        assert verify_ledger(session)["drift"] == []


def test_the_other_programs_export_survives_ours(kitchen: Kitchen, empty: Make, tmp_path: Path) -> None:
    """Everything that the schema stores of it is exported, imported and exported again unchanged."""
    record(clean())
    with read_scope() as session:
        first = load_tables(session)
    write_export(tmp_path / "export.json", first)
    url = empty()
    assert take(url, tmp_path / "export.json")["refused_count"] == 0
    assert sum(map(len, first.values())) == 32
    assert json_content(exported(url)) == json_content(first)


def test_held_released_and_made_lots_are_carried_with_their_codes(
    kitchen: Kitchen, tmp_path: Path, empty: Make
) -> None:
    """A baked lot keeps its code and cost, and the next lot gets the next number."""
    kitchen.simple_bakery()
    baked = kitchen.produce("Cookies", "Cookie", 1, 24)
    run_in_transaction(lambda s: handling.record_hold([baked["lot_id"]], "smells", session=s))
    with read_scope() as session:
        tables = load_tables(session)
    write_export(tmp_path / "export.json", tables)
    url = empty()
    take(url, tmp_path / "export.json")
    lots = {lot["lot"]: lot for lot in exported(url)["lots"]}
    assert lots[baked["lot_code"]] == {
        "item": "cookie", "lot": baked["lot_code"], "quantity": "24", "unit": "each", "cost": "1.50",
        "received": lots[baked["lot_code"]]["received"], "on_hold": "yes",
    }  # fmt: skip
    assert [row.get("lot_count") for row in exported(url)["items"]] == [row.get("lot_count") for row in tables["items"]]


def test_weights_rates_allergens_terms_and_labels_are_carried(kitchen: Kitchen, tmp_path: Path, empty: Make) -> None:
    """Sources and days of measures are kept, and a repeated import changes nothing."""
    kitchen.simple_bakery()
    flour, recipe = kitchen.ids["Flour"], kitchen.ids["Cookies"]

    def state(session: Session) -> None:
        for grams in (120, 125):
            measures.record_density(flour, 1, "cup", grams, "g", session=session, source="our scale")
        measures.record_piece_weight(kitchen.ids["Cookie"], 3, 50, "g", session=session)
        rates.record_recipe_rate(recipe, Decimal("4.5"), Decimal(1), session=session)
        bag = products.record_product(flour, "Type 550", 25, "kg", session=session)["product_id"]
        tiers = [{"price": 18}, {"from_packs": 10, "price": Decimal("17.50")}]
        terms = {"least_packs": 2, "lead_days": 1, "order_days": ["friday", "monday"], "prices": tiers}
        product_change.record_product_change(bag, terms, session=session)
        rows = {"item_id": flour, "allergen": "wheat", "presence": "contains"}
        session.execute(insert(ItemAllergen), rows)
        on_it = {"allergens": label_text(Statement()), "filed_at": datetime.now(UTC)}
        label = {"item_id": flour, "ingredients": "WHEAT flour", **on_it}
        session.execute(insert(ItemLabel), label)

    run_in_transaction(state)
    with read_scope() as session:
        tables = load_tables(session)
    assert [len(tables[name]) for name in ("measures", "allergens", "product_terms", "labels")] == [3, 1, 2, 1]
    write_export(tmp_path / "export.xlsx", tables)
    url = empty()
    take(url, tmp_path / "export.xlsx")
    assert said(exported(url)) == said(tables)
    assert take(url, tmp_path / "export.xlsx")["added_count"] == 0
    with read_scope(url) as session:
        assert verify_ledger(session)["drift"] == []


def test_a_file_that_contradicts_itself_is_refused(empty: Make) -> None:
    """The second of two rows for the same allergen, label or rate is refused; an identical one is skipped."""
    milk, none = {"item": "flour", "allergen": "milk"}, {"item": "flour", "allergen": "none"}
    label = {"item": "flour", "allergens": label_text(Statement()), "filed_at": "2026-01-02T03:04:05+00:00"}
    document = {
        "format": FORMAT,
        "items": [{"kind": "ingredient", "slug": "flour", "name": "Flour", "base_unit": "g"}],
        "recipes": [{"slug": "bread", "name": "Bread"}],
        "recipe_lines": [{"recipe": "bread", "item": "flour", "quantity": "1", "unit": "g"}],
        "allergens": [milk, milk, milk | {"presence": "may_contain"}, none],
        "labels": [label, label, label | {"ingredients": "flour"}],
        "recipe_rates": [{"recipe": "bread", "labour": labour} for labour in ("1", "1.00", "2")],
    }
    with read_scope(empty()) as session:
        report = import_service.check_import(document, session=session)
    assert [one["place"] for one in report["refused"]] == [
        "allergens[2].allergen", "allergens[3].allergen", "labels[2].item", "recipe_rates[2].recipe",
    ]  # fmt: skip
    assert [kind["added"] for kind in report["kinds"] if kind["kind"] in ("allergens", "labels", "recipe_rates")] == [
        1,
        1,
        1,
    ]
    assert {one["place"] for one in report["skipped"]} == {"allergens[1]", "labels[1]", "recipe_rates[1]"}


def test_an_export_costs_the_same_statements_however_much_there_is(kitchen: Kitchen) -> None:
    """There is one statement for each table."""

    def count() -> int:
        with read_scope() as session:
            session.connection()
            before = statement_count()
            load_tables(session)
            return statement_count() - before

    few = count()
    record(clean())
    kitchen.simple_bakery()
    assert count() == few


@given(st.fractions(min_value=0, max_value=10**6, max_denominator=10**6))
def test_a_number_is_written_exactly(number: Fraction) -> None:
    """It is a decimal where one is exact, otherwise a fraction, and reads back as the same number."""
    assert Fraction(exact_text(number)) == number


def test_the_command_line_exports_and_never_over_a_file(bake: CommandLine, kitchen: Kitchen, tmp_path: Path) -> None:
    """Every kind of file is written once; a second export to the same name is refused."""
    kitchen.simple_bakery()
    for ending in FORMATS:
        name = str(tmp_path / f"out{ending}")
        assert bake("export", name).out.splitlines()[:3] == [f"Wrote {name}", "  bakery: 1", "  items: 5"]
        assert bake("export", name).code == 1
        assert bake("--json", "import", name).json["added_count"] == 0
    assert bake("export", str(tmp_path / "out.pdf")).code == 1


@pytest.mark.parametrize("ending", FORMATS)
def test_an_export_that_meets_a_full_disk_leaves_nothing(ending: str, tmp_path: Path) -> None:
    """When there is room again, the same command works."""
    item = {"slug": "flour", "name": "Flour", "kind": "ingredient", "base_unit": "g"}
    tables: Any = {"items": [item], "suppliers": [{"slug": "mill", "name": "Mill " + "l" * 200}]}
    file = tmp_path / f"export{ending}"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(ValidationError, match="cannot be written: File too large"):
            write_export(file, tables)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    write_export(file, tables)
    assert file.exists()
