"""Items that are now kept in another unit: which item followed which, and what such a change affects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.catalog_changes import Thing
from bake_tracker.domain.stock.unit_change import Followed, current, earlier
from bake_tracker.models import Base, tables
from bake_tracker.queries.catalog.things import key_of
from bake_tracker.queries.operations.reversal import stands

_change = tables.unit_change
_of_items = and_(_change.c.lot_id.is_(None), stands(_change.c.operation_id))

REFERRING: Mapping[str, str] = {
    "recipe_line": "item_id",
    "good_component": "component_id",
    "product": "item_id",
    "name_mapping": "item_id",
    "item": "parent_id",
}
"""The catalogue's references to an item, which move to the item that follows it: table and column."""

COPIED: Mapping[str, str] = {"item_allergen": "item_id", "item_label": "item_id", "item_in_parts": "item_id"}
"""What is recorded about an item and holds for the item that follows it, too."""

STAYING: Mapping[str, str] = {
    "lot": "its open lots are carried over, and the others are history",
    "item_measure": "the measures in use are stated again for the item that follows",
    "unit_change": "history",
    "production_run": "history",
    "production_output": "history",
    "assembly_run": "history",
    "recipe_yield": "of finished units, which cannot be changed",
    "recipe_together": "of finished units too",
    "par_level": "of finished units and goods, which cannot be changed",
    "order_line": "history, and of finished units and goods too",
    "standing_order_line": "of finished units and goods, which cannot be changed",
    "purchase_order_line": "history; its product follows the item, and what comes is received as that",
    "accepted_plan_line": "of finished units and goods, which cannot be changed",
    "hand_over_line": "history",
    "archived_item": "the earlier item is archived, and the other is not",
}
"""The other tables that refer to items, and why those references stay."""


class OtherUnit(TypedDict):
    """The item that followed another, or that it followed, and the first day in the new unit."""

    item_id: int
    slug: str
    unit: str
    since: str


class UnitHistory(TypedDict):
    """In which other units an item was or is kept."""

    follows: OtherUnit | None
    followed_by: OtherUnit | None


@dataclass(frozen=True, slots=True)
class Part:
    """How much of an item is in one finished good, in millionths."""

    good_id: int
    good_slug: str
    micros: int


def load_current(session: Session | Connection) -> dict[int, Followed]:
    """For every item that another followed, the one in use now; one statement."""
    return current(_load(session))


def load_earlier(session: Session) -> dict[int, list[Followed]]:
    """For every item, those that it followed, nearest first; one statement."""
    return earlier(_load(session))


def _load(session: Session | Connection) -> dict[int, Followed]:
    rows = session.execute(select(_change.c.item_id, _change.c.new_item_id, _change.c.factor).where(_of_items))
    return {row.item_id: Followed(row.new_item_id, row.factor) for row in rows}


def load_unit_history(session: Session, item_id: int) -> UnitHistory:
    """The item before and the item after this one; one statement."""
    zone = select(tables.bakery.c.time_zone).scalar_subquery().label("time_zone")
    rows = session.execute(
        select(_change.c.item_id.label("old_id"), _change.c.happened_at, zone, tables.item)
        .join(tables.item, tables.item.c.id.in_((_change.c.item_id, _change.c.new_item_id)))
        .where(_of_items, or_(_change.c.item_id == item_id, _change.c.new_item_id == item_id))
        .where(tables.item.c.id != item_id)
    ).all()

    def other(row: Any) -> OtherUnit:
        day = row.happened_at.astimezone(ZoneInfo(row.time_zone)).date().isoformat()
        return {"item_id": row.id, "slug": row.slug, "unit": row.base_unit, "since": day}

    return {
        "follows": next((other(row) for row in rows if row.old_id != item_id), None),
        "followed_by": next((other(row) for row in rows if row.old_id == item_id), None),
    }


def load_open_rows(session: Session, item_id: int) -> list[dict[str, Any]]:
    """The rows of the item's lots that hold something, in order of id."""
    rows = select(tables.lot).where(tables.lot.c.item_id == item_id, tables.lot.c.remaining_micros > 0)
    return [dict(row) for row in session.execute(rows.order_by(tables.lot.c.id)).mappings()]


def load_parts(session: Session, item_id: int) -> list[Part]:
    """The finished goods that contain the item."""
    rows = session.execute(
        select(tables.good_component.c.good_id, tables.item.c.slug, tables.good_component.c.quantity_micros)
        .join(tables.item, tables.item.c.id == tables.good_component.c.good_id)
        .where(tables.good_component.c.component_id == item_id)
        .order_by(tables.good_component.c.good_id)
    )
    return [Part(*row) for row in rows]


def load_referring(session: Session, item_id: int) -> list[Thing]:
    """The catalogue entries that refer to the item, by table and key; one statement each."""
    found: list[Thing] = []
    for name, column in REFERRING.items():
        table = Base.metadata.tables[name]
        rows = session.execute(select(table).where(table.c[column] == item_id)).mappings()
        found += sorted({(name, key_of(name, dict(row))) for row in rows})
    return found


def load_measures_in_use(session: Session, item_id: int) -> list[Mapping[str, Any]]:
    """The latest measure of each kind that was not undone, without those of a single lot."""
    measure = tables.item_measure
    of_item = (measure.c.item_id == item_id, measure.c.lot_id.is_(None))
    rows = session.execute(
        select(measure).where(*of_item, stands(measure.c.operation_id)).order_by(measure.c.id)
    ).mappings()
    latest: dict[str, Mapping[str, Any]] = {row["kind"]: cast(Mapping[str, Any], row) for row in rows}
    return list(latest.values())
