"""A delivery: the lines of one document become lots by the rules of a receipt, all or none."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bake_tracker.domain.errors import (
    ConflictError,
    ItemNotFoundError,
    SupplierNotFoundError,
    UnitConversionError,
    ValidationError,
)
from support.kitchen import Kitchen
from support.shelf import Shelf, drift
from support.tampering import named_after


@pytest.fixture
def shelf(kitchen: Kitchen) -> Shelf:
    kitchen.simple_bakery()
    return Shelf(kitchen)


def two_lines(shelf: Shelf) -> list[dict[str, Any]]:
    return [
        {"item_id": shelf.kitchen.ids["Flour"], "quantity": 25, "unit": "kg", "total_cost": Decimal("31.50")},
        {
            "item_id": shelf.kitchen.ids["Sugar"],
            "quantity": 10,
            "unit": "kg",
            "lot_code": "S-77",
            "expires_on": date(2027, 6, 1),
            "location": "Cellar",
        },
    ]


def test_every_line_becomes_the_lot_that_a_receipt_would_have_made(shelf: Shelf) -> None:
    """All the lots share one operation and one supplier."""
    mill = shelf.supplier("Mill")
    lines = two_lines(shelf)
    done = shelf.deliver(*lines, supplier_id=mill, document="R-1", delivered_on=date(2026, 3, 1), notes="by hand")
    columns = (
        "SELECT item_id, is_made, received_on, expires_on, pick_on, quantity_micros, cost_micros, remaining_micros,"
        " location, supplier_id FROM lot WHERE operation_id = :id ORDER BY id"
    )
    delivered = shelf.kitchen.rows(columns, id=done["operation_id"])
    received = [
        shelf.kitchen.receive(
            name,
            line["quantity"],
            line["unit"],
            line.get("total_cost"),
            received_on=date(2026, 3, 1),
            supplier_id=mill,
            **{key: line[key] for key in ("lot_code", "expires_on", "location") if key in line},
        )
        for name, line in zip(("Flour", "Sugar"), lines, strict=True)
    ]
    assert delivered == [shelf.kitchen.rows(columns, id=one["operation_id"])[0] for one in received]
    told = ("item_id", "quantity", "unit", "total_cost", "unit_cost", "received_on", "expires_on")
    assert [[lot[name] for name in told] for lot in done["lots"]] == [[one[name] for name in told] for one in received]
    assert (done["lot_count"], done["total_cost"]) == (2, None)
    assert drift() == []


def test_a_document_is_taken_once_unless_it_came_again(shelf: Shelf) -> None:
    """The supplier's own number counts; another supplier may use it too, and a reversed delivery frees it."""
    mill, dairy = shelf.supplier("Mill"), shelf.supplier("Dairy")
    (line, _) = two_lines(shelf)
    first = shelf.deliver(line, supplier_id=mill, document="R-1")
    with pytest.raises(ConflictError, match="was already recorded on") as refused:
        shelf.deliver(line, supplier_id=mill, document=" R-1 ")
    assert refused.value.fields["recorded_operation_id"] == first["operation_id"]
    shelf.deliver(line, supplier_id=dairy, document="R-1")
    again = shelf.deliver(line, supplier_id=mill, document="R-1", again=True)
    assert shelf.kitchen.stock("Flour") == 85_000
    for one in (again, first):
        shelf.reverse(one)
    shelf.deliver(line, supplier_id=mill, document="R-1")
    assert shelf.kitchen.stock("Flour") == 60_000


def test_a_delivery_is_undone_with_all_its_lots_and_with_what_was_made_of_them(shelf: Shelf) -> None:
    """The production that used the flour blocks the undo, and a cascade undoes both."""
    before = shelf.everything()
    shelf.adjust("waste", {"item_id": shelf.kitchen.ids["Flour"], "quantity": 10, "unit": "kg"})
    done = shelf.deliver(*two_lines(shelf), supplier_id=shelf.supplier("Mill"))
    shelf.kitchen.produce("Cookies", "Cookie", 1, 24)
    with pytest.raises(ConflictError):
        shelf.reverse(done)
    shelf.reverse(done, cascade=True)
    flour = shelf.lot("flour")
    assert [row for row in shelf.everything()[: len(before)] if row.id != flour.id] == [
        row for row in before if row.id != flour.id
    ]
    assert [row.remaining_micros for row in shelf.everything()[len(before) :]] == [0, 0, 0]
    assert drift() == []


def test_one_line_that_cannot_be_taken_refuses_all_and_names_every_one(shelf: Shelf) -> None:
    """Bad arguments are listed first, then lines that cannot be received."""
    before = shelf.everything()
    mill = shelf.supplier("Mill")
    good, other = two_lines(shelf)
    with pytest.raises(ValidationError) as refused:
        shelf.deliver(good, {**good, "quantity": 0}, {**other, "unit": "heap", "price": 3}, supplier_id=mill)
    assert sorted(problem["field"] for problem in refused.value.problems) == [
        "lines[1].quantity",
        "lines[2]",
        "lines[2].unit",
    ]
    with pytest.raises(ValidationError) as refused:
        shelf.deliver(
            {**good, "lot_code": "flour-20260101-1"}, {**good, "quantity": 10**9, "unit": "lb"}, supplier_id=mill
        )
    assert [problem["field"] for problem in refused.value.problems] == ["lines[0].lot_code", "lines[1].quantity"]
    with pytest.raises(UnitConversionError) as unknown:
        shelf.deliver({**good, "unit": "cup"}, {**other, "unit": "cup"}, supplier_id=mill)
    assert [problem["ingredient_slug"] for problem in unknown.value.problems] == ["flour", "sugar"]
    with pytest.raises(ItemNotFoundError):
        shelf.deliver(good, {**good, "item_id": 999}, supplier_id=mill)
    with pytest.raises(SupplierNotFoundError):
        shelf.deliver(good, supplier_id=999)
    assert shelf.everything() == before


@pytest.mark.parametrize(
    ("what", "statement"),
    {
        "delivery": "DELETE FROM delivery",
        "answer: document": "UPDATE delivery SET document = 'R-2'",
        "supplier of a delivery": "UPDATE lot SET supplier_id = NULL WHERE supplier_id IS NOT NULL",
        "answer: lots": "UPDATE operation SET result = replace(result, '31.50', '13.50')"
        " WHERE name = 'record_delivery'",
        "answer: lot_count": "UPDATE operation SET result = replace(result, 'lot_count', 'x')"
        " WHERE name = 'record_delivery'",
    }.items(),
)
def test_a_delivery_that_its_lots_do_not_give_is_named(shelf: Shelf, what: str, statement: str) -> None:
    """A change made outside the program is found."""
    shelf.deliver(*two_lines(shelf), supplier_id=shelf.supplier("Mill"), document="R-1")
    assert what in named_after(statement)
