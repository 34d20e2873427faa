"""An item is kept in another unit: what is used today follows, and history stays in its unit."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    ItemNotFoundError,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.models import Base, tables
from bake_tracker.queries.catalog.unit_changes import COPIED, REFERRING, STAYING
from bake_tracker.queries.reports.prices import load_last_prices, load_prices
from bake_tracker.queries.stock.receiving import load_last_received
from bake_tracker.queries.stock.traced import load_trace
from bake_tracker.queries.views.item import load_item_view
from bake_tracker.queries.views.label import load_label
from bake_tracker.services.catalog import names, products
from bake_tracker.services.catalog.measures import record_piece_weight
from bake_tracker.services.catalog.unit_change import check_unit_change, record_unit_change
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.cost_statement import record_cost_statement
from bake_tracker.services.stock.handling import record_release, record_transfer
from bake_tracker.services.stock.returns import record_return
from bake_tracker.services.stock.stocktake import check_stocktake, record_stocktake
from bake_tracker.testing import OperationLog
from support.archives import another, archive, restore
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import allergens, drift
from support.tampering import drift_after
from support.undoing import hold, lot_id, reverse, shelf
from support.web import Web, submit

pytest_plugins = ["bake_tracker.testing"]


def change(item_id: int, unit: str) -> Any:
    return run_in_transaction(lambda s: record_unit_change(item_id, unit, session=s))


def look(item_id: int, unit: str) -> Any:
    with read_scope() as session:
        return check_unit_change(item_id, unit, session=session)


def piece(item_id: int, pieces: int, weight: int) -> None:
    run_in_transaction(lambda s: record_piece_weight(item_id, pieces, weight, "g", session=s, source="scale"))


def eggs(kitchen: Kitchen) -> int:
    """Eggs in g, two lots of which one is on hold, in a recipe, with a package, a name, allergens and a weight."""
    egg = kitchen.ingredient("Egg")
    piece(egg, 1, 53)
    kitchen.receive("Egg", 530, "g", 3, received_on=date(2026, 1, 1), expires_on=date(2099, 1, 1), lot_code="E1")
    kitchen.receive("Egg", 1000, "g", 5, received_on=date(2026, 1, 2), lot_code="E2", location="Cellar")
    hold(kitchen, "E2")
    kitchen.ingredient("Flour")
    kitchen.receive("Flour", 10, "kg", 20, received_on=date(2026, 1, 1))
    kitchen.recipe("Cookies", {"Flour": (500, "g"), "Egg": (2, "each")}, {"Cookie": 24})
    allergens(kitchen, "Egg", "eggs")
    run_in_transaction(lambda s: products.record_product(egg, "Ten", 530, "g", session=s, package_type="box"))
    run_in_transaction(lambda s: names.record_name("Hen's egg", egg, session=s))
    return egg


def items(kitchen: Kitchen) -> list[Any]:
    sql = "SELECT slug, base_unit, id IN (SELECT item_id FROM archived_item) FROM item WHERE name = 'Egg' ORDER BY id"
    return [(row[0], row[1], bool(row[2])) for row in kitchen.rows(sql)]


def catalogue(kitchen: Kitchen) -> list[Any]:
    """Every reference to an item of the name, by table."""
    egg = "(SELECT id FROM item WHERE slug = 'egg')"
    return [
        kitchen.rows(f"SELECT count(*) FROM {table} WHERE {column} = {egg}")[0][0]
        for table, column in sorted({**REFERRING, **COPIED}.items())
        if table != "item_in_parts"  # has a test of its own
    ]


def test_everything_in_use_follows_and_history_stays(kitchen: Kitchen) -> None:
    """Slug, name, recipe, package, name, allergens, measure and lots; the earlier item is archived in its unit."""
    egg = eggs(kitchen)
    kitchen.produce("Cookies", "Cookie", 1, 24)  # takes 106 g
    before = catalogue(kitchen)
    seen = look(egg, "each")
    done = change(egg, "each")
    assert items(kitchen) == [("egg-in-g", "g", True), ("egg", "each", False)]
    assert catalogue(kitchen) == before
    assert [dict(lot, new_lot_id=0) for lot in done["lots"]] == [dict(lot, new_lot_id=0) for lot in seen["lots"]]
    assert [(lot["quantity"], lot["new_quantity"], lot["difference"]) for lot in done["lots"]] == [
        ("424", "8", "0"),
        ("1000", "18.867925", "1/2120000"),
    ]
    assert {name: done[name] for name in ("slug", "old_slug", "from_unit", "to_unit", "recipe_count")} == {
        "slug": "egg",
        "old_slug": "egg-in-g",
        "from_unit": "g",
        "to_unit": "each",
        "recipe_count": 1,
    }
    lots = kitchen.rows(
        "SELECT code, remaining_micros, remaining_cost_micros, on_hold, received_on, expires_on, location FROM lot "
        "WHERE item_id = :i ORDER BY id",
        i=done["new_item_id"],
    )
    assert [(lot.code, lot.remaining_micros, lot.remaining_cost_micros, bool(lot.on_hold)) for lot in lots] == [
        ("E1", 8_000_000, 2_400_000, False),
        ("E2", 18_867_925, 5_000_000, True),
    ]
    assert [(str(lot.received_on), lot.expires_on and str(lot.expires_on), lot.location) for lot in lots] == [
        ("2026-01-01", "2099-01-01", None),
        ("2026-01-02", None, "Cellar"),
    ]
    assert drift() == []
    made = kitchen.produce("Cookies", "Cookie", 1, 24)
    used = {one["ingredient_slug"]: (one["quantity"], one["unit"]) for one in made["consumptions"]}
    assert used == {"egg": ("2", "each"), "flour": ("500", "g")}
    with read_scope() as session:
        now, then = (load_item_view(session, key, date(2026, 1, 3)) for key in (done["new_item_id"], egg))
        price = load_last_prices(session, [done["new_item_id"]])[done["new_item_id"]]
    assert (now["follows"]["slug"], then["followed_by"]["slug"], then["unit"]) == ("egg-in-g", "egg", "g")
    assert (price["lot_code"], price["price"].cost_micros) == ("E2", 5_000_000)
    assert drift() == []


def test_it_is_undone_exactly(kitchen: Kitchen) -> None:
    """Everything is as it was, but for an archived item that nothing uses; and it can be done again, and back."""
    egg = eggs(kitchen)
    before, used = shelf(kitchen), catalogue(kitchen)
    done = change(egg, "each")
    reverse(done)
    assert (shelf(kitchen), catalogue(kitchen)) == (before, used)
    assert items(kitchen) == [("egg", "g", False), ("egg-in-each", "each", True)]
    assert drift() == []
    again = change(egg, "each")
    back = change(again["new_item_id"], "g")
    assert [(lot["lot_code"], lot["new_quantity"], lot["difference"]) for lot in back["lots"]] == [
        ("E1", "530", "0"),
        ("E2", "1000.000025", "0"),
    ]
    assert items(kitchen)[0] == ("egg-in-g", "g", True)
    assert items(kitchen)[-1] == ("egg", "g", False)
    assert drift() == []


def test_undo_needs_the_new_lots_untouched(kitchen: Kitchen) -> None:
    """Anything that has used them or was added to the new item is undone with it, or prevents it."""
    egg = eggs(kitchen)
    before = shelf(kitchen)
    done = change(egg, "each")
    kitchen.ids["Egg"] = done["new_item_id"]
    made = kitchen.produce("Cookies", "Cookie", 1, 24)
    came = kitchen.receive("Egg", 10, "each", 3)
    with pytest.raises(DependentsError) as refused:
        reverse(done)
    later = {one["operation_id"] for one in refused.value.dependents}
    assert later == {made["operation_id"], came["operation_id"]}
    reverse(done, cascade=True)
    assert [row[:3] for row in shelf(kitchen)] == [row[:3] for row in before]
    assert drift() == []


def test_what_an_undo_gives_back_to_the_earlier_item_is_carried_over_too(kitchen: Kitchen) -> None:
    """The same call for the earlier item; without anything left it is refused."""
    egg = eggs(kitchen)
    made = kitchen.produce("Cookies", "Cookie", 1, 24)
    done = change(egg, "each")
    with pytest.raises(ConflictError, match="egg-in-g is kept as egg now; nothing is left to move"):
        change(egg, "each")
    with pytest.raises(ValidationError, match="must be each: egg-in-g is kept as egg now"):
        change(egg, "ml")
    reverse(made)
    assert look(egg, "each")["lots"][0]["new_quantity"] == "2"
    left = change(egg, "each")
    assert (left["new_item_id"], left["slug"], left["old_slug"]) == (done["new_item_id"], "egg", "egg-in-g")
    assert kitchen.rows("SELECT count(*) FROM lot WHERE item_id = :i AND remaining_micros > 0", i=egg)[0][0] == 0
    assert drift() == []
    reverse(left)
    assert drift() == []


def test_the_earlier_item_takes_nothing_more_for_use(kitchen: Kitchen) -> None:
    """A count and a correction belong to the item that follows; what a customer brings back is carried over too."""
    egg = eggs(kitchen)
    (lot,) = (int(row.id) for row in kitchen.rows("SELECT id FROM lot WHERE code = 'E1'"))
    line: Any = {"lot_id": lot, "quantity": 106}
    sold = run_in_transaction(lambda s: record_adjustment("sale", [line], session=s))
    change(egg, "each")
    now_kept = "lot E1 is of egg-in-g, which is kept as egg in each now"
    with pytest.raises(ConflictError, match=f"{now_kept}; record it there"):
        run_in_transaction(lambda s: record_adjustment("correction", [line], session=s, reason="found"))
    counted: Any = [{"lot_id": lot, "counted": 53}]
    with read_scope() as session, pytest.raises(ConflictError, match=f"{now_kept}; count it there"):
        check_stocktake(counted, session=session)
    with pytest.raises(ConflictError, match=f"{now_kept}; count it there"):
        run_in_transaction(lambda s: record_stocktake(counted, session=s))

    def brought_back(put: str) -> Any:
        return lambda s: record_return([line], session=s, handed_over_by=sold["operation_id"], put=put)

    with pytest.raises(ConflictError, match=f"{now_kept}; put it on hold, then change its unit again"):
        run_in_transaction(brought_back("stock"))
    run_in_transaction(brought_back("hold"))
    (carried,) = change(egg, "each")["lots"]
    assert carried["new_quantity"] == "2"
    assert kitchen.rows("SELECT on_hold FROM lot WHERE id = :i", i=carried["new_lot_id"])[0][0]
    assert drift() == []


def test_each_lot_is_traced_to_its_own_source(kitchen: Kitchen) -> None:
    """A recall of one lot does not reach the others; holds and moves go on."""
    egg = eggs(kitchen)
    kitchen.ids["Egg"] = change(egg, "each")["new_item_id"]
    cookies = kitchen.produce("Cookies", "Cookie", 1, 24)
    with read_scope() as session:
        first, second = (load_trace(session, lot_id(kitchen, code)) for code in ("E1", "E2"))
    assert [(step["kind"], step["quantity"], step["unit"]) for step in first["forward"]] == [
        ("kept in another unit", "530", "g"),
        ("baked", "2", "each"),
    ]
    assert [(step["kind"], step["into_lot_code"]) for step in second["forward"]] == [("kept in another unit", "E2")]
    assert {lot["split_from"] for lot in first["lots"]} == {None}
    new = kitchen.rows("SELECT max(id) FROM lot WHERE code = 'E2'")[0][0]
    run_in_transaction(lambda s: record_release([new], "fine", session=s))
    part = run_in_transaction(lambda s: record_transfer(new, "Shelf", session=s, quantity=3))
    assert part["new_lot_code"] == "E2/1"
    assert cookies["lot_code"]
    assert drift() == []


def test_a_hold_that_is_undone_frees_the_carried_lot(kitchen: Kitchen) -> None:
    """The lot was on hold when it was carried over."""
    egg = kitchen.ingredient("Egg")
    piece(egg, 1, 50)
    kitchen.receive("Egg", 500, "g", 3, lot_code="E1")
    held = hold(kitchen, "E1")
    change(egg, "each")
    reverse(held)
    assert [bool(row.on_hold) for row in kitchen.rows("SELECT on_hold FROM lot ORDER BY id")] == [False, False]
    assert drift() == []


def test_components_are_converted(kitchen: Kitchen) -> None:
    """A material in a box; the quantity in the box is rounded up once too."""
    kitchen.simple_bakery()
    piece(kitchen.ids["Carton"], 3, 100)
    done = change(kitchen.ids["Carton"], "g")
    assert [(one["finished_good_slug"], one["new_quantity"], one["difference"]) for one in done["components"]] == [
        ("box", "33.333334", "1/1500000")
    ]
    assert done["lots"][0]["new_quantity"] == "3333.333334"
    kitchen.produce("Cookies", "Cookie", 1, 24)
    kitchen.assemble("Box", 1)
    assert drift() == []
    with pytest.raises(DependentsError):
        reverse(done)


@pytest.mark.one_database
def test_what_cannot_be_changed_says_why(kitchen: Kitchen) -> None:
    """No measure, the same unit, a length, a product, an archived or unknown item."""
    kitchen.simple_bakery()
    flour = kitchen.ids["Flour"]
    with pytest.raises(UnitConversionError) as refused:
        change(flour, "ml")
    assert refused.value.remedies[0]["missing"][0]["measure"] == "density"
    for item_id, unit, words in (
        (flour, "g", "base_unit: is g already"),
        (flour, "stone", "base_unit: must be one of g, ml, each, cm"),
        (kitchen.ids["Cookie"], "g", "cookie is made here"),
    ):
        with pytest.raises(ValidationError, match=words):
            look(item_id, unit)
    with pytest.raises(UnitConversionError, match="cannot convert g to cm"):
        change(flour, "cm")
    with pytest.raises(ItemNotFoundError):
        change(999, "g")
    assert drift() == []


@pytest.mark.one_database
def test_each_lot_has_a_line_inside_that_of_the_change(kitchen: Kitchen, operation_log: OperationLog) -> None:
    """Each line says what it did."""
    egg = eggs(kitchen)
    operation_log.clear()
    done = change(egg, "each")
    assert operation_log.outcomes("record_unit_change") == ["success"] * 3
    assert sorted(line.fields["lot_count"] for line in operation_log.ends) == [1, 1, 2]
    assert {line.fields["new_item_id"] for line in operation_log.ends} == {done["new_item_id"]}
    operation_log.assert_one_outcome_each()


@pytest.mark.one_database
def test_prices_and_the_last_receipt_are_known_in_the_new_unit(kitchen: Kitchen) -> None:
    """This holds even if nothing was in stock when the unit changed."""
    egg = kitchen.ingredient("Egg")
    piece(egg, 1, 50)
    came = kitchen.receive("Egg", 500, "g", 3, received_on=date(2026, 1, 1), location="Cellar")
    run_in_transaction(lambda s: record_adjustment("waste", [{"lot_id": came["lot_id"], "quantity": 500}], session=s))
    new = change(egg, "each")["new_item_id"]
    with read_scope() as session:
        last, price = load_last_received(session, new), load_last_prices(session, [new])[new]
        history = load_prices(session, new)
    assert last is not None
    assert (last["quantity"], last["location"]) == ("10", "Cellar")
    assert (price["price"].quantity_micros, price["price"].cost_micros) == (10_000_000, 3_000_000)
    assert (history["purchases"], history["follows"]["slug"]) == ([], "egg-in-g")


@pytest.mark.one_database
def test_a_cost_that_is_stated_later_reaches_the_carried_lot_alone(kitchen: Kitchen) -> None:
    """The bill of one lot passes on to what that lot became, and not to the other."""
    egg = kitchen.ingredient("Egg")
    piece(egg, 1, 50)
    for code in ("E1", "E2"):
        kitchen.receive("Egg", 500, "g", lot_code=code)
    first, second = (lot["new_lot_id"] for lot in change(egg, "each")["lots"])
    line = {"lot_id": lot_id(kitchen, "E1"), "cost": 4}
    run_in_transaction(lambda s: record_cost_statement([line], session=s, kind="invoice"))
    costs = kitchen.rows("SELECT id, remaining_cost_micros FROM lot WHERE remaining_micros > 0 ORDER BY id")
    assert [tuple(row) for row in costs] == [(first, 4_000_000), (second, None)]
    assert drift() == []


@pytest.mark.one_database
@pytest.mark.parametrize(("grams", "allowed"), [(530, []), (531, [("egg",)])])
def test_parts_of_pieces_are_allowed_if_a_lot_has_some(
    kitchen: Kitchen, grams: int, allowed: list[tuple[str, ...]]
) -> None:
    """Otherwise nobody could count or sell what is left."""
    egg = kitchen.ingredient("Egg")
    piece(egg, 1, 53)
    kitchen.receive("Egg", grams, "g")
    done = change(egg, "each")
    found = kitchen.rows("SELECT slug FROM item JOIN item_in_parts ON item_id = id")
    assert [tuple(row) for row in found] == allowed
    reverse(done)
    assert kitchen.rows("SELECT * FROM item_in_parts") == []
    assert drift() == []


@pytest.mark.one_database
def test_labels_of_what_was_made_before_follow_the_item(kitchen: Kitchen) -> None:
    """An allergen stated later counts for the cookies that were made from the earlier unit."""
    egg = eggs(kitchen)
    allergens(kitchen, "Flour", "wheat")
    made = kitchen.produce("Cookies", "Cookie", 1, 24)
    kitchen.ids["Egg"] = change(egg, "each")["new_item_id"]
    allergens(kitchen, "Egg", "eggs", "milk")
    with read_scope() as session:
        label = load_label(session, made["lot_id"]).label
    assert set(label.contains) == {"eggs", "milk", "wheat"}
    assert [(one.food.slug, one.quantity, one.weight_g) for one in label.ingredients] == [
        ("flour", 500, 500),
        ("egg", 2, 106),
    ]


def test_every_reference_to_an_item_is_decided(kitchen: Kitchen) -> None:
    """A new table that refers to items follows, is copied, or stays for a reason."""
    found = {
        (table.name, key.parent.name)
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table is tables.item
    }
    decided = {*REFERRING.items(), *COPIED.items()}
    assert {name for name, column in found if (name, column) not in decided} - STAYING.keys() <= {"good_component"}
    assert decided <= found


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE lot SET received_on = '2020-01-01' WHERE id = :new", "received_on of a lot in another unit"),
        ("UPDATE unit_change SET factor = '1/50' WHERE lot_id = :old", "quantity of a lot in another unit"),
        ("UPDATE lot SET parent_lot_id = NULL WHERE id = :new", "lot of a lot in another unit"),
        ("DELETE FROM unit_change WHERE lot_id = :old", "movement of lot"),
        ("UPDATE item SET g_per_each = NULL WHERE slug = 'egg'", "item piece"),
        ("UPDATE item SET slug = 'egg-in-each' WHERE slug = 'egg'", "catalogue"),
    ],
)
def test_verify_sees_what_was_changed_outside_the_program(kitchen: Kitchen, statement: str, what: str) -> None:
    """Every carried lot is compared with what its source held."""
    lot = change(eggs(kitchen), "each")["lots"][0]
    parameters = {name: key for name, key in (("old", lot["lot_id"]), ("new", lot["new_lot_id"])) if name in statement}
    assert what in {one["what"] for one in drift_after(statement, **parameters)}


@pytest.mark.one_database
def test_a_restored_bakery_can_undo_it(
    kitchen: Kitchen, request: pytest.FixtureRequest, tmp_path: Path, use: Callable[[str], str]
) -> None:
    """The archive has everything that the change wrote."""
    eggs(kitchen)
    before = shelf(kitchen)
    done = change(kitchen.ids["Egg"], "each")
    lines = archive()
    other = another(request, "sqlite", tmp_path / "other")
    restore(lines, other)
    use(other)
    assert drift() == []
    reverse(done)
    assert shelf(kitchen) == before
    assert drift() == []


@pytest.mark.one_database
def test_the_command_shows_what_would_change_and_records_it(kitchen: Kitchen, bake: CommandLine) -> None:
    """It shows quantities before and after with the rounding, or the missing measure if none connects the units."""
    eggs(kitchen)
    seen = bake("item", "unit", "egg", "each", "--dry-run").out
    assert "egg would be kept in each, not g" in seen
    assert "lot E2: 1000 g = 18.867925 each (rounded up by 1/2120000 each)" in seen
    assert "1 recipe and 1 package follow" in seen
    assert items(kitchen) == [("egg", "g", False)]
    done = bake("item", "unit", "egg", "each")
    assert "history stays in g, as egg-in-g" in done.out
    assert "kept in g: bake prices egg-in-g" in bake("prices", "egg").out
    assert "kept in another unit" in bake("trace", "E1").out
    assert "in another unit, received on" in bake("explain", "E1").out
    assert "bake measure flour --volume" in bake("item", "unit", "flour", "ml").err


@pytest.mark.one_database
def test_the_page_shows_what_would_change_before_it_is_recorded(kitchen: Kitchen) -> None:
    """The pages of both items lead to each other."""
    egg = eggs(kitchen)
    baker = Web().let_in().browser(Role.BAKER)
    path = f"/stock/{egg}/unit"
    assert path in baker.get(f"/stock/{egg}").text
    seen = submit(baker, path, path, base_unit="each")
    assert "18.867925" in seen.text
    assert "2 lots, 1 recipe and 1 package follow. Nothing is recorded yet." in seen.text
    assert items(kitchen) == [("egg", "g", False)]
    done = submit(baker, path, path, base_unit="each", seen="each")
    new = baker.get(done.headers["location"]).text
    assert f"/stock/{egg}" in new
    assert "See what was recorded then" in new
    assert "as <a" in baker.get(f"/stock/{egg}").text
    refused = submit(
        baker, f"/stock/{kitchen.ids['Flour']}/unit", f"/stock/{kitchen.ids['Flour']}/unit", base_unit="ml"
    )
    assert "Nothing was recorded" in refused.text


@pytest.mark.one_database
def test_the_api_checks_and_records(kitchen: Kitchen) -> None:
    """A repeated key answers the same, and the item says what followed it."""
    egg = eggs(kitchen)
    baker = Web().let_in().program(Role.BAKER)
    path, body = f"/api/v1/items/{egg}/unit-changes", {"base_unit": "each"}
    seen = baker.post(f"{path}/check", json=body).json()
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (baker.post(path, json=body, headers=key).json() for _ in range(2))
    assert first == again
    assert (seen["lot_count"], first["lot_count"]) == (2, 2)
    assert baker.get(f"/api/v1/items/{egg}").json()["followed_by"]["item_id"] == first["new_item_id"]
