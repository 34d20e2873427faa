"""The stock list: every item with its stock on hand."""

from datetime import date
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.paging import Ask, Found
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.keyset import load_page
from bake_tracker.queries.stock.shelf import StockRow


def load_stock_page(
    session: Session, ask: Ask, today: date, *, kind: str | None = None, only_there: bool = False
) -> Found[StockRow]:
    """Items sorted by any column, including those out of stock unless ``only_there``; one statement."""
    usable = and_(
        tables.lot.c.on_hold.is_(False), or_(tables.lot.c.usable_until.is_(None), tables.lot.c.usable_until >= today)
    )
    is_costed = func.count(tables.lot.c.id) == func.count(tables.lot.c.remaining_cost_micros)
    rows = (
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
            func.count(tables.lot.c.id).label("lot_count"),
            func.min(tables.lot.c.usable_until).label("next_expiry"),
        )
        .outerjoin(tables.lot, and_(tables.lot.c.item_id == tables.item.c.id, tables.lot.c.remaining_micros > 0))
        .where(~tables.item.c.is_category)
        .group_by(tables.item.c.id)
    )
    if kind is not None:
        rows = rows.where(tables.item.c.kind == kind)
    if only_there:
        rows = rows.having(func.count(tables.lot.c.id) > 0)
    return load_page(session, rows, ask, _row, key="id", search_in=("name", "slug"))


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
        "lot_count": row.lot_count,
        "next_expiry": row.next_expiry.isoformat() if row.next_expiry else None,
    }
