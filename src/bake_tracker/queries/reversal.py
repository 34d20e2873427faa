"""What an operation did, what became of it, and what rests on it."""

import json
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, and_, exists, or_, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError, OperationNotFoundError
from bake_tracker.domain.reversal import Holding, Link, Posted, Undoable
from bake_tracker.models import ItemMeasure, Lot, LotHold, Movement, Operation, Reversal, Transfer

_lots = cast(Table, Lot.__table__)
_movements = cast(Table, Movement.__table__)
_operations = cast(Table, Operation.__table__)
_reversals = cast(Table, Reversal.__table__)
_holds = cast(Table, LotHold.__table__)
_transfers = cast(Table, Transfer.__table__)
_measures = cast(Table, ItemMeasure.__table__)


REVERSING = "record_reversal"


def stands(operation_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the operation in this column was neither undone nor is itself an undoing."""
    done = _reversals.alias()
    return ~exists().where(or_(done.c.reversed_operation_id == operation_id, done.c.operation_id == operation_id))


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
        or_(_reversals.c.reversed_operation_id == operation_id, _reversals.c.operation_id == operation_id)
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


def load_family(session: Session, operation_ids: Collection[str]) -> set[str]:
    """These operations and all that stand inside of them, at any depth."""
    family = _family(operation_ids)
    return set(session.scalars(select(family.c.id).where(stands(family.c.id))))


def has_undone_parts(session: Session, operation_id: str) -> bool:
    """Whether something inside this operation was undone alone."""
    family = _family([operation_id])
    undone = exists().where(_reversals.c.reversed_operation_id == family.c.id)
    return session.execute(select(family.c.id).where(undone).limit(1)).first() is not None


def load_posted(session: Session, operation_ids: Collection[str]) -> list[Posted]:
    """Every movement of these operations, in the order they were posted."""
    rows = session.execute(
        select(
            _movements.c.id,
            _movements.c.operation_id,
            _movements.c.lot_id,
            _lots.c.code,
            _lots.c.operation_id.label("made_by"),
            _movements.c.quantity_micros,
            _movements.c.cost_micros,
        )
        .join(_lots, _lots.c.id == _movements.c.lot_id)
        .where(_movements.c.operation_id.in_(operation_ids))
        .order_by(_movements.c.id)
    )
    return [Posted(*row) for row in rows]


def load_touched(session: Session, operation_ids: Collection[str]) -> tuple[set[str], set[int]]:
    """Those of these operations that changed stock, the way it lies or a measure, and the items they changed."""
    of_lots = [
        select(table.c.operation_id, _lots.c.item_id)
        .join(_lots, _lots.c.id == table.c.lot_id)
        .where(table.c.operation_id.in_(operation_ids))
        for table in (_movements, _holds, _transfers)
    ]
    of_items = select(_measures.c.operation_id, _measures.c.item_id).where(_measures.c.operation_id.in_(operation_ids))
    rows = session.execute(union_all(*of_lots, of_items)).all()
    return {row.operation_id for row in rows}, {row.item_id for row in rows}


def load_links(session: Session, operation_ids: Collection[str]) -> list[Link]:
    """What stands and rests on these operations: used what they brought, or handled the same lot after them."""
    earlier_hold, later_hold = _holds.alias(), _holds.alias()
    earlier_move, later_move = _transfers.alias(), _transfers.alias()
    uses = select(_lots.c.operation_id, _movements.c.operation_id.label("later"), _lots.c.code).join(
        _movements, _movements.c.lot_id == _lots.c.id
    )
    held_since = (
        select(earlier_hold.c.operation_id, later_hold.c.operation_id, _lots.c.code)
        .join(later_hold, and_(later_hold.c.lot_id == earlier_hold.c.lot_id, later_hold.c.id > earlier_hold.c.id))
        .join(_lots, _lots.c.id == earlier_hold.c.lot_id)
    )
    moved_since = (
        select(earlier_move.c.operation_id, later_move.c.operation_id, _lots.c.code)
        .join(later_move, and_(later_move.c.lot_id == earlier_move.c.lot_id, later_move.c.id > earlier_move.c.id))
        .join(_lots, _lots.c.id == earlier_move.c.lot_id)
        .where(earlier_move.c.new_lot_id.is_(None), later_move.c.new_lot_id.is_(None))
    )
    # What was split off and held must not slip back into a lot that is not.
    held_part = (
        select(_lots.c.operation_id, _holds.c.operation_id, _lots.c.code)
        .join(_holds, _holds.c.lot_id == _lots.c.id)
        .where(_lots.c.parent_lot_id.is_not(None))
    )
    wanted = [
        statement.where(
            statement.selected_columns[0].in_(operation_ids),
            statement.selected_columns[1] != statement.selected_columns[0],
            stands(statement.selected_columns[1]),
        )
        for statement in cast(list[Select[Any]], [uses, held_since, moved_since, held_part])
    ]
    rows = session.execute(union_all(*wanted))
    return sorted({Link(*row) for row in rows}, key=lambda link: (link.earlier, link.later, link.lot_code))


def load_takers(session: Session, lot_ids: Collection[int], operation_ids: Collection[str]) -> list[Link]:
    """Who took from these lots after one of these operations had added to them, and stands."""
    added, taken = _movements.alias(), _movements.alias()
    rows = session.execute(
        select(added.c.operation_id, taken.c.operation_id.label("later"), _lots.c.code)
        .join(taken, and_(taken.c.lot_id == added.c.lot_id, taken.c.id > added.c.id, taken.c.quantity_micros < 0))
        .join(_lots, _lots.c.id == added.c.lot_id)
        .where(
            added.c.lot_id.in_(lot_ids),
            added.c.operation_id.in_(operation_ids),
            added.c.quantity_micros > 0,
            taken.c.operation_id != added.c.operation_id,
            stands(taken.c.operation_id),
        )
        .distinct()
    )
    return [Link(*row) for row in rows]


def load_holdings(session: Session, lot_ids: Iterable[int]) -> dict[int, Holding]:
    """What is left of these lots."""
    rows = session.execute(
        select(_lots.c.id, _lots.c.remaining_micros, _lots.c.remaining_cost_micros).where(_lots.c.id.in_(set(lot_ids)))
    )
    return {row.id: Holding(row.remaining_micros, row.remaining_cost_micros) for row in rows}


def load_holds(session: Session, operation_id: str) -> list[Any]:
    """The lots that this operation held or released, and how they were before."""
    return list(session.execute(select(_holds).where(_holds.c.operation_id == operation_id).order_by(_holds.c.id)))


def load_transfers(session: Session, operation_id: str) -> list[Any]:
    """The lots that this operation moved; ``is_kept_apart``: the part split off is on hold, and the lot it left not."""
    part = _lots.alias()
    rows = session.execute(
        select(_transfers, part.c.code.label("new_code"), (part.c.on_hold & ~_lots.c.on_hold).label("is_kept_apart"))
        .join(_lots, _lots.c.id == _transfers.c.lot_id)
        .outerjoin(part, part.c.id == _transfers.c.new_lot_id)
        .where(_transfers.c.operation_id == operation_id)
    )
    return list(rows)


def load_measures(session: Session, operation_id: str) -> list[tuple[int, str, Fraction | None]]:
    """Item, kind and what is in force without it, for every measure that this operation stated."""
    stated = session.execute(
        select(_measures.c.item_id, _measures.c.kind).where(_measures.c.operation_id == operation_id)
    ).all()
    return [(row.item_id, row.kind, _in_force(session, operation_id, row.item_id, row.kind)) for row in stated]


def _in_force(session: Session, operation_id: str, item_id: int, kind: str) -> Fraction | None:
    of_item = (_measures.c.item_id == item_id) & (_measures.c.kind == kind)
    others = (
        select(_measures.c.value)
        .where(of_item, _measures.c.operation_id != operation_id, stands(_measures.c.operation_id))
        .order_by(_measures.c.id.desc())
        .limit(1)
    )
    value: Fraction | None = session.execute(others).scalar_one_or_none()
    return before_the_first(session, item_id, kind) if value is None else value


def before_the_first(session: Session, item_id: int, kind: str) -> Fraction | None:
    """What an item weighed before anybody measured it: known since before measures were kept, or from an import."""
    first = (
        select(_operations.c.result)
        .join(_measures, _measures.c.operation_id == _operations.c.id)
        .where(_measures.c.item_id == item_id, _measures.c.kind == kind)
        .order_by(_measures.c.id)
        .limit(1)
    )
    try:
        was = json.loads(session.execute(first).scalar_one_or_none() or "{}").get("was")
        return None if was is None else Fraction(was)
    except (ValueError, AttributeError):  # changed past the program: verify names the answer
        return None


def _family(operation_ids: Collection[str]) -> Any:
    family = select(_operations.c.id).where(_operations.c.id.in_(operation_ids)).cte("family", recursive=True)
    return family.union(select(_operations.c.id).join(family, _operations.c.parent_id == family.c.id))
