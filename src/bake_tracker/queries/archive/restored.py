"""Restored operations, and whether their marks can be trusted."""

from collections.abc import Iterator

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from bake_tracker.domain.seals import ids_sha256
from bake_tracker.models import Operation, Restoration, RestoredOperation

ROWS_AT_ONCE = 1_000
_READ = {"yield_per": ROWS_AT_ONCE}


def unmarked() -> Select[str]:
    """The ids of operations without a mark, in order."""
    is_marked = exists().where(RestoredOperation.operation_id == Operation.id)
    return select(Operation.id).where(~is_marked).order_by(Operation.id)


def load_unmarked(session: Session) -> Iterator[str]:
    """Yield those ids in constant memory."""
    yield from session.scalars(unmarked(), execution_options=_READ)


def load_restored(session: Session, doubtful: list[str]) -> Iterator[str]:
    """The restored operations; ``doubtful`` collects the sources of marks that do not match their operations."""
    marks = select(Restoration.id, Restoration.source, Restoration.operations_sha256).order_by(Restoration.id)
    for mark in session.execute(marks).all():
        named = (
            select(RestoredOperation.operation_id)
            .where(RestoredOperation.restoration_id == mark.id)
            .order_by(RestoredOperation.operation_id)
        )
        if ids_sha256(session.scalars(named, execution_options=_READ)) == mark.operations_sha256:
            yield from session.scalars(named, execution_options=_READ)
        else:
            doubtful.append(mark.source)
