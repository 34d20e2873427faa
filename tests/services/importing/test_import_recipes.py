"""Recipes of a file: sub-recipes by weight, and products that come out together."""

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.domain.importing.sections import sections_of, tables_of_json
from bake_tracker.domain.written import PLAIN
from bake_tracker.queries.importing.exporting import load_tables
from bake_tracker.services import database
from bake_tracker.services.catalog.recipe_makes import record_recipe_makes
from bake_tracker.services.catalog.recipes import record_recipe
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.importing.tables import check_import, record_import
from support.kitchen import Kitchen

pytestmark = pytest.mark.one_database
ITEMS = [
    {"slug": "sugar", "name": "Sugar", "kind": "ingredient", "base_unit": "g"},
    {"slug": "egg", "name": "Egg", "kind": "ingredient", "base_unit": "each"},
    {"slug": "bun", "name": "Bun", "kind": "finished_unit", "base_unit": "each"},
    {"slug": "scraps", "name": "Scraps", "kind": "finished_unit", "base_unit": "g"},
]


def document(lines: list[Any], makes: list[Any] | None = None) -> Any:
    """A file with these recipe lines, and everything they need."""
    tables = {"items": ITEMS, "recipe_lines": lines, "recipe_makes": makes or []}
    return sections_of(tables_of_json(tables), PLAIN, is_export=True)


def line(recipe: str, quantity: str, unit: str, **of: str) -> dict[str, str]:
    """One line of a recipe."""
    return {"recipe": recipe, "quantity": quantity, "unit": unit, **of}


def made(item: str, per_batch: str, **more: str) -> dict[str, str]:
    """A product of the icing."""
    return {"recipe": "Icing", "item": item, "per_batch": per_batch, **more}


def test_an_export_has_them_and_an_import_brings_them_back(
    kitchen: Kitchen, sqlite_template: Path, tmp_path: Path
) -> None:
    """The recipes take 60 g of icing, and make 20 croissants together with 500 g of scraps."""
    kitchen.ingredient("Sugar")
    kitchen.item("finished_unit", "Croissant", "each")
    kitchen.item("finished_unit", "Scraps", "g")
    kitchen.recipe("Icing", {"Sugar": (300, "g")})
    lines: Any = [{"sub_recipe_id": kitchen.ids["Icing"], "quantity": 60, "unit": "g"}]
    makes: Any = [
        {"finished_unit_id": kitchen.ids["Croissant"], "quantity": 20, "share": Fraction(3, 4)},
        {"finished_unit_id": kitchen.ids["Scraps"], "quantity": 500, "share": Fraction(1, 4)},
    ]

    def write(session: database.Session) -> None:
        recipe_id = record_recipe("Lam", lines, session=session)["recipe_id"]
        record_recipe_makes(recipe_id, makes, session=session, together=True)

    run_in_transaction(write)
    with read_scope() as session:
        tables = load_tables(session)
    assert tables["recipe_makes"][0] == {
        "recipe": "lam",
        "item": "croissant",
        "per_batch": "20",
        "together": "yes",
        "share": "0.75",
    }
    assert {"recipe": "lam", "sub_recipe": "icing", "quantity": "60", "unit": "g"} in tables["recipe_lines"]
    shutil.copy(sqlite_template, tmp_path / "empty.db")
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    again = sections_of(tables_of_json(tables), PLAIN, is_export=True)
    run_in_transaction(lambda s: record_import(again, session=s), url)
    with read_scope(url) as session:
        assert load_tables(session)["recipe_makes"] == tables["recipe_makes"]
        assert load_tables(session)["recipe_lines"] == tables["recipe_lines"]


@pytest.mark.parametrize(
    ("lines", "makes", "said"),
    [
        (
            [line("Icing", "2", "each", item="egg"), line("Cake", "60", "g", sub_recipe="icing")],
            [],
            "icing: the weight of one batch is not known",
        ),
        (
            [line("Icing", "2", "g", item="sugar"), line("Cake", "60", "cm", sub_recipe="icing")],
            [],
            "must be batch, a weight or a volume",
        ),
        (
            [line("Icing", "2", "g", item="sugar")],
            [made("bun", "2", together="yes"), made("scraps", "2", together="yes")],
            "the weight of bun is not known",
        ),
        (
            [line("Icing", "2", "g", item="sugar")],
            [made("bun", "2", together="yes", share="0.5"), made("scraps", "2", together="yes", share="0.4")],
            "must have shares that add up to 1",
        ),
        (
            [line("Icing", "2", "g", item="sugar")],
            [made("bun", "2", together="yes"), made("scraps", "2")],
            "must say for every product that they come out together",
        ),
    ],
)
def test_what_is_not_known_is_refused_when_it_is_read(
    kitchen: Kitchen, lines: list[Any], makes: list[Any], said: str
) -> None:
    """The preview lists it."""
    with read_scope() as session:
        report = check_import(document(lines, makes), session=session)
    assert said in " ".join(one["reason"] for one in report["refused"])


def test_what_is_known_is_taken(kitchen: Kitchen) -> None:
    """A recipe that was refused takes the ones above it along; a known weight is enough."""
    lines = [line("Icing", "200", "g", item="sugar"), line("Cake", "60", "g", sub_recipe="icing")]
    with read_scope() as session:
        assert check_import(document(lines), session=session)["refused"] == []
        lines += [line("Icing", "2", "each", item="egg"), line("Tart", "1", "batch", sub_recipe="cake")]
        refused = check_import(document(lines), session=session)["refused"]
    assert ["icing: the weight" in one["reason"] or "was refused" in one["reason"] for one in refused] == [True, True]
