"""Movements of goods that came in, and the moment from which they count."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.bakery import BakeryInfo

RECEIVING = ("record_receipt", "record_delivery")


class Mistimed(NamedTuple):
    """A movement, its stored time, and the time that it should have."""

    movement_id: int
    operation_id: str
    happened_at: datetime
    expected: datetime


def load_mistimed_arrivals(session: Session, house: BakeryInfo) -> Iterator[Mistimed]:
    """Every receipt whose movement has another time than its day gives; one statement."""
    rows = (
        select(
            movements.c.id,
            movements.c.operation_id,
            movements.c.happened_at,
            tables.lot.c.received_on,
            tables.operation.c.recorded_at,
        )
        .join(tables.operation, tables.operation.c.id == movements.c.operation_id)
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .where(tables.operation.c.name.in_(RECEIVING))
        .order_by(movements.c.id)
    )
    for row in session.execute(rows, execution_options={"yield_per": 1_000}):
        expected = house.came_at(row.received_on, row.recorded_at)
        if row.happened_at != expected:
            yield Mistimed(row.id, row.operation_id, row.happened_at, expected)


def load_mistimed_reversals(session: Session) -> list[Mistimed]:
    """Every movement that undid a receipt and has another time than the receipt; one statement."""
    undone = movements.alias()
    expected = (
        select(tables.reversal.c.operation_id, func.min(undone.c.happened_at).label("expected"))
        .join(undone, undone.c.operation_id == tables.reversal.c.reversed_operation_id)
        .join(tables.operation, tables.operation.c.id == undone.c.operation_id)
        .where(tables.operation.c.name.in_(RECEIVING))
        .group_by(tables.reversal.c.operation_id)
        .subquery()
    )
    rows = session.execute(
        select(movements.c.id, movements.c.operation_id, movements.c.happened_at, expected.c.expected)
        .join(expected, expected.c.operation_id == movements.c.operation_id)
        .where(movements.c.happened_at != expected.c.expected)
    )
    return [Mistimed(*row) for row in rows]
