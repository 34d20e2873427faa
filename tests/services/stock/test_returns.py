"""Goods that come back from a customer, and goods that go back to a supplier."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    InsufficientInventoryError,
    OperationNotFoundError,
    ValidationError,
)
from bake_tracker.domain.stock.returns import HandedOver
from bake_tracker.queries.reports.usage import load_recipients, load_usage
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.queries.stock.returns import load_still_out
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.handling import record_hold
from bake_tracker.services.stock.returns import record_return
from support.kitchen import Kitchen
from support.shelf import Shelf, drift
from support.tampering import named_after
from support.undoing import shelf as shelf_of


class Sold:
    """Twenty-four cookies at 0.05, four of them sold to Ada."""

    def __init__(self, kitchen: Kitchen, *, left: int = 20) -> None:
        kitchen.simple_bakery()
        kitchen.produce("Cookies", "Cookie", 1, 24)
        self.kitchen, self.shelf = kitchen, Shelf(kitchen)
        self.cookie = int(self.shelf.lot("cookie").id)
        self.ada = self.shelf.recipient("Ada")
        if left < 20:
            self.shelf.adjust("waste", {"lot_id": self.cookie, "quantity": 20 - left})
        self.sale = self.shelf.adjust("sale", {"lot_id": self.cookie, "quantity": 4}, recipient_id=self.ada)

    def back(self, quantity: Any, **more: Any) -> Any:
        asked = {"handed_over_by": self.sale["operation_id"], **more}
        lines = [{"lot_id": self.cookie, "quantity": quantity}]
        return run_in_transaction(lambda s: record_return(lines, session=s, **asked))


@pytest.fixture
def sold(kitchen: Kitchen) -> Sold:
    return Sold(kitchen)


def to_supplier(*lines: Any, **more: Any) -> Any:
    return run_in_transaction(lambda s: record_return(list(lines), session=s, kind="to_supplier", **more))


def test_what_comes_back_is_on_hold_beside_the_rest(sold: Sold) -> None:
    """It is a part of the lot, at the cost it left with, and the rest stays in use."""
    done = sold.back(2, reason="too dark")
    (lot,) = done["lots"]
    assert (lot["quantity"], lot["into_lot_code"]) == ("2", f"{sold.sale['lots'][0]['lot_code']}/1")
    assert done["recipient_id"] == sold.ada
    (posted,) = sold.kitchen.rows("SELECT happened_at FROM adjustment WHERE operation_id = :o", o=done["operation_id"])
    assert done["happened_at"].startswith(str(posted.happened_at)[:26].replace(" ", "T"))
    rows = sold.kitchen.rows(
        "SELECT on_hold, remaining_micros FROM lot WHERE item_id = :i ORDER BY id", i=sold.kitchen.ids["Cookie"]
    )
    assert [(bool(row.on_hold), row.remaining_micros) for row in rows] == [(False, 20_000_000), (True, 2_000_000)]
    assert drift() == []


def test_the_list_of_whom_to_call_shortens(sold: Sold) -> None:
    """A recall of the flour asks Ada for what she still has, and no longer for what came back."""
    sold.back(3)
    flour = int(sold.shelf.lot("flour").id)

    def asked() -> list[tuple[str, str]]:
        with read_scope() as session:
            found = load_recall(session, flour)
        assert found["is_balanced"]
        return [(str(one["recipient"]), one["quantity"]) for one in found["handed_over"]]

    assert asked() == [("Ada", "1")]
    sold.back(1, put="waste")
    assert asked() == []


def test_the_report_says_what_the_customer_has_and_what_came_back(sold: Sold) -> None:
    """The usage of the month has the return as a line of its own."""
    sold.back(1, put="stock")
    with read_scope() as session:
        (row,) = load_recipients(session)
        used = {row["used_for"]: row["quantity"] for row in load_usage(session) if row["item_slug"] == "cookie"}
    assert (row["recipient"], row["quantity"], row["came_back"]) == ("ada", "3", "1")
    assert used == {"sale": "4", "return": "-1"}


@pytest.mark.parametrize("put", ["hold", "stock", "waste"])
@pytest.mark.parametrize("left", [20, 0])
def test_a_return_is_undone_exactly(kitchen: Kitchen, put: str, left: int) -> None:
    """Lots, holds, places and costs are as before, whether or not the lot was used up."""
    sold = Sold(kitchen, left=left)
    before = shelf_of(kitchen)
    done = sold.back(2, put=put)
    assert drift() == []
    assert (shelf_of(kitchen) == before) == (put == "waste")
    sold.shelf.reverse(done)
    assert shelf_of(kitchen) == before
    assert drift() == []
    assert sold.back(4, put=put)["lots"][0]["quantity"] == "4"


@pytest.mark.one_database
def test_no_more_comes_back_than_went_out(sold: Sold) -> None:
    """The refusal says how much may still come back."""
    sold.back(3)
    with pytest.raises(ValidationError, match="4 went out; 3 came back already, so at most 1 can"):
        sold.back(2)
    flour = int(sold.shelf.lot("flour").id)
    with pytest.raises(ValidationError, match="was not handed over by"):
        lines = [{"lot_id": flour, "quantity": 1}]
        run_in_transaction(lambda s: record_return(lines, session=s, handed_over_by=sold.sale["operation_id"]))


@pytest.mark.one_database
def test_a_return_needs_a_hand_over_that_stands(sold: Sold) -> None:
    """It is the sale, gift or sample, was not undone, and was before the return."""
    with pytest.raises(ValidationError, match="handed_over_by: is missing"):
        sold.back(1, handed_over_by=None)
    with pytest.raises(OperationNotFoundError):
        sold.back(1, handed_over_by="0199a000-0000-7000-8000-000000000001")
    with pytest.raises(ConflictError, match="which is after 2026-01-01"):
        sold.back(1, happened_at=datetime(2026, 1, 1, tzinfo=UTC))
    sold.shelf.reverse(sold.sale)
    with pytest.raises(ConflictError, match="handed nothing over, or was undone"):
        sold.back(1)


def test_a_sale_is_undone_only_with_its_return(sold: Sold) -> None:
    """The return depends on it, though it used nothing of it."""
    before = shelf_of(sold.kitchen)
    sold.back(2)
    with pytest.raises(DependentsError):
        sold.shelf.reverse(sold.sale)
    sold.shelf.reverse(sold.sale, cascade=True)
    assert drift() == []
    assert len(shelf_of(sold.kitchen)) == len(before)
    assert sold.kitchen.stock("Cookie") == 24


def test_what_comes_back_to_a_held_lot_is_held(sold: Sold) -> None:
    """A recall may have held the lot in the meantime."""
    run_in_transaction(lambda s: record_hold([sold.cookie], "recall", session=s))
    done = sold.back(1, to_location="Returns")
    part = done["lots"][0]["into_lot_id"]
    assert [tuple(row) for row in sold.kitchen.rows("SELECT on_hold, location FROM lot WHERE id = :i", i=part)] == [
        (True, "Returns")
    ]
    assert drift() == []


def test_the_last_return_brings_back_all_the_cost_that_is_left() -> None:
    """Three thirds of a cent that was handed over are a cent."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    one = HandedOver("x", 1, "a", "cookie", "each", "sale", day, None, None, None, 3, 10)
    assert [one.cost_of(1), one.cost_of(3)] == [3, 10]
    more = HandedOver("x", 1, "a", "cookie", "each", "sale", day, None, None, None, 3, 10, 2, 6)
    assert (more.out_micros, more.cost_of(1)) == (1, 4)
    free = HandedOver("x", 1, "a", "cookie", "each", "sale", day, None, None, None, 3, None)
    assert free.cost_of(3) is None


def test_goods_go_back_to_the_supplier_with_a_credit_or_none(kitchen: Kitchen) -> None:
    """They leave at their cost; the credit is what the supplier gives for them."""
    kitchen.simple_bakery()
    shelf = Shelf(kitchen)
    flour, sugar = shelf.lot("flour"), shelf.lot("sugar")
    before = shelf_of(kitchen)
    done = to_supplier(
        {"lot_id": flour.id, "quantity": 2, "unit": "kg", "credit": 3},
        {"lot_id": sugar.id, "quantity": 1},
        reason="weevils",
    )
    assert [(lot["quantity"], lot["cost"], lot.get("credit")) for lot in done["lots"]] == [
        ("-2000", "-4.00", "3.00"),
        ("-1", "-0.002", None),
    ]
    assert done["total_credit"] == "3.00"
    assert drift() == []
    with read_scope() as session:
        found = load_recall(session, flour.id)
        used = [(row["item_slug"], row["used_for"], row["quantity"]) for row in load_usage(session)]
    assert found["is_balanced"]
    assert [(one["kind"], one["quantity"]) for one in found["handed_over"]] == [("sent back", "2000")]
    assert used == [("flour", "sent back", "2000"), ("sugar", "sent back", "1")]
    shelf.reverse(done)
    assert shelf_of(kitchen) == before
    assert drift() == []


@pytest.mark.one_database
def test_a_supplier_gets_back_only_what_came_from_one_and_is_on_hand(sold: Sold) -> None:
    """What was made here, and more than is left, are refused."""
    with pytest.raises(ConflictError, match="was made here"):
        to_supplier({"lot_id": sold.cookie, "quantity": 1})
    flour = sold.shelf.lot("flour")
    with pytest.raises(InsufficientInventoryError, match=flour.code):
        to_supplier({"lot_id": flour.id, "quantity": 11, "unit": "kg"})
    with pytest.raises(ValidationError, match="is only for goods that a customer brings back"):
        to_supplier({"lot_id": flour.id, "quantity": 1}, put="stock")
    with pytest.raises(ValidationError, match=r"lines\[0\].credit: is only for goods that go back"):
        lines = [{"lot_id": sold.cookie, "quantity": 1, "credit": 1}]
        run_in_transaction(lambda s: record_return(lines, session=s, handed_over_by=sold.sale["operation_id"]))


@pytest.mark.one_database
def test_what_is_still_out_is_listed_for_its_lot_and_customer(sold: Sold) -> None:
    """A sale of which all came back is not."""
    sold.back(3)
    eve = sold.shelf.recipient("Eve")
    with read_scope() as session:
        (one,) = load_still_out(session, lot_id=sold.cookie, recipient_id=sold.ada)
        assert load_still_out(session, lot_id=sold.cookie, recipient_id=eve) == []
        assert load_still_out(session, operation_id=sold.sale["operation_id"]) == [one]
    assert (one["quantity"], one["came_back"], one["still_out"]) == ("4", "3", "1")
    sold.back(1)
    with read_scope() as session:
        assert load_still_out(session, lot_id=sold.cookie) == []


def test_the_same_return_again_changes_nothing(sold: Sold) -> None:
    """The answer is the first one."""
    key = "0199a000-0000-7000-8000-000000000001"
    assert sold.back(2, operation_id=key) == sold.back(2, operation_id=key)
    assert sold.kitchen.stock("Cookie") == 22


@pytest.mark.parametrize(
    ("what", "statement"),
    {
        "returned": "UPDATE adjustment SET quantity_micros = 5000000 WHERE kind = 'return'",
        "adjustment of_operation_id": "UPDATE adjustment SET of_operation_id = operation_id WHERE kind = 'return'",
        "source of a return": "UPDATE adjustment SET of_operation_id = NULL WHERE kind = 'return'",
        "adjustment kind": "UPDATE adjustment SET kind = 'correction' WHERE kind = 'return'",
    }.items(),
)
def test_a_return_that_was_changed_is_named(sold: Sold, what: str, statement: str) -> None:
    """A change made outside the program is found."""
    sold.back(2)
    assert what in named_after(statement)
