"""Undoing changes to the catalogue removes new things and restores changed ones."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from bake_tracker.domain.catalog_changes import Change, Thing, what_stays
from bake_tracker.domain.errors import ConflictError, DependentsError, StaysError, ValidationError
from bake_tracker.domain.importing.tables import FORMAT
from bake_tracker.domain.stock.reversal import NEVER
from bake_tracker.queries.catalog.things import SHAPES
from bake_tracker.services.catalog import allergens, products, rates, recipes, things
from bake_tracker.services.catalog import names as names_service
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.importing.recipe_page import record_recipe_page
from bake_tracker.services.reconcile.repair import kinds
from bake_tracker.services.reversal import check_reversal, record_reversal
from bake_tracker.services.stock import ledger
from support.import_files import clean, record
from support.kitchen import Kitchen
from support.undoing import drift, reverse
from support.writers import CALLS

MADE_FIRST = {
    "record_delivery": ("supplier",),
    "record_supplier_change": ("supplier",),
    "record_event_change": ("event",),
    "record_recipient_change": ("recipient",),
    "record_product_change": ("product",),
    "record_purchase_order": ("supplier", "product"),
    "record_purchase_order_change": ("supplier", "product"),
    "record_purchase_order_cancellation": ("supplier", "product"),
    "record_suggested_purchases": ("supplier", "product", "product_terms"),
}
"""What the call of a writer adds before it, in operations of their own, which stay."""
LEFT_BEHIND = {"record_unit_change": ("item", "archived_item", "measured")}
"""Where undo leaves a row that the history refers to; ``test_unit_change.py`` has the details."""
MEASURED = "SELECT slug, g_per_ml, g_per_each FROM item ORDER BY id"


def catalogue(kitchen: Kitchen) -> dict[str, Any]:
    """Return the whole catalogue as it is now."""
    known: dict[str, Any] = {"measured": [tuple(row) for row in kitchen.rows(MEASURED)]}
    for name, shape in SHAPES.items():
        columns = ", ".join(column.name for column in shape.columns)
        known[name] = sorted(str(tuple(row)) for row in kitchen.rows(f"SELECT {columns} FROM {name}"))
    return known


def bread(kitchen: Kitchen, grams: int = 500, **more: Any) -> dict[str, Any]:
    lines: Any = [{"item_id": kitchen.ids["Flour"], "quantity": grams, "unit": "g"}]
    return dict(run_in_transaction(lambda s: recipes.record_recipe("Bread", lines, session=s, **more)))


def made_by(kitchen: Kitchen, name: str, number: int = 0) -> str:
    rows = kitchen.rows("SELECT id FROM operation WHERE name = :name ORDER BY recorded_at, id", name=name)
    return str(rows[number][0])


def test_every_kind_of_operation_is_undone_or_refused_with_a_reason(kitchen: Kitchen) -> None:
    """After each operation is recorded and undone, the catalogue is as before and the ledger agrees."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    for writer, call in CALLS.items():
        name = writer
        if name in NEVER:
            with pytest.raises(ZeroDivisionError), session_scope() as session:
                never = call(kitchen, session)["operation_id"]
                with pytest.raises((ValidationError, ConflictError), match=NEVER[name]):
                    record_reversal(never, "mistyped", session=session)
                raise ZeroDivisionError
            continue
        kitchen.receive("Flour", 1, "kg", 2)  # a last lot, which some of the operations draw from
        before = catalogue(kitchen)
        operation = run_in_transaction(lambda session, call=call: call(kitchen, session))["operation_id"]  # type: ignore[misc]
        reverse(operation)
        after = catalogue(kitchen)
        stays = (*MADE_FIRST.get(name, ()), *LEFT_BEHIND.get(name, ()))
        assert after == {**before, **{table: after[table] for table in stays}}, name
        with pytest.raises(ConflictError, match="was already undone by"):
            reverse(operation)
        if name == "record_production_correction":
            kitchen.produce("Cookies", "Cookie", 1, 24)
    assert drift() == []


def test_every_kind_is_walked_by_that_test() -> None:
    """A new ``record_*`` kind must be undone there or be listed in NEVER with a reason."""
    walked = set(CALLS)
    assert {name for name in kinds() if name.startswith("record_")} == walked
    assert NEVER.keys() < walked


def test_the_users_of_a_thing_are_in_the_tree_and_go_with_it(kitchen: Kitchen) -> None:
    """The item's product, recipe and yield all block the undo, and a cascade undoes them with it."""
    before = catalogue(kitchen)
    kitchen.ingredient("Flour")
    kitchen.recipe("Dough", {"Flour": (500, "g")}, {"Bun": 12})
    kitchen.recipe("Batch", {"Dough": (2, "batch")})
    run_in_transaction(lambda s: products.record_product(kitchen.ids["Flour"], "Type 550", 25, "kg", session=s))
    flour = made_by(kitchen, "record_item")
    with pytest.raises(DependentsError) as refused:
        reverse(flour)
    tree = refused.value.dependents
    assert {thing for one in tree for thing in one["things"]} == {"lines of dough", "product Type 550"}
    (dough,) = (one for one in tree if one["operation"] == "record_recipe")
    assert {thing for one in dough["dependents"] for thing in one["things"]} == {"yield of dough", "lines of batch"}
    undone = reverse(flour, cascade=True)
    assert undone["reversed_count"] == 5
    reverse(made_by(kitchen, "record_item", 1))
    assert (catalogue(kitchen), drift()) == (before, [])


def test_an_earlier_change_is_undone_after_the_later_ones(kitchen: Kitchen) -> None:
    """The lines, notes and rates of a recipe go back step by step, or all at once with cascade."""
    kitchen.simple_bakery()
    first = bread(kitchen, 500)
    key = first["recipe_id"]
    states = [catalogue(kitchen)]
    changes = []
    for grams in (600, 700):
        changes.append(bread(kitchen, grams, recipe_id=key, notes=f"{grams} g"))
        states.append(catalogue(kitchen))
    rated = run_in_transaction(lambda s: rates.record_recipe_rate(key, 7, Decimal("0.5"), session=s))
    with pytest.raises(DependentsError, match="1 later operation"):
        reverse(changes[0])
    again = run_in_transaction(lambda s: rates.record_recipe_rate(key, 8, 1, session=s))
    reverse(again["operation_id"])
    assert kitchen.rows("SELECT labour_micros FROM recipe_rate") == [(7_000_000,)]
    reverse(rated["operation_id"])
    assert catalogue(kitchen) == states[2]
    told = reverse(changes[1])["catalog"]
    assert told == [{"thing": "recipe bread", "done": "restored"}, {"thing": "lines of bread", "done": "restored"}]
    assert catalogue(kitchen) == states[1]
    reverse(changes[0])
    assert (catalogue(kitchen), drift()) == (states[0], [])
    assert reverse(first)["catalog"][0] == {"thing": "recipe bread", "done": "removed"}


def test_a_run_keeps_the_recipe_it_was_baked_with(kitchen: Kitchen) -> None:
    """Changes to lines or yield can be undone, but a recipe with runs stays, even after those are undone."""
    kitchen.simple_bakery()
    made = bread(kitchen)
    changed = bread(kitchen, 600, recipe_id=made["recipe_id"])
    kitchen.ids["Bread"] = made["recipe_id"]
    kitchen.item("finished_unit", "Loaf", "each")
    gives = run_in_transaction(
        lambda s: recipes.record_recipe_yield(made["recipe_id"], kitchen.ids["Loaf"], 1, session=s)
    )
    run = kitchen.produce("Bread", "Loaf", 2, 2)
    reverse(changed)
    reverse(gives["operation_id"])
    assert drift() == []
    with pytest.raises(StaysError, match=r"recipe bread: used in the ledger") as refused:
        reverse(made, cascade=True)
    assert [one["operation"] for one in refused.value.dependents] == ["record_batch_production"]
    reverse(run)
    with read_scope() as session:
        asked = check_reversal(made["operation_id"], session=session)
    assert (asked["can_reverse"], asked["stays"], asked["dependents"]) == (False, ["recipe bread"], [])
    with pytest.raises(StaysError):
        reverse(made)


def test_an_import_without_lots_is_gone_without_a_trace_and_comes_in_again(kitchen: Kitchen) -> None:
    """Every row it made is removed; a second import adds as much again, under new ids."""
    document = {**clean(), "inventory_items": [], "purchases": []}
    before = catalogue(kitchen)
    first = record(document, source="e.json")
    brought = catalogue(kitchen)
    last = kitchen.rows("SELECT max(id) FROM item")[0][0]
    reverse(first["operation_id"])  # type: ignore[typeddict-item]
    assert (catalogue(kitchen), drift()) == (before, [])
    second = record(document, source="e.json")
    assert second["added_count"] == first["added_count"]
    assert {name: len(rows) for name, rows in catalogue(kitchen).items()} == {
        name: len(rows) for name, rows in brought.items()
    }
    assert kitchen.rows("SELECT min(id) FROM item")[0][0] > last
    assert drift() == []


def test_an_import_that_brought_lots_leaves_what_the_ledger_names_and_says_so(kitchen: Kitchen) -> None:
    """The items of its lots stay with all they refer to; recipes, goods and products without lots are removed."""
    done = record(clean(), source="e.json")
    undone = reverse(str(done["operation_id"]))
    told = {one["thing"]: one["done"] for one in undone["catalog"]}
    of_lots = {f"item {row[0]}" for row in kitchen.rows("SELECT i.slug FROM item i JOIN lot l ON l.item_id = i.id")}
    assert of_lots != set()
    assert of_lots <= {thing for thing, what in told.items() if what == "kept"}
    assert {what for thing, what in told.items() if thing.startswith(("recipe", "lines"))} == {"removed"}
    assert kitchen.rows("SELECT count(*) FROM recipe") == [(0,)]
    assert drift() == []
    again = record(clean(), source="e.json")
    assert again["added_count"] > 0
    assert drift() == []


def test_the_rates_of_an_undone_import_are_removed_and_imported_again(kitchen: Kitchen) -> None:
    """The recipe stays because of its undone run; the rates are not part of what was baked."""
    document = {
        "format": FORMAT,
        "items": [
            {"kind": "ingredient", "slug": "flour", "name": "Flour", "base_unit": "g"},
            {"kind": "finished_unit", "slug": "loaf", "name": "Loaf", "base_unit": "each"},
        ],
        "recipes": [{"slug": "bread", "name": "Bread"}],
        "recipe_lines": [{"recipe": "bread", "item": "flour", "quantity": "1", "unit": "g"}],
        "recipe_makes": [{"recipe": "bread", "item": "loaf", "per_batch": "1"}],
        "recipe_rates": [{"recipe": "bread", "labour": "2", "overhead": "0"}],
    }
    done = record(document, source="e.json")
    kitchen.ids = {row.name: row.id for table in ("item", "recipe") for row in kitchen.rows(f"SELECT * FROM {table}")}
    kitchen.receive("Flour", 1, "kg")
    reverse(kitchen.produce("Bread", "Loaf", 1, 1))
    undone = reverse(str(done["operation_id"]), cascade=True)
    assert "kept" in {one["done"] for one in undone["catalog"] if one["thing"] == "recipe bread"}
    assert kitchen.rows("SELECT recipe_id FROM recipe_rate") == []
    assert (kitchen.rows("SELECT labour_micros FROM run_rate"), drift()) == ([(2_000_000,)], [])
    record(document, source="e.json")
    assert kitchen.rows("SELECT labour_micros FROM recipe_rate") == [(2_000_000,)]


def test_an_import_that_was_used_since_is_refused_with_the_tree(kitchen: Kitchen) -> None:
    """A recipe that uses one of its items is in the tree."""
    done = record({**clean(), "inventory_items": [], "purchases": []}, source="e.json")
    kitchen.ids["Flour"] = kitchen.rows("SELECT id FROM item WHERE kind = 'ingredient' AND NOT is_category")[0][0]
    bread(kitchen)
    with pytest.raises(DependentsError) as refused:
        reverse(str(done["operation_id"]))
    assert [one["things"] for one in refused.value.dependents] == [["lines of bread"]]
    reverse(str(done["operation_id"]), cascade=True)
    assert (kitchen.rows("SELECT count(*) FROM item"), drift()) == ([(0,)], [])


def test_a_page_takes_its_recipe_its_items_and_its_names_with_it(kitchen: Kitchen) -> None:
    """Every nested operation is undone, the recipe before its ingredients."""
    kitchen.simple_bakery()
    before = catalogue(kitchen)
    page = run_in_transaction(
        lambda s: record_recipe_page(
            "Shortbread",
            ["500 g plain flour", "2 tsp vanilla"],
            session=s,
            yields=["24 fingers"],
            choices={"create_missing": True, "names": {"plain flour": kitchen.ids["Flour"]}},
        )
    )
    reverse(page["operation_id"])
    assert (catalogue(kitchen), drift()) == (before, [])


def test_a_name_that_was_forgotten_is_remembered_again(kitchen: Kitchen) -> None:
    """After a change is undone, the name has its earlier meaning again."""
    kitchen.simple_bakery()
    ids = [kitchen.ids["Flour"], kitchen.ids["Sugar"], None]
    done = [run_in_transaction(lambda s, of=of: names_service.record_name("Mehl", of, session=s)) for of in ids]  # type: ignore[misc]
    named = []
    for one in reversed(done):
        reverse(one["operation_id"])
        named.append([row[0] for row in kitchen.rows("SELECT item_id FROM name_mapping")])
    assert named == [[ids[1]], [ids[0]], []]


def test_the_currency_is_not_undone_under_stock(kitchen: Kitchen) -> None:
    """The name can be undone; the currency cannot once there has been a lot."""
    changed = run_in_transaction(
        lambda s: things.record_bakery(name="Corner", currency="USD", time_zone="Europe/Berlin", session=s)
    )
    named = run_in_transaction(lambda s: things.record_bakery(name="Old Mill", session=s))
    kitchen.ingredient("Flour")
    reverse(kitchen.receive("Flour", 1, "kg"))
    reverse(named["operation_id"])
    assert kitchen.rows("SELECT name, currency FROM bakery") == [("Corner", "USD")]
    with pytest.raises(ConflictError, match="time_zone: this bakery already has stock in USD"):
        reverse(changed["operation_id"])
    assert drift() == []


def test_an_id_is_never_given_again(kitchen: Kitchen) -> None:
    """An old id never leads to a new item."""
    kitchen.ingredient("Flour")
    wrong = kitchen.ingredient("Suger")
    reverse(made_by(kitchen, "record_item", 1))
    assert kitchen.ingredient("Sugar") > wrong


def test_an_edit_outside_the_program_is_named_and_not_overwritten(kitchen: Kitchen) -> None:
    """Verification reports the recipe, and the undo refuses to overwrite it."""
    kitchen.simple_bakery()
    made = bread(kitchen)
    with session_scope() as session:
        session.execute(text("UPDATE recipe SET name = 'Cake' WHERE slug = 'bread'"))
    assert [(one["what"], one["id"]) for one in drift()] == [("catalogue", "recipe bread")]
    with pytest.raises(ConflictError, match="recipe bread has changed since"):
        reverse(made)


def test_undoing_an_operation_without_changes_is_refused(kitchen: Kitchen) -> None:
    """The bakery already had this name."""
    name = kitchen.rows("SELECT name FROM bakery")[0][0]
    same = run_in_transaction(lambda s: things.record_bakery(name=name, session=s))
    with pytest.raises(ValidationError, match="record_bakery: changed nothing that can be undone"):
        reverse(same["operation_id"])


def change(operation: str, thing: Thing, owner: Thing | None = None, *names: Thing) -> Change:
    return Change(1, operation, thing, [], [{}], owner, frozenset(names))


def test_an_entry_that_stays_keeps_its_parts() -> None:
    """A recipe with runs keeps its lines and their items; what another operation added can go."""
    recipe, lines, rate = ("recipe", "1"), ("recipe_line", "1"), ("recipe_rate", "1")
    flour, salt = ("item", "1"), ("item", "2")
    changes = [
        change("a", flour),
        change("a", salt),
        change("a", recipe),
        change("a", lines, recipe, recipe, flour),
        change("b", rate, recipe, recipe),
    ]
    assert what_stays(changes, {recipe}) == {recipe, lines, flour}
    assert what_stays(changes, {salt}) == {salt}


def test_undoing_the_allergens_of_a_package_locks_its_item(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undo locks the item as the statement did, so that of two changes the later sees the earlier."""
    kitchen, held, lock = Kitchen(), list[set[int]](), ledger.lock_items

    def noting(operation: Any, item_ids: Any) -> Any:
        held.append(set(item_ids))
        return lock(operation, item_ids)

    flour = kitchen.ingredient("Flour")
    bag = run_in_transaction(lambda s: products.record_product(flour, "Type 550", 25, "kg", session=s))
    said = run_in_transaction(
        lambda s: allergens.record_allergens(flour, ["wheat"], session=s, product_id=bag["product_id"])
    )
    monkeypatch.setattr(ledger, "lock_items", noting)
    reverse(said["operation_id"])
    assert held == [{flour}]


@pytest.mark.one_database
def test_the_command_line_shows_what_happened_to_the_catalogue(kitchen: Kitchen, bake: Any) -> None:
    """It lists what is removed, what prevents the undo, and what stays for good."""
    kitchen.simple_bakery()
    made = bread(kitchen)
    assert "removed: lines of bread" in bake("reverse", made["operation_id"], "--reason", "not ours").out
    sugar = made_by(kitchen, "record_item", 1)
    asked = bake("reverse", sugar, "--dry-run", "--cascade")
    assert (asked.code, "lines of cookies" in asked.out) == (1, True)
    assert "Cannot be undone: the ledger uses item sugar" in asked.out
    refused = bake("reverse", sugar, "--reason", "not ours", "--cascade", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "stays")
