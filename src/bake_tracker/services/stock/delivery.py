"""Deliveries: the lines of a supplier's document become lots, all or none."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import (
    ConflictError,
    ConversionProblem,
    Problem,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.domain.money import format_money
from bake_tracker.models import Delivery, Supplier, tables
from bake_tracker.queries.catalog.definitions import check_supplier
from bake_tracker.queries.stock.deliveries import load_standing_delivery
from bake_tracker.queries.stock.lots import load_known_lots
from bake_tracker.services.operation import Kind, recording
from bake_tracker.services.stock.ledger import lock_items
from bake_tracker.services.stock.receipt import Goods, ReceivedLot, Weighed, add_goods, codes_of, weigh

RECORD = Kind(
    "record_delivery",
    "delivery_service",
    "Took a delivery",
    success_fields=("delivery_id", "supplier_id", "document", "lot_count", "total_cost"),
)

FIELDS = ("item_id", "quantity", "unit", "total_cost", "lot_code", "expires_on", "product_id", "location")

_add = insert(tables.delivery).returning(Delivery.__table__.c.id)


class DeliveryResult(TypedDict):
    """A delivery and its lots; ``total_cost`` is None if the cost of a line is unknown."""

    operation_id: str
    delivery_id: int
    supplier_id: int
    document: str | None
    delivered_on: str
    lot_count: int
    lots: list[ReceivedLot]
    total_cost: str | None


def record_delivery(
    lines: Sequence[Mapping[str, Any]],
    *,
    session: Session,
    supplier_id: int,
    document: str | None = None,
    delivered_on: date | None = None,
    notes: str | None = None,
    again: bool = False,
    operation_id: UUID | str | None = None,
) -> DeliveryResult:
    """Add a lot for every line of a supplier's document, in the caller's transaction.

    Each line has the fields of a receipt: ``item_id``, ``quantity``, ``unit`` and, if known, ``total_cost``,
    ``lot_code``, ``expires_on``, ``product_id`` and ``location``. A second document with the same number from the same
    supplier is refused unless ``again`` is set; reversed deliveries do not count.

    Raises:
        ValidationError: an argument is not allowed; lists every line that is refused.
        SupplierNotFoundError, ItemNotFoundError, ProductNotFoundError: a reference does not exist.
        UnitConversionError: a unit cannot be converted to an item's base unit; names every such item.
        ConflictError: the document was recorded already, or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        goods = [_read_line(given, place, row) for place, row in enumerate(given.rows("lines", lines))]
        supplier = given.key("supplier_id", supplier_id)
        number = None if document is None else given.name("document", document, limit=120)
        day = given.day("delivered_on", delivered_on)
        remark = given.text("notes", notes)
        is_again = given.flag("again", again)
        given.done()
        arguments = {
            "lines": [asdict(one) for one in goods],
            "supplier_id": supplier,
            "document": number,
            "delivered_on": day,
            "notes": remark,
            "again": is_again,
        }
        if done := operation.claim(arguments):
            return cast(DeliveryResult, done)

        # load and decide
        check_supplier(session, supplier)
        # Locked until the end, so that of two copies of a document the second sees the first.
        session.execute(select(Supplier.id).where(Supplier.id == supplier).with_for_update(key_share=True))
        if number is not None and not is_again and (first := load_standing_delivery(session, supplier, number)):
            raise ConflictError(
                f"document {number} from this supplier was already recorded on {first.delivered_on} as operation "
                f"{first.operation_id}",
                remedy={"kind": "record_again"},
                document=number,
                recorded_operation_id=first.operation_id,
            )
        weighed = _weigh_all(session, goods)
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
        return operation.succeed(
            DeliveryResult(
                operation_id=operation.id,
                delivery_id=delivery_id,
                supplier_id=supplier,
                document=number,
                delivered_on=day.isoformat(),
                lot_count=len(lots),
                lots=lots,
                total_cost=format_money(total),
            )
        )


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
