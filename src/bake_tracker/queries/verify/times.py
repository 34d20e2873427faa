"""Verify the time of every movement against its operation, and whether counts agree with later records."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from bake_tracker.domain.units import format_micros
from bake_tracker.models import (
    Adjustment,
    AssemblyRun,
    CostStatement,
    CountAnswer,
    Lot,
    Operation,
    ProductionRun,
    Reversal,
    Stocktake,
    StocktakeLine,
    Transfer,
    UnitChange,
)
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.stock.arrival_times import RECEIVING, load_mistimed_arrivals
from bake_tracker.queries.verify.drift import Drift, Rows, drift


def time_drift(session: Session) -> Iterator[Drift]:
    """Every movement whose time is not that of its operation, and every correction of a count that does not fit it."""
    yield from _times(session)
    yield from _arrivals(session)
    yield from _corrections(session)


def time_notes(session: Session) -> Iterator[Drift]:
    """Every count that later records contradict, and every lot that was below zero at some moment.

    This version refuses both. Earlier versions did not, and no version notices a computer clock that was set back. If a
    time zone is corrected, goods come in when their day begins there, which may be after they were used.
    """
    yield from _counts(session)
    yield from _below_zero(session)


def _times(session: Session) -> Iterator[Drift]:
    for row in session.execute(_mistimed()):
        yield _unlike(row.id, row.operation_id, _text(row.expected), _text(row.happened_at))


@cache
def _mistimed() -> Rows:
    undone = aliased(Movement)
    of_undone = (
        select(func.min(undone.happened_at))
        .join(Reversal, Reversal.reversed_operation_id == undone.operation_id)
        .where(Reversal.operation_id == Movement.operation_id)
        .scalar_subquery()
    )
    own = [
        select(func.min(column)).where(table.operation_id == Movement.operation_id).scalar_subquery()
        for table, column in (
            (ProductionRun, ProductionRun.produced_at),
            (AssemblyRun, AssemblyRun.assembled_at),
            (Adjustment, Adjustment.happened_at),
            (Transfer, Transfer.happened_at),
            (UnitChange, UnitChange.happened_at),
            (CostStatement, CostStatement.stated_at),
        )
    ]
    expected = func.coalesce(of_undone, *own, Operation.recorded_at).label("expected")
    return (
        select(Movement.id, Movement.operation_id, Movement.happened_at, expected)
        .join(Operation, Operation.id == Movement.operation_id)
        .where(Operation.name.not_in(RECEIVING), Movement.happened_at != expected)
        .order_by(Movement.id)
    )


def _arrivals(session: Session) -> Iterator[Drift]:
    for one in load_mistimed_arrivals(session, load_bakery(session)):
        yield _unlike(one.movement_id, one.operation_id, _text(one.expected), _text(one.happened_at))


def _corrections(session: Session) -> Iterator[Drift]:
    for row in session.execute(_answered_before()):
        said = f"{format_micros(row.quantity_micros)} as stocktake at {_text(row.counted_at)}"
        posted = "none" if row.posted is None else format_micros(row.posted)
        if (row.posted, row.happened_at, row.kind) != (row.quantity_micros, row.counted_at, "stocktake"):
            yield drift("correction of a count", row.id, said, f"{posted} as {row.kind} at {_text(row.happened_at)}")
        if row.alone:
            yield drift("correction of an undone count", row.id, "undone with it", "it stands")


@cache
def _answered_before() -> Rows:
    answer, count = CountAnswer.__table__, Stocktake.__table__
    same = and_(Adjustment.operation_id == CountAnswer.operation_id, Adjustment.lot_id == StocktakeLine.lot_id)
    return (
        select(
            CountAnswer.id,
            CountAnswer.quantity_micros,
            Stocktake.counted_at,
            Adjustment.quantity_micros.label("posted"),
            Adjustment.happened_at,
            Adjustment.kind,
            and_(stands(answer.c.operation_id), ~stands(count.c.operation_id)).label("alone"),
        )
        .join(StocktakeLine, StocktakeLine.id == CountAnswer.stocktake_line_id)
        .join(Stocktake, Stocktake.id == StocktakeLine.stocktake_id)
        .outerjoin(Adjustment, same)
        .where(CountAnswer.saw == "before")
        .order_by(CountAnswer.id)
    )


def _counts(session: Session) -> Iterator[Drift]:
    for row in session.execute(_contradicted()):
        counted, found = format_micros(int(row.expected)), format_micros(int(row.held))
        yield drift("lot at its count", f"{row.code} at {_text(row.counted_at)}", counted, found)


@cache
def _contradicted() -> Rows:
    held = (
        select(func.coalesce(func.sum(Movement.quantity_micros), 0))
        .where(Movement.lot_id == StocktakeLine.lot_id, Movement.happened_at <= Stocktake.counted_at)
        .scalar_subquery()
    )
    is_undone = exists().where(Reversal.reversed_operation_id == CountAnswer.operation_id)
    unseen = (
        select(func.coalesce(func.sum(CountAnswer.quantity_micros), 0))
        .where(CountAnswer.stocktake_line_id == StocktakeLine.id, CountAnswer.saw == "after", ~is_undone)
        .scalar_subquery()
    )
    expected = StocktakeLine.counted_micros + unseen
    return (
        select(Lot.code, Stocktake.counted_at, expected.label("expected"), held.label("held"))
        .join(Stocktake, Stocktake.id == StocktakeLine.stocktake_id)
        .join(Lot, Lot.id == StocktakeLine.lot_id)
        .where(stands(Stocktake.__table__.c.operation_id), expected != held)
        .order_by(StocktakeLine.id)
    )


def _below_zero(session: Session) -> Iterator[Drift]:
    for row in session.execute(_once_below_zero()):
        least = format_micros(int(row.least))
        yield drift("lot below zero", f"{row.code} from {_text(row.first)}", format_micros(0), least)


@cache
def _once_below_zero() -> Rows:
    by_moment = (
        select(Movement.lot_id, Movement.happened_at, func.sum(Movement.quantity_micros).label("change"))
        .group_by(Movement.lot_id, Movement.happened_at)
        .subquery()
    )
    so_far = func.sum(by_moment.c.change).over(partition_by=by_moment.c.lot_id, order_by=by_moment.c.happened_at)
    held = select(by_moment.c.lot_id, by_moment.c.happened_at, so_far.label("held")).subquery()
    return (
        select(Lot.code, func.min(held.c.happened_at).label("first"), func.min(held.c.held).label("least"))
        .join(held, held.c.lot_id == Lot.id)
        .where(held.c.held < 0)
        .group_by(Lot.id, Lot.code)
        .order_by(Lot.id)
    )


def _unlike(movement_id: int, operation_id: str, expected: str, found: str) -> Drift:
    return drift("time of a movement", f"{operation_id} (movement {movement_id})", expected, found)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
