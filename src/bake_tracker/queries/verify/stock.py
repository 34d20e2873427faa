"""Verify adjustments, stocktakes, deliveries and their answers against the movements."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.stock.adjusting import RETURNS, TO_SOMEBODY
from bake_tracker.domain.units import format_micros
from bake_tracker.models import (
    Adjustment,
    CostStatement,
    CountAnswer,
    Delivery,
    Lot,
    Operation,
    Stocktake,
    StocktakeLine,
    tables,
)
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.verify.drift import Drift, Rows, Told, drift, in_batches
from bake_tracker.queries.verify.traces import operations_without

ANSWERED = {
    "record_adjustment": ("quantity", "total_cost"),
    "record_stocktake": ("difference", "cost_difference"),
    "record_return": ("quantity", "total_cost"),
    "record_hand_over": ("quantity", "total_cost"),
}
"""For each kind of operation that adjusts lots, the answer's field for one lot and for all of them."""
ADJUSTING = sorted(ANSWERED)
_ids: BindParameter[str] = bindparam("ids", expanding=True)
_ADJUSTING_OPERATIONS = (
    select(Operation.id, Operation.name, Operation.result).where(Operation.name.in_(ADJUSTING)).order_by(Operation.id)
)
_MOVEMENTS = (
    select(Movement.operation_id, Movement.lot_id, Lot.code, Movement.quantity_micros, Movement.cost_micros)
    .join(Lot, Lot.id == Movement.lot_id)
    .where(Movement.operation_id.in_(_ids))
    .order_by(Movement.id)
)
_DELIVERIES = (
    select(Delivery.id, Delivery.operation_id, Delivery.supplier_id, Delivery.document, Operation.result)
    .join(Operation, Operation.id == Delivery.operation_id)
    .order_by(Delivery.id)
)
_DELIVERED = select(Lot).where(Lot.operation_id.in_(_ids)).order_by(Lot.id)
_corrects_a_count = exists().where(CountAnswer.operation_id == Adjustment.operation_id, CountAnswer.saw == "before")


def stock_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every adjustment, counted line and delivery that differs from the movements; compared by the database."""
    yield from _adjustments(session)
    yield from _counts(session)
    yield from _returns(session)
    yield from _answers(session, told)
    yield from _deliveries(session, told)


def _adjustments(session: Session) -> Iterator[Drift]:
    """Check that each operation and lot has one adjustment and one movement of the same quantity."""
    *unlike, of_another = _unlike_adjustments()
    for statement in unlike:
        for row in session.execute(statement):
            what = f"{row.operation_id} of lot {row.lot_id}"
            yield drift("adjustment", what, _micros(row.moved), _micros(row.quantity))
    for adjustment_id, name, kind in session.execute(of_another):
        yield drift("adjustment kind", adjustment_id, f"one of {name}", kind)


@cache
def _unlike_adjustments() -> tuple[Rows, Rows, Rows]:
    adjusted = (
        select(Adjustment.operation_id, Adjustment.lot_id, func.sum(Adjustment.quantity_micros).label("quantity"))
        .group_by(Adjustment.operation_id, Adjustment.lot_id)
        .subquery()
    )
    is_adjusted = exists().where(Adjustment.operation_id == Movement.operation_id, Adjustment.lot_id == Movement.lot_id)
    moved = (
        select(Movement.operation_id, Movement.lot_id, func.sum(Movement.quantity_micros).label("quantity"))
        .join(Operation, Operation.id == Movement.operation_id)
        .where(or_(Operation.name.in_(ADJUSTING), is_adjusted))
        .group_by(Movement.operation_id, Movement.lot_id)
        .subquery()
    )
    same = and_(adjusted.c.operation_id == moved.c.operation_id, adjusted.c.lot_id == moved.c.lot_id)
    unlike = (
        select(adjusted.c.operation_id, adjusted.c.lot_id, moved.c.quantity.label("moved"), adjusted.c.quantity)
        .outerjoin(moved, same)
        .where(or_(moved.c.quantity.is_(None), moved.c.quantity != adjusted.c.quantity))
    )
    unsaid = (
        select(moved.c.operation_id, moved.c.lot_id, moved.c.quantity.label("moved"), literal(None).label("quantity"))
        .outerjoin(adjusted, same)
        .where(adjusted.c.quantity.is_(None))
    )
    counts = or_(Operation.name == "record_stocktake", _corrects_a_count)
    is_count = (Adjustment.kind == "stocktake") != counts
    is_return = Adjustment.kind.in_(RETURNS) != (Operation.name == "record_return")
    of_another = (
        select(Adjustment.id, Operation.name, Adjustment.kind)
        .join(Operation, Operation.id == Adjustment.operation_id)
        .where(or_(is_count, is_return))
        .order_by(Adjustment.id)
    )
    in_order = ("operation_id", "lot_id")
    return unlike.order_by(*in_order), unsaid.order_by(*in_order), of_another


def _counts(session: Session) -> Iterator[Drift]:
    """Check that every differing counted line matches its adjustment, and every adjustment of a count has its line."""
    unlike, uncounted, strange = _unlike_lines()
    for row in session.execute(unlike):
        yield drift("counted line", row.id, _micros(row.adjusted), _micros(row.counted))
    for key in session.scalars(uncounted):
        yield drift("counted line of adjustment", key, "one", "none")
    for line_id, expected, found in session.execute(strange):
        yield drift("counted line recorded by", line_id, expected, found)
    for name, table in (
        ("record_stocktake", Stocktake),
        ("record_delivery", Delivery),
        ("record_cost_statement", CostStatement),
    ):
        for operation_id in session.scalars(operations_without(name, table)):
            yield drift(table.__tablename__, operation_id, "one", "none")


@cache
def _unlike_lines() -> tuple[Rows, Rows, Rows]:
    difference = StocktakeLine.counted_micros - StocktakeLine.expected_micros
    same = and_(
        Adjustment.operation_id == StocktakeLine.operation_id,
        Adjustment.lot_id == StocktakeLine.lot_id,
    )
    adjusted = func.coalesce(Adjustment.quantity_micros, 0)
    unlike = (
        select(StocktakeLine.id, difference.label("counted"), adjusted.label("adjusted"))
        .outerjoin(Adjustment, same)
        .where(adjusted != difference)
        .order_by(StocktakeLine.id)
    )
    uncounted = (
        select(Adjustment.id)
        .where(Adjustment.kind == "stocktake", ~exists().where(same), ~_corrects_a_count)
        .order_by(Adjustment.id)
    )
    strange = (
        select(StocktakeLine.id, Stocktake.operation_id, StocktakeLine.operation_id)
        .join(Stocktake, Stocktake.id == StocktakeLine.stocktake_id)
        .where(Stocktake.operation_id != StocktakeLine.operation_id)
        .order_by(StocktakeLine.id)
    )
    return unlike, uncounted, strange


def _returns(session: Session) -> Iterator[Drift]:
    """Check that no more came back of a lot than its hand-over took, and that every return has a source."""
    too_much, lost = _unlike_returns()
    for row in session.execute(too_much):
        what = f"lot {row.lot_id} of {row.of_operation_id}"
        yield drift("returned", what, f"at most {_micros(row.out)}", _micros(row.back))
    for key in session.scalars(lost):
        yield drift("source of a return", key, "one for a return, none for anything else", "not so")


@cache
def _unlike_returns() -> tuple[Rows, Rows]:
    returned, source = tables.adjustment, tables.adjustment.alias()
    of = (returned.c.of_operation_id, returned.c.lot_id)
    back = func.sum(returned.c.quantity_micros)
    out = (
        select(func.coalesce(-func.sum(source.c.quantity_micros), 0))
        .where(
            source.c.operation_id == returned.c.of_operation_id,
            source.c.lot_id == returned.c.lot_id,
            source.c.kind.in_(sorted(TO_SOMEBODY)),
            stands(source.c.operation_id),
        )
        .correlate(returned)
        .scalar_subquery()
    )
    rows = (
        select(*of, back.label("back"), out.label("out"))
        .where(returned.c.kind == "return", stands(returned.c.operation_id))
        .group_by(*of)
        .having(back > out)
        .order_by(*of)
    )
    is_return = Adjustment.kind.in_(RETURNS)
    lost = select(Adjustment.id).where(is_return != Adjustment.of_operation_id.is_not(None)).order_by(Adjustment.id)
    return rows, lost


def _answers(session: Session, told: Told) -> Iterator[Drift]:
    """Check that the answers for every adjusted lot, and the total, equal the movements."""
    for batch in in_batches(session, _ADJUSTING_OPERATIONS, told, "adjustments"):
        moved: dict[str, list[Any]] = {row.id: [] for row in batch}
        for row in session.execute(_MOVEMENTS, {"ids": [row.id for row in batch]}):
            moved[row.operation_id].append(row)
        for operation in batch:
            of_lot, of_all = ANSWERED[operation.name]
            answered = _json(operation.result)
            expected = sorted(
                (row.lot_id, row.code, _micros(row.quantity_micros), format_money(row.cost_micros))
                for row in moved[operation.id]
            )
            found = _answered_lots(answered, of_lot)
            if found != expected:
                yield drift("answer: lots", operation.id, _text(expected), _text(found))
            costs = [row.cost_micros for row in moved[operation.id]]
            total = None if None in costs else format_money(sum(costs))
            if not isinstance(answered, dict) or answered.get(of_all) != total:
                found_total = answered.get(of_all) if isinstance(answered, dict) else None
                yield drift(f"answer: {of_all}", operation.id, _text(total), _text(found_total))


def _deliveries(session: Session, told: Told) -> Iterator[Drift]:
    """Check that the answer of a delivery equals its lots as they came in, from its supplier."""
    for batch in in_batches(session, _DELIVERIES, told, "deliveries"):
        lots: dict[str, list[Any]] = {row.operation_id: [] for row in batch}
        for lot in session.scalars(_DELIVERED, {"ids": list(lots)}):
            lots[lot.operation_id].append(lot)
        for row in batch:
            answered = _json(row.result)
            answered = answered if isinstance(answered, dict) else {}
            own = lots[row.operation_id]
            expected = {
                "delivery_id": row.id,
                "supplier_id": row.supplier_id,
                "document": row.document,
                "lot_count": len(own),
                "lots": [
                    [lot.id, lot.code, _micros(lot.quantity_micros), format_money(lot.cost_micros)] for lot in own
                ],
            }
            found = {
                **{name: answered.get(name) for name in expected},
                "lots": [
                    [one.get(name) for name in ("lot_id", "lot_code", "quantity", "total_cost")]
                    for one in answered.get("lots") or []
                ],
            }
            for name, value in expected.items():
                if found[name] != value:
                    yield drift(f"answer: {name}", row.operation_id, _text(value), _text(found[name]))
            if odd := [lot.code for lot in own if lot.supplier_id != row.supplier_id]:
                yield drift("supplier of a delivery", row.operation_id, row.supplier_id, ", ".join(odd))


def _answered_lots(answered: Any, of_lot: str) -> list[Any]:
    try:
        return sorted((one["lot_id"], one["lot_code"], one[of_lot], one["cost"]) for one in answered["lots"])
    except (TypeError, KeyError):
        return ["nothing that can be read"]


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _micros(micros: int | None) -> str:
    return "none" if micros is None else format_micros(int(micros))
