"""Two transactions at once on PostgreSQL, one step at a time; SQLite allows only one writer."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, TypeVar

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError, RecipeCycleError, ValidationError
from bake_tracker.domain.importing.tables import FORMAT
from bake_tracker.services.batch_production_service import record_batch_production
from bake_tracker.services.catalog import goods, recipes, things
from bake_tracker.services.database import run_in_transaction, session_scope
from bake_tracker.services.importing import tables as import_service
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock import receipt
from bake_tracker.services.stock.cost_statement import record_cost_statement
from bake_tracker.services.stock.recall import record_recall
from support.import_files import clean, record, stored
from support.kitchen import Kitchen
from support.undoing import drift
from support.warm.waiting import PATIENCE_S, wait_until

Answer = TypeVar("Answer")


@pytest.fixture
def patient_url(postgresql_url: str, use: Callable[[str], str]) -> str:
    """A URL with which lock waits last as long as the test needs."""
    return use(f"{postgresql_url}&options=-c%20lock_timeout%3D{PATIENCE_S}s")


@pytest.fixture
def kitchen(patient_url: str) -> Kitchen:
    """A bakery on PostgreSQL with one ingredient."""
    kitchen = Kitchen()
    kitchen.ingredient("Flour")
    return kitchen


@contextmanager
def second(kitchen: Kitchen, work: Callable[[Session], Answer]) -> Iterator[Future[Answer]]:
    """Another transaction, started now and seen waiting for a lock of the open one."""
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(run_in_transaction, work)
        see_waiting(kitchen, future)
        yield future


def waiting(kitchen: Kitchen) -> int:
    """How many wait for a lock."""
    waiters = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return int(kitchen.rows(waiters)[0][0])


def see_waiting(kitchen: Kitchen, *others: Future[Any]) -> None:
    """Continue once each of them waits for a lock."""
    give_up_at = monotonic() + PATIENCE_S
    while waiting(kitchen) < len(others):
        assert not any(other.done() for other in others), "a transaction did not wait"
        assert monotonic() < give_up_at
        sleep(0.01)


def batch_of(recipe_id: int) -> list[recipes.LineInput]:
    return [{"sub_recipe_id": recipe_id, "quantity": 1}]


def test_two_edits_at_once_close_no_circle_of_recipes(kitchen: Kitchen) -> None:
    """Each alone is fine; the second one sees the first, and is refused with the circle spelled out."""
    first, other = (kitchen.recipe(name, {"Flour": (1, "g")}) for name in ("A", "B"))

    def close(session: Session) -> Any:
        return recipes.record_recipe("B", batch_of(first), session=session, recipe_id=other)

    with session_scope() as session:
        recipes.record_recipe("A", batch_of(other), session=session, recipe_id=first)
        with second(kitchen, close) as answer:
            session.commit()
            with pytest.raises(RecipeCycleError) as refused:
                answer.result(PATIENCE_S)
    assert refused.value.path == ["b", "a", "b"]
    assert kitchen.rows("SELECT recipe_id FROM recipe_line WHERE sub_recipe_id IS NOT NULL") == [(first,)]


def test_two_edits_at_once_close_no_circle_of_goods(kitchen: Kitchen) -> None:
    """A hamper goes into a box while the box goes into the hamper."""
    box, hamper = (kitchen.item("finished_good", name, "each") for name in ("Box", "Hamper"))

    def put(session: Session, part: int, good: int) -> Any:
        return goods.record_good_components(good, [{"item_id": part, "quantity": 1}], session=session)

    with session_scope() as session:
        put(session, box, hamper)
        with second(kitchen, lambda s: put(s, hamper, box)) as answer:
            session.commit()
            with pytest.raises(RecipeCycleError):
                answer.result(PATIENCE_S)
    assert kitchen.rows("SELECT good_id, component_id FROM good_component") == [(hamper, box)]


def receive(session: Session, item_id: int) -> Any:
    return receipt.record_receipt(item_id, 1, "kg", session=session, total_cost=20)


def test_a_cost_reaches_what_was_baked_while_it_waited(kitchen: Kitchen) -> None:
    """The statement waits for the flour, sees the bun that was made of it, and takes its item too."""
    kitchen.recipe("Buns", {"Flour": (100, "g")}, {"Bun": 1})
    lot = kitchen.receive("Flour", 1, "kg")["lot_id"]
    line = {"lot_id": lot, "cost": 10}
    with session_scope() as session:
        record_batch_production(kitchen.ids["Buns"], kitchen.ids["Bun"], 1, 1, session=session)
        with second(kitchen, lambda s: record_cost_statement([line], session=s, kind="invoice")) as answer:
            session.commit()
            assert answer.result(PATIENCE_S)["lots"][0]["passed_on_change"] == "1.00"
    worth = kitchen.rows("SELECT remaining_cost_micros FROM lot ORDER BY id")
    assert [row[0] for row in worth] == [9_000_000, 1_000_000]
    assert drift() == []


def test_a_cost_is_not_stated_for_a_lot_that_is_undone_meanwhile(kitchen: Kitchen) -> None:
    """The statement looks again after it has waited."""
    came = kitchen.receive("Flour", 1, "kg")
    line = {"lot_id": came["lot_id"], "cost": 10}
    with session_scope() as session:
        record_reversal(came["operation_id"], "mistyped", session=session)
        with second(kitchen, lambda s: record_cost_statement([line], session=s, kind="invoice")) as answer:
            session.commit()
            with pytest.raises(ValidationError, match="was undone"):
                answer.result(PATIENCE_S)


def to_yen(session: Session) -> Any:
    return things.record_bakery(session=session, currency="JPY")


def test_the_currency_does_not_change_under_stock_that_is_coming_in(kitchen: Kitchen) -> None:
    """The change waits for the receipt and is then refused."""
    with session_scope() as session:
        receive(session, kitchen.ids["Flour"])
        with second(kitchen, to_yen) as answer:
            session.commit()
            with pytest.raises(ConflictError, match="already has stock in USD"):
                answer.result(PATIENCE_S)
    assert kitchen.rows("SELECT currency FROM bakery") == [("USD",)]


def test_stock_waits_while_the_currency_changes(kitchen: Kitchen) -> None:
    """The receipt is recorded after the change, not before."""
    with session_scope() as session:
        to_yen(session)
        with second(kitchen, lambda s: receive(s, kitchen.ids["Flour"])) as answer:
            assert kitchen.rows("SELECT count(*) FROM lot") == [(0,)]
            session.commit()
            assert answer.result(PATIENCE_S)["total_cost"] == "20.00"


def test_stock_recipes_and_names_do_not_wait_for_each_other(kitchen: Kitchen) -> None:
    """Receipts of two items, a recipe and a new name of the bakery go through while the first is still open."""
    kitchen.ingredient("Sugar")
    with session_scope() as session:
        recipes.record_recipe("A", [{"item_id": kitchen.ids["Flour"], "quantity": 1, "unit": "g"}], session=session)
        receive(session, kitchen.ids["Flour"])
        with ThreadPoolExecutor(1) as thread:
            thread.submit(run_in_transaction, lambda s: receive(s, kitchen.ids["Sugar"])).result(PATIENCE_S)
    with session_scope() as session:
        receive(session, kitchen.ids["Flour"])
        with ThreadPoolExecutor(1) as thread:
            kitchen_work: list[Callable[[], Any]] = [
                lambda: kitchen.recipe("B", {"Sugar": (1, "g")}),
                lambda: run_in_transaction(lambda s: things.record_bakery(session=s, name="Corner")),
            ]
            for work in kitchen_work:
                thread.submit(work).result(PATIENCE_S)
    assert kitchen.rows("SELECT slug FROM recipe ORDER BY slug") == [("a",), ("b",)]
    assert kitchen.stock("Flour") == 2_000


def test_an_import_overtaken_by_another_says_to_run_it_again(kitchen: Kitchen) -> None:
    """None of it is stored, and no database error is shown."""
    with session_scope() as session:
        things.record_item("ingredient", "Rye", "g", session=session, slug="flour_rye")
        before = stored(kitchen)
        with second(kitchen, lambda s: import_service.record_import(clean(), session=s)) as answer:
            session.commit()
            with pytest.raises(ConflictError, match="was added by someone else during the import; run it again"):
                answer.result(PATIENCE_S)
    assert stored(kitchen)["item"] == before["item"] + 1
    assert stored(kitchen)["supplier"] == 0
    assert record(clean())["refused_count"] == 0


def test_a_reversal_whose_plan_grew_while_it_waited_causes_no_deadlock(patient_url: str) -> None:
    """It asks for flour only after releasing sugar, because others lock flour before sugar."""
    assert patient_url.startswith("postgresql")
    kitchen = Kitchen().simple_bakery()
    (sugar,) = kitchen.rows("SELECT operation_id FROM lot WHERE item_id = :item", item=kitchen.ids["Sugar"])
    kitchen.receive("Sugar", 1, "kg", 3)
    assert kitchen.ids["Flour"] < kitchen.ids["Sugar"]

    def bake(session: Session) -> Any:
        return record_batch_production(kitchen.ids["Cookies"], kitchen.ids["Cookie"], 1, 24, session=session)

    def once(work: Callable[[Session], Any]) -> Any:
        with session_scope() as session:  # no retry
            return work(session)

    with ThreadPoolExecutor(2) as threads, session_scope() as session:
        bake(session)
        undoing = threads.submit(
            once, lambda s: record_reversal(sugar[0], "never came", session=s, cascade=True)
        )  # it sees only the sugar so far
        see_waiting(kitchen, undoing)
        baking = threads.submit(once, bake)  # locks flour first
        see_waiting(kitchen, undoing, baking)
        session.commit()
        assert undoing.result(PATIENCE_S)["reversed_count"] in (2, 3)
        assert baking.result(PATIENCE_S)["actual_yield"] == "24"
    assert drift() == []


def test_a_recall_that_grew_while_it_waited_causes_no_deadlock(patient_url: str) -> None:
    """It asks for buns only after releasing salt, because others lock buns before salt."""
    assert patient_url.startswith("postgresql")
    kitchen = Kitchen()
    bun = kitchen.item("finished_unit", "Bun", "each")
    assert bun < kitchen.ingredient("Salt")
    salt = kitchen.receive("Salt", 1, "kg", 3)["lot_id"]
    recipe = kitchen.recipe("Buns", {"Salt": (5, "g")}, {"Bun": 10})
    hold = text("SELECT id FROM item WHERE id = :id FOR NO KEY UPDATE")

    def once(work: Callable[[Session], Any]) -> Any:
        with session_scope() as session:  # no retry
            return work(session)

    def take_both(session: Session) -> None:
        session.execute(hold, {"id": bun})
        wait_until(lambda: waiting(kitchen) or recalling.done())  # for the bun, unless it was faster
        session.execute(hold, {"id": kitchen.ids["Salt"]})

    with ThreadPoolExecutor(2) as threads, session_scope() as session:
        record_batch_production(recipe, bun, 1, 10, session=session)
        recalling = threads.submit(once, lambda s: record_recall(salt, session=s))  # it sees only the salt so far
        see_waiting(kitchen, recalling)
        taking = threads.submit(once, take_both)
        see_waiting(kitchen, recalling, taking)
        session.commit()
        assert taking.result(PATIENCE_S) is None
        assert recalling.result(PATIENCE_S)["held_count"] == 2


def test_an_import_of_weights_takes_its_locks_in_order_whatever_order_the_file_has(kitchen: Kitchen) -> None:
    """A transaction that holds flour gets sugar, while an import whose file lists sugar first is waiting."""
    flour, sugar = kitchen.ids["Flour"], kitchen.ingredient("Sugar")
    assert flour < sugar
    weight = {"kind": "density", "g": "0.5", "measured_on": "2026-01-02", "source": "our scale"}
    document = {"format": FORMAT, "measures": [{"item": "sugar", **weight}, {"item": "flour", **weight}]}
    hold = text("SELECT id FROM item WHERE id = :id FOR NO KEY UPDATE")

    def once() -> Any:
        with session_scope() as session:  # no retry
            return import_service.record_import(document, session=session)

    with ThreadPoolExecutor(1) as thread, session_scope() as session:
        session.execute(hold, {"id": flour})
        importing = thread.submit(once)
        see_waiting(kitchen, importing)
        session.execute(hold, {"id": sugar})
        session.commit()
        assert importing.result(PATIENCE_S)["added_count"] == 2
