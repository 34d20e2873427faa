"""Verify references and traces: every reference exists, and no lot is made from itself."""

import hashlib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from bake_tracker.domain.seals import COVERED
from bake_tracker.models import (
    Adjustment,
    AssemblyRun,
    Base,
    CostStatement,
    GoodComponent,
    Item,
    Lot,
    Operation,
    ProductionRun,
    Recipe,
    RecipeLine,
    RecipeSnapshot,
    Reversal,
    Transfer,
    UnitChange,
)
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.verify.drift import Drift, Rows, Told, drift, in_batches

_WITHOUT_RESULT = select(Operation.id).where(Operation.result.is_(None))
_SUB_RECIPES = select(RecipeLine.recipe_id, RecipeLine.sub_recipe_id).where(RecipeLine.sub_recipe_id.is_not(None))
_COMPONENTS = select(GoodComponent.good_id, GoodComponent.component_id)
_SNAPSHOTS = select(RecipeSnapshot.sha256, RecipeSnapshot.content).order_by(RecipeSnapshot.sha256)


def trace_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every dangling reference, every operation without its rows, and every cycle."""
    yield from _dangling(session)
    yield from _unfinished(session)
    yield from _without_run(session)
    yield from _before_it_was_there(session)
    yield from _without_reason(session)
    yield from _circles(session)
    yield from _snapshots(session, told)


def _dangling(session: Session) -> Iterator[Drift]:
    """Check references explicitly, because the database's foreign keys could have been dropped."""
    references, is_any_missing = _references()
    for is_missing, (what, target, missing) in zip(session.execute(is_any_missing).one(), references, strict=True):
        for key, found in session.execute(missing) if is_missing else ():
            yield drift(what, key, f"{target} {found}", "none")


@cache
def _references() -> tuple[list[tuple[str, str, Rows]], Rows]:
    """Every reference of the history, and the query that says for each whether it leads nowhere.

    A reference is its table and column, the table it names, and the query for the rows that name nothing.
    """
    found = []
    for table in COVERED:
        source = Base.metadata.tables[table]
        key = next(iter(source.primary_key))
        for reference in sorted(source.foreign_keys, key=lambda one: str(one.parent.name)):
            column, target = reference.parent, reference.column.table.alias("target")
            missing = ~exists().where(target.c[reference.column.name] == column)
            query = select(key, column).where(column.is_not(None), missing).order_by(key)
            found.append((f"{table} {column.name}", reference.column.table.name, query))
    return found, select(*(exists(missing) for _, _, missing in found))


def _unfinished(session: Session) -> Iterator[Drift]:
    for operation_id in session.scalars(_WITHOUT_RESULT):
        yield drift("operation", operation_id, "a result", "none")


def _without_run(session: Session) -> Iterator[Drift]:
    for name, run in (("record_batch_production", ProductionRun), ("record_assembly", AssemblyRun)):
        for operation_id in session.scalars(operations_without(name, run)):
            yield drift("run", operation_id, "one", "none")


@cache
def operations_without(name: str, table: type[Base]) -> Select[str]:
    """The ids of operations of this name that have no row in the table."""
    own = Base.metadata.tables[table.__tablename__].c.operation_id
    lost = and_(Operation.name == name, ~exists().where(own == Operation.id))
    return select(Operation.id).where(lost).order_by(Operation.id)


def _before_it_was_there(session: Session) -> Iterator[Drift]:
    """Check that a lot's first movement adds it, and that operations draw before they add.

    Movement ids then rise along every chain from a lot to the lots made from it, so no lot is made from itself.
    """
    early, mixed = _early()
    for code, expected, found in session.execute(early):
        yield drift("lot brought by", code, expected, found)
    for operation_id in session.scalars(mixed):
        yield drift("draws of an operation", operation_id, "before what it made", "after it")


@cache
def _early() -> tuple[Rows, Rows]:
    first = select(func.min(Movement.id).label("id")).group_by(Movement.lot_id).subquery()
    brought = aliased(Movement)
    wrong = or_(brought.operation_id != Lot.operation_id, brought.quantity_micros <= 0)
    rows = (
        select(Lot.code, Lot.operation_id, brought.operation_id)
        .join(brought, brought.lot_id == Lot.id)
        .join(first, first.c.id == brought.id)
        .where(wrong)
        .order_by(Lot.id)
    )
    own = and_(Movement.quantity_micros > 0, Lot.operation_id == Movement.operation_id)
    draws = (
        select(Movement.operation_id)
        .join(Lot, Lot.id == Movement.lot_id)
        .group_by(Movement.operation_id)
        .having(func.max(case((Movement.quantity_micros < 0, Movement.id))) > func.min(case((own, Movement.id))))
    )
    return rows, draws.order_by(Movement.operation_id)


def _without_reason(session: Session) -> Iterator[Drift]:
    """Check that every movement adds its lot or has a recorded purpose; a mass balance cannot account for any other."""
    for code, operation_id in session.execute(_purposeless()):
        yield drift("movement of lot", code, "a recorded purpose", f"none by {operation_id}")


@cache
def _purposeless() -> Rows:
    brings = and_(Movement.operation_id == Lot.operation_id, Movement.quantity_micros > 0)
    records = (ProductionRun, AssemblyRun, Transfer, UnitChange, Reversal, CostStatement)
    reasons = [exists().where(record.operation_id == Movement.operation_id) for record in records]
    reasons.append(
        exists().where(Adjustment.operation_id == Movement.operation_id, Adjustment.lot_id == Movement.lot_id)
    )
    return (
        select(Lot.code, Movement.operation_id)
        .join(Lot, Lot.id == Movement.lot_id)
        .where(~brings, ~or_(*reasons))
        .order_by(Movement.id)
    )


def _circles(session: Session) -> Iterator[Drift]:
    for what, pairs, named in (("recipe", _SUB_RECIPES, Recipe), ("finished good", _COMPONENTS, Item)):
        if circle := _circle(session.execute(pairs)):
            rows = session.execute(select(named.id, named.slug).where(named.id.in_(circle)))
            slugs = {row.id: row.slug for row in rows}
            yield drift(what, slugs[circle[0]], "not made of itself", " > ".join(slugs[one] for one in circle))


def _circle(pairs: Any) -> list[int]:
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for whole, part in pairs:
        sorter.add(whole, part)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def _snapshots(session: Session, told: Told) -> Iterator[Drift]:
    for batch in in_batches(session, _SNAPSHOTS, told, "recipe snapshots"):
        for sha256, content in batch:
            if (found := hashlib.sha256(content.encode()).hexdigest()) != sha256:
                yield drift("recipe snapshot", sha256, sha256, found)
