"""The latest operations and who recorded them."""

from typing import TypedDict

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import OperationNotFoundError
from bake_tracker.models import tables
from bake_tracker.queries.operations.history import id_range


class OperationRow(TypedDict):
    """A top-level operation; operations inside another are shown with it."""

    operation_id: str
    operation: str
    recorded_at: str
    actor: str | None
    is_reversed: bool


def load_latest_operations(session: Session, last: int, *, before: str | None = None) -> list[OperationRow]:
    """The latest ``last`` operations, newest first, or those before ``before``; read by index.

    Raises:
        OperationNotFoundError: there is no operation with this id.
    """
    statement = (
        select(
            tables.operation.c.id,
            tables.operation.c.name,
            tables.operation.c.recorded_at,
            tables.operation.c.actor,
            tables.reversal.c.id.is_not(None).label("is_reversed"),
        )
        .outerjoin(tables.reversal, tables.reversal.c.reversed_operation_id == tables.operation.c.id)
        .where(tables.operation.c.parent_id.is_(None))
        .order_by(tables.operation.c.recorded_at.desc(), tables.operation.c.id.desc())
        .limit(last)
    )
    if before is not None:
        own = (tables.operation.c.recorded_at, tables.operation.c.id)
        limits = id_range(before)
        key = (
            session.execute(select(*own).where(tables.operation.c.id.between(*limits)).limit(2)).all() if limits else []
        )
        if len(key) != 1:
            raise OperationNotFoundError(before)
        statement = statement.where(tuple_(*own) < tuple_(*key[0]))
    return [
        OperationRow(
            operation_id=row.id,
            operation=row.name,
            recorded_at=row.recorded_at.isoformat(),
            actor=row.actor,
            is_reversed=bool(row.is_reversed),
        )
        for row in session.execute(statement)
    ]
