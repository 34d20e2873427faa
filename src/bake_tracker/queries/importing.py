"""What the bakery has already of what a file brings."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, select
from sqlalchemy.orm import Session

from bake_tracker.domain.import_plan import EventPlan, ItemPlan, Known, RecipePlan, RecipientPlan, SupplierPlan
from bake_tracker.models import Event, Item, Operation, Product, Recipe, Recipient, Supplier
from bake_tracker.queries.bakery import load_bakery

_CHUNK = 1_000  # SQLite and PostgreSQL both limit the parameters of a statement

_items = select(
    Item.slug, Item.name, Item.kind, Item.base_unit, Item.g_per_ml, Item.is_category
)  # fmt: skip


def load_known(session: Session) -> Known:
    """Everything that a row of a file may lead to or be a copy of."""

    def by_slug(statement: Executable, plan: Any) -> Mapping[str, Any]:
        return {row.slug: plan(*row) for row in session.execute(statement)}

    return Known(
        database_id=load_bakery(session).database_id,
        items=by_slug(_items, ItemPlan),
        suppliers=by_slug(select(Supplier.slug, Supplier.name), SupplierPlan),
        products=frozenset(session.scalars(select(Product.identity))),
        recipes=by_slug(select(Recipe.slug, Recipe.name), RecipePlan),
        events=by_slug(select(Event.slug, Event.name), EventPlan),
        recipients=by_slug(select(Recipient.slug, Recipient.name), RecipientPlan),
    )


def load_recorded(session: Session, operation_ids: Sequence[str]) -> set[str]:
    """Those of the operations that have been recorded."""
    found: set[str] = set()
    for start in range(0, len(operation_ids), _CHUNK):
        chunk = operation_ids[start : start + _CHUNK]
        found.update(session.scalars(select(Operation.id).where(Operation.id.in_(chunk))))
    return found


def load_product_ids(session: Session) -> dict[str, int]:
    """Every product's id by its identity."""
    return {row.identity: row.id for row in session.execute(select(Product.identity, Product.id))}


def load_item_ids(session: Session) -> dict[str, int]:
    """Every item's id by its slug, categories among them."""
    return {row.slug: row.id for row in session.execute(select(Item.slug, Item.id))}
