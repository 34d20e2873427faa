"""Yields and costs of productions against their plan. Undone operations do not count."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.models import Item, ProductionRun, Recipe
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
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
    """All productions of a recipe for one product in a month."""

    month: str
    recipe_slug: str
    product_slug: str
    runs: int
    batches: int


class RunYieldRow(Compared):
    """One production."""

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

    def add(self, run: Any) -> None:
        known = None not in (self.cost_micros, run.total_cost_micros)
        self.runs += 1
        self.batches += run.num_batches
        self.planned_micros += run.expected_yield_micros
        self.actual_micros += run.actual_yield_micros
        self.cost_micros = (self.cost_micros or 0) + (run.total_cost_micros or 0) if known else None


def load_yields_by_month(session: Session, since: date | None = None, until: date | None = None) -> list[YieldRow]:
    """By month, recipe and product, from ``since`` to ``until``; two statements."""
    house = load_bakery(session)
    sums: defaultdict[tuple[str, str, str, str], _Sum] = defaultdict(_Sum)
    for run in rows_of(session, _runs(house, since, until)):
        month = month_of(house.local_day(run.produced_at))
        sums[month, run.recipe_slug, run.product_slug, run.base_unit].add(run)
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

    Raises:
        OperationNotFoundError: no run, or more than one, has an id that begins with ``before``.
    """
    house = load_bakery(session)
    runs = _runs(house, since, until)
    if before is not None:
        key = key_of_run(session, before)
        newest = tuple_(ProductionRun.produced_at, ProductionRun.id)
        runs = runs.where(newest < tuple_(key["at"], key["production_id"]))
    runs = runs.order_by(ProductionRun.produced_at.desc(), ProductionRun.id.desc()).limit(limit)
    return [_run(run, house) for run in rows_of(session, runs)]


def _runs(house: BakeryInfo, since: date | None, until: date | None) -> Select[*tuple[Any, ...]]:
    return (
        select(
            ProductionRun.produced_at,
            ProductionRun.operation_id,
            ProductionRun.num_batches,
            ProductionRun.scale_factor,
            ProductionRun.expected_yield_micros,
            ProductionRun.actual_yield_micros,
            ProductionRun.status,
            ProductionRun.loss_reason,
            ProductionRun.total_cost_micros,
            Recipe.slug.label("recipe_slug"),
            Item.slug.label("product_slug"),
            Item.base_unit,
        )
        .join(Recipe, Recipe.id == ProductionRun.recipe_id)
        .join(Item, Item.id == ProductionRun.finished_unit_id)
        .where(not_reversed(ProductionRun.operation_id), *between(ProductionRun.produced_at, house, since, until))
    )


def _run(run: Any, house: BakeryInfo) -> RunYieldRow:
    compared = _compared(run.expected_yield_micros, run.actual_yield_micros, run.total_cost_micros, run.base_unit)
    return {
        "at": house.local_time(run.produced_at).isoformat(timespec="minutes"),
        "recipe_slug": run.recipe_slug,
        "product_slug": run.product_slug,
        "batches": run.num_batches,
        "scale_factor": run.scale_factor,
        **compared,
        "status": run.status,
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
