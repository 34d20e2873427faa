"""Names that files and recipe pages use for our items; once matched, they apply to every later file."""

from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.name_matching import name_key
from bake_tracker.models import tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.definitions import load_item, load_slugs
from bake_tracker.queries.catalog.names import load_names
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.operation import Kind, recording

RECORD = Kind(
    "record_name", "names_service", "Matched a name", success_fields=("mapped_name", "item_slug", "former_item_slug")
)
MAX_NAME = 300


class NameResult(TypedDict):
    """The item a name means now, and the one it meant before; None if there was none."""

    operation_id: str
    mapped_name: str
    item_slug: str | None
    former_item_slug: str | None


def record_name(
    name: str, item_id: int | None, *, session: Session, operation_id: UUID | str | None = None
) -> NameResult:
    """Remember another name for an item, in the caller's transaction; None forgets the name.

    Raises:
        ValidationError: the name is an item's slug, or is unknown and cannot be forgotten.
        ItemNotFoundError: there is no such item.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        key = name_key(given.name("name", name, limit=MAX_NAME))
        if len(key) > MAX_NAME:
            given.refuse("name", f"must have at most {MAX_NAME} characters")
        of_item = given.optional_key("item_id", item_id)
        given.done()
        if done := operation.claim({"name": key, "item_id": of_item}):
            return cast(NameResult, done)
        lock_bakery(session)  # two calls at once would each miss the other's name
        former = load_names(session).get(key)
        slug = None if of_item is None else load_item(session, of_item).slug
        if slug is None and former is None:
            raise ValidationError.of("name", f"{key!r} is not a remembered name")
        if slug is not None and key in load_slugs(session, "item"):
            raise ValidationError.of("name", f"{key!r} is already the slug of an item; choose another name")
        before = load_things(session, [("name_mapping", key)])
        if slug is None:
            session.execute(delete(tables.name_mapping).where(tables.name_mapping.c.name == key))
        elif former is None:
            session.execute(insert(tables.name_mapping), {"name": key, "item_id": of_item})
        else:
            session.execute(
                update(tables.name_mapping).where(tables.name_mapping.c.name == key).values(item_id=of_item)
            )
        note_changes(operation, before)
        return operation.succeed(
            NameResult(operation_id=operation.id, mapped_name=key, item_slug=slug, former_item_slug=former)
        )
