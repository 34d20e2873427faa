"""Everything an operation owns, as a seal covers it: read as stored, hashed in constant memory."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Column, Executable, String, bindparam, exists, select, type_coerce
from sqlalchemy.orm import Session

from bake_tracker.domain.seals import COVERED, canonical_row
from bake_tracker.models import Base, Operation, SealedOperation
from bake_tracker.models.ledger import movements
from bake_tracker.models.types import UtcDateTime, UuidText

# The tables are found by name; a command that seals and does nothing else would not have loaded this one.
assert movements.name in Base.metadata.tables

OPERATIONS_AT_ONCE = 500
ROWS_AT_ONCE = 1_000


def load_unsealed(session: Session, at_most: int) -> list[str]:
    """Complete operations that are not sealed yet, by id.

    This does not depend on the order of ids or times: an operation whose transaction commits later is simply still
    unsealed.
    """
    return list(session.scalars(_unsealed.order_by(Operation.id).limit(at_most)))


def is_all_sealed(session: Session) -> bool:
    """Whether only the seals' own operations are unsealed; they always belong to the next seal."""
    return session.scalars(_unsealed.where(Operation.name != "record_seal").limit(1)).first() is None


_unsealed = select(Operation.id).where(
    Operation.result.is_not(None), ~exists().where(SealedOperation.operation_id == Operation.id)
)


def operation_hashes(session: Session, operation_ids: Sequence[str]) -> dict[str, str]:
    """The hash of everything each operation owns, for those that exist."""
    hashes = {operation_id: hashlib.sha256() for operation_id in operation_ids}
    there = set()
    for table in COVERED:
        for owner, line in _rows(session, table, operation_ids):
            hashes[owner].update(line)
            if table == "operation":
                there.add(owner)
    return {operation_id: found.hexdigest() for operation_id, found in hashes.items() if operation_id in there}


def in_parts(operation_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids in batches that fit one statement."""
    for start in range(0, len(operation_ids), OPERATIONS_AT_ONCE):
        yield operation_ids[start : start + OPERATIONS_AT_ONCE]


def _rows(session: Session, table: str, operation_ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    names = COVERED[table]
    owner = names.index(_owner(table))
    columns = Base.metadata.tables[table].columns
    read = [_reader(columns[name]) for name in names]
    options = {"yield_per": ROWS_AT_ONCE}
    for row in session.execute(_owned(table), {"ids": list(operation_ids)}, execution_options=options):
        values = [value if value is None or of is None else of(value) for of, value in zip(read, row, strict=True)]
        yield values[owner], canonical_row(table, dict(zip(names, values, strict=True)))


@lru_cache
def _owned(table: str) -> Executable:
    """The rows of a table that belong to these operations, in a stable order.

    They are read as stored, so that a value edited outside the program shows as a difference and not as a read error.
    """
    columns = Base.metadata.tables[table].columns
    owner = columns[_owner(table)]
    key = next(iter(Base.metadata.tables[table].primary_key))
    return (
        select(*(type_coerce(columns[name], String()).label(name) for name in COVERED[table]))
        .where(owner.in_(bindparam("ids", expanding=True)))
        .order_by(owner, key)
    )


def _owner(table: str) -> str:
    return "id" if table == "operation" else "operation_id"


def _reader(column: Column[Any]) -> Any:
    """The conversion of a stored value to the same form on every database; None if it needs none."""
    if isinstance(column.type, UuidText):
        return str
    if isinstance(column.type, UtcDateTime):
        return _instant
    if isinstance(column.type, Boolean):
        return lambda value: bool(value) if value in (0, 1) else value
    return None


def _instant(stored: Any) -> Any:
    """Convert a time; SQLite stores it as text in UTC."""
    try:
        return datetime.fromisoformat(stored).replace(tzinfo=UTC) if isinstance(stored, str) else stored
    except ValueError:
        return stored
