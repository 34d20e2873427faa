"""What was really used: lots that a person names are taken exactly as said."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.errors import (
    ConflictError,
    InsufficientComponentsError,
    InsufficientInventoryError,
    LotNotFoundError,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from bake_tracker.services.production.correction import record_production_correction
from bake_tracker.services.stock.recall import record_recall
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.undoing import drift, hold, reverse

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """A bun of 100 ml cream and 50 g flour; cream comes in two lots, of which EARLY would be used first; and milk."""
    kitchen.ingredient("Cream", "ml")
    kitchen.ingredient("Milk", "ml")
    kitchen.ingredient("Flour")
    kitchen.recipe("Bun", {"Cream": (100, "ml"), "Flour": (50, "g")}, {"A bun": 1})
    kitchen.good("Bag", {"A bun": 1})
    for code, cost, days in (("EARLY", 1, 10), ("LATER", 2, 20)):
        expiry = now().date() + timedelta(days=days)
        kitchen.ids[code] = kitchen.receive("Cream", 200, "ml", cost, lot_code=code, expires_on=expiry)["lot_id"]
    kitchen.ids["MILK"] = kitchen.receive("Milk", 1, "l", 1, lot_code="MILK")["lot_id"]
    kitchen.receive("Flour", 1, "kg", 1, lot_code="FLOUR")
    return kitchen


def used(bakery: Kitchen, lot: str, quantity: Any, **more: Any) -> dict[str, Any]:
    """One entry, with the lot's id for its name."""
    return {"lot_id": bakery.ids[lot], "quantity": quantity, **more}


def taken(run: dict[str, Any]) -> dict[str, str]:
    """What a run took, by lot."""
    return {one["lot_code"]: one["quantity"] for one in run["consumptions"]}


def test_a_named_lot_is_taken_as_said_and_the_rest_by_policy(bakery: Kitchen, operation_log: OperationLog) -> None:
    """A recall of the lot finds the bun, the cost follows, and the success line has what was named."""
    run = bakery.produce("Bun", "A bun", 1, 1, used=[used(bakery, "LATER", 120, unit="ml")])
    assert (taken(run), run["total_ingredient_cost"]) == ({"FLOUR": "50", "LATER": "120"}, "1.25")
    told = {"lot_id": bakery.ids["LATER"], "lot_code": "LATER", "item_slug": "cream", "quantity": "120"}
    told |= {"unit": "ml", "instead_of": None, "reason": None}
    assert run["used"] == [told]
    assert operation_log.one("record_batch_production").fields["used"] == [told]
    reached = run_in_transaction(lambda s: record_recall(bakery.ids["LATER"], session=s, reason="listeria"))
    assert run["lot_code"] in str(reached)
    assert drift() == []


def test_without_used_the_call_and_its_answer_are_as_before(bakery: Kitchen) -> None:
    """Nothing is added to the fingerprint or the answer, and an empty list is the same call."""
    run = bakery.produce("Bun", "A bun", 1, 1, operation_id="01a208d4-5470-73c4-aaee-d45ed4f65d93")
    again = bakery.produce("Bun", "A bun", 1, 1, operation_id="01a208d4-5470-73c4-aaee-d45ed4f65d93", used=[])
    packed = bakery.assemble("Bag", 1)
    assert run == again
    assert "used" not in run
    assert "used" not in packed
    stored = bakery.rows("SELECT arguments FROM operation WHERE name IN ('record_batch_production', 'record_assembly')")
    assert all("used" not in row.arguments for row in stored)


def test_another_item_replaces_a_line_whole(bakery: Kitchen) -> None:
    """Milk instead of cream, with the reason; no cream is taken."""
    entry = used(bakery, "MILK", Fraction(1, 10), unit="l", instead_of=bakery.ids["Cream"], reason="cream was sour")
    assert bakery.can_produce("Bun", 1, used=[entry])["can_produce"]
    run = bakery.produce("Bun", "A bun", 1, 1, used=[entry])
    assert taken(run) == {"FLOUR": "50", "MILK": "100"}
    assert (run["used"][0]["instead_of"], run["used"][0]["reason"]) == ("cream", "cream was sour")
    assert drift() == []


def test_an_expired_lot_needs_a_reason(bakery: Kitchen) -> None:
    """A person may use it, and says why."""
    old = bakery.receive("Cream", 100, "ml", 1, lot_code="OLD", expires_on=date(2026, 1, 1))
    bakery.ids["OLD"] = old["lot_id"]
    with pytest.raises(ValidationError, match=r"used\[0\].reason: is required: lot OLD expired on 2026-01-01"):
        bakery.produce("Bun", "A bun", 1, 1, used=[used(bakery, "OLD", 100)])
    run = bakery.produce("Bun", "A bun", 1, 1, used=[used(bakery, "OLD", 100, reason="tasted, still good")])
    assert run["used"][0]["reason"] == "tasted, still good"


@pytest.mark.parametrize(
    ("entries", "error", "problem"),
    [
        ([("MILK", 10, {})], ValidationError, "does not need milk"),
        ([("MILK", 10, {"instead_of": "Cream"})], ValidationError, "say why another item was used"),
        ([("MILK", 10, {"instead_of": "Milk", "reason": "x"})], ValidationError, "must be an item that this run needs"),
        ([("EARLY", 10, {"instead_of": "Cream", "reason": "x"})], ValidationError, "leave it out"),
        ([("EARLY", 10, {"instead_of": "Flour", "reason": "x"})], ValidationError, "also needed for itself"),
        ([("EARLY", 10, {}), ("EARLY", 20, {})], ValidationError, "listed twice"),
        ([("EARLY", 0, {})], ValidationError, "above 0"),
        ([("EARLY", Decimal("0.0000001"), {})], ValidationError, "too little to record"),
        ([("EARLY", 1, {"item": 3})], ValidationError, "has no field 'item'"),
        ([("EARLY", 1, {"unit": "g"})], UnitConversionError, "cannot convert g to ml"),
        ([("EARLY", 201, {})], InsufficientInventoryError, "EARLY: 201 ml needed, 200 ml available"),
        ([("nowhere", 1, {})], LotNotFoundError, "lot"),
    ],
)
def test_a_list_that_cannot_be_right_is_refused(bakery: Kitchen, entries: Any, error: Any, problem: str) -> None:
    """The check and the recording refuse it alike, and nothing is taken."""
    bakery.ids["nowhere"] = 999
    listed = [
        used(
            bakery,
            lot,
            quantity,
            **{**more, **({"instead_of": bakery.ids[more["instead_of"]]} if "instead_of" in more else {})},
        )
        for lot, quantity, more in entries
    ]
    with pytest.raises(error, match=problem):
        bakery.produce("Bun", "A bun", 1, 1, used=listed)
    if error is InsufficientInventoryError:
        assert bakery.can_produce("Bun", 1, used=listed)["missing_ingredients"][0]["lot_code"] == "EARLY"
    else:
        with pytest.raises(error, match=problem):
            bakery.can_produce("Bun", 1, used=listed)
    assert (bakery.stock("Cream"), bakery.stock("Flour")) == (400, 1_000)


def test_a_lot_on_hold_is_refused_and_so_is_one_that_came_later(bakery: Kitchen) -> None:
    """The first can be released; the second cannot have been used."""
    hold(bakery, "LATER")
    with pytest.raises(ConflictError, match="LATER is on hold"):
        bakery.produce("Bun", "A bun", 1, 1, used=[used(bakery, "LATER", 100)])
    with pytest.raises(ConflictError, match="EARLY came in on"):
        before = now() - timedelta(days=3)
        bakery.produce("Bun", "A bun", 1, 1, used=[used(bakery, "EARLY", 100)], produced_at=before)


def test_one_lot_stands_for_itself_and_for_another_item(bakery: Kitchen) -> None:
    """Its entries become one movement."""
    bakery.recipe("Roll", {"Cream": (100, "ml"), "Milk": (50, "ml")}, {"A roll": 1})
    both = [
        used(bakery, "MILK", 60),
        used(bakery, "MILK", 90, instead_of=bakery.ids["Cream"], reason="no cream left"),
    ]
    assert taken(bakery.produce("Roll", "A roll", 1, 1, used=both)) == {"MILK": "150"}
    assert drift() == []


def test_an_assembly_takes_the_named_lots(bakery: Kitchen) -> None:
    """A named lot that holds too little is listed, and an ingredient is refused."""
    first, second = (bakery.produce("Bun", "A bun", 1, 1) for _ in range(2))
    listed = [{"lot_id": second["lot_id"], "quantity": 1}]
    packed = bakery.assemble("Bag", 1, used=listed)
    assert taken(packed) == {second["lot_code"]: "1"}
    assert packed["used"][0]["lot_code"] == second["lot_code"]
    with pytest.raises(InsufficientComponentsError, match=r"a-bun-.*: 1 needed, 0 available"):
        bakery.assemble("Bag", 1, used=listed)
    with pytest.raises(ValidationError, match="is an ingredient"):
        bun = bakery.ids["A bun"]
        bakery.assemble("Bag", 1, used=[used(bakery, "MILK", 1, instead_of=bun, reason="x")])
    assert bakery.stock("A bun") == 1
    assert first["lot_id"] != second["lot_id"]


def test_bake_and_pack_takes_the_named_lots(bakery: Kitchen) -> None:
    """They are those of the production."""
    done = run_in_transaction(
        lambda s: record_bake_and_pack(
            bakery.ids["Bun"],
            bakery.ids["A bun"],
            1,
            1,
            bakery.ids["Bag"],
            1,
            session=s,
            used=[used(bakery, "LATER", 90)],
        )
    )
    assert taken(dict(done["production"]))["LATER"] == "90"
    assert drift() == []


def correct(run: dict[str, Any], actual: Any, **more: Any) -> dict[str, Any]:
    """Correct a run."""
    return dict(
        run_in_transaction(
            lambda s: record_production_correction(run["operation_id"], actual, "typo", session=s, **more)
        )
    )


def test_a_correction_keeps_replaces_or_drops_what_was_said(bakery: Kitchen) -> None:
    """Left out, it stays; an empty list leaves the choice to the policy; undoing restores what was first said."""
    run = bakery.produce("Bun", "A bun", 1, 2, used=[used(bakery, "LATER", 120)])
    kept = correct(run, 1)["production"]
    assert taken(kept) == {"FLOUR": "50", "LATER": "120"}
    changed = correct(kept, 1, used=[used(bakery, "LATER", 90), used(bakery, "EARLY", 30)])
    assert taken(changed["production"]) == {"FLOUR": "50", "LATER": "90", "EARLY": "30"}
    by_policy = correct(changed["production"], 1, used=[])
    assert taken(by_policy["production"]) == {"FLOUR": "50", "EARLY": "100"}
    reverse(by_policy["operation_id"])
    left = {row.code: row.remaining_micros // 10**6 for row in bakery.rows("SELECT code, remaining_micros FROM lot")}
    assert (left["LATER"], left["EARLY"]) == (110, 170)
    assert drift() == []


def test_a_correction_that_changes_nothing_is_refused(bakery: Kitchen) -> None:
    """The same yield without new lots is not a correction."""
    run = bakery.produce("Bun", "A bun", 1, 1)
    with pytest.raises(ValidationError, match="already the recorded yield"):
        correct(run, 1)
    assert taken(correct(run, 1, used=[used(bakery, "LATER", 100)])["production"])["LATER"] == "100"
