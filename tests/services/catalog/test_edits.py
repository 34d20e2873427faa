"""Items, suppliers, events and customers are changed and archived, and both can be undone."""

from datetime import date
from typing import Any

import pytest

from bake_tracker.domain.errors import ItemNotFoundError, SupplierNotFoundError, ValidationError
from bake_tracker.domain.slices import Ask
from bake_tracker.queries.catalog.archived import load_archived
from bake_tracker.queries.catalog.definitions import load_slugs
from bake_tracker.queries.runs.choices import load_good_choices
from bake_tracker.queries.stock.receiving import load_bought_items
from bake_tracker.queries.views.event import load_event_slice
from bake_tracker.queries.views.item import load_item_slice
from bake_tracker.queries.views.recipient import load_recipient_slice
from bake_tracker.queries.views.supplier import load_supplier_slice
from bake_tracker.services.catalog import edits, things
from bake_tracker.services.database import read_scope, run_in_transaction
from support.kitchen import Kitchen
from support.shelf import drift
from support.undoing import reverse


def change_item(item_id: int, **changes: Any) -> Any:
    return run_in_transaction(lambda s: edits.record_item_change(item_id, changes, session=s))


def item(kitchen: Kitchen, item_id: int) -> tuple[Any, ...]:
    columns = "name, slug, pick_policy, shelf_life_days, description"
    return tuple(kitchen.rows(f"SELECT {columns} FROM item WHERE id = :i", i=item_id)[0])


def test_an_item_is_changed_and_changed_back(kitchen: Kitchen) -> None:
    """The slug stays, the answer lists what is different, and undo restores all of it."""
    flour = kitchen.simple_bakery().ids["Flour"]
    before = item(kitchen, flour)
    done = change_item(flour, name="Wheat flour", shelf_life_days=270, description="Type 550", pick_policy="fefo")
    assert (done["slug"], sorted(done["changed"])) == ("flour", ["description", "name", "shelf_life_days"])
    assert item(kitchen, flour) == ("Wheat flour", "flour", "fefo", 270, "Type 550")
    assert change_item(flour, shelf_life_days=None)["changed"] == ["shelf_life_days"]
    assert change_item(flour, name="Wheat flour")["changed"] == []
    reverse(done, cascade=True)
    assert item(kitchen, flour) == before
    assert drift() == []


def test_another_policy_applies_to_the_lots_on_hand(kitchen: Kitchen) -> None:
    """The first that came is used first, and undoing it brings back the order of expiry."""
    flour = kitchen.ingredient("Flour")
    for received, expires in ((date(2026, 1, 1), date(2027, 6, 1)), (date(2026, 1, 2), date(2027, 1, 1))):
        kitchen.receive("Flour", 1, "kg", 1, received_on=received, expires_on=expires)
    order = "SELECT id FROM lot ORDER BY pick_on, received_on, id"
    assert [row.id for row in kitchen.rows(order)] == [2, 1]
    done = change_item(flour, pick_policy="fifo")
    assert [row.id for row in kitchen.rows(order)] == [1, 2]
    assert drift() == []
    reverse(done)
    assert [row.id for row in kitchen.rows(order)] == [2, 1]
    assert drift() == []


def test_what_is_archived_is_no_longer_offered_and_its_history_stays(kitchen: Kitchen) -> None:
    """It can be offered again, or the archiving undone."""
    kitchen.simple_bakery()
    flour, box = kitchen.ids["Flour"], kitchen.ids["Box"]
    kitchen.produce("Cookies", "Cookie", 1, 24)

    def offered() -> tuple[int, int, set[str]]:
        with read_scope() as session:
            bought = {one["slug"] for one in load_bought_items(session, 50)}
            kept = load_item_slice(session, 50, archived=True)
            return len(load_good_choices(session, 50)), len(kept), bought

    assert offered() == (1, 0, {"flour", "sugar", "carton"})
    done = change_item(flour, archived=True)
    assert (done["changed"], done["is_archived"]) == (["archived"], True)
    change_item(box, archived=True)
    assert offered() == (0, 2, {"sugar", "carton"})
    assert kitchen.stock("Flour") > 0
    with read_scope() as session:
        assert "flour" not in load_slugs(session, "item", offered=True)
        assert "flour" in load_slugs(session, "item")
        assert [(one["kind"], one["slug"]) for one in load_archived(session)] == [("item", "box"), ("item", "flour")]
    assert change_item(box, archived=False)["is_archived"] is False
    reverse(done)
    assert offered() == (1, 0, {"flour", "sugar", "carton"})
    assert drift() == []


def test_suppliers_events_and_customers_are_changed_and_archived(kitchen: Kitchen) -> None:
    """Each keeps its slug, and a list of choices leaves it out."""
    mill = run_in_transaction(lambda s: things.record_supplier("Mill", session=s))["supplier_id"]
    fair = run_in_transaction(lambda s: things.record_event("Fair", session=s))["event_id"]
    ada = run_in_transaction(lambda s: things.record_recipient("Ada", session=s))["recipient_id"]
    changes: list[tuple[Any, int, dict[str, Any], Any]] = [
        (edits.record_supplier_change, mill, {"name": "Old mill", "details": "Mill lane 3"}, load_supplier_slice),
        (edits.record_event_change, fair, {"name": "Spring fair", "happens_on": date(2027, 4, 1)}, load_event_slice),
        (edits.record_recipient_change, ada, {"name": "Ada L.", "household": "Lovelace"}, load_recipient_slice),
    ]
    for record, key, fields, load in changes:
        wanted = {**fields, "archived": True}
        done = run_in_transaction(lambda s, r=record, k=key, w=wanted: r(k, w, session=s))
        assert sorted(done["changed"]) == sorted(wanted)
        with read_scope() as session:
            assert load(session, Ask("name"), offered=True).rows == []
            (row,) = load(session, Ask("name")).rows
        assert (row["name"], row["is_archived"]) == (fields["name"], True)
        reverse(done)
        with read_scope() as session:
            assert [one["is_archived"] for one in load(session, Ask("name"), offered=True).rows] == [False]
    assert drift() == []


@pytest.mark.one_database
def test_a_change_that_is_not_allowed_says_what_is(kitchen: Kitchen) -> None:
    """Unknown fields, wrong values, and entries that do not exist are each refused."""
    flour = kitchen.ingredient("Flour")
    for changes, words in (
        ({}, "must have at least one of name, pick_policy"),
        ({"slug": "x"}, "has no field 'slug'"),
        ({"pick_policy": "lifo"}, "pick_policy: must be one of fefo, fifo"),
        ({"shelf_life_days": -1}, "shelf_life_days: must be a whole number"),
        ({"name": " "}, "name: must not be empty"),
        ({"archived": "yes"}, "archived: must be true or false"),
    ):
        with pytest.raises(ValidationError, match=words):
            change_item(flour, **changes)
    with pytest.raises(ItemNotFoundError):
        change_item(999, archived=True)
    with pytest.raises(SupplierNotFoundError):
        run_in_transaction(lambda s: edits.record_supplier_change(9, {"archived": True}, session=s))
