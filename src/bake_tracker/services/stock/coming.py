"""Goods that come for a purchase order: what is left of it, and which lot is for which of its products."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from sqlalchemy import insert, select

from bake_tracker.domain.buying.purchase_orders import PurchaseLine
from bake_tracker.domain.errors import ConflictError, Problem, ValidationError
from bake_tracker.domain.units import MICRO
from bake_tracker.models import tables
from bake_tracker.queries.buying.standing import StandingPurchase, load_purchase_order
from bake_tracker.queries.catalog.definitions import load_items
from bake_tracker.services.operation import Operation
from bake_tracker.services.stock.ledger import load_locked
from bake_tracker.services.stock.receipt import Goods, ReceivedLot, Weighed

_add = insert(tables.purchase_order_receipt)


def lock_purchase_order(operation: Operation, purchase_order_id: int) -> None:
    """Lock a purchase order against other changes and deliveries until the transaction ends."""
    key = tables.purchase_order.c.id
    operation.session.execute(select(key).where(key == purchase_order_id).with_for_update(key_share=True))


def load_for_purchase_change(operation: Operation, purchase_order_id: int) -> StandingPurchase:
    """The purchase order, locked.

    Raises:
        PurchaseOrderNotFoundError: there is no such purchase order, or it was undone.
        ConflictError: it was cancelled.
    """
    lock_purchase_order(operation, purchase_order_id)
    return _not_cancelled(load_purchase_order(operation.session, purchase_order_id))


def load_for_delivery(
    operation: Operation, purchase_order_id: int, supplier_id: int, goods: Iterable[Goods]
) -> StandingPurchase:
    """The purchase order, locked after its items and those of the goods, in the order in which an undo locks them.

    Raises:
        PurchaseOrderNotFoundError: there is no such purchase order, or it was undone.
        ConflictError: it was cancelled, or another supplier got it meanwhile.
    """
    item_ids = {one.item_id for one in goods}
    order = load_locked(
        operation,
        lambda: load_purchase_order(operation.session, purchase_order_id),
        lambda found: found.item_ids | item_ids,
        also_lock=lambda _: lock_purchase_order(operation, purchase_order_id),
    )
    if order.supplier_id != supplier_id:
        raise ConflictError(
            f"purchase order {purchase_order_id} has just been given to another supplier; look at it, and record the "
            "delivery again",
            purchase_order_id=purchase_order_id,
        )
    return _not_cancelled(order)


def all_still_to_come(operation: Operation, order: StandingPurchase) -> list[Goods]:
    """Everything that is left of a purchase order, at the agreed prices."""
    items = load_items(operation.session, order.item_ids)
    return [
        Goods(
            item_id=one.item_id,
            quantity=Fraction(left, MICRO),
            unit=items[one.item_id].base_unit,
            cost_micros=one.cost_of(left),
            lot_code=None,
            expires_on=None,
            product_id=one.product_id,
            location=None,
        )
        for one in order.lines
        if (left := order.left_micros(one))
    ]


def lines_for(order: StandingPurchase, weighed: Sequence[Weighed], *, is_again: bool) -> list[PurchaseLine | None]:
    """The line of the purchase order that each of these goods is for; None if it did not order them.

    Goods are for the line of their product, or else for the only line of their item.

    Raises:
        ConflictError: nothing is left of the order, or of a line, unless ``is_again``; or none of the goods is in it.
        ValidationError: several lines of the order are of an item, and the goods do not say of which product they are.
    """
    if order.state == "received" and not is_again:
        raise _came_already(order, f"all of purchase order {order.purchase_order_id}")
    found: list[PurchaseLine | None] = []
    problems: list[Problem] = []
    for place, one in enumerate(weighed):
        own = [line for line in order.lines if line.product_id == one.goods.product_id]
        fitting = own or [line for line in order.lines if line.item_id == one.item.item_id]
        if len(fitting) > 1:
            several = ", ".join(str(line.product_id) for line in fitting)
            what = f"is missing; the purchase order has several products of {one.item.slug}: {several}"
            problems.append({"field": f"lines[{place}].product_id", "problem": what})
        found.append(fitting[0] if fitting else None)
    if problems:
        raise ValidationError(problems)
    if not any(found):
        raise ConflictError(
            f"purchase order {order.purchase_order_id} has none of these goods; leave the order out to record them "
            "without it",
            purchase_order_id=order.purchase_order_id,
        )
    for line, one in zip(found, weighed, strict=True):
        if line is not None and not order.left_micros(line) and not is_again:
            raise _came_already(order, f"all of {one.item.slug} in purchase order {order.purchase_order_id}")
    return found


def add_arrivals(
    operation: Operation,
    order: StandingPurchase,
    lines: Sequence[PurchaseLine | None],
    lots: Sequence[ReceivedLot],
) -> None:
    """Note which lots came for which product of the order."""
    row = {
        "operation_id": operation.id,
        "purchase_order_id": order.purchase_order_id,
        "purchase_order_version_id": order.version_id,
    }
    operation.session.execute(
        _add,
        [
            {**row, "product_id": line.product_id, "lot_id": lot["lot_id"]}
            for line, lot in zip(lines, lots, strict=True)
            if line is not None
        ],
    )


def _came_already(order: StandingPurchase, what: str) -> ConflictError:
    return ConflictError(
        f"{what} came already",
        remedy={"kind": "record_again"},
        purchase_order_id=order.purchase_order_id,
    )


def _not_cancelled(order: StandingPurchase) -> StandingPurchase:
    if order.is_cancelled:
        raise ConflictError(
            f"purchase order {order.purchase_order_id} was cancelled; undo the cancellation first",
            purchase_order_id=order.purchase_order_id,
        )
    return order
