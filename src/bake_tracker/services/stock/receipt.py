"""Receipts: goods from a supplier become a lot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.clock import now
from bake_tracker.domain.arguments import LARGEST, Arguments
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.recipes.quantities import Item, stated_quantity
from bake_tracker.domain.stock.arrivals import Doubted, KnownLot, doubts_about
from bake_tracker.domain.stock.lots import expiry, slug_in_code
from bake_tracker.domain.stock.products import is_unit, unpack
from bake_tracker.domain.units import MICRO, format_micros, received_micros
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.definitions import check_supplier, has_item_slug, load_item
from bake_tracker.queries.catalog.products import load_package
from bake_tracker.queries.stock.lots import load_known_lots
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.ledger import NewLot, add_lot, lock_items

RECORD = Kind(
    "record_receipt",
    "receiving_service",
    "Received",
    success_fields=("lot_id", "lot_code", "item_id", "quantity", "total_cost"),
)


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of goods in; ``quantity`` is as given, ``unit`` may be the name of a package."""

    item_id: int
    quantity: Fraction
    unit: str
    cost_micros: int | None
    lot_code: str | None
    expires_on: date | None
    product_id: int | None
    location: str | None
    is_carried: bool = False
    """Whether it comes from another database; such a lot keeps its code and its expiry, even if it has none."""

    @classmethod
    def read(cls, given: Arguments, line: Mapping[str, Any], place: str = "") -> "Goods":
        """Normalise the arguments, noting every problem under ``place`` and the field's name."""
        quantity = given.exact(f"{place}quantity", line.get("quantity"), above_zero=True)
        cost, code = line.get("total_cost"), line.get("lot_code")
        return cls(
            item_id=given.key(f"{place}item_id", line.get("item_id")),
            quantity=quantity,
            unit=_read_unit(given, f"{place}unit", line),
            cost_micros=None if cost is None else given.micros(f"{place}total_cost", cost),
            lot_code=None if code is None else given.name(f"{place}lot_code", code, limit=120),
            expires_on=given.day(f"{place}expires_on", line.get("expires_on")),
            product_id=given.optional_key(f"{place}product_id", line.get("product_id")),
            location=given.text(f"{place}location", line.get("location"), limit=120),
            is_carried=given.flag(f"{place}is_carried", line.get("is_carried", False)),
        )


def _read_unit(given: Arguments, field: str, line: Mapping[str, Any]) -> str:
    """The unit's canonical name, or the package's if there is a product."""
    text = line.get("unit")
    if line.get("product_id") is not None and isinstance(text, str) and not is_unit(text):
        return given.name(field, text, limit=60)
    unit = given.unit(field, text)
    return unit.name if unit else ""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Goods with their item, and their quantity in millionths of its base unit."""

    goods: Goods
    item: Item
    quantity_micros: int


@dataclass(frozen=True, slots=True)
class ReceiptRequest:
    """Normalised arguments of a receipt; two calls are the same if these are equal."""

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


class ReceivedLot(Doubted):
    """A received lot; quantity in the item's base unit, money as exact decimal strings, an unknown cost as None.

    ``warnings`` says what deserves a second look: ``expired_on_arrival``, ``expiry_unlike_shelf_life`` with the
    item's shelf life, or ``lot_code_known`` with the earlier lots.
    """

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


class ReceiptResult(ReceivedLot):
    """A received lot and its operation."""

    operation_id: str


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
    is_carried: bool = False,
    operation_id: UUID | str | None = None,
) -> ReceiptResult:
    """Receive ``quantity`` of ``unit`` as a lot, in the caller's transaction; without ``total_cost`` its cost is
    unknown.

    With ``product_id``, ``unit`` may be the product's package ("bag", "package"), and its contents count. Without
    ``lot_code``, the lot gets a readable code. Without ``expires_on``, the item's shelf life counts from
    ``received_on``, which defaults to today in the bakery's time zone. A lot that ``is_carried`` over from another
    database keeps its code, whatever its form, and its expiry, if any.

    Raises:
        ValidationError: an argument is not allowed, the product is a package of another item, or the code has the form
            that this bakery generates.
        ItemNotFoundError, SupplierNotFoundError, ProductNotFoundError: a reference does not exist.
        UnitConversionError: the unit cannot be converted to the item's base unit without a density.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        goods = Goods.read(given, locals())
        asked = ReceiptRequest(
            item_id=goods.item_id,
            quantity=str(goods.quantity),
            unit=goods.unit,
            cost_micros=goods.cost_micros,
            lot_code=goods.lot_code,
            received_on=given.day("received_on", received_on),
            expires_on=goods.expires_on,
            supplier_id=given.optional_key("supplier_id", supplier_id),
            product_id=goods.product_id,
            location=goods.location,
            note=given.text("note", note),
        )
        given.done()
        if done := operation.claim(asdict(asked) | ({"is_carried": True} if goods.is_carried else {})):
            return cast(ReceiptResult, done)

        check_supplier(session, asked.supplier_id)
        weighed = weigh(session, goods)
        day = operation.came_on(asked.received_on)
        lock_items(operation, [weighed.item.item_id])
        known = load_known_lots(session, codes_of([goods]))
        lot = add_goods(operation, weighed, day, asked.supplier_id, known)
        return operation.succeed(ReceiptResult(operation_id=operation.id, **lot))


def weigh(session: Session, goods: Goods, place: str = "") -> Weighed:
    """Load the goods' item and product, and convert the quantity to the item's base unit.

    Raises:
        ValidationError: the quantity is too large; the product is of another item, comes in different packages or has
            no known size; or the code has the form that this bakery generates.
        ItemNotFoundError, ProductNotFoundError: there is no such item or product.
        UnitConversionError: the unit cannot be converted to the item's base unit without a density.
    """
    item = load_item(session, goods.item_id)
    package = load_package(session, goods.product_id, goods.item_id)
    slug = slug_in_code(goods.lot_code) if goods.lot_code and not goods.is_carried else None
    if slug and has_item_slug(session, slug):
        raise ValidationError.of(
            f"{place}lot_code",
            f"{goods.lot_code} has the form of the codes generated for {slug}; leave it out or change it",
        )
    amount = goods.quantity, goods.unit
    if package and not is_unit(goods.unit):
        amount = unpack(package, *amount, place)
    micros = received_micros(stated_quantity(item, *amount))
    if micros == 0:
        too_little = f"rounds to 0; the smallest quantity is 0.000001 {item.base_unit}"
        raise ValidationError.of(f"{place}quantity", too_little)
    if micros > LARGEST * MICRO:
        too_much = f"{goods.quantity} {goods.unit} is too much to record in {item.base_unit}; use a smaller quantity"
        raise ValidationError.of(f"{place}quantity", too_much)
    return Weighed(goods, item, micros)


def check_has_come(session: Session, field: str, day: date | None) -> None:
    """Refuse a receipt day in the future, because goods that have not arrived cannot be used.

    Raises:
        ValidationError: the day is after today.
    """
    if day is None:
        return
    today = load_bakery(session).local_day(now())
    if day > today:
        raise ValidationError.of(field, f"must be today ({today}) or earlier, not {day}")


def codes_of(goods: Iterable[Goods]) -> set[str]:
    """The suppliers' codes of goods that are received here."""
    return {one.lot_code for one in goods if one.lot_code and not one.is_carried}


def add_goods(
    operation: Operation,
    weighed: Weighed,
    day: date,
    supplier_id: int | None,
    known: Mapping[tuple[int, str], Sequence[KnownLot]],
) -> ReceivedLot:
    """Add the goods as a lot received on ``day``; the caller has locked the item and loaded the ``known`` lots."""
    goods, item, micros = weighed.goods, weighed.item, weighed.quantity_micros
    expires_on = goods.expires_on or (None if goods.is_carried else expiry(day, item.shelf_life_days))
    lot = add_lot(
        operation,
        NewLot(
            item.item_id,
            micros,
            goods.cost_micros,
            day,
            expires_on,
            code=goods.lot_code,
            is_made=False,
            supplier_id=supplier_id,
            product_id=goods.product_id,
            location=goods.location,
        ),
    )
    received_on, expiry_day = day.isoformat(), expires_on.isoformat() if expires_on else None
    doubted = doubts_about(
        day,
        None if goods.is_carried else expires_on,
        known.get((item.item_id, lot.code), []),
        item.shelf_life_days,
    )
    unit_cost = None if goods.cost_micros is None else divide_half_even(goods.cost_micros * MICRO, micros)
    return ReceivedLot(
        lot_id=lot.lot_id,
        lot_code=lot.code,
        item_id=item.item_id,
        item_slug=item.slug,
        quantity=format_micros(micros),
        unit=item.base_unit,
        total_cost=format_money(goods.cost_micros),
        unit_cost=format_money(unit_cost),
        received_on=received_on,
        expires_on=expiry_day,
        **doubted,
    )
