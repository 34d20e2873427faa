"""Standing orders: their days become orders when they are taken, and what was changed by hand stays."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    StandingOrderNotFoundError,
    ValidationError,
)
from bake_tracker.queries.orders.repeating import RepeatingOrder, load_repeating_order
from bake_tracker.queries.views.order_day import load_order_day
from bake_tracker.queries.views.standing_order import load_standing_orders
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.orders.standing import (
    record_standing_order,
    record_standing_order_day,
    record_standing_order_days,
    record_standing_order_stop,
)
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.tampering import named_after
from support.undoing import drift, reverse

pytest_plugins = ["bake_tracker.testing"]

TUESDAY = date(2099, 12, 1)
FRIDAY = date(2099, 12, 4)


@pytest.fixture
def book(kitchen: Kitchen) -> OrderBook:
    return OrderBook(kitchen)


def often(book: OrderBook, rule: str = "FREQ=WEEKLY;BYDAY=TU,FR", **more: Any) -> Any:
    asked = {"starts_on": TUESDAY, "due_time": time(7, 30), "recipient_id": book.ada, "how": "delivery", **more}
    lines = [book.line(book.box, 2, price=12), book.line(book.cookie, 6)]
    return run_in_transaction(lambda s: record_standing_order(lines, rule, session=s, **asked))


def take(order: Any, day: date, *lines: Any) -> Any:
    key = order["standing_order_id"]
    return run_in_transaction(lambda s: record_standing_order_day(key, day, session=s, lines=list(lines) or None))


def stop(order: Any, since: date, until: date | None = None) -> Any:
    key = order["standing_order_id"]
    return run_in_transaction(lambda s: record_standing_order_stop(key, since, session=s, until=until, reason="closed"))


def stored(order: Any) -> RepeatingOrder:
    with read_scope() as session:
        return load_repeating_order(session, order["standing_order_id"])


def test_a_day_becomes_an_order(book: OrderBook, operation_log: OperationLog) -> None:
    """With the lines, prices, customer and time of the standing order; once."""
    order = often(book, place="Back door")
    taken = take(order, FRIDAY)
    assert (taken["due_on"], taken["due_time"], taken["how"], taken["place"]) == (
        *("2099-12-04", "07:30"),
        *("delivery", "Back door"),
    )
    assert [(one["item_slug"], one["quantity"], one["price"]) for one in taken["lines"]] == [
        ("box", "2", "12.00"),
        ("cookie", "6", None),
    ]
    assert operation_log.one("record_standing_order_day").fields["order_id"] == taken["order_id"]
    with pytest.raises(
        ConflictError, match=f"was taken already as order {taken['order_id']}; change that order instead"
    ):
        take(order, FRIDAY)
    with pytest.raises(ValidationError, match="is not a day of standing order 1: it is for every Tuesday and"):
        take(order, date(2099, 12, 5))
    assert drift() == []


def test_a_day_may_have_other_lines(book: OrderBook) -> None:
    """The other days keep theirs."""
    order = often(book)
    with read_scope() as session:
        assert [load_order_day(session, day)["not_taken"] for day in (TUESDAY, date(2099, 12, 2))] == [[1], []]
    assert [one["quantity"] for one in take(order, TUESDAY, book.line(book.box, 9))["lines"]] == ["9"]
    with read_scope() as session:
        assert load_order_day(session, TUESDAY)["not_taken"] == []
    assert [one["quantity"] for one in take(order, FRIDAY)["lines"]] == ["2", "6"]


def test_days_are_left_out_until_that_is_undone(book: OrderBook) -> None:
    """Without a last day the standing order ends; an order that was taken before stays, and the answer lists it."""
    order = often(book)
    taken = take(order, TUESDAY)
    left_out = stop(order, TUESDAY, FRIDAY)
    assert left_out["taken"] == [{"standing_order_id": 1, "day": "2099-12-01", "order_id": taken["order_id"]}]
    with pytest.raises(ValidationError, match="it was left out or has ended"):
        take(order, FRIDAY)
    assert stored(order).open_days(TUESDAY, date(2099, 12, 11)) == [date(2099, 12, 8), date(2099, 12, 11)]
    reverse(left_out)
    assert stored(order).open_days(TUESDAY, date(2099, 12, 7)) == [FRIDAY]
    stop(order, date(2099, 12, 8))
    assert stored(order).days(TUESDAY, date(2099, 12, 31)) == [TUESDAY, FRIDAY]
    with pytest.raises(ConflictError, match="has ended already"):
        stop(order, FRIDAY)
    with pytest.raises(ValidationError, match="is before"):
        stop(order, FRIDAY, TUESDAY)
    assert drift() == []


def test_the_orders_of_the_coming_days_are_taken_once(book: OrderBook, operation_log: OperationLog) -> None:
    """An order that was changed or cancelled by hand stays so; one whose order was undone is taken again."""
    today = now().date()
    first = often(book, "FREQ=DAILY", starts_on=today + timedelta(days=1))
    changed = book.change(take(first, today + timedelta(days=1)), lines=[book.line(book.box, 1)])
    last = today + timedelta(days=3)
    done = run_in_transaction(lambda s: record_standing_order_days(last, session=s))
    assert [one["day"] for one in done["orders"]] == [str(today + timedelta(days=n)) for n in (2, 3)]
    again = run_in_transaction(lambda s: record_standing_order_days(last, session=s))
    assert (again["order_count"], len(book.kitchen.rows("SELECT id FROM customer_order"))) == (0, 3)
    assert stored(first).taken[today + timedelta(days=1)] == changed["order_id"]
    operation_log.assert_one_outcome_each()
    reverse(done)
    assert run_in_transaction(lambda s: record_standing_order_days(last, session=s))["order_count"] == 2
    for day in (today - timedelta(days=1), today + timedelta(days=367)):
        with pytest.raises(ValidationError, match="must be a day from"):
            run_in_transaction(lambda s, day=day: record_standing_order_days(day, session=s))
    assert drift() == []


def test_an_undo_of_a_standing_order_names_what_was_done_with_it(book: OrderBook) -> None:
    """With ``cascade`` its orders, their hand-overs and its stops go first."""
    order = often(book)
    book.hand_over(take(order, TUESDAY), {"line": 1})
    stop(order, FRIDAY)
    with pytest.raises(DependentsError) as refused:
        reverse(order)
    assert {thing for one in refused.value.dependents for thing in one["things"]} == {"standing order 1"}
    reverse(order, cascade=True)
    assert book.kitchen.stock("Box") == 3
    with pytest.raises(StandingOrderNotFoundError):
        stored(order)
    assert drift() == []


def test_a_standing_order_lists_its_next_days(book: OrderBook) -> None:
    """Four weeks of them, with the orders that were taken."""
    order = often(book)
    taken = take(order, TUESDAY)
    with read_scope() as session:
        (row,) = load_standing_orders(session, TUESDAY)
    assert (row["recipient"], row["rule_in_words"], row["total_price"]) == (
        *("Ada", "every Tuesday and Friday"),
        None,
    )
    assert row["days"][:2] == [
        {"day": "2099-12-01", "order_id": taken["order_id"]},
        {"day": "2099-12-04", "order_id": None},
    ]
    assert row["days"][-1]["day"] == "2099-12-29"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rule": "FREQ=MONTHLY"}, "must begin with FREQ=DAILY or FREQ=WEEKLY"),
        ({"starts_on": None}, "starts_on: is missing"),
        ({"how": "mule"}, "how: must be one of"),
    ],
)
def test_a_standing_order_that_means_nothing_is_refused(book: OrderBook, changes: dict[str, Any], said: str) -> None:
    """Nothing is recorded."""
    with pytest.raises(ValidationError, match=said):
        often(book, **changes)
    assert book.kitchen.rows("SELECT id FROM standing_order") == []


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE standing_order SET rule = 'FREQ=DAILY'", "answer: rule"),
        ("UPDATE standing_order_line SET quantity_micros = 1 WHERE line = 1", "answer: lines"),
        ("UPDATE standing_order_stop SET until = '2099-12-05'", "answer: until"),
        ("UPDATE standing_order_day SET day = '2099-12-05'", "answer: day"),
    ],
)
def test_verify_finds_a_changed_standing_order(book: OrderBook, statement: str, named: str) -> None:
    """Somebody removed the guards and changed it."""
    order = often(book)
    take(order, TUESDAY)
    stop(order, FRIDAY)
    assert named in named_after(statement)
