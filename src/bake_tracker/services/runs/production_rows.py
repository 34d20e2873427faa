"""Write a production: its run, its rates, and the answer."""

from dataclasses import asdict
from datetime import datetime
from typing import NotRequired, TypedDict, cast

from sqlalchemy import insert

from bake_tracker.domain.label.text import LabelDifference
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.quantities import Rates
from bake_tracker.domain.stock.costing import ProductionStatus, RunCost, production_status
from bake_tracker.domain.stock.really_used import UsedLot
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.services.operation import Operation
from bake_tracker.services.runs.production_request import ProductionRequest
from bake_tracker.services.stock.ledger import AddedLot, Consumption

_add = insert(tables.production_run).returning(tables.production_run.c.id)
_add_rate = insert(tables.run_rate)


class ProductionResult(TypedDict):
    """A recorded run; quantities and money are exact decimal strings, an unknown cost is None.

    Labour and overhead are not part of any other amount; both are None if the recipe has no rates. ``label_differs`` is
    present if the label on file does not match what was used, ``used`` if the call listed lots.
    """

    production_run_id: int
    operation_id: str
    recipe_id: int
    finished_unit_id: int
    num_batches: int
    scale_factor: str
    expected_yield: str
    actual_yield: str
    loss_quantity: str
    production_status: ProductionStatus
    lot_id: int | None
    lot_code: str | None
    total_ingredient_cost: str | None
    per_unit_cost: str | None
    loss_cost: str | None
    cost_complete: bool
    consumptions: list[Consumption]
    labour_cost: NotRequired[str | None]
    overhead_cost: NotRequired[str | None]
    used: NotRequired[list[UsedLot]]
    label_differs: NotRequired[LabelDifference]


def write_run(
    operation: Operation,
    asked: ProductionRequest,
    at: datetime,
    snapshot_sha256: str,
    expected_micros: int,
    cost: RunCost,
    rates: Rates | None,
    lot: AddedLot | None,
    used: list[Consumption],
) -> ProductionResult:
    """Write the run and its rates; the answer."""
    run_id = _add_run(operation, asked, at, snapshot_sha256, expected_micros, cost, lot)
    if rates:
        operation.connection.execute(_add_rate, _rate_row(operation.id, run_id, rates))
    return _result(run_id, operation.id, asked, expected_micros, cost, rates, lot, used)


def _rate_row(operation_id: str, run_id: int, rates: Rates) -> dict[str, object]:
    return {"operation_id": operation_id, "production_run_id": run_id, **asdict(rates)}


def _add_run(
    operation: Operation,
    asked: ProductionRequest,
    at: datetime,
    snapshot_sha256: str,
    expected_micros: int,
    cost: RunCost,
    lot: AddedLot | None,
) -> int:
    row = {
        "operation_id": operation.id,
        "recipe_id": asked.recipe_id,
        "finished_unit_id": asked.finished_unit_id,
        "num_batches": asked.num_batches,
        "scale_factor": asked.scale_text,
        "expected_yield_micros": expected_micros,
        "actual_yield_micros": asked.actual_micros,
        "status": production_status(expected_micros, asked.actual_micros),
        "lot_id": lot.lot_id if lot else None,
        "total_cost_micros": cost.total_micros,
        "loss_cost_micros": cost.loss_micros,
        "produced_at": at,
        "event_id": asked.event_id,
        "loss_reason": asked.loss_reason,
        "notes": asked.notes,
        "snapshot_sha256": snapshot_sha256,
    }
    return cast(int, operation.connection.execute(_add, row).scalar_one())


def _result(
    run_id: int,
    operation_id: str,
    asked: ProductionRequest,
    expected_micros: int,
    cost: RunCost,
    rates: Rates | None,
    lot: AddedLot | None,
    consumed: list[Consumption],
) -> ProductionResult:
    result: ProductionResult = {
        "production_run_id": run_id,
        "operation_id": operation_id,
        "recipe_id": asked.recipe_id,
        "finished_unit_id": asked.finished_unit_id,
        "num_batches": asked.num_batches,
        "scale_factor": asked.scale_text,
        "expected_yield": format_micros(expected_micros),
        "actual_yield": format_micros(asked.actual_micros),
        "loss_quantity": format_micros(max(expected_micros - asked.actual_micros, 0)),
        "production_status": production_status(expected_micros, asked.actual_micros),
        "lot_id": lot.lot_id if lot else None,
        "lot_code": lot.code if lot else None,
        "total_ingredient_cost": format_money(cost.total_micros),
        "per_unit_cost": format_money(cost.per_unit_micros),
        "loss_cost": format_money(cost.loss_micros),
        "cost_complete": cost.total_micros is not None,
        "consumptions": consumed,
    }
    if rates:
        result |= {
            "labour_cost": format_money(rates.labour_micros),
            "overhead_cost": format_money(rates.overhead_micros),
        }
    return result
