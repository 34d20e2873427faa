"""Deliveries: the lines of a supplier's document become lots, all or none."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.buying.purchase_orders import PurchaseState
from bake_tracker.domain.errors import (
    ConflictError,
    ConversionProblem,
    Problem,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.domain.money import format_money
from bake_tracker.models import Delivery, Supplier, tables
from bake_tracker.queries.buying.standing import load_purchase_order
from bake_tracker.queries.catalog.definitions import check_supplier
from bake_tracker.queries.stock.deliveries import load_standing_delivery
from bake_tracker.queries.stock.lots import load_known_lots
from bake_tracker.services.operation import Kind, recording
from bake_tracker.services.stock.coming import add_arrivals, all_still_to_come, lines_for, load_for_delivery
from bake_tracker.services.stock.ledger import lock_items
from bake_tracker.services.stock.receipt import Goods, ReceivedLot, Weighed, add_goods, codes_of, weigh

RECORD = Kind(
    "record_delivery",
    "delivery_service",
    "Took a delivery",
    success_fields=("delivery_id", "supplier_id", "document", "lot_count", "total_cost"),
    sometimes=("purchase_order_id", "purchase_order_state"),
)

FIELDS = ("item_id", "quantity", "unit", "total_cost", "lot_code", "expires_on", "product_id", "location")

_add = insert(tables.delivery).returning(Delivery.__table__.c.id)


class DeliveryResult(TypedDict):
    """A delivery and its lots; ``total_cost`` is None if the cost of a line is unknown.

    For a purchase order, it has the order and its state after the delivery.
    """

    operation_id: str
    delivery_id: int
    supplier_id: int
    document: str | None
    delivered_on: str
    lot_count: int
    lots: list[ReceivedLot]
    total_cost: str | None
    purchase_order_id: NotRequired[int]
    purchase_order_state: NotRequired[PurchaseState]


def record_delivery(
    lines: Sequence[Mapping[str, Any]] | None = None,
    *,
    session: Session,
    supplier_id: int | None = None,
    document: str | None = None,
    delivered_on: date | None = None,
    notes: str | None = None,
    again: bool = False,
    purchase_order_id: int | None = None,
    operation_id: UUID | str | None = None,
) -> DeliveryResult:
    """Add a lot for every line of a supplier's document, in the caller's transaction.

    Each line has the fields of a receipt: ``item_id``, ``quantity``, ``unit`` and, if known, ``total_cost``,
    ``lot_code``, ``expires_on``, ``product_id`` and ``location``. A second document with the same number from the same
    supplier is refused unless ``again`` is set; reversed deliveries do not count.

    With ``purchase_order_id`` the goods are for a purchase order, and the supplier is that of the order. Without
    ``lines``, everything that is left of the order came, at the agreed prices. What came already does not come a second
    time unless ``again`` is set.

    Raises:
        ValidationError: an argument is not allowed; lists every line that is refused.
        SupplierNotFoundError, ItemNotFoundError, ProductNotFoundError, PurchaseOrderNotFoundError: a reference does not
            exist.
        UnitConversionError: a unit cannot be converted to an item's base unit; names every such item.
        ConflictError: the document was recorded already, the purchase order was cancelled or has none of the goods,
            they came already, or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        of_order = given.optional_key("purchase_order_id", purchase_order_id)
        if lines is None and of_order is None:
            given.refuse("lines", "is missing; only of a purchase order can it be left out, for all that is left")
        rows = [] if lines is None else given.rows("lines", lines)
        goods = [_read_line(given, place, row) for place, row in enumerate(rows)]
        supplier = given.optional_key("supplier_id", supplier_id) or 0
        if of_order is None and supplier_id is None:
            given.refuse("supplier_id", "is missing; say who delivered, or for which purchase order it is")
        elif of_order is not None and supplier_id is not None:
            given.refuse("supplier_id", "is in the purchase order; leave it out, or change the order")
        number = None if document is None else given.name("document", document, limit=120)
        day = given.day("delivered_on", delivered_on)
        remark = given.text("notes", notes)
        is_again = given.flag("again", again)
        given.done()
        arguments = {
            "lines": None if lines is None else [asdict(one) for one in goods],
            **({"supplier_id": supplier} if of_order is None else {"purchase_order_id": of_order}),
            "document": number,
            "delivered_on": day,
            "notes": remark,
            "again": is_again,
        }
        if done := operation.claim(arguments):
            return cast(DeliveryResult, done)

        # load and decide
        if of_order is not None:
            supplier = load_purchase_order(session, of_order).supplier_id
        check_supplier(session, supplier)
        # Locked until the end, so that of two copies of a document the second sees the first.
        session.execute(select(Supplier.id).where(Supplier.id == supplier).with_for_update(key_share=True))
        order = None if of_order is None else load_for_delivery(operation, of_order, supplier, goods)
        if number is not None and not is_again and (first := load_standing_delivery(session, supplier, number)):
            raise ConflictError(
                f"document {number} from this supplier was already recorded on {first.delivered_on} as operation "
                f"{first.operation_id}",
                remedy={"kind": "record_again"},
                document=number,
                recorded_operation_id=first.operation_id,
            )
        if order and lines is None:
            goods = all_still_to_come(operation, order)
        weighed = _weigh_all(session, goods)
        for_lines = lines_for(order, weighed, is_again=is_again) if order else []
        day = operation.came_on(day)

        # write
        lock_items(operation, {one.item.item_id for one in weighed})
        row = {
            "operation_id": operation.id,
            "supplier_id": supplier,
            "document": number,
            "delivered_on": day,
            "notes": remark,
        }
        delivery_id: int = session.execute(_add, row).scalar_one()
        known = load_known_lots(session, codes_of(goods))
        lots = [add_goods(operation, one, day, supplier, known) for one in weighed]
        costs = [one.cost_micros for one in goods]
        total = None if None in costs else sum(cost for cost in costs if cost is not None)
        result = DeliveryResult(
            operation_id=operation.id,
            delivery_id=delivery_id,
            supplier_id=supplier,
            document=number,
            delivered_on=day.isoformat(),
            lot_count=len(lots),
            lots=lots,
            total_cost=format_money(total),
        )
        if order:
            add_arrivals(operation, order, for_lines, lots)
            result["purchase_order_id"] = order.purchase_order_id
            result["purchase_order_state"] = load_purchase_order(session, order.purchase_order_id).state
        return operation.succeed(result)


def _read_line(given: Arguments, place: int, row: Mapping[str, Any]) -> Goods:
    for name in sorted(row.keys() - set(FIELDS), key=str):
        given.refuse(f"lines[{place}]", f"has no field {str(name)[:60]!r}; it takes {', '.join(FIELDS)}")
    return Goods.read(given, row, f"lines[{place}].")


def _weigh_all(session: Session, goods: Sequence[Goods]) -> list[Weighed]:
    """Convert every line to base units; report all problems at once."""
    weighed: list[Weighed] = []
    problems: list[Problem] = []
    conversions: list[ConversionProblem] = []
    for place, one in enumerate(goods):
        try:
            weighed.append(weigh(session, one, f"lines[{place}]."))
        except ValidationError as error:
            problems += error.problems
        except UnitConversionError as error:
            conversions += error.problems
    if problems:
        raise ValidationError(problems)
    if conversions:
        raise UnitConversionError(conversions)
    return weighed
