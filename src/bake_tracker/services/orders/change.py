"""Changes and cancellations of orders: each writes the whole order again, and nothing of it is lost."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import time
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.arguments import Arguments, shown
from bake_tracker.domain.errors import ConflictError
from bake_tracker.domain.orders.contents import HOWS, OrderedLine, numbered
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import load_items
from bake_tracker.queries.orders.standing import StandingOrder, load_order
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.orders.order import (
    AskedLine,
    OrderFields,
    OrderResult,
    add_version,
    check_people,
    check_reference,
    order_result,
    read_due_on,
    read_line,
    weigh_lines,
)

_TOLD = ("order_id", "state", "recipient_id", "event_id", "due_on", "due_time", "line_count", "total_price")
CHANGE = Kind("record_order_change", "order_service", "Changed an order", success_fields=(*_TOLD, "changed"))
CANCEL = Kind(
    "record_order_cancellation",
    "order_service",
    "Cancelled an order",
    success_fields=("order_id", "state", "recipient_id", "event_id", "due_on", "reason"),
)

_READERS: Mapping[str, Callable[[Arguments, str, Any], Any]] = {
    "recipient_id": lambda given, field, value: given.optional_key(field, value),
    "event_id": lambda given, field, value: given.optional_key(field, value),
    "due_on": lambda given, _, value: read_due_on(given, value),
    "due_time": lambda given, field, value: given.clock(field, value),
    "how": lambda given, field, value: given.choice(field, value, HOWS),
    "place": lambda given, field, value: None if value is None else given.name(field, value),
    "reference": lambda given, field, value: None if value is None else given.name(field, value, limit=120),
    "note": lambda given, field, value: given.text(field, value),
}


class OrderChangeResult(OrderResult):
    """A changed order; ``changed`` lists the fields that are different now."""

    changed: list[str]


class OrderCancellationResult(OrderResult):
    """A cancelled order, and why."""

    reason: str


def record_order_change(
    order_id: int, changes: Mapping[str, Any], *, session: Session, operation_id: UUID | str | None = None
) -> OrderChangeResult:
    """Change fields of an order, in the caller's transaction; None empties one that may be empty.

    ``lines`` replaces all lines: one with its ``line`` number keeps it, one without takes the number that its item had.
    What was handed over must stay in the order.

    Raises:
        ValidationError: an argument is not allowed, or less is ordered than was handed over.
        OrderNotFoundError: there is no such order, or it was undone.
        ItemNotFoundError, RecipientNotFoundError, EventNotFoundError: a reference does not exist.
        UnitConversionError: a unit cannot be converted to an item's base unit; names every such item.
        ConflictError: the order was cancelled, the customer's reference is taken, or ``operation_id`` was used for
            something else.
    """
    with recording(CHANGE, session, locals()) as operation:
        given = Arguments()
        key = given.key("order_id", order_id)
        asked, asked_lines = _read(given, changes)
        given.done()
        told = {**asked, **({} if asked_lines is None else {"lines": [asdict(one) for one in asked_lines]})}
        if done := operation.claim({"order_id": key, "changes": told}):
            return cast(OrderChangeResult, done)

        # load and decide
        order = load_for_change(operation, key)
        before = fields_of(order)
        fields = replace(before, **asked)
        check_reference(given, fields)
        given.done()
        check_people(operation, fields, key)
        lines = list(order.lines)
        if asked_lines is not None:
            items, wanted = weigh_lines(session, asked_lines)
            _check_numbers(order, wanted)
            lines = numbered(wanted, order.lines, order.highest_line)
            _check_keeps(order, lines, items | load_items(session, order.item_ids))

        # write
        add_version(operation, key, fields, lines)
        now = load_order(session, key)
        changed = [name for name in asked if getattr(fields_of(now), name) != getattr(before, name)]
        if now.lines != order.lines:
            changed.append("lines")
        result = order_result(operation, now, load_items(session, now.item_ids))
        return operation.succeed(OrderChangeResult(**result, changed=changed))


def record_order_cancellation(
    order_id: int, reason: str, *, session: Session, operation_id: UUID | str | None = None
) -> OrderCancellationResult:
    """Cancel an order, in the caller's transaction; what was handed over of it stays handed over.

    Raises:
        ValidationError: an argument is not allowed.
        OrderNotFoundError: there is no such order, or it was undone.
        ConflictError: all of it was handed over, it is cancelled already, or ``operation_id`` was used for something
            else.
    """
    with recording(CANCEL, session, locals()) as operation:
        given = Arguments()
        key = given.key("order_id", order_id)
        why = given.name("reason", reason, limit=1_000)
        given.done()
        if done := operation.claim({"order_id": key, "reason": why}):
            return cast(OrderCancellationResult, done)
        order = load_for_change(operation, key)
        if order.state == "done":
            raise ConflictError(f"all of order {key} was handed over, so nothing is left to cancel", order_id=key)
        add_version(operation, key, fields_of(order), order.lines, status="cancelled", reason=why)
        result = order_result(operation, load_order(session, key), load_items(session, order.item_ids))
        return operation.succeed(OrderCancellationResult(**result, reason=why))


def lock_order(operation: Operation, order_id: int) -> None:
    """Lock an order against other changes and hand-overs until the transaction ends."""
    row = tables.customer_order.c.id
    operation.session.execute(select(row).where(row == order_id).with_for_update(key_share=True))


def load_for_change(operation: Operation, order_id: int) -> StandingOrder:
    """The order, locked.

    Raises:
        OrderNotFoundError: there is no such order, or it was undone.
        ConflictError: it was cancelled.
    """
    lock_order(operation, order_id)
    order = load_order(operation.session, order_id)
    if order.is_cancelled:
        raise ConflictError(f"order {order_id} was cancelled; undo the cancellation first", order_id=order_id)
    return order


def fields_of(order: StandingOrder) -> OrderFields:
    """Everything about an order but its lines."""
    return OrderFields(
        recipient_id=order.recipient_id,
        event_id=order.event_id,
        due_on=order.due_on,
        due_time=None if order.due_time is None else time.fromisoformat(order.due_time),
        how=order.how,
        place=order.place,
        reference=order.reference,
        note=order.note,
    )


def _read(given: Arguments, changes: object) -> tuple[dict[str, Any], list[AskedLine] | None]:
    if not isinstance(changes, Mapping) or not changes:
        given.refuse("changes", f"must have at least one field to change, not {shown(changes)}")
        return {}, None
    known = {*_READERS, "lines"}
    for name in sorted(changes.keys() - known, key=str):
        given.refuse("changes", f"has no field {str(name)[:60]!r}; it takes {', '.join(sorted(known))}")
    asked = {name: read(given, name, changes[name]) for name, read in _READERS.items() if name in changes}
    if "lines" not in changes:
        return asked, None
    return asked, [read_line(given, place, row) for place, row in enumerate(given.rows("lines", changes["lines"]))]


def _check_numbers(order: StandingOrder, lines: list[OrderedLine]) -> None:
    given = Arguments()
    there = [one.line for one in order.lines]
    numbers = [one.line for one in lines]
    for place, number in enumerate(numbers):
        if number is not None and number not in there:
            given.refuse(f"lines[{place}].line", f"{number} is not in the order; leave it out for a new line")
        elif number is not None and number in numbers[:place]:
            given.refuse(f"lines[{place}].line", f"{number} is given twice; a new line has no number")
    given.done()


def _check_keeps(order: StandingOrder, lines: list[OrderedLine], items: Mapping[int, Item]) -> None:
    """Refuse lines that have less than was handed over."""
    given = Arguments()
    now = {one.line: one for one in lines}
    for one in order.lines:
        handed = order.handed_over.get(one.line or 0, 0)
        kept = now.get(one.line)
        if handed and (kept is None or kept.item_id != one.item_id or kept.quantity_micros < handed):
            item = items[one.item_id]
            given.refuse(
                "lines",
                f"{amount(format_micros(handed), item.base_unit)} of {item.slug} (line {one.line}) were handed over, "
                "so the order must keep at least that much",
            )
    given.done()
