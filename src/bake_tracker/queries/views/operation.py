"""Recorded operations and who recorded them; operations inside another are shown with it."""

from typing import Any, TypedDict

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import OperationNotFoundError
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.models import tables
from bake_tracker.queries.keyset import load_slice
from bake_tracker.queries.operations.history import id_range

_TOP_LEVEL = (
    select(
        tables.operation.c.id.label("operation_id"),
        tables.operation.c.name.label("operation"),
        tables.operation.c.recorded_at,
        tables.operation.c.actor,
        tables.reversal.c.id.is_not(None).label("is_reversed"),
    )
    .outerjoin(tables.reversal, tables.reversal.c.reversed_operation_id == tables.operation.c.id)
    .where(tables.operation.c.parent_id.is_(None))
)


class OperationRow(TypedDict):
    """A top-level operation; operations inside another are shown with it."""

    operation_id: str
    operation: str
    recorded_at: str
    actor: str | None
    is_reversed: bool


def load_operation_slice(session: Session, ask: Ask, *, operation: str | None = None) -> Found[OperationRow]:
    """Operations, or only those of one kind, sorted by any column; one statement."""
    rows = _TOP_LEVEL if operation is None else _TOP_LEVEL.where(tables.operation.c.name == operation)
    return load_slice(session, rows, ask, _row, key="operation_id", search_in=("operation", "actor"))


def load_latest_operations(session: Session, last: int, *, before: str | None = None) -> list[OperationRow]:
    """The latest ``last`` operations, newest first, or those before ``before``; read by index.

    Raises:
        OperationNotFoundError: there is no operation with this id.
    """
    statement = _TOP_LEVEL.order_by(tables.operation.c.recorded_at.desc(), tables.operation.c.id.desc()).limit(last)
    if before is not None:
        own = (tables.operation.c.recorded_at, tables.operation.c.id)
        limits = id_range(before)
        key = (
            session.execute(select(*own).where(tables.operation.c.id.between(*limits)).limit(2)).all() if limits else []
        )
        if len(key) != 1:
            raise OperationNotFoundError(before)
        statement = statement.where(tuple_(*own) < tuple_(*key[0]))
    return [_row(row) for row in session.execute(statement)]


def _row(row: Any) -> OperationRow:
    return {
        "operation_id": row.operation_id,
        "operation": row.operation,
        "recorded_at": row.recorded_at.isoformat(),
        "actor": row.actor,
        "is_reversed": bool(row.is_reversed),
    }
