"""Faults seen in the field in similar programs; each test shows that Bake Tracker does not have them.

Other tests cover: two processes using one stock, and 200 boxes packed from stock for 100 (``test_two_processes``);
float drift of 0.3 kg in 0.1 kg batches and of 16 tbsp in a cup (``test_units``); ``int(0.29 * 100 * 24)``, yield above
plan, an ingredient in two units, sub-recipes, expired lots (``test_production``); 0, -1 or 1.5 batches
(``test_arguments``); success logged for a rollback (``test_bakery_life`` and the transaction scenarios).
"""

import logging
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bake_tracker.database.attempts import is_retryable
from bake_tracker.domain.errors import InsufficientComponentsError, InsufficientInventoryError, UnitConversionError
from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.database import engine_for, run_in_transaction, session_scope
from support.kitchen import Kitchen

HISTORY = ("operation", "movement", "lot", "production_run", "assembly_run", "recipe_snapshot", "item")


def everything(kitchen: Kitchen) -> list[Any]:
    return [kitchen.rows(f"SELECT * FROM {table} ORDER BY 1") for table in HISTORY]


def bake(kitchen: Kitchen, session: Session, batches: int, **more: Any) -> Any:
    return batch_production_service.record_batch_production(
        kitchen.ids["Cookies"], kitchen.ids["Cookie"], batches, 24 * batches, session=session, **more
    )


def test_the_breakdown_of_a_draw_by_lot_is_kept(kitchen: Kitchen) -> None:
    """The ledger holds each lot's part of a run, and the result lists the same parts."""
    kitchen.simple_bakery()
    kitchen.receive("Flour", 1, "kg", 9, received_on=date(2026, 2, 1))
    kitchen.receive("Sugar", 1, "kg", 9, received_on=date(2026, 2, 1))
    run = kitchen.produce("Cookies", "Cookie", 21, 504)
    kept = kitchen.rows(
        "SELECT lot_id, -quantity_micros, -cost_micros FROM movement WHERE operation_id = :id AND quantity_micros < 0 "
        "ORDER BY id",
        id=run["operation_id"],
    )
    assert [(c["lot_id"], Decimal(c["quantity"]) * 10**6, Decimal(c["cost"]) * 10**6) for c in run["consumptions"]] == [
        tuple(row) for row in kept
    ]
    assert len(kept) == 4


def test_a_refusal_that_is_caught_leaves_nothing_of_it_in_the_callers_transaction(
    kitchen: Kitchen, log: pytest.LogCaptureFixture
) -> None:
    """After a shortage is caught, the caller commits only the call that succeeded."""
    kitchen.simple_bakery()
    before = everything(kitchen)
    with session_scope() as session:
        with pytest.raises(InsufficientInventoryError):
            bake(kitchen, session, 21)
        with pytest.raises(InsufficientComponentsError):
            assembly_service.record_assembly(kitchen.ids["Box"], 1, session=session)
    assert before == everything(kitchen)
    log.clear()
    with session_scope() as session:
        with pytest.raises(InsufficientInventoryError):
            bake(kitchen, session, 21)
        bake(kitchen, session, 1)
    assert [record.__dict__["outcome"] for record in log.records if record.levelno > logging.DEBUG] == [
        "insufficient_inventory",
        "success",
    ]
    assert kitchen.rows("SELECT num_batches FROM production_run") == [(1,)]


@pytest.mark.parametrize(
    "stage",
    [
        "stock.ledger._add_lot",
        "stock.ledger.post",
        "runs.production_rows._run_row",
        "runs.production_rows._result",
    ],
)
def test_a_failure_at_any_stage_leaves_nothing_behind_when_it_is_caught(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """No operation, movement, lot, lot number or snapshot remains."""
    kitchen.simple_bakery()
    before = everything(kitchen)

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise ZeroDivisionError("the oven exploded")

    with session_scope() as session, monkeypatch.context() as broken:
        broken.setattr(f"bake_tracker.services.{stage}", fail)
        with pytest.raises(ZeroDivisionError):
            bake(kitchen, session, 1)
    assert before == everything(kitchen)


def test_a_scope_that_is_undone_undoes_all_of_it(kitchen: Kitchen) -> None:
    """Baking and packing in one scope both succeed or both leave nothing."""
    kitchen.simple_bakery()
    before = everything(kitchen)

    def bake_four_boxes_and_pack_five(session: Session) -> None:
        bake(kitchen, session, 1)
        assembly_service.record_assembly(kitchen.ids["Box"], 5, session=session)

    with pytest.raises(InsufficientComponentsError):
        run_in_transaction(bake_four_boxes_and_pack_five)
    assert before == everything(kitchen)


def test_cost_is_that_of_the_lots_used_and_not_of_the_latest_price(kitchen: Kitchen) -> None:
    """The lots used give the output its cost; a later price changes nothing."""
    kitchen.simple_bakery()
    kitchen.receive("Flour", 1, "kg", 900, received_on=date(2026, 2, 1))
    assert kitchen.produce("Cookies", "Cookie", 1, 24)["total_ingredient_cost"] == "1.50"


def test_consumption_follows_the_batches_and_not_the_yield(kitchen: Kitchen) -> None:
    """Half the cookies burnt, but all of the flour is used up."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 2, 24)
    assert kitchen.stock("Flour") == 9000


def test_grams_do_not_round_to_nothing(kitchen: Kitchen) -> None:
    """Four milligrams of saffron still leave the stock."""
    kitchen.ingredient("Saffron")
    kitchen.receive("Saffron", 1, "g", 10)
    kitchen.recipe("Risotto", {"Saffron": (Decimal("0.004"), "g")}, {"Plate": 4})
    kitchen.produce("Risotto", "Plate", 1, 4)
    assert kitchen.stock("Saffron") == Decimal("0.996")


def test_a_third_of_exact_stocks_does_not_refuse_the_last_batch(kitchen: Kitchen) -> None:
    """A tenth of a kilo per batch: stock bought at once lasts for exactly its number of batches."""
    kitchen.ingredient("Butter")
    kitchen.recipe("Shortbread", {"Butter": (Decimal("0.1"), "kg")}, {"Bar": 1})
    for batches in (3, 6, 7, 12, 23):
        kitchen.receive("Butter", Decimal(batches) / 10, "kg", 1)
        for _ in range(batches):
            kitchen.produce("Shortbread", "Bar", 1, 1)
        assert kitchen.stock("Butter") == 0


def test_a_missing_density_names_the_ingredient_and_is_not_a_database_error(kitchen: Kitchen) -> None:
    """Once the density is recorded, the recipe can be baked."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (2, "cup")}, {"Loaf": 1})
    kitchen.receive("Flour", 240, "g", 1)
    with pytest.raises(UnitConversionError) as refused:
        kitchen.produce("Bread", "Loaf", 1, 1)
    assert refused.value.ingredient_slug == "flour"
    kitchen.density("Flour", 1, "cup", 120, "g")
    assert kitchen.produce("Bread", "Loaf", 1, 1)["consumptions"][0]["quantity"] == "240"


def test_two_identical_receipts_are_two_lots(kitchen: Kitchen) -> None:
    """Receipts are never merged; only the same operation id makes a call the same."""
    kitchen.ingredient("Flour")
    lots = {kitchen.receive("Flour", 1, "kg", 2, lot_code="L1")["lot_id"] for _ in range(2)}
    assert len(lots) == 2


def test_serializable_transactions_are_safe_and_worth_another_try(postgresql_url: str) -> None:
    """In SERIALIZABLE, the second of two runs on the same stock must retry, and then is short."""
    kitchen = Kitchen().simple_bakery()
    strict = engine_for(postgresql_url).execution_options(isolation_level="SERIALIZABLE")
    with Session(strict) as first, Session(strict) as second:
        for session in (first, second):
            answer = batch_production_service.check_can_produce(kitchen.ids["Cookies"], 20, session=session)
            assert answer["can_produce"]
        bake(kitchen, first, 20)
        first.commit()
        with pytest.raises(OperationalError) as refused:
            bake(kitchen, second, 20)
        assert is_retryable(refused.value)
    with pytest.raises(InsufficientInventoryError):
        run_in_transaction(lambda session: bake(kitchen, session, 20))
    assert kitchen.stock("Cookie") == 480
