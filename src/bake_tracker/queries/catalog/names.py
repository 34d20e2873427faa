"""Names that files and recipe pages use for our items."""

from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.models import tables

_mapped = select(tables.name_mapping.c.name, tables.item.c.slug, tables.item.c.name.label("item_name")).join(
    tables.item, tables.item.c.id == tables.name_mapping.c.item_id
)


class NameRow(TypedDict):
    """Another name for an item."""

    name: str
    item_slug: str
    item_name: str


def load_names(session: Session) -> dict[str, str]:
    """Item slugs by remembered name."""
    return {row.name: row.slug for row in session.execute(_mapped)}


def load_name_rows(session: Session) -> list[NameRow]:
    """Every remembered name, in order."""
    rows = session.execute(_mapped.order_by(tables.name_mapping.c.name))
    return [NameRow(name=row.name, item_slug=row.slug, item_name=row.item_name) for row in rows]
