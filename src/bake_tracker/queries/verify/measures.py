"""Verify each item's weights against its latest measure that was not undone, and the answers given."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.units import COLUMN_OF_MEASURE, MeasureKind
from bake_tracker.models import Item, Lot, Operation, tables
from bake_tracker.queries.catalog.weights import load_weights
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.verify.drift import Drift, drift

_KINDS: Mapping[str, MeasureKind] = {"record_density": "density", "record_piece_weight": "piece"}
_measures = (
    select(tables.item_measure, Operation.name, Operation.result)
    .outerjoin(Operation, Operation.id == tables.item_measure.c.operation_id)
    .order_by(tables.item_measure.c.id)
)


def measure_drift(session: Session) -> Iterator[Drift]:
    """Every weight that differs from its measures, and every answer that differs from its measure."""
    measured: defaultdict[MeasureKind, set[int]] = defaultdict(set)
    for row in session.execute(_measures):
        measured[row.kind].add(row.item_id)
        yield from _answer(row)
    for kind, column in COLUMN_OF_MEASURE.items():
        if measured[kind]:
            yield from _items(session, kind, column, measured[kind])
        yield from _of_nothing(session, column, measured[kind])


def _items(session: Session, kind: MeasureKind, column: str, item_ids: set[int]) -> Iterator[Drift]:
    weights = load_weights(session, item_ids, kind)
    items = select(Item.id, Item.slug, Item.__table__.c[column].label("found"))
    for row in session.execute(items.where(among(session, Item.__table__.c.id, item_ids)).order_by(Item.id)):
        if row.found != weights[row.id].of_item:
            yield drift(f"item {kind}", row.slug, weights[row.id].of_item, row.found)
    lots = select(Lot.id, Lot.code, Lot.item_id, Lot.__table__.c[column].label("found"))
    for row in session.execute(lots.where(among(session, Lot.__table__.c.item_id, item_ids)).order_by(Lot.id)):
        expected = weights[row.item_id].of_lots.get(row.id)
        if row.found != expected:
            yield drift(f"lot {kind}", row.code, expected, row.found)


def _of_nothing(session: Session, column: str, item_ids: set[int]) -> Iterator[Drift]:
    """Lots with a weight of their own, of items that nobody measured."""
    own = Lot.__table__.c[column]
    rows = select(Lot.code, own).where(own.is_not(None), ~among(session, Lot.__table__.c.item_id, item_ids))
    for code, found in session.execute(rows.order_by(Lot.id)):
        yield drift(f"lot {column}", code, None, found)


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
    if row.lot_id is not None:
        expected["lot_id"] = row.lot_id
    try:
        answered = dict(json.loads(row.result or "{}"))
    except (ValueError, TypeError):
        answered = {}
    for name, value in expected.items():
        if row.kind != kind or answered.get(name) != value:
            yield drift(f"answer: {name}", row.operation_id, value, answered.get(name))
