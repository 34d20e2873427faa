"""Verify each item's weights against its latest measure that was not undone, and the answers given."""

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.models import Item, Operation, tables
from bake_tracker.queries.operations.reversal import before_the_first, stands
from bake_tracker.queries.verify.drift import Drift, drift

COLUMN_OF_MEASURE = {"density": "g_per_ml", "piece": "g_per_each"}
_KINDS = {"record_density": "density", "record_piece_weight": "piece"}


def measure_drift(session: Session) -> Iterator[Drift]:
    """Every weight that differs from its measures, and every answer that differs from its measure."""
    rows = session.execute(
        select(
            tables.item_measure,
            Item.slug,
            Item.g_per_ml,
            Item.g_per_each,
            Operation.name,
            Operation.result,
            stands(tables.item_measure.c.operation_id).label("stands"),
        )
        .join(Item, Item.id == tables.item_measure.c.item_id)
        .outerjoin(Operation, Operation.id == tables.item_measure.c.operation_id)
        .order_by(tables.item_measure.c.id)
    )
    items: dict[tuple[int, str], Any] = {}
    in_force: dict[tuple[int, str], Fraction] = {}
    for row in rows:
        key = row.item_id, row.kind
        items[key] = row
        if row.stands:
            in_force[key] = row.value
        yield from _answer(row)
    for key, row in items.items():
        expected = in_force.get(key) or before_the_first(session, *key)
        found = getattr(row, COLUMN_OF_MEASURE[row.kind])
        if found != expected:
            yield drift(f"item {row.kind}", row.slug, expected, found)


def _answer(row: Any) -> Iterator[Drift]:
    if row.name not in _KINDS:
        return  # recorded as part of another operation, which has its own answer
    kind = _KINDS[row.name]
    expected = {
        "item_id": row.item_id,
        COLUMN_OF_MEASURE[kind]: str(row.value),
        "source": row.source,
        "measured_on": row.measured_on.isoformat(),
    }
    try:
        answered = dict(json.loads(row.result or "{}"))
    except (ValueError, TypeError):
        answered = {}
    for name, value in expected.items():
        if row.kind != kind or answered.get(name) != value:
            yield drift(f"answer: {name}", row.operation_id, value, answered.get(name))
