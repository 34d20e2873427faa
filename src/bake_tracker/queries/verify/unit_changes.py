"""Verify lots that were carried over into another unit, and the answers given."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from bake_tracker.domain.money import format_money
from bake_tracker.domain.stock.unit_change import converted
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Lot, Operation, UnitChange
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.verify.drift import Drift, Rows, drift

_LIKE = ("code", "is_made", "received_on", "expires_on", "supplier_id", "product_id")


def unit_drift(session: Session) -> Iterator[Drift]:
    """Every carried lot that is not what its source held, and every answer that says something else."""
    for change, source, lot, quantity, cost, result in session.execute(_carried()):
        held = converted(-(quantity or 0), change.factor).micros
        expected = {
            "item_id": change.new_item_id,
            "quantity": format_micros(held),
            "cost": format_money(None if cost is None else -cost),
            "lot": change.lot_id,
            "operation": change.operation_id,
            **{name: getattr(source, name) for name in _LIKE},
        }
        found = {
            "item_id": lot.item_id,
            "quantity": format_micros(lot.quantity_micros),
            "cost": format_money(lot.cost_micros),
            "lot": lot.parent_lot_id,
            "operation": lot.operation_id,
            **{name: getattr(lot, name) for name in _LIKE},
        }
        for name, value in expected.items():
            if found[name] != value:
                yield drift(f"{name} of a lot in another unit", lot.code, value, found[name])
        told = {
            "lot_id": change.lot_id,
            "new_lot_id": change.new_lot_id,
            "quantity": format_micros(-(quantity or 0)),
            "new_quantity": format_micros(held),
        }
        answered = _answered(result)
        for name, value in told.items():
            if answered.get(name) != value:
                yield drift(f"answer: {name}", change.operation_id, value, answered.get(name))


@cache
def _carried() -> Rows:
    new, taken = aliased(Lot), aliased(Movement)
    return (
        select(UnitChange, Lot, new, taken.quantity_micros, taken.cost_micros, Operation.result)
        .join(Lot, Lot.id == UnitChange.lot_id)
        .join(new, new.id == UnitChange.new_lot_id)
        .join(Operation, Operation.id == UnitChange.operation_id)
        .outerjoin(taken, and_(taken.operation_id == UnitChange.operation_id, taken.lot_id == UnitChange.lot_id))
        .order_by(UnitChange.id)
    )


def _answered(result: str | None) -> dict[str, Any]:
    try:
        return dict(json.loads(result or "{}")["lots"][0])
    except (ValueError, TypeError, LookupError):
        return {}
