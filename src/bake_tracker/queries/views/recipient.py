"""Customers, whom the database calls recipients."""

from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.slices import Ask, Found
from bake_tracker.models import Recipient
from bake_tracker.queries.keyset import load_slice


class ListedRecipient(TypedDict):
    """A customer."""

    recipient_id: int
    slug: str
    name: str
    household: str | None


def load_recipient_slice(session: Session, ask: Ask) -> Found[ListedRecipient]:
    """Customers; one statement."""
    rows = select(Recipient.id, Recipient.slug, Recipient.name, Recipient.household)
    return load_slice(
        session,
        rows,
        ask,
        lambda row: ListedRecipient(recipient_id=row.id, slug=row.slug, name=row.name, household=row.household),
        key="id",
        search_in=("name", "slug"),
    )
