"""Orders as they stand: the latest version that was not undone, and what was handed over of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import OrderNotFoundError
from bake_tracker.domain.orders.contents import OrderedLine, OrderState, state_of
from bake_tracker.models import tables
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
    rows = session.execute(select(_version).where(_version.c.order_id == order_id, is_in_force()))
    found = rows.one_or_none()
    if found is None:
        raise OrderNotFoundError(order_id)
    lines = session.execute(select(_line).where(_line.c.order_version_id == found.id).order_by(_line.c.line)).all()
    highest = (
        select(func.max(_line.c.line))
        .join(_version, _version.c.id == _line.c.order_version_id)
        .where(_version.c.order_id == order_id)
        .scalar_subquery()
    )
    given = session.execute(
        select(highest.label("highest"), _over_line.c.line, _over_line.c.quantity_micros)
        .select_from(tables.customer_order)
        .outerjoin(_over, (_over.c.order_id == tables.customer_order.c.id) & stands(_over.c.operation_id))
        .outerjoin(_over_line, _over_line.c.hand_over_id == _over.c.id)
        .where(tables.customer_order.c.id == order_id)
    ).all()
    handed: dict[int, int] = {}
    for row in given:
        if row.line is not None:
            handed[row.line] = handed.get(row.line, 0) + row.quantity_micros
    return StandingOrder(
        order_id=order_id,
        version_id=found.id,
        is_cancelled=found.status == "cancelled",
        recipient_id=found.recipient_id,
        event_id=found.event_id,
        due_on=found.due_on,
        due_time=found.due_time,
        how=found.how,
        place=found.place,
        reference=found.reference,
        note=found.note,
        lines=tuple(OrderedLine(row.line, row.item_id, row.quantity_micros, row.price_micros) for row in lines),
        handed_over=handed,
        highest_line=given[0].highest,
    )


def load_of_reference(session: Session, recipient_id: int, reference: str) -> Any:
    """The order that stands under this reference of a customer, with the operation that took it; None if none does."""
    first = select(tables.customer_order.c.operation_id).where(tables.customer_order.c.id == _version.c.order_id)
    return session.execute(
        select(_version.c.order_id, first.scalar_subquery().label("operation_id")).where(
            _version.c.recipient_id == recipient_id, _version.c.reference == reference, is_in_force()
        )
    ).first()
