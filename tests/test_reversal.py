"""Undo exactly: the same lots, the same cost; what rests on it first; all or nothing, once."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from import_files import clean, record
from kitchen import Kitchen
from sqlalchemy import text

from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    OperationNotFoundError,
    ServiceError,
    ValidationError,
)
from bake_tracker.queries.history import load_operation, load_runs
from bake_tracker.queries.verification import verify_ledger
from bake_tracker.services.adjustment_service import record_adjustment
from bake_tracker.services.bake_and_pack_service import record_bake_and_pack
from bake_tracker.services.clock import now, uuid7
from bake_tracker.services.correction_service import record_production_correction
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.handling_service import record_hold, record_release, record_transfer
from bake_tracker.services.reversal_service import check_reversal, record_reversal
from bake_tracker.testing import OperationLog

pytest_plugins = ["bake_tracker.testing"]

SHELF = (
    "SELECT code, remaining_micros, remaining_cost_micros, on_hold, usable_until, location, expires_on "
    "FROM lot WHERE remaining_micros > 0 ORDER BY id"
)


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """Flour, sugar and cartons; cookies, and boxes of six."""
    return kitchen.simple_bakery()


def shelf(kitchen: Kitchen) -> list[Any]:
    return [tuple(row) for row in kitchen.rows(SHELF)]


def reverse(operation: Any, reason: str = "mistyped", **more: Any) -> dict[str, Any]:
    key = operation if isinstance(operation, str) else operation["operation_id"]
    return dict(run_in_transaction(lambda s: record_reversal(key, reason, session=s, **more)))


def lot_id(kitchen: Kitchen, beginning: str) -> int:
    return int(kitchen.rows("SELECT id FROM lot WHERE code LIKE :code ORDER BY id", code=f"{beginning}%")[0][0])


def bake_and_pack(kitchen: Kitchen) -> dict[str, Any]:
    ids = kitchen.ids
    return dict(
        run_in_transaction(
            lambda s: record_bake_and_pack(ids["Cookies"], ids["Cookie"], 1, 24, ids["Box"], 4, session=s)
        )
    )


def drift() -> list[Any]:
    with read_scope() as session:
        return verify_ledger(session)["drift"]


def hold(kitchen: Kitchen, beginning: str) -> dict[str, Any]:
    return dict(run_in_transaction(lambda s: record_hold([lot_id(kitchen, beginning)], "smells", session=s)))


def release(kitchen: Kitchen, beginning: str, until: date | None = None) -> dict[str, Any]:
    key = lot_id(kitchen, beginning)
    return dict(run_in_transaction(lambda s: record_release([key], "fine", session=s, usable_until=until)))


def move(kitchen: Kitchen, beginning: str, place: str | None, quantity: int | None = None) -> dict[str, Any]:
    key = lot_id(kitchen, beginning)
    return dict(run_in_transaction(lambda s: record_transfer(key, place, session=s, quantity=quantity)))


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
def test_what_is_undone_leaves_every_lot_as_it_was(bakery: Kitchen, kind: str) -> None:
    """Quantity, cost, hold, place and expiry, to the millionth; and the ledger agrees with it."""
    before = shelf(bakery)
    done = UNDONE[kind](bakery)
    assert shelf(bakery) != before
    undone = reverse(done)
    assert shelf(bakery) == before
    assert undone["reversed_operation_id"] == done["operation_id"]
    assert drift() == []


def test_the_opposite_goes_onto_the_same_lots_at_the_same_cost(bakery: Kitchen) -> None:
    """Flour from two lots goes back to both, each what it gave at what it cost."""
    bakery.receive("Flour", 1, "kg", 9, lot_code="newer")
    made = bakery.produce("Cookies", "Cookie", 20, 480)
    undone = reverse(made)
    taken = {one["lot_id"]: (one["quantity"], one["cost"]) for one in made["consumptions"]}
    given = {one["lot_id"]: (one["quantity"], one["cost"]) for one in undone["lots"]}
    assert given == {**taken, made["lot_id"]: ("-480", f"-{made['total_ingredient_cost']}")}


def test_an_assembly_is_undone_and_its_boxes_gone(bakery: Kitchen) -> None:
    """Cookies and cartons are back, and the boxes' lot holds and costs nothing."""
    bakery.produce("Cookies", "Cookie", 1, 24)
    before = shelf(bakery)
    reverse(bakery.assemble("Box", 3))
    assert shelf(bakery) == before
    assert bakery.stock("Box") == 0


def test_a_lot_without_a_price_comes_back_without_one(kitchen: Kitchen) -> None:
    """What is unknown stays unknown, of what was used and of what was made."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (500, "g")}, {"Loaf": 1})
    kitchen.receive("Flour", 1, "kg")
    undone = reverse(kitchen.produce("Bread", "Loaf", 1, 1))
    assert [one["cost"] for one in undone["lots"]] == [None, None]
    assert (kitchen.stock("Flour"), kitchen.stock("Loaf"), drift()) == (1000, 0, [])


def test_the_children_of_a_composite_are_undone_with_it(bakery: Kitchen) -> None:
    """Each by an operation of its own inside the reversal, the boxes before the cookies."""
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
    """The rest of it; and where nothing is left of it, that is said."""
    before = shelf(bakery)
    first, second = bake_and_pack(bakery), bake_and_pack(bakery)
    reverse(first["assembly"])
    assert reverse(first)["reversed_count"] == 2
    reverse(second["assembly"])
    reverse(second["production"])
    with pytest.raises(ConflictError, match="reversed already, part by part"):
        reverse(second)
    assert (shelf(bakery), drift()) == (before, [])


def test_an_import_is_undone_with_all_its_receipts(kitchen: Kitchen) -> None:
    """Every lot it brought is empty; what it added to the catalogue stays."""
    done = record(clean(), source="e.json")
    lots = kitchen.rows("SELECT count(*) FROM lot")[0][0]
    assert lots > 0
    undone = reverse(str(done["operation_id"]))
    assert undone["reversed_count"] == lots + 1
    assert (shelf(kitchen), drift()) == ([], [])


def test_what_was_used_since_is_refused_with_the_tree(bakery: Kitchen) -> None:
    """Receipt, baked, boxed: the tree has a level for each, and nothing is changed."""
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
    """Boxes, cookies, flour; a failure in the caller undoes all of it."""
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
    """Handling in between is shown and cascaded like use."""
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
    """The lot may be used until its expiry again."""
    kitchen.ingredient("Flour")
    expired = now().date() - timedelta(days=2)
    kitchen.receive("Flour", 1, "kg", lot_code="old", expires_on=expired)
    before = shelf(kitchen)
    done = release(kitchen, "old", now().date() + timedelta(days=5))
    assert shelf(kitchen) != before
    reverse(done)
    assert (shelf(kitchen), drift()) == (before, [])


def test_a_part_that_was_split_off_and_held_does_not_slip_back_into_use(bakery: Kitchen) -> None:
    """Its hold rests on the split; and a hold it has from before the split stops the reversal."""
    done = move(bakery, "flour", "Cellar", 300)
    key = done["new_lot_id"]
    run_in_transaction(lambda s: record_hold([key], "damp", session=s))
    with pytest.raises(DependentsError):
        reverse(done)
    assert reverse(done, cascade=True)["reversed_count"] == 2
    held = hold(bakery, "flour")
    apart = move(bakery, "flour", "Cellar", 300)
    release(bakery, "flour")
    with pytest.raises(ConflictError, match="is on hold and the lot it was split from is not"):
        reverse(apart)
    run_in_transaction(lambda s: record_release([apart["new_lot_id"]], "fine", session=s))
    reverse(held, cascade=True)
    assert drift() == []


@pytest.mark.parametrize("times", ["a second time", "of a reversal"])
def test_what_is_undone_stays_so(bakery: Kitchen, times: str) -> None:
    """Neither the operation nor its reversal can be undone again; the shelf is as after the first."""
    made = bakery.produce("Cookies", "Cookie", 1, 24)
    undone = reverse(made)
    before = shelf(bakery)
    with pytest.raises(ConflictError, match="was reversed by" if times == "a second time" else "is a reversal of"):
        reverse(made if times == "a second time" else undone)
    assert shelf(bakery) == before


def test_what_changed_no_stock_is_refused(bakery: Kitchen) -> None:
    """Of the catalogue there is nothing to put back; and what is not there cannot be undone."""
    (item,) = bakery.rows("SELECT id FROM operation WHERE name = 'record_item' ORDER BY recorded_at LIMIT 1")
    with pytest.raises(ValidationError, match="record_item changed no stock"):
        reverse(str(item[0]))
    with pytest.raises(OperationNotFoundError):
        reverse(uuid7())


def test_the_same_reversal_again_is_a_replay(bakery: Kitchen) -> None:
    """The first answer, and nothing more is posted; the same id for another reason is a conflict."""
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
    """The caller catches it, goes on in the same transaction, and commits what it did besides."""
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


def test_a_yield_is_corrected_in_one_operation(bakery: Kitchen) -> None:
    """The same recipe, batches, scale, time, event and notes; boxes of it only with cascade."""
    at = now() - timedelta(hours=5)
    made = bakery.produce("Cookies", "Cookie", 2, 84, produced_at=at, notes="oven 2", scale_factor=Decimal("1.5"))
    bakery.assemble("Box", 2)

    def correct(**more: Any) -> dict[str, Any]:
        return dict(
            run_in_transaction(
                lambda s: record_production_correction(made["operation_id"], 48, "typo", session=s, **more)
            )
        )

    with pytest.raises(DependentsError):
        correct()
    done = correct(cascade=True)
    assert (done["actual_yield_before"], done["actual_yield"], done["reversed_count"]) == ("84", "48", 2)
    same = "SELECT recipe_id, num_batches, scale_factor, expected_yield_micros, produced_at, notes FROM production_run"
    first, second = bakery.rows(f"{same} ORDER BY id")
    assert tuple(first) == tuple(second)
    assert (bakery.stock("Cookie"), bakery.stock("Box"), drift()) == (48, 0, [])
    reverse(done["operation_id"])
    assert (bakery.stock("Cookie"), bakery.stock("Flour"), drift()) == (0, 10_000, [])


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ("UPDATE recipe SET name = 'Biscuits'", ConflictError),
        ("UPDATE recipe SET name = name", ValidationError),
    ],
)
def test_a_correction_that_cannot_be_is_refused_and_nothing_is_undone(
    bakery: Kitchen, spoil: str, error: type[ServiceError]
) -> None:
    """By another recipe it would be another run; and the yield that is recorded is no correction."""
    made = bakery.produce("Cookies", "Cookie", 1, 20)
    with session_scope() as session:
        session.execute(text(spoil))
    before = shelf(bakery)
    with pytest.raises(error), session_scope() as session:
        wanted = 24 if error is ConflictError else 20
        record_production_correction(made["operation_id"], wanted, "typo", session=session)
    assert shelf(bakery) == before


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """What each job answered or refused, all started at once."""
    heard: list[Any] = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def work(place: int, job: Callable[[], Any]) -> None:
        start.wait()
        try:
            heard[place] = job()
        except ServiceError as error:
            heard[place] = error

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return heard


@pytest.mark.parametrize("kind", ["production", "hold"])
def test_of_two_reversals_at_once_one_succeeds(bakery: Kitchen, kind: str) -> None:
    """And the other is a conflict, for five rounds."""
    before = shelf(bakery)
    for _ in range(5):
        done = UNDONE[kind](bakery)
        heard = together(lambda done=done: reverse(done), lambda done=done: reverse(done))  # type: ignore[misc]
        assert sorted(type(one) is ConflictError for one in heard) == [False, True], heard
        assert shelf(bakery) == before
    assert drift() == []


def test_a_reversal_against_a_draw_is_one_before_the_other(kitchen: Kitchen) -> None:
    """Either the flour was baked and the reversal refused, or it was gone and the baking is short; never half."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (500, "g")}, {"Loaf": 1})
    seen = set()
    for _ in range(6):
        receipt = kitchen.receive("Flour", 500, "g", 2)
        undone, baked = together(lambda r=receipt: reverse(r), lambda: kitchen.produce("Bread", "Loaf", 1, 1))  # type: ignore[misc]
        assert sorted(isinstance(one, ServiceError) for one in (undone, baked)) == [False, True], (undone, baked)
        assert kitchen.stock("Flour") == 0
        seen.add(isinstance(undone, ServiceError))
    assert seen <= {True, False}
    assert drift() == []


def test_the_statements_of_a_reversal_do_not_grow_with_the_lots_it_gives_back_to(kitchen: Kitchen, log: Any) -> None:
    """One lot or thirty: the same number, which the log tells."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (500, "g")}, {"Loaf": 1})
    counts = []
    for lots in (1, 30):
        for _ in range(lots):
            kitchen.receive("Flour", 500, "g", 2)
        made = kitchen.produce("Bread", "Loaf", lots, lots)
        log.clear()
        reverse(made)
        reverse_lines = [r.__dict__ for r in log.records if r.__dict__.get("outcome") == "success"]
        counts.append(reverse_lines[-1]["sql_count"])
        kitchen.produce("Bread", "Loaf", lots, lots)
    assert counts[0] == counts[1]


STRAY = "INSERT INTO movement (operation_id, lot_id, quantity_micros, cost_micros) SELECT operation_id, lot_id,"
OF_REVERSAL = "FROM movement WHERE operation_id = (SELECT operation_id FROM reversal) AND quantity_micros > 0 LIMIT 1"


@pytest.mark.parametrize(
    ("what", "statement"),
    {
        "reversal": f"{STRAY} 1, 0 {OF_REVERSAL}",
        "lot hold": "UPDATE lot SET on_hold = (1 = 1) WHERE code LIKE 'sugar%'",
        "lot location": "UPDATE lot SET location = 'Roof' WHERE code LIKE 'flour%'",
    }.items(),
)
def test_verification_names_what_is_no_exact_undoing_and_what_lies_otherwise(
    bakery: Kitchen, what: str, statement: str
) -> None:
    """A movement more in a reversal, a hold that nobody recorded, a place where no transfer took the lot."""
    reverse(bakery.produce("Cookies", "Cookie", 1, 24))
    move(bakery, "flour", "Cellar")
    assert drift() == []
    with session_scope() as session:
        session.execute(text(statement))
    assert what in {one["what"] for one in drift()}


def test_runs_and_operations_say_what_was_reversed_by_which_and_why(bakery: Kitchen) -> None:
    """The run that was undone, and no other."""
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
    """A correction added flour to a lot, and a baking took it: the baking rests on the correction."""
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
