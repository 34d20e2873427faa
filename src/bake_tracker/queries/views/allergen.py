"""The recorded allergens of items and of the packages they come in."""

from collections import defaultdict
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.label.allergens import Statement, in_order
from bake_tracker.models import tables
from bake_tracker.queries.catalog.label_facts import load_statements


class AllergensOf(TypedDict):
    """The allergens of an item, or of one package of it; None if they are not recorded."""

    item_id: int
    item_slug: str
    product_id: int | None
    product: str | None
    contains: list[str] | None
    may_contain: list[str] | None


def load_allergens(session: Session, item_id: int | None = None) -> list[AllergensOf]:
    """Everything that is bought or has a statement, by slug."""
    items = (
        select(tables.item.c.id, tables.item.c.slug, tables.item.c.kind)
        .where(~tables.item.c.is_category)
        .order_by(tables.item.c.slug)
    )
    products = select(
        tables.product.c.id, tables.product.c.item_id, tables.product.c.brand, tables.product.c.name
    ).order_by(tables.product.c.id)
    if item_id is not None:
        items = items.where(tables.item.c.id == item_id)
        products = products.where(tables.product.c.item_id == item_id)
    packages: defaultdict[int, list[Any]] = defaultdict(list)
    for row in session.execute(products):
        packages[row.item_id].append(row)
    kept = session.execute(items).all()
    item_ids = [item.id for item in kept]
    of_items, of_products = load_statements(session, item_ids, [one.id for p in packages.values() for one in p])
    found: list[AllergensOf] = []
    for item in kept:
        if item.kind == "ingredient" or item.id in of_items or item_id is not None:
            found.append(_row(item, of_items.get(item.id)))
        for one in packages[item.id]:
            if one.id in of_products or item_id is not None:
                name = " ".join(filter(None, (one.brand, one.name)))
                found.append(_row(item, of_products.get(one.id), one.id, name))
    return found


def _row(item: Any, said: Statement | None, product_id: int | None = None, product: str | None = None) -> AllergensOf:
    return {
        "item_id": item.id,
        "item_slug": item.slug,
        "product_id": product_id,
        "product": product,
        "contains": None if said is None else in_order(said.contains),
        "may_contain": None if said is None else in_order(said.may_contain),
    }
