"""Purchase orders: what is ordered from a supplier, and for when. They change no stock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from fractions import Fraction
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import LARGEST, Arguments
from bake_tracker.domain.buying.purchase_orders import PurchaseLine, PurchaseState, amount_of_all
from bake_tracker.domain.errors import (
    ConversionProblem,
    ProductNotFoundError,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.quantities import stated_quantity
from bake_tracker.domain.stock.products import unpack
from bake_tracker.domain.units import MAX_TOTAL_MICROS, MICRO, format_micros, received_micros
from bake_tracker.models import PurchaseOrder, PurchaseOrderVersion, tables
from bake_tracker.queries.buying.standing import StandingPurchase, load_purchase_order
from bake_tracker.queries.catalog.definitions import check_supplier, load_items
from bake_tracker.queries.catalog.products import load_sold
from bake_tracker.services.operation import Kind, Operation, recording

TOLD = ("purchase_order_id", "state", "supplier_id", "wanted_on", "line_count", "total_price")
RECORD = Kind("record_purchase_order", "purchase_service", "Ordered from a supplier", success_fields=TOLD)

FIELDS = ("product_id", "packs", "price")

_add_order = insert(tables.purchase_order).returning(PurchaseOrder.__table__.c.id)
_add_version = insert(tables.purchase_order_version).returning(PurchaseOrderVersion.__table__.c.id)
_add_lines = insert(tables.purchase_order_line)


@dataclass(frozen=True, slots=True)
class AskedPurchase:
    """A line as it was asked for; the price is for one pack, in millionths, None for that of the product's terms."""

    product_id: int
    packs: int
    price_micros: int | None


@dataclass(frozen=True, slots=True)
class PurchaseFields:
    """Everything about a purchase order but its lines."""

    supplier_id: int
    wanted_on: date
    note: str | None


class PurchaseLineResult(TypedDict):
    """A line of a purchase order; ``quantity`` is in all its packs, in the item's base unit, and ``price`` for one."""

    product_id: int
    product: str
    package: str
    item_id: int
    item_slug: str
    packs: int
    quantity: str
    unit: str
    price: str | None
    amount: str | None


class PurchaseOrderResult(TypedDict):
    """A purchase order as it is now; ``total_price`` is None if a price is missing."""

    operation_id: str
    purchase_order_id: int
    state: PurchaseState
    supplier_id: int
    wanted_on: str
    note: str | None
    line_count: int
    lines: list[PurchaseLineResult]
    total_price: str | None


def record_purchase_order(
    supplier_id: int,
    lines: Sequence[Mapping[str, Any]],
    *,
    session: Session,
    wanted_on: date,
    note: str | None = None,
    operation_id: UUID | str | None = None,
) -> PurchaseOrderResult:
    """Order packages from a supplier, in the caller's transaction; it changes no stock.

    A line has ``product_id``, ``packs`` (a whole number) and ``price``, the agreed price of one pack; without a price,
    the price in the product's terms for that many packs holds, if there is one. A product has one line.

    Raises:
        ValidationError: an argument is not allowed, or a product's size is not recorded.
        SupplierNotFoundError, ProductNotFoundError: a reference does not exist.
        UnitConversionError: a package cannot be converted to the base unit of its item; names every such item.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        asked = read_purchase_lines(given, lines)
        fields = PurchaseFields(
            supplier_id=given.key("supplier_id", supplier_id),
            wanted_on=read_wanted_on(given, wanted_on),
            note=given.text("note", note),
        )
        given.done()
        if done := operation.claim({"lines": [asdict(one) for one in asked], **asdict(fields)}):
            return cast(PurchaseOrderResult, done)
        check_supplier(session, fields.supplier_id)
        wanted = weigh_purchase(session, asked)
        order_id: int = session.execute(_add_order, {"operation_id": operation.id}).scalar_one()
        add_purchase_version(operation, order_id, fields, wanted)
        return operation.succeed(purchase_result(operation, load_purchase_order(session, order_id)))


def read_wanted_on(given: Arguments, value: object) -> date:
    """The day on which the goods should come."""
    if value is None:
        given.refuse("wanted_on", "is missing; give the day on which the goods should come")
    return given.day("wanted_on", value) or date.max


def read_purchase_lines(given: Arguments, lines: object) -> list[AskedPurchase]:
    """The lines of a purchase order, one for each product."""
    asked: list[AskedPurchase] = []
    for place, row in enumerate(given.rows("lines", lines)):
        at = f"lines[{place}]"
        for name in sorted(row.keys() - set(FIELDS), key=str):
            given.refuse(at, f"has no field {str(name)[:60]!r}; it takes {', '.join(FIELDS)}")
        one = AskedPurchase(
            given.key(f"{at}.product_id", row.get("product_id")),
            given.count(f"{at}.packs", row.get("packs")),
            None if row.get("price") is None else given.micros(f"{at}.price", row["price"]),
        )
        if any(one.product_id == other.product_id for other in asked):
            given.refuse(f"{at}.product_id", f"{one.product_id} has a line already; add the packs to that line")
        asked.append(one)
    return asked


def weigh_purchase(session: Session, asked: Sequence[AskedPurchase]) -> list[PurchaseLine]:
    """The lines with what is in their packs and their prices.

    Raises:
        ProductNotFoundError, ValidationError, UnitConversionError: a line cannot be ordered; lists every such line.
    """
    sold = load_sold(session, {one.product_id for one in asked})
    for one in asked:
        if one.product_id not in sold:
            raise ProductNotFoundError(one.product_id)
    items = load_items(session, {package.item_id for package, _ in sold.values()})
    given = Arguments()
    conversions: list[ConversionProblem] = []
    found: list[PurchaseLine] = []
    for place, one in enumerate(asked):
        package, terms = sold[one.product_id]
        try:
            contents = unpack(package, Fraction(one.packs), "package", f"lines[{place}].")
            micros = received_micros(stated_quantity(items[package.item_id], *contents))
        except ValidationError as error:
            given.problems += error.problems
            continue
        except UnitConversionError as error:
            conversions += error.problems
            continue
        price = terms.price_of(one.packs) if one.price_micros is None else one.price_micros
        if micros > LARGEST * MICRO or one.packs * (price or 0) > MAX_TOTAL_MICROS:
            given.refuse(f"lines[{place}].packs", "are too many to count; use a smaller number")
        found.append(PurchaseLine(one.product_id, package.item_id, one.packs, micros, price))
    given.done()
    if conversions:
        raise UnitConversionError(conversions)
    if (amount_of_all(found) or 0) > MAX_TOTAL_MICROS:
        raise ValidationError.of("lines", "cost too much together; use smaller numbers")
    return found


def add_purchase_version(
    operation: Operation,
    purchase_order_id: int,
    fields: PurchaseFields,
    lines: Iterable[PurchaseLine],
    *,
    status: str = "sent",
    reason: str | None = None,
) -> None:
    """Write a purchase order as this operation leaves it."""
    row = {
        **asdict(fields),
        "operation_id": operation.id,
        "purchase_order_id": purchase_order_id,
        "status": status,
        "reason": reason,
    }
    version_id: int = operation.session.execute(_add_version, row).scalar_one()
    of_it = {"operation_id": operation.id, "purchase_order_version_id": version_id}
    operation.session.execute(_add_lines, [{**asdict(one), **of_it} for one in lines])


def purchase_result(operation: Operation, order: StandingPurchase) -> PurchaseOrderResult:
    """A purchase order in readable form, as the result of the operation that wrote it."""
    sold = load_sold(operation.session, {one.product_id for one in order.lines})
    items = load_items(operation.session, order.item_ids)
    return PurchaseOrderResult(
        operation_id=operation.id,
        purchase_order_id=order.purchase_order_id,
        state=order.state,
        supplier_id=order.supplier_id,
        wanted_on=order.wanted_on.isoformat(),
        note=order.note,
        line_count=len(order.lines),
        lines=[
            {
                "product_id": one.product_id,
                "product": sold[one.product_id][0].called,
                "package": sold[one.product_id][0].package_type or "package",
                "item_id": one.item_id,
                "item_slug": items[one.item_id].slug,
                "packs": one.packs,
                "quantity": format_micros(one.quantity_micros),
                "unit": items[one.item_id].base_unit,
                "price": format_money(one.price_micros),
                "amount": format_money(one.amount_micros),
            }
            for one in order.lines
        ],
        total_price=format_money(amount_of_all(order.lines)),
    )
