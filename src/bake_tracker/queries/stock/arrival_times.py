"""Movements of goods that came in, and the moment at which they were there."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.bakery import BakeryInfo

RECEIVING = ("record_receipt", "record_delivery")


class MistimedArrival(NamedTuple):
    """A movement of goods that came in, its stored time, and the time that its day and the time zone give."""

    movement_id: int
    operation_id: str
    happened_at: datetime
    expected: datetime


def load_mistimed_arrivals(session: Session, house: BakeryInfo) -> Iterator[MistimedArrival]:
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
            yield MistimedArrival(row.id, row.operation_id, row.happened_at, expected)
