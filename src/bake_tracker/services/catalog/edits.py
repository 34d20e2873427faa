"""Edit items, suppliers, events and customers, and archive them: kept in history, no longer offered."""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments, shown
from bake_tracker.domain.choices import PICK_POLICIES
from bake_tracker.domain.errors import (
    EventNotFoundError,
    ItemNotFoundError,
    NotFoundError,
    RecipientNotFoundError,
    SupplierNotFoundError,
)
from bake_tracker.models import tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.archived import ARCHIVES, load_is_archived
from bake_tracker.queries.catalog.parts import load_allows_parts
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.catalog.things import read_shelf_life
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.ledger import lock_items
from bake_tracker.services.stock.places import order_lots

_TOLD = ("slug", "changed", "is_archived")
ITEM = Kind("record_item_change", "catalog_service", "Changed an item", success_fields=("item_id", *_TOLD))
SUPPLIER = Kind(
    "record_supplier_change", "catalog_service", "Changed a supplier", success_fields=("supplier_id", *_TOLD)
)
EVENT = Kind("record_event_change", "catalog_service", "Changed an event", success_fields=("event_id", *_TOLD))
RECIPIENT = Kind(
    "record_recipient_change", "catalog_service", "Changed a customer", success_fields=("recipient_id", *_TOLD)
)

_Reader = Callable[[Arguments, str, Any], Any]


def _name(given: Arguments, field: str, value: Any) -> str:
    return given.name(field, value)


def _name_or_none(given: Arguments, field: str, value: Any) -> str | None:
    return None if value is None else given.name(field, value)


def _text(given: Arguments, field: str, value: Any) -> str | None:
    return given.text(field, value)


_FIELDS: Mapping[str, Mapping[str, _Reader]] = {
    "item": {
        "name": _name,
        "pick_policy": lambda given, field, value: given.choice(field, value, PICK_POLICIES),
        "shelf_life_days": lambda given, field, value: read_shelf_life(given, value),
        "description": _text,
        "allows_parts": lambda given, field, value: given.flag(field, value),
    },
    "supplier": {"name": _name, "details": _text},
    "event": {"name": _name, "happens_on": lambda given, field, value: given.day(field, value)},
    "recipient": {"name": _name, "household": _name_or_none},
}
"""For each kind of entry, the fields that may change."""


class ItemChangeResult(TypedDict):
    """A changed item; ``changed`` lists the fields that are different now."""

    operation_id: str
    item_id: int
    slug: str
    changed: list[str]
    is_archived: bool


class SupplierChangeResult(TypedDict):
    """A changed supplier; ``changed`` lists the fields that are different now."""

    operation_id: str
    supplier_id: int
    slug: str
    changed: list[str]
    is_archived: bool


class EventChangeResult(TypedDict):
    """A changed event; ``changed`` lists the fields that are different now."""

    operation_id: str
    event_id: int
    slug: str
    changed: list[str]
    is_archived: bool


class RecipientChangeResult(TypedDict):
    """A changed customer; ``changed`` lists the fields that are different now."""

    operation_id: str
    recipient_id: int
    slug: str
    changed: list[str]
    is_archived: bool


def record_item_change(
    item_id: int, changes: Mapping[str, Any], *, session: Session, operation_id: UUID | str | None = None
) -> ItemChangeResult:
    """Change an item's ``name``, ``pick_policy``, ``shelf_life_days``, ``description`` or ``allows_parts``, or set
    ``archived``.

    Lots keep their expiry; another policy applies to the lots on hand too. An archived item is no longer offered, but
    its stock, recipes and history stay as they are.

    Raises:
        ValidationError: a change is not allowed.
        ItemNotFoundError: there is no such item.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(ITEM, session, locals()) as operation:
        key, asked = _read("item", item_id, changes)
        if done := operation.claim({"item_id": key, "changes": asked}):
            return cast(ItemChangeResult, done)
        told = _change(operation, tables.item, key, asked, ItemNotFoundError)
        if "pick_policy" in told["changed"]:
            order_lots(operation, key, asked["pick_policy"])
        return operation.succeed(ItemChangeResult(operation_id=operation.id, item_id=key, **told))


def record_supplier_change(
    supplier_id: int, changes: Mapping[str, Any], *, session: Session, operation_id: UUID | str | None = None
) -> SupplierChangeResult:
    """Change a supplier's ``name`` or ``details``, or set ``archived``, so that it is no longer offered.

    Raises:
        ValidationError: a change is not allowed.
        SupplierNotFoundError: there is no such supplier.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(SUPPLIER, session, locals()) as operation:
        key, asked = _read("supplier", supplier_id, changes)
        if done := operation.claim({"supplier_id": key, "changes": asked}):
            return cast(SupplierChangeResult, done)
        told = _change(operation, tables.supplier, key, asked, SupplierNotFoundError)
        return operation.succeed(SupplierChangeResult(operation_id=operation.id, supplier_id=key, **told))


def record_event_change(
    event_id: int, changes: Mapping[str, Any], *, session: Session, operation_id: UUID | str | None = None
) -> EventChangeResult:
    """Change an event's ``name`` or ``happens_on``, or set ``archived``, so that it is no longer offered.

    Raises:
        ValidationError: a change is not allowed.
        EventNotFoundError: there is no such event.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(EVENT, session, locals()) as operation:
        key, asked = _read("event", event_id, changes)
        if done := operation.claim({"event_id": key, "changes": asked}):
            return cast(EventChangeResult, done)
        told = _change(operation, tables.event, key, asked, EventNotFoundError)
        return operation.succeed(EventChangeResult(operation_id=operation.id, event_id=key, **told))


def record_recipient_change(
    recipient_id: int, changes: Mapping[str, Any], *, session: Session, operation_id: UUID | str | None = None
) -> RecipientChangeResult:
    """Change a customer's ``name`` or ``household``, or set ``archived``, so that they are no longer offered.

    Raises:
        ValidationError: a change is not allowed.
        RecipientNotFoundError: there is no such customer.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECIPIENT, session, locals()) as operation:
        key, asked = _read("recipient", recipient_id, changes)
        if done := operation.claim({"recipient_id": key, "changes": asked}):
            return cast(RecipientChangeResult, done)
        told = _change(operation, tables.recipient, key, asked, RecipientNotFoundError)
        return operation.succeed(RecipientChangeResult(operation_id=operation.id, recipient_id=key, **told))


class _Told(TypedDict):
    slug: str
    changed: list[str]
    is_archived: bool


def _read(kind: str, key: int, changes: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The key and the changes that were asked for, normalised."""
    given = Arguments()
    fields = _FIELDS[kind]
    asked: dict[str, Any] = {}
    clean = given.key(f"{kind}_id", key)
    if not isinstance(changes, Mapping) or not changes:
        given.refuse("changes", f"must have at least one of {', '.join((*fields, 'archived'))}, not {shown(changes)}")
        changes = {}
    for field, value in changes.items():
        if field == "archived":
            asked[field] = given.flag(field, value)
        elif field in fields:
            asked[field] = fields[field](given, field, value)
        else:
            given.refuse("changes", f"has no field {str(field)[:60]!r}; it takes {', '.join((*fields, 'archived'))}")
    given.done()
    return clean, asked


def _change(
    operation: Operation, table: Table, key: int, asked: Mapping[str, Any], missing: type[NotFoundError]
) -> _Told:
    """Write what is different, and record the entry before and after."""
    session, name = operation.session, table.name
    lock_bakery(session)
    found = select(table).where(table.c.id == key)
    if table is tables.item:
        lock_items(operation, [key])
        found = found.where(~table.c.is_category)
    row = session.execute(found).mappings().one_or_none()
    if row is None:
        raise missing(key)
    was_archived = load_is_archived(session, name, key)
    before = load_things(session, [(name, str(key)), (f"archived_{name}", str(key))])
    if "allows_parts" in asked:
        before |= load_things(session, [("item_in_parts", str(key))])
    values = {field: value for field, value in asked.items() if field in table.c and row[field] != value}
    if values:
        session.execute(update(table).where(table.c.id == key).values(values))
    is_archived = asked.get("archived", was_archived)
    column = ARCHIVES[name].c[f"{name}_id"]
    if is_archived and not was_archived:
        session.execute(insert(ARCHIVES[name]).values({column.name: key, "archived_at": operation.now}))
    elif was_archived and not is_archived:
        session.execute(delete(ARCHIVES[name]).where(column == key))
    parts = ["allows_parts"] if "allows_parts" in asked and _put_parts(operation, key, asked["allows_parts"]) else []
    note_changes(operation, before)
    changed = [*values, *parts, *(["archived"] if is_archived != was_archived else [])]
    return {"slug": str(row["slug"]), "changed": changed, "is_archived": is_archived}


def _put_parts(operation: Operation, item_id: int, allows: bool) -> bool:
    """Allow parts of an item, or stop allowing them; return whether that is a change."""
    parts = tables.item_in_parts
    if load_allows_parts(operation.session, item_id) == allows:
        return False
    operation.session.execute(
        insert(parts).values(item_id=item_id, allowed_at=operation.now)
        if allows
        else delete(parts).where(parts.c.item_id == item_id)
    )
    return True
