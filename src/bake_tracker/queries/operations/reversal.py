"""What an operation did, whether it was undone, and what depends on it."""

import json
from collections.abc import Collection, Iterable
from fractions import Fraction
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError, OperationNotFoundError
from bake_tracker.domain.stock.reversal import NEVER, Holding, Link, Posted, Undoable
from bake_tracker.domain.units import MeasureKind
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.many_keys import among, among_given, given

REVERSING = "record_reversal"

# Aliases are made once: each copies every column of its table.
_done = tables.reversal.alias()
_earlier_hold, _later_hold = tables.lot_hold.alias(), tables.lot_hold.alias()
_earlier_move, _later_move = tables.transfer.alias(), tables.transfer.alias()
_added, _taken = movements.alias(), movements.alias()
_part = tables.lot.alias()


def stands(operation_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that the operation in this column was not undone and is not a reversal itself."""
    return ~exists().where(or_(_done.c.reversed_operation_id == operation_id, _done.c.operation_id == operation_id))


def load_undoable(session: Session, operation_id: str) -> Undoable:
    """An operation that can be undone.

    Raises:
        OperationNotFoundError: there is no such operation.
        ConflictError: it was already undone, or is itself a reversal.
    """
    found = load_operations(session, [operation_id])
    if not found:
        raise OperationNotFoundError(operation_id)
    done = select(tables.reversal.c.operation_id, tables.reversal.c.reversed_operation_id).where(
        or_(tables.reversal.c.reversed_operation_id == operation_id, tables.reversal.c.operation_id == operation_id)
    )
    for row in session.execute(done):
        if row.reversed_operation_id == operation_id:
            raise ConflictError(
                f"{operation_id} was already undone by {row.operation_id}",
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
        select(
            tables.operation.c.id, tables.operation.c.name, tables.operation.c.recorded_at, tables.operation.c.parent_id
        ).where(among(session, tables.operation.c.id, operation_ids))
    )
    return {row.id: Undoable(row.id, row.name, row.recorded_at.isoformat(), row.parent_id) for row in rows}


def load_family(session: Session, operation_ids: Collection[str]) -> set[str]:
    """These operations, all inside them at any depth, and the corrections of their counts, if not undone."""
    inside, corrections = _family_in_force(session.get_bind().dialect.name)
    found = set(session.scalars(inside, given(session, operation_ids)))
    return found | set(session.scalars(corrections, given(session, found)))


@cache
def _family_in_force(dialect: str) -> tuple[Select[str], Select[str]]:
    family = _family(dialect)
    line, answer = tables.stocktake_line, tables.count_answer
    corrections = (
        select(answer.c.operation_id)
        .join(line, line.c.id == answer.c.stocktake_line_id)
        .where(answer.c.saw == "before", among_given(line.c.operation_id, dialect), stands(answer.c.operation_id))
    )
    return select(family.c.id).where(stands(family.c.id)), corrections


def load_count_corrections(session: Session, operation_ids: Collection[str]) -> set[str]:
    """The operations among these that correct a count, because it had seen something recorded later."""
    answer = tables.count_answer
    found = select(answer.c.operation_id).where(
        answer.c.saw == "before", among(session, answer.c.operation_id, operation_ids)
    )
    return set(session.scalars(found))


def has_undone_parts(session: Session, operation_id: str) -> bool:
    """Whether a part of this operation was undone on its own."""
    family = _family(session.get_bind().dialect.name)
    undone = exists().where(tables.reversal.c.reversed_operation_id == family.c.id)
    rows = session.execute(select(family.c.id).where(undone).limit(1), given(session, [operation_id]))
    return rows.first() is not None


def load_posted(session: Session, operation_ids: Collection[str]) -> list[Posted]:
    """Every movement of these operations at its cost as known now, in order; two statements.

    A cost statement among these adds to the costs of other operations, with one entry without quantity for each.
    """
    keys = given(session, operation_ids)
    questions = _posted(session.get_bind().dialect.name)
    return [Posted(*row) for rows in questions for row in session.execute(rows, keys)]


@cache
def _posted(dialect: str) -> tuple[Select[*tuple[Any, ...]], Select[*tuple[Any, ...]]]:
    lines, posted_by = tables.cost_statement_line.alias(), movements.alias()
    said_since = (
        select(cast_to(func.sum(lines.c.cost_micros), BigInteger))
        .where(
            lines.c.movement_id == movements.c.id,
            stands(lines.c.operation_id),
            ~among_given(lines.c.operation_id, dialect),
        )
        .scalar_subquery()
    )
    since = case(
        (tables.lot.c.remaining_cost_micros.is_not(None), func.coalesce(said_since, 0)),
        else_=said_since,
    )
    cost = case((since.is_(None), movements.c.cost_micros), else_=func.coalesce(movements.c.cost_micros, 0) + since)
    own = (
        select(
            movements.c.id,
            movements.c.operation_id,
            movements.c.lot_id,
            tables.lot.c.code,
            tables.lot.c.operation_id.label("made_by"),
            movements.c.quantity_micros,
            cost,
            movements.c.happened_at,
        )
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .where(among_given(movements.c.operation_id, dialect), movements.c.quantity_micros != 0)
    )
    said = (
        select(
            tables.cost_statement.c.last_movement_id,
            lines.c.operation_id,
            lines.c.lot_id,
            tables.lot.c.code,
            tables.lot.c.operation_id,
            literal(0),
            lines.c.cost_micros,
            tables.cost_statement.c.stated_at,
        )
        .join(tables.cost_statement, tables.cost_statement.c.id == lines.c.cost_statement_id)
        .join(tables.lot, tables.lot.c.id == lines.c.lot_id)
        .join(posted_by, posted_by.c.id == lines.c.movement_id)
        .where(
            among_given(lines.c.operation_id, dialect),
            ~exists().where(tables.reversal.c.reversed_operation_id == posted_by.c.operation_id),
        )
        .order_by(lines.c.id)
    )
    return own.order_by(movements.c.id), said


def load_touched(session: Session, operation_ids: Collection[str]) -> tuple[set[str], set[int]]:
    """The operations among these that changed or counted stock, lots or measures, and the items of these."""
    rows = session.execute(_touched(session.get_bind().dialect.name), given(session, operation_ids)).all()
    return {row.operation_id for row in rows}, {row.item_id for row in rows}


@cache
def _touched(dialect: str) -> CompoundSelect[str, int]:
    of_lots = [
        select(table.c.operation_id, tables.lot.c.item_id)
        .join(tables.lot, tables.lot.c.id == table.c.lot_id)
        .where(among_given(table.c.operation_id, dialect))
        for table in (
            movements,
            tables.lot_hold,
            tables.transfer,
            tables.stocktake_line,
            tables.cost_statement_line,
        )
    ]
    of_items = select(tables.item_measure.c.operation_id, tables.item_measure.c.item_id).where(
        among_given(tables.item_measure.c.operation_id, dialect)
    )
    return union_all(*of_lots, of_items)


def load_links(session: Session, operation_ids: Collection[str]) -> list[Link]:
    """Operations, not undone, that depend on these: they used or changed the same lots later, or took goods back."""
    rows = session.execute(_links(session.get_bind().dialect.name), given(session, operation_ids))
    return list({Link(*row) for row in rows})


@cache
def _links(dialect: str) -> CompoundSelect[*tuple[Any, ...]]:
    uses = select(tables.lot.c.operation_id, movements.c.operation_id.label("later"), tables.lot.c.code).join(
        movements, and_(movements.c.lot_id == tables.lot.c.id, movements.c.quantity_micros != 0)
    )
    # Anything that used a lot after a statement about it used it at the stated cost.
    statement, line, later_line = tables.cost_statement, tables.cost_statement_line, tables.cost_statement_line.alias()
    costed_since = (
        select(line.c.operation_id, movements.c.operation_id, tables.lot.c.code)
        .join(statement, statement.c.id == line.c.cost_statement_id)
        .join(
            movements,
            and_(
                movements.c.lot_id == line.c.lot_id,
                movements.c.id > statement.c.last_movement_id,
                movements.c.quantity_micros != 0,
            ),
        )
        .join(tables.lot, tables.lot.c.id == line.c.lot_id)
    )
    stated_since = (
        select(line.c.operation_id, later_line.c.operation_id, tables.lot.c.code)
        .join(later_line, and_(later_line.c.lot_id == line.c.lot_id, later_line.c.id > line.c.id))
        .join(tables.lot, tables.lot.c.id == line.c.lot_id)
    )
    held_since = (
        select(_earlier_hold.c.operation_id, _later_hold.c.operation_id, tables.lot.c.code)
        .join(_later_hold, and_(_later_hold.c.lot_id == _earlier_hold.c.lot_id, _later_hold.c.id > _earlier_hold.c.id))
        .join(tables.lot, tables.lot.c.id == _earlier_hold.c.lot_id)
    )
    moved_since = (
        select(_earlier_move.c.operation_id, _later_move.c.operation_id, tables.lot.c.code)
        .join(_later_move, and_(_later_move.c.lot_id == _earlier_move.c.lot_id, _later_move.c.id > _earlier_move.c.id))
        .join(tables.lot, tables.lot.c.id == _earlier_move.c.lot_id)
        .where(_earlier_move.c.new_lot_id.is_(None), _later_move.c.new_lot_id.is_(None))
    )
    came_back = (
        select(tables.adjustment.c.of_operation_id, tables.adjustment.c.operation_id, tables.lot.c.code)
        .join(tables.lot, tables.lot.c.id == tables.adjustment.c.lot_id)
        .where(tables.adjustment.c.of_operation_id.is_not(None))
    )
    # A split-off part on hold must not return to a lot that is not on hold.
    held_part = (
        select(tables.lot.c.operation_id, tables.lot_hold.c.operation_id, tables.lot.c.code)
        .join(tables.lot_hold, tables.lot_hold.c.lot_id == tables.lot.c.id)
        .where(tables.lot.c.parent_lot_id.is_not(None), tables.lot.c.on_hold)
    )
    wanted = [
        statement.where(
            among_given(statement.selected_columns[0], dialect),
            statement.selected_columns[1] != statement.selected_columns[0],
            stands(statement.selected_columns[1]),
        )
        for statement in cast(
            list[Select[Any]], [uses, held_since, moved_since, held_part, came_back, costed_since, stated_since]
        )
    ]
    return union_all(*wanted)


def is_restated(session: Session, operation_id: str) -> bool:
    """Whether a standing statement changed the cost of something that this operation posted."""
    line = tables.cost_statement_line
    rows = select(line.c.id).join(movements, movements.c.id == line.c.movement_id)
    found = rows.where(movements.c.operation_id == operation_id, stands(line.c.operation_id))
    return session.execute(found.limit(1)).first() is not None


def load_takers(session: Session, lot_ids: Collection[int], operation_ids: Collection[str]) -> list[Link]:
    """Operations, not undone, that drew from these lots after one of these operations added to them."""
    rows = session.execute(
        select(_added.c.operation_id, _taken.c.operation_id.label("later"), tables.lot.c.code)
        .join(_taken, and_(_taken.c.lot_id == _added.c.lot_id, _taken.c.id > _added.c.id, _taken.c.quantity_micros < 0))
        .join(tables.lot, tables.lot.c.id == _added.c.lot_id)
        .where(
            among(session, _added.c.lot_id, lot_ids),
            among(session, _added.c.operation_id, operation_ids),
            _added.c.quantity_micros > 0,
            _taken.c.operation_id != _added.c.operation_id,
            stands(_taken.c.operation_id),
        )
        .distinct()
    )
    return [Link(*row) for row in rows]


def load_holdings(session: Session, lot_ids: Iterable[int]) -> dict[int, Holding]:
    """The remaining quantities and costs of these lots."""
    rows = session.execute(
        select(tables.lot.c.id, tables.lot.c.remaining_micros, tables.lot.c.remaining_cost_micros).where(
            among(session, tables.lot.c.id, set(lot_ids))
        )
    )
    return {row.id: Holding(row.remaining_micros, row.remaining_cost_micros) for row in rows}


def load_holds(session: Session, operation_id: str) -> list[Any]:
    """The lots that this operation put on hold or released, and when."""
    return list(
        session.execute(
            select(tables.lot_hold).where(tables.lot_hold.c.operation_id == operation_id).order_by(tables.lot_hold.c.id)
        )
    )


def load_parts_since(session: Session, operation_id: str) -> list[int]:
    """Lots split off or carried over after this operation held or released theirs, at any depth."""
    split, carried, hold = tables.transfer, tables.unit_change, tables.lot_hold
    began = func.coalesce(split.c.happened_at, carried.c.happened_at, type_=split.c.happened_at.type)
    parts = (
        select(tables.lot.c.id)
        .outerjoin(split, split.c.new_lot_id == tables.lot.c.id)
        .outerjoin(carried, carried.c.new_lot_id == tables.lot.c.id)
        .join(hold, and_(hold.c.lot_id == tables.lot.c.parent_lot_id, began >= hold.c.happened_at))
        .where(hold.c.operation_id == operation_id)
        .cte("parts", recursive=True)
    )
    parts = parts.union(select(tables.lot.c.id).join(parts, tables.lot.c.parent_lot_id == parts.c.id))
    return list(session.scalars(select(parts.c.id)))


def load_transfers(session: Session, operation_id: str) -> list[Any]:
    """The lots that this operation moved; ``is_kept_apart`` if only the split-off part is on hold."""
    rows = session.execute(
        select(
            tables.transfer,
            _part.c.code.label("new_code"),
            (_part.c.on_hold & ~tables.lot.c.on_hold).label("is_kept_apart"),
        )
        .join(tables.lot, tables.lot.c.id == tables.transfer.c.lot_id)
        .outerjoin(_part, _part.c.id == tables.transfer.c.new_lot_id)
        .where(tables.transfer.c.operation_id == operation_id)
    )
    return list(rows)


def load_stated_measures(session: Session, operation_id: str) -> list[tuple[int, MeasureKind]]:
    """The item and the kind of every measure that this operation recorded."""
    measures = tables.item_measure.c
    stated = select(measures.item_id, measures.kind).where(measures.operation_id == operation_id)
    return [(row.item_id, row.kind) for row in session.execute(stated)]


def before_the_first(session: Session, item_id: int, kind: str) -> Fraction | None:
    """An item's weight before its first measure, from an older version or an import."""
    first = (
        select(tables.operation.c.result)
        .join(tables.item_measure, tables.item_measure.c.operation_id == tables.operation.c.id)
        .where(tables.item_measure.c.item_id == item_id, tables.item_measure.c.kind == kind)
        .order_by(tables.item_measure.c.id)
        .limit(1)
    )
    try:
        was = json.loads(session.execute(first).scalar_one_or_none() or "{}").get("was")
        return None if was is None else Fraction(was)
    except (ValueError, AttributeError):  # edited outside the program; verify reports the answer
        return None


@cache
def _family(dialect: str) -> CTE:
    own = select(tables.operation.c.id).where(among_given(tables.operation.c.id, dialect))
    family = own.cte("family", recursive=True)
    return family.union(select(tables.operation.c.id).join(family, tables.operation.c.parent_id == family.c.id))
