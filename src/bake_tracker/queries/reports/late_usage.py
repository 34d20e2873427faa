"""Costs that were stated after goods were used: they count in the reports on the day of the statement.

No row has a quantity; its other columns are those of the row whose cost it changes.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, null, or_, select
from sqlalchemy.orm import aliased

from bake_tracker.domain.stock.adjusting import TO_SOMEBODY
from bake_tracker.models import (
    Adjustment,
    AssemblyRun,
    CostStatement,
    CostStatementLine,
    Event,
    Item,
    Lot,
    ProductionRun,
    Recipient,
    tables,
)
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.reports.periods import between, not_reversed

_OF_ADJUSTMENT = and_(Adjustment.operation_id == Movement.operation_id, Adjustment.lot_id == Movement.lot_id)


def first_stated_at() -> ColumnElement[Any]:
    """When the unknown cost of a movement was stated; NULL if nobody has, or if it was known."""
    first = (
        select(func.min(CostStatement.stated_at))
        .join(CostStatementLine, CostStatementLine.operation_id == CostStatement.operation_id)
        .where(CostStatementLine.movement_id == Movement.id, stands(tables.cost_statement_line.c.operation_id))
        .correlate(Movement)
        .scalar_subquery()
    )
    unknown = and_(Movement.cost_micros.is_(None), Lot.remaining_cost_micros.is_not(None))
    return case((unknown, first), else_=null()).label("stated_at")


def known_at(operation_id: Any) -> ColumnElement[Any]:
    """When the last cost of what a run used was stated; NULL if some cost is still unknown, or nobody stated one."""
    drawn, taken, lot = aliased(Movement), aliased(Movement), aliased(Lot)
    last = (
        select(func.max(CostStatement.stated_at))
        .join(CostStatementLine, CostStatementLine.operation_id == CostStatement.operation_id)
        .join(drawn, drawn.id == CostStatementLine.movement_id)
        .where(drawn.operation_id == operation_id, stands(tables.cost_statement_line.c.operation_id))
        .scalar_subquery()
    )
    is_unknown = exists().where(
        taken.operation_id == operation_id,
        taken.quantity_micros < 0,
        lot.id == taken.lot_id,
        lot.remaining_cost_micros.is_(None),
    )
    return case((is_unknown, null()), else_=last).label("stated_at")


def stated_of_taken(house: BakeryInfo, since: date | None, until: date | None) -> Any:
    """Costs stated for goods that were used, wasted, given away, sold or corrected."""
    used_for = case(
        (ProductionRun.id.is_not(None), "baked"), (AssemblyRun.id.is_not(None), "packed"), else_=Adjustment.kind
    )
    return (
        _stated([used_for.label("used_for")], house, since, until, CostStatement.stated_at)
        .outerjoin(ProductionRun, ProductionRun.operation_id == Movement.operation_id)
        .outerjoin(AssemblyRun, AssemblyRun.operation_id == Movement.operation_id)
        .outerjoin(Adjustment, _OF_ADJUSTMENT)
        .where(or_(Movement.quantity_micros < 0, used_for == "return"), used_for.is_not(None))
    )


def stated_of_wasted(house: BakeryInfo, since: date | None, until: date | None) -> Any:
    """Costs stated for goods that were wasted or spoiled."""
    columns = (Adjustment.kind, Adjustment.reason)
    rows = _stated(columns, house, since, until, CostStatement.stated_at).join(Adjustment, _OF_ADJUSTMENT)
    return rows.where(Adjustment.kind.in_(("waste", "spoilage")))


def stated_of_handed_over(house: BakeryInfo, since: date | None, until: date | None) -> Any:
    """Costs stated for goods that customers got."""
    columns = (Recipient.slug.label("recipient"), Event.slug.label("event"), Adjustment.kind.label("what"))
    return (
        _stated(columns, house, since, until, Adjustment.happened_at)
        .join(Adjustment, _OF_ADJUSTMENT)
        .outerjoin(Recipient, Recipient.id == Adjustment.recipient_id)
        .outerjoin(Event, Event.id == Adjustment.event_id)
        .where(Adjustment.kind.in_(sorted(TO_SOMEBODY)))
    )


def stated_of_came_back(house: BakeryInfo, since: date | None, until: date | None) -> Any:
    """Costs stated for goods that customers brought back."""
    given = aliased(Adjustment)
    of_lot = and_(given.operation_id == Adjustment.of_operation_id, given.lot_id == Adjustment.lot_id)
    columns = (Recipient.slug.label("recipient"), Event.slug.label("event"), given.kind.label("what"))
    return (
        _stated(columns, house, since, until, given.happened_at)
        .join(Adjustment, _OF_ADJUSTMENT)
        .join(given, and_(of_lot, given.kind.in_(sorted(TO_SOMEBODY))))
        .outerjoin(Recipient, Recipient.id == Adjustment.recipient_id)
        .outerjoin(Event, Event.id == Adjustment.event_id)
        .where(Adjustment.kind == "return")
    )


def stated_of_made(house: BakeryInfo, since: date | None, until: date | None) -> Iterator[Any]:
    """Costs stated for goods that were made for events."""
    for run, what, at in (
        (ProductionRun, "baked", ProductionRun.produced_at),
        (AssemblyRun, "packed", AssemblyRun.assembled_at),
    ):
        columns = (null().label("recipient"), Event.slug.label("event"), literal(what).label("what"))
        rows = _stated(columns, house, since, until, at, sign=1).join(run, run.operation_id == Movement.operation_id)
        yield rows.join(Event, Event.id == run.event_id).where(Movement.quantity_micros > 0)


def _stated(
    columns: Iterable[Any], house: BakeryInfo, since: date | None, until: date | None, at: Any, *, sign: int = -1
) -> Any:
    """What the statements of a period changed in movements that were not undone."""
    return (
        select(
            *columns,
            Item.slug,
            Item.base_unit,
            at.label("at"),
            literal(0).label("quantity"),
            (sign * CostStatementLine.cost_micros).label("cost"),
            CostStatement.stated_at,
        )
        .select_from(CostStatementLine)
        .join(CostStatement, CostStatement.operation_id == CostStatementLine.operation_id)
        .join(Movement, Movement.id == CostStatementLine.movement_id)
        .join(Lot, Lot.id == CostStatementLine.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .where(
            Lot.remaining_cost_micros.is_not(None),
            stands(tables.cost_statement_line.c.operation_id),
            not_reversed(Movement.operation_id),
            *between(CostStatement.stated_at, house, since, until),
        )
    )
