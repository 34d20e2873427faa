"""Everything that was recorded, as a list that is searched, sorted and leafed through."""

from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from bake_tracker.domain.paging import Ask, Found
from bake_tracker.models import Operation, Reversal
from bake_tracker.queries.keyset import load_page
from bake_tracker.queries.operations.latest import OperationRow

_operations = cast(Table, Operation.__table__)
_reversals = cast(Table, Reversal.__table__)


def load_operation_page(session: Session, ask: Ask, *, operation: str | None = None) -> Found[OperationRow]:
    """Operations that stand by themselves; what was made inside another is told with that. One statement."""
    rows = (
        select(
            _operations.c.id.label("operation_id"),
            _operations.c.name.label("operation"),
            _operations.c.recorded_at,
            _operations.c.actor,
            _reversals.c.id.is_not(None).label("is_reversed"),
        )
        .outerjoin(_reversals, _reversals.c.reversed_operation_id == _operations.c.id)
        .where(_operations.c.parent_id.is_(None))
    )
    if operation is not None:
        rows = rows.where(_operations.c.name == operation)
    return load_page(session, rows, ask, _row, key="operation_id", search_in=("operation", "actor"))


def _row(row: Any) -> OperationRow:
    return {
        "operation_id": row.operation_id,
        "operation": row.operation,
        "recorded_at": row.recorded_at.isoformat(),
        "actor": row.actor,
        "is_reversed": bool(row.is_reversed),
    }
