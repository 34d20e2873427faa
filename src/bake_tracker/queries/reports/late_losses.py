"""How much dearer production losses became when a cost was stated later; that counts on the day of the statement."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.outputs import divide
from bake_tracker.models import CostStatement, CostStatementLine, Item, ProductionOutput, ProductionRun, tables
from bake_tracker.models.ledger import Movement, movements
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.reports.periods import between, not_reversed, rows_of


class LateLoss(NamedTuple):
    """What a statement added to the cost of a product's loss; it has no quantity."""

    kind: str
    reason: str | None
    slug: str
    base_unit: str
    at: datetime
    quantity: int
    cost: int
    stated_at: datetime


@dataclass(slots=True)
class _Said:
    """What one statement added to what a run took, and to each lot that it made."""

    stated_at: datetime
    taken_micros: int = 0
    made_micros: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))


def load_late_losses(session: Session, house: BakeryInfo, since: date | None, until: date | None) -> Iterator[LateLoss]:
    """What the statements of a period added to the cost of losses; one statement, or four if there are any."""
    of_period = select(CostStatementLine.movement_id).join(
        CostStatement, CostStatement.operation_id == CostStatementLine.operation_id
    )
    restated = session.scalars(
        of_period.where(
            stands(tables.cost_statement_line.c.operation_id), *between(CostStatement.stated_at, house, since, until)
        )
    ).all()
    if not restated:
        return
    changed = session.scalars(select(Movement.operation_id).where(among(session, movements.c.id, set(restated))))
    of_runs = (
        among(session, tables.production_run.c.operation_id, set(changed)),
        not_reversed(ProductionRun.operation_id),
    )
    products: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows_of(session, _products().where(*of_runs)):
        products[row.run_id].append(row)
    for run_id, rows in groupby(rows_of(session, _movements().where(*of_runs)), key=lambda row: row.run_id):
        yield from _of_run(products[run_id], list(rows), house, since, until)


def _products() -> Any:
    def of(name: str) -> Any:
        return func.coalesce(ProductionOutput.__table__.c[name], ProductionRun.__table__.c[name]).label(name)

    return (
        select(
            ProductionRun.id.label("run_id"),
            ProductionRun.loss_reason,
            ProductionRun.total_cost_micros,
            ProductionOutput.share,
            of("lot_id"),
            of("expected_yield_micros"),
            of("actual_yield_micros"),
            Item.slug,
            Item.base_unit,
        )
        .outerjoin(ProductionOutput, ProductionOutput.production_run_id == ProductionRun.id)
        .join(Item, Item.id == func.coalesce(ProductionOutput.finished_unit_id, ProductionRun.finished_unit_id))
        .order_by(ProductionRun.id, ProductionOutput.id)
    )


def _movements() -> Any:
    """Every movement of runs, once for each statement about it, in the order of the statements."""
    line = and_(CostStatementLine.movement_id == Movement.id, stands(tables.cost_statement_line.c.operation_id))
    return (
        select(
            ProductionRun.id.label("run_id"),
            Movement.id,
            Movement.lot_id,
            Movement.quantity_micros,
            Movement.cost_micros,
            CostStatementLine.cost_statement_id,
            CostStatementLine.cost_micros.label("said"),
            CostStatement.stated_at,
        )
        .join(Movement, Movement.operation_id == ProductionRun.operation_id)
        .outerjoin(CostStatementLine, line)
        .outerjoin(CostStatement, CostStatement.id == CostStatementLine.cost_statement_id)
        .order_by(ProductionRun.id, CostStatementLine.cost_statement_id, Movement.id)
    )


def _of_run(
    products: Sequence[Any], rows: Sequence[Any], house: BakeryInfo, since: date | None, until: date | None
) -> Iterator[LateLoss]:
    draws = {row.id: row.cost_micros for row in rows if row.quantity_micros < 0}
    said: dict[int, _Said] = {}
    first: dict[int, int] = {}
    for row in rows:
        if row.cost_statement_id is None:
            continue
        one = said.setdefault(row.cost_statement_id, _Said(row.stated_at))
        if row.quantity_micros < 0:
            one.taken_micros -= row.said
            first.setdefault(row.id, row.cost_statement_id)
        else:
            one.made_micros[row.lot_id] += row.said
    unpriced = {key for key, cost in draws.items() if cost is None}
    if not unpriced <= first.keys():
        return  # its cost is still unknown
    known_by = max((first[key] for key in unpriced), default=0)
    total = -sum(cost or 0 for cost in draws.values())
    shares = [Fraction(one.share or 1) for one in products]
    before = [0] * len(products) if unpriced else divide(total, shares)
    kept: defaultdict[int | None, int] = defaultdict(int)
    for key in sorted(said):
        one = said[key]
        total += one.taken_micros
        for lot_id, more in one.made_micros.items():
            kept[lot_id] += more
        if key < known_by:
            continue
        after = divide(total, shares)
        for product, was, is_now in zip(products, before, after, strict=True):
            if product.expected_yield_micros > product.actual_yield_micros and _is_in(
                one.stated_at, house, since, until
            ):
                yield LateLoss(
                    "loss",
                    product.loss_reason,
                    product.slug,
                    product.base_unit,
                    one.stated_at,
                    0,
                    is_now - was - kept[product.lot_id],
                    one.stated_at,
                )
        before = after
        kept.clear()


def _is_in(at: datetime, house: BakeryInfo, since: date | None, until: date | None) -> bool:
    day = house.local_day(at)
    return (since is None or since <= day) and (until is None or day <= until)
