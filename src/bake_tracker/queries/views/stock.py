"""Stock, item by item."""

from datetime import date
from typing import Any, TypedDict

from sqlalchemy import Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.keyset import load_slice


class StockRow(TypedDict):
    """One item: its stock, how much may be used today, and its value (None if a lot's cost is unknown).

    ``known_value`` leaves out the lots of unknown cost, which hold ``quantity_without_cost``.
    """

    item_id: int
    slug: str
    name: str
    kind: str
    on_hand: str
    usable: str
    unit: str
    value: str | None
    known_value: str
    quantity_without_cost: str
    lot_count: int
    next_expiry: str | None


def load_stock(session: Session, today: date) -> list[StockRow]:
    """Every item with stock, by kind and name; one statement."""
    rows = _items(today, tables.lot.c.expires_on, only_there=True)
    return [_row(row) for row in session.execute(rows.order_by(tables.item.c.kind, tables.item.c.name))]


def load_stock_slice(
    session: Session, ask: Ask, today: date, *, kind: str | None = None, only_there: bool = False
) -> Found[StockRow]:
    """Items sorted by any column, including those out of stock unless ``only_there``; one statement.

    Archived items are listed only while they have stock.

    ``next_expiry`` follows releases: a lot released past its expiry counts until its new last day.
    """
    rows = _items(today, tables.lot.c.usable_until, only_there=only_there)
    if kind is not None:
        rows = rows.where(tables.item.c.kind == kind)
    return load_slice(session, rows, ask, _row, key="id", search_in=("name", "slug"))


def _items(today: date, expiry: Any, *, only_there: bool) -> Select[*tuple[Any, ...]]:
    usable = and_(
        tables.lot.c.on_hold.is_(False), or_(tables.lot.c.usable_until.is_(None), tables.lot.c.usable_until >= today)
    )
    is_costed = func.count(tables.lot.c.id) == func.count(tables.lot.c.remaining_cost_micros)
    return (
        select(
            tables.item.c.id,
            tables.item.c.slug,
            tables.item.c.name,
            tables.item.c.kind,
            tables.item.c.base_unit,
            func.coalesce(func.sum(tables.lot.c.remaining_micros), 0).label("on_hand"),
            func.coalesce(func.sum(case((usable, tables.lot.c.remaining_micros), else_=0)), 0).label("usable"),
            case(
                (is_costed, func.coalesce(func.sum(tables.lot.c.remaining_cost_micros), literal(0))), else_=None
            ).label("value"),
            func.coalesce(func.sum(tables.lot.c.remaining_cost_micros), 0).label("known_value"),
            func.coalesce(
                func.sum(tables.lot.c.remaining_micros).filter(tables.lot.c.remaining_cost_micros.is_(None)), 0
            ).label("quantity_without_cost"),
            func.count(tables.lot.c.id).label("lot_count"),
            func.min(expiry).label("next_expiry"),
        )
        .join(
            tables.lot,
            and_(tables.lot.c.item_id == tables.item.c.id, tables.lot.c.remaining_micros > 0),
            isouter=not only_there,
        )
        .where(~tables.item.c.is_category, or_(tables.lot.c.id.is_not(None), ~is_archived(tables.item)))
        .group_by(tables.item.c.id)
    )


def _row(row: Any) -> StockRow:
    return {
        "item_id": row.id,
        "slug": row.slug,
        "name": row.name,
        "kind": row.kind,
        "on_hand": format_micros(int(row.on_hand)),
        "usable": format_micros(int(row.usable)),
        "unit": row.base_unit,
        "value": format_money(None if row.value is None else int(row.value)),
        "known_value": format_money(int(row.known_value)) or "",
        "quantity_without_cost": format_micros(int(row.quantity_without_cost)),
        "lot_count": row.lot_count,
        "next_expiry": row.next_expiry.isoformat() if row.next_expiry else None,
    }
