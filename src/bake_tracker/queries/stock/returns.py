"""What was handed over, and what came back of it. Undone operations do not count."""

from collections.abc import Collection
from typing import Any, TypedDict

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import OperationNotFoundError
from bake_tracker.domain.stock.adjusting import TO_SOMEBODY
from bake_tracker.domain.stock.returns import HandedOver
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.costs import cost_now
from bake_tracker.queries.operations.reversal import stands

_adjusted = tables.adjustment
_same = and_(
    movements.c.operation_id == _adjusted.c.operation_id,
    movements.c.lot_id == _adjusted.c.lot_id,
    movements.c.quantity_micros == _adjusted.c.quantity_micros,
)


class HandOver(TypedDict):
    """What an operation handed over of a lot, when and to whom; ``still_out`` has not come back."""

    operation_id: str
    lot_id: int
    lot_code: str
    item_slug: str
    kind: str
    on: str
    recipient: str | None
    quantity: str
    came_back: str
    still_out: str
    unit: str


def load_handed_over(session: Session, operation_id: str) -> list[HandedOver]:
    """What a sale, a gift or a sample handed over, lot by lot; empty for any other operation or if it was undone.

    Raises:
        OperationNotFoundError: there is no such operation.
    """
    found = _load(session, _adjusted.c.operation_id == operation_id, _adjusted.c.of_operation_id == operation_id)
    if not found:
        known = select(tables.operation.c.id).where(tables.operation.c.id == operation_id)
        if session.execute(known).first() is None:
            raise OperationNotFoundError(operation_id)
    return found


def load_still_out(
    session: Session,
    *,
    lot_id: int | None = None,
    item_id: int | None = None,
    operation_id: str | None = None,
    recipient_id: int | None = None,
) -> list[HandOver]:
    """What was handed over and has not come back, latest first: of a lot or item, by an operation, to a customer."""
    asked = {
        _adjusted.c.lot_id: lot_id,
        tables.lot.c.item_id: item_id,
        _adjusted.c.operation_id: operation_id,
        _adjusted.c.recipient_id: recipient_id,
    }
    condition = and_(true(), *(column == value for column, value in asked.items() if value is not None))
    house = load_bakery(session)
    return [
        {
            "operation_id": one.operation_id,
            "lot_id": one.lot_id,
            "lot_code": one.lot_code,
            "item_slug": one.item_slug,
            "kind": one.kind,
            "on": house.local_day(one.happened_at).isoformat(),
            "recipient": one.recipient,
            "quantity": format_micros(one.quantity_micros),
            "came_back": format_micros(one.back_micros),
            "still_out": format_micros(one.out_micros),
            "unit": one.unit,
        }
        for one in reversed(_load(session, condition))
        if one.out_micros > 0
    ]


def load_came_back(session: Session, operation_ids: Collection[str]) -> dict[tuple[str, int], int]:
    """(operation, lot) -> millionths that came back of what it handed over."""
    rows = _returned(among(session, _adjusted.c.of_operation_id, operation_ids))
    return {(row.of_operation_id, row.lot_id): int(row.quantity) for row in session.execute(rows)}


def load_receipts(session: Session, lot_ids: Collection[int]) -> dict[int, str]:
    """The operation that received each of these lots or the lot it was split from; none for a lot that was made."""
    columns = (tables.lot.c.id, tables.lot.c.parent_lot_id, tables.lot.c.is_made, tables.lot.c.operation_id)
    line = (
        select(tables.lot.c.id.label("of_lot"), *columns)
        .where(among(session, tables.lot.c.id, lot_ids))
        .cte("line", recursive=True)
    )
    line = line.union(select(line.c.of_lot, *columns).join(line, tables.lot.c.id == line.c.parent_lot_id))
    rows = session.execute(
        select(line.c.of_lot, line.c.operation_id).where(line.c.parent_lot_id.is_(None), ~line.c.is_made)
    )
    return {row.of_lot: row.operation_id for row in rows}


def _load(session: Session, condition: ColumnElement[bool], *of_returns: ColumnElement[bool]) -> list[HandedOver]:
    """What was handed over, if it meets a condition; ``of_returns`` limits the returns that are read."""
    back = _returned(*of_returns).subquery()
    rows = session.execute(
        select(
            _adjusted,
            cost_now(movements, tables.lot).label("cost_micros"),
            tables.lot.c.code,
            tables.item.c.slug,
            tables.item.c.base_unit,
            tables.recipient.c.name.label("recipient"),
            back.c.quantity.label("back"),
            back.c.cost.label("back_cost"),
        )
        .join(movements, _same)
        .join(tables.lot, tables.lot.c.id == _adjusted.c.lot_id)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .outerjoin(tables.recipient, tables.recipient.c.id == _adjusted.c.recipient_id)
        .outerjoin(back, and_(back.c.of_operation_id == _adjusted.c.operation_id, back.c.lot_id == _adjusted.c.lot_id))
        .where(condition, _adjusted.c.kind.in_(sorted(TO_SOMEBODY)), stands(_adjusted.c.operation_id))
        .order_by(_adjusted.c.happened_at, _adjusted.c.id)
    )
    return [
        HandedOver(
            row.operation_id,
            row.lot_id,
            row.code,
            row.slug,
            row.base_unit,
            row.kind,
            row.happened_at,
            row.recipient_id,
            row.recipient,
            row.event_id,
            -row.quantity_micros,
            None if row.cost_micros is None else -row.cost_micros,
            int(row.back or 0),
            int(row.back_cost or 0),
        )
        for row in rows
    ]


def _returned(*conditions: ColumnElement[bool]) -> Any:
    """What came back, by the operation that handed it over and by lot."""
    return (
        select(
            _adjusted.c.of_operation_id,
            _adjusted.c.lot_id,
            func.sum(_adjusted.c.quantity_micros).label("quantity"),
            func.sum(cost_now(movements, tables.lot)).label("cost"),
        )
        .join(movements, _same)
        .join(tables.lot, tables.lot.c.id == _adjusted.c.lot_id)
        .where(_adjusted.c.kind == "return", stands(_adjusted.c.operation_id), *conditions)
        .group_by(_adjusted.c.of_operation_id, _adjusted.c.lot_id)
    )
