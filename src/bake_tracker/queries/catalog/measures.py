"""Measures: every recorded figure, and the one in use."""

from collections.abc import Collection
from fractions import Fraction
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.stock.conversions import Conversion, Known, convert, convert_packages
from bake_tracker.domain.stock.products import Package, is_unit
from bake_tracker.domain.units import MeasureKind, Unit, format_exact, parse_unit
from bake_tracker.models import Item as ItemRow
from bake_tracker.models import Operation, tables
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.operations.reversal import stands

UNSAID = "no source recorded (older version or import)"


class MeasureRow(TypedDict):
    """A figure in g per ml or g each, exact and rounded for people, and whether it is in use or undone.

    ``lot_code`` is the lot that it is only for, if any; ``corrects`` is the operation whose figure it replaced.
    """

    item_slug: str
    kind: str
    value: str
    exact: str
    unit: str
    source: str
    measured_on: str | None
    state: str
    operation_id: str | None
    actor: str | None
    lot_code: str | None
    corrects: str | None


def load_measures(session: Session, item_id: int | None = None) -> list[MeasureRow]:
    """Every figure of all items, or of one, newest first; two statements.

    A weight without a recorded measure, from an older database or an import, is listed without a day.
    """
    mistyped = tables.item_measure.alias()
    rows = session.execute(
        select(
            tables.item_measure,
            ItemRow.slug,
            Operation.actor,
            stands(tables.item_measure.c.operation_id).label("stands"),
            tables.lot.c.code.label("lot_code"),
            mistyped.c.operation_id.label("corrects"),
        )
        .join(ItemRow, ItemRow.id == tables.item_measure.c.item_id)
        .join(Operation, Operation.id == tables.item_measure.c.operation_id)
        .outerjoin(tables.lot, tables.lot.c.id == tables.item_measure.c.lot_id)
        .outerjoin(mistyped, mistyped.c.id == tables.item_measure.c.corrects_id)
        .where(*([] if item_id is None else [tables.item_measure.c.item_id == item_id]))
        .order_by(ItemRow.slug, tables.item_measure.c.kind, tables.item_measure.c.id.desc())
    )
    found: list[MeasureRow] = []
    settled: set[tuple[str, str, int | None]] = set()
    mistaken: set[int] = set()
    for row in rows:
        state = _state(row, settled, mistaken)
        if row.stands:
            settled.add((row.slug, row.kind, row.lot_id))
            mistaken.add(row.corrects_id)
        found.append(
            {
                "item_slug": row.slug,
                "kind": row.kind,
                "value": format_exact(row.value),
                "exact": str(row.value),
                "unit": _unit(row.kind),
                "source": row.source,
                "measured_on": row.measured_on.isoformat(),
                "state": state,
                "operation_id": row.operation_id,
                "actor": row.actor,
                "lot_code": row.lot_code,
                "corrects": row.corrects,
            }
        )
    weighed = select(ItemRow.slug, ItemRow.g_per_ml, ItemRow.g_per_each).where(
        ItemRow.g_per_ml.is_not(None) | ItemRow.g_per_each.is_not(None),
        *([] if item_id is None else [ItemRow.id == item_id]),
    )
    for slug, *values in session.execute(weighed):
        for kind, value in zip(("density", "piece"), values, strict=True):
            if value is not None and (slug, kind, None) not in settled:
                found.append(
                    {
                        "item_slug": slug,
                        "kind": kind,
                        "value": format_exact(value),
                        "exact": str(value),
                        "unit": _unit(kind),
                        "source": UNSAID,
                        "measured_on": None,
                        "state": "in force",
                        "operation_id": None,
                        "actor": None,
                        "lot_code": None,
                        "corrects": None,
                    }
                )
    return sorted(found, key=lambda row: (row["item_slug"], row["kind"]))


def _state(row: Any, settled: Collection[tuple[str, str, int | None]], mistaken: Collection[int]) -> str:
    """The state of a measure: followed by a later one, it still holds for the lots before, unless it was mistyped."""
    if not row.stands:
        return "reversed"
    if row.id in mistaken:
        return "corrected"
    if (row.slug, row.kind, row.lot_id) not in settled:
        return "in force"
    has_lots = row.lot_id is None and (row.last_lot_id or 0) > (row.since_lot_id or 0)
    return "earlier lots" if has_lots else "replaced"


def load_known(session: Session, item: Item) -> dict[MeasureKind, Known]:
    """An item's known weights with their sources; two statements."""
    of_item = [row for row in load_measures(session, item.item_id) if row["lot_code"] is None]
    told = {row["kind"]: row for row in of_item if row["state"] == "in force"}
    weights: dict[MeasureKind, Fraction | None] = {"density": item.g_per_ml, "piece": item.g_per_each}
    return {
        kind: Known(value, told[kind]["source"], told[kind]["measured_on"], told[kind]["operation_id"])
        for kind, value in weights.items()
        if value is not None
    }


def explain_conversion(
    session: Session, item_id: int | None, quantity: Fraction, unit: str, to_unit: Unit, package: Package | None = None
) -> Conversion:
    """Convert a quantity, with every factor and its source; at most three statements.

    ``unit`` may be the name of the ``package``.

    Raises:
        ItemNotFoundError: there is no such item.
        ValidationError, UnitConversionError: for the same reasons as ``convert``.
    """
    if item_id is None:
        return convert(None, quantity, parse_unit(unit), to_unit, {})
    item = load_item(session, item_id)
    known = load_known(session, item)
    if package and not is_unit(unit):
        return convert_packages(item, package, quantity, unit, to_unit, known)
    return convert(item, quantity, parse_unit(unit), to_unit, known)


def _unit(kind: str) -> str:
    return "g/ml" if kind == "density" else "g each"
