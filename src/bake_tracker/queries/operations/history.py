"""History: runs and operations, newest first."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal, NotRequired, TypedDict, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Select, Subquery, UnaryExpression, and_, bindparam, literal, null, or_, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.errors import OperationNotFoundError
from bake_tracker.domain.ids import dashed, digits_of
from bake_tracker.domain.money import format_money
from bake_tracker.domain.stock.costing import production_status
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.models import (
    AssemblyRun,
    Item,
    Lot,
    Operation,
    ProductionOutput,
    ProductionRun,
    RecipeSnapshot,
    Reversal,
    RunRate,
    ledger,
    tables,
)
from bake_tracker.models.ledger import Movement
from bake_tracker.models.types import UtcDateTime
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.operations.costs import cost_now, run_cost_now


class MadeRow(TypedDict):
    """A product of a production that made several, with its part of the cost."""

    made: str
    quantity: str
    unit: str
    status: str
    cost: str | None
    lot_code: str | None


class RunRow(TypedDict):
    """A production or assembly run; ``what`` is the recipe's name at the time.

    ``outputs`` has every product of a production that made several. ``made``, ``quantity`` and ``lot_code`` are those
    of the first, ``cost`` is that of the run, as known now, after every cost statement.

    Labour and overhead are not part of any cost; both are None if they were not recorded.
    """

    kind: str
    run_id: int
    operation_id: str
    at: str
    what: str
    made: str
    quantity: str
    unit: str
    status: str
    cost: str | None
    cost_as_recorded: str | None
    labour_cost: str | None
    overhead_cost: str | None
    lot_code: str | None
    reversed: bool
    outputs: NotRequired[list[MadeRow]]


class MovementRow(TypedDict):
    """One change to one lot; ``cost`` is as known now, after every cost statement."""

    lot_id: int
    lot_code: str
    item_id: int
    item_slug: str
    quantity: str
    unit: str
    cost: str | None
    cost_as_recorded: str | None


class ReversalRow(TypedDict):
    """The other side of a reversal and its reason: the operation that undid this one, or that this one undid."""

    operation_id: str
    operation: str
    reason: str


class OperationView(TypedDict):
    """A recorded operation with its movements, the operations inside it, and what undid it."""

    operation_id: str
    operation: str
    recorded_at: str
    actor: str | None
    parent_operation_id: str | None
    transaction_id: str
    attempt: int
    arguments: dict[str, Any]
    result: dict[str, Any]
    movements: list[MovementRow]
    children: list[str]
    reversed_by: ReversalRow | None
    reverses: ReversalRow | None


_Product, _ProductLot = aliased(Item), aliased(Lot)


def _runs() -> Select[*tuple[Any, ...]]:
    """Runs older than a key, newest first; each kind is read by index, only as far as the slice."""
    key = bindparam("at", type_=UtcDateTime())
    production = (
        select(
            literal("production").label("kind"),
            ProductionRun.id.label("run_id"),
            ProductionRun.operation_id,
            ProductionRun.produced_at.label("at"),
            ProductionRun.snapshot_sha256.label("snapshot"),
            ProductionRun.finished_unit_id.label("item_id"),
            ProductionRun.actual_yield_micros.label("quantity"),
            ProductionRun.status,
            ProductionRun.total_cost_micros.label("cost"),
            ProductionRun.lot_id,
        )
        .where(tuple_(ProductionRun.produced_at, ProductionRun.id) < tuple_(key, bindparam("production_id")))
        .order_by(ProductionRun.produced_at.desc(), ProductionRun.id.desc())
        .limit(bindparam("limit"))
        .subquery()
    )
    assembly = (
        select(
            literal("assembly"),
            AssemblyRun.id,
            AssemblyRun.operation_id,
            AssemblyRun.assembled_at,
            null(),
            AssemblyRun.finished_good_id,
            AssemblyRun.quantity * MICRO,
            literal("complete"),
            AssemblyRun.total_cost_micros,
            AssemblyRun.lot_id,
        )
        .where(tuple_(AssemblyRun.assembled_at, AssemblyRun.id) < tuple_(key, bindparam("assembly_id")))
        .order_by(AssemblyRun.assembled_at.desc(), AssemblyRun.id.desc())
        .limit(bindparam("limit"))
        .subquery()
    )
    both = union_all(select(production), select(assembly)).subquery()
    # The slice is cut before anything is joined to it.
    wanted = both.c.kind.in_(bindparam("kinds", expanding=True))
    runs = select(both).where(wanted).order_by(*_newest_first(both)).limit(bindparam("limit")).subquery()
    return (
        select(
            *(runs.c[name] for name in ("kind", "run_id", "operation_id", "at", "quantity", "status", "cost")),
            run_cost_now(runs.c.operation_id, runs.c.cost).label("cost_now"),
            *(RecipeSnapshot.content, Item.name, Item.base_unit, Lot.code),
            *(RunRate.labour_micros, RunRate.overhead_micros),
            Reversal.id.is_not(None).label("reversed"),
            _Product.name.label("product"),
            _Product.base_unit.label("product_unit"),
            ProductionOutput.expected_yield_micros,
            ProductionOutput.actual_yield_micros,
            ProductionOutput.total_cost_micros,
            _ProductLot.code.label("product_lot"),
        )
        .join(Item, Item.id == runs.c.item_id)
        .outerjoin(Lot, Lot.id == runs.c.lot_id)
        .outerjoin(RecipeSnapshot, RecipeSnapshot.sha256 == runs.c.snapshot)
        .outerjoin(RunRate, and_(RunRate.production_run_id == runs.c.run_id, runs.c.kind == "production"))
        .outerjoin(Reversal, Reversal.reversed_operation_id == runs.c.operation_id)
        .outerjoin(
            ProductionOutput, and_(ProductionOutput.production_run_id == runs.c.run_id, runs.c.kind == "production")
        )
        .outerjoin(_Product, _Product.id == ProductionOutput.finished_unit_id)
        .outerjoin(_ProductLot, _ProductLot.id == ProductionOutput.lot_id)
        .order_by(*_newest_first(runs), ProductionOutput.id)
    )


def _newest_first(runs: Subquery) -> tuple[UnaryExpression[Any], ...]:
    return runs.c.at.desc(), runs.c.kind.desc(), runs.c.run_id.desc()


_RUNS = _runs()
_FROM_THE_LATEST = {"at": datetime(9999, 1, 1, tzinfo=UTC), "production_id": 0, "assembly_id": 0}


def load_runs(
    session: Session, limit: int, *, before: str | None = None, kind: Literal["production", "assembly"] | None = None
) -> list[RunRow]:
    """The latest ``limit`` runs of one or both kinds, or those before the run ``before``.

    Older slices are as fast as the first, and do not shift when runs are added. Two statements, or three with
    ``before``, which is an operation's id or a unique beginning of one.

    Raises:
        OperationNotFoundError: no run, or more than one, has an id with this beginning.
    """
    zone = ZoneInfo(load_bakery(session).time_zone)
    kinds = {"kinds": ["production", "assembly"] if kind is None else [kind]}
    # On the connection, because the session would search every row for objects to track.
    rows = session.connection().execute(_RUNS, {**key_of_run(session, before), **kinds, "limit": limit})
    return [_run(list(group), zone) for _, group in groupby(rows, key=lambda row: (row.kind, row.run_id))]


def _run(rows: Sequence[Any], zone: ZoneInfo) -> RunRow:
    """A run, from one row or from one for each of its products."""
    first = rows[0]
    run: RunRow = {
        "kind": first.kind,
        "run_id": first.run_id,
        "operation_id": first.operation_id,
        "at": first.at.astimezone(zone).isoformat(),
        "what": _name_in(first.content) if first.content else first.name,
        "made": first.name,
        "quantity": format_micros(first.quantity),
        "unit": first.base_unit,
        "status": first.status,
        "cost": format_money(first.cost_now),
        "cost_as_recorded": format_money(first.cost),
        "labour_cost": format_money(first.labour_micros),
        "overhead_cost": format_money(first.overhead_micros),
        "lot_code": first.code,
        "reversed": bool(first.reversed),
    }
    if first.product is not None:
        run["outputs"] = [
            {
                "made": row.product,
                "quantity": format_micros(row.actual_yield_micros),
                "unit": row.product_unit,
                "status": production_status(row.expected_yield_micros, row.actual_yield_micros),
                "cost": format_money(row.total_cost_micros),
                "lot_code": row.product_lot,
            }
            for row in rows
        ]
    return run


def key_of_run(session: Session, operation_id: str | None) -> dict[str, Any]:
    """Where the slice begins; runs at the same time must have lower ids."""
    if operation_id is None:
        return _FROM_THE_LATEST
    limits = id_range(operation_id)
    if limits is None:
        raise OperationNotFoundError(operation_id)
    production = select(ProductionRun.operation_id, ProductionRun.produced_at, ProductionRun.id, literal(MAX_KEY))
    assembly = select(AssemblyRun.operation_id, AssemblyRun.assembled_at, literal(0), AssemblyRun.id)
    found = session.execute(
        union_all(
            production.where(ProductionRun.operation_id.between(*limits)),
            assembly.where(AssemblyRun.operation_id.between(*limits)),
        ).limit(3)
    ).all()
    if len(found) != 1:
        raise OperationNotFoundError(operation_id, [row.operation_id for row in found])
    ((_, at, production_id, assembly_id),) = found
    return {"at": at, "production_id": production_id, "assembly_id": assembly_id}


@lru_cache(1024)
def _name_in(snapshot: str) -> str:
    return cast(str, json.loads(snapshot)["name"])


def load_operation(session: Session, operation_id: str) -> OperationView:
    """One operation in four statements; a unique beginning of its id is enough.

    Raises:
        OperationNotFoundError: no operation, or more than one, has an id with this beginning.
    """
    found = _find(session, operation_id)
    movements = session.execute(
        select(Movement, Lot.code, Item.id, Item.slug, Item.base_unit, cost_now(ledger.movements, tables.lot))
        .join(Lot, Lot.id == Movement.lot_id)
        .join(Item, Item.id == Lot.item_id)
        .where(Movement.operation_id == found.id)
        .order_by(Movement.id)
    )
    children = session.scalars(
        select(Operation.id).where(Operation.parent_id == found.id).order_by(Operation.recorded_at, Operation.id)
    )
    return {
        "operation_id": found.id,
        "operation": found.name,
        "recorded_at": found.recorded_at.isoformat(),
        "actor": found.actor,
        "parent_operation_id": found.parent_id,
        "transaction_id": found.transaction_id,
        "attempt": found.attempt,
        "arguments": json.loads(found.arguments),
        "result": json.loads(found.result or "{}"),
        "movements": [
            {
                "lot_id": movement.lot_id,
                "lot_code": code,
                "item_id": item_id,
                "item_slug": slug,
                "quantity": format_micros(movement.quantity_micros),
                "unit": unit,
                "cost": format_money(now if movement.quantity_micros else movement.cost_micros),
                "cost_as_recorded": format_money(movement.cost_micros),
            }
            for movement, code, item_id, slug, unit, now in movements
        ],
        "children": list(children),
        **load_reversal(session, found.id),
    }


class Reversed(TypedDict):
    """The operation that undid this one, and the one that it undid."""

    reversed_by: ReversalRow | None
    reverses: ReversalRow | None


def load_reversal(session: Session, operation_id: str) -> Reversed:
    """The operation that undid this one, and the one that it undid; one statement."""
    told: Reversed = {"reversed_by": None, "reverses": None}
    rows = session.execute(
        select(Reversal, Operation.name)
        .where(or_(Reversal.reversed_operation_id == operation_id, Reversal.operation_id == operation_id))
        .join(
            Operation,
            and_(
                Operation.id.in_((Reversal.operation_id, Reversal.reversed_operation_id)), Operation.id != operation_id
            ),
        )
    )
    for reversal, name in rows:
        if reversal.reversed_operation_id == operation_id:
            told["reversed_by"] = {"operation_id": reversal.operation_id, "operation": name, "reason": reversal.reason}
        else:
            key = reversal.reversed_operation_id
            told["reverses"] = {"operation_id": key, "operation": name, "reason": reversal.reason}
    return told


def id_range(beginning: str) -> tuple[str, str] | None:
    """The lowest and highest UUID with this beginning; None if it is not the beginning of a UUID."""
    # UUIDs sort like their text, so every id with this beginning is between these two.
    digits = digits_of(beginning)
    return (dashed(digits.ljust(32, "0")), dashed(digits.ljust(32, "f"))) if digits else None


def _find(session: Session, operation_id: str) -> Operation:
    limits = id_range(operation_id)
    if limits is None:
        raise OperationNotFoundError(operation_id)
    found = session.scalars(select(Operation).where(Operation.id.between(*limits)).limit(3)).all()
    if len(found) != 1:
        raise OperationNotFoundError(operation_id, [operation.id for operation in found])
    return found[0]
