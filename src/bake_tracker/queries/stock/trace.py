"""Where a lot came from and where it went: one recursive statement each way, at any depth.

Undone operations are left out unless asked for; reversals always are.
"""

import json
from collections.abc import Collection
from functools import cache
from typing import Any, Literal

from sqlalchemy import BigInteger, Boolean, TextClause, text
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.trace import Edge
from bake_tracker.models.types import UuidText

Direction = Literal["back", "forward"]

_UNDONE = "EXISTS (SELECT 1 FROM reversal WHERE reversal.reversed_operation_id = drawn.operation_id)"
_UNDOING = "EXISTS (SELECT 1 FROM reversal WHERE reversal.operation_id = drawn.operation_id)"
_DRAWS: dict[Direction, str] = {
    "back": "lot AS made {join} movement AS drawn ON drawn.operation_id = made.operation_id",
    "forward": "movement AS drawn {join} lot AS made ON made.operation_id = drawn.operation_id",
}
_OF_REACHED: dict[Direction, str] = {"back": "made.id = reached.lot_id", "forward": "drawn.lot_id = reached.lot_id"}
_NEXT: dict[Direction, str] = {"back": "drawn.lot_id", "forward": "made.id"}
_EDGE = (
    "drawn.operation_id, drawn.lot_id AS from_lot_id, made.id AS into_lot_id, "
    f"-drawn.quantity_micros AS quantity_micros, {_UNDONE} AS is_undone"
)


def trace_back(session: Session, *lot_ids: int, undone: bool = False) -> list[Edge]:
    """Every draw that led to one of these lots, back to the receipts; each once, unordered."""
    return _trace(session, lot_ids, "back", undone)


def trace_forward(session: Session, *lot_ids: int, undone: bool = False) -> list[Edge]:
    """Every draw that one of these lots led to, on to stock, exits and losses; each once, unordered."""
    return _trace(session, lot_ids, "forward", undone)


def _trace(session: Session, lot_ids: Collection[int], direction: Direction, undone: bool) -> list[Edge]:
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    ids = sorted(lot_ids) if is_postgresql else json.dumps(sorted(lot_ids))
    return [Edge(*row) for row in session.execute(_statement(direction, undone, is_postgresql), {"lot_ids": ids})]


@cache
def _statement(direction: Direction, undone: bool, is_lateral: bool) -> TextClause | Any:
    condition = f"{_OF_REACHED[direction]} AND drawn.quantity_micros < 0 AND NOT {_UNDOING}"
    if not undone:
        condition += f" AND NOT {_UNDONE}"
    step = _of_reached(f"{_NEXT[direction]} AS lot_id", _DRAWS[direction].format(join="JOIN"), condition, is_lateral)
    edges = _of_reached(_EDGE, _DRAWS[direction].format(join="LEFT JOIN"), condition, is_lateral)
    start = "unnest(CAST(:lot_ids AS bigint[]))" if is_lateral else "value FROM json_each(:lot_ids)"
    return text(f"WITH RECURSIVE reached (lot_id) AS (SELECT {start} UNION {step}) {edges}").columns(
        operation_id=UuidText(),
        from_lot_id=BigInteger,
        into_lot_id=BigInteger,
        quantity_micros=BigInteger,
        is_undone=Boolean,
    )


def _of_reached(columns: str, tables: str, condition: str, is_lateral: bool) -> str:
    if not is_lateral:  # SQLite keeps the order of a cross join, and so walks the indexes from the reached lots
        return f"SELECT {columns} FROM reached CROSS JOIN {tables} WHERE {condition}"
    # PostgreSQL cannot know how few rows each round reaches, and would read whole tables to join them; OFFSET 0 keeps
    # each index lookup separate.
    one = f"SELECT {columns} FROM {tables} WHERE {condition} OFFSET 0"
    return f"SELECT step.* FROM reached CROSS JOIN LATERAL ({one}) AS step"
