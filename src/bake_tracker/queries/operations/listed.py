"""The list of recorded operations, searched, sorted and paged."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.paging import Ask, Found
from bake_tracker.models import tables
from bake_tracker.queries.keyset import load_page
from bake_tracker.queries.operations.latest import OperationRow


def load_operation_page(session: Session, ask: Ask, *, operation: str | None = None) -> Found[OperationRow]:
    """Top-level operations; operations inside another are shown with it. One statement."""
    rows = (
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
    if operation is not None:
        rows = rows.where(tables.operation.c.name == operation)
    return load_page(session, rows, ask, _row, key="operation_id", search_in=("operation", "actor"))


def _row(row: Any) -> OperationRow:
    return {
        "operation_id": row.operation_id,
        "operation": row.operation,
        "recorded_at": row.recorded_at.isoformat(),
        "actor": row.actor,
        "is_reversed": bool(row.is_reversed),
    }
