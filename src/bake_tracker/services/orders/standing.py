"""Standing orders: what a customer wants again and again, the days without it, and the orders taken for its days."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, time, timedelta
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConflictError, ValidationError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.orders.contents import HOWS, numbered, total_of
from bake_tracker.domain.orders.rule import Rule, read_rule
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.written import UnreadableError
from bake_tracker.models import StandingOrder, tables
from bake_tracker.queries.catalog.definitions import check_recipient, load_items
from bake_tracker.queries.orders.repeating import RepeatingOrder, load_repeating_order, load_repeating_orders
from bake_tracker.queries.orders.standing import load_order
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.orders.order import (
    OrderFields,
    OrderLineResult,
    OrderResult,
    add_order,
    order_line_result,
    order_result,
    read_line,
    weigh_lines,
)

RECORD = Kind(
    "record_standing_order",
    "standing_order_service",
    "Took a standing order",
    success_fields=("standing_order_id", "recipient_id", "starts_on", "rule", "line_count"),
)
STOP = Kind(
    "record_standing_order_stop",
    "standing_order_service",
    "Stopped a standing order",
    success_fields=("standing_order_id", "since", "until", "reason"),
)
DAY = Kind(
    "record_standing_order_day",
    "standing_order_service",
    "Took the order of a standing order's day",
    success_fields=("standing_order_id", "order_id", "due_on", "line_count", "total_price"),
)
DAYS = Kind(
    "record_standing_order_days",
    "standing_order_service",
    "Took the orders of standing orders",
    success_fields=("until", "order_count"),
)
FURTHEST_DAYS = 366
"""How many days ahead orders may be taken."""

_add = insert(tables.standing_order).returning(StandingOrder.__table__.c.id)
_add_lines = insert(tables.standing_order_line)
_add_stop = insert(tables.standing_order_stop)
_add_day = insert(tables.standing_order_day)


class StandingOrderResult(TypedDict):
    """A standing order; ``rule`` is as in RFC 5545, and ``total_price`` is for one time, None if a price is missing."""

    operation_id: str
    standing_order_id: int
    recipient_id: int | None
    starts_on: str
    rule: str
    due_time: str | None
    how: str
    place: str | None
    note: str | None
    line_count: int
    lines: list[OrderLineResult]
    total_price: str | None


class TakenDay(TypedDict):
    """The order that was taken for a day of a standing order."""

    standing_order_id: int
    day: str
    order_id: int


class StandingOrderStopResult(TypedDict):
    """Days without a standing order; ``taken`` lists the orders that were taken for them already, and stay."""

    operation_id: str
    standing_order_id: int
    since: str
    until: str | None
    reason: str | None
    taken: list[TakenDay]


class StandingDayResult(OrderResult):
    """The order that was taken for a day of a standing order."""

    standing_order_id: int
    day: str


class StandingDaysResult(TypedDict):
    """The orders that were taken for the days up to ``until``."""

    operation_id: str
    until: str
    order_count: int
    orders: list[TakenDay]


def record_standing_order(
    lines: Sequence[Mapping[str, Any]],
    rule: str,
    *,
    session: Session,
    starts_on: date,
    recipient_id: int | None = None,
    due_time: time | None = None,
    how: str = "pick-up",
    place: str | None = None,
    note: str | None = None,
    operation_id: UUID | str | None = None,
) -> StandingOrderResult:
    """Take a standing order, in the caller's transaction; its days become orders when they are taken.

    ``rule`` is as in RFC 5545, such as ``FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR;UNTIL=20261224`` or ``FREQ=DAILY``. Weeks
    count from the week of ``starts_on`` and begin on Monday. Lines are those of an order.

    Raises:
        ValidationError: an argument is not allowed.
        ItemNotFoundError, RecipientNotFoundError: a reference does not exist.
        UnitConversionError: a unit cannot be converted to an item's base unit; names every such item.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        asked = [read_line(given, place_, row) for place_, row in enumerate(given.rows("lines", lines))]
        first = _needed_day(given, "starts_on", starts_on)
        row = {
            "recipient_id": given.optional_key("recipient_id", recipient_id),
            "starts_on": first,
            "rule": str(_rule(given, rule, first)),
            "due_time": given.clock("due_time", due_time),
            "how": given.choice("how", how, HOWS),
            "place": None if place is None else given.name("place", place),
            "note": given.text("note", note),
        }
        given.done()
        if done := operation.claim({"lines": [asdict(one) for one in asked], **row}):
            return cast(StandingOrderResult, done)
        check_recipient(session, cast(int | None, row["recipient_id"]))
        items, wanted = weigh_lines(session, asked)

        # write
        at = cast(time | None, row["due_time"])
        row |= {"due_time": None if at is None else f"{at:%H:%M}", "operation_id": operation.id}
        key: int = session.execute(_add, row).scalar_one()
        of_order = {"operation_id": operation.id, "standing_order_id": key}
        session.execute(_add_lines, [{**asdict(one), **of_order} for one in numbered(wanted, (), 0)])
        return operation.succeed(_result(operation, load_repeating_order(session, key), items))


def record_standing_order_stop(
    standing_order_id: int,
    since: date,
    *,
    session: Session,
    until: date | None = None,
    reason: str | None = None,
    operation_id: UUID | str | None = None,
) -> StandingOrderStopResult:
    """Leave out a standing order on these days, or end it if there is no last day, in the caller's transaction.

    Orders that were taken for those days stay, and the result lists them.

    Raises:
        ValidationError: an argument is not allowed.
        StandingOrderNotFoundError: there is no such standing order, or it was undone.
        ConflictError: it has ended, or ``operation_id`` was used for something else.
    """
    with recording(STOP, session, locals()) as operation:
        given = Arguments()
        key = given.key("standing_order_id", standing_order_id)
        first, last = _needed_day(given, "since", since), given.day("until", until)
        if last is not None and last < first:
            given.refuse("until", f"{last} is before {first}, the first day")
        why = given.text("reason", reason)
        given.done()
        row = {"standing_order_id": key, "since": first, "until": last, "reason": why}
        if done := operation.claim(row):
            return cast(StandingOrderStopResult, done)
        order = _load_locked(operation, key)
        if order.has_ended:
            raise ConflictError(f"standing order {key} has ended already; undo that first", standing_order_id=key)
        session.execute(_add_stop, {**row, "operation_id": operation.id})
        return operation.succeed(
            StandingOrderStopResult(
                operation_id=operation.id,
                standing_order_id=key,
                since=first.isoformat(),
                until=None if last is None else last.isoformat(),
                reason=why,
                taken=[
                    _taken(key, day, number)
                    for day, number in sorted(order.taken.items())
                    if first <= day and (last is None or day <= last)
                ],
            )
        )


def record_standing_order_day(
    standing_order_id: int,
    day: date,
    *,
    session: Session,
    lines: Sequence[Mapping[str, Any]] | None = None,
    operation_id: UUID | str | None = None,
) -> StandingDayResult:
    """Take the order for a day of a standing order, with its lines or others, in the caller's transaction.

    Raises:
        ValidationError: an argument is not allowed, or the standing order is not for this day.
        StandingOrderNotFoundError: there is no such standing order, or it was undone.
        ItemNotFoundError: an item does not exist.
        UnitConversionError: a unit cannot be converted to an item's base unit; names every such item.
        ConflictError: the order of the day was taken already, or ``operation_id`` was used for something else.
    """
    with recording(DAY, session, locals()) as operation:
        given = Arguments()
        key = given.key("standing_order_id", standing_order_id)
        on = _needed_day(given, "day", day)
        rows = None if lines is None else given.rows("lines", lines)
        asked = None if rows is None else [read_line(given, place, row) for place, row in enumerate(rows)]
        given.done()
        said = None if asked is None else [asdict(one) for one in asked]
        if done := operation.claim({"standing_order_id": key, "day": on, "lines": said}):
            return cast(StandingDayResult, done)

        # load and decide
        order = _load_locked(operation, key)
        if on in order.taken:
            raise ConflictError(
                f"the order of standing order {key} for {on} was taken already as order {order.taken[on]}; change that "
                "order instead",
                order_id=order.taken[on],
            )
        if not order.days(on, on):
            why = "it was left out or has ended" if order.is_stopped(on) else f"it is for {order.rule.words}"
            raise ValidationError.of("day", f"{on} is not a day of standing order {key}: {why}")
        wanted = list(order.lines) if asked is None else numbered(weigh_lines(session, asked)[1], (), 0)

        # write
        fields = OrderFields(
            recipient_id=order.recipient_id,
            event_id=None,
            due_on=on,
            due_time=None if order.due_time is None else time.fromisoformat(order.due_time),
            how=order.how,
            place=order.place,
            reference=None,
            note=order.note,
        )
        order_id = add_order(operation, fields, wanted)
        row = {"operation_id": operation.id, "standing_order_id": key, "day": on, "order_id": order_id}
        session.execute(_add_day, row)
        result = order_result(
            operation, load_order(session, order_id), load_items(session, {one.item_id for one in wanted})
        )
        return operation.succeed(StandingDayResult(**result, standing_order_id=key, day=on.isoformat()))


def record_standing_order_days(
    until: date, *, session: Session, operation_id: UUID | str | None = None
) -> StandingDaysResult:
    """Take the orders of all standing orders from today until a day, in the caller's transaction.

    Each is an operation of its own inside this one. Days that were taken or left out before stay as they are.

    Raises:
        ValidationError: an argument is not allowed.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(DAYS, session, locals()) as operation:
        given = Arguments()
        last = _needed_day(given, "until", until)
        given.done()
        if done := operation.claim({"until": last}):
            return cast(StandingDaysResult, done)
        furthest = operation.today + timedelta(days=FURTHEST_DAYS)
        if not operation.today <= last <= furthest:
            raise ValidationError.of("until", f"must be a day from {operation.today} to {furthest}, not {last}")
        _lock(operation, None)
        taken = []
        for order in load_repeating_orders(session):
            for day in order.open_days(operation.today, last):
                done_day = record_standing_order_day(order.standing_order_id, day, session=session)
                taken.append(_taken(order.standing_order_id, day, done_day["order_id"]))
        return operation.succeed(
            StandingDaysResult(operation_id=operation.id, until=last.isoformat(), order_count=len(taken), orders=taken)
        )


def _needed_day(given: Arguments, field: str, value: object) -> date:
    if value is None:
        given.refuse(field, "is missing; give a day")
    return given.day(field, value) or date.max


def _rule(given: Arguments, value: object, starts_on: date) -> Rule | None:
    try:
        return read_rule(given.name("rule", value, limit=120), starts_on)
    except UnreadableError as error:
        given.refuse("rule", str(error))
        return None


def _lock(operation: Operation, standing_order_id: int | None) -> None:
    """Lock one standing order, or all of them in id order, against other changes until the transaction ends."""
    key = tables.standing_order.c.id
    rows = select(key).order_by(key).with_for_update(key_share=True)
    operation.session.execute(rows if standing_order_id is None else rows.where(key == standing_order_id)).all()


def _load_locked(operation: Operation, standing_order_id: int) -> RepeatingOrder:
    _lock(operation, standing_order_id)
    return load_repeating_order(operation.session, standing_order_id)


def _taken(standing_order_id: int, day: date, order_id: int) -> TakenDay:
    return {"standing_order_id": standing_order_id, "day": day.isoformat(), "order_id": order_id}


def _result(operation: Operation, order: RepeatingOrder, items: Mapping[int, Item]) -> StandingOrderResult:
    return StandingOrderResult(
        operation_id=operation.id,
        standing_order_id=order.standing_order_id,
        recipient_id=order.recipient_id,
        starts_on=order.starts_on.isoformat(),
        rule=str(order.rule),
        due_time=order.due_time,
        how=order.how,
        place=order.place,
        note=order.note,
        line_count=len(order.lines),
        lines=[order_line_result(one, items[one.item_id]) for one in order.lines],
        total_price=format_money(total_of(order.lines)),
    )
