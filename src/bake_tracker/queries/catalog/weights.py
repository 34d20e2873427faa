"""What a volume or a piece of an item and of each of its lots weighs, by the measures that were not undone."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.weights import StatedWeight, weights_of
from bake_tracker.domain.units import COLUMN_OF_MEASURE, MeasureKind
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import before_the_first, stands

_measure, _lot, _operation = tables.item_measure, tables.lot, tables.operation


@dataclass(frozen=True, slots=True)
class InForce:
    """The measure that holds for an item or for one of its lots."""

    measure_id: int
    operation_id: str
    weight: StatedWeight
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Weights:
    """What an item weighs by its measures, and each lot that differs from it."""

    of_item: Fraction | None
    of_lots: dict[int, Fraction]


def load_in_force(session: Session, item_id: int, kind: MeasureKind) -> dict[int | None, InForce]:
    """The measure in force for the item, under None, and for each lot that has one of its own; one statement."""
    rows = session.execute(
        select(_measure, _operation.c.recorded_at)
        .join(_operation, _operation.c.id == _measure.c.operation_id)
        .where(_measure.c.item_id == item_id, _measure.c.kind == kind, stands(_measure.c.operation_id))
        .order_by(_measure.c.id)
    )
    return {row.lot_id: InForce(row.id, row.operation_id, _stated(row), row.recorded_at) for row in rows}


def load_weights(
    session: Session, item_ids: Collection[int], kind: MeasureKind, *, without: str | None = None
) -> dict[int, Weights]:
    """The weights of these items and their lots, as if the operation ``without`` were undone; two statements.

    One more statement for each item whose first measure was undone.
    """
    measures: defaultdict[int, list[StatedWeight]] = defaultdict(list)
    rows = session.execute(
        select(_measure)
        .where(among(session, _measure.c.item_id, item_ids), _measure.c.kind == kind, stands(_measure.c.operation_id))
        .order_by(_measure.c.id)
    )
    for row in rows:
        if row.operation_id != without:
            measures[row.item_id].append(_stated(row))
    parents: defaultdict[int, dict[int, int | None]] = defaultdict(dict)
    lots = select(_lot.c.id, _lot.c.item_id, _lot.c.parent_lot_id).where(among(session, _lot.c.item_id, item_ids))
    for lot_id, item_id, parent_id in session.execute(lots):
        parents[item_id][lot_id] = parent_id
    found = {}
    for item_id in item_ids:
        stated = measures[item_id]
        found[item_id] = Weights(*weights_of(stated, _before(session, item_id, kind, stated), parents[item_id]))
    return found


def _before(session: Session, item_id: int, kind: MeasureKind, stated: Sequence[StatedWeight]) -> Fraction | None:
    """The weight before the first measure, if any lot still has it."""
    of_item = [one for one in stated if one.lot_id is None]
    return None if of_item and of_item[0].since_lot_id is None else before_the_first(session, item_id, kind)


def load_changed_lots(
    session: Session, item_id: int, kind: MeasureKind, weights: Weights
) -> dict[int, Fraction | None]:
    """The lots of an item whose own weight is wrong, and what it should be; one statement."""
    column = _lot.c[COLUMN_OF_MEASURE[kind]]
    rows = session.execute(select(_lot.c.id, column.label("own")).where(_lot.c.item_id == item_id).order_by(_lot.c.id))
    return {row.id: weights.of_lots.get(row.id) for row in rows if row.own != weights.of_lots.get(row.id)}


def load_last_lot(session: Session, item_id: int, *, by: datetime | None = None) -> int:
    """The latest lot of an item, or the latest that was recorded by then; 0 if there is none."""
    latest = select(func.coalesce(func.max(_lot.c.id), 0)).where(_lot.c.item_id == item_id)
    if by is not None:
        latest = latest.join(_operation, _operation.c.id == _lot.c.operation_id).where(_operation.c.recorded_at <= by)
    return int(session.execute(latest).scalar_one())


def load_root(session: Session, lot_id: int) -> Any:
    """The first lot of its item that this one was split from, or itself; None if there is no such lot."""
    columns = (_lot.c.id, _lot.c.parent_lot_id, _lot.c.item_id)
    line = select(*columns).where(_lot.c.id == lot_id).cte("line", recursive=True)
    same = and_(_lot.c.id == line.c.parent_lot_id, _lot.c.item_id == line.c.item_id)
    line = line.union(select(*columns).join(line, same))
    return session.execute(select(_lot).join(line, line.c.id == _lot.c.id).order_by(_lot.c.id).limit(1)).first()


def _stated(row: Any) -> StatedWeight:
    return StatedWeight(row.value, row.lot_id, row.since_lot_id, row.last_lot_id)
