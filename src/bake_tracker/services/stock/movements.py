"""Movements and what they leave in a lot, written at once; only the ledger and the correction of counts use this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, update

from bake_tracker.domain.money import negated
from bake_tracker.domain.stock.fifo import Reason
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.services.operation import Operation


@dataclass(frozen=True, slots=True)
class Change:
    """A signed change to one lot, in millionths; the cost is None if the lot's is unknown.

    A change that takes from the lot has a ``reason``.
    """

    lot_id: int
    quantity_micros: int
    cost_micros: int | None
    reason: Reason | None = None


# Built once: building a statement costs more than running it.
_add_movement = insert(movements)
_redate = (
    update(movements)
    .where(movements.c.id == bindparam("of_movement"))
    .values(happened_at=bindparam("at", type_=movements.c.happened_at.type))
)
_take = (
    update(tables.lot)
    .where(tables.lot.c.id == bindparam("of_lot"))
    .values(
        remaining_micros=tables.lot.c.remaining_micros - bindparam("taken"),
        remaining_cost_micros=tables.lot.c.remaining_cost_micros - bindparam("taken_cost"),
    )
)


def redate(operation: Operation, times: Mapping[int, datetime]) -> None:
    """Give these movements another time, which is a cache of their day in the bakery's time zone."""
    if times:
        rows = [{"of_movement": movement_id, "at": at} for movement_id, at in times.items()]
        operation.connection.execute(_redate, rows)


def change_remaining(operation: Operation, changes: Sequence[Change]) -> None:
    """Change what is left in these lots, by relative amounts."""
    if changes:
        operation.connection.execute(
            _take,
            [
                {"of_lot": one.lot_id, "taken": -one.quantity_micros, "taken_cost": negated(one.cost_micros)}
                for one in changes
            ],
        )


def post(operation: Operation, changes: Sequence[Change]) -> None:
    """Add movements at the operation's time."""
    if changes:
        operation.connection.execute(
            _add_movement,
            [
                {
                    "operation_id": operation.id,
                    "lot_id": one.lot_id,
                    "quantity_micros": one.quantity_micros,
                    "cost_micros": one.cost_micros,
                    "happened_at": operation.at,
                    "reason": one.reason,
                }
                for one in changes
            ],
        )
