"""Hand-overs: of an order or without one, in parts, from lots of choice, at a price, and undone."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    InsufficientInventoryError,
    ValidationError,
)
from bake_tracker.queries.reports.usage import load_recipients
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.queries.stock.returns import load_still_out
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.returns import record_return
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.tampering import named_after
from support.undoing import drift, lot_id, reverse, shelf

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def book(kitchen: Kitchen) -> OrderBook:
    """Three boxes and six cookies on the shelf."""
    return OrderBook(kitchen, boxes=3)


def test_an_order_is_handed_over_at_its_prices(book: OrderBook, operation_log: OperationLog) -> None:
    """Everything that is left leaves the shelf as a sale to the customer, and the order is done."""
    order = book.order(book.line(book.box, 2, price=12), book.line(book.cookie, 6, price=1))
    done = book.hand_over(order)
    assert (done["state"], done["recipient_id"], done["total_price"]) == ("done", book.ada, "30.00")
    assert [(lot["item_slug"], lot["quantity"]) for lot in done["lots"]] == [("box", "-2"), ("cookie", "-6")]
    assert (book.kitchen.stock("Box"), book.kitchen.stock("Cookie")) == (1, 0)
    line = operation_log.one("record_hand_over").fields
    assert (line["order_id"], line["state"], line["total_price"]) == (order["order_id"], "done", "30.00")
    operation_log.assert_one_outcome_each()
    with pytest.raises(ConflictError, match="all of order 1 was handed over"):
        book.hand_over(order)
    with pytest.raises(ConflictError, match="nothing is left to cancel"):
        book.cancel(order)
    assert drift() == []


def test_a_part_is_handed_over_and_then_the_rest(book: OrderBook) -> None:
    """The rest is what is left of every line, at another price where one is given."""
    order = book.order()
    first = book.hand_over(order, {"line": 1, "quantity": 1}, {"item_id": book.cookie, "quantity": 2, "price": 1})
    assert (first["state"], first["total_price"]) == ("partly handed over", "14.00")
    with pytest.raises(ConflictError, match=r"line 1 \(box\): 2 of 2 asked for, 1 left to hand over"):
        book.hand_over(order, {"line": 1, "quantity": 2})
    with pytest.raises(ValidationError, match=r"quantity: is too little to count; use a larger number"):
        book.hand_over(order, {"line": 1, "quantity": Fraction(1, 10**9)})
    book.hand_over(order, {"line": 1})
    with pytest.raises(ValidationError, match=r"lines\[0\]: nothing is left to hand over of box; leave the line out"):
        book.hand_over(order, {"line": 1})
    rest = book.hand_over(order)
    assert [(one["line"], one["quantity"]) for one in rest["lines"]] == [(2, "4")]
    assert (rest["state"], rest["total_price"]) == ("done", None)
    assert drift() == []


def test_the_lot_may_be_given(book: OrderBook) -> None:
    """It must be of the line's item."""
    order = book.order()
    cookies, boxes = lot_id(book.kitchen, "cookie"), lot_id(book.kitchen, "box")
    with pytest.raises(ValidationError, match="is cookie, but line 1 is box"):
        book.hand_over(order, {"line": 1, "lot_id": cookies, "quantity": 1})
    done = book.hand_over(order, {"lot_id": boxes})
    assert [(lot["lot_id"], lot["quantity"]) for lot in done["lots"]] == [(boxes, "-2")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"line": 9}, "9 is not in order"),
        ({"item": 1}, "has no field 'item'"),
        ({}, "must name a line of the order"),
        ({"line": 1, "unit": "each"}, "only for a quantity"),
        ({"flour": True}, "flour is not in order"),
    ],
)
def test_a_line_that_means_nothing_is_refused(book: OrderBook, line: dict[str, Any], said: str) -> None:
    """Nothing leaves the shelf."""
    order, before = book.order(), shelf(book.kitchen)
    with pytest.raises(ValidationError, match=said):
        book.hand_over(order, {"item_id": book.kitchen.ids["Flour"]} if "flour" in line else line)
    assert shelf(book.kitchen) == before


def test_a_shortage_takes_nothing_and_leaves_the_order_open(book: OrderBook) -> None:
    """The refusal lists what is short."""
    order = book.order(book.line(book.box, 4), book.line(book.cookie, 7))
    before = shelf(book.kitchen)
    with pytest.raises(InsufficientInventoryError) as short:
        book.hand_over(order)
    assert [(one["ingredient_slug"], one["available"]) for one in short.value.shortages] == [
        ("box", "3"),
        ("cookie", "6"),
    ]
    assert shelf(book.kitchen) == before


def test_goods_are_sold_at_the_counter_without_an_order(book: OrderBook) -> None:
    """The sale keeps their price and, if somebody gives them, a customer and an earlier day."""
    now = book.hand_over(None, {"item_id": book.cookie, "quantity": 2, "price": 1})
    assert (now["order_id"], now["state"], now["recipient_id"], now["total_price"]) == (None, None, None, "2.00")
    with pytest.raises(ValidationError, match="is missing; only of an order"):
        book.hand_over(None, {"item_id": book.cookie})
    with pytest.raises(ValidationError, match="only an order can be handed over without lines"):
        book.hand_over(None)
    with pytest.raises(ConflictError, match="choose that day or a later one"):
        book.hand_over(
            None,
            {"lot_id": lot_id(book.kitchen, "cookie"), "quantity": 1},
            happened_at=datetime(2026, 1, 2, tzinfo=UTC),
        )
    assert drift() == []


def test_an_undone_hand_over_puts_everything_back(book: OrderBook) -> None:
    """The order is open again, and can be handed over again."""
    order, before = book.order(), shelf(book.kitchen)
    done = book.hand_over(order)
    reverse(done)
    assert shelf(book.kitchen) == before
    assert book.hand_over(order)["state"] == "done"
    assert drift() == []


def test_an_order_goes_only_with_its_hand_over(book: OrderBook) -> None:
    """The undo says so; with ``cascade`` both are undone, whatever was changed in between."""
    before = shelf(book.kitchen)
    order = book.order()
    book.hand_over(order, {"line": 1, "quantity": 1})
    book.change(order, lines=[book.line(book.box, 1), book.line(book.cookie, 2)])
    book.hand_over(order)
    with pytest.raises(DependentsError):
        reverse(order)
    assert reverse(order, cascade=True)["reversed_count"] == 4
    assert shelf(book.kitchen) == before
    assert drift() == []


def test_a_change_keeps_what_was_handed_over(book: OrderBook) -> None:
    """Less than that cannot be ordered, nor anything else in its place."""
    order = book.order()
    book.hand_over(order, {"line": 1, "quantity": 2})
    for lines in ([book.line(book.box, 1)], [book.line(book.cookie, 6)], [book.line(book.cookie, 2, line=1)]):
        with pytest.raises(ValidationError, match=r"2 of box \(line 1\) were handed over"):
            book.change(order, lines=lines)
    assert book.change(order, lines=[book.line(book.box, 2, price=10)])["state"] == "done"
    assert book.change(order, lines=[book.line(book.box, 3)])["state"] == "partly handed over"
    assert drift() == []


def test_what_was_handed_over_can_come_back_and_is_recalled(book: OrderBook) -> None:
    """A return, a recall and the report per customer find it as they find any sale; the order stays done."""
    order = book.order(book.line(book.box, 2, price=12))
    done = book.hand_over(order)
    boxes = lot_id(book.kitchen, "box")
    with read_scope() as session:
        (out,) = load_still_out(session, operation_id=done["operation_id"])
        recalled = load_recall(session, boxes)
        report = load_recipients(session)
    assert (out["recipient"], out["still_out"]) == ("Ada", "2")
    assert "Ada" in str(recalled)
    assert [(row["recipient"], row["what"], row["quantity"]) for row in report] == [("ada", "sale", "2")]
    lines = [{"lot_id": boxes, "quantity": 1}]
    back = run_in_transaction(
        lambda s: record_return(lines, session=s, handed_over_by=done["operation_id"], put="stock")
    )
    assert back["recipient_id"] == book.ada
    assert book.kitchen.stock("Box") == 2
    with pytest.raises(DependentsError):
        reverse(done)
    assert drift() == []


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE hand_over_line SET quantity_micros = quantity_micros + 1000000", "hand-over"),
        ("UPDATE hand_over_line SET quantity_micros = 9000000, line = 1", "line 1 of order 1"),
        ("UPDATE hand_over_line SET amount_micros = 1 WHERE line = 1", "amount of a hand-over"),
        ("UPDATE hand_over_line SET line = 2 WHERE line = 1", "line handed over"),
        ("UPDATE hand_over SET recipient_id = NULL", "answer: recipient_id"),
        ("DELETE FROM hand_over_line", "answer: lines"),
    ],
)
def test_verify_finds_a_changed_hand_over(book: OrderBook, statement: str, named: str) -> None:
    """Somebody removed the guards and changed what was handed over."""
    book.hand_over(book.order())
    assert named in named_after(statement)
