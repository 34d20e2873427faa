"""Which catalogue entries are archived: kept in history, and no longer offered."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict

from sqlalchemy import ColumnElement, Table, exists, literal, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import (
    EventNotFoundError,
    ItemNotFoundError,
    NotFoundError,
    RecipientNotFoundError,
    SupplierNotFoundError,
)
from bake_tracker.models import tables
from bake_tracker.queries.catalog.parts import allows_parts

ARCHIVES: Mapping[str, Table] = {
    "item": tables.archived_item,
    "supplier": tables.archived_supplier,
    "event": tables.archived_event,
    "recipient": tables.archived_recipient,
}
"""For each kind of entry, the table of those that are archived."""
_MISSING: Mapping[str, type[NotFoundError]] = {
    "item": ItemNotFoundError,
    "supplier": SupplierNotFoundError,
    "event": EventNotFoundError,
    "recipient": RecipientNotFoundError,
}
_OWNERS = {"item": tables.item, "supplier": tables.supplier, "event": tables.event, "recipient": tables.recipient}


class ArchivedThing(TypedDict):
    """An archived entry; ``kind`` is item, supplier, event or recipient."""

    kind: str
    id: int
    slug: str
    name: str
    archived_at: str


def is_archived(owner: Table) -> ColumnElement[bool]:
    """The condition that an entry of this table is archived."""
    archive = ARCHIVES[owner.name]
    return exists().where(archive.c[f"{owner.name}_id"] == owner.c.id)


def load_is_archived(session: Session, kind: str, key: int) -> bool:
    """Whether one entry is archived."""
    archive = ARCHIVES[kind]
    return session.execute(select(archive).where(archive.c[f"{kind}_id"] == key)).first() is not None


def load_archived_items(session: Session) -> frozenset[int]:
    """The ids of all archived items."""
    return frozenset(session.scalars(select(tables.archived_item.c.item_id)))


def load_entry(session: Session, kind: str, key: int) -> dict[str, Any]:
    """An entry as its form shows it: every column, days as text, and ``is_archived``.

    Raises:
        NotFoundError: there is no such entry.
    """
    owner = _OWNERS[kind]
    rows = select(owner, is_archived(owner).label("is_archived")).where(owner.c.id == key)
    if kind == "item":
        rows = rows.add_columns(allows_parts().label("allows_parts")).where(~owner.c.is_category)
    row = session.execute(rows).mappings().one_or_none()
    if row is None:
        raise _MISSING[kind](key)
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def load_archived(session: Session) -> list[ArchivedThing]:
    """Every archived entry, by kind and name; one statement."""
    parts = (
        select(literal(kind).label("kind"), owner.c.id, owner.c.slug, owner.c.name, ARCHIVES[kind].c.archived_at).join(
            ARCHIVES[kind], ARCHIVES[kind].c[f"{kind}_id"] == owner.c.id
        )
        for kind, owner in _OWNERS.items()
    )
    rows = session.execute(union_all(*parts).order_by("kind", "name", "id"))
    return [
        {"kind": row.kind, "id": row.id, "slug": row.slug, "name": row.name, "archived_at": row.archived_at.isoformat()}
        for row in rows
    ]
