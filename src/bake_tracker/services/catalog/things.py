"""The bakery's settings, items, suppliers, events and customers."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, TypedDict, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bake_tracker.config import time_zones
from bake_tracker.domain.arguments import Arguments, shown
from bake_tracker.domain.choices import ITEM_KINDS, LABEL_POLICIES, MAX_SHELF_LIFE_DAYS, PICK_POLICIES
from bake_tracker.domain.errors import ConflictError
from bake_tracker.domain.slugs import read_slug
from bake_tracker.domain.units import BASE_UNITS
from bake_tracker.models import Lot, tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.definitions import check_parent
from bake_tracker.queries.catalog.things import load_last_removed, load_things
from bake_tracker.services.catalog.changes import note_changes, note_made
from bake_tracker.services.operation import Kind, Operation, recording

BAKERY = Kind(
    "record_bakery", "catalog_service", "Changed the settings", success_fields=("currency", "time_zone", "label_policy")
)
ITEM = Kind("record_item", "catalog_service", "Added an item", success_fields=("item_id", "slug", "kind"))
SUPPLIER = Kind("record_supplier", "catalog_service", "Added a supplier", success_fields=("supplier_id", "slug"))
EVENT = Kind("record_event", "catalog_service", "Added an event", success_fields=("event_id", "slug"))
RECIPIENT = Kind("record_recipient", "catalog_service", "Added a customer", success_fields=("recipient_id", "slug"))


class BakeryResult(TypedDict):
    """The bakery's current settings."""

    operation_id: str
    database_id: str
    name: str
    currency: str
    time_zone: str
    label_policy: str


class ItemResult(TypedDict):
    """A new item."""

    operation_id: str
    item_id: int
    slug: str
    name: str
    kind: str
    base_unit: str


class SupplierResult(TypedDict):
    """A new supplier."""

    operation_id: str
    supplier_id: int
    slug: str


class EventResult(TypedDict):
    """A new event."""

    operation_id: str
    event_id: int
    slug: str


class RecipientResult(TypedDict):
    """A new customer."""

    operation_id: str
    recipient_id: int
    slug: str


@dataclass(frozen=True, slots=True)
class ItemRequest:
    """The normalised arguments of a new item."""

    kind: str
    name: str
    slug: str
    base_unit: str
    pick_policy: str
    shelf_life_days: int | None
    parent_id: int | None
    description: str | None


def record_bakery(
    *,
    session: Session,
    name: str | None = None,
    currency: str | None = None,
    time_zone: str | None = None,
    label_policy: str | None = None,
    operation_id: UUID | str | None = None,
) -> BakeryResult:
    """Change the bakery's name and label policy and, while there is no stock, its currency and time zone.

    ``label_policy`` decides whether a run whose label on file does not match gets a warning (``warn``) or is refused
    (``refuse``).

    Raises:
        ValidationError: the currency is not three letters (ISO 4217), or the time zone is not an IANA name.
        ConflictError: there is stock already, whose costs and days must not change their meaning.
    """
    with recording(BAKERY, session, locals()) as operation:
        given = Arguments()
        changes: dict[str, Any] = {}
        if name is not None:
            changes["name"] = given.name("name", name)
        if currency is not None:
            changes["currency"] = read_currency(given, currency)
        if time_zone is not None:
            changes["time_zone"] = read_time_zone(given, time_zone)
        if label_policy is not None:
            changes["label_policy"] = given.choice("label_policy", label_policy, LABEL_POLICIES)
        given.done()
        if done := operation.claim(changes):
            return cast(BakeryResult, done)
        house = lock_bakery(session, against_stock=bool({"currency", "time_zone"} & changes.keys()))
        new = replace(house, **changes)
        settled = (house.currency, house.time_zone)
        if (new.currency, new.time_zone) != settled and session.scalar(select(Lot.id).limit(1)):
            raise ConflictError(
                f"currency, time_zone: this bakery already has stock in {settled[0]} and {settled[1]}; "
                "correct them instead, if they were wrong from the beginning",
                remedy={"kind": "correct_settings"},
            )
        before = load_things(session, [("bakery", "1")])
        kept = ("name", "currency", "time_zone", "label_policy")
        session.execute(update(tables.bakery).values({column: getattr(new, column) for column in kept}))
        note_changes(operation, before)
        return operation.succeed(
            BakeryResult(
                operation_id=operation.id,
                database_id=new.database_id,
                name=new.name,
                currency=new.currency,
                time_zone=new.time_zone,
                label_policy=new.label_policy,
            )
        )


def record_item(
    kind: str,
    name: str,
    base_unit: str,
    *,
    session: Session,
    slug: str | None = None,
    pick_policy: str = "fefo",
    shelf_life_days: int | None = None,
    parent_id: int | None = None,
    description: str | None = None,
    allows_parts: bool = False,
    operation_id: UUID | str | None = None,
) -> ItemResult:
    """Add an ingredient, material, finished unit or finished good, kept in g, ml, each or cm.

    ``allows_parts`` is for items kept by the piece of which people may record a part, such as half a cake.

    Raises:
        ValidationError: an argument is not allowed.
        ConflictError: another item has this slug.
    """
    with recording(ITEM, session, locals()) as operation:
        given = Arguments()
        clean_name = given.name("name", name)
        asked = ItemRequest(
            kind=given.choice("kind", kind, ITEM_KINDS),
            name=clean_name,
            slug=read_slug(given, clean_name, slug),
            base_unit=given.choice("base_unit", base_unit, BASE_UNITS),
            pick_policy=given.choice("pick_policy", pick_policy, PICK_POLICIES),
            shelf_life_days=read_shelf_life(given, shelf_life_days),
            parent_id=given.optional_key("parent_id", parent_id),
            description=given.text("description", description),
        )
        if asked.kind == "finished_good" and asked.base_unit != "each":
            given.refuse("base_unit", "must be each: finished goods are counted")
        in_parts = given.flag("allows_parts", allows_parts)
        given.done()
        if done := operation.claim(asdict(asked) | ({"allows_parts": True} if in_parts else {})):
            return cast(ItemResult, done)
        if asked.parent_id is not None:
            check_parent(session, asked.parent_id)
        key = insert_named(operation, tables.item, {**asdict(asked), "is_category": False, "lot_count": 0})
        if in_parts:
            session.execute(insert(tables.item_in_parts).values(item_id=key, allowed_at=operation.now))
            note_made(operation, ("item_in_parts", str(key)))
        return operation.succeed(
            ItemResult(
                operation_id=operation.id,
                item_id=key,
                slug=asked.slug,
                name=asked.name,
                kind=asked.kind,
                base_unit=asked.base_unit,
            )
        )


def record_supplier(
    name: str, *, session: Session, slug: str | None = None, operation_id: UUID | str | None = None
) -> SupplierResult:
    """Add a supplier.

    Raises:
        ValidationError: an argument is not allowed.
        ConflictError: another supplier has this slug.
    """
    with recording(SUPPLIER, session, locals()) as operation:
        given = Arguments()
        clean = given.name("name", name)
        row = {"name": clean, "slug": read_slug(given, clean, slug)}
        given.done()
        if done := operation.claim(row):
            return cast(SupplierResult, done)
        key = insert_named(operation, tables.supplier, row)
        return operation.succeed(SupplierResult(operation_id=operation.id, supplier_id=key, slug=row["slug"]))


def record_event(
    name: str,
    *,
    session: Session,
    happens_on: date | None = None,
    slug: str | None = None,
    operation_id: UUID | str | None = None,
) -> EventResult:
    """Add an event to bake and pack for.

    Raises:
        ValidationError: an argument is not allowed.
        ConflictError: another event has this slug.
    """
    with recording(EVENT, session, locals()) as operation:
        given = Arguments()
        clean = given.name("name", name)
        row = {
            "name": clean,
            "slug": read_slug(given, clean, slug),
            "happens_on": given.day("happens_on", happens_on),
        }
        given.done()
        if done := operation.claim(row):
            return cast(EventResult, done)
        key = insert_named(operation, tables.event, row)
        return operation.succeed(EventResult(operation_id=operation.id, event_id=key, slug=str(row["slug"])))


def record_recipient(
    name: str,
    *,
    session: Session,
    household: str | None = None,
    slug: str | None = None,
    operation_id: UUID | str | None = None,
) -> RecipientResult:
    """Add a customer.

    Raises:
        ValidationError: an argument is not allowed.
        ConflictError: another customer has this slug.
    """
    with recording(RECIPIENT, session, locals()) as operation:
        given = Arguments()
        clean = given.name("name", name)
        row = {
            "name": clean,
            "slug": read_slug(given, clean, slug),
            "household": None if household is None else given.name("household", household),
        }
        given.done()
        if done := operation.claim(row):
            return cast(RecipientResult, done)
        key = insert_named(operation, tables.recipient, row)
        return operation.succeed(RecipientResult(operation_id=operation.id, recipient_id=key, slug=str(row["slug"])))


def insert_named(operation: Operation, table: Table, row: dict[str, Any]) -> int:
    """Insert a row with a slug, record that the operation created it, and return its id.

    Raises:
        ConflictError: the slug is taken.
    """
    key = add_row(operation, table, row)
    note_made(operation, (table.name, str(key)))
    return key


def add_row(operation: Operation, table: Table, row: dict[str, Any]) -> int:
    """Insert a row with a slug and an id that none had before, and return the id.

    Raises:
        ConflictError: the slug is taken.
    """
    dialect = postgresql if operation.session.get_bind().dialect.name == "postgresql" else sqlite
    # INSERT instead of SELECT first, because another transaction may be about to take the slug.
    new = dialect.insert(table).on_conflict_do_nothing().returning(table.c.id)
    if removed := load_last_removed(operation.session, table.name):  # others may still know the removed row's id
        row = {**row, "id": removed + 1}
    key: int | None = operation.session.execute(new, row).scalar_one_or_none()
    if key is None:
        raise ConflictError(
            f"slug: there is already {_one(table.name)} {row['slug']!r}; choose another name or slug",
            slug=row["slug"],
        )
    return key


def _one(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def read_currency(given: Arguments, value: str) -> str:
    """Three letters of ISO 4217."""
    if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha()):
        given.refuse("currency", f"must be three letters such as EUR or USD (ISO 4217), not {shown(value)}")
        return "USD"
    return value.upper()


def read_time_zone(given: Arguments, value: str) -> str:
    """The IANA name of a time zone."""
    if not isinstance(value, str) or value not in time_zones():
        given.refuse("time_zone", f"must be an IANA name such as Europe/Berlin, not {shown(value)}")
        return "UTC"
    return ZoneInfo(value).key


def read_shelf_life(given: Arguments, value: int | None) -> int | None:
    """Whole days, or None for no limit."""
    return None if value is None else given.count("shelf_life_days", value, least=0, most=MAX_SHELF_LIFE_DAYS)
