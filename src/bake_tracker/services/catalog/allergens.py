"""The allergens of items and packages."""

from collections.abc import Sequence
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import Connection, delete, insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.label.allergens import NONE, Statement, in_order, read_allergens
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.catalog.label_facts import load_statements
from bake_tracker.queries.catalog.products import load_package
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.operation import Kind, recording
from bake_tracker.services.stock.ledger import lock_items

RECORD = Kind(
    "record_allergens",
    "allergen_service",
    "Recorded allergens",
    success_fields=("item_id", "slug", "product_id", "contains", "may_contain", "was"),
)


class Said(TypedDict):
    """The allergens stated for an item; two empty lists state that it has none."""

    contains: list[str]
    may_contain: list[str]


class AllergensResult(TypedDict):
    """The new statement; ``was`` is the previous one, or None."""

    operation_id: str
    item_id: int
    slug: str
    product_id: int | None
    contains: list[str]
    may_contain: list[str]
    was: Said | None


def record_allergens(
    item_id: int,
    contains: Sequence[str],
    may_contain: Sequence[str] = (),
    *,
    session: Session,
    product_id: int | None = None,
    operation_id: UUID | str | None = None,
) -> AllergensResult:
    """State all allergens of an item, replacing the previous statement; two empty lists mean none.

    With ``product_id``, the statement applies only to lots of that package, in addition to the item's.

    Raises:
        ValidationError: an argument is not allowed, or is not an allergen that a label must name.
        ItemNotFoundError, ProductNotFoundError: there is no such item or product.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        key = given.key("item_id", item_id)
        package = given.optional_key("product_id", product_id)
        inside = read_allergens(given, "contains", contains)
        maybe = read_allergens(given, "may_contain", may_contain, also_unnamed=True)
        if both := in_order(set(inside) & set(maybe)):
            given.refuse("may_contain", f"must not repeat {', '.join(both)} from contains")
        given.done()
        asked = {"item_id": key, "product_id": package, "contains": inside, "may_contain": maybe}
        if done := operation.claim(asked):
            return cast(AllergensResult, done)
        item = load_item(session, key)
        load_package(session, package, key)
        lock_items(operation, [key])
        was = _said(operation.connection, key, package)
        thing = ("item_allergen", str(key)) if package is None else ("product_allergen", str(package))
        before = load_things(session, [thing])
        _write(operation.connection, key, package, Statement(frozenset(inside), frozenset(maybe)))
        note_changes(operation, before)
        return operation.succeed(
            AllergensResult(
                operation_id=operation.id,
                item_id=key,
                slug=item.slug,
                product_id=package,
                contains=inside,
                may_contain=maybe,
                was=_shown(was),
            )
        )


def _said(connection: Connection, item_id: int, product_id: int | None) -> Statement | None:
    of_items, of_products = load_statements(connection, [item_id], [] if product_id is None else [product_id])
    return of_items.get(item_id) if product_id is None else of_products.get(product_id)


def _shown(statement: Statement | None) -> Said | None:
    if statement is None:
        return None
    return {"contains": in_order(statement.contains), "may_contain": in_order(statement.may_contain)}


def _write(connection: Connection, item_id: int, product_id: int | None, statement: Statement) -> None:
    table, column, key = (
        (tables.item_allergen, "item_id", item_id)
        if product_id is None
        else (tables.product_allergen, "product_id", product_id)
    )
    connection.execute(delete(table).where(table.c[column] == key))
    rows = [{"allergen": one, "presence": "contains"} for one in in_order(statement.contains)]
    rows += [{"allergen": one, "presence": "may_contain"} for one in in_order(statement.may_contain)]
    connection.execute(
        insert(table), [{column: key, **row} for row in rows or [{"allergen": NONE, "presence": "contains"}]]
    )
