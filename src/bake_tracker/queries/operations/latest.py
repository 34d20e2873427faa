"""What was done last, by whom."""

from typing import TypedDict, cast

from sqlalchemy import Table, select, tuple_
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import OperationNotFoundError
from bake_tracker.models import Operation, Reversal
from bake_tracker.queries.operations.history import id_range

_operations = cast(Table, Operation.__table__)
_reversals = cast(Table, Reversal.__table__)


class OperationRow(TypedDict):
    """One operation that stands by itself; what was made inside another is told with that."""

    operation_id: str
    operation: str
    recorded_at: str
    actor: str | None
    is_reversed: bool


def load_latest_operations(session: Session, last: int, *, before: str | None = None) -> list[OperationRow]:
    """The latest ``last`` operations, newest first, or those before the operation ``before``; by an index.

    Raises:
        OperationNotFoundError: there is no operation with this id.
    """
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
    if before is not None:
        own = (_operations.c.recorded_at, _operations.c.id)
        limits = id_range(before)
        key = session.execute(select(*own).where(_operations.c.id.between(*limits)).limit(2)).all() if limits else []
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
