"""What movements, lots and runs cost as known now: as recorded, with what standing cost statements have added."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, exists, func, null, select

from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.operations.reversal import stands


def integer_sum(column: Any) -> ColumnElement[int]:
    """A sum as an integer, which PostgreSQL would return as a decimal."""
    return cast(func.sum(column), BigInteger)


def restated(movement: Any) -> ColumnElement[Any]:
    """What standing statements have added to a movement's cost; NULL if none is about it."""
    line = tables.cost_statement_line.alias()
    return (
        select(integer_sum(line.c.cost_micros))
        .where(line.c.movement_id == movement.c.id, stands(line.c.operation_id))
        .correlate(movement)
        .scalar_subquery()
    )


def cost_now(movement: Any, lot: Any) -> ColumnElement[Any]:
    """What a movement costs as known now; NULL while the cost of its lot is unknown."""
    known = func.coalesce(movement.c.cost_micros, 0) + func.coalesce(restated(movement), 0)
    return case((lot.c.remaining_cost_micros.is_(None), null()), else_=known)


def brought_cost_now(lot: Any) -> ColumnElement[Any]:
    """What a lot cost when it came in, as known now; NULL while it is unknown."""
    line, brought = tables.cost_statement_line.alias(), movements.alias()
    said = (
        select(integer_sum(line.c.cost_micros))
        .join(brought, brought.c.id == line.c.movement_id)
        .where(
            line.c.lot_id == lot.c.id,
            brought.c.operation_id == lot.c.operation_id,
            brought.c.quantity_micros > 0,
            stands(line.c.operation_id),
        )
        .correlate(lot)
        .scalar_subquery()
    )
    known = func.coalesce(lot.c.cost_micros, 0) + func.coalesce(said, 0)
    return case((lot.c.remaining_cost_micros.is_(None), null()), else_=known)


def run_cost_now(operation_id: Any, recorded: Any) -> ColumnElement[Any]:
    """What an operation used in all, as known now, from its cost as recorded; NULL if any of it is unknown."""
    line, taken, drawn, lot = (
        tables.cost_statement_line.alias(),
        movements.alias(),
        movements.alias(),
        tables.lot.alias(),
    )
    of_run = (taken.c.operation_id == operation_id, taken.c.quantity_micros < 0)
    said = (
        select(func.coalesce(integer_sum(line.c.cost_micros), 0))
        .join(taken, taken.c.id == line.c.movement_id)
        .where(*of_run, stands(line.c.operation_id))
        .scalar_subquery()
    )
    of_draws = (drawn.c.operation_id == operation_id, drawn.c.quantity_micros < 0)
    paid = select(func.coalesce(integer_sum(drawn.c.cost_micros), 0)).where(*of_draws).scalar_subquery()
    is_unknown = exists().where(*of_draws, lot.c.id == drawn.c.lot_id, lot.c.remaining_cost_micros.is_(None))
    return case((recorded.is_not(None), recorded - said), (is_unknown, null()), else_=-paid - said)
