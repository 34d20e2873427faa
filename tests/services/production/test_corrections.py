"""A yield is corrected in one operation; concurrent reversals stay whole; verification finds false ones."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from bake_tracker.clock import now
from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    ServiceError,
    ValidationError,
)
from bake_tracker.services.catalog import recipes
from bake_tracker.services.database import run_in_transaction, session_scope
from bake_tracker.services.production.correction import record_production_correction
from bake_tracker.services.stock.adjustment import record_adjustment
from support.kitchen import Kitchen
from support.undoing import drift, hold, lot_id, move, reverse, shelf

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """Flour, sugar and cartons; cookies, and boxes of six."""
    return kitchen.simple_bakery()


def test_a_yield_is_corrected_in_one_operation(bakery: Kitchen) -> None:
    """Recipe, batches, scale, time, event and notes stay; boxes of the lot need a cascade."""
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
    assert (bakery.stock("Cookie"), bakery.stock("Box"), drift()) == (84, 0, [])
    assert tuple(bakery.rows(f"{same} ORDER BY id DESC LIMIT 1")[0]) == tuple(first)


LEFT = (
    "SELECT item_id, remaining_micros, remaining_cost_micros, on_hold, usable_until, received_on, expires_on, location "
    "FROM lot WHERE remaining_micros > 0 ORDER BY id"
)


@pytest.mark.parametrize(
    "meanwhile", ["nothing", "the recipe changed", "flour to use first came in", "flour is on hold"]
)
@pytest.mark.parametrize("first", [40, 0, Decimal("19.5")], ids=str)
def test_an_undone_correction_leaves_the_first_yield(bakery: Kitchen, first: Any, meanwhile: str) -> None:
    """Stock, costs and dates are as before the correction, whatever happened since, and the run can be undone again."""
    empty = bakery.rows(LEFT)
    made = bakery.produce("Cookies", "Cookie", 2, first, loss_reason="burnt")
    if meanwhile == "flour to use first came in":
        bakery.receive("Flour", 5, "kg", 1, expires_on=now().date() + timedelta(days=9))
    before = bakery.rows(LEFT)
    done = run_in_transaction(
        lambda s: record_production_correction(made["operation_id"], 48, "typo", session=s, loss_reason="dropped")
    )
    held = hold(bakery, "flour") if meanwhile == "flour is on hold" else None
    if meanwhile == "the recipe changed":
        lines: Any = [{"item_id": bakery.ids["Sugar"], "quantity": 7, "unit": "g"}]
        run_in_transaction(
            lambda s: recipes.record_recipe("Cookies", lines, session=s, recipe_id=bakery.ids["Cookies"])
        )
    back = reverse(done)
    if held:
        reverse(held)
    assert (sorted(map(tuple, bakery.rows(LEFT)), key=str), drift()) == (sorted(map(tuple, before), key=str), [])
    again = back["production"]
    assert [again[name] for name in SAME] == [made[name] for name in SAME]
    run = "SELECT loss_reason, produced_at FROM production_run WHERE operation_id = :key"
    assert bakery.rows(run, key=again["operation_id"]) == bakery.rows(run, key=made["operation_id"])
    reverse(again)
    if meanwhile != "flour to use first came in":
        assert bakery.rows(LEFT) == empty
    assert drift() == []


def test_the_lot_of_an_undone_correction_is_where_the_first_one_was_and_on_hold_like_it(bakery: Kitchen) -> None:
    """Cookies that smelled are not free to sell because a number was mistyped."""
    made = bakery.produce("Cookies", "Cookie", 2, 40)
    move(bakery, "cookie", "Cellar")
    hold(bakery, "cookie")
    done = run_in_transaction(lambda s: record_production_correction(made["operation_id"], 44, "typo", session=s))
    again = reverse(done)["production"]
    state = "SELECT on_hold, location FROM lot WHERE remaining_micros > 0 AND code LIKE 'cookie%'"
    assert [(bool(row[0]), row[1]) for row in bakery.rows(state)] == [(True, "Cellar")]
    assert drift() == []
    reverse(again)
    assert (bakery.rows(state), drift()) == ([], [])


SAME = ("expected_yield", "actual_yield", "total_ingredient_cost", "per_unit_cost", "loss_cost", "consumptions")


def test_the_run_of_an_undone_correction_may_use_what_the_corrected_run_used(bakery: Kitchen) -> None:
    """If the flour it used at first has gone, it keeps the flour of the correction."""
    made = bakery.produce("Cookies", "Cookie", 2, 40)
    first = lot_id(bakery, "flour")
    today = now().date()
    late = {"received_on": today - timedelta(days=2), "expires_on": today + timedelta(days=9)}  # recorded late
    other = bakery.receive("Flour", 5, "kg", 1, **late)["lot_id"]
    done = run_in_transaction(lambda s: record_production_correction(made["operation_id"], 48, "typo", session=s))
    left = bakery.rows("SELECT remaining_micros / 1000000 FROM lot WHERE id = :key", key=first)[0][0]
    line: Any = {"lot_id": first, "quantity": int(left)}
    run_in_transaction(lambda s: record_adjustment("waste", [line], session=s, reason="wet"))
    again = reverse(done)["production"]
    used = [{one["lot_id"] for one in run["consumptions"]} for run in (made, again)]
    assert [(first in lots, other in lots) for lots in used] == [(True, False), (False, True)]
    assert (bakery.stock("Cookie"), drift()) == (40, [])


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ("UPDATE recipe SET name = 'Biscuits'", ConflictError),
        ("UPDATE recipe SET name = name", ValidationError),
    ],
)
def test_an_impossible_correction_is_refused_and_nothing_is_undone(
    bakery: Kitchen, spoil: str, error: type[ServiceError]
) -> None:
    """A changed recipe would make it another run, and the recorded yield is not a correction."""
    made = bakery.produce("Cookies", "Cookie", 1, 20)
    with session_scope() as session:
        session.execute(text(spoil))
    before = shelf(bakery)
    with pytest.raises(error), session_scope() as session:
        wanted = 24 if error is ConflictError else 20
        record_production_correction(made["operation_id"], wanted, "typo", session=session)
    assert shelf(bakery) == before


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """Start all jobs at once, and return each result or refusal."""
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
    """The other is a conflict; this holds for five rounds."""
    before = shelf(bakery)
    for _ in range(5):
        done = bakery.produce("Cookies", "Cookie", 2, 40) if kind == "production" else hold(bakery, "flour")
        heard = together(lambda done=done: reverse(done), lambda done=done: reverse(done))  # type: ignore[misc]
        assert sorted(type(one) is ConflictError for one in heard) == [False, True], heard
        assert shelf(bakery) == before
    assert drift() == []


def test_a_reversal_against_a_draw_is_one_before_the_other(kitchen: Kitchen) -> None:
    """Either the flour is baked and the reversal refused, or it is gone and the run short; never half of both."""
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
    """The log counts as many statements for thirty lots as for one."""
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


STRAY = (
    "INSERT INTO movement (operation_id, lot_id, happened_at, quantity_micros, cost_micros) "
    "SELECT operation_id, lot_id, happened_at,"
)
OF_REVERSAL = "FROM movement WHERE operation_id = (SELECT operation_id FROM reversal) AND quantity_micros > 0 LIMIT 1"


@pytest.mark.parametrize(
    ("what", "statement"),
    {
        "reversal": f"{STRAY} 1, 0 {OF_REVERSAL}",
        "lot hold": "UPDATE lot SET on_hold = (1 = 1) WHERE code LIKE 'sugar%'",
        "lot location": "UPDATE lot SET location = 'Roof' WHERE code LIKE 'flour%'",
    }.items(),
)
def test_verification_reports_inexact_reversals_and_wrong_places(bakery: Kitchen, what: str, statement: str) -> None:
    """An extra movement, an unrecorded hold, and a place without a move are found."""
    reverse(bakery.produce("Cookies", "Cookie", 1, 24))
    move(bakery, "flour", "Cellar")
    assert drift() == []
    with session_scope() as session:
        session.execute(text(statement))
    assert what in {one["what"] for one in drift()}
