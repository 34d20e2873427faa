"""Items page by page, with what is on hand: two walks of an index, however many lots there are behind them."""

from collections.abc import Sequence
from typing import Any, TypedDict, cast

from sqlalchemy import Table, func, or_, select, tuple_
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Item, Lot

_items = cast(Table, Item.__table__)
_lots = cast(Table, Lot.__table__)


class ItemOnHand(TypedDict):
    """An item and what its lots hold, expired and held ones included; the value is None where a cost is unknown."""

    item_id: int
    kind: str
    slug: str
    name: str
    unit: str
    on_hand: str
    value: str | None
    lot_count: int


def load_item_page(
    session: Session,
    limit: int,
    *,
    after: Sequence[Any] | None = None,
    kind: str | None = None,
    search: str | None = None,
) -> list[ItemOnHand]:
    """The next ``limit`` items by name and id, those after the key ``(name, id)``; one statement."""
    page = select(_items.c.id, _items.c.kind, _items.c.slug, _items.c.name, _items.c.base_unit).where(
        ~_items.c.is_category
    )
    if kind is not None:
        page = page.where(_items.c.kind == kind)
    if search:
        page = page.where(
            or_(_items.c.name.icontains(search, autoescape=True), _items.c.slug.icontains(search, autoescape=True))
        )
    if after is not None:
        page = page.where(tuple_(_items.c.name, _items.c.id) > tuple_(*after))
    found = page.order_by(_items.c.name, _items.c.id).limit(limit).subquery()
    open_lots = (_lots.c.item_id == found.c.id) & (_lots.c.remaining_micros > 0)
    statement = (
        select(
            found,
            func.coalesce(func.sum(_lots.c.remaining_micros), 0).label("micros"),
            func.sum(_lots.c.remaining_cost_micros).label("cost"),
            func.count(_lots.c.id).label("lots"),
            func.count(_lots.c.remaining_cost_micros).label("known"),
        )
        .outerjoin(_lots, open_lots)
        .group_by(*found.c)
        .order_by(found.c.name, found.c.id)
    )
    return [
        ItemOnHand(
            item_id=row.id,
            kind=row.kind,
            slug=row.slug,
            name=row.name,
            unit=row.base_unit,
            on_hand=format_micros(int(row.micros)),
            value=format_money(int(row.cost or 0)) if row.lots == row.known else None,
            lot_count=row.lots,
        )
        for row in session.execute(statement)
    ]
