"""One recorded operation: its arguments, actor and transaction, and the lots it made and used."""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

from sqlalchemy import literal, or_, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.units import format_micros
from bake_tracker.models import AssemblyRun, Event, Item, ProductionRun, Recipe, Supplier, tables
from bake_tracker.queries.explain.origins import (
    ExplainedDraw,
    ExplainedLot,
    explain_draws,
    explain_lot,
    is_bringing,
    load_ledger,
)
from bake_tracker.queries.operations.history import ReversalRow, id_range, load_reversal

CANDIDATES = 20
"""The most operations listed for one beginning of an id."""

# The table for each id among the arguments or on a log line.
NAMED_BY: Mapping[str, Any] = {
    "item_id": Item,
    "finished_unit_id": Item,
    "finished_good_id": Item,
    "parent_id": Item,
    "recipe_id": Recipe,
    "event_id": Event,
    "supplier_id": Supplier,
}


class Relative(TypedDict):
    """A related operation: in the same transaction, around this one or inside it."""

    operation_id: str
    operation: str
    parent_operation_id: str | None
    recorded_at: str


class ExplainedOperation(TypedDict):
    """An operation, the lots it made and, if none, those it used; and the lots whose cost it stated.

    ``arguments`` are as stored; ``names`` gives the slugs for their ids. ``parents`` run from the nearest outwards.
    """

    operation_id: str
    operation: str
    recorded_at: str
    actor: str | None
    attempt: int
    transaction_id: str
    arguments: dict[str, Any]
    names: dict[str, str]
    parents: list[Relative]
    children: list[Relative]
    beside: int
    brought: list[ExplainedLot]
    used: list[ExplainedDraw]
    stated: list[dict[str, Any]]
    reversed_by: ReversalRow | None
    reverses: ReversalRow | None


def find_operations(session: Session, beginning: str) -> list[Relative]:
    """Operations whose id, or whose transaction's id, begins with this; for nested ones only the outermost."""
    limits = id_range(beginning)
    if limits is None:
        return []
    columns = (
        tables.operation.c.id,
        tables.operation.c.name,
        tables.operation.c.parent_id,
        tables.operation.c.recorded_at,
    )
    found = select(*columns).order_by(tables.operation.c.recorded_at, tables.operation.c.id).limit(CANDIDATES + 1)
    rows = session.execute(found.where(tables.operation.c.id.between(*limits))).all()
    if not rows:
        rows = session.execute(found.where(tables.operation.c.transaction_id.between(*limits))).all()
    inside = {row.id for row in rows}
    return [_relative(row) for row in rows if row.parent_id not in inside]


def find_runs(session: Session, kind: str | None, run_id: int) -> list[Relative]:
    """The operations of the runs with this number: a production, an assembly, or one of each."""
    runs = [
        select(model.operation_id).where(model.id == run_id)
        for name, model in (("production", ProductionRun), ("assembly", AssemblyRun))
        if kind in (name, None)
    ]
    columns = (
        tables.operation.c.id,
        tables.operation.c.name,
        tables.operation.c.parent_id,
        tables.operation.c.recorded_at,
    )
    ids = union_all(*runs).subquery()
    rows = session.execute(select(*columns).where(tables.operation.c.id.in_(select(ids.c.operation_id))))
    return [_relative(row) for row in rows]


def explain_operation(session: Session, operation_id: str) -> ExplainedOperation:
    """Explain a recorded operation back to the receipts, in a fixed number of statements."""
    family = _load_family(session, operation_id)
    own = next(row for row in family if row.id == operation_id)
    by_id = {row.id: row for row in family}
    inside = _inside(operation_id, family)
    ledger = load_ledger(session, [operation_id, *(row.id for row in inside)])
    movements = [row for key in (operation_id, *(row.id for row in inside)) for row in ledger.rows.get(key, [])]
    # Latest first, so that a lot comes above the lot it was packed from in the same operation.
    brought = sorted((row for row in movements if is_bringing(row)), key=lambda row: row.lot_id, reverse=True)
    makers = {row.by_operation_id for row in brought}
    idle = [key for key in (operation_id, *(row.id for row in inside)) if key not in makers]
    arguments = readable(json.loads(own.arguments))
    parents: list[Any] = []
    while (parent := by_id.get(parents[-1].parent_id if parents else own.parent_id)) is not None:
        parents.append(parent)
    return {
        "operation_id": own.id,
        "operation": own.name,
        "recorded_at": own.recorded_at.isoformat(),
        "actor": own.actor,
        "attempt": own.attempt,
        "transaction_id": own.transaction_id,
        "arguments": arguments,
        "names": load_named_slugs(session, arguments),
        "parents": [_relative(row) for row in parents],
        "children": [_relative(row) for row in inside],
        "beside": len(family) - 1 - len(inside) - len(parents),
        "brought": [explain_lot(row, ledger) for row in brought],
        "used": [draw for key in idle for draw in explain_draws(key, ledger)],
        "stated": json.loads(own.result or "{}").get("lots", []) if own.name == "record_cost_statement" else [],
        **load_reversal(session, operation_id),
    }


def readable(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as people gave them, with stored millionths converted back."""
    shown: dict[str, Any] = {}
    for name, value in arguments.items():
        if name.endswith("_micros") and isinstance(value, int):
            shown[{"actual_micros": "actual_yield"}.get(name, name.removesuffix("_micros"))] = format_micros(value)
        else:
            shown[name] = value
    return shown


def load_named_slugs(session: Session, fields: Mapping[str, Any]) -> dict[str, str]:
    """The slugs for the ids in these fields, in one statement."""
    wanted = {name: value for name, value in fields.items() if name in NAMED_BY and isinstance(value, int)}
    if not wanted:
        return {}
    slugs = union_all(
        *(
            select(literal(name).label("name"), NAMED_BY[name].slug).where(NAMED_BY[name].id == value)
            for name, value in wanted.items()
        )
    )
    return {row.name: row.slug for row in session.execute(slugs)}


def _load_family(session: Session, operation_id: str) -> list[Any]:
    """The operation and all others in its transaction."""
    transaction = (
        select(tables.operation.c.transaction_id).where(tables.operation.c.id == operation_id).scalar_subquery()
    )
    rows = session.execute(
        select(
            tables.operation.c.id,
            tables.operation.c.name,
            tables.operation.c.recorded_at,
            tables.operation.c.actor,
            tables.operation.c.attempt,
            tables.operation.c.transaction_id,
            tables.operation.c.parent_id,
            tables.operation.c.arguments,
            tables.operation.c.result,
        )
        .where(or_(tables.operation.c.id == operation_id, tables.operation.c.transaction_id == transaction))
        .order_by(tables.operation.c.recorded_at, tables.operation.c.id)
    )
    return list(rows)


def _inside(operation_id: str, family: list[Any]) -> list[Any]:
    """The operations inside one, at any depth."""
    around = {operation_id}
    inside: list[Any] = []
    while more := [row for row in family if row.parent_id in around]:
        inside += more
        around = {row.id for row in more}
    return inside


def _relative(row: Any) -> Relative:
    return {
        "operation_id": row.id,
        "operation": row.name,
        "parent_operation_id": row.parent_id,
        "recorded_at": row.recorded_at.isoformat(),
    }
