"""Items: the list with stock on hand, one item, and the history of its lots."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NotRequired, TypedDict, cast

from sqlalchemy import exists, func, select, tuple_
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ItemNotFoundError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.domain.units import format_exact, format_micros
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.catalog.parts import allows_parts
from bake_tracker.queries.catalog.unit_changes import OtherUnit, load_unit_history
from bake_tracker.queries.explain.shelf import ShelfSummary, load_shelves
from bake_tracker.queries.keyset import load_slice
from bake_tracker.queries.searching import has_text


class ItemOnHand(TypedDict):
    """An item and its stock, including expired and held lots; the value is None if a cost is unknown.

    ``known_value`` leaves out the lots of unknown cost, which hold ``quantity_without_cost``.
    """

    item_id: int
    kind: str
    slug: str
    name: str
    unit: str
    on_hand: str
    value: str | None
    known_value: str
    quantity_without_cost: str
    lot_count: int
    is_archived: bool


class ItemFacts(TypedDict):
    """An item without its stock."""

    item_id: int
    slug: str
    name: str
    kind: str
    unit: str
    pick_policy: str
    shelf_life_days: int | None
    description: str | None
    is_archived: bool
    allows_parts: bool


class ItemView(ShelfSummary):
    """An item in the catalogue with its stock; weights in g per ml and g each.

    ``follows`` is the item that this one replaced, in another unit; ``followed_by`` is the one that replaced it.
    """

    item_id: int
    kind: str
    shelf_life_days: int | None
    parent_id: int | None
    description: str | None
    is_archived: bool
    allows_parts: bool
    g_per_ml: str | None
    g_per_each: str | None
    follows: NotRequired[OtherUnit]
    followed_by: NotRequired[OtherUnit]


class ItemMovement(TypedDict):
    """A change to one of an item's lots."""

    movement_id: int
    at: str
    operation_id: str
    operation: str
    actor: str | None
    lot_id: int
    lot_code: str
    quantity: str
    unit: str
    cost: str | None
    is_undone: bool


def load_item_slice(
    session: Session,
    limit: int,
    *,
    after: Sequence[Any] | None = None,
    kind: str | None = None,
    search: str | None = None,
    archived: bool | None = None,
) -> list[ItemOnHand]:
    """The next ``limit`` items by name and id, those after the key ``(name, id)``; one statement.

    Two index scans, however many lots there are.
    """
    item = tables.item.c
    is_kept = is_archived(tables.item)
    rows = select(item.id, item.kind, item.slug, item.name, item.base_unit, is_kept.label("is_archived")).where(
        ~item.is_category
    )
    if archived is not None:
        rows = rows.where(is_kept if archived else ~is_kept)
    if kind is not None:
        rows = rows.where(tables.item.c.kind == kind)
    if search:
        rows = rows.where(has_text(session, search, item.name, item.slug))
    if after is not None:
        rows = rows.where(tuple_(tables.item.c.name, tables.item.c.id) > tuple_(*after))
    found = rows.order_by(tables.item.c.name, tables.item.c.id).limit(limit).subquery()
    open_lots = (tables.lot.c.item_id == found.c.id) & (tables.lot.c.remaining_micros > 0)
    statement = (
        select(
            found,
            func.coalesce(func.sum(tables.lot.c.remaining_micros), 0).label("micros"),
            func.sum(tables.lot.c.remaining_cost_micros).label("cost"),
            func.count(tables.lot.c.id).label("lots"),
            func.count(tables.lot.c.remaining_cost_micros).label("known"),
            func.coalesce(
                func.sum(tables.lot.c.remaining_micros).filter(tables.lot.c.remaining_cost_micros.is_(None)), 0
            ).label("without_cost"),
        )
        .outerjoin(tables.lot, open_lots)
        .group_by(*found.c)
        .order_by(found.c.name, found.c.id)
    )
    return [
        ItemOnHand(
            item_id=row.id,
            kind=row.kind,
            slug=row.slug,
            name=row.name,
            unit=row.base_unit,
            on_hand=format_micros(int(row.micros)),
            value=format_money(int(row.cost or 0)) if row.lots == row.known else None,
            known_value=format_money(int(row.cost or 0)) or "",
            quantity_without_cost=format_micros(int(row.without_cost)),
            lot_count=row.lots,
            is_archived=bool(row.is_archived),
        )
        for row in session.execute(statement)
    ]


def load_item_facts(session: Session, item_id: int) -> ItemFacts:
    """One item without its stock; one statement.

    Raises:
        ItemNotFoundError: there is no such item, or it is a category.
    """
    row = _load_row(session, item_id)
    return {
        "item_id": row.id,
        "slug": row.slug,
        "name": row.name,
        "kind": row.kind,
        "unit": row.base_unit,
        "pick_policy": row.pick_policy,
        "shelf_life_days": row.shelf_life_days,
        "description": row.description,
        "is_archived": bool(row.is_archived),
        "allows_parts": bool(row.allows_parts),
    }


def load_item_view(session: Session, item_id: int, today: date) -> ItemView:
    """One item with its stock; three statements.

    Raises:
        ItemNotFoundError: there is no such item, or it is a category.
    """
    row = _load_row(session, item_id)
    (shelf,) = load_shelves(session, today, ids=[item_id])
    units = load_unit_history(session, item_id)
    view: dict[str, Any] = {
        "item_id": item_id,
        "kind": row.kind,
        "shelf_life_days": row.shelf_life_days,
        "parent_id": row.parent_id,
        "description": row.description,
        "is_archived": bool(row.is_archived),
        "allows_parts": bool(row.allows_parts),
        "g_per_ml": None if row.g_per_ml is None else format_exact(row.g_per_ml),
        "g_per_each": None if row.g_per_each is None else format_exact(row.g_per_each),
        **shelf.summary(),
    }
    return cast(ItemView, view | {name: other for name, other in units.items() if other is not None})


def load_item_movements(session: Session, item_id: int, ask: Ask) -> Found[ItemMovement]:
    """One slice of the history of an item's lots; one statement."""
    rows = (
        select(
            movements.c.id,
            movements.c.quantity_micros,
            movements.c.cost_micros,
            tables.lot.c.id.label("lot_id"),
            tables.lot.c.code,
            tables.item.c.base_unit,
            tables.operation.c.id.label("operation_id"),
            tables.operation.c.name.label("operation"),
            tables.operation.c.recorded_at,
            tables.operation.c.actor,
            exists().where(tables.reversal.c.reversed_operation_id == tables.operation.c.id).label("is_undone"),
        )
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .join(tables.operation, tables.operation.c.id == movements.c.operation_id)
        .where(tables.lot.c.item_id == item_id)
    )
    sort_by = {"movement_id": "id", "quantity": "quantity_micros", "lot_code": "code", "actor": "actor"}[ask.sort]
    return load_slice(session, rows, ask, _movement, key="id", search_in=("code", "actor"), sort_by=sort_by)


def _load_row(session: Session, item_id: int) -> Any:
    is_it = (tables.item.c.id == item_id, ~tables.item.c.is_category)
    columns = (tables.item, is_archived(tables.item).label("is_archived"), allows_parts().label("allows_parts"))
    row = session.execute(select(*columns).where(*is_it)).one_or_none()
    if row is None:
        raise ItemNotFoundError(item_id)
    return row


def _movement(row: Any) -> ItemMovement:
    return {
        "movement_id": row.id,
        "at": row.recorded_at.isoformat(),
        "operation_id": row.operation_id,
        "operation": row.operation,
        "actor": row.actor,
        "lot_id": row.lot_id,
        "lot_code": row.code,
        "quantity": format_micros(row.quantity_micros),
        "unit": row.base_unit,
        "cost": format_money(row.cost_micros),
        "is_undone": bool(row.is_undone),
    }
