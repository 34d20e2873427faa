"""By which names others call our items, as people have said."""

from typing import TypedDict, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from bake_tracker.models import Item, NameMapping

_names = cast(Table, NameMapping.__table__)
_items = cast(Table, Item.__table__)
_mapped = select(_names.c.name, _items.c.slug, _items.c.name.label("item_name")).join(
    _items, _items.c.id == _names.c.item_id
)


class NameRow(TypedDict):
    """A name that others use, and the item that it means here."""

    name: str
    item_slug: str
    item_name: str


def load_names(session: Session) -> dict[str, str]:
    """Slugs by remembered name."""
    return {row.name: row.slug for row in session.execute(_mapped)}


def load_name_rows(session: Session) -> list[NameRow]:
    """Every remembered name, in order."""
    rows = session.execute(_mapped.order_by(_names.c.name))
    return [NameRow(name=row.name, item_slug=row.slug, item_name=row.item_name) for row in rows]
