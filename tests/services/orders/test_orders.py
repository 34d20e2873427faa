"""Orders: taken, changed, cancelled and undone; they change no stock."""

from datetime import date, time
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest

from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    ItemNotFoundError,
    OrderNotFoundError,
    RecipientNotFoundError,
    ValidationError,
)
from bake_tracker.queries.orders.standing import StandingOrder, load_order
from bake_tracker.services.catalog.things import record_bakery
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.reversal import check_reversal
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.shelf import FRIDAY, OrderBook
from support.tampering import named_after
from support.undoing import drift, reverse, shelf

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def book(kitchen: Kitchen) -> OrderBook:
    return OrderBook(kitchen, boxes=3)


def standing(order: dict[str, Any]) -> StandingOrder:
    with read_scope() as session:
        return load_order(session, order["order_id"])


def test_an_order_is_taken_and_changes_no_stock(book: OrderBook, operation_log: OperationLog) -> None:
    """Its line says who, when and how much, and the total is unknown while a price is missing."""
    before = shelf(book.kitchen)
    order = book.order(event_id=book.fair, how="delivery", place="Town hall", reference="A-17", note="ring twice")
    assert shelf(book.kitchen) == before
    assert (order["state"], order["due_on"], order["due_time"]) == ("open", "2026-12-04", "14:30")
    assert [(one["line"], one["item_slug"], one["quantity"], one["amount"]) for one in order["lines"]] == [
        (1, "box", "2", "24.00"),
        (2, "cookie", "6", None),
    ]
    line = operation_log.one("record_order").fields
    assert (line["order_id"], line["recipient_id"], line["due_on"], line["total_price"]) == (
        order["order_id"],
        book.ada,
        "2026-12-04",
        None,
    )
    assert "ring twice" not in str(line)
    operation_log.assert_one_outcome_each()
    assert drift() == []


def test_an_order_needs_a_day_and_goods_that_are_sold(book: OrderBook) -> None:
    """Every bad argument is named at once."""
    with pytest.raises(ValidationError) as refused:
        book.order(
            {"item_id": book.box, "quantity": 0, "colour": "red"},
            due_on=None,
            how="pigeon",
            recipient_id=None,
            reference="A",
        )
    fields = {problem["field"] for problem in refused.value.problems}
    assert fields == {"lines[0]", "lines[0].quantity", "due_on", "how", "recipient_id"}
    with pytest.raises(ValidationError, match="flour is neither a finished unit nor a finished good"):
        book.order(book.line(book.kitchen.ids["Flour"], 500))
    with pytest.raises(ValidationError, match="whole number of pieces"):
        book.order(book.line(book.box, 3, unit="each"), book.line(book.box, Fraction(1, 2)))
    with pytest.raises(ItemNotFoundError):
        book.order(book.line(999, 1))
    with pytest.raises(RecipientNotFoundError):
        book.order(recipient_id=999)


def test_the_same_order_sent_again_is_a_replay(book: OrderBook, operation_log: OperationLog) -> None:
    """Something else with its id is refused."""
    key = str(uuid4())
    first = book.order(operation_id=key)
    assert book.order(operation_id=key) == first
    with pytest.raises(ConflictError, match="already used"):
        book.order(operation_id=key, note="else")
    assert operation_log.outcomes("record_order") == ["success", "replayed", "conflict"]


def test_a_customers_reference_is_theirs_alone(book: OrderBook) -> None:
    """A second order with it is refused and names the first; another customer may use it, and so may a later order
    once the first was undone.
    """
    first = book.order(reference="A-17")
    with pytest.raises(ConflictError, match=rf"reference A-17 of this customer is order {first['order_id']} already"):
        book.order(reference="A-17", note="else")
    other = book.order(reference="B-1")
    with pytest.raises(ConflictError, match="A-17"):
        book.change(other, reference="A-17")
    reverse(first)
    assert book.order(reference="A-17")["order_id"] != first["order_id"]


def test_a_change_keeps_what_it_does_not_name(book: OrderBook, operation_log: OperationLog) -> None:
    """It says what is different now; None empties a field, and a line keeps its number."""
    order = book.order(note="ring twice", place="Door")
    changed = book.change(
        order,
        due_on=date(2026, 12, 5),
        place=None,
        how="pick-up",
        lines=[book.line(book.cookie, 12, price=1), book.line(book.box, 2, price=12)],
    )
    assert changed["changed"] == ["due_on", "place", "lines"]
    assert (changed["due_on"], changed["due_time"], changed["place"]) == ("2026-12-05", "14:30", None)
    assert (changed["note"], changed["total_price"]) == ("ring twice", "36.00")
    assert [(one["line"], one["quantity"]) for one in changed["lines"]] == [(1, "2"), (2, "12")]
    assert operation_log.one("record_order_change").fields["changed"] == ["due_on", "place", "lines"]
    assert drift() == []


@pytest.mark.parametrize("changes", [{}, {"colour": "red"}, {"due_on": None}, {"lines": []}, {"due_time": "noon"}])
def test_a_change_of_nothing_or_to_nothing_is_refused(book: OrderBook, changes: dict[str, Any]) -> None:
    """The order stays as it is."""
    order = book.order()
    with pytest.raises(ValidationError):
        book.change(order, **changes)
    assert standing(order).due_on == FRIDAY


def test_a_line_that_is_not_in_the_order_is_refused(book: OrderBook) -> None:
    """So is a line number that occurs twice."""
    order = book.order()
    with pytest.raises(ValidationError, match="9 is not in the order"):
        book.change(order, lines=[book.line(book.box, 2, line=9)])
    with pytest.raises(ValidationError, match="1 is given twice"):
        book.change(order, lines=[book.line(book.box, 2, line=1), book.line(book.box, 3, line=1)])


def test_a_cancelled_order_cannot_be_changed_until_that_is_undone(book: OrderBook) -> None:
    """Undoing the cancellation opens it again."""
    order = book.order()
    cancelled = book.cancel(order)
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "no party")
    for work in (lambda: book.change(order, how="counter"), lambda: book.cancel(order), lambda: book.hand_over(order)):
        with pytest.raises(ConflictError, match="was cancelled; undo the cancellation first"):
            work()
    reverse(cancelled)
    assert standing(order).state == "open"
    assert drift() == []


def test_an_undone_order_is_gone_and_its_changes_go_first(book: OrderBook) -> None:
    """The undo names the later change; with ``cascade`` both are undone."""
    order = book.order()
    changed = book.change(order, how="counter")
    with read_scope() as session:
        check = check_reversal(order["operation_id"], session=session)
    assert (check["can_reverse"], check["dependents"][0]["things"]) == (False, [f"order {order['order_id']}"])
    with pytest.raises(DependentsError):
        reverse(order)
    reverse(changed)
    assert standing(order).how == "pick-up"
    reverse(order, cascade=True)
    with pytest.raises(OrderNotFoundError):
        standing(order)
    assert drift() == []


def test_an_undo_gives_no_two_orders_the_same_reference(book: OrderBook) -> None:
    """The refusal names the order that has it now; when that order has another one, the undo is free."""
    first = book.order(reference="A-17")
    changed = book.change(first, reference="A-18")
    second = book.order(reference="A-17")
    says = (
        f"order {first['order_id']} would have the reference A-17 again, which order {second['order_id']} of the same"
    )
    with pytest.raises(ConflictError, match=says):
        reverse(changed)
    with read_scope() as session, pytest.raises(ConflictError, match=says):
        check_reversal(changed["operation_id"], session=session)
    book.change(second, reference="A-19")
    reverse(changed)
    assert (standing(first).reference, standing(second).reference) == ("A-17", "A-19")
    assert drift() == []


def test_a_due_time_that_does_not_exist_moves_on_an_hour(kitchen: Kitchen) -> None:
    """In Berlin, the clock is put forward at two in the morning."""
    run_in_transaction(lambda session: record_bakery(session=session, time_zone="Europe/Berlin"))
    order = OrderBook(kitchen).order(due_on=date(2026, 3, 29), due_time=time(2, 30))
    assert (order["due_time"], order["due_at"]) == ("03:30", "2026-03-29T01:30:00+00:00")
    assert drift() == []


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE order_version SET how = 'counter'", {"answer: how", "order_version how"}),
        ("UPDATE order_version SET status = 'cancelled'", {"status of an order"}),
        ("UPDATE order_line SET quantity_micros = 1 WHERE line = 1", {"answer: lines"}),
        ("DELETE FROM order_line WHERE line = 2", {"answer: lines"}),
        ("DELETE FROM order_version", {"first version of an order"}),
    ],
)
def test_verify_finds_a_changed_order(book: OrderBook, statement: str, named: set[str]) -> None:
    """Somebody removed the guards and changed what was ordered."""
    book.order()
    assert named <= named_after(*(["DELETE FROM order_line"] if "FROM order_version" in statement else []), statement)
