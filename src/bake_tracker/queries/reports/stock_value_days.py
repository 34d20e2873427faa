"""The stock's value at the end of each day, calculated backwards from today."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, TypedDict, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.reports.periods import between, rows_of

KINDS = ("ingredient", "material", "finished_unit", "finished_good")


class ValueOfDay(TypedDict):
    """The known value at the end of a day, by kind of item, without lots of unknown cost."""

    day: str
    ingredient: str
    material: str
    finished_unit: str
    finished_good: str
    total: str


def load_stock_value_by_day(session: Session, since: date, today: date) -> list[ValueOfDay]:
    """Every day from ``since`` to ``today``; four statements.

    A change counts on the day it happened, in the bakery's time zone, even if it was recorded later. Undone operations
    do not count. A cost that was stated later counts from the day of its statement.
    """
    house = load_bakery(session)
    worth: defaultdict[str, int] = defaultdict(int)
    now = select(tables.item.c.kind, func.sum(tables.lot.c.remaining_cost_micros)).join(
        tables.item, tables.item.c.id == tables.lot.c.item_id
    )
    for kind, cost in session.execute(now.where(tables.lot.c.remaining_micros > 0).group_by(tables.item.c.kind)):
        worth[kind] = int(cost or 0)
    changes: defaultdict[date, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows_of(session, _changes(house, since)):
        changes[min(house.local_day(row.happened_at), today)][row.kind] += row.cost_micros
    for row in rows_of(session, _stated(house, since)):
        changes[min(house.local_day(row.stated_at), today)][row.kind] += row.cost_micros
    rows: list[ValueOfDay] = []
    day = today
    while day >= since:
        rows.append(_told(day, worth))
        for kind, cost in changes[day].items():
            worth[kind] -= cost
        day -= timedelta(days=1)
    return rows[::-1]


def _changes(house: BakeryInfo, since: date) -> Any:
    """All changes recorded since then; changes are recorded on or after the day they happen, so none is missing."""
    return (
        select(tables.item.c.kind, movements.c.cost_micros, movements.c.happened_at)
        .join(tables.operation, tables.operation.c.id == movements.c.operation_id)
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .where(
            movements.c.cost_micros.is_not(None),
            movements.c.quantity_micros != 0,
            stands(movements.c.operation_id),
            *between(tables.operation.c.recorded_at, house, since, None),
        )
    )


def _stated(house: BakeryInfo, since: date) -> Any:
    """What statements added to the cost of movements that were not undone."""
    line, statement = tables.cost_statement_line, tables.cost_statement
    return (
        select(tables.item.c.kind, line.c.cost_micros, statement.c.stated_at)
        .join(statement, statement.c.operation_id == line.c.operation_id)
        .join(movements, movements.c.id == line.c.movement_id)
        .join(tables.lot, tables.lot.c.id == line.c.lot_id)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .where(
            tables.lot.c.remaining_cost_micros.is_not(None),
            stands(line.c.operation_id),
            stands(movements.c.operation_id),
            *between(statement.c.stated_at, house, since, None),
        )
    )


def _told(day: date, worth: defaultdict[str, int]) -> ValueOfDay:
    of = {kind: cast(str, format_money(worth[kind])) for kind in KINDS}
    return {
        "day": day.isoformat(),
        "ingredient": of["ingredient"],
        "material": of["material"],
        "finished_unit": of["finished_unit"],
        "finished_good": of["finished_good"],
        "total": cast(str, format_money(sum(worth.values()))),
    }
