"""Undo exactly: the same lots at the same cost, later uses first, all or nothing, and only once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, text

from bake_tracker.clock import now, uuid7
from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    OperationNotFoundError,
)
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.operations.history import load_operation, load_runs
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.reversal import check_reversal, record_reversal
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.handling import record_hold, record_release, record_transfer
from bake_tracker.testing import OperationLog
from support.import_files import clean, record
from support.kitchen import Kitchen
from support.undoing import bake_and_pack, drift, hold, lot_id, move, release, reverse, shelf

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """Flour, sugar and cartons; cookies, and boxes of six."""
    return kitchen.simple_bakery()


UNDONE: dict[str, Callable[[Kitchen], dict[str, Any]]] = {
    "receipt": lambda k: k.receive("Sugar", 1, "kg", 3),
    "receipt of unknown cost": lambda k: k.receive("Sugar", 1, "kg"),
    "production": lambda k: k.produce("Cookies", "Cookie", 2, 40),
    "total loss": lambda k: k.produce("Cookies", "Cookie", 1, 0),
    "production at a third": lambda k: k.produce("Cookies", "Cookie", 1, 7, scale_factor=Decimal(1) / 3),
    "bake and pack": bake_and_pack,
    "hold": lambda k: hold(k, "flour"),
    "transfer whole": lambda k: move(k, "flour", "Cellar"),
    "transfer of a part": lambda k: move(k, "flour", "Cellar", 333),
}


@pytest.mark.parametrize("kind", sorted(UNDONE))
def test_an_undo_leaves_every_lot_as_it_was(bakery: Kitchen, kind: str) -> None:
    """Quantity, cost, hold, place and expiry are the same to the millionth, and the ledger agrees."""
    before = shelf(bakery)
    done = UNDONE[kind](bakery)
    assert shelf(bakery) != before
    undone = reverse(done)
    assert shelf(bakery) == before
    assert undone["reversed_operation_id"] == done["operation_id"]
    assert drift() == []


def test_the_opposite_goes_onto_the_same_lots_at_the_same_cost(bakery: Kitchen) -> None:
    """Two lots of flour each get back what they gave, at its cost."""
    bakery.receive("Flour", 1, "kg", 9, lot_code="newer")
    made = bakery.produce("Cookies", "Cookie", 20, 480)
    undone = reverse(made)
    taken = {one["lot_id"]: (one["quantity"], one["cost"]) for one in made["consumptions"]}
    given = {one["lot_id"]: (one["quantity"], one["cost"]) for one in undone["lots"]}
    assert given == {**taken, made["lot_id"]: ("-480", f"-{made['total_ingredient_cost']}")}


def test_an_assembly_is_undone_and_its_boxes_gone(bakery: Kitchen) -> None:
    """Cookies and cartons are back, and the lot of boxes is empty and without cost."""
    bakery.produce("Cookies", "Cookie", 1, 24)
    before = shelf(bakery)
    reverse(bakery.assemble("Box", 3))
    assert shelf(bakery) == before
    assert bakery.stock("Box") == 0


def test_a_lot_without_a_price_comes_back_without_one(kitchen: Kitchen) -> None:
    """An unknown cost stays unknown, for what was used and for what was made."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (500, "g")}, {"Loaf": 1})
    kitchen.receive("Flour", 1, "kg")
    undone = reverse(kitchen.produce("Bread", "Loaf", 1, 1))
    assert [one["cost"] for one in undone["lots"]] == [None, None]
    assert (kitchen.stock("Flour"), kitchen.stock("Loaf"), drift()) == (1000, 0, [])


def test_the_children_of_a_composite_are_undone_with_it(bakery: Kitchen) -> None:
    """Each child has its own operation inside the reversal, the boxes before the cookies."""
    done = bake_and_pack(bakery)
    undone = reverse(done)
    assert [one["reversed_operation"] for one in undone["also_reversed"]] == [
        "record_assembly",
        "record_batch_production",
    ]
    assert undone["reversed_count"] == 3
    parents = bakery.rows("SELECT parent_id FROM operation WHERE name = 'record_reversal' AND parent_id IS NOT NULL")
    assert [str(row[0]) for row in parents] == [undone["operation_id"]] * 2


def test_a_composite_whose_child_was_undone_alone_is_undone_to_the_end(bakery: Kitchen) -> None:
    """The rest is undone; when nothing is left, the refusal says so."""
    before = shelf(bakery)
    first, second = bake_and_pack(bakery), bake_and_pack(bakery)
    reverse(first["assembly"])
    assert reverse(first)["reversed_count"] == 2
    reverse(second["assembly"])
    reverse(second["production"])
    with pytest.raises(ConflictError, match="already undone, part by part"):
        reverse(second)
    assert (shelf(bakery), drift()) == (before, [])


def test_an_import_is_undone_with_all_its_receipts(kitchen: Kitchen) -> None:
    """Every lot it added is empty, each by a reversal of its own."""
    done = record(clean(), source="e.json")
    lots = kitchen.rows("SELECT count(*) FROM lot")[0][0]
    assert lots > 0
    undone = reverse(str(done["operation_id"]))
    assert undone["reversed_count"] == lots + 1
    assert (shelf(kitchen), drift()) == ([], [])


def test_an_undo_of_something_used_since_is_refused_with_the_tree(bakery: Kitchen) -> None:
    """Receipt, production, assembly: the tree has a level for each, and nothing changes."""
    receipt = bakery.receive("Flour", 1, "kg", 3, expires_on=now().date() + timedelta(days=9))
    made = bakery.produce("Cookies", "Cookie", 1, 24)
    boxed = bakery.assemble("Box", 2)
    before = shelf(bakery)
    with pytest.raises(DependentsError) as refused:
        reverse(receipt)
    ((baking,), (boxing,)) = refused.value.dependents, refused.value.dependents[0]["dependents"]
    assert (baking["operation_id"], baking["lots"]) == (made["operation_id"], [receipt["lot_code"]])
    assert (boxing["operation_id"], boxing["lots"]) == (boxed["operation_id"], [made["lot_code"]])
    assert boxing["dependents"] == []
    assert shelf(bakery) == before
    with read_scope() as session:
        asked = check_reversal(receipt["operation_id"], session=session)
    assert (asked["can_reverse"], asked["dependents"]) == (False, refused.value.dependents)
    assert [one["operation_id"] for one in asked["operations"]] == [
        boxed["operation_id"],
        made["operation_id"],
        receipt["operation_id"],
    ]


def test_a_cascade_undoes_the_latest_first_in_one_transaction(bakery: Kitchen) -> None:
    """Boxes, cookies, flour; a failure in the caller rolls everything back."""
    before = shelf(bakery)
    receipt = bakery.receive("Flour", 1, "kg", 3, expires_on=now().date() + timedelta(days=9))
    made = bakery.produce("Cookies", "Cookie", 1, 24)
    boxed = bakery.assemble("Box", 2)
    full = shelf(bakery)
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        record_reversal(receipt["operation_id"], "recalled", session=session, cascade=True)
        raise ZeroDivisionError
    assert shelf(bakery) == full
    undone = reverse(receipt, "recalled", cascade=True)
    assert [one["reversed_operation_id"] for one in undone["also_reversed"]] == [
        boxed["operation_id"],
        made["operation_id"],
    ]
    assert (shelf(bakery), drift()) == (before, [])


def test_a_hold_that_was_released_since_is_undone_after_its_release(bakery: Kitchen) -> None:
    """A later release or move is listed and cascades, as a use does."""
    before = shelf(bakery)
    held = hold(bakery, "flour")
    release(bakery, "flour")
    moved = move(bakery, "flour", "Cellar")
    back = move(bakery, "flour", None)
    for done in (held, moved):
        with pytest.raises(DependentsError):
            reverse(done)
    assert reverse(moved, cascade=True)["also_reversed"][0]["reversed_operation_id"] == back["operation_id"]
    assert reverse(held, cascade=True)["reversed_count"] == 2
    assert (shelf(bakery), drift()) == (before, [])


def test_a_release_past_expiry_is_undone_to_the_day_before(kitchen: Kitchen) -> None:
    """The lot may be used until its own expiry again."""
    kitchen.ingredient("Flour")
    expired = now().date() - timedelta(days=2)
    kitchen.receive("Flour", 1, "kg", lot_code="old", expires_on=expired)
    before = shelf(kitchen)
    done = release(kitchen, "old", now().date() + timedelta(days=5))
    assert shelf(kitchen) != before
    reverse(done)
    assert (shelf(kitchen), drift()) == (before, [])


def test_a_held_split_off_part_does_not_slip_back_into_use(bakery: Kitchen) -> None:
    """Its hold depends on the split; a hold from before the split blocks the reversal."""
    done = move(bakery, "flour", "Cellar", 300)
    key = done["new_lot_id"]
    run_in_transaction(lambda s: record_hold([key], "damp", session=s))
    with pytest.raises(DependentsError):
        reverse(done)
    assert reverse(done, cascade=True)["reversed_count"] == 2
    held = hold(bakery, "flour")
    apart = move(bakery, "flour", "Cellar", 300)
    release(bakery, "flour")
    with pytest.raises(ConflictError, match="is on hold, but the lot it was split from is not"):
        reverse(apart)
    run_in_transaction(lambda s: record_release([apart["new_lot_id"]], "fine", session=s))
    reverse(held, cascade=True)
    assert drift() == []


def test_a_part_held_only_with_its_lot_is_free_when_the_hold_is_undone(bakery: Kitchen) -> None:
    """This includes parts of that part; a lot released by itself is left alone."""
    before = shelf(bakery)
    held = hold(bakery, "flour")
    parts = [move(bakery, "flour", "Cellar", 300), move(bakery, "flour", "Roof", 200)]
    parts.append(
        dict(run_in_transaction(lambda s: record_transfer(parts[0]["new_lot_id"], "Hall", session=s, quantity=9)))
    )
    assert bakery.rows("SELECT count(*) FROM lot WHERE on_hold") == [(4,)]
    reverse(held)
    assert (bakery.rows("SELECT count(*) FROM lot WHERE on_hold"), drift()) == ([(0,)], [])
    for part in reversed(parts):
        reverse(part)
    assert (shelf(bakery), drift()) == (before, [])


def test_a_part_split_off_after_a_release_is_held_when_the_release_is_undone(bakery: Kitchen) -> None:
    """A part held since an earlier hold stays held when a later hold is undone."""
    hold(bakery, "flour")
    move(bakery, "flour", "Cellar", 300)
    released = release(bakery, "flour")
    move(bakery, "flour", "Roof", 200)
    on_hold = "SELECT on_hold FROM lot WHERE code LIKE 'flour%' ORDER BY id"
    assert [bool(row[0]) for row in bakery.rows(on_hold)] == [False, True, False]
    later = hold(bakery, "flour")
    reverse(later)
    assert [bool(row[0]) for row in bakery.rows(on_hold)] == [False, True, False]
    reverse(released)
    assert [bool(row[0]) for row in bakery.rows(on_hold)] == [True, True, True]
    assert drift() == []


FAMILY: dict[str, tuple[str, ...]] = {
    "a part released": ("hold", "split", "release part"),
    "a part released until a day": ("hold", "split", "release part until"),
    "a part of a part released": ("hold", "split", "split part", "release part of part"),
    "a part released and held again": ("hold", "split", "release part", "hold part"),
    "several parts": ("hold", "split", "split", "release part", "split part", "release part of part until"),
    "a lot released until a day": ("release until", "split", "hold part"),
    "a part of a lot released until a day": ("release until", "split", "split part", "hold part of part"),
    "both released": ("hold", "split", "release", "release part until"),
}
"""Ways to handle a lot and the parts split off from it."""


@pytest.mark.parametrize("backwards", [False, True], ids=["the lot first", "the latest first"])
@pytest.mark.parametrize("way", sorted(FAMILY))
def test_every_hold_of_a_lot_and_its_parts_is_undone_in_any_order(bakery: Kitchen, way: str, backwards: bool) -> None:
    """The ledger agrees after each undo, and at the end the lot and its parts are free."""
    before, until = shelf(bakery), now().date() + timedelta(days=4)
    of_part = {"": lot_id(bakery, "flour")}
    handled: list[dict[str, Any]] = []
    splits: list[dict[str, Any]] = []
    for step in FAMILY[way]:
        verb, _, rest = step.partition(" ")
        part = of_part[rest.removesuffix("until").strip()]
        if verb == "split":
            amount = 3 if rest else 20
            apart = run_in_transaction(lambda s, k=part, q=amount: record_transfer(k, "Cellar", session=s, quantity=q))
            of_part["part of part" if rest else "part"] = int(apart["new_lot_id"] or 0)
            splits.append(dict(apart))
        elif verb == "hold":
            handled.append(dict(run_in_transaction(lambda s, k=part: record_hold([k], "damp", session=s))))
        else:
            day = until if rest.endswith("until") else None
            handled.append(
                dict(run_in_transaction(lambda s, k=part, d=day: record_release([k], "ok", session=s, usable_until=d)))
            )
    for done in reversed(handled) if backwards else handled:
        if any(
            done["operation_id"] == str(row[0]) for row in bakery.rows("SELECT reversed_operation_id FROM reversal")
        ):
            continue  # undone already, because an earlier hold of the same lot was
        reverse(done, cascade=True)
        assert drift() == []
    state = "SELECT DISTINCT on_hold, usable_until FROM lot WHERE code LIKE 'flour%'"
    assert [(bool(row[0]), row[1]) for row in bakery.rows(state)] == [(False, None)]
    for apart in reversed(splits):
        reverse(apart)
    assert (shelf(bakery), drift()) == (before, [])


def test_a_lot_that_is_not_where_it_came_to_be_is_named(bakery: Kitchen) -> None:
    """Places of made, split and moved-back lots are verified even where no move is in force."""
    bakery.produce("Cookies", "Cookie", 1, 24)
    part = move(bakery, "flour", "Cellar", 300)
    reverse(move(bakery, "sugar", "Roof"))
    assert drift() == []
    with session_scope() as session:
        session.execute(text("UPDATE lot SET location = 'Attic'"))
    named = {one["id"]: one["expected"] for one in drift() if one["what"] == "lot location"}
    assert named[part["new_lot_code"]] == "Cellar"
    assert sorted(code.partition("-")[0] for code in named) == ["cookie", "flour", "sugar"]


def test_a_split_is_undone_once_its_part_is_released(bakery: Kitchen) -> None:
    """A part that was released by itself may join its original lot again."""
    before = shelf(bakery)
    hold(bakery, "flour")
    apart = move(bakery, "flour", "Cellar", 300)
    release(bakery, "flour")
    run_in_transaction(lambda s: record_release([apart["new_lot_id"]], "fine", session=s))
    reverse(apart)
    assert (shelf(bakery), drift()) == (before, [])


@pytest.mark.thorough
def test_an_operation_with_twenty_thousand_dependents_lists_them_all(bakery: Kitchen) -> None:
    """There are more than PostgreSQL takes as parameters; the tree and the order list every one."""
    bought, count = bakery.receive("Sugar", 1_000, "kg", 3), 20_000
    ids = [uuid7() for _ in range(count)]
    same = {"lot_id": bought["lot_id"], "quantity_micros": -5, "cost_micros": 0, "happened_at": now()}
    with session_scope() as session:
        session.execute(
            text(
                "INSERT INTO operation "
                "(id, name, fingerprint, arguments, result, recorded_at, transaction_id, attempt) "
                "SELECT :id, 'record_adjustment', '', '{}', '{}', recorded_at, :id, 1 FROM operation WHERE id = :first"
            ),
            [{"id": key, "first": bought["operation_id"]} for key in ids],
        )
        session.execute(
            insert(Movement),
            [{"operation_id": key, **same} for key in ids],
        )
        taken = {"taken": 5 * count, "lot": bought["lot_id"]}
        session.execute(text("UPDATE lot SET remaining_micros = remaining_micros - :taken WHERE id = :lot"), taken)
    with read_scope() as session:
        asked = check_reversal(bought["operation_id"], session=session)
    assert [one["operation_id"] for one in asked["operations"]] == [*reversed(ids), bought["operation_id"]]
    assert sorted(one["operation_id"] for one in asked["dependents"]) == sorted(ids)


@pytest.mark.parametrize("times", ["a second time", "of a reversal"])
def test_an_undone_operation_stays_undone(bakery: Kitchen, times: str) -> None:
    """Neither an undone operation nor its reversal can be undone again, and the shelf stays the same."""
    made = bakery.produce("Cookies", "Cookie", 1, 24)
    undone = reverse(made)
    before = shelf(bakery)
    with pytest.raises(
        ConflictError, match="was already undone by" if times == "a second time" else "is a reversal of"
    ):
        reverse(made if times == "a second time" else undone)
    assert shelf(bakery) == before


def test_a_missing_operation_cannot_be_undone(bakery: Kitchen) -> None:
    """No operation has this id."""
    with pytest.raises(OperationNotFoundError):
        reverse(uuid7())


def test_the_same_reversal_again_is_a_replay(bakery: Kitchen) -> None:
    """The first answer comes back and nothing more is posted; another reason is a conflict."""
    made, key = bakery.produce("Cookies", "Cookie", 1, 24), uuid7()
    first = reverse(made, operation_id=key)
    before = shelf(bakery)
    assert reverse(made, operation_id=key) == first
    with pytest.raises(ConflictError, match="already used"):
        reverse(made, "another reason", operation_id=key)
    assert shelf(bakery) == before


def test_a_refusal_inside_a_savepoint_leaves_the_rest_to_the_caller(
    bakery: Kitchen, operation_log: OperationLog
) -> None:
    """The caller catches it, continues in the same transaction and commits the rest."""
    receipt = bakery.receive("Flour", 1, "kg", 3, expires_on=now().date() + timedelta(days=9))
    bakery.produce("Cookies", "Cookie", 1, 24)
    operation_log.clear()
    with session_scope() as session:
        with pytest.raises(DependentsError):
            record_reversal(receipt["operation_id"], "recalled", session=session)
        undone = record_reversal(receipt["operation_id"], "recalled", session=session, cascade=True)
    assert operation_log.outcomes("record_reversal") == ["conflict", "success", "success"]
    operation_log.assert_one_outcome_each()
    assert bakery.rows("SELECT count(*) FROM reversal")[0][0] == undone["reversed_count"]


def test_runs_and_operations_say_what_was_reversed_by_which_and_why(bakery: Kitchen) -> None:
    """This marks the undone run and no other."""
    undone, stays = bakery.produce("Cookies", "Cookie", 1, 24), bakery.produce("Cookies", "Cookie", 1, 24)
    done = reverse(undone, "baked once")
    with read_scope() as session:
        told = {run["operation_id"]: run["reversed"] for run in load_runs(session, 5)}
        of_run = load_operation(session, undone["operation_id"])
        of_reversal = load_operation(session, done["operation_id"])
    assert told == {undone["operation_id"]: True, stays["operation_id"]: False}
    assert of_run["reversed_by"] == {
        "operation_id": done["operation_id"],
        "operation": "record_reversal",
        "reason": "baked once",
    }
    assert (of_run["reverses"], of_reversal["reversed_by"]) == (None, None)
    assert of_reversal["reverses"] == {
        "operation_id": undone["operation_id"],
        "operation": "record_batch_production",
        "reason": "baked once",
    }


def test_a_correction_that_took_what_was_added_is_undone_first(bakery: Kitchen) -> None:
    """A correction added flour to a lot and a production took it: the production depends on the correction."""
    bakery.receive("Sugar", 1, "kg", 2)
    before = shelf(bakery)
    line = {"lot_id": lot_id(bakery, "flour"), "quantity": 500}
    added = run_in_transaction(lambda s: record_adjustment("correction", [line], session=s, reason="found a bag"))
    bakery.produce("Cookies", "Cookie", 20, 480)
    made = bakery.produce("Cookies", "Cookie", 1, 0, scale_factor=Decimal("0.5"))
    with pytest.raises(DependentsError) as refused:
        reverse(added["operation_id"])
    assert made["operation_id"] in str(refused.value.dependents)
    reverse(added["operation_id"], cascade=True)
    assert (shelf(bakery), drift()) == (before, [])
