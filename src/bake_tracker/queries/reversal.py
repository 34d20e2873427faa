"""What an operation posted, what became of it, and who used what it brought."""

from collections.abc import Collection, Iterable
from typing import cast

from sqlalchemy import Select, Table, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError, OperationNotFoundError
from bake_tracker.domain.reversal import Holding, Posted, Undoable
from bake_tracker.models import Lot, LotHold, Movement, Operation, Reversal, Transfer

_lots = cast(Table, Lot.__table__)
_movements = cast(Table, Movement.__table__)
_operations = cast(Table, Operation.__table__)
_reversals = cast(Table, Reversal.__table__)
REVERSING = "record_reversal"


def load_undoable(session: Session, operation_id: str) -> Undoable:
    """An operation that can be undone.

    Raises:
        OperationNotFoundError: there is none with this id.
        ConflictError: it was undone already, or is itself an undoing.
    """
    found = load_operations(session, [operation_id])
    if not found:
        raise OperationNotFoundError(operation_id)
    done = select(_reversals.c.operation_id, _reversals.c.reversed_operation_id).where(
        (_reversals.c.reversed_operation_id == operation_id) | (_reversals.c.operation_id == operation_id)
    )
    for row in session.execute(done):
        if row.reversed_operation_id == operation_id:
            raise ConflictError(
                f"{operation_id} was reversed by {row.operation_id}; what is reversed once stays so",
                reversed_operation_id=operation_id,
                reversal_operation_id=row.operation_id,
            )
        raise ConflictError(
            f"{operation_id} is a reversal of {row.reversed_operation_id}; record that operation again instead",
            reversed_operation_id=operation_id,
        )
    return found[operation_id]


def load_operations(session: Session, operation_ids: Collection[str]) -> dict[str, Undoable]:
    """These operations by id."""
    rows = session.execute(
        select(_operations.c.id, _operations.c.name, _operations.c.recorded_at, _operations.c.parent_id).where(
            _operations.c.id.in_(operation_ids)
        )
    )
    return {row.id: Undoable(row.id, row.name, row.recorded_at.isoformat(), row.parent_id) for row in rows}


def load_family(session: Session, operation_id: str) -> set[str]:
    """The operation and all that stand inside it, at any depth, but those that are undone."""
    family = select(_operations.c.id).where(_operations.c.id == operation_id).cte("family", recursive=True)
    inside = select(_operations.c.id).join(family, _operations.c.parent_id == family.c.id)
    family = family.union_all(inside)
    return set(session.scalars(select(family.c.id).where(family.c.id.not_in(_undone_or_undoing()))))


def load_posted(session: Session, operation_ids: Collection[str]) -> list[Posted]:
    """Every movement of these operations, in the order they were posted."""
    return _posted(session, _movements.c.operation_id.in_(operation_ids))


def load_uses(session: Session, lot_ids: Collection[int]) -> list[Posted]:
    """Every movement of these lots by operations that stand, in the order they were posted."""
    return _posted(session, _movements.c.lot_id.in_(lot_ids) & _movements.c.operation_id.not_in(_undone_or_undoing()))


def load_holdings(session: Session, lot_ids: Iterable[int]) -> dict[int, Holding]:
    """What is left of these lots."""
    rows = session.execute(
        select(_lots.c.id, _lots.c.remaining_micros, _lots.c.remaining_cost_micros).where(_lots.c.id.in_(list(lot_ids)))
    )
    return {row.id: Holding(row.remaining_micros, row.remaining_cost_micros) for row in rows}


def load_handled(session: Session, operation_id: str) -> tuple[list[LotHold], list[Transfer]]:
    """What this operation did to lots as they lie."""
    holds = session.scalars(select(LotHold).where(LotHold.operation_id == operation_id).order_by(LotHold.id))
    transfers = session.scalars(select(Transfer).where(Transfer.operation_id == operation_id))
    return list(holds), list(transfers)


def load_later_handling(session: Session, hold: LotHold) -> str | None:
    """An operation that held or released the same lot after this one, and stands."""
    return session.scalars(
        select(LotHold.operation_id)
        .where(LotHold.lot_id == hold.lot_id, LotHold.id > hold.id, LotHold.operation_id.not_in(_undone_or_undoing()))
        .limit(1)
    ).first()


def _posted(session: Session, condition: object) -> list[Posted]:
    rows = session.execute(
        select(
            _movements.c.id,
            _movements.c.operation_id,
            _movements.c.lot_id,
            _lots.c.code,
            _lots.c.operation_id.label("made_by"),
            _lots.c.item_id,
            _movements.c.quantity_micros,
            _movements.c.cost_micros,
        )
        .join(_lots, _lots.c.id == _movements.c.lot_id)
        .where(condition)  # type: ignore[arg-type]  # a SQL expression, whose static type SQLAlchemy does not export
        .order_by(_movements.c.id)
    )
    return [Posted(*row) for row in rows]


def _undone_or_undoing() -> Select[tuple[str]]:
    both = union_all(
        select(_reversals.c.reversed_operation_id.label("id")), select(_reversals.c.operation_id)
    ).subquery()
    return select(both.c.id)
