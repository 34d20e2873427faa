"""Batches: what a run takes, makes, returns and stores."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import bindparam, text

from bake_tracker.domain.errors import (
    EventNotFoundError,
    FinishedUnitNotFoundError,
    FinishedUnitRecipeMismatchError,
    InsufficientInventoryError,
    RecipeCycleError,
    RecipeNotFoundError,
    ValidationError,
)
from bake_tracker.models.types import UtcDateTime
from bake_tracker.services import batch_production_service
from bake_tracker.services.catalog import recipes, things
from bake_tracker.services.database import run_in_transaction, session_scope
from support.kitchen import Kitchen

MORNING = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
JANUARY = date(2026, 1, 2)


def test_the_result_is_exactly_what_the_specification_says(kitchen: Kitchen) -> None:
    """Every key, type and string matches."""
    kitchen.simple_bakery()
    flour, sugar = (kitchen.rows("SELECT id FROM lot WHERE code LIKE :c", c=f"{s}-%")[0].id for s in ("flour", "sugar"))
    run = kitchen.produce("Cookies", "Cookie", 2, 47, scale_factor=Decimal("0.5"), produced_at=MORNING)
    assert {
        "production_run_id": kitchen.rows("SELECT id FROM production_run")[0].id,
        "operation_id": str(UUID(run["operation_id"])),
        "recipe_id": kitchen.ids["Cookies"],
        "finished_unit_id": kitchen.ids["Cookie"],
        "num_batches": 2,
        "scale_factor": "0.5",
        "expected_yield": "24",
        "actual_yield": "47",
        "loss_quantity": "0",
        "production_status": "over_yield",
        "lot_id": kitchen.rows("SELECT id FROM lot WHERE code = 'cookie-20261123-1'")[0].id,
        "lot_code": "cookie-20261123-1",
        "total_ingredient_cost": "1.50",
        "per_unit_cost": "0.031915",
        "loss_cost": "0.00",
        "cost_complete": True,
        "consumptions": [
            {
                "lot_id": flour,
                "lot_code": "flour-20260101-1",
                "ingredient_slug": "flour",
                "quantity": "500",
                "unit": "g",
                "cost": "1.00",
            },
            {
                "lot_id": sugar,
                "lot_code": "sugar-20260101-1",
                "ingredient_slug": "sugar",
                "quantity": "250",
                "unit": "g",
                "cost": "0.50",
            },
        ],
    } == run
    assert UUID(run["operation_id"]).version == 7
    assert run == json.loads(json.dumps(run))


def test_a_total_loss_makes_no_lot_and_has_no_cost_per_unit(kitchen: Kitchen) -> None:
    """The lot and the unit cost are null, and the loss has the whole cost."""
    kitchen.simple_bakery()
    run = kitchen.produce("Cookies", "Cookie", 1, 0, loss_reason="burnt")
    assert (run["lot_id"], run["lot_code"], run["per_unit_cost"]) == (None, None, None)
    assert (run["production_status"], run["loss_quantity"], run["loss_cost"]) == ("total_loss", "24", "1.50")
    assert Decimal(0) == kitchen.stock("Cookie")
    assert Decimal(9500) == kitchen.stock("Flour")


def test_a_check_lists_every_short_ingredient_once(kitchen: Kitchen) -> None:
    """The strings are exact, and ingredients with enough stock are left out."""
    kitchen.simple_bakery()
    assert kitchen.can_produce("Cookies", 20) == {"can_produce": True, "missing_ingredients": []}
    assert {
        "can_produce": False,
        "missing_ingredients": [
            {"ingredient_slug": slug, "ingredient_name": name, "needed": needed, "available": available, "unit": "g"}
            for slug, name, needed, available in (
                ("flour", "Flour", "10002.5", "10000"),
                ("sugar", "Sugar", "5001.25", "5000"),
            )
        ],
    } == kitchen.can_produce("Cookies", 1, scale_factor=20.005)


def test_a_shortage_lists_every_item_and_takes_nothing(kitchen: Kitchen) -> None:
    """The recording refuses with the same list as the check."""
    kitchen.simple_bakery()
    before = kitchen.rows("SELECT count(*) FROM movement")
    with pytest.raises(InsufficientInventoryError) as refused:
        kitchen.produce("Cookies", "Cookie", 21, 504)
    assert kitchen.can_produce("Cookies", 21)["missing_ingredients"] == refused.value.shortages
    assert refused.value.ingredient_slug == "flour"
    assert before == kitchen.rows("SELECT count(*) FROM movement")


@pytest.mark.parametrize(
    ("factor", "batches", "expected"),
    [(0.29, 100, "696"), (Decimal("0.29"), 100, "696"), (29, 1, "696"), (0.1, 3, "7.2")],
)
def test_a_scale_factor_is_taken_as_the_decimal_it_prints_as(
    kitchen: Kitchen, factor: float | Decimal, batches: int, expected: str
) -> None:
    """``int(0.29 * 100 * 24)`` is 695; 29 hundredths of 2,400 cookies are 696."""
    kitchen.simple_bakery()
    kitchen.receive("Flour", 100, "kg", 1)
    kitchen.receive("Sugar", 100, "kg", 1)
    run = kitchen.produce("Cookies", "Cookie", batches, Decimal(expected), scale_factor=factor)
    assert (expected, "complete") == (run["expected_yield"], run["production_status"])


def test_a_sub_recipe_is_consumed_and_costed(kitchen: Kitchen) -> None:
    """This holds at any depth, for parts of a batch, and for an ingredient that the main recipe also uses."""
    kitchen.simple_bakery()
    kitchen.recipe("Syrup", {"Sugar": (300, "g")})
    kitchen.recipe("Icing", {"Syrup": (Decimal("0.5"), "batch"), "Sugar": (50, "g")})
    kitchen.recipe("Cake", {"Flour": (1, "kg"), "Icing": (2, "batch"), "Sugar": (Decimal("0.1"), "kg")}, {"Slice": 10})
    run = kitchen.produce("Cake", "Slice", 2, 20)
    assert {c["ingredient_slug"]: c["quantity"] for c in run["consumptions"]} == {"flour": "2000", "sugar": "1000"}
    assert run["total_ingredient_cost"] == "6.00"


def test_the_same_ingredient_in_two_units_is_one_need(kitchen: Kitchen) -> None:
    """The two are added exactly before rounding, so check and recording agree to the last gram."""
    kitchen.ingredient("Flour")
    kitchen.density("Flour", 1, "cup", 120, "g")
    kitchen.recipe("Dough", {"Flour": (1, "cup")}, {"Loaf": 1})
    run_in_transaction(
        lambda s: recipes.record_recipe(
            "Dough",
            [
                {"item_id": kitchen.ids["Flour"], "quantity": 1, "unit": "cup"},
                {"item_id": kitchen.ids["Flour"], "quantity": 80, "unit": "g"},
            ],
            session=s,
            recipe_id=kitchen.ids["Dough"],
        )
    )
    kitchen.receive("Flour", 399, "g", 4)
    assert [
        (short["needed"], short["available"]) for short in kitchen.can_produce("Dough", 2)["missing_ingredients"]
    ] == [("400", "399")]
    kitchen.receive("Flour", 1, "g", 1)
    assert kitchen.can_produce("Dough", 2)["can_produce"]
    run = kitchen.produce("Dough", "Loaf", 2, 2)
    assert [c["quantity"] for c in run["consumptions"]] == ["399", "1"]


def test_a_stocked_finished_unit_is_an_ingredient_like_any_other(kitchen: Kitchen) -> None:
    """Yesterday's cookies go into today's crumble with their cost; a starter feeds itself."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 2, 48)
    kitchen.recipe("Crumble", {"Cookie": (24, "each"), "Sugar": (100, "g")}, {"Tray": 1})
    run = kitchen.produce("Crumble", "Tray", 1, 1)
    assert {c["ingredient_slug"]: c["cost"] for c in run["consumptions"]} == {"cookie": "1.50", "sugar": "0.20"}
    kitchen.item("finished_unit", "Starter")
    kitchen.receive("Starter", 50, "g", 1)
    kitchen.recipe("Feeding", {"Starter": (50, "g"), "Flour": (50, "g")}, {"Starter": 100})
    fed = kitchen.produce("Feeding", "Starter", 1, 100)
    assert Decimal(100) == kitchen.stock("Starter")
    assert fed["total_ingredient_cost"] == "1.10"


def test_a_recipe_makes_several_finished_units(kitchen: Kitchen) -> None:
    """Each has its own yield; the refusal of another unit lists those it makes."""
    kitchen.simple_bakery()
    kitchen.recipe("Dough", {"Flour": (100, "g")}, {"Small": 10, "Large": 4})
    assert kitchen.produce("Dough", "Small", 1, 10)["expected_yield"] == "10"
    assert kitchen.produce("Dough", "Large", 2, 8)["expected_yield"] == "8"
    with pytest.raises(FinishedUnitRecipeMismatchError) as refused:
        kitchen.produce("Dough", "Cookie", 1, 1)
    assert refused.value.made == ["small", "large"]
    kitchen.recipe("Nothing", {"Flour": (100, "g")})
    with pytest.raises(FinishedUnitRecipeMismatchError, match="it has no yield yet"):
        kitchen.produce("Nothing", "Cookie", 1, 1)


def test_a_missing_thing_is_named(kitchen: Kitchen) -> None:
    """Recipe, finished unit (an ingredient is not one) and event each have their own error."""
    kitchen.simple_bakery()
    kitchen.ids |= {"nothing": 987_654}
    with pytest.raises(RecipeNotFoundError) as no_recipe:
        kitchen.produce("nothing", "Cookie", 1, 1)
    assert no_recipe.value.key == 987_654
    with pytest.raises(RecipeNotFoundError):
        kitchen.can_produce("nothing", 1)
    for unit in ("nothing", "Flour"):
        with pytest.raises(FinishedUnitNotFoundError):
            kitchen.produce("Cookies", unit, 1, 1)
    with pytest.raises(EventNotFoundError):
        kitchen.produce("Cookies", "Cookie", 1, 1, event_id=-1)


def test_a_later_edit_changes_no_past_run(kitchen: Kitchen) -> None:
    """The snapshot keeps the recipe as it was baked; equal contents share one."""
    kitchen.simple_bakery()
    kitchen.recipe("Glaze", {"Sugar": (10, "g")})
    kitchen.recipe("Bun", {"Flour": (100, "g"), "Glaze": (1, "batch")}, {"Bun piece": 6})
    for _ in range(2):
        kitchen.produce("Bun", "Bun piece", 1, 6)
    kitchen.recipe("Glaze", {"Sugar": (99, "g")}, recipe_id=kitchen.ids["Glaze"])
    kitchen.produce("Bun", "Bun piece", 1, 6)
    contents = kitchen.rows(
        "SELECT content FROM production_run JOIN recipe_snapshot ON sha256 = snapshot_sha256 ORDER BY production_run.id"
    )
    sugar = [json.loads(row.content)["recipes"]["glaze"][0]["quantity"] for row in contents]
    assert sugar == ["10", "10", "99"]
    assert kitchen.rows("SELECT count(*) FROM recipe_snapshot") == [(2,)]


def test_a_recipe_cannot_contain_itself_or_nothing(kitchen: Kitchen) -> None:
    """The error has the whole cycle; a recipe needs lines."""
    kitchen.simple_bakery()
    kitchen.recipe("Icing", {"Cookies": (1, "batch")})
    with pytest.raises(RecipeCycleError) as refused:
        kitchen.recipe("Cookies", {"Icing": (1, "batch")}, recipe_id=kitchen.ids["Cookies"])
    assert refused.value.path == ["cookies", "icing", "cookies"]
    with pytest.raises(ValidationError, match="lines: must be a list of at least one object"):
        kitchen.recipe("Air", {})
    assert kitchen.can_produce("Icing", 1)["can_produce"]


def test_a_lot_is_good_for_as_long_as_its_item_keeps(kitchen: Kitchen) -> None:
    """The days count from the bakery's own day, and never pass the end of the calendar."""
    kitchen.simple_bakery()
    kitchen.item("finished_unit", "Roll", "each", shelf_life_days=3)
    kitchen.recipe("Rolls", {"Flour": (100, "g")}, {"Roll": 10})
    kitchen.produce("Rolls", "Roll", 1, 10, produced_at=MORNING)
    kitchen.item("finished_unit", "Brick", "each", shelf_life_days=36_500)
    kitchen.receive("Brick", 1, "each", received_on=date(9998, 1, 1))
    days = kitchen.rows("SELECT expires_on FROM lot WHERE expires_on IS NOT NULL ORDER BY id")
    assert [str(row.expires_on) for row in days] == ["2026-11-26", "9999-12-31"]


def test_an_expired_or_held_lot_is_not_picked(kitchen: Kitchen) -> None:
    """A lot is good on its last day; a held lot is skipped whatever its date."""
    kitchen.ingredient("Milk", "ml")
    kitchen.recipe("Custard", {"Milk": (1, "l")}, {"Cup": 4})
    for code, expiry_day in (("old", 22), ("held", 24), ("last-day", 23), ("good", 30)):
        kitchen.receive("Milk", 1, "l", 1, lot_code=code, received_on=JANUARY, expires_on=date(2026, 11, expiry_day))
    with session_scope() as session:
        session.execute(text("UPDATE lot SET on_hold = true WHERE code = 'held'"))
        session.execute(
            text(
                "INSERT INTO lot_hold (operation_id, lot_id, action, reason, was_on_hold, was_usable_until, "
                "happened_at) SELECT operation_id, id, 'hold', 'smells', false, usable_until, :then FROM lot "
                "WHERE code = 'held'"
            ).bindparams(bindparam("then", MORNING - timedelta(days=1), UtcDateTime()))
        )
    runs = [kitchen.produce("Custard", "Cup", 1, 4, produced_at=MORNING) for _ in range(2)]
    assert [run["consumptions"][0]["lot_code"] for run in runs] == ["last-day", "good"]
    with pytest.raises(InsufficientInventoryError) as refused:
        kitchen.produce("Custard", "Cup", 1, 4, produced_at=MORNING)
    assert refused.value.shortages[0]["available"] == "0"


def test_lot_codes_are_readable_and_never_the_same(kitchen: Kitchen) -> None:
    """The code has the item, the day and a running number; a run that was rolled back leaves no gap."""
    kitchen.simple_bakery()
    codes = [kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=MORNING)["lot_code"] for _ in range(3)]
    with session_scope() as session:
        keys = [kitchen.ids["Cookies"], kitchen.ids["Cookie"], 1, 24]
        batch_production_service.record_batch_production(*keys, session=session, produced_at=MORNING)
        session.rollback()
    codes.append(kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=MORNING)["lot_code"])
    assert [f"cookie-20261123-{number}" for number in (1, 2, 3, 4)] == codes


@pytest.mark.one_database
def test_what_is_recorded_over_midnight_has_one_day(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Midnight passes while it waits for the locks: the run, its lot and the expiry of that have the later day."""
    kitchen.simple_bakery()
    times = iter(datetime(2026, 11, 23, 23, 59, 58, tzinfo=UTC) + timedelta(seconds=passed) for passed in range(9))
    with monkeypatch.context() as clock:
        clock.setattr("bake_tracker.services.operation.now", lambda: next(times))
        run = kitchen.produce("Cookies", "Cookie", 1, 24)
        assert next(times).day == 24
    (produced,) = kitchen.rows("SELECT produced_at FROM production_run")
    assert run["lot_code"].split("-")[1] == f"{produced.produced_at:.10}".replace("-", "")


def test_the_run_keeps_event_reason_and_notes(kitchen: Kitchen) -> None:
    """The run has them as they were given."""
    kitchen.simple_bakery()
    event = run_in_transaction(lambda s: things.record_event("Fête d'été", session=s))
    said = {"loss_reason": "brûlé 🔥", "notes": "line 1\nline 2 'quoted' %s {x}"}
    kitchen.produce("Cookies", "Cookie", 1, Decimal("20.5"), event_id=event["event_id"], **said)
    row = kitchen.rows("SELECT event_id, loss_reason, notes, actual_yield_micros, status FROM production_run")[0]
    assert (event["event_id"], *said.values(), 20_500_000, "partial_loss") == tuple(row)
