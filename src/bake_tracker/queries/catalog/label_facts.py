"""What is recorded for labels: the allergens of items and products, and the label on file."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, literal, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.label.allergens import NONE, Statement, read_label
from bake_tracker.models import tables

_SAID = union_all(
    select(
        tables.item_allergen.c.item_id.label("item_id"),
        literal(0).label("product_id"),
        *list(tables.item_allergen.c)[1:],
    ).where(tables.item_allergen.c.item_id.in_(bindparam("item_ids", expanding=True))),
    select(literal(0), tables.product_allergen.c.product_id, *list(tables.product_allergen.c)[1:]).where(
        tables.product_allergen.c.product_id.in_(bindparam("product_ids", expanding=True))
    ),
)


@dataclass(frozen=True, slots=True)
class FiledLabel:
    """The label on file for an item."""

    ingredients: str
    contains: frozenset[str]
    may_contain: frozenset[str]
    filed_at: datetime


def load_statements(
    connection: Session | Connection, item_ids: Iterable[int], product_ids: Iterable[int]
) -> tuple[dict[int, Statement], dict[int, Statement]]:
    """The allergen statements for these items and products; those without one are left out."""
    rows = connection.execute(_SAID, {"item_ids": sorted(item_ids), "product_ids": sorted(product_ids)})
    said: defaultdict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        said[row.item_id, row.product_id].append((row.allergen, row.presence))
    of_items = {item_id: _statement(told) for (item_id, product_id), told in said.items() if not product_id}
    return of_items, {product_id: _statement(told) for (_, product_id), told in said.items() if product_id}


def _statement(told: Iterable[tuple[str, str]]) -> Statement:
    keys = {
        presence: frozenset(key for key, of in told if of == presence and key != NONE)
        for presence in ("contains", "may_contain")
    }
    return Statement(keys["contains"], keys["may_contain"])


def load_filed(connection: Session | Connection, item_id: int) -> FiledLabel | None:
    """The label on file for an item, if there is one."""
    row = connection.execute(
        select(tables.item_label.c.ingredients, tables.item_label.c.allergens, tables.item_label.c.filed_at).where(
            tables.item_label.c.item_id == item_id
        )
    ).one_or_none()
    if row is None:
        return None
    said = read_label(row.allergens) or Statement()
    return FiledLabel(row.ingredients, said.contains, said.may_contain, row.filed_at)
