"""Likely receipts: the items that are bought, each one's last receipt, and what to ask before accepting goods."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, TypedDict

from sqlalchemy import Row, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.stock.arrivals import question_about_code, question_about_expiry
from bake_tracker.domain.stock.lots import expiry
from bake_tracker.domain.stock.unit_change import Followed, converted
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.catalog.definitions import load_items
from bake_tracker.queries.catalog.unit_changes import load_earlier
from bake_tracker.queries.operations.costs import brought_cost_now
from bake_tracker.queries.searching import has_text
from bake_tracker.queries.stock.lots import load_known_lots

BOUGHT = ("ingredient", "material")


class BoughtItem(TypedDict):
    """An item that is bought."""

    item_id: int
    slug: str
    name: str
    unit: str


class LastReceived(TypedDict):
    """An item's last receipt; the quantity is in its base unit."""

    quantity: str
    total_cost: str | None
    received_on: str
    supplier_id: int | None
    product_id: int | None
    location: str | None


def load_bought_items(session: Session, limit: int, search: str = "") -> list[BoughtItem]:
    """Items that are bought, most recent first; one statement."""
    is_carried = exists().where(tables.unit_change.c.new_lot_id == tables.lot.c.id)
    came = and_(
        tables.lot.c.item_id == tables.item.c.id,
        tables.lot.c.is_made.is_(False),
        or_(tables.lot.c.parent_lot_id.is_(None), is_carried),  # split-off parts are not receipts
    )
    last = select(func.max(tables.lot.c.id)).where(came).scalar_subquery()
    rows = select(tables.item.c.id, tables.item.c.slug, tables.item.c.name, tables.item.c.base_unit).where(
        ~tables.item.c.is_category, tables.item.c.kind.in_(BOUGHT), ~is_archived(tables.item)
    )
    if search:
        rows = rows.where(has_text(session, search, tables.item.c.name, tables.item.c.slug))
    found = session.execute(
        rows.order_by(last.is_(None), last.desc(), tables.item.c.name, tables.item.c.id).limit(limit)
    )
    return [{"item_id": item_id, "slug": slug, "name": name, "unit": unit} for item_id, slug, name, unit in found]


def load_last_received(session: Session, item_id: int) -> LastReceived | None:
    """An item's last receipt that was not undone, also from before its unit changed, or None."""
    line = [Followed(item_id, Fraction(1)), *load_earlier(session).get(item_id, ())]
    found = ((one.factor, _last_received(session, one.item_id)) for one in line)
    factor, row = next(((factor, row) for factor, row in found if row is not None), (Fraction(1), None))
    if row is None:
        return None
    return {
        "quantity": format_micros(converted(row.quantity_micros, factor).micros),
        "total_cost": format_money(row.cost_now),
        "received_on": row.received_on.isoformat(),
        "supplier_id": row.supplier_id,
        "product_id": row.product_id,
        "location": row.location,
    }


def _last_received(session: Session, item_id: int) -> Row[Any] | None:
    return session.execute(
        select(tables.lot, brought_cost_now(tables.lot).label("cost_now"))
        .where(
            tables.lot.c.item_id == item_id,
            tables.lot.c.is_made.is_(False),
            tables.lot.c.parent_lot_id.is_(None),
            ~exists().where(tables.reversal.c.reversed_operation_id == tables.lot.c.operation_id),
        )
        .order_by(tables.lot.c.id.desc())
        .limit(1)
    ).one_or_none()


def load_locations(session: Session) -> list[str]:
    """The places that hold stock now, by name."""
    rows = (
        select(tables.lot.c.location)
        .where(tables.lot.c.remaining_micros > 0, tables.lot.c.location.is_not(None))
        .distinct()
    )
    return sorted(str(place) for place in session.scalars(rows))


def load_arrival_doubts(session: Session, lines: Iterable[Mapping[str, Any]], came: date) -> list[str]:
    """What to ask before accepting these goods: about an expiry, or a code that is known with another expiry.

    A line has ``item_id``, ``lot_code`` and ``expires_on``; without the last, goods keep for the item's shelf life.
    """
    goods = [(line["item_id"], " ".join((line["lot_code"] or "").split()), line["expires_on"]) for line in lines]
    items = load_items(session, {item_id for item_id, _, _ in goods})
    known = load_known_lots(session, {code for _, code, _ in goods if code})
    doubts = []
    for item_id, code, stated in sorted(goods, key=lambda one: one[2] or came):
        item = items.get(item_id)
        usual = (item.slug, item.shelf_life_days) if item else ("", None)
        doubts += question_about_expiry(stated, came, *usual)
        if code and item:
            expires_on = stated or expiry(came, item.shelf_life_days)
            doubts += question_about_code(item.slug, code, expires_on, known.get((item_id, code), ()))
    return list(dict.fromkeys(doubts))
