"""Goods in: what a supplier brings becomes a lot."""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import LARGEST, Arguments
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.lots import expiry, slug_in_code
from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.recipe_math import base_quantity
from bake_tracker.domain.units import MICRO, format_micros, received_micros
from bake_tracker.queries.catalog import check_product, check_supplier, has_item_slug, load_item
from bake_tracker.services.operations import Kind, recording
from bake_tracker.services.stock_ledger import NewLot, add_lot, lock_items

RECORD = Kind("record_receipt", __name__, success_fields=("lot_id", "lot_code", "item_id", "quantity", "total_cost"))


@dataclass(frozen=True, slots=True)
class ReceiptRequest:
    """The normalised arguments of a receipt; two calls are the same when these are."""

    item_id: int
    quantity: str
    unit: str
    cost_micros: int | None
    lot_code: str | None
    received_on: date | None
    expires_on: date | None
    supplier_id: int | None
    product_id: int | None
    location: str | None
    note: str | None


class ReceiptResult(TypedDict):
    """A received lot; quantity in the item's base unit, money as exact decimal strings, an unknown cost is None."""

    operation_id: str
    lot_id: int
    lot_code: str
    item_id: int
    item_slug: str
    quantity: str
    unit: str
    total_cost: str | None
    unit_cost: str | None
    received_on: str
    expires_on: str | None


def record_receipt(
    item_id: int,
    quantity: int | Decimal | Fraction,
    unit: str,
    *,
    session: Session,
    total_cost: int | Decimal | None = None,
    lot_code: str | None = None,
    received_on: date | None = None,
    expires_on: date | None = None,
    supplier_id: int | None = None,
    product_id: int | None = None,
    location: str | None = None,
    note: str | None = None,
    operation_id: UUID | str | None = None,
) -> ReceiptResult:
    """Add a lot of ``quantity`` of ``unit``, in the caller's transaction; without ``total_cost`` its cost is unknown.

    Without ``lot_code`` it gets a readable one; without ``expires_on`` the item's shelf life, if it has one, counts
    from ``received_on`` (today where the bakery is).

    Raises:
        ValidationError: an argument is not allowed, the product is a package of another item, or the code is of the
            form that this bakery gives to lots of its own.
        ItemNotFoundError, SupplierNotFoundError, ProductNotFoundError: a reference leads nowhere.
        UnitConversionError: the unit cannot become the item's base unit without a density.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        amount = given.exact("quantity", quantity, above_zero=True)
        known_unit = given.unit("unit", unit)
        asked = ReceiptRequest(
            item_id=given.key("item_id", item_id),
            quantity=str(amount),
            unit=known_unit.name if known_unit else "",
            cost_micros=None if total_cost is None else given.micros("total_cost", total_cost),
            lot_code=None if lot_code is None else given.name("lot_code", lot_code, limit=120),
            received_on=given.day("received_on", received_on),
            expires_on=given.day("expires_on", expires_on),
            supplier_id=given.optional_key("supplier_id", supplier_id),
            product_id=given.optional_key("product_id", product_id),
            location=given.text("location", location, limit=120),
            note=given.text("note", note),
        )
        given.done()
        if done := operation.claim(asdict(asked)):
            return cast(ReceiptResult, done)

        # load
        item = load_item(session, asked.item_id)
        check_supplier(session, asked.supplier_id)
        check_product(session, asked.product_id, asked.item_id)
        _check_code(session, asked.lot_code)
        day = asked.received_on or operation.house.local_day(operation.now)

        # decide
        micros = received_micros(base_quantity(item, amount, asked.unit))
        if not 0 < micros <= LARGEST * MICRO:
            raise ValidationError.of("quantity", f"{quantity} {unit} is too much to keep in {item.base_unit}")
        expires_on = asked.expires_on or expiry(day, item.shelf_life_days)

        # write
        lock_items(operation, [item.item_id])
        lot = add_lot(
            operation,
            NewLot(
                item.item_id,
                micros,
                asked.cost_micros,
                day,
                expires_on,
                code=asked.lot_code,
                is_made=False,
                supplier_id=asked.supplier_id,
                product_id=asked.product_id,
                location=asked.location,
            ),
        )
        unit_cost = None if asked.cost_micros is None else divide_half_even(asked.cost_micros * MICRO, micros)
        return operation.succeed(
            ReceiptResult(
                operation_id=operation.id,
                lot_id=lot.lot_id,
                lot_code=lot.code,
                item_id=item.item_id,
                item_slug=item.slug,
                quantity=format_micros(micros),
                unit=item.base_unit,
                total_cost=format_money(asked.cost_micros),
                unit_cost=format_money(unit_cost),
                received_on=day.isoformat(),
                expires_on=expires_on.isoformat() if expires_on else None,
            )
        )


def _check_code(session: Session, code: str | None) -> None:
    slug = slug_in_code(code) if code else None
    if slug and has_item_slug(session, slug):
        raise ValidationError.of(
            "lot_code", f"{code} is of the form that lots of {slug} get here by themselves; leave it out or change it"
        )
