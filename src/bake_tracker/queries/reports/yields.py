"""Yields and costs of productions against their plan. Undone operations do not count."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Any, TypedDict

from sqlalchemy import ColumnElement, Select, case, func, select, tuple_
from sqlalchemy.orm import Session

from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.stock.costing import production_status
from bake_tracker.domain.stock.outputs import divide
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.models import Item, ProductionOutput, ProductionRun, Recipe
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.operations.costs import run_cost_now
from bake_tracker.queries.operations.history import key_of_run
from bake_tracker.queries.reports.periods import between, month_of, not_reversed, rows_of


class Compared(TypedDict):
    """Actual against planned yield; ``loss_percent`` is negative if the yield was above plan.

    ``planned_unit_cost`` is the cost of one at the planned yield, ``unit_cost`` at the actual yield. Both are None if
    the cost is unknown, and the latter also if the yield was 0.
    """

    planned: str
    actual: str
    unit: str
    loss_percent: str
    cost: str | None
    planned_unit_cost: str | None
    unit_cost: str | None


class YieldRow(Compared):
    """All productions of a recipe for one product in a month; the batches of a run count with its first product."""

    month: str
    recipe_slug: str
    product_slug: str
    runs: int
    batches: int


class RunYieldRow(Compared):
    """One production, or one product of it if there were several; the batches count with the first product."""

    at: str
    recipe_slug: str
    product_slug: str
    batches: int
    scale_factor: str
    status: str
    loss_reason: str | None
    operation_id: str


@dataclass(slots=True)
class _Sum:
    runs: int = 0
    batches: int = 0
    planned_micros: int = 0
    actual_micros: int = 0
    cost_micros: int | None = 0

    def add(self, run: Any, cost_micros: int | None) -> None:
        known = None not in (self.cost_micros, cost_micros)
        self.runs += 1
        self.batches += run.num_batches
        self.planned_micros += run.expected_yield_micros
        self.actual_micros += run.actual_yield_micros
        self.cost_micros = (self.cost_micros or 0) + (cost_micros or 0) if known else None


def load_yields_by_month(session: Session, since: date | None = None, until: date | None = None) -> list[YieldRow]:
    """By month, recipe and product, from ``since`` to ``until``; two statements."""
    house = load_bakery(session)
    sums: defaultdict[tuple[str, str, str, str], _Sum] = defaultdict(_Sum)
    runs = _runs().where(*_counted(house, since, until)).order_by(ProductionRun.id, ProductionOutput.id)
    for run, cost in _costed(rows_of(session, runs)):
        month = month_of(house.local_day(run.produced_at))
        sums[month, run.recipe_slug, run.product_slug, run.base_unit].add(run, cost)
    return [
        {
            "month": month,
            "recipe_slug": recipe_slug,
            "product_slug": product_slug,
            "runs": one.runs,
            "batches": one.batches,
            **_compared(one.planned_micros, one.actual_micros, one.cost_micros, unit),
        }
        for (month, recipe_slug, product_slug, unit), one in sorted(sums.items(), key=lambda pair: pair[0])
    ]


def load_run_yields(
    session: Session,
    since: date | None = None,
    until: date | None = None,
    *,
    limit: int,
    before: str | None = None,
) -> list[RunYieldRow]:
    """The latest ``limit`` productions of the period, or those before ``before``; two or three statements.

    A production with several products has a row for each.

    Raises:
        OperationNotFoundError: no run, or more than one, has an id that begins with ``before``.
    """
    house = load_bakery(session)
    newest_first = (ProductionRun.produced_at.desc(), ProductionRun.id.desc())
    latest = select(ProductionRun.id).where(*_counted(house, since, until)).order_by(*newest_first).limit(limit)
    if before is not None:
        key = key_of_run(session, before)
        newest = tuple_(ProductionRun.produced_at, ProductionRun.id)
        latest = latest.where(newest < tuple_(key["at"], key["production_id"]))
    cut = latest.subquery()
    runs = _runs().join(cut, cut.c.id == ProductionRun.id).order_by(*newest_first, ProductionOutput.id)
    return [_run(run, cost, house) for run, cost in _costed(rows_of(session, runs))]


def _counted(house: BakeryInfo, since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    return [not_reversed(ProductionRun.operation_id), *between(ProductionRun.produced_at, house, since, until)]


def _runs() -> Select[*tuple[Any, ...]]:
    """Runs, once for each product that came out."""
    return (
        select(
            ProductionRun.produced_at,
            ProductionRun.operation_id,
            case(
                (ProductionOutput.finished_unit_id != ProductionRun.finished_unit_id, 0),
                else_=ProductionRun.num_batches,
            ).label("num_batches"),
            ProductionRun.scale_factor,
            func.coalesce(ProductionOutput.expected_yield_micros, ProductionRun.expected_yield_micros).label(
                "expected_yield_micros"
            ),
            func.coalesce(ProductionOutput.actual_yield_micros, ProductionRun.actual_yield_micros).label(
                "actual_yield_micros"
            ),
            ProductionRun.loss_reason,
            run_cost_now(ProductionRun.operation_id, ProductionRun.total_cost_micros).label("cost_micros"),
            ProductionOutput.share,
            Recipe.slug.label("recipe_slug"),
            Item.slug.label("product_slug"),
            Item.base_unit,
        )
        .select_from(ProductionRun)
        .outerjoin(ProductionOutput, ProductionOutput.production_run_id == ProductionRun.id)
        .join(Recipe, Recipe.id == ProductionRun.recipe_id)
        .join(Item, Item.id == func.coalesce(ProductionOutput.finished_unit_id, ProductionRun.finished_unit_id))
    )


def _costed(rows: Iterable[Any]) -> Iterator[tuple[Any, int | None]]:
    """Each product of a run with its part of what the run cost as known now; the products of a run are together."""
    for _, of_run in groupby(rows, key=lambda run: run.operation_id):
        products = list(of_run)
        cost, shares = products[0].cost_micros, [Fraction(one.share or 1) for one in products]
        yield from zip(products, [None] * len(products) if cost is None else divide(cost, shares), strict=True)


def _run(run: Any, cost_micros: int | None, house: BakeryInfo) -> RunYieldRow:
    compared = _compared(run.expected_yield_micros, run.actual_yield_micros, cost_micros, run.base_unit)
    return {
        "at": house.local_time(run.produced_at).isoformat(timespec="minutes"),
        "recipe_slug": run.recipe_slug,
        "product_slug": run.product_slug,
        "batches": run.num_batches,
        "scale_factor": run.scale_factor,
        **compared,
        "status": production_status(run.expected_yield_micros, run.actual_yield_micros),
        "loss_reason": run.loss_reason,
        "operation_id": run.operation_id,
    }


def _compared(planned_micros: int, actual_micros: int, cost_micros: int | None, unit: str) -> Compared:
    return {
        "planned": format_micros(planned_micros),
        "actual": format_micros(actual_micros),
        "unit": unit,
        "loss_percent": _percent(planned_micros - actual_micros, planned_micros),
        "cost": format_money(cost_micros),
        "planned_unit_cost": _each(cost_micros, planned_micros),
        "unit_cost": _each(cost_micros, actual_micros),
    }


def _percent(part: int, whole: int) -> str:
    return format_micros(divide_half_even(part * 10_000, whole) * (MICRO // 100))


def _each(cost_micros: int | None, micros: int) -> str | None:
    return None if cost_micros is None or not micros else format_money(divide_half_even(cost_micros * MICRO, micros))
