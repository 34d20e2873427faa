"""Orders as they stand: the latest version that was not undone, and what was handed over of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import OrderNotFoundError
from bake_tracker.domain.orders.contents import OrderedLine, OrderState, state_of
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands

_version, _line = tables.order_version, tables.order_line
_later = tables.order_version.alias()
_over, _over_line = tables.hand_over, tables.hand_over_line


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """An order in its version in force; ``handed_over`` has the millionths given so far, by line."""

    order_id: int
    version_id: int
    is_cancelled: bool
    recipient_id: int | None
    event_id: int | None
    due_on: date
    due_time: str | None
    how: str
    place: str | None
    reference: str | None
    note: str | None
    lines: tuple[OrderedLine, ...]
    handed_over: Mapping[int, int]
    highest_line: int

    @property
    def state(self) -> OrderState:
        return state_of(self.lines, self.handed_over, is_cancelled=self.is_cancelled)

    @property
    def item_ids(self) -> set[int]:
        return {one.item_id for one in self.lines}

    def left_micros(self, line: OrderedLine) -> int:
        """What has not been handed over of a line."""
        return max(0, line.quantity_micros - self.handed_over.get(line.line or 0, 0))


def is_in_force() -> ColumnElement[bool]:
    """The condition that a version of an order is the latest of those that were not undone."""
    newer = select(_later.c.id).where(
        _later.c.order_id == _version.c.order_id, _later.c.id > _version.c.id, stands(_later.c.operation_id)
    )
    return stands(_version.c.operation_id) & ~newer.exists()


def load_order(session: Session, order_id: int) -> StandingOrder:
    """One order; three statements.

    Raises:
        OrderNotFoundError: there is no such order, or it was undone.
    """
    found = load_orders(session, _version.c.order_id == order_id)
    if not found:
        raise OrderNotFoundError(order_id)
    return found[0]


def load_orders_due(session: Session, since: date, until: date) -> list[StandingOrder]:
    """The orders of these days that were not cancelled, by the time they are due; three statements."""
    return load_orders(session, _version.c.due_on.between(since, until) & (_version.c.status != "cancelled"))


def load_orders(session: Session, wanted: ColumnElement[bool]) -> list[StandingOrder]:
    """The orders whose version in force is wanted, by the time they are due; those of any time of a day come last."""
    of_order = select(func.max(_line.c.line)).join(_later, _later.c.id == _line.c.order_version_id)
    highest = of_order.where(_later.c.order_id == _version.c.order_id).scalar_subquery().label("highest_line")
    versions = session.execute(
        select(_version, highest)
        .where(wanted, is_in_force())
        .order_by(_version.c.due_on, _version.c.due_time.is_(None), _version.c.due_time, _version.c.order_id)
    ).all()
    ordered: defaultdict[int, list[OrderedLine]] = defaultdict(list)
    of_versions = among(session, _line.c.order_version_id, (row.id for row in versions))
    for row in session.execute(select(_line).where(of_versions).order_by(_line.c.order_version_id, _line.c.line)):
        line = OrderedLine(row.line, row.item_id, row.quantity_micros, row.price_micros)
        ordered[row.order_version_id].append(line)
    handed: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    given = (
        select(_over.c.order_id, _over_line.c.line, _over_line.c.quantity_micros)
        .join(_over_line, _over_line.c.hand_over_id == _over.c.id)
        .where(among(session, _over.c.order_id, (row.order_id for row in versions)), stands(_over.c.operation_id))
    )
    for row in session.execute(given):
        handed[row.order_id][row.line] += row.quantity_micros
    return [
        StandingOrder(
            order_id=row.order_id,
            version_id=row.id,
            is_cancelled=row.status == "cancelled",
            recipient_id=row.recipient_id,
            event_id=row.event_id,
            due_on=row.due_on,
            due_time=row.due_time,
            how=row.how,
            place=row.place,
            reference=row.reference,
            note=row.note,
            lines=tuple(ordered[row.id]),
            handed_over=handed[row.order_id],
            highest_line=row.highest_line,
        )
        for row in versions
    ]


def load_references(session: Session) -> dict[tuple[str, str], int]:
    """The orders that have a reference, by their customer's slug and it."""
    rows = session.execute(
        select(tables.recipient.c.slug, _version.c.reference, _version.c.order_id)
        .join(tables.recipient, tables.recipient.c.id == _version.c.recipient_id)
        .where(_version.c.reference.is_not(None), is_in_force())
    )
    return {(row.slug, row.reference): row.order_id for row in rows}


def lock_customers(session: Session, recipient_ids: Iterable[int]) -> None:
    """Lock customers in id order until the transaction ends, and with them their references."""
    key = tables.recipient.c.id
    session.execute(select(key).where(among(session, key, recipient_ids)).order_by(key).with_for_update(key_share=True))


def load_of_reference(session: Session, recipient_id: int, reference: str) -> Any:
    """The order that stands under this reference of a customer, with the operation that took it; None if none does."""
    first = select(tables.customer_order.c.operation_id).where(tables.customer_order.c.id == _version.c.order_id)
    return session.execute(
        select(_version.c.order_id, first.scalar_subquery().label("operation_id")).where(
            _version.c.recipient_id == recipient_id, _version.c.reference == reference, is_in_force()
        )
    ).first()
