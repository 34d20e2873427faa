"""What the stock was worth at the end of each day: what it is worth now, and back from there day by day."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any, TypedDict, cast

from sqlalchemy import Table, and_, case, func, null, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.models import Adjustment, AssemblyRun, Item, Lot, Operation, ProductionRun
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.reports.periods import between, rows_of

_movements = cast(Table, Movement.__table__)
_lots = cast(Table, Lot.__table__)
_items = cast(Table, Item.__table__)
_operations = cast(Table, Operation.__table__)
_baked = cast(Table, ProductionRun.__table__)
_packed = cast(Table, AssemblyRun.__table__)
_adjusted = cast(Table, Adjustment.__table__)
KINDS = ("ingredient", "material", "finished_unit", "finished_good")


class ValueOfDay(TypedDict):
    """The known value at the end of a day, by kind of item; a lot without a known cost is in none."""

    day: str
    ingredient: str
    material: str
    finished_unit: str
    finished_good: str
    total: str


def load_stock_value_by_day(session: Session, since: date, today: date) -> list[ValueOfDay]:
    """Every day from ``since`` to ``today``; three statements.

    A day is the day on which something happened, where the bakery is, though it was recorded later. What was undone
    did not happen.
    """
    house = load_bakery(session)
    worth: defaultdict[str, int] = defaultdict(int)
    now = select(_items.c.kind, func.sum(_lots.c.remaining_cost_micros)).join(_items, _items.c.id == _lots.c.item_id)
    for kind, cost in session.execute(now.where(_lots.c.remaining_micros > 0).group_by(_items.c.kind)):
        worth[kind] = int(cost or 0)
    changes: defaultdict[date, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows_of(session, _changes(house, since)):
        changes[min(_day_of(row, house), today)][row.kind] += row.cost_micros
    rows: list[ValueOfDay] = []
    day = today
    while day >= since:
        rows.append(_told(day, worth))
        for kind, cost in changes[day].items():
            worth[kind] -= cost
        day -= timedelta(days=1)
    return rows[::-1]


def _changes(house: BakeryInfo, since: date) -> Any:
    """Everything recorded since: nothing is recorded before it happens, so that is all that can have happened since."""
    # One operation of adjustments has one moment, however many lots.
    moment = select(func.min(_adjusted.c.happened_at)).where(_adjusted.c.operation_id == _movements.c.operation_id)
    adjusted = moment.scalar_subquery()
    # What was split off a lot came in with that, and moved only now.
    came_in = and_(_lots.c.operation_id == _movements.c.operation_id, _lots.c.parent_lot_id.is_(None))
    return (
        select(
            _items.c.kind,
            _movements.c.cost_micros,
            func.coalesce(_baked.c.produced_at, _packed.c.assembled_at, adjusted).label("happened_at"),
            case((came_in, _lots.c.received_on), else_=null()).label("received_on"),
            _operations.c.recorded_at,
        )
        .join(_operations, _operations.c.id == _movements.c.operation_id)
        .join(_lots, _lots.c.id == _movements.c.lot_id)
        .join(_items, _items.c.id == _lots.c.item_id)
        .outerjoin(_baked, _baked.c.operation_id == _movements.c.operation_id)
        .outerjoin(_packed, _packed.c.operation_id == _movements.c.operation_id)
        .where(
            _movements.c.cost_micros.is_not(None),
            stands(_movements.c.operation_id),
            *between(_operations.c.recorded_at, house, since, None),
        )
    )


def _day_of(row: Any, house: BakeryInfo) -> date:
    recorded_on = house.local_day(row.recorded_at)
    if row.happened_at is not None:
        return min(house.local_day(cast(datetime, row.happened_at)), recorded_on)
    return min(cast(date, row.received_on), recorded_on) if row.received_on is not None else recorded_on


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
