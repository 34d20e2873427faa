"""What an operation did, what became of it, and what rests on it."""

import json
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, and_, exists, or_, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError, OperationNotFoundError
from bake_tracker.domain.stock.reversal import NEVER, Holding, Link, Posted, Undoable
from bake_tracker.models import ItemMeasure, Lot, LotHold, Operation, Reversal, Transfer
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.many_keys import among

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
            f"{operation_id} is a reversal of {row.reversed_operation_id}; {NEVER[REVERSING]}",
            reversed_operation_id=operation_id,
        )
    return found[operation_id]


def load_operations(session: Session, operation_ids: Collection[str]) -> dict[str, Undoable]:
    """These operations by id."""
    rows = session.execute(
        select(_operations.c.id, _operations.c.name, _operations.c.recorded_at, _operations.c.parent_id).where(
            among(session, _operations.c.id, operation_ids)
        )
    )
    return {row.id: Undoable(row.id, row.name, row.recorded_at.isoformat(), row.parent_id) for row in rows}


def load_family(session: Session, operation_ids: Collection[str]) -> set[str]:
    """These operations and all that stand inside of them, at any depth."""
    family = _family(session, operation_ids)
    return set(session.scalars(select(family.c.id).where(stands(family.c.id))))


def has_undone_parts(session: Session, operation_id: str) -> bool:
    """Whether something inside this operation was undone alone."""
    family = _family(session, [operation_id])
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
        .where(among(session, _movements.c.operation_id, operation_ids))
        .order_by(_movements.c.id)
    )
    return [Posted(*row) for row in rows]


def load_touched(session: Session, operation_ids: Collection[str]) -> tuple[set[str], set[int]]:
    """Those of these operations that changed stock, the way it lies or a measure, and the items they changed."""
    of_lots = [
        select(table.c.operation_id, _lots.c.item_id)
        .join(_lots, _lots.c.id == table.c.lot_id)
        .where(among(session, table.c.operation_id, operation_ids))
        for table in (_movements, _holds, _transfers)
    ]
    of_items = select(_measures.c.operation_id, _measures.c.item_id).where(
        among(session, _measures.c.operation_id, operation_ids)
    )
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
    # What was split off and is held must not slip back into a lot that is not.
    held_part = (
        select(_lots.c.operation_id, _holds.c.operation_id, _lots.c.code)
        .join(_holds, _holds.c.lot_id == _lots.c.id)
        .where(_lots.c.parent_lot_id.is_not(None), _lots.c.on_hold)
    )
    wanted = [
        statement.where(
            among(session, statement.selected_columns[0], operation_ids),
            statement.selected_columns[1] != statement.selected_columns[0],
            stands(statement.selected_columns[1]),
        )
        for statement in cast(list[Select[Any]], [uses, held_since, moved_since, held_part])
    ]
    return list({Link(*row) for row in session.execute(union_all(*wanted))})


def load_takers(session: Session, lot_ids: Collection[int], operation_ids: Collection[str]) -> list[Link]:
    """Who took from these lots after one of these operations had added to them, and stands."""
    added, taken = _movements.alias(), _movements.alias()
    rows = session.execute(
        select(added.c.operation_id, taken.c.operation_id.label("later"), _lots.c.code)
        .join(taken, and_(taken.c.lot_id == added.c.lot_id, taken.c.id > added.c.id, taken.c.quantity_micros < 0))
        .join(_lots, _lots.c.id == added.c.lot_id)
        .where(
            among(session, added.c.lot_id, lot_ids),
            among(session, added.c.operation_id, operation_ids),
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
        select(_lots.c.id, _lots.c.remaining_micros, _lots.c.remaining_cost_micros).where(
            among(session, _lots.c.id, set(lot_ids))
        )
    )
    return {row.id: Holding(row.remaining_micros, row.remaining_cost_micros) for row in rows}


def load_holds(session: Session, operation_id: str) -> list[Any]:
    """The lots that this operation held or released, and how they were before."""
    return list(session.execute(select(_holds).where(_holds.c.operation_id == operation_id).order_by(_holds.c.id)))


def load_parts_since(session: Session, hold: Any) -> list[int]:
    """The lots split off a lot after it was held or released, and off those, that nobody has handled since."""
    own = _holds.alias()
    is_handled = exists().where(own.c.lot_id == _lots.c.id, stands(own.c.operation_id))
    parts = (
        select(_lots.c.id)
        .join(_transfers, _transfers.c.new_lot_id == _lots.c.id)
        .where(_lots.c.parent_lot_id == hold.lot_id, _transfers.c.happened_at >= hold.happened_at, ~is_handled)
        .cte("parts", recursive=True)
    )
    parts = parts.union(select(_lots.c.id).join(parts, _lots.c.parent_lot_id == parts.c.id).where(~is_handled))
    return list(session.scalars(select(parts.c.id)))


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


def _family(session: Session, operation_ids: Collection[str]) -> Any:
    family = (
        select(_operations.c.id).where(among(session, _operations.c.id, operation_ids)).cte("family", recursive=True)
    )
    return family.union(select(_operations.c.id).join(family, _operations.c.parent_id == family.c.id))
