"""The days that another time zone would move: the calendar day of a moment depends on it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import exists, func, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.models import tables
from bake_tracker.queries.bakery import BakeryInfo

ROWS_AT_ONCE = 500


@dataclass(slots=True)
class MovedDays:
    """The days that move, of lots made here and in reports, and those ``kept`` because somebody stated them.

    ``sealed`` counts the stored days that a seal covers, so that they cannot move.
    """

    lots: dict[int, date] = field(default_factory=dict)
    kept: int = 0
    reports: int = 0
    sealed: int = 0


def load_moved_days(session: Session, before: BakeryInfo, after: BakeryInfo) -> MovedDays:
    """Compare every stored day with the day of its moment in the other time zone; three statements."""
    moved = MovedDays()
    if before.time_zone == after.time_zone:
        return moved
    for row in _rows(session, _made()):
        day = after.local_day(row.at)
        if row.day != day:
            moved.lots[row.lot_id] = day
            moved.sealed += row.is_sealed
    for row in _rows(session, _told()):
        if row.day == before.local_day(row.at) != after.local_day(row.at):
            moved.kept += 1
            moved.sealed += row.is_sealed
    for row in _rows(session, _reported()):
        moved.reports += before.local_day(row.at) != after.local_day(row.at)
    return moved


def _rows(session: Session, statement: Any) -> Iterator[Any]:
    yield from session.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE})


def _is_sealed(operation_id: Any) -> Any:
    return exists().where(tables.sealed_operation.c.operation_id == operation_id).label("is_sealed")


def _made() -> Any:
    """The lots that runs made, and all parts of them, each with the time of the run."""
    lot, run, packed = tables.lot, tables.production_run, tables.assembly_run
    first = select(lot.c.id.label("lot_id"), lot.c.operation_id.label("made_by")).where(lot.c.parent_lot_id.is_(None))
    line = first.cte("line", recursive=True)
    line = line.union(select(lot.c.id, line.c.made_by).join(line, lot.c.parent_lot_id == line.c.lot_id))
    at = func.coalesce(run.c.produced_at, packed.c.assembled_at, type_=run.c.produced_at.type).label("at")
    return (
        select(line.c.lot_id, lot.c.received_on.label("day"), at, _is_sealed(lot.c.operation_id))
        .join(lot, lot.c.id == line.c.lot_id)
        .outerjoin(run, run.c.operation_id == line.c.made_by)
        .outerjoin(packed, packed.c.operation_id == line.c.made_by)
        .where(at.is_not(None))
    )


def _told() -> Any:
    """The days of receipts, deliveries and measures, each with the time it was recorded."""
    stored = [
        (tables.lot, tables.lot.c.received_on, (~tables.lot.c.is_made, tables.lot.c.parent_lot_id.is_(None))),
        (tables.delivery, tables.delivery.c.delivered_on, ()),
        (tables.item_measure, tables.item_measure.c.measured_on, ()),
    ]
    at = tables.operation.c.recorded_at.label("at")
    return union_all(
        *(
            select(day.label("day"), at, _is_sealed(table.c.operation_id))
            .join(tables.operation, tables.operation.c.id == table.c.operation_id)
            .where(*conditions)
            for table, day, conditions in stored
        )
    )


def _reported() -> Any:
    """The times by which reports and pages put operations under a day."""
    adjusted = select(func.min(tables.adjustment.c.happened_at)).group_by(tables.adjustment.c.operation_id)
    return union_all(
        select(tables.production_run.c.produced_at.label("at")),
        select(tables.assembly_run.c.assembled_at),
        select(tables.stocktake.c.counted_at),
        select(tables.lot_hold.c.happened_at),
        select(tables.transfer.c.happened_at),
        select(tables.unit_change.c.happened_at),
        adjusted,
    )
