"""Whether a lot may be used and until when, calculated from the holds and releases that were not undone."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands


class HoldState(NamedTuple):
    """Whether a lot is on hold, and the last day it may be used."""

    on_hold: bool
    usable_until: date | None


def load_hold_states(session: Session, lot_ids: Collection[int], *, at: datetime | None = None) -> dict[int, HoldState]:
    """The state of each lot, now or ``at`` a moment.

    A part starts in the state that its lot had at the split, and follows its own holds from then on.
    """
    lots = _with_ancestors(session, lot_ids)
    holds: dict[int, list[Any]] = {}
    rows = (
        select(tables.lot_hold, stands(tables.lot_hold.c.operation_id).label("stands"))
        .where(among(session, tables.lot_hold.c.lot_id, lots))
        .order_by(tables.lot_hold.c.id)
    )
    for row in session.execute(rows if at is None else rows.where(tables.lot_hold.c.happened_at <= at)):
        holds.setdefault(row.lot_id, []).append(row)
    return {lot_id: _state(lot_id, lots, holds) for lot_id in lot_ids}


def _with_ancestors(session: Session, lot_ids: Collection[int]) -> dict[int, Any]:
    """These lots and all that they were split off or carried over from, each with the time of that."""
    columns = (tables.lot.c.id, tables.lot.c.parent_lot_id, tables.lot.c.expires_on, tables.lot.c.operation_id)
    line = select(*columns).where(among(session, tables.lot.c.id, lot_ids)).cte("line", recursive=True)
    line = line.union(select(*columns).join(line, tables.lot.c.id == line.c.parent_lot_id))
    split, carried = tables.transfer, tables.unit_change
    began = func.coalesce(split.c.happened_at, carried.c.happened_at, type_=split.c.happened_at.type)
    rows = session.execute(
        select(line.c.id, line.c.parent_lot_id, line.c.expires_on, began.label("happened_at"))
        .outerjoin(split, split.c.operation_id == line.c.operation_id)
        .outerjoin(carried, carried.c.operation_id == line.c.operation_id)
    )
    return {row.id: row for row in rows}


def _state(lot_id: int, lots: dict[int, Any], holds: dict[int, list[Any]]) -> HoldState:
    # From the lot up to the first of its line; of each, only the holds before its part was split off count.
    line: list[tuple[Any, datetime | None]] = []
    lot, before = lots[lot_id], None
    while lot is not None:
        line.append((lot, before))
        before, lot = lot.happened_at, lots.get(lot.parent_lot_id)
    root = line[-1][0]
    first = holds.get(root.id, [None])[0]
    state = HoldState(first.was_on_hold, first.was_usable_until) if first else HoldState(False, root.expires_on)
    for lot, before in reversed(line):
        for row in holds.get(lot.id, ()):
            if row.stands and (before is None or row.happened_at <= before):
                state = HoldState(row.action == "hold", row.usable_until or state.usable_until)
    return state
