"""What was done last, by whom."""

from typing import TypedDict, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from bake_tracker.models import Operation, Reversal

_operations = cast(Table, Operation.__table__)
_reversals = cast(Table, Reversal.__table__)


class OperationRow(TypedDict):
    """One operation that stands by itself; what was made inside another is told with that."""

    operation_id: str
    operation: str
    recorded_at: str
    actor: str | None
    is_reversed: bool


def load_latest_operations(session: Session, last: int) -> list[OperationRow]:
    """The latest ``last`` operations, newest first; one statement that walks an index."""
    statement = (
        select(
            _operations.c.id,
            _operations.c.name,
            _operations.c.recorded_at,
            _operations.c.actor,
            _reversals.c.id.is_not(None).label("is_reversed"),
        )
        .outerjoin(_reversals, _reversals.c.reversed_operation_id == _operations.c.id)
        .where(_operations.c.parent_id.is_(None))
        .order_by(_operations.c.recorded_at.desc(), _operations.c.id.desc())
        .limit(last)
    )
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
