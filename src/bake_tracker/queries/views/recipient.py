"""Customers, whom the database calls recipients."""

from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.slices import Ask, Found
from bake_tracker.models import Recipient, tables
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.keyset import load_slice


class ListedRecipient(TypedDict):
    """A customer."""

    recipient_id: int
    slug: str
    name: str
    household: str | None
    is_archived: bool


def load_recipient_slice(session: Session, ask: Ask, *, offered: bool = False) -> Found[ListedRecipient]:
    """Customers, without archived ones if ``offered``; one statement."""
    archived = is_archived(tables.recipient)
    rows = select(Recipient.id, Recipient.slug, Recipient.name, Recipient.household, archived.label("is_archived"))
    if offered:
        rows = rows.where(~archived)
    return load_slice(
        session,
        rows,
        ask,
        lambda row: ListedRecipient(
            recipient_id=row.id,
            slug=row.slug,
            name=row.name,
            household=row.household,
            is_archived=bool(row.is_archived),
        ),
        key="id",
        search_in=("name", "slug"),
    )
