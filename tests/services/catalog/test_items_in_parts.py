"""Items kept by the piece: people type whole numbers of them, unless the item allows parts."""

from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from bake_tracker.domain.access import Role
from bake_tracker.migrations import versions
from bake_tracker.queries.catalog.parts import Typed
from bake_tracker.queries.views.item import load_item_facts
from bake_tracker.services.catalog.edits import record_item_change
from bake_tracker.services.catalog.things import record_item
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.stocktake import record_stocktake
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.undoing import drift, reverse
from support.web import Web, submit


@pytest.mark.parametrize(
    ("quantity", "unit", "is_part"),
    [
        (2, None, False),
        (Fraction(5, 2), None, True),
        (Fraction(5, 2), "each", True),
        (Fraction(1, 3), "dozen", False),
        (Fraction(1, 5), "dozen", True),
        (Fraction(1, 2), "bag", False),
        (Fraction(1, 2), "kg", False),
    ],
)
def test_only_a_number_of_pieces_that_is_not_whole_is_a_part(quantity: Any, unit: str | None, is_part: bool) -> None:
    """A third of a dozen is four; a package and a weight say nothing about pieces."""
    assert Typed("quantity", 1, quantity, unit).is_part == is_part


def allows(item_id: int) -> bool:
    with read_scope() as session:
        return load_item_facts(session, item_id)["allows_parts"]


def change(item_id: int, **changes: Any) -> dict[str, Any]:
    return dict(run_in_transaction(lambda session: record_item_change(item_id, changes, session=session)))


def test_parts_are_allowed_and_no_longer_and_undone(kitchen: Kitchen) -> None:
    """The flag is part of an item's history."""
    cake = kitchen.item("finished_unit", "Cake", "each")
    first = change(cake, allows_parts=True)
    assert (first["changed"], allows(cake)) == (["allows_parts"], True)
    assert change(cake, allows_parts=True)["changed"] == []
    last = change(cake, allows_parts=False)
    assert (last["changed"], allows(cake)) == (["allows_parts"], False)
    reverse(last)
    assert allows(cake)
    reverse(first)
    assert not allows(cake)
    made = run_in_transaction(lambda s: record_item("material", "Board", "each", session=s, allows_parts=True))
    assert allows(made["item_id"])
    reverse(dict(made))
    assert kitchen.rows("SELECT count(*) FROM item_in_parts") == [(0,)]
    assert drift() == []


def test_services_record_parts_as_ever(kitchen: Kitchen) -> None:
    """Only typed quantities are refused, never a recipe line or a draw."""
    kitchen.ingredient("Egg", "each")
    kitchen.receive("Egg", Fraction(5, 2), "each")
    kitchen.recipe("Rolls", {"Egg": (Fraction(1, 2), "each")}, {"Roll": 10})
    kitchen.produce("Rolls", "Roll", 1, 10)
    assert kitchen.stock("Egg") == 2


def test_the_migration_lets_items_that_have_parts_on_file_keep_them(kitchen: Kitchen) -> None:
    """A receipt, count, sale or yield of a part is on file; a draw, a percentage and a weight in grams do not count."""
    kitchen.simple_bakery()
    for name in ("Received", "Counted", "Sold", "Drawn", "Percent"):
        kitchen.ingredient(name, "each")
    kitchen.receive("Received", Fraction(5, 2), "each")
    lots = {name: kitchen.receive(name, 12, "each")["lot_id"] for name in ("Counted", "Sold", "Drawn", "Percent")}
    kitchen.produce("Cookies", "Cookie", 1, Decimal("23.5"))
    kitchen.recipe("Rolls", {"Drawn": (Fraction(1, 2), "each")}, {"Roll": 10})
    kitchen.produce("Rolls", "Roll", 1, 10)
    kitchen.receive("Flour", Fraction(1, 3), "g")
    run_in_transaction(
        lambda session: record_stocktake(
            [
                {"lot_id": lots["Counted"], "counted": Decimal("11.5")},
                {"lot_id": lots["Percent"], "percent_left": 33},
                {"lot_id": lots["Drawn"], "counted": 11},
            ],
            session=session,
        )
    )
    sold = [{"lot_id": lots["Sold"], "quantity": Decimal("0.5")}]
    run_in_transaction(lambda session: record_adjustment("sale", sold, session=session))
    (file,) = Path(versions.__path__[0]).glob("*_items_in_parts.py")
    with session_scope() as session:
        connection = session.connection()
        connection.execute(text("DROP TABLE item_in_parts"))
        with Operations.context(MigrationContext.configure(connection)):
            import_module(f"{versions.__name__}.{file.stem}").upgrade()
    found = kitchen.rows("SELECT name FROM item JOIN item_in_parts ON item_id = id ORDER BY name")
    assert [row[0] for row in found] == ["Cookie", "Counted", "Received", "Sold"]


@pytest.mark.one_database
def test_the_command_line_refuses_parts_until_they_are_allowed(kitchen: Kitchen, bake: CommandLine) -> None:
    """It refuses them in receipts, deliveries, counts, sales and yields, but not in waste."""
    kitchen.simple_bakery()
    kitchen.ingredient("Egg", "each")
    bake("supplier", "add", "Farm")
    lot = kitchen.receive("Egg", 12, "each")["lot_code"]
    done = bake("produce", "cookies", "1", "--yield", "24", "--json").json
    told = "must be a whole number of pieces, not 2.5 of egg; if it comes in parts: bake item change egg --parts"
    of_eggs = [
        ("receive", "egg", "2.5", "each"),
        ("deliver", "farm", "2.5 egg"),
        ("count", "check", f"{lot}=2.5"),
        ("count", "record", f"{lot}=2.5"),
        ("sell", "2.5 egg"),
    ]
    for words in of_eggs:
        refused = bake(*words)
        assert (refused.code, told in " ".join(refused.err.split())) == (1, True), refused
    of_cookies = [
        ("produce", "cookies", "1", "--yield", "23.5"),
        ("correct", done["operation_id"], "--yield", "23.5", "--reason", "mistyped"),
    ]
    for words in of_cookies:
        refused = bake(*words)
        assert (refused.code, "not 23.5 of cookie" in " ".join(refused.err.split())) == (1, True), refused
    for words in (("receive", "egg", "1/3", "dozen"), ("waste", "0.5 egg"), ("count", "check", f"{lot}=50%")):
        assert bake(*words).code == 0
    assert bake("item", "change", "egg", "--parts").code == 0
    assert bake("item", "change", "cookie", "--parts").code == 0
    assert [bake(*words).code for words in (*of_eggs, *of_cookies)] == [0] * 7


@pytest.mark.one_database
def test_the_pages_refuse_parts_and_lead_to_allowing_them(kitchen: Kitchen) -> None:
    """They refuse them in receiving, counting, selling and baking; the API records them as before."""
    kitchen.simple_bakery()
    egg = kitchen.ingredient("Egg", "each")
    lot = kitchen.receive("Egg", 12, "each")["lot_id"]
    web = Web().let_in()
    baker = web.browser(Role.BAKER)
    recipe = {"recipe_id": kitchen.ids["Cookies"], "finished_unit_id": kitchen.ids["Cookie"], "num_batches": "1"}
    sent: list[tuple[str, str, dict[str, Any]]] = [
        (f"/receive?item={egg}", "/receive", {"item_id": egg, "quantity": "2.5", "unit": "each"}),
        ("/count", "/count", {"lot_id": lot, "counted": "2.5", "percent_left": "", "expected": "12", "unit": "each"}),
        (f"/take?item={egg}", "/take", {"item_id": egg, "kind": "sale", "quantity": "2.5", "unit": "each"}),
        ("/bake?recipe=cookies", "/bake", {**recipe, "scale_factor": "1", "actual_yield": "23.5"}),
    ]
    for page, path, values in sent:
        refused = submit(baker, page, path, **values)
        assert (refused.status_code, "whole number of pieces, not 2" in refused.text) == (422, True), path
        assert f'href="/edit/item/{kitchen.ids["Cookie"] if path == "/bake" else egg}"' in refused.text
    form = {"name": "Egg", "pick_policy": "fefo", "allows_parts": "yes"}
    assert submit(baker, f"/edit/item/{egg}", f"/edit/item/{egg}", **form).status_code == 303
    assert 'name="allows_parts" value="yes" checked' in baker.get(f"/edit/item/{egg}").text
    assert submit(baker, *sent[0][:2], **sent[0][2]).status_code == 303
    api = web.program(Role.BAKER)
    assert api.get(f"/api/v1/items/{egg}").json()["allows_parts"]
    assert api.patch(f"/api/v1/items/{egg}", json={"allows_parts": False}).json()["changed"] == ["allows_parts"]
    body = {"item_id": egg, "quantity": "2.5", "unit": "each"}
    assert api.post("/api/v1/receipts", json=body).status_code == 201
