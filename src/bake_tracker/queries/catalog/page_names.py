"""The possible meanings of names on a recipe page."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.recipe_text.names import NamedItems
from bake_tracker.models import Item, NameMapping
from bake_tracker.queries.catalog.definitions import ITEM_COLUMNS, as_item

_items = select(*ITEM_COLUMNS).where(~Item.is_category, Item.kind != "finished_good").order_by(Item.id)
_remembered = select(NameMapping.name, NameMapping.item_id)


def load_named_items(session: Session) -> tuple[NamedItems, NamedItems]:
    """All items that a recipe can use, and the finished units it can make."""
    items = [as_item(row) for row in session.execute(_items)]
    remembered = {row.name: row.item_id for row in session.execute(_remembered)}
    made = [item for item in items if item.kind == "finished_unit"]
    return NamedItems.of(items, remembered), NamedItems.of(made, remembered)


def load_item_slugs(session: Session) -> frozenset[str]:
    """The slugs that no new item can have: those of all items, categories and finished goods included."""
    return frozenset(session.scalars(select(Item.slug)))


def load_components(session: Session) -> NamedItems:
    """All items that a finished good can contain."""
    rows = session.execute(select(*ITEM_COLUMNS).where(~Item.is_category, Item.kind != "ingredient").order_by(Item.id))
    items = [as_item(row) for row in rows]
    return NamedItems.of(items, {row.name: row.item_id for row in session.execute(_remembered)})
