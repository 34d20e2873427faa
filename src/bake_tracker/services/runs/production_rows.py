"""Write a production: its run, its rates, and the answer."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import NotRequired, TypedDict, cast

from sqlalchemy import insert

from bake_tracker.domain.label.text import LabelDifference
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.quantities import Rates
from bake_tracker.domain.stock.costing import ProductionStatus, RunCost, production_status
from bake_tracker.domain.stock.doubts import BestBefore
from bake_tracker.domain.stock.outputs import OutputResult, Product, whole_cost
from bake_tracker.domain.stock.really_used import UsedLot
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.services.operation import Operation
from bake_tracker.services.runs.production_request import ProductionRequest
from bake_tracker.services.stock.ledger import AddedLot, Consumption

_add = insert(tables.production_run).returning(tables.production_run.c.id)
_add_rate = insert(tables.run_rate)
_add_output = insert(tables.production_output)


class ProductionResult(TypedDict):
    """A recorded run; quantities and money are exact decimal strings, an unknown cost is None.

    Labour and overhead are not part of any other amount; both are None if the recipe has no rates. ``label_differs`` is
    present if the label on file does not match what was used, ``used`` if the call listed lots.
    ``outputs`` is present if several products came out, and lists all of them. The run's own fields describe the first
    product, but the run's costs are those of all.
    ``best_before`` is present if a product without a shelf life expires with an ingredient.
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
    outputs: NotRequired[list[OutputResult]]
    label_differs: NotRequired[LabelDifference]
    best_before: NotRequired[list[BestBefore]]


def write_run(
    operation: Operation,
    asked: ProductionRequest,
    at: datetime,
    snapshot_sha256: str,
    products: Sequence[Product],
    rates: Rates | None,
    lots: Sequence[AddedLot | None],
    used: list[Consumption],
) -> ProductionResult:
    """Write the run, its rates and its products; return the answer. The first product is the run's own."""
    cost = whole_cost(products)
    row = _run_row(operation.id, asked, at, snapshot_sha256, products[0], cost, lots[0])
    run_id = cast(int, operation.connection.execute(_add, row).scalar_one())
    if rates:
        operation.connection.execute(_add_rate, _rate_row(operation.id, run_id, rates))
    result = _result(run_id, operation.id, asked, products[0], cost, rates, lots[0], used)
    if asked.outputs:
        rows = [_output_row(operation.id, run_id, one, lot) for one, lot in zip(products, lots, strict=True)]
        operation.connection.execute(_add_output, rows)
        result["outputs"] = [_output(one, lot) for one, lot in zip(products, lots, strict=True)]
    return result


def _rate_row(operation_id: str, run_id: int, rates: Rates) -> dict[str, object]:
    return {"operation_id": operation_id, "production_run_id": run_id, **asdict(rates)}


def _output_row(operation_id: str, run_id: int, product: Product, lot: AddedLot | None) -> dict[str, object]:
    return {
        "operation_id": operation_id,
        "production_run_id": run_id,
        "finished_unit_id": product.item.item_id,
        "share": str(product.share),
        "expected_yield_micros": product.expected_micros,
        "actual_yield_micros": product.actual_micros,
        "lot_id": lot.lot_id if lot else None,
        "total_cost_micros": product.cost.total_micros,
        "loss_cost_micros": product.cost.loss_micros,
    }


def _output(product: Product, lot: AddedLot | None) -> OutputResult:
    return {
        "finished_unit_id": product.item.item_id,
        "share": str(product.share),
        "expected_yield": format_micros(product.expected_micros),
        "actual_yield": format_micros(product.actual_micros),
        "loss_quantity": format_micros(max(product.expected_micros - product.actual_micros, 0)),
        "lot_id": lot.lot_id if lot else None,
        "lot_code": lot.code if lot else None,
        "cost": format_money(product.cost.total_micros),
        "per_unit_cost": format_money(product.cost.per_unit_micros),
    }


def _run_row(
    operation_id: str,
    asked: ProductionRequest,
    at: datetime,
    snapshot_sha256: str,
    product: Product,
    cost: RunCost,
    lot: AddedLot | None,
) -> dict[str, object]:
    return {
        "operation_id": operation_id,
        "recipe_id": asked.recipe_id,
        "finished_unit_id": asked.finished_unit_id,
        "num_batches": asked.num_batches,
        "scale_factor": asked.scale_text,
        "expected_yield_micros": product.expected_micros,
        "actual_yield_micros": product.actual_micros,
        "status": production_status(product.expected_micros, product.actual_micros),
        "lot_id": lot.lot_id if lot else None,
        "total_cost_micros": cost.total_micros,
        "loss_cost_micros": cost.loss_micros,
        "produced_at": at,
        "event_id": asked.event_id,
        "loss_reason": asked.loss_reason,
        "notes": asked.notes,
        "snapshot_sha256": snapshot_sha256,
    }


def _result(
    run_id: int,
    operation_id: str,
    asked: ProductionRequest,
    product: Product,
    cost: RunCost,
    rates: Rates | None,
    lot: AddedLot | None,
    consumed: list[Consumption],
) -> ProductionResult:
    expected_micros, actual_micros = product.expected_micros, product.actual_micros
    result: ProductionResult = {
        "production_run_id": run_id,
        "operation_id": operation_id,
        "recipe_id": asked.recipe_id,
        "finished_unit_id": asked.finished_unit_id,
        "num_batches": asked.num_batches,
        "scale_factor": asked.scale_text,
        "expected_yield": format_micros(expected_micros),
        "actual_yield": format_micros(actual_micros),
        "loss_quantity": format_micros(max(expected_micros - actual_micros, 0)),
        "production_status": production_status(expected_micros, actual_micros),
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
