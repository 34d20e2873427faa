"""A count of the shelf: the differences, since when, and what is posted."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.domain.errors import ConflictError, LotNotFoundError, UnitConversionError, ValidationError
from bake_tracker.queries.stock.count_sheet import load_count_sheet
from bake_tracker.services.database import read_scope
from support.kitchen import Kitchen
from support.shelf import Shelf, drift
from support.tampering import named_after


@pytest.fixture
def shelf(kitchen: Kitchen) -> Shelf:
    kitchen.simple_bakery()
    kitchen.receive("Sugar", 1, "kg", expires_on=date(2026, 1, 5), received_on=date(2026, 1, 1), location="Cellar")
    return Shelf(kitchen)


def test_a_count_by_quantity_and_by_per_cent_is_previewed_then_posted_at_once(shelf: Shelf) -> None:
    """Each lot has quantity, per cent and cost; a correct lot is stored as counted and posts nothing."""
    flour, sugar, carton = (shelf.lot(code) for code in ("flour", "sugar", "carton"))
    lines = (
        {"lot_id": flour.id, "counted": Decimal("9.5"), "unit": "kg"},
        {"lot_id": sugar.id, "percent_left": 40},
        {"lot_id": carton.id, "counted": 100},
    )
    before = shelf.everything()
    seen = shelf.look(*lines)
    assert shelf.everything() == before
    assert [(lot["difference"], lot["percent"], lot["cost"]) for lot in seen["lots"]] == [
        ("-500", "-5", "-1.00"),
        ("-3000", "-60", "-6.00"),
        ("0", "0", "0.00"),
    ]
    assert (seen["counted_count"], seen["different_count"], seen["cost_difference"]) == (3, 2, "-7.00")
    done = shelf.count(*lines, notes="end of month")
    assert done["lots"] == seen["lots"][:2]
    assert (shelf.kitchen.stock("Flour"), shelf.kitchen.stock("Sugar")) == (9_500, 3_000)
    kept = shelf.kitchen.rows("SELECT kind, reason, quantity_micros FROM adjustment ORDER BY id")
    assert kept == [("stocktake", "end of month", -500_000_000), ("stocktake", "end of month", -3_000_000_000)]
    counted = shelf.kitchen.rows("SELECT expected_micros, counted_micros, percent_left FROM stocktake_line ORDER BY id")
    assert counted[1:] == [(5_000_000_000, 2_000_000_000, "40"), (100_000_000, 100_000_000, None)]
    assert drift() == []


def test_a_count_is_undone_exactly(shelf: Shelf) -> None:
    """This holds for more, less and nothing left, at a known and an unknown cost."""
    before = shelf.everything()
    ids = [row.id for row in before]
    counts = [{"lot_id": lot, "counted": Fraction(number * 9_999, 7)} for number, lot in enumerate(ids)]
    done = shelf.count(*counts)
    assert shelf.everything()[0][1:] == (0, 0)
    assert drift() == []
    shelf.reverse(done)
    assert shelf.everything() == before
    assert drift() == []


def bake_a_batch(shelf: Shelf) -> None:
    shelf.kitchen.produce("Cookies", "Cookie", 1, 24)


def test_stock_moved_since_the_sheet_is_asked_about_and_not_guessed(shelf: Shelf) -> None:
    """10 kg on the sheet, 9.8 counted, half a kilo baked: 9.3 is left if baked after the count, 9.8 if before."""
    flour = shelf.lot("flour").id
    line = {"lot_id": flour, "counted": Decimal("9.8"), "unit": "kg", "expected": 10_000}
    bake_a_batch(shelf)
    seen = shelf.look(line)
    assert [(lot["on_sheet"], lot["on_hand"]) for lot in seen["moved"]] == [("10000", "9500")]
    with pytest.raises(ConflictError, match="10000 g on the sheet, 9500 now") as refused:
        shelf.count(line)
    assert refused.value.fields["moved"] == seen["moved"]
    after = shelf.count(line, moved="after")
    assert (after["lots"][0]["difference"], shelf.kitchen.stock("Flour")) == ("-200", 9_300)
    shelf.reverse(after)
    before = shelf.count(line, moved="before")
    assert (before["lots"][0]["difference"], shelf.kitchen.stock("Flour")) == ("300", 9_800)
    assert drift() == []


def test_a_count_cannot_remove_more_than_is_left(shelf: Shelf) -> None:
    """The lot was used up since the sheet: what the count would remove is already gone."""
    carton = shelf.lot("carton").id
    shelf.adjust("waste", {"lot_id": carton, "quantity": 95})
    with pytest.raises(ConflictError, match="the count removes more than is on hand"):
        shelf.count({"lot_id": carton, "counted": 90, "expected": 100}, moved="after")
    assert shelf.kitchen.stock("Carton") == 5


def test_an_empty_held_or_expired_lot_can_be_counted(shelf: Shelf) -> None:
    """A count covers whatever is on hand; an unknown cost stays unknown."""
    sugar = shelf.kitchen.rows("SELECT id FROM lot WHERE location = 'Cellar'")[0].id
    done = shelf.count({"lot_id": sugar, "counted": 0})
    assert (done["lots"][0]["percent"], done["cost_difference"]) == ("-100", None)
    again = shelf.count({"lot_id": sugar, "percent_left": Decimal("12.5")})
    assert (again["lots"][0]["difference"], again["lots"][0]["percent"], again["lots"][0]["cost"]) == (
        "125",
        None,
        None,
    )
    assert drift() == []


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({}, "lines[0]"),
        ({"counted": 1, "percent_left": 1}, "lines[0]"),
        ({"counted": -1}, "lines[0].counted"),
        ({"counted": 0.5}, "lines[0].counted"),
        ({"percent_left": 101}, "lines[0].percent_left"),
        ({"percent_left": 1, "expected": "10"}, "lines[0].expected"),
        ({"counted": 1, "unit": "heap"}, "lines[0].unit"),
        ({"counted": 1, "cost": 1}, "lines[0]"),
        ({"counted": 10**12}, "lines[0].counted"),
    ],
)
def test_an_impossible_argument_is_refused_by_its_name(shelf: Shelf, line: dict[str, Any], field: str) -> None:
    """Check and recording refuse alike."""
    for call in (shelf.look, shelf.count):
        with pytest.raises(ValidationError) as refused:
            call({"lot_id": shelf.lot("flour").id, **line})
        assert [problem["field"] for problem in refused.value.problems] == [field]


def test_a_lot_twice_no_lot_and_a_unit_of_another_kind_are_refused(shelf: Shelf) -> None:
    """Each has its own error."""
    line = {"lot_id": shelf.lot("flour").id, "counted": 1}
    with pytest.raises(ValidationError, match="is listed twice"):
        shelf.count(line, line)
    with pytest.raises(ValidationError, match="moved"):
        shelf.count(line, moved="during")
    with pytest.raises(LotNotFoundError):
        shelf.look({"lot_id": 999, "counted": 1})
    with pytest.raises(UnitConversionError):
        shelf.look({**line, "unit": "cup"})


def test_the_sheet_has_every_lot_with_something_in_it(shelf: Shelf) -> None:
    """Lots are ordered by place; an item or a place narrows the sheet."""
    shelf.adjust("waste", {"item_id": shelf.kitchen.ids["Carton"], "quantity": 100})
    with read_scope() as session:
        rows = load_count_sheet(session)
        assert [(row["item_slug"], row["location"], row["expected"]) for row in rows] == [
            ("sugar", "Cellar", "1000"),
            ("flour", None, "10000"),
            ("sugar", None, "5000"),
        ]
        assert load_count_sheet(session, location="Cellar") == rows[:1]
        assert load_count_sheet(session, item_id=shelf.kitchen.ids["Flour"]) == rows[1:2]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("what", "statement"),
    {
        "counted line": "UPDATE stocktake_line SET counted_micros = counted_micros + 1",
        "counted line of adjustment": "DELETE FROM stocktake_line",
        "counted line recorded by": "UPDATE stocktake SET operation_id ="
        " (SELECT operation_id FROM lot ORDER BY id LIMIT 1)",
        "stocktake": "DELETE FROM stocktake",
        "stocktake_line stocktake_id": "DELETE FROM stocktake",
        "adjustment kind": "UPDATE adjustment SET kind = 'waste'",
        "adjustment": "DELETE FROM adjustment",
        "answer: cost_difference": "UPDATE operation SET result = replace(result, 'cost_difference', 'x')"
        " WHERE name = 'record_stocktake'",
    }.items(),
)
def test_a_count_that_its_adjustments_do_not_give_is_named(shelf: Shelf, what: str, statement: str) -> None:
    """A change of one millionth made outside the program is found."""
    shelf.count({"lot_id": shelf.lot("flour").id, "counted": 9_000})
    assert what in named_after(statement)
