"""Events: the fairs, weddings and market days that people bake for."""

from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.slices import Ask, Found
from bake_tracker.models import Event, tables
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.keyset import load_slice


class EventRow(TypedDict):
    """An event."""

    event_id: int
    slug: str
    name: str
    happens_on: str | None
    is_archived: bool


def load_event_slice(session: Session, ask: Ask, *, offered: bool = False) -> Found[EventRow]:
    """Events, without archived ones if ``offered``; one statement."""
    archived = is_archived(tables.event)
    rows = select(Event.id, Event.slug, Event.name, Event.happens_on, archived.label("is_archived"))
    if offered:
        rows = rows.where(~archived)
    return load_slice(session, rows, ask, _row, key="id", search_in=("name", "slug"))


def _row(row: Any) -> EventRow:
    day = row.happens_on.isoformat() if row.happens_on else None
    return EventRow(event_id=row.id, slug=row.slug, name=row.name, happens_on=day, is_archived=bool(row.is_archived))
