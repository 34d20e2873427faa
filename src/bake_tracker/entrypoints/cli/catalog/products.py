"""Commands for products: the packages that items are bought in."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.errors import ProductNotFoundError, ValidationError
from bake_tracker.domain.stock.products import Package, is_gtin, is_unit
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.catalog.terms import terms_words
from bake_tracker.entrypoints.cli.lookup import find, find_optional
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, say, show_table, write
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.catalog.products import load_packages, load_products
from bake_tracker.services.catalog.products import ProductResult, record_product
from bake_tracker.services.database import Session


def add_product(
    item: Annotated[str, typer.Argument(help="slug or id")],
    name: str,
    package: Annotated[str, typer.Option(help="how much is in one, for example '25 kg'")],
    type_: Annotated[str | None, typer.Option("--type", help="for example bag, tin or carton")] = None,
    brand: Annotated[str | None, typer.Option(help="brand name")] = None,
    gtin: Annotated[str | None, typer.Option(help="bar code number")] = None,
    supplier: Annotated[str | None, typer.Option(help="slug or id")] = None,
    notes: Annotated[str | None, typer.Option(help="free text")] = None,
    operation_id: OperationId = None,
) -> None:
    """Add a package that an item is bought in."""
    quantity, unit = parse.amount(package)

    def work(session: Session) -> ProductResult:
        _check_gtin(gtin)
        return record_product(
            find(session, "item", item),
            name,
            quantity,
            unit,
            session=session,
            brand=brand,
            package_type=type_,
            gtin=gtin,
            supplier_id=find_optional(session, "supplier", supplier),
            notes=notes,
            operation_id=operation_id,
        )

    answer(
        write(work),
        lambda r: say(
            f"Added product {r['name']} for {r['item_slug']} (id {r['product_id']}): "
            f"one {type_ or 'package'} holds {amount(r['base_quantity'], r['base_unit'])}"
        ),
    )


def _check_gtin(gtin: str | None) -> None:
    """Refuse a mistyped bar code, which would match nothing or the wrong product; imported files are not checked."""
    if gtin is not None and not is_gtin(gtin):
        raise ValidationError.of(
            "gtin", f"{gtin!r} is not a valid bar code; it has 8, 12, 13 or 14 digits, and the last is a check digit"
        )


def list_products(item: Annotated[str | None, typer.Argument(help="slug or id; default: all items")] = None) -> None:
    """List the packages that items are bought in."""
    rows = ask(lambda session: load_products(session, None if item is None else find(session, "item", item)))
    answer(rows, show_products)


def show_products(rows: list[Any]) -> None:
    if not rows:
        say("There are no products yet. Add one: bake product add ITEM NAME --package '25 kg'")
        return
    show_table(
        {"id": "right", "item": "left", "product": "left", "package": "left", "supplier": "left", "terms": "left"},
        (
            [
                str(row["product_id"]),
                row["item_slug"],
                " ".join(filter(None, (row["brand"], row["name"]))),
                f"{row['package_type'] or 'package'} of {row['package_quantity'] or '?'} {row['package_unit']}",
                row["supplier"] or "-",
                terms_words(row) or "-",
            ]
            for row in rows
        ),
    )


def find_package(session: Session, item_id: int, typed: str | None, unit: str) -> Package | None:
    """The product with the name or id that was typed, or the item's only product that is sold by this ``unit``.

    Raises:
        ProductNotFoundError: the item has no such product.
        ValidationError: several products match.
    """
    if typed is None and is_unit(unit):
        return None
    packages = load_packages(session, item_id)
    if typed is None:
        fitting = [one for one in packages if one.is_called(unit)]
    else:
        fitting = [one for one in packages if typed.casefold() in (one.name.casefold(), one.called.casefold())]
        fitting = fitting or [one for one in packages if typed == str(one.product_id)]
        if not fitting:
            raise ProductNotFoundError(typed, [one.called for one in packages][:3], of=load_item(session, item_id).slug)
    if len(fitting) > 1:
        named = ", ".join(f"{one.product_id} ({one.called})" for one in fitting)
        raise ValidationError.of("product", f"several products match; give the id of one: {named}")
    return fitting[0] if fitting else None
