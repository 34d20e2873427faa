"""Changes to products: who sells them, and on which terms."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments, shown
from bake_tracker.domain.buying.terms import TERMS, Terms, TermsView, read_term, terms_row, terms_view
from bake_tracker.domain.errors import ProductNotFoundError
from bake_tracker.models import tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.definitions import check_supplier
from bake_tracker.queries.catalog.products import load_terms
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.operation import Kind, Operation, recording

CHANGE = Kind(
    "record_product_change",
    "product_service",
    "Changed a product",
    success_fields=("product_id", "item_id", "supplier_id", "changed"),
)

_FIELDS = ("supplier_id", "notes", *TERMS)


class ProductChangeResult(TermsView):
    """A changed product with its terms; ``changed`` lists the fields that are different now."""

    operation_id: str
    product_id: int
    item_id: int
    name: str
    supplier_id: int | None
    changed: list[str]


def record_product_change(
    product_id: int, changes: Mapping[str, Any], *, session: Session, operation_id: UUID | str | None = None
) -> ProductChangeResult:
    """Change who sells a product, its ``notes`` or its terms, in the caller's transaction; None empties a field.

    The terms are ``least_packs`` and ``multiple_packs`` of an order, ``lead_days`` from order to arrival,
    ``order_days`` (weekdays in English, none for every day), and ``prices`` of one pack: a list of ``from_packs`` and
    ``price``, where the price from a number of packs on holds for all of them.

    Raises:
        ValidationError: a change is not allowed.
        ProductNotFoundError, SupplierNotFoundError: there is no such product or supplier.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(CHANGE, session, locals()) as operation:
        given = Arguments()
        key, asked = given.key("product_id", product_id), _read(given, changes)
        given.done()
        if done := operation.claim({"product_id": key, "changes": asked}):
            return cast(ProductChangeResult, done)

        # load
        lock_bakery(session)
        row = session.execute(select(tables.product).where(tables.product.c.id == key)).one_or_none()
        if row is None:
            raise ProductNotFoundError(key)
        check_supplier(session, asked.get("supplier_id"))
        was = load_terms(session, key)

        # decide
        terms = replace(was, **{name: asked[name] for name in TERMS if name in asked})
        columns = {name: asked[name] for name in ("supplier_id", "notes") if name in asked}
        columns = {name: value for name, value in columns.items() if getattr(row, name) != value}
        changed = [name for name in asked if name in columns or _differs(name, was, terms)]

        # write
        before = load_things(session, [("product", str(key)), ("product_terms", str(key))])
        if columns:
            session.execute(update(tables.product).where(tables.product.c.id == key).values(columns))
        if terms != was:
            _put_terms(operation, key, terms)
        note_changes(operation, before)
        return operation.succeed(
            ProductChangeResult(
                operation_id=operation.id,
                product_id=key,
                item_id=row.item_id,
                name=row.name,
                supplier_id=columns.get("supplier_id", row.supplier_id),
                changed=changed,
                **terms_view(terms),
            )
        )


def _read(given: Arguments, changes: object) -> dict[str, Any]:
    if not isinstance(changes, Mapping) or not changes:
        given.refuse("changes", f"must have at least one of {', '.join(_FIELDS)}, not {shown(changes)}")
        return {}
    asked: dict[str, Any] = {}
    for field, value in changes.items():
        if field in TERMS:
            asked[field] = read_term(given, field, value)
        elif field == "supplier_id":
            asked[field] = given.optional_key(field, value)
        elif field == "notes":
            asked[field] = given.text(field, value)
        else:
            given.refuse("changes", f"has no field {str(field)[:60]!r}; it takes {', '.join(_FIELDS)}")
    return asked


def _differs(name: str, was: Terms, terms: Terms) -> bool:
    return name in TERMS and getattr(was, name) != getattr(terms, name)


def _put_terms(operation: Operation, product_id: int, terms: Terms) -> None:
    operation.session.execute(delete(tables.product_terms).where(tables.product_terms.c.product_id == product_id))
    if terms != Terms():
        operation.session.execute(insert(tables.product_terms), {"product_id": product_id, **terms_row(terms)})
