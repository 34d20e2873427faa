"""Orders: what a customer wants, and when. Orders change no stock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, time
from fractions import Fraction
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConflictError, ItemNotFoundError, UnitConversionError, ValidationError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.orders.contents import (
    HOWS,
    ORDERED,
    OrderedLine,
    OrderState,
    numbered,
    price_of,
    total_of,
)
from bake_tracker.domain.orders.due import due_instant, real_time
from bake_tracker.domain.recipes.quantities import Item, stated_quantity
from bake_tracker.domain.units import MAX_TOTAL_MICROS, drawn_micros, format_micros
from bake_tracker.models import CustomerOrder, OrderVersion, tables
from bake_tracker.queries.catalog.definitions import check_event, check_recipient, load_items
from bake_tracker.queries.catalog.parts import Typed, refuse_parts
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.orders.standing import StandingOrder, load_of_reference, load_order, lock_customers
from bake_tracker.services.operation import Kind, Operation, recording

_TOLD = ("order_id", "state", "recipient_id", "event_id", "due_on", "due_time", "line_count", "total_price")
RECORD = Kind("record_order", "order_service", "Took an order", success_fields=_TOLD)

FIELDS = ("item_id", "quantity", "unit", "price", "line")

_add_order = insert(tables.customer_order).returning(CustomerOrder.__table__.c.id)
_add_version = insert(tables.order_version).returning(OrderVersion.__table__.c.id)
_add_lines = insert(tables.order_line)


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line as it was asked for; the price is for one of the item's base unit, in millionths."""

    item_id: int
    quantity: Fraction
    unit: str | None
    price_micros: int | None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class OrderFields:
    """Everything about an order but its lines."""

    recipient_id: int | None
    event_id: int | None
    due_on: date
    due_time: time | None
    how: str
    place: str | None
    reference: str | None
    note: str | None


class OrderLineResult(TypedDict):
    """A line of an order, in the item's base unit; ``price`` is for one, ``amount`` for all of it."""

    line: int
    item_id: int
    item_slug: str
    quantity: str
    unit: str
    price: str | None
    amount: str | None


class OrderResult(TypedDict):
    """An order as it is now; ``due_at`` is the instant if it has a time, ``total_price`` None if a price is missing."""

    operation_id: str
    order_id: int
    state: OrderState
    recipient_id: int | None
    event_id: int | None
    due_on: str
    due_time: str | None
    due_at: str | None
    how: str
    place: str | None
    reference: str | None
    note: str | None
    line_count: int
    lines: list[OrderLineResult]
    total_price: str | None


def record_order(
    lines: Sequence[Mapping[str, Any]],
    *,
    session: Session,
    due_on: date,
    due_time: time | None = None,
    recipient_id: int | None = None,
    event_id: int | None = None,
    how: str = "pick-up",
    place: str | None = None,
    reference: str | None = None,
    note: str | None = None,
    operation_id: UUID | str | None = None,
) -> OrderResult:
    """Take an order, in the caller's transaction; it changes no stock.

    A line has ``item_id`` (a finished unit or finished good), ``quantity`` and, if it is not the item's base unit,
    ``unit``; ``price`` is what one of the base unit costs the customer. ``due_time`` is a time on the bakery's clock:
    one that does not exist on that day moves on by an hour, and of one that exists twice the first counts.
    ``reference`` is the customer's own number for the order, and no other order of theirs may have it.

    Raises:
        ValidationError: an argument is not allowed.
        ItemNotFoundError, RecipientNotFoundError, EventNotFoundError: a reference does not exist.
        UnitConversionError: a unit cannot be converted to an item's base unit; names every such item.
        ConflictError: the customer's reference is taken, or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        asked = [read_line(given, place, row) for place, row in enumerate(given.rows("lines", lines))]
        fields = OrderFields(
            recipient_id=given.optional_key("recipient_id", recipient_id),
            event_id=given.optional_key("event_id", event_id),
            due_on=read_due_on(given, due_on),
            due_time=given.clock("due_time", due_time),
            how=given.choice("how", how, HOWS),
            place=None if place is None else given.name("place", place),
            reference=None if reference is None else given.name("reference", reference, limit=120),
            note=given.text("note", note),
        )
        check_reference(given, fields)
        given.done()
        if done := operation.claim({"lines": [asdict(one) for one in asked], **asdict(fields)}):
            return cast(OrderResult, done)

        # load and decide
        check_people(operation, fields, None)
        items, wanted = weigh_lines(session, asked)

        # write
        order_id = add_order(operation, fields, numbered(wanted, (), 0))
        return operation.succeed(order_result(operation, load_order(session, order_id), items))


def read_due_on(given: Arguments, value: object) -> date:
    """The day on which an order is due."""
    if value is None:
        given.refuse("due_on", "is missing; give the day on which the customer wants it")
    return given.day("due_on", value) or date.max


def read_line(given: Arguments, place: int, row: Mapping[str, Any]) -> AskedLine:
    """One line of an order; ``line`` is its number if it is in the order already."""
    at = f"lines[{place}]"
    for name in sorted(row.keys() - set(FIELDS), key=str):
        given.refuse(at, f"has no field {str(name)[:60]!r}; it takes {', '.join(FIELDS)}")
    unit = None if row.get("unit") is None else given.unit(f"{at}.unit", row["unit"])
    return AskedLine(
        given.key(f"{at}.item_id", row.get("item_id")),
        given.exact(f"{at}.quantity", row.get("quantity"), above_zero=True),
        unit.name if unit else None,
        None if row.get("price") is None else given.micros(f"{at}.price", row["price"]),
        None if row.get("line") is None else given.count(f"{at}.line", row["line"]),
    )


def check_reference(given: Arguments, fields: OrderFields) -> None:
    """Refuse a reference of nobody."""
    if fields.reference is not None and fields.recipient_id is None:
        given.refuse("recipient_id", "is missing; a reference is a customer's own number, so say whose it is")


def check_people(operation: Operation, fields: OrderFields, order_id: int | None) -> None:
    """Refuse a customer or event that does not exist, and a reference that another order of the customer has."""
    session = operation.session
    check_recipient(session, fields.recipient_id)
    check_event(session, fields.event_id)
    if fields.reference is None or fields.recipient_id is None:
        return
    first = _load_taken(session, fields.recipient_id, fields.reference)
    if first is not None and first.order_id != order_id:
        raise ConflictError(
            f"reference {fields.reference} of this customer is order {first.order_id} already; change that order "
            "instead",
            order_id=first.order_id,
            recorded_operation_id=first.operation_id,
        )


def _load_taken(session: Session, recipient_id: int, reference: str) -> Any:
    lock_customers(session, [recipient_id])  # so that of two copies of an order the second sees the first
    return load_of_reference(session, recipient_id, reference)


def _first_of(session: Session, recipient_id: int | None, reference: str | None) -> Any:
    """The order that stands under a customer's reference, so that the same order sent again is a replay."""
    if recipient_id is None or reference is None:
        return None
    return _load_taken(session, recipient_id, " ".join(reference.split()))


def order_once(*, session: Session, operation_id: UUID | str | None = None, **arguments: Any) -> OrderResult:
    """Take an order; the same order sent again with the same reference of its customer is answered as at first.

    Raises:
        ConflictError: another order has the reference, or as for ``record_order``.
    """
    customer, reference = arguments.get("recipient_id"), arguments.get("reference")
    is_known = is_recorded(session, operation_id)
    first = None if is_known else _first_of(session, customer, reference)
    try:
        return record_order(session=session, operation_id=first.operation_id if first else operation_id, **arguments)
    except ConflictError as error:
        if first is None:
            raise
        raise ConflictError(
            f"reference {reference} of this customer is order {first.order_id}, which was taken with other contents; "
            "change that order instead",
            order_id=first.order_id,
            recorded_operation_id=first.operation_id,
        ) from error


def weigh_lines(session: Session, asked: Sequence[AskedLine]) -> tuple[dict[int, Item], list[OrderedLine]]:
    """The items, and the lines in their base units.

    Raises:
        ItemNotFoundError, ValidationError, UnitConversionError: a line cannot be ordered; lists every such line.
    """
    items = load_items(session, {one.item_id for one in asked})
    for one in asked:
        if one.item_id not in items:
            raise ItemNotFoundError(one.item_id)
    given = Arguments()
    for place, one in enumerate(asked):
        item = items[one.item_id]
        if item.kind not in ORDERED:
            given.refuse(f"lines[{place}].item_id", f"{item.slug} is neither a finished unit nor a finished good")
    given.done()
    refuse_parts(
        session,
        (Typed(f"lines[{place}].quantity", one.item_id, one.quantity, one.unit) for place, one in enumerate(asked)),
    )
    problems = []
    found: list[OrderedLine] = []
    for place, one in enumerate(asked):
        item = items[one.item_id]
        try:
            micros = drawn_micros(stated_quantity(item, one.quantity, one.unit or item.base_unit))
        except UnitConversionError as error:
            problems += error.problems
            continue
        if micros == 0:
            given.refuse(f"lines[{place}].quantity", "is too little to count; use a larger number")
        elif max(micros, price_of(micros, one.price_micros) or 0) > MAX_TOTAL_MICROS:
            given.refuse(f"lines[{place}].quantity", "is too much to count; use a smaller number")
        found.append(OrderedLine(one.line, one.item_id, micros, one.price_micros))
    if problems:
        raise UnitConversionError(problems)
    given.done()
    if (total_of(found) or 0) > MAX_TOTAL_MICROS:
        raise ValidationError.of("lines", "cost too much together; use smaller numbers")
    return items, found


def add_order(operation: Operation, fields: OrderFields, lines: Iterable[OrderedLine]) -> int:
    """Write a new order; return its number."""
    order_id: int = operation.session.execute(_add_order, {"operation_id": operation.id}).scalar_one()
    add_version(operation, order_id, fields, lines)
    return order_id


def add_version(
    operation: Operation,
    order_id: int,
    fields: OrderFields,
    lines: Iterable[OrderedLine],
    *,
    status: str = "ordered",
    reason: str | None = None,
) -> None:
    """Write an order as this operation leaves it."""
    due_on, due_time = real_time(fields.due_on, fields.due_time, operation.house.time_zone)
    row = {
        **asdict(fields),
        "due_on": due_on,
        "due_time": due_time,
        "operation_id": operation.id,
        "order_id": order_id,
        "status": status,
        "reason": reason,
    }
    version_id: int = operation.session.execute(_add_version, row).scalar_one()
    rows = [{**asdict(one), "operation_id": operation.id, "order_version_id": version_id} for one in lines]
    operation.session.execute(_add_lines, rows)


def order_result(operation: Operation, order: StandingOrder, items: Mapping[int, Item]) -> OrderResult:
    """An order in readable form, as the result of the operation that wrote it."""
    at = None if order.due_time is None else time.fromisoformat(order.due_time)
    instant = due_instant(order.due_on, at, operation.house.time_zone)
    return OrderResult(
        operation_id=operation.id,
        order_id=order.order_id,
        state=order.state,
        recipient_id=order.recipient_id,
        event_id=order.event_id,
        due_on=order.due_on.isoformat(),
        due_time=order.due_time,
        due_at=None if instant is None else instant.isoformat(),
        how=order.how,
        place=order.place,
        reference=order.reference,
        note=order.note,
        line_count=len(order.lines),
        lines=[order_line_result(one, items[one.item_id]) for one in order.lines],
        total_price=format_money(total_of(order.lines)),
    )


def order_line_result(line: OrderedLine, item: Item) -> OrderLineResult:
    """A line in readable form."""
    return {
        "line": line.line or 0,
        "item_id": item.item_id,
        "item_slug": item.slug,
        "quantity": format_micros(line.quantity_micros),
        "unit": item.base_unit,
        "price": format_money(line.price_micros),
        "amount": format_money(price_of(line.quantity_micros, line.price_micros)),
    }
