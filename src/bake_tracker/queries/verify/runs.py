"""Verify what every run used, made, cost and answered against its movements."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.stock.costing import RunCost, production_status, split_cost
from bake_tracker.domain.stock.outputs import divide
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.models import AssemblyRun, Item, Lot, Operation, ProductionOutput, ProductionRun, RunRate
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.verify.drift import Drift, Told, drift, in_batches

_operation = (Operation.name.label("operation_name"), Operation.result)
_lot = (
    Lot.code.label("lot_code"),
    Lot.item_id.label("lot_item_id"),
    Lot.operation_id.label("lot_operation_id"),
)
_rate = (
    RunRate.labour_micros,
    RunRate.overhead_micros,
    RunRate.operation_id.label("rate_operation_id"),
)
_productions = (
    select(*ProductionRun.__table__.columns, *_operation, *_lot, *_rate)
    .outerjoin(Operation, Operation.id == ProductionRun.operation_id)
    .outerjoin(Lot, Lot.id == ProductionRun.lot_id)
    .outerjoin(RunRate, RunRate.production_run_id == ProductionRun.id)
    .order_by(ProductionRun.id)
)
_assemblies = (
    select(*AssemblyRun.__table__.columns, *_operation, *_lot)
    .outerjoin(Operation, Operation.id == AssemblyRun.operation_id)
    .outerjoin(Lot, Lot.id == AssemblyRun.lot_id)
    .order_by(AssemblyRun.id)
)
_movements = (
    select(
        Movement.operation_id,
        Movement.lot_id,
        Movement.quantity_micros,
        Movement.cost_micros,
        Lot.code,
        Lot.item_id,
        Item.kind,
        Item.base_unit,
    )
    .join(Lot, Lot.id == Movement.lot_id)
    .join(Item, Item.id == Lot.item_id)
    .where(Movement.operation_id.in_(bindparam("ids", expanding=True)))
    .order_by(Movement.operation_id, Movement.id)
)
_outputs = (
    select(*ProductionOutput.__table__.columns, Lot.code.label("lot_code"), Lot.item_id.label("lot_item_id"))
    .outerjoin(Lot, Lot.id == ProductionOutput.lot_id)
    .where(ProductionOutput.operation_id.in_(bindparam("ids", expanding=True)))
    .order_by(ProductionOutput.id)
)
_receipts = (
    select(
        Operation.id.label("of_operation"),
        Operation.result,
        Lot.id,
        Lot.code,
        Lot.item_id,
        Lot.quantity_micros,
        Lot.cost_micros,
        Lot.received_on,
        Lot.expires_on,
    )
    .outerjoin(Lot, Lot.operation_id == Operation.id)
    .where(Operation.name == "record_receipt")
    .order_by(Operation.id, Lot.id)
)
_composites = select(Operation.id, Operation.result).where(Operation.name == "record_bake_and_pack")
_children = (
    select(Operation.parent_id, Operation.name, Operation.result)
    .where(Operation.parent_id.in_(bindparam("ids", expanding=True)))
    .order_by(Operation.parent_id)
)


@dataclass(slots=True)
class _Moved:
    """The movements of one operation."""

    draws: list[Any] = field(default_factory=list)
    adds: list[Any] = field(default_factory=list)

    @property
    def used_micros(self) -> int | None:
        """The cost of the draws; None if any is unknown."""
        costs = [draw.cost_micros for draw in self.draws]
        return None if None in costs else -sum(costs)

    @property
    def made_micros(self) -> int:
        return sum(add.cost_micros or 0 for add in self.adds)

    def added(self) -> str:
        return ", ".join(f"{format_micros(add.quantity_micros)} to lot {add.lot_id}" for add in self.adds) or "nothing"

    def consumptions(self) -> list[dict[str, Any]]:
        return [
            {
                "lot_id": draw.lot_id,
                "lot_code": draw.code,
                "quantity": format_micros(-draw.quantity_micros),
                "unit": draw.base_unit,
                "cost": None if draw.cost_micros is None else format_money(-draw.cost_micros),
            }
            for draw in self.draws
        ]


def run_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every run, receipt and answer that differs from the movements; in constant memory."""
    for runs in in_batches(session, _productions, told, "productions"):
        moved, outputs = _moved(session, runs), _load_outputs(session, runs)
        for run in runs:
            if of_run := outputs[run.operation_id]:
                yield from _several(run, of_run, moved[run.operation_id])
            else:
                yield from _production(run, moved[run.operation_id])
    for runs in in_batches(session, _assemblies, told, "assemblies"):
        moved = _moved(session, runs)
        for run in runs:
            yield from _assembly(run, moved[run.operation_id])
    for receipts in in_batches(session, _receipts, told, "receipts"):
        for lot in receipts:
            yield from _receipt(lot.of_operation, lot)
    for composites in in_batches(session, _composites, told, "bake and pack"):
        yield from _parts(session, composites)


def _moved(session: Session, runs: Sequence[Any]) -> Mapping[str, _Moved]:
    moved: defaultdict[str, _Moved] = defaultdict(_Moved)
    for row in session.execute(_movements, {"ids": [run.operation_id for run in runs]}):
        (moved[row.operation_id].draws if row.quantity_micros < 0 else moved[row.operation_id].adds).append(row)
    return moved


def _production(run: Any, moved: _Moved) -> Iterator[Drift]:
    if run.expected_yield_micros <= 0 or run.actual_yield_micros < 0:
        yield drift("production yield", run.operation_id, "above 0", format_micros(run.expected_yield_micros))
        return
    cost = split_cost(moved.used_micros, run.expected_yield_micros, run.actual_yield_micros)
    status = production_status(run.expected_yield_micros, run.actual_yield_micros)
    if run.status != status:
        yield drift("production status", run.operation_id, status, run.status)
    if run.loss_cost_micros != cost.loss_micros:
        found = format_money(run.loss_cost_micros)
        yield drift("production loss cost", run.operation_id, format_money(cost.loss_micros), found)
    made = (run.finished_unit_id, run.actual_yield_micros) if run.actual_yield_micros else None
    yield from _run("production", "record_batch_production", run, moved, cost, made)
    if odd := [draw.code for draw in moved.draws if draw.kind == "finished_good"]:
        yield drift("production consumed", run.operation_id, "no finished good", ", ".join(odd))
    answered = {
        "production_run_id": run.id,
        "operation_id": run.operation_id,
        "recipe_id": run.recipe_id,
        "finished_unit_id": run.finished_unit_id,
        "num_batches": run.num_batches,
        "scale_factor": run.scale_factor,
        "expected_yield": format_micros(run.expected_yield_micros),
        "actual_yield": format_micros(run.actual_yield_micros),
        "loss_quantity": format_micros(max(run.expected_yield_micros - run.actual_yield_micros, 0)),
        "production_status": status,
        "total_ingredient_cost": format_money(cost.total_micros),
        "loss_cost": format_money(cost.loss_micros),
    }
    yield from _answer(run.operation_id, run.result, answered | _common(run, moved, cost))
    yield from _rates(run)


def _load_outputs(session: Session, runs: Sequence[Any]) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in session.execute(_outputs, {"ids": [run.operation_id for run in runs]}):
        found[row.operation_id].append(row)
    return found


def _several(run: Any, outputs: Sequence[Any], moved: _Moved) -> Iterator[Drift]:
    """Check a run that made several products: its shares, the cost of each, and the answer."""
    shares = [_share(one.share) for one in outputs]
    if sum(shares) != 1 or any(one.expected_yield_micros <= 0 for one in outputs):
        yield drift("production shares", run.operation_id, "1, and a plan for each", str(sum(shares)))
        return
    total = moved.used_micros
    costs = [None] * len(shares) if total is None else divide(total, shares)
    split = [
        split_cost(cost, one.expected_yield_micros, one.actual_yield_micros)
        for cost, one in zip(costs, outputs, strict=True)
    ]
    stored = [(one.total_cost_micros, one.loss_cost_micros) for one in outputs]
    if stored != (expected := [(one.total_micros, one.loss_micros) for one in split]):
        yield drift("production output cost", run.operation_id, str(expected), str(stored))
    first = outputs[0]
    own = (run.finished_unit_id, run.expected_yield_micros, run.actual_yield_micros, run.lot_id)
    wanted = (first.finished_unit_id, first.expected_yield_micros, first.actual_yield_micros, first.lot_id)
    if own != wanted:
        yield drift("production first output", run.operation_id, str(wanted), str(own))
    made = [(one.lot_id, one.actual_yield_micros, one.finished_unit_id) for one in outputs if one.actual_yield_micros]
    found = [(add.lot_id, add.quantity_micros, add.item_id) for add in moved.adds]
    if made != found:
        yield drift("production made", run.operation_id, str(made), str(found))
    earned = [one.output_micros for one in split if one.output_micros]
    if [add.cost_micros for add in moved.adds if add.cost_micros] != earned:
        yield drift("production cost out", run.operation_id, str(earned), moved.added())
    losses = [one.loss_micros for one in split]
    lost = None if None in losses else sum(loss for loss in losses if loss is not None)
    if (run.total_cost_micros, run.loss_cost_micros) != (total, lost):
        cost = format_money(run.total_cost_micros)
        yield drift("production cost", run.operation_id, format_money(total), f"{cost}, loss {run.loss_cost_micros}")
    status = production_status(first.expected_yield_micros, first.actual_yield_micros)
    if run.status != status:
        yield drift("production status", run.operation_id, status, run.status)
    answered = {
        "production_run_id": run.id,
        "operation_id": run.operation_id,
        "recipe_id": run.recipe_id,
        "finished_unit_id": run.finished_unit_id,
        "num_batches": run.num_batches,
        "scale_factor": run.scale_factor,
        "expected_yield": format_micros(run.expected_yield_micros),
        "actual_yield": format_micros(run.actual_yield_micros),
        "production_status": status,
        "total_ingredient_cost": format_money(total),
        "loss_cost": format_money(lost),
        "lot_id": run.lot_id,
        "consumptions": moved.consumptions(),
        "outputs": [_answered_output(one, cost) for one, cost in zip(outputs, split, strict=True)],
    }
    yield from _answer(run.operation_id, run.result, answered)
    yield from _rates(run)


def _share(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return Fraction(0)


def _answered_output(row: Any, cost: RunCost) -> dict[str, Any]:
    return {
        "finished_unit_id": row.finished_unit_id,
        "share": row.share,
        "expected_yield": format_micros(row.expected_yield_micros),
        "actual_yield": format_micros(row.actual_yield_micros),
        "loss_quantity": format_micros(max(row.expected_yield_micros - row.actual_yield_micros, 0)),
        "lot_id": row.lot_id,
        "lot_code": row.lot_code,
        "cost": format_money(cost.total_micros),
        "per_unit_cost": format_money(cost.per_unit_micros),
    }


def _rates(run: Any) -> Iterator[Drift]:
    """Check that a run's labour and overhead equal the answer; older answers do not have them."""
    found = _json(run.result)
    told = found if isinstance(found, dict) else {}
    for name, micros in (("labour", run.labour_micros), ("overhead", run.overhead_micros)):
        if told.get(f"{name}_cost") != format_money(micros):
            yield drift(f"production {name}", run.operation_id, told.get(f"{name}_cost"), format_money(micros))
    if run.rate_operation_id not in (None, run.operation_id):
        yield drift("production rates recorded by", run.operation_id, run.operation_id, run.rate_operation_id)


def _assembly(run: Any, moved: _Moved) -> Iterator[Drift]:
    made_micros = run.quantity * MICRO
    cost = split_cost(moved.used_micros, made_micros, made_micros)
    yield from _run("assembly", "record_assembly", run, moved, cost, (run.finished_good_id, made_micros))
    if odd := [draw.code for draw in moved.draws if draw.kind == "ingredient"]:
        yield drift("assembly consumed", run.operation_id, "no ingredient", ", ".join(odd))
    answered = {
        "assembly_run_id": run.id,
        "operation_id": run.operation_id,
        "finished_good_id": run.finished_good_id,
        "quantity": run.quantity,
        "total_component_cost": format_money(cost.total_micros),
    }
    yield from _answer(run.operation_id, run.result, answered | _common(run, moved, cost))


def _run(
    what: str, operation_name: str, run: Any, moved: _Moved, cost: RunCost, made: tuple[int, int] | None
) -> Iterator[Drift]:
    """Checks for both kinds of run; ``made`` is the item and quantity, None if nothing was made."""
    if run.operation_name != operation_name:
        yield drift(f"{what} recorded by", run.operation_id, operation_name, run.operation_name or "nobody")
    if run.total_cost_micros != cost.total_micros:
        found = format_money(run.total_cost_micros)
        yield drift(f"{what} cost", run.operation_id, format_money(cost.total_micros), found)
    elif cost.total_micros is not None and moved.made_micros + (cost.loss_micros or 0) != cost.total_micros:
        spent = format_money(moved.made_micros + (cost.loss_micros or 0))
        yield drift(f"{what} cost out", run.operation_id, format_money(cost.total_micros), spent)
    expected = [(run.lot_id, made[1])] if made else []
    if [(add.lot_id, add.quantity_micros) for add in moved.adds] != expected:
        wanted = f"{format_micros(made[1])} to lot {run.lot_id}" if made else "nothing"
        yield drift(f"{what} made", run.operation_id, wanted, moved.added())
    if (run.lot_id is None) != (made is None):
        yield drift(f"{what} lot", run.operation_id, "a lot" if made else "none", run.lot_id or "none")
    elif made and (run.lot_operation_id, run.lot_item_id) != (run.operation_id, made[0]):
        found = f"item {run.lot_item_id} made by {run.lot_operation_id}"
        yield drift(f"{what} lot", run.operation_id, f"item {made[0]} made by {run.operation_id}", found)


def _common(run: Any, moved: _Moved, cost: RunCost) -> dict[str, Any]:
    return {
        "lot_id": run.lot_id,
        "lot_code": run.lot_code,
        "per_unit_cost": format_money(cost.per_unit_micros),
        "cost_complete": cost.total_micros is not None,
        "consumptions": moved.consumptions(),
    }


def _receipt(operation_id: str, lot: Any) -> Iterator[Drift]:
    if lot.id is None:
        yield drift("receipt", operation_id, "a lot", "none")
        return
    cost, quantity = lot.cost_micros, lot.quantity_micros
    unit_cost = None if cost is None or not quantity else divide_half_even(cost * MICRO, quantity)
    answered = {
        "operation_id": operation_id,
        "lot_id": lot.id,
        "lot_code": lot.code,
        "item_id": lot.item_id,
        "quantity": format_micros(quantity),
        "total_cost": format_money(cost),
        "unit_cost": format_money(unit_cost),
        "received_on": lot.received_on.isoformat(),
        "expires_on": lot.expires_on.isoformat() if lot.expires_on else None,
    }
    yield from _answer(operation_id, lot.result, answered)


def _parts(session: Session, composites: Sequence[Any]) -> Iterator[Drift]:
    """Check that the answer of a composite operation equals the answers of its parts."""
    answered: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    names = {"record_batch_production": "production", "record_assembly": "assembly"}
    for parent, name, result in session.execute(_children, {"ids": [row.id for row in composites]}):
        if name in names:
            answered[str(parent)][names[name]] = _json(result)
    for row in composites:
        for part in names.values():
            if part not in answered[row.id]:
                yield drift(f"part of an operation: {part}", row.id, "recorded", "nothing")
        yield from _answer(row.id, row.result, answered[row.id])


def _answer(operation_id: str, result: str | None, expected: Mapping[str, Any]) -> Iterator[Drift]:
    """Compare the answer stored for replays, field by field."""
    found = _json(result)
    if not isinstance(found, dict):
        yield drift("answer", operation_id, "a result", "none that can be read")
        return
    if isinstance(outputs := found.get("outputs"), list):
        # How it differs from the label is not part of the ledger.
        found["outputs"] = [
            {key: value for key, value in one.items() if key != "label_differs"} if isinstance(one, dict) else one
            for one in outputs
        ]
    if isinstance(consumptions := found.get("consumptions"), list):
        # An item's slug may have changed since, and its name is not part of the ledger.
        found["consumptions"] = [
            {key: value for key, value in one.items() if key != "ingredient_slug"} if isinstance(one, dict) else one
            for one in consumptions
        ]
    for name, value in expected.items():
        if name not in found or found[name] != value or type(found[name]) is not type(value):
            yield drift(f"answer: {name}", operation_id, _text(value), _text(found.get(name)))


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
