"""Where a lot came from and where it went: one recursive statement each way, through any number of lots."""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, TextClause, text
from sqlalchemy.orm import Session

from bake_tracker.models.types import UuidText


class Edge(NamedTuple):
    """An operation took ``quantity_micros`` of one lot and made another of it; None where nothing came out."""

    operation_id: str
    from_lot_id: int
    into_lot_id: int | None
    quantity_micros: int


def _edges(statement: str) -> TextClause | Any:
    return text(statement).columns(
        operation_id=UuidText(), from_lot_id=BigInteger, into_lot_id=BigInteger, quantity_micros=BigInteger
    )


_BACK = _edges(
    """
WITH RECURSIVE reached (lot_id) AS (
    SELECT CAST(:lot_id AS bigint)
    UNION
    SELECT drawn.lot_id
    FROM reached
        JOIN lot ON lot.id = reached.lot_id
        JOIN movement AS drawn ON drawn.operation_id = lot.operation_id AND drawn.quantity_micros < 0
)
SELECT drawn.operation_id, drawn.lot_id AS from_lot_id, lot.id AS into_lot_id,
    -drawn.quantity_micros AS quantity_micros
FROM reached
    JOIN lot ON lot.id = reached.lot_id
    JOIN movement AS drawn ON drawn.operation_id = lot.operation_id AND drawn.quantity_micros < 0
"""
)
_FORWARD = _edges(
    """
WITH RECURSIVE reached (lot_id) AS (
    SELECT CAST(:lot_id AS bigint)
    UNION
    SELECT made.id
    FROM reached
        JOIN movement AS drawn ON drawn.lot_id = reached.lot_id AND drawn.quantity_micros < 0
        JOIN lot AS made ON made.operation_id = drawn.operation_id
)
SELECT drawn.operation_id, drawn.lot_id AS from_lot_id, made.id AS into_lot_id,
    -drawn.quantity_micros AS quantity_micros
FROM reached
    JOIN movement AS drawn ON drawn.lot_id = reached.lot_id AND drawn.quantity_micros < 0
    LEFT JOIN lot AS made ON made.operation_id = drawn.operation_id
"""
)


def trace_back(session: Session, lot_id: int) -> list[Edge]:
    """Every draw that led to this lot, down to the receipts; each once, in no order."""
    return [Edge(*row) for row in session.execute(_BACK, {"lot_id": lot_id})]


def trace_forward(session: Session, lot_id: int) -> list[Edge]:
    """Every draw that this lot led to, up to what is on the shelf or lost; each once, in no order."""
    return [Edge(*row) for row in session.execute(_FORWARD, {"lot_id": lot_id})]
