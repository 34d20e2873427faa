"""Products: the bags, tins and cartons that items are bought in."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConflictError
from bake_tracker.domain.recipes.quantities import base_quantity
from bake_tracker.domain.stock.products import is_unit, product_identity
from bake_tracker.domain.units import format_exact
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import check_supplier, load_item
from bake_tracker.queries.catalog.things import load_last_removed
from bake_tracker.services.catalog.changes import note_made
from bake_tracker.services.operation import Kind, recording

RECORD = Kind(
    "record_product",
    "product_service",
    "Added a product",
    success_fields=("product_id", "item_id", "package_quantity", "package_unit"),
)


class ProductResult(TypedDict):
    """A new product, with the contents of a package in its own unit and in the item's."""

    operation_id: str
    product_id: int
    item_id: int
    item_slug: str
    name: str
    package_quantity: str
    package_unit: str
    base_quantity: str
    base_unit: str


def record_product(
    item_id: int,
    name: str,
    package_quantity: int | Decimal | Fraction,
    package_unit: str,
    *,
    session: Session,
    brand: str | None = None,
    package_type: str | None = None,
    gtin: str | None = None,
    supplier_id: int | None = None,
    notes: str | None = None,
    operation_id: UUID | str | None = None,
) -> ProductResult:
    """Add a package that an item is bought in, so that "2 bags" can be received.

    Raises:
        ValidationError: an argument is not allowed, or the package type is the name of a unit.
        ItemNotFoundError, SupplierNotFoundError: there is no such item or supplier.
        UnitConversionError: the package's unit cannot be converted to the item's base unit.
        ConflictError: this product already exists.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        quantity = given.exact("package_quantity", package_quantity, above_zero=True)
        if len(str(quantity)) > 80:
            given.refuse("package_quantity", "has too many digits; write it with a few decimals")
        unit = given.unit("package_unit", package_unit)
        asked: dict[str, Any] = {
            "item_id": given.key("item_id", item_id),
            "brand": None if brand is None else given.name("brand", brand, limit=200),
            "name": given.name("name", name, limit=300),
            "package_type": None if package_type is None else given.name("package_type", package_type, limit=60),
            "package_unit": unit.name if unit else "",
            "gtin": None if gtin is None else given.name("gtin", gtin, limit=20),
            "supplier_id": given.optional_key("supplier_id", supplier_id),
            "notes": given.text("notes", notes),
        }
        if is_unit(asked["package_type"]):
            given.refuse("package_type", f"{asked['package_type']} is a unit; call the package a bag, tin or carton")
        given.done()
        if done := operation.claim({**asked, "package_quantity": str(quantity)}):
            return cast(ProductResult, done)

        item = load_item(session, asked["item_id"])
        check_supplier(session, asked["supplier_id"])
        in_base = base_quantity(item, quantity, asked["package_unit"])
        told_by = (asked["brand"], asked["name"], asked["package_type"], quantity, asked["package_unit"], asked["gtin"])
        row = {**asked, "package_quantity": quantity, "identity": product_identity(item.slug, *told_by)}
        dialect = postgresql if operation.connection.dialect.name == "postgresql" else sqlite
        new = dialect.insert(tables.product).on_conflict_do_nothing().returning(tables.product.c.id)
        if removed := load_last_removed(session, "product"):  # others may still know the removed row's id
            row["id"] = removed + 1
        key: int | None = session.execute(new, row).scalar_one_or_none()
        if key is None:
            raise ConflictError(f"this product of {item.slug} already exists: {asked['name']}", item_id=item.item_id)
        note_made(operation, ("product", str(key)))
        return operation.succeed(
            ProductResult(
                operation_id=operation.id,
                product_id=key,
                item_id=item.item_id,
                item_slug=item.slug,
                name=asked["name"],
                package_quantity=format_exact(quantity),
                package_unit=asked["package_unit"],
                base_quantity=format_exact(in_base),
                base_unit=item.base_unit,
            )
        )
