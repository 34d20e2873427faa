"""Orders to suppliers: taken back, changed, delivered in parts, cancelled, and undone exactly."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    ProductNotFoundError,
    PurchaseOrderNotFoundError,
    ServiceError,
    ValidationError,
)
from bake_tracker.domain.slices import Ask
from bake_tracker.queries.buying.standing import load_on_order
from bake_tracker.queries.views.purchase import load_purchase_slice, load_purchase_view
from bake_tracker.services.database import read_scope
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.shelf import FRIDAY, Buyer
from support.undoing import drift, reverse

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def buyer(kitchen: Kitchen) -> Buyer:
    return Buyer(kitchen)


def view(order: dict[str, Any]) -> dict[str, Any]:
    with read_scope() as session:
        return dict(load_purchase_view(session, order["purchase_order_id"]))


def open_orders() -> list[int]:
    with read_scope() as session:
        return [row["purchase_order_id"] for row in load_purchase_slice(session, Ask("wanted_on")).rows]


def test_the_list_says_of_each_order_what_its_page_says(buyer: Buyer) -> None:
    """What came for one order is not taken for what came for another."""
    orders = [buyer.order(buyer.line(buyer.bag, packs)) for packs in (1, 2, 3, 4)]
    buyer.came(orders[1])
    buyer.came(orders[2], buyer.goods(buyer.flour, 25, product_id=buyer.bag))
    buyer.cancel(orders[3])
    with read_scope() as session:
        listed = [row["state"] for row in load_purchase_slice(session, Ask("wanted_on"), shown="all").rows]
    assert listed == [view(order)["state"] for order in orders] == ["sent", "received", "partly received", "cancelled"]


def on_order() -> list[tuple[int, date, int]]:
    with read_scope() as session:
        return [(one.product_id, one.wanted_on, one.quantity_micros // 10**9) for one in load_on_order(session)]


def test_an_order_has_agreed_prices_and_counts_as_coming_on_its_day(buyer: Buyer, operation_log: OperationLog) -> None:
    """Four bags fall under the lower price of the terms; nothing comes into stock."""
    order = buyer.order(note="to the back door")
    told = [(one["product"], one["packs"], one["quantity"], one["price"], one["amount"]) for one in order["lines"]]
    assert told == [("Type 550", 4, "100000", "18.00", "72.00"), ("Fine", 2, "2000", "1.50", "3.00")]
    assert (order["state"], order["total_price"]) == ("sent", "75.00")
    assert operation_log.one("record_purchase_order").fields["total_price"] == "75.00"
    assert buyer.kitchen.stock("Flour") == 10_000
    assert on_order() == [(buyer.bag, FRIDAY, 100), (buyer.box, FRIDAY, 2)]
    assert (open_orders(), view(order)["note"]) == ([1], "to the back door")
    assert buyer.order(buyer.line(buyer.sack, 1))["total_price"] is None
    assert drift() == []


def test_it_comes_in_parts_and_what_is_left_stays_on_order(buyer: Buyer) -> None:
    """The lots are for the products of the order, at the agreed prices if nothing else is said."""
    order = buyer.order()
    part = buyer.came(order, buyer.goods(buyer.flour, 1, "bag", product_id=buyer.bag, total_cost=19), document="A-1")
    assert (part["purchase_order_state"], part["supplier_id"]) == ("partly received", buyer.mill)
    assert on_order() == [(buyer.bag, FRIDAY, 75), (buyer.box, FRIDAY, 2)]
    rest = buyer.came(order)
    assert rest["purchase_order_state"] == "received"
    assert [(lot["quantity"], lot["total_cost"]) for lot in rest["lots"]] == [("75000", "54.00"), ("2000", "3.00")]
    assert (on_order(), open_orders()) == ([], [])
    shown = view(order)
    assert [(one["received"], one["left"]) for one in shown["lines"]] == [("100000", "0"), ("2000", "0")]
    assert [(one["document"], len(one["lots"])) for one in shown["deliveries"]] == [("A-1", 1), (None, 2)]
    assert drift() == []
    reverse(rest["operation_id"])
    assert (view(order)["state"], on_order()[0]) == ("partly received", (buyer.bag, FRIDAY, 75))
    reverse(part["operation_id"])
    assert (view(order)["state"], buyer.kitchen.stock("Flour")) == ("sent", 10_000)
    assert drift() == []


def test_goods_that_were_not_ordered_come_beside_it(buyer: Buyer) -> None:
    """Another package of an item counts for its line; other goods become lots and count for none."""
    order = buyer.order(buyer.line(buyer.bag, 1))
    came = [buyer.goods(buyer.flour, 25, product_id=buyer.sack), buyer.goods(buyer.sugar, 1)]
    assert buyer.came(order, *came)["purchase_order_state"] == "received"
    (delivery,) = view(order)["deliveries"]
    assert [lot["product_id"] for lot in delivery["lots"]] == [buyer.bag]
    assert drift() == []


def test_what_came_does_not_come_twice_by_mistake(buyer: Buyer) -> None:
    """More of a line that is complete, or of a complete order, needs a word; so does a delivery with nothing of it."""
    order = buyer.order()
    flour, sugar = buyer.goods(buyer.flour, 100), buyer.goods(buyer.sugar, 2)
    with pytest.raises(ConflictError, match="has none of these goods"):
        buyer.came(order, buyer.goods(buyer.kitchen.ids["Box"], 1, "each"))
    buyer.came(order, flour)
    with pytest.raises(ConflictError, match="all of flour in purchase order 1 came already"):
        buyer.came(order, flour, sugar)
    buyer.came(order, sugar)
    for lines in ([], [flour]):
        with pytest.raises(ConflictError, match="all of purchase order 1 came already"):
            buyer.came(order, *lines)
    assert buyer.came(order, flour, again=True)["purchase_order_state"] == "received"
    two = buyer.order(buyer.line(buyer.bag, 1), buyer.line(buyer.sack, 1))
    with pytest.raises(ValidationError, match="has several products of flour"):
        buyer.came(two, flour)
    with pytest.raises(ValidationError, match="is in the purchase order"):
        buyer.came(two, supplier_id=buyer.mill)
    with pytest.raises(ValidationError, match="only of a purchase order can it be left out"):
        buyer.came({"purchase_order_id": None}, supplier_id=buyer.mill)
    assert drift() == []


def test_a_change_keeps_what_came_and_its_supplier(buyer: Buyer, operation_log: OperationLog) -> None:
    """Lines are replaced; the new number of packs gets the price of the terms for it."""
    order = buyer.order()
    changed = buyer.change(order, lines=[buyer.line(buyer.bag, 2)], wanted_on=date(2026, 12, 7), note=None)
    assert (changed["changed"], changed["total_price"]) == (["wanted_on", "lines"], "40.00")
    assert operation_log.one("record_purchase_order_change").fields["changed"] == ["wanted_on", "lines"]
    buyer.came(order, buyer.goods(buyer.flour, 30))
    for wrong, said in (
        ({"lines": [buyer.line(buyer.bag, 1)]}, "30 kg|30000 g of flour"),
        ({"lines": [buyer.line(buyer.box, 1)]}, "came already"),
        ({"supplier_id": 99}, "came from this supplier"),
        ({"what": 1}, "has no field 'what'"),
        ({}, "must have at least one of"),
    ):
        with pytest.raises(ValidationError, match=said):
            buyer.change(order, **wrong)
    assert buyer.change(order, lines=[buyer.line(buyer.bag, 2)])["changed"] == []
    assert [one["operation"] for one in view(order)["versions"]] == [
        "record_purchase_order",
        *["record_purchase_order_change"] * 2,
    ]
    assert drift() == []


def test_a_cancelled_order_is_closed_if_a_part_of_it_came(buyer: Buyer) -> None:
    """Nothing of it is on order any more, and nothing comes for it; undo brings it back."""
    whole, part = buyer.order(), buyer.order()
    buyer.came(part, buyer.goods(buyer.sugar, 1))
    ends = [buyer.cancel(one) for one in (whole, part)]
    assert [end["state"] for end in ends] == ["cancelled", "closed"]
    assert (on_order(), open_orders()) == ([], [])
    refused: list[Callable[[], Any]] = [
        lambda: buyer.came(part),
        lambda: buyer.change(part, note="x"),
        lambda: buyer.cancel(part),
    ]
    for again in refused:
        with pytest.raises(ConflictError, match="was cancelled; undo the cancellation first"):
            again()
    reverse(ends[1]["operation_id"])
    assert (view(part)["state"], open_orders()) == ("partly received", [2])
    buyer.came(part)
    with pytest.raises(ConflictError, match="nothing is left to cancel"):
        buyer.cancel(part)
    assert drift() == []


def test_undo_of_an_order_takes_its_changes_and_deliveries_with_it(buyer: Buyer) -> None:
    """Each step goes back alone, or all of them at once; afterwards there is no such order."""
    order = buyer.order()
    change = buyer.change(order, note="by noon")
    came = buyer.came(order)
    with pytest.raises(DependentsError) as refused:
        reverse(order["operation_id"])
    assert {thing for one in refused.value.dependents for thing in one["things"]} == {"purchase order 1"}
    with pytest.raises(DependentsError):
        reverse(change["operation_id"])
    reverse(came["operation_id"])
    reverse(change["operation_id"])
    assert (view(order)["note"], view(order)["state"]) == (None, "sent")
    buyer.came(order)
    reverse(order["operation_id"], cascade=True)
    assert buyer.kitchen.stock("Flour") == 10_000
    for gone in (lambda: view(order), lambda: buyer.came(order), lambda: buyer.cancel(order)):
        with pytest.raises(PurchaseOrderNotFoundError):
            gone()
    assert (drift(), on_order()) == ([], [])


@pytest.mark.parametrize(
    ("lines", "error", "said"),
    [
        ([{"product_id": 1, "packs": Decimal("1.5")}], ValidationError, "lines\\[0\\].packs: must be a whole number"),
        ([{"product_id": 1, "packs": 1}] * 2, ValidationError, "has a line already; add the packs to that line"),
        ([{"product_id": 1, "packs": 1, "colour": 2}], ValidationError, "has no field 'colour'"),
        ([{"product_id": 99, "packs": 1}], ProductNotFoundError, "99"),
        ([{"product_id": 1, "packs": 10**6, "price": 10**7}], ValidationError, "are too many to count"),
        ([], ValidationError, "at least one"),
    ],
)
def test_a_wrong_line_is_refused(buyer: Buyer, lines: Any, error: type[ServiceError], said: str) -> None:
    """The refusal says what is wrong, and nothing is ordered."""
    del buyer.bag
    with pytest.raises(error, match=said):
        buyer.order(*lines) if lines else buyer.change({"purchase_order_id": 1}, lines=lines)
    assert open_orders() == []
