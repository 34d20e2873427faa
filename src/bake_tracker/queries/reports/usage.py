"""What left the stock, by reason and month, and for whom. Undone operations do not count.

Rows are streamed and totalled here, because months follow the bakery's time zone.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, TypedDict

from sqlalchemy import Select, and_, case, func, literal, null, or_, outerjoin, select
from sqlalchemy.orm import Session, aliased

from bake_tracker.domain.money import format_money
from bake_tracker.domain.stock.adjusting import TO_SOMEBODY
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Adjustment, AssemblyRun, Event, Item, Lot, ProductionOutput, ProductionRun, Recipient
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.reports.late_losses import load_late_losses
from bake_tracker.queries.reports.late_usage import (
    first_stated_at,
    known_at,
    stated_of_came_back,
    stated_of_handed_over,
    stated_of_made,
    stated_of_taken,
    stated_of_wasted,
)
from bake_tracker.queries.reports.periods import between, month_of, not_reversed, rows_of


class UsageRow(TypedDict):
    """An item's usage in a month for one purpose; the cost is None if any part is unknown. Returns are negative."""

    month: str
    item_slug: str
    used_for: str
    quantity: str
    unit: str
    cost: str | None


class WasteRow(TypedDict):
    """An item's losses in a month for one reason; ``loss`` is a production's shortfall against plan."""

    month: str
    kind: str
    reason: str | None
    item_slug: str
    quantity: str
    unit: str
    cost: str | None


class RecipientRow(TypedDict):
    """The goods a customer has, or that were made for an event; the cost is None if any part is unknown.

    ``came_back`` is what was returned of them since, which quantity and cost no longer include.
    """

    recipient: str | None
    event: str | None
    what: str
    item_slug: str
    quantity: str
    unit: str
    cost: str | None
    first_on: str
    last_on: str
    came_back: str


@dataclass(slots=True)
class _Sum:
    quantity_micros: int = 0
    cost_micros: int | None = 0
    first_on: date = date.max
    last_on: date = date.min

    def add_row(self, row: Any, day: date, is_stated_then: bool) -> None:
        """Add a movement; an unknown cost counts as 0 if the later statement of that cost is counted as well."""
        self.add(row.quantity, 0 if row.cost is None and is_stated_then else row.cost, day)

    def add(self, quantity_micros: int, cost_micros: int | None, day: date) -> None:
        known = None not in (self.cost_micros, cost_micros)
        self.quantity_micros += quantity_micros
        self.cost_micros = (self.cost_micros or 0) + (cost_micros or 0) if known else None
        self.first_on, self.last_on = min(self.first_on, day), max(self.last_on, day)


def load_usage(session: Session, since: date | None = None, until: date | None = None) -> list[UsageRow]:
    """Stock used in production and assembly, wasted, given away, sold or corrected, by month and item."""
    house = load_bakery(session)
    sums: defaultdict[Any, _Sum] = defaultdict(_Sum)
    for row in rows_of(session, *_taken(house, since, until), stated_of_taken(house, since, until)):
        day = house.local_day(row.at)
        key = (month_of(day), row.slug, row.used_for, row.base_unit)
        sums[key].add_row(row, day, _is_same_month(row, day, house) and _is_stated_in(row, house, since, until))
    return [
        {
            "month": month,
            "item_slug": slug,
            "used_for": used_for,
            "quantity": format_micros(one.quantity_micros),
            "unit": unit,
            "cost": format_money(one.cost_micros),
        }
        for (month, slug, used_for, unit), one in sorted(sums.items(), key=lambda pair: pair[0])
    ]


def load_waste(session: Session, since: date | None = None, until: date | None = None) -> list[WasteRow]:
    """Stock wasted, spoiled or lost in production, by month, kind, reason and item."""
    house = load_bakery(session)
    sums: defaultdict[Any, _Sum] = defaultdict(_Sum)
    rows = rows_of(session, *(of(house, since, until) for of in (_wasted, _lost, stated_of_wasted)))
    for row in chain(rows, load_late_losses(session, house, since, until)):
        day = house.local_day(row.at)
        key = (month_of(day), row.kind, row.reason, row.slug, row.base_unit)
        sums[key].add_row(row, day, _is_same_month(row, day, house) and _is_stated_in(row, house, since, until))
    return [
        {
            "month": month,
            "kind": kind,
            "reason": reason,
            "item_slug": slug,
            "quantity": format_micros(one.quantity_micros),
            "unit": unit,
            "cost": format_money(one.cost_micros),
        }
        for (month, kind, reason, slug, unit), one in _in_order(sums)
    ]


def load_recipients(session: Session, since: date | None = None, until: date | None = None) -> list[RecipientRow]:
    """The goods each customer was given or sold, without what came back of them, and those made for events."""
    house = load_bakery(session)
    sums: defaultdict[Any, _Sum] = defaultdict(_Sum)
    back: defaultdict[Any, int] = defaultdict(int)
    handed_over = (_handed_over(house, since, until), stated_of_handed_over(house, since, until))
    came_back = (_came_back(house, since, until), stated_of_came_back(house, since, until))
    made = (*_made_for_events(house, since, until), *stated_of_made(house, since, until))
    for row in rows_of(session, *handed_over, *came_back, *made):
        key = (row.recipient, row.event, row.what, row.slug, row.base_unit)
        sums[key].add_row(row, house.local_day(row.at), _is_stated_in(row, house, since, until))
        back[key] -= min(row.quantity, 0)
    return [
        {
            "recipient": recipient,
            "event": event,
            "what": what,
            "item_slug": slug,
            "quantity": format_micros(one.quantity_micros),
            "unit": unit,
            "cost": format_money(one.cost_micros),
            "first_on": one.first_on.isoformat(),
            "last_on": one.last_on.isoformat(),
            "came_back": format_micros(back[recipient, event, what, slug, unit]),
        }
        for (recipient, event, what, slug, unit), one in _in_order(sums)
    ]


def _taken(house: BakeryInfo, since: date | None, until: date | None) -> Iterator[Select[*tuple[Any, ...]]]:
    """Every movement out of a lot with its purpose, and what came back; moves do not count.

    Each kind of operation filters by its own time index, so that one month does not read all years.
    """
    baked = select(
        ProductionRun.operation_id, literal("baked").label("used_for"), ProductionRun.produced_at.label("at")
    ).where(*between(ProductionRun.produced_at, house, since, until))
    packed = select(
        AssemblyRun.operation_id, literal("packed").label("used_for"), AssemblyRun.assembled_at.label("at")
    ).where(*between(AssemblyRun.assembled_at, house, since, until))
    # All lines of an adjustment have the same kind and time.
    adjusted = (
        select(
            Adjustment.operation_id,
            func.min(Adjustment.kind).label("used_for"),
            func.min(Adjustment.happened_at).label("at"),
        )
        .where(*between(Adjustment.happened_at, house, since, until))
        .group_by(Adjustment.operation_id)
    )
    for purpose in (baked.subquery(), packed.subquery(), adjusted.subquery()):
        yield (
            select(
                purpose.c.used_for,
                purpose.c.at,
                Item.slug,
                Item.base_unit,
                (-Movement.quantity_micros).label("quantity"),
                (-Movement.cost_micros).label("cost"),
                first_stated_at(),
            )
            .join(Movement, Movement.operation_id == purpose.c.operation_id)
            .join(Lot, Lot.id == Movement.lot_id)
            .join(Item, Item.id == Lot.item_id)
            .where(
                or_(Movement.quantity_micros < 0, purpose.c.used_for == "return"), not_reversed(Movement.operation_id)
            )
        )


def _adjusted(*columns: Any, at: Any = Adjustment.happened_at) -> Select[*tuple[Any, ...]]:
    """Adjustments that were not undone, with the cost of their movements."""
    return (
        select(
            *columns,
            Item.slug,
            Item.base_unit,
            at.label("at"),
            (-Adjustment.quantity_micros).label("quantity"),
            (-Movement.cost_micros).label("cost"),
            first_stated_at(),
        )
        .join(Lot, Lot.id == Adjustment.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .join(
            Movement,
            and_(
                Movement.operation_id == Adjustment.operation_id,
                Movement.lot_id == Adjustment.lot_id,
                Movement.quantity_micros == Adjustment.quantity_micros,
            ),
        )
        .where(not_reversed(Adjustment.operation_id))
    )


def _wasted(house: BakeryInfo, since: date | None, until: date | None) -> Select[*tuple[Any, ...]]:
    return _adjusted(Adjustment.kind, Adjustment.reason).where(
        Adjustment.kind.in_(("waste", "spoilage")), *between(Adjustment.happened_at, house, since, until)
    )


def _lost(house: BakeryInfo, since: date | None, until: date | None) -> Select[*tuple[Any, ...]]:
    """What was lost of each product."""
    expected, actual, item_id = (
        func.coalesce(ProductionOutput.__table__.c[name], ProductionRun.__table__.c[name])
        for name in ("expected_yield_micros", "actual_yield_micros", "finished_unit_id")
    )
    of_output = ProductionOutput.id.is_not(None)
    return (
        select(
            literal("loss").label("kind"),
            ProductionRun.loss_reason.label("reason"),
            Item.slug,
            Item.base_unit,
            ProductionRun.produced_at.label("at"),
            (expected - actual).label("quantity"),
            case((of_output, ProductionOutput.loss_cost_micros), else_=ProductionRun.loss_cost_micros).label("cost"),
            known_at(ProductionRun.operation_id),
        )
        .select_from(ProductionRun)
        .outerjoin(ProductionOutput, ProductionOutput.production_run_id == ProductionRun.id)
        .join(Item, Item.id == item_id)
        .where(
            expected > actual,
            not_reversed(ProductionRun.operation_id),
            *between(ProductionRun.produced_at, house, since, until),
        )
    )


def _handed_over(house: BakeryInfo, since: date | None, until: date | None) -> Select[*tuple[Any, ...]]:
    columns = (Recipient.slug.label("recipient"), Event.slug.label("event"), Adjustment.kind.label("what"))
    return (
        _adjusted(*columns)
        .outerjoin(Recipient, Recipient.id == Adjustment.recipient_id)
        .outerjoin(Event, Event.id == Adjustment.event_id)
        .where(Adjustment.kind.in_(sorted(TO_SOMEBODY)), *between(Adjustment.happened_at, house, since, until))
    )


def _came_back(house: BakeryInfo, since: date | None, until: date | None) -> Select[*tuple[Any, ...]]:
    """What came back since of the goods handed over in this period."""
    handed_over = aliased(Adjustment)
    of_lot = and_(handed_over.operation_id == Adjustment.of_operation_id, handed_over.lot_id == Adjustment.lot_id)
    columns = (Recipient.slug.label("recipient"), Event.slug.label("event"), handed_over.kind.label("what"))
    return (
        _adjusted(*columns, at=handed_over.happened_at)
        .join(handed_over, and_(of_lot, handed_over.kind.in_(sorted(TO_SOMEBODY))))
        .outerjoin(Recipient, Recipient.id == Adjustment.recipient_id)
        .outerjoin(Event, Event.id == Adjustment.event_id)
        .where(Adjustment.kind == "return", *between(handed_over.happened_at, house, since, until))
    )


def _made_for_events(house: BakeryInfo, since: date | None, until: date | None) -> Iterator[Select[*tuple[Any, ...]]]:
    of_output = case((ProductionOutput.id.is_(None), ProductionRun.lot_id), else_=ProductionOutput.lot_id)
    outputs = outerjoin(ProductionRun, ProductionOutput, ProductionOutput.production_run_id == ProductionRun.id)
    for run, runs, what, at, lot_id in (
        (ProductionRun, outputs, "baked", ProductionRun.produced_at, of_output),
        (AssemblyRun, AssemblyRun.__table__, "packed", AssemblyRun.assembled_at, AssemblyRun.lot_id),
    ):
        yield (
            select(
                null().label("recipient"),
                Event.slug.label("event"),
                literal(what).label("what"),
                Item.slug,
                Item.base_unit,
                at.label("at"),
                Lot.quantity_micros.label("quantity"),
                Lot.cost_micros.label("cost"),
                known_at(run.operation_id),
            )
            .select_from(runs)
            .join(Event, Event.id == run.event_id)
            .join(Lot, Lot.id == lot_id)
            .join(Item, Item.id == Lot.item_id)
            .where(not_reversed(run.operation_id), *between(at, house, since, until))
        )


def _is_stated_in(row: Any, house: BakeryInfo, since: date | None, until: date | None) -> bool:
    """Whether the statement of a row's cost counts in this period."""
    if row.stated_at is None:
        return False
    return (since or date.min) <= house.local_day(row.stated_at) <= (until or date.max)


def _is_same_month(row: Any, day: date, house: BakeryInfo) -> bool:
    return row.stated_at is not None and month_of(house.local_day(row.stated_at)) == month_of(day)


def _in_order(sums: dict[Any, _Sum]) -> list[tuple[tuple[Any, ...], _Sum]]:
    """Sorted by key, missing values last."""
    return sorted(sums.items(), key=lambda pair: [(part is None, part or "") for part in pair[0]])
