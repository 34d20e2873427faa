"""The packages that items are bought in."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.buying.terms import Terms, TermsView, terms_of, terms_view
from bake_tracker.domain.errors import ProductNotFoundError, ValidationError
from bake_tracker.domain.stock.products import Package
from bake_tracker.domain.units import format_exact
from bake_tracker.models import Item, Product, Supplier, tables
from bake_tracker.queries.many_keys import among

_COLUMNS = (
    Product.id, Product.item_id, Product.brand, Product.name, Product.package_type, Product.package_quantity,
    Product.package_unit,
)  # fmt: skip
_TERMS = [column for column in tables.product_terms.c if column.name != "product_id"]


class ProductRow(TermsView):
    """One product with its terms; ``package_quantity`` is None if it is not recorded."""

    product_id: int
    item_slug: str
    brand: str | None
    name: str
    package_type: str | None
    package_quantity: str | None
    package_unit: str
    gtin: str | None
    supplier_id: int | None
    supplier: str | None


def load_products(session: Session, item_id: int | None = None) -> list[ProductRow]:
    """Every product, or those of an item; one statement."""
    rows = session.execute(
        select(*_COLUMNS, Product.gtin, Product.supplier_id, Item.slug, Supplier.slug.label("supplier"), *_TERMS)
        .join(Item, Item.id == Product.item_id)
        .outerjoin(tables.product_terms, tables.product_terms.c.product_id == Product.id)
        .outerjoin(Supplier, Supplier.id == Product.supplier_id)
        .where(*([] if item_id is None else [Product.item_id == item_id]))
        .order_by(Item.slug, Product.name, Product.id)
    )
    return [
        {
            "product_id": row.id,
            "item_slug": row.slug,
            "brand": row.brand,
            "name": row.name,
            "package_type": row.package_type,
            "package_quantity": None if row.package_quantity is None else format_exact(row.package_quantity),
            "package_unit": row.package_unit,
            "gtin": row.gtin,
            "supplier_id": row.supplier_id,
            "supplier": row.supplier,
            **terms_view(terms_of(row)),
        }
        for row in rows
    ]


def load_terms(session: Session, product_id: int) -> Terms:
    """The terms of a product; empty if none are recorded."""
    terms = tables.product_terms
    row = session.execute(select(terms).where(terms.c.product_id == product_id)).one_or_none()
    return Terms() if row is None else terms_of(row)


def load_items_of_packages(session: Session, product_ids: Collection[int]) -> set[int]:
    """The items of these packages."""
    if not product_ids:
        return set()
    wanted = among(session, tables.product.c.id, product_ids)
    return set(session.scalars(select(Product.item_id).where(wanted)))


def load_packages(session: Session, item_id: int) -> list[Package]:
    """The packages of an item; one statement."""
    rows = session.execute(select(*_COLUMNS).where(Product.item_id == item_id).order_by(Product.id))
    return [Package(*row) for row in rows]


def load_sold(session: Session, product_ids: Collection[int]) -> dict[int, tuple[Package, Terms]]:
    """These products with their terms; one statement."""
    rows = session.execute(
        select(*_COLUMNS, *_TERMS)
        .outerjoin(tables.product_terms, tables.product_terms.c.product_id == Product.id)
        .where(among(session, tables.product.c.id, product_ids))
    )
    return {row.id: (Package(*row[: len(_COLUMNS)]), terms_of(row)) for row in rows}


def load_package(session: Session, product_id: int | None, item_id: int) -> Package | None:
    """A product of an item; None means no product.

    Raises:
        ProductNotFoundError: there is no such product.
        ValidationError: it is a package of another item.
    """
    if product_id is None:
        return None
    row = session.execute(select(*_COLUMNS).where(Product.id == product_id)).one_or_none()
    if row is None:
        raise ProductNotFoundError(product_id)
    if row.item_id != item_id:
        of_item = f"product {product_id} is a package of item {row.item_id}, not of {item_id}"
        raise ValidationError.of("product_id", of_item)
    return Package(*row)
