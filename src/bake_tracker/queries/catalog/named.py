"""Lists of suppliers, customers, events and recipes, searched, sorted and paged by the database."""

from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.paging import Ask, Found
from bake_tracker.models import Event, Recipe, Recipient, Supplier
from bake_tracker.queries.keyset import load_page


class SupplierRow(TypedDict):
    """A supplier."""

    supplier_id: int
    slug: str
    name: str
    details: str | None


class ListedRecipient(TypedDict):
    """A customer."""

    recipient_id: int
    slug: str
    name: str
    household: str | None


class EventRow(TypedDict):
    """An event."""

    event_id: int
    slug: str
    name: str
    happens_on: str | None


class RecipeRow(TypedDict):
    """A recipe by name."""

    recipe_id: int
    slug: str
    name: str
    category: str | None
    source: str | None


def load_supplier_page(session: Session, ask: Ask) -> Found[SupplierRow]:
    """Suppliers; one statement."""
    rows = select(Supplier.id, Supplier.slug, Supplier.name, Supplier.details)
    return load_page(
        session,
        rows,
        ask,
        lambda row: SupplierRow(supplier_id=row.id, slug=row.slug, name=row.name, details=row.details),
        key="id",
        search_in=("name", "slug"),
    )


def load_recipient_page(session: Session, ask: Ask) -> Found[ListedRecipient]:
    """Customers; one statement."""
    rows = select(Recipient.id, Recipient.slug, Recipient.name, Recipient.household)
    return load_page(
        session,
        rows,
        ask,
        lambda row: ListedRecipient(recipient_id=row.id, slug=row.slug, name=row.name, household=row.household),
        key="id",
        search_in=("name", "slug"),
    )


def load_event_page(session: Session, ask: Ask) -> Found[EventRow]:
    """Events; one statement."""
    rows = select(Event.id, Event.slug, Event.name, Event.happens_on)
    return load_page(session, rows, ask, _event, key="id", search_in=("name", "slug"))


def load_recipe_page(session: Session, ask: Ask) -> Found[RecipeRow]:
    """Recipes; one statement."""
    rows = select(Recipe.id, Recipe.slug, Recipe.name, Recipe.category, Recipe.source)
    return load_page(session, rows, ask, _recipe, key="id", search_in=("name", "slug"))


def _event(row: Any) -> EventRow:
    day = row.happens_on.isoformat() if row.happens_on else None
    return EventRow(event_id=row.id, slug=row.slug, name=row.name, happens_on=day)


def _recipe(row: Any) -> RecipeRow:
    return RecipeRow(recipe_id=row.id, slug=row.slug, name=row.name, category=row.category, source=row.source)
