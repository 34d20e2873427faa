"""Verify cost statements: their lines, postings and answers, and which costs are known."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.stock.late_costs import unknown_among
from bake_tracker.models import CostStatement, CostStatementLine, Lot, Operation, Reversal
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.stock.late_costs import load_unpriced
from bake_tracker.queries.verify.drift import Drift, Rows, Told, drift, in_batches

STATING = "record_cost_statement"
_undone = select(Lot.id).where(
    Lot.cost_micros.is_(None), exists().where(Reversal.reversed_operation_id == Lot.operation_id)
)
_without_cost = select(Lot.id, Lot.code).where(Lot.remaining_cost_micros.is_(None))
_strange_lines = (
    select(CostStatementLine.id, CostStatementLine.movement_id)
    .join(CostStatement, CostStatement.id == CostStatementLine.cost_statement_id)
    .join(Movement, Movement.id == CostStatementLine.movement_id)
    .where(
        or_(
            CostStatement.operation_id != CostStatementLine.operation_id,
            Movement.lot_id != CostStatementLine.lot_id,
            Movement.id > CostStatement.last_movement_id,
            Movement.quantity_micros == 0,
        )
    )
    .order_by(CostStatementLine.id)
)
_statements = (
    select(CostStatement.id, CostStatement.operation_id, CostStatement.kind, Operation.name, Operation.result)
    .join(Operation, Operation.id == CostStatement.operation_id)
    .order_by(CostStatement.id)
)
_brought = (
    select(CostStatementLine.operation_id, CostStatementLine.lot_id, CostStatementLine.cost_micros)
    .join(Lot, Lot.id == CostStatementLine.lot_id)
    .join(
        Movement,
        and_(
            Movement.id == CostStatementLine.movement_id,
            Movement.operation_id == Lot.operation_id,
            Movement.quantity_micros > 0,
        ),
    )
    .where(CostStatementLine.operation_id.in_(bindparam("ids", expanding=True)))
)


def cost_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every cost that is known or unknown without a reason, and every statement that its lines do not add up to."""
    yield from _unknown(session)
    yield from _lines(session)
    yield from _postings(session)
    yield from _answers(session, told)


def _unknown(session: Session) -> Iterator[Drift]:
    """Check that the cost of a lot is unknown only if a receipt in it has none; memory grows with such lots.

    Nobody states the cost of a lot that was undone.
    """
    undone = set(session.scalars(_undone))
    expected = unknown_among(load_unpriced(session)) - undone
    found = {row.id: row.code for row in session.execute(_without_cost) if row.id not in undone}
    for lot_id in sorted(found.keys() - expected):
        yield drift("lot cost", found[lot_id], "known", None)
    if missing := expected - found.keys():
        known = select(Lot.code, Lot.remaining_cost_micros).where(among(session, Lot.__table__.c.id, missing))
        for code, cost in session.execute(known.order_by(Lot.id)):
            yield drift("lot cost", code, None, format_money(cost))


def _lines(session: Session) -> Iterator[Drift]:
    """Check that every line belongs to its statement, and is about a movement of its lot that came before."""
    for line_id, movement_id in session.execute(_strange_lines):
        yield drift("line of a cost statement", line_id, "about an earlier movement of its lot", movement_id)


def _postings(session: Session) -> Iterator[Drift]:
    """Check that a statement posted to each lot what its lines add up to."""
    for statement in _unlike_postings():
        for operation_id, lot_id, expected, found in session.execute(statement):
            what = f"{operation_id} of lot {lot_id}"
            yield drift("cost statement", what, format_money(int(expected)), format_money(int(found)))


@cache
def _unlike_postings() -> tuple[Rows, Rows]:
    said = (
        select(
            CostStatementLine.operation_id, CostStatementLine.lot_id, func.sum(CostStatementLine.cost_micros).label("c")
        )
        .group_by(CostStatementLine.operation_id, CostStatementLine.lot_id)
        .subquery()
    )
    posted = (
        select(Movement.operation_id, Movement.lot_id, func.sum(Movement.cost_micros).label("c"))
        .where(exists().where(CostStatement.operation_id == Movement.operation_id))
        .group_by(Movement.operation_id, Movement.lot_id)
        .subquery()
    )
    same = and_(said.c.operation_id == posted.c.operation_id, said.c.lot_id == posted.c.lot_id)
    unlike = (
        select(said.c.operation_id, said.c.lot_id, said.c.c.label("said"), func.coalesce(posted.c.c, 0).label("posted"))
        .outerjoin(posted, same)
        .where(said.c.c != func.coalesce(posted.c.c, 0))
    )
    unsaid = (
        select(posted.c.operation_id, posted.c.lot_id, func.coalesce(said.c.c, 0).label("said"), posted.c.c)
        .outerjoin(said, same)
        .where(said.c.c.is_(None))
    )
    in_order = ("operation_id", "lot_id")
    return unlike.order_by(*in_order), unsaid.order_by(*in_order)


def _answers(session: Session, told: Told) -> Iterator[Drift]:
    """Check that the answer of a statement equals what its lines say of the lots it names."""
    for batch in in_batches(session, _statements, told, "cost statements"):
        changes: dict[str, dict[int, int]] = {row.operation_id: {} for row in batch}
        for operation_id, lot_id, cost in session.execute(_brought, {"ids": list(changes)}):
            changes[operation_id][lot_id] = cost
        for row in batch:
            yield from _answer(row, changes[row.operation_id])


def _answer(row: Any, changes: dict[int, int]) -> Iterator[Drift]:
    try:
        answered = dict(json.loads(row.result or "{}"))
        lots = [int(one["lot_id"]) for one in answered["lots"]]
    except (ValueError, TypeError, KeyError):
        answered, lots = {}, []
    expected = {
        "cost_statement_id": row.id,
        "kind": row.kind,
        "total_change": format_money(sum(changes.get(lot_id, 0) for lot_id in lots)),
    }
    for name, value in expected.items():
        if answered.get(name) != value:
            yield drift(f"answer: {name}", row.operation_id, value, answered.get(name))
    if row.name != STATING:
        yield drift("cost statement recorded by", row.operation_id, STATING, row.name)
