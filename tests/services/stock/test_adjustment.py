"""Waste, spoilage, samples, gifts, sales and corrections: the right lot at its own cost, in full or not at all."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.domain.errors import (
    ConflictError,
    InsufficientInventoryError,
    ItemNotFoundError,
    LotNotFoundError,
    RecipientNotFoundError,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.domain.stock.adjusting import KINDS, RETURNS, TO_SOMEBODY, cost_of_change
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.models.adjustments import KINDS as KEPT
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.stock import handling
from support.kitchen import Kitchen
from support.shelf import Shelf, drift
from support.tampering import named_after


@pytest.fixture
def shelf(kitchen: Kitchen) -> Shelf:
    """A simple bakery, with a second bag of flour at another price."""
    kitchen.simple_bakery()
    kitchen.receive("Flour", 1, "kg", 3, received_on=date(2026, 1, 2))
    return Shelf(kitchen)


def hold(lot_id: int) -> None:
    run_in_transaction(lambda s: handling.record_hold([lot_id], "smells", session=s))


def test_the_kinds_are_those_that_the_table_takes() -> None:
    """The table has more: only a count and a return post them."""
    assert {*KINDS, *RETURNS, "stocktake"} == set(KEPT)
    assert set(KINDS) > TO_SOMEBODY


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "correction"])
def test_by_item_the_policy_chooses_and_each_lot_gives_its_own_cost(shelf: Shelf, kind: str) -> None:
    """The older bag is used up first, then the next."""
    done = shelf.adjust(kind, {"item_id": shelf.kitchen.ids["Flour"], "quantity": Decimal("10.5"), "unit": "kg"})
    assert [(lot["quantity"], lot["cost"]) for lot in done["lots"]] == [("-10000", "-20.00"), ("-500", "-1.50")]
    assert done["total_cost"] == "-21.50"
    assert shelf.kitchen.stock("Flour") == 500
    assert drift() == []
    kept = shelf.kitchen.rows("SELECT kind, quantity_micros FROM adjustment ORDER BY id")
    assert kept == [(kind, -10_000_000_000), (kind, -500_000_000)]


def test_an_adjustment_by_lot_uses_that_very_lot(shelf: Shelf) -> None:
    """The policy would take another lot."""
    second = shelf.kitchen.rows("SELECT id FROM lot WHERE code LIKE 'flour%' ORDER BY id")[1].id
    done = shelf.adjust("waste", {"lot_id": second, "quantity": 200}, {"lot_id": second, "quantity": 100}, reason="wet")
    assert [(lot["lot_id"], lot["quantity"], lot["cost"]) for lot in done["lots"]] == [(second, "-300", "-0.90")]
    assert done["reason"] == "wet"
    assert drift() == []


@pytest.mark.one_database
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_held", [True, False], ids=["held", "expired"])
def test_expired_and_held_lots_go_to_nobody(shelf: Shelf, kind: str, is_held: bool) -> None:
    """Such a lot may be thrown away or corrected if it is named; a person gets it only after a release."""
    shelf.kitchen.ingredient("Milk", "ml")
    expires = None if is_held else date(2026, 2, 1)
    lot = shelf.kitchen.receive("Milk", 1, "l", 2, received_on=date(2026, 1, 1), expires_on=expires)["lot_id"]
    if is_held:
        hold(lot)
    sign = -1 if kind == "correction" else 1
    line: dict[str, Any] = {"lot_id": lot, "quantity": 100 * sign}
    if kind not in TO_SOMEBODY:
        assert shelf.adjust(kind, line, reason="sour")["total_cost"] == "-0.20"
        return
    with pytest.raises(ConflictError, match="record it as waste") as refused:
        shelf.adjust(kind, line)
    assert f"or release it first, with a reason: bake release {shelf.lot('milk').code}" in told(refused.value)
    assert refused.value.fields == {"lots": [shelf.lot("milk").code]}
    assert shelf.kitchen.stock("Milk") == 1000
    with pytest.raises(InsufficientInventoryError):
        shelf.adjust(kind, {"item_id": shelf.kitchen.ids["Milk"], "quantity": 100})
    until = date(2100, 1, 1)
    run_in_transaction(lambda s: handling.record_release([lot], "tasted", session=s, usable_until=until))
    assert shelf.adjust(kind, line)["total_cost"] == "-0.20"


def test_a_shortage_lists_every_short_line_and_takes_nothing(shelf: Shelf) -> None:
    """Items and lots are in one list, and no line takes anything."""
    before = shelf.everything()
    flour, carton = shelf.lot("flour"), shelf.lot("carton")
    with pytest.raises(InsufficientInventoryError) as refused:
        shelf.adjust(
            "waste",
            {"lot_id": flour.id, "quantity": 11, "unit": "kg"},
            {"item_id": shelf.kitchen.ids["Sugar"], "quantity": 6, "unit": "kg"},
            {"lot_id": carton.id, "quantity": 1},
        )
    short = {
        one.get("lot_code", one["ingredient_slug"]): (one["needed"], one["available"])
        for one in refused.value.shortages
    }
    assert short == {"sugar": ("6000", "5000"), flour.code: ("11000", "10000")}
    assert flour.code in str(refused.value)
    assert shelf.everything() == before


def test_a_correction_up_costs_what_the_rest_costs_or_what_it_came_at(shelf: Shelf) -> None:
    """A lot with stock keeps its unit cost, an empty lot has that of its receipt; an unknown cost stays unknown."""
    lot = shelf.lot("flour").id
    more = {"lot_id": lot, "quantity": 1, "unit": "kg"}
    assert shelf.adjust("correction", more, reason="found")["lots"][0]["cost"] == "2.00"
    shelf.adjust("waste", {"lot_id": lot, "quantity": 11, "unit": "kg"})
    assert shelf.lot("flour")[2:] == (0, 0)
    done = shelf.adjust("correction", more, reason="found another")
    assert (done["lots"][0]["quantity"], done["lots"][0]["cost"]) == ("1000", "2.00")
    free = shelf.kitchen.receive("Flour", 1, "kg")["lot_id"]
    unknown = shelf.adjust("correction", {"lot_id": free, "quantity": Fraction(1, 3)}, reason="found")
    assert (unknown["lots"][0]["quantity"], unknown["lots"][0]["cost"]) == ("0.333334", None)
    assert unknown["total_cost"] is None
    assert drift() == []


def test_taking_the_rest_takes_all_its_cost() -> None:
    """Rounding loses nothing in between."""
    assert cost_of_change(-3, 3, 7, 10, 20) == -7
    assert cost_of_change(-1, 3, 7, 10, 20) == -2
    assert cost_of_change(1, 3, 7, 10, 20) == 2
    assert cost_of_change(1, 0, 0, 10, 20) == 2
    assert cost_of_change(1, 0, None, 10, None) is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_undone_exactly(shelf: Shelf, kind: str) -> None:
    """Lots, costs and counts are as before, and the reversal stays on record."""
    before = shelf.everything()
    sign = -1 if kind == "correction" else 1
    line = {"item_id": shelf.kitchen.ids["Flour"], "quantity": Fraction(31_000, 3) * sign}
    done = shelf.adjust(kind, line, reason="mistyped")
    assert shelf.everything() != before
    shelf.reverse(done)
    assert shelf.everything() == before
    assert drift() == []
    with pytest.raises(ConflictError):
        shelf.reverse(done)


def test_a_correction_up_is_undone_exactly(shelf: Shelf) -> None:
    """This includes a correction that filled an empty lot."""
    lot = shelf.lot("sugar").id
    shelf.adjust("waste", {"lot_id": lot, "quantity": 5, "unit": "kg"})
    before = shelf.everything()
    shelf.reverse(shelf.adjust("correction", {"lot_id": lot, "quantity": 70}, reason="found"))
    assert shelf.everything() == before
    assert drift() == []


def test_the_same_id_again_changes_nothing_and_answers_the_same(shelf: Shelf) -> None:
    """The unit may have another name."""
    key = "0199a000-0000-7000-8000-000000000001"
    flour = shelf.kitchen.ids["Flour"]
    first = shelf.adjust("waste", {"item_id": flour, "quantity": 1, "unit": "kg"}, operation_id=key)
    again = shelf.adjust("waste", {"item_id": flour, "quantity": 1, "unit": "kilograms"}, operation_id=key)
    assert again == first
    with pytest.raises(ConflictError):
        shelf.adjust("waste", {"item_id": flour, "quantity": 2, "unit": "kg"}, operation_id=key)
    assert shelf.kitchen.stock("Flour") == 10_000


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("kind", "line", "more", "field"),
    [
        ("theft", {"quantity": 1}, {}, "kind"),
        ("waste", {"quantity": 0}, {}, "lines[0].quantity"),
        ("waste", {"quantity": -1}, {}, "lines[0].quantity"),
        ("waste", {"quantity": 1.5}, {}, "lines[0].quantity"),
        ("waste", {"quantity": 1, "unit": "bucket"}, {}, "lines[0].unit"),
        ("waste", {"quantity": 1, "lot_id": 1}, {}, "lines[0]"),
        ("waste", {"quantity": 1, "cost": 1}, {}, "lines[0]"),
        ("waste", {"quantity": 1}, {"recipient_id": 1}, "recipient_id"),
        ("waste", {"quantity": 1}, {"reason": " "}, "reason"),
        ("correction", {"quantity": -1}, {}, "reason"),
        ("correction", {"quantity": 1}, {"reason": "found"}, "lines[0].lot_id"),
        ("correction", {"quantity": Decimal("NaN")}, {"reason": "found"}, "lines[0].quantity"),
        ("correction", {"quantity": Decimal("-sNaN")}, {"reason": "found"}, "lines[0].quantity"),
        ("waste", {"quantity": Fraction(1, 10**9)}, {}, "lines"),
    ],
)
def test_an_impossible_argument_is_refused_by_its_name(
    shelf: Shelf, kind: str, line: dict[str, Any], more: dict[str, Any], field: str
) -> None:
    """The refusal has the argument that must change."""
    with pytest.raises(ValidationError) as refused:
        shelf.adjust(kind, {"item_id": shelf.kitchen.ids["Flour"], **line}, **more)
    assert field in [problem["field"] for problem in refused.value.problems]


def test_a_reference_to_a_missing_thing_is_refused_by_its_name(shelf: Shelf) -> None:
    """Lot, item, customer, missing densities, and an item with and without lots are each refused."""
    flour = shelf.kitchen.ids["Flour"]
    with pytest.raises(LotNotFoundError):
        shelf.adjust("waste", {"lot_id": 999, "quantity": 1})
    with pytest.raises(ItemNotFoundError):
        shelf.adjust("waste", {"item_id": 999, "quantity": 1})
    with pytest.raises(RecipientNotFoundError):
        shelf.adjust("gift", {"item_id": flour, "quantity": 1}, recipient_id=999)
    with pytest.raises(UnitConversionError) as refused:
        shelf.adjust(
            "waste",
            {"item_id": flour, "quantity": 1, "unit": "cup"},
            {"item_id": shelf.kitchen.ids["Sugar"], "quantity": 1, "unit": "cup"},
        )
    assert [problem["ingredient_slug"] for problem in refused.value.problems] == ["flour", "sugar"]
    with pytest.raises(ValidationError, match="flour: give a lot in all of its lines, or in none"):
        shelf.adjust("waste", {"item_id": flour, "quantity": 1}, {"lot_id": shelf.lot("flour").id, "quantity": 1})


@pytest.mark.parametrize(
    ("what", "statement"),
    {
        "adjustment": "UPDATE adjustment SET quantity_micros = quantity_micros - 1",
        "adjustment kind": "UPDATE adjustment SET kind = 'stocktake'",
        "adjustment operation_id": "DELETE FROM operation WHERE name = 'record_adjustment'",
        "answer: lots": "UPDATE operation SET result = replace(result, '-1.00', '-9.00')"
        " WHERE name = 'record_adjustment'",
        "answer: total_cost": "UPDATE operation SET result = replace(result, 'total_cost', 'x')"
        " WHERE name = 'record_adjustment'",
    }.items(),
)
def test_an_adjustment_that_its_movements_do_not_give_is_named(shelf: Shelf, what: str, statement: str) -> None:
    """A change of one millionth made outside the program is found."""
    shelf.adjust("waste", {"item_id": shelf.kitchen.ids["Flour"], "quantity": 500})
    assert what in named_after(statement)


def test_an_adjustment_that_is_gone_is_named(shelf: Shelf) -> None:
    """Without it, nothing says what the movement was for."""
    shelf.adjust("waste", {"item_id": shelf.kitchen.ids["Flour"], "quantity": 500})
    assert "adjustment" in named_after("DELETE FROM adjustment")
