"""The stock as it was: as the ledger said at an instant, or as it is now known to have been."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypedDict, cast

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import OperationNotFoundError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.operations.reversal import stands

_reversing = tables.operation.alias()


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant: of recording, or of happening whenever it was recorded."""

    at: datetime
    by: Literal["recorded", "happened"] = "recorded"

    def has_come(self, operation: Any, movement: Any) -> ColumnElement[bool]:
        """The condition that an operation's movement was already recorded, or had already happened."""
        come: ColumnElement[bool] = (
            operation.c.recorded_at <= self.at if self.by == "recorded" else movement.c.happened_at <= self.at
        )
        return come

    def stood(self, operation_id: ColumnElement[str]) -> ColumnElement[bool]:
        """The condition that an operation had not been undone, and is not an undo."""
        if self.by == "happened":
            return stands(operation_id)
        done = tables.reversal.alias()
        own = or_(done.c.reversed_operation_id == operation_id, done.c.operation_id == operation_id)
        return ~exists().where(own, _reversing.c.id == done.c.operation_id, _reversing.c.recorded_at <= self.at)


class LotAsOf(TypedDict):
    """A lot that held something; the value is None if its cost was unknown."""

    lot_code: str
    quantity: str
    value: str | None


class ItemAsOf(TypedDict):
    """An item that was in stock; the value leaves out lots of unknown cost."""

    item_id: int
    kind: str
    item_slug: str
    quantity: str
    unit: str
    known_value: str
    lots_without_cost: list[str]
    lots: list[LotAsOf]


class StockAsOf(TypedDict):
    """All stock at an instant."""

    as_of: str
    by: str
    currency: str
    known_value: str
    lots_without_cost: list[str]
    items: list[ItemAsOf]


def load_instant_before(session: Session, operation_id: str) -> datetime:
    """The last instant before the transaction of an operation, by recording.

    Raises:
        OperationNotFoundError: it was never recorded.
    """
    operation = tables.operation
    own = select(operation.c.transaction_id).where(operation.c.id == operation_id).scalar_subquery()
    began = session.scalar(select(func.min(operation.c.recorded_at)).where(operation.c.transaction_id == own))
    if began is None:
        raise OperationNotFoundError(operation_id)
    return cast(datetime, began) - timedelta(microseconds=1)


def load_stock_as_of(
    session: Session, instant: Instant, *, item_id: int | None = None, lot_ids: Collection[int] | None = None
) -> StockAsOf:
    """The stock of everything, or of one item or some lots, in one statement, with today's names and units."""
    house = load_bakery(session)
    by_item: defaultdict[str, list[Any]] = defaultdict(list)
    for row in session.execute(_held(instant, item_id, lot_ids)):
        by_item[row.slug].append(row)
    items = [_item(rows) for rows in by_item.values()]
    rows = [row for rows in by_item.values() for row in rows]
    return {
        "as_of": instant.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "by": instant.by,
        "currency": house.currency,
        "known_value": _known_value(rows),
        "lots_without_cost": [row.code for row in rows if not row.is_known],
        "items": items,
    }


def _held(instant: Instant, item_id: int | None, lot_ids: Collection[int] | None) -> Any:
    item, lot, operation = tables.item, tables.lot, tables.operation
    left = (
        select(
            movements.c.lot_id,
            func.sum(movements.c.quantity_micros).label("micros"),
            func.coalesce(func.sum(movements.c.cost_micros), 0).label("cost_micros"),
        )
        .join(operation, operation.c.id == movements.c.operation_id)
        .where(instant.has_come(operation, movements))
        .group_by(movements.c.lot_id)
    )
    if item_id is not None:
        left = left.where(movements.c.lot_id.in_(select(lot.c.id).where(lot.c.item_id == item_id)))
    if lot_ids is not None:
        left = left.where(movements.c.lot_id.in_(sorted(lot_ids)))
    then = left.subquery()
    return (
        select(
            item.c.id.label("item_id"),
            item.c.kind,
            item.c.slug,
            item.c.base_unit,
            lot.c.code,
            then.c.micros,
            then.c.cost_micros,
            _is_known(instant).label("is_known"),
        )
        .join(lot, lot.c.id == then.c.lot_id)
        .join(item, item.c.id == lot.c.item_id)
        .where(then.c.micros > 0)
        .order_by(item.c.kind, item.c.slug, lot.c.pick_on, lot.c.received_on, lot.c.id)
    )


def _is_known(instant: Instant) -> ColumnElement[bool]:
    """Whether a lot's cost was known: from the beginning, or by a statement that stood then."""
    line, statement, operation = tables.cost_statement_line, tables.cost_statement, tables.operation.alias()
    come = operation.c.recorded_at if instant.by == "recorded" else statement.c.stated_at
    stated = exists().where(
        line.c.lot_id == tables.lot.c.id,
        statement.c.operation_id == line.c.operation_id,
        operation.c.id == line.c.operation_id,
        come <= instant.at,
        instant.stood(line.c.operation_id),
    )
    return or_(tables.lot.c.cost_micros.is_not(None), stated)


def _item(rows: list[Any]) -> ItemAsOf:
    first = rows[0]
    return {
        "item_id": first.item_id,
        "kind": first.kind,
        "item_slug": first.slug,
        "quantity": format_micros(sum(int(row.micros) for row in rows)),
        "unit": first.base_unit,
        "known_value": _known_value(rows),
        "lots_without_cost": [row.code for row in rows if not row.is_known],
        "lots": [
            {
                "lot_code": row.code,
                "quantity": format_micros(int(row.micros)),
                "value": format_money(int(row.cost_micros)) if row.is_known else None,
            }
            for row in rows
        ],
    }


def _known_value(rows: list[Any]) -> str:
    return format_money(sum(int(row.cost_micros) for row in rows if row.is_known)) or ""
