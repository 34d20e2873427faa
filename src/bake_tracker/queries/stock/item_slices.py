"""Items in slices, with their stock on hand: two index scans, however many lots there are."""

from collections.abc import Sequence
from typing import Any, TypedDict

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables


class ItemOnHand(TypedDict):
    """An item and its stock, including expired and held lots; the value is None if a cost is unknown."""

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
    page = select(
        tables.item.c.id, tables.item.c.kind, tables.item.c.slug, tables.item.c.name, tables.item.c.base_unit
    ).where(~tables.item.c.is_category)
    if kind is not None:
        page = page.where(tables.item.c.kind == kind)
    if search:
        page = page.where(
            or_(
                tables.item.c.name.icontains(search, autoescape=True),
                tables.item.c.slug.icontains(search, autoescape=True),
            )
        )
    if after is not None:
        page = page.where(tuple_(tables.item.c.name, tables.item.c.id) > tuple_(*after))
    found = page.order_by(tables.item.c.name, tables.item.c.id).limit(limit).subquery()
    open_lots = (tables.lot.c.item_id == found.c.id) & (tables.lot.c.remaining_micros > 0)
    statement = (
        select(
            found,
            func.coalesce(func.sum(tables.lot.c.remaining_micros), 0).label("micros"),
            func.sum(tables.lot.c.remaining_cost_micros).label("cost"),
            func.count(tables.lot.c.id).label("lots"),
            func.count(tables.lot.c.remaining_cost_micros).label("known"),
        )
        .outerjoin(tables.lot, open_lots)
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
