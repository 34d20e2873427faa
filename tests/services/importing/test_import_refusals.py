"""What can be wrong in a file: a refusal has its place, its value and a remedy, and never a crash."""

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.domain.importing.reading import parse_export
from bake_tracker.models import Base
from bake_tracker.services.importing import tables as import_service
from support.depth import rounds
from support.import_files import JUNK, Document, change, change_line, check, clean, dirty, record, undone, with_row

pytestmark = pytest.mark.one_database

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
        change("inventory_items", 0, quantity=10**9, package_unit="kg"), "inventory_items[0].quantity", "too large",
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
    "a parent that is nowhere": (change("ingredients", 6, parent_slug="x"), "ingredients[6].parent_slug", "neither"),
    "a parent of itself": (
        change("ingredients", 0, parent_slug="flours"), "ingredients[0].parent_slug", "dry_goods > flours > dry_goods",
    ),
    "a slug taken twice": (change("ingredients", 6, slug="salt_coarse"), "ingredients[6].slug", "ingredients[3]"),
    "NUL in a name": (change("suppliers", 0, name="Mill\0"), "suppliers[0].name", "NUL"),
    "half a character": (change("events", 0, name="Fair \ud800"), "events[0].name", "unpaired surrogates"),
    "a name without an end": (change("recipients", 0, name="A" * 300), "recipients[0].name", "at most 200"),
    "a list for a name": (change("materials", 0, display_name=["Ribbon"]), "materials[0].display_name", "text"),
    "a material in a category that is refused": (
        change("materials", 0, category="\x1b"), "materials[0].category", "materials[0].category, which was refused",
    ),
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
def test_an_invalid_value_is_refused_at_its_place(sqlite_url: str, case: str) -> None:
    """Bad types, sizes, references and units get a helpful refusal, never a crash or a database error."""
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
        "refers to recipes[0], which was refused; correct that first"
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"application": "bake-tracker",\n "version": }', "line 2, column 13"),
        ("[]", "one JSON object in braces"),
        ("{}", '"application": "bake-tracker"'),
        ('{"application": "other", "version": "4.2"}', "not 'other'"),
        ('{"application": "bake-tracker", "version": "2.0"}', "not '2.0'"),
        ('{"application": "bake-tracker", "version": "4.2", "events": NaN}', "NaN"),
        ('{"application": "bake-tracker", "version": "4.2", "events": -Infinity}', "Infinity"),
        ('{"application": "bake-tracker", "version": "4.2", "events": 1e99999999999999999999}', "too large"),
        ('{"application": "bake-tracker", "version": "4.2", "events": ' + "9" * 5000 + "}", "cannot be read"),
        ('{"application": "bake-tracker", "version": "4.2", "version": "4.0"}', '"version" is given twice'),
        ("[" * 200_000, "nested too deeply"),
        ("", "line 1, column 1"),
    ],
)
def test_a_file_that_is_not_an_export_is_refused_with_the_reason(text: str, hint: str) -> None:
    """For bad JSON it has line and column; for another program or version, the accepted ones."""
    with pytest.raises(ValidationError) as refused:
        parse_export(text)
    assert [problem["field"] for problem in refused.value.problems] == ["file"]
    assert hint in str(refused.value)


def test_numbers_are_read_exactly() -> None:
    """A file gives no floats."""
    document = parse_export('\ufeff{"application": "bake-tracker", "version": "4.0", "n": [0.1, 2, 0.30]}')
    assert document["n"] == [Decimal("0.1"), 2, Decimal("0.30")]


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to everything inside the sections of a document."""
    if path:
        yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        if path or key not in ("application", "version"):
            yield from spots(value[key], (*path, key))


SPOTS = list(spots(dirty()))


@settings(max_examples=rounds(40, 150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.sampled_from(SPOTS), st.sampled_from(["set", "drop", "double"]), JUNK), max_size=6),
    skip_bad=st.booleans(),
)
def test_a_damaged_file_is_at_worst_refused(database_url: str, changes: list[Any], skip_bad: bool) -> None:
    """A damaged export is imported, or refused with everything unchanged; it raises no other error."""
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
    """Return the dirty export with values replaced, dropped or doubled."""
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
            continue  # an earlier change removed the place
    return document
