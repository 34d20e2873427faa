"""Verify standing orders: what is stored of them is what their operations answered."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Operation, StandingOrder, StandingOrderDay, StandingOrderLine, StandingOrderStop
from bake_tracker.queries.verify.drift import Drift, Told, drift, in_batches
from bake_tracker.queries.verify.orders import answer_in, compare

_OF_LINE = ("line", "item_id", "quantity", "price")


def standing_order_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every standing order, line, stop and day that is not what its operation answered."""
    strange = (
        select(StandingOrderLine.id, StandingOrder.operation_id, StandingOrderLine.operation_id)
        .join(StandingOrder, StandingOrder.id == StandingOrderLine.standing_order_id)
        .where(StandingOrder.operation_id != StandingOrderLine.operation_id)
    )
    for key, owner, found in session.execute(strange):
        yield drift("line of a standing order", key, owner, found)
    for row, answered in _answered(session, StandingOrder, told, "standing orders"):
        lines = session.scalars(
            select(StandingOrderLine)
            .where(StandingOrderLine.standing_order_id == row.id)
            .order_by(StandingOrderLine.line)
        )
        expected = {
            "standing_order_id": row.id,
            "starts_on": row.starts_on.isoformat(),
            **{name: getattr(row, name) for name in ("recipient_id", "rule", "due_time", "how", "place", "note")},
            "lines": [
                [one.line, one.item_id, format_micros(one.quantity_micros), format_money(one.price_micros)]
                for one in lines
            ],
        }
        yield from compare(answered, expected, row.operation_id, _OF_LINE)
    for row, answered in _answered(session, StandingOrderStop, told, "stops of standing orders"):
        stop = {
            "standing_order_id": row.standing_order_id,
            "since": row.since.isoformat(),
            "until": None if row.until is None else row.until.isoformat(),
            "reason": row.reason,
        }
        yield from compare(answered, stop, row.operation_id, ())
    for row, answered in _answered(session, StandingOrderDay, told, "days of standing orders"):
        of_day = {
            "standing_order_id": row.standing_order_id,
            "day": row.day.isoformat(),
            "order_id": row.order_id,
        }
        yield from compare(answered, of_day, row.operation_id, ())


def _answered(session: Session, model: Any, told: Told, what: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The rows of a table with the answers of their operations."""
    rows = select(model, Operation.result).join(Operation, Operation.id == model.operation_id).order_by(model.id)
    for batch in in_batches(session, rows, told, what):
        for row in batch:
            yield row[0], answer_in(row.result)
