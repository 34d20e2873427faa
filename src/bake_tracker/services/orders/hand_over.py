"""Hand-overs: goods given to a customer, of an order or without one, with their price."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.choices import said_of_counts
from bake_tracker.domain.errors import ConflictError, ItemNotFoundError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.orders.contents import OrderedLine, OrderState, price_of
from bake_tracker.domain.recipes.quantities import Item, stated_quantity
from bake_tracker.domain.units import MAX_TOTAL_MICROS, MICRO, drawn_micros, format_micros
from bake_tracker.models import HandOver, tables
from bake_tracker.queries.catalog.definitions import check_event, check_recipient, load_items
from bake_tracker.queries.catalog.parts import Typed, refuse_parts
from bake_tracker.queries.orders.standing import StandingOrder, load_order
from bake_tracker.queries.stock.lots import LotState, load_lots
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.orders.change import lock_order
from bake_tracker.services.stock.adjustment import AdjustedLot, AdjustmentLine, adjust_lots, adjusted_lot, total_of
from bake_tracker.services.stock.ledger import load_locked

RECORD = Kind(
    "record_hand_over",
    "hand_over_service",
    "Handed over goods",
    success_fields=(
        *("hand_over_id", "order_id", "state", "recipient_id", "event_id"),
        *("lots", "total_cost", "total_price"),
    ),
)

FIELDS = ("line", "item_id", "lot_id", "quantity", "unit", "price")

_add = insert(tables.hand_over).returning(HandOver.__table__.c.id)
_add_lines = insert(tables.hand_over_line)


@dataclass(frozen=True, slots=True)
class AskedHandOver:
    """A line as it was asked for: of a line of the order, an item or a lot; without a quantity, all that is left."""

    line: int | None
    item_id: int | None
    lot_id: int | None
    quantity: Fraction | None
    unit: str | None
    price_micros: int | None


@dataclass(frozen=True, slots=True)
class _Given:
    """What one line hands over, in millionths."""

    line: int | None
    lot_id: int | None
    item: Item
    quantity_micros: int
    price_micros: int | None


class HandedOverLine(TypedDict):
    """A quantity in the item's base unit; ``line`` is the order's, ``price`` is for one, ``amount`` for all of it."""

    line: int | None
    item_id: int
    item_slug: str
    quantity: str
    unit: str
    price: str | None
    amount: str | None


class HandOverResult(TypedDict):
    """A recorded hand-over; ``state`` is the order's after it, and a total is None if a part of it is unknown.

    The quantities and costs of ``lots`` are signed.
    """

    operation_id: str
    hand_over_id: int
    order_id: int | None
    state: OrderState | None
    recipient_id: int | None
    event_id: int | None
    happened_at: str
    note: str | None
    lines: list[HandedOverLine]
    lots: list[AdjustedLot]
    total_cost: str | None
    total_price: str | None


def record_hand_over(
    lines: Sequence[Mapping[str, Any]] | None = None,
    *,
    session: Session,
    order_id: int | None = None,
    recipient_id: int | None = None,
    event_id: int | None = None,
    happened_at: datetime | None = None,
    note: str | None = None,
    count_saw: str | None = None,
    operation_id: UUID | str | None = None,
) -> HandOverResult:
    """Give goods to a customer and post the sale with its price, in the caller's transaction.

    Of an order, without ``lines``, everything that is left of it is handed over. A line has ``line`` (its number in the
    order), ``item_id`` or ``lot_id``; with an order, ``quantity`` may be left out for all that is left of the line, and
    ``price`` for the price as ordered. Without an order, ``recipient_id`` and ``event_id`` may say who gets it and what
    for. Without a lot, the item's policy chooses among the usable lots. ``price`` is for one of the base unit.

    With ``happened_at``, lots are taken as they were then; ``count_saw`` says whether a later count had seen it.

    Raises:
        ValidationError: an argument is not allowed.
        OrderNotFoundError, ItemNotFoundError, LotNotFoundError, RecipientNotFoundError, EventNotFoundError: a reference
            does not exist.
        UnitConversionError: a unit cannot be converted to an item's base unit.
        InsufficientInventoryError: lots or items are short; lists every short line and takes nothing.
        CountedSinceError: a lot was counted after ``happened_at``, and ``count_saw`` was left out.
        ConflictError: the order was cancelled, less is left of it, a lot is expired, on hold or came in later, or
            ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        of_order = given.optional_key("order_id", order_id)
        if lines is None and of_order is None:
            given.refuse("lines", "is missing; only an order can be handed over without lines, as all that is left")
        rows = [] if lines is None else given.rows("lines", lines)
        asked = [_read_line(given, place, row, of_order) for place, row in enumerate(rows)]
        recipient = given.optional_key("recipient_id", recipient_id)
        event = given.optional_key("event_id", event_id)
        for field, value in (("recipient_id", recipient), ("event_id", event)):
            if of_order is not None and value is not None:
                given.refuse(field, "is in the order; leave it out, or change the order")
        at = given.moment("happened_at", happened_at, operation.time_zone)
        remark = given.text("note", note)
        saw = given.count_saw(count_saw)
        given.done()
        arguments = {
            "lines": None if lines is None else [asdict(one) for one in asked],
            "order_id": of_order,
            "recipient_id": recipient,
            "event_id": event,
            "happened_at": at,
            "note": remark,
            **said_of_counts(saw),
        }
        there_on = operation.happened("happened_at", at, count_saw=saw)
        if done := operation.claim(arguments):
            return cast(HandOverResult, done)

        # load and decide
        order = None if of_order is None else _load_locked_order(operation, of_order)
        if order is None:
            check_recipient(session, recipient)
            check_event(session, event)
        else:
            recipient, event = order.recipient_id, order.event_id
        handed = _decide(session, asked if lines is not None else _all_left(order), order)

        # write
        taken = [
            AdjustmentLine(
                one.lot_id,
                one.item.item_id if one.lot_id is None else None,
                -Fraction(one.quantity_micros, MICRO),
                None,
            )
            for one in handed
        ]
        changes, after = adjust_lots(operation, "sale", taken, there_on, recipient_id=recipient, event_id=event)
        hand_over_id = _write(operation, order, handed, recipient, event, remark)
        amounts = [price_of(one.quantity_micros, one.price_micros) for one in handed]
        return operation.succeed(
            HandOverResult(
                operation_id=operation.id,
                hand_over_id=hand_over_id,
                order_id=of_order,
                state=None if of_order is None else load_order(session, of_order).state,
                recipient_id=recipient,
                event_id=event,
                happened_at=operation.at.isoformat(),
                note=remark,
                lines=[_told(one) for one in handed],
                lots=[adjusted_lot(change, after[change.lot_id]) for change in changes],
                total_cost=total_of(changes),
                total_price=None if None in amounts else format_money(sum(one for one in amounts if one is not None)),
            )
        )


def _read_line(given: Arguments, place: int, row: Mapping[str, Any], order_id: int | None) -> AskedHandOver:
    at = f"lines[{place}]"
    for name in sorted(row.keys() - set(FIELDS), key=str):
        given.refuse(at, f"has no field {str(name)[:60]!r}; it takes {', '.join(FIELDS)}")
    line, item_id, lot_id, quantity = (row.get(name) for name in ("line", "item_id", "lot_id", "quantity"))
    if line is not None and order_id is None:
        given.refuse(f"{at}.line", "is the number of a line in an order; give the order (order_id) too")
    if item_id is not None and lot_id is not None:
        given.refuse(at, "must name either a lot (lot_id) or an item (item_id)")
    if line is None and item_id is None and lot_id is None:
        given.refuse(at, "must name a line of the order (line), an item (item_id) or a lot (lot_id)")
    if quantity is None and order_id is None:
        given.refuse(f"{at}.quantity", "is missing; only of an order can it be left out, for all that is left")
    unit = None if row.get("unit") is None else given.unit(f"{at}.unit", row["unit"])
    if unit is not None and quantity is None:
        given.refuse(f"{at}.unit", "is only for a quantity; give both, or neither for all that is left")
    return AskedHandOver(
        None if line is None else given.count(f"{at}.line", line),
        given.optional_key(f"{at}.item_id", item_id),
        given.optional_key(f"{at}.lot_id", lot_id),
        None if quantity is None else given.exact(f"{at}.quantity", quantity, above_zero=True),
        unit.name if unit else None,
        None if row.get("price") is None else given.micros(f"{at}.price", row["price"]),
    )


def _load_locked_order(operation: Operation, order_id: int) -> StandingOrder:
    """The order, locked with its items, in the order in which an undo locks them."""
    order = load_locked(
        operation,
        lambda: load_order(operation.session, order_id),
        lambda found: found.item_ids,
        also_lock=lambda _: lock_order(operation, order_id),
    )
    if order.is_cancelled:
        raise ConflictError(f"order {order_id} was cancelled; undo the cancellation first", order_id=order_id)
    if order.state == "done":
        raise ConflictError(f"all of order {order_id} was handed over", order_id=order_id)
    return order


def _all_left(order: StandingOrder | None) -> list[AskedHandOver]:
    lines = order.lines if order else ()
    return [
        AskedHandOver(one.line, None, None, None, None, None)
        for one in lines
        if order is not None and order.left_micros(one)
    ]


def _decide(session: Session, asked: Sequence[AskedHandOver], order: StandingOrder | None) -> list[_Given]:
    """What every line hands over.

    Raises:
        ServiceError: a line names nothing that there is, or too much; lists every such line.
    """
    lots = load_lots(session, sorted({one.lot_id for one in asked if one.lot_id is not None}))
    of_lots = {lot.item_id for lot in lots.values()}
    named = {one.item_id for one in asked if one.item_id is not None}
    items = load_items(session, named | of_lots | (order.item_ids if order else set()))
    for item_id in sorted(named - items.keys()):
        raise ItemNotFoundError(item_id)
    given = Arguments()
    found: list[_Given] = []
    typed: list[Typed] = []
    for place, one in enumerate(asked):
        lot = None if one.lot_id is None else lots[one.lot_id]
        wanted = _line_of(given, f"lines[{place}]", one, lot, order, items)
        item = items[wanted.item_id if wanted else _item_id(one, lot)] if order is None or wanted else None
        if item is None:
            continue
        micros = _micros(one, wanted, order, item, lot)
        price = one.price_micros if one.price_micros is not None else wanted.price_micros if wanted else None
        if one.quantity is not None:
            typed.append(Typed(f"lines[{place}].quantity", item.item_id, one.quantity, one.unit))
        if micros == 0 and one.quantity is None:
            given.refuse(f"lines[{place}]", f"nothing is left to hand over of {item.slug}; leave the line out")
        elif micros == 0:
            given.refuse(f"lines[{place}].quantity", "is too little to count; use a larger number")
        elif max(micros, price_of(micros, price) or 0) > MAX_TOTAL_MICROS:
            given.refuse(f"lines[{place}].quantity", "is too much to count; use a smaller number")
        found.append(_Given(wanted.line if wanted else None, one.lot_id, item, micros, price))
    given.done()
    refuse_parts(session, typed)
    if order is not None:
        _check_left(order, found)
    return found


def _item_id(one: AskedHandOver, lot: LotState | None) -> int:
    return lot.item_id if lot is not None else one.item_id or 0


def _line_of(
    given: Arguments,
    at: str,
    one: AskedHandOver,
    lot: LotState | None,
    order: StandingOrder | None,
    items: Mapping[int, Item],
) -> OrderedLine | None:
    """The order's line that is meant; None without an order, or if that is refused."""
    if order is None:
        return None
    if one.line is not None:
        found = [line for line in order.lines if line.line == one.line]
        if not found:
            given.refuse(f"{at}.line", f"{one.line} is not in order {order.order_id}")
            return None
        if lot is not None and lot.item_id != found[0].item_id:
            wanted = items[found[0].item_id].slug
            given.refuse(f"{at}.lot_id", f"lot {lot.code} is {lot.item_slug}, but line {one.line} is {wanted}")
        elif one.item_id not in (None, found[0].item_id):
            given.refuse(f"{at}.item_id", f"is another item than line {one.line} of the order asks for; leave it out")
        return found[0]
    slug = items[_item_id(one, lot)].slug
    alike = [line for line in order.lines if line.item_id == _item_id(one, lot)]
    left = [line for line in alike if order.left_micros(line)] or alike
    if not alike:
        given.refuse(at, f"{slug} is not in order {order.order_id}; change the order, or hand it over without one")
    elif len(left) > 1:
        numbers = ", ".join(str(line.line) for line in left)
        given.refuse(f"{at}.line", f"is missing: {slug} is in lines {numbers} of the order; say which")
    return left[0] if len(left) == 1 else None


def _micros(
    one: AskedHandOver, wanted: OrderedLine | None, order: StandingOrder | None, item: Item, lot: LotState | None
) -> int:
    if one.quantity is None:
        return order.left_micros(wanted) if order is not None and wanted is not None else 0
    known = item if lot is None else lot.weighed(item)
    return drawn_micros(stated_quantity(known, one.quantity, one.unit or item.base_unit))


def _check_left(order: StandingOrder, handed: Sequence[_Given]) -> None:
    """Refuse more than is left of a line."""
    sums: defaultdict[int | None, int] = defaultdict(int)
    for one in handed:
        sums[one.line] += one.quantity_micros
    items = {one.line: one.item for one in handed}
    told: list[str] = []
    for line in order.lines:
        if sums[line.line] > order.left_micros(line):
            item = items[line.line]
            wants, left, ordered = (
                amount(format_micros(some), item.base_unit)
                for some in (sums[line.line], order.left_micros(line), line.quantity_micros)
            )
            told.append(f"line {line.line} ({item.slug}): {wants} of {ordered} asked for, {left} left to hand over")
    if told:
        raise ConflictError(f"{'; '.join(told)}; change the order to hand over more", order_id=order.order_id)


def _write(
    operation: Operation,
    order: StandingOrder | None,
    handed: Sequence[_Given],
    recipient_id: int | None,
    event_id: int | None,
    note: str | None,
) -> int:
    row = {
        "operation_id": operation.id,
        "order_id": None if order is None else order.order_id,
        "order_version_id": None if order is None else order.version_id,
        "recipient_id": recipient_id,
        "event_id": event_id,
        "happened_at": operation.at,
        "note": note,
    }
    hand_over_id: int = operation.session.execute(_add, row).scalar_one()
    operation.session.execute(
        _add_lines,
        [
            {
                "operation_id": operation.id,
                "hand_over_id": hand_over_id,
                "line": one.line,
                "item_id": one.item.item_id,
                "quantity_micros": one.quantity_micros,
                "price_micros": one.price_micros,
                "amount_micros": price_of(one.quantity_micros, one.price_micros),
            }
            for one in handed
        ],
    )
    return hand_over_id


def _told(one: _Given) -> HandedOverLine:
    return {
        "line": one.line,
        "item_id": one.item.item_id,
        "item_slug": one.item.slug,
        "quantity": format_micros(one.quantity_micros),
        "unit": one.item.base_unit,
        "price": format_money(one.price_micros),
        "amount": format_money(price_of(one.quantity_micros, one.price_micros)),
    }
