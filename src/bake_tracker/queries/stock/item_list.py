"""Every item with what is on hand of it, as the list of the stock shows it."""

from datetime import date
from typing import Any, cast

from sqlalchemy import Table, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.paging import Ask, Found
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Item, Lot
from bake_tracker.queries.keyset import load_page
from bake_tracker.queries.stock.shelf import StockRow

_items = cast(Table, Item.__table__)
_lots = cast(Table, Lot.__table__)


def load_stock_page(
    session: Session, ask: Ask, today: date, *, kind: str | None = None, only_there: bool = False
) -> Found[StockRow]:
    """Items by any column, those of which nothing is there among them unless ``only_there``; one statement."""
    usable = and_(_lots.c.on_hold.is_(False), or_(_lots.c.usable_until.is_(None), _lots.c.usable_until >= today))
    is_costed = func.count(_lots.c.id) == func.count(_lots.c.remaining_cost_micros)
    rows = (
        select(
            _items.c.id,
            _items.c.slug,
            _items.c.name,
            _items.c.kind,
            _items.c.base_unit,
            func.coalesce(func.sum(_lots.c.remaining_micros), 0).label("on_hand"),
            func.coalesce(func.sum(case((usable, _lots.c.remaining_micros), else_=0)), 0).label("usable"),
            case((is_costed, func.coalesce(func.sum(_lots.c.remaining_cost_micros), literal(0))), else_=None).label(
                "value"
            ),
            func.count(_lots.c.id).label("lot_count"),
            func.min(_lots.c.usable_until).label("next_expiry"),
        )
        .outerjoin(_lots, and_(_lots.c.item_id == _items.c.id, _lots.c.remaining_micros > 0))
        .where(~_items.c.is_category)
        .group_by(_items.c.id)
    )
    if kind is not None:
        rows = rows.where(_items.c.kind == kind)
    if only_there:
        rows = rows.having(func.count(_lots.c.id) > 0)
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
