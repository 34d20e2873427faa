"""Order from suppliers, and change and cancel what was ordered."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.errors import ProductNotFoundError, ValidationError
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, money, say, write
from bake_tracker.queries.buying.standing import load_purchase_order
from bake_tracker.queries.catalog.products import ProductRow, load_products
from bake_tracker.services.buying.change import (
    PurchaseOrderCancellationResult,
    PurchaseOrderChangeResult,
    record_purchase_order_cancellation,
    record_purchase_order_change,
)
from bake_tracker.services.buying.purchase_order import PurchaseOrderResult, record_purchase_order
from bake_tracker.services.database import Session

NONE = "none"

PurchaseNumber = Annotated[int, typer.Argument(help="the purchase order's number")]


def add(
    supplier: Annotated[str, typer.Argument(help="slug or id")],
    what: Annotated[
        list[str], typer.Argument(help="for example '4 Type 550 @18.50': packages, product or item, price of one")
    ],
    wanted: Annotated[Any, typer.Option(parser=parse.day, help="the day it should come, for example 2026-12-04")],
    note: Annotated[str | None, typer.Option(help="free text for the supplier")] = None,
    operation_id: OperationId = None,
) -> None:
    """Order packages from a supplier. Without a price, that of the product's terms holds."""

    def work(session: Session) -> PurchaseOrderResult:
        supplier_id = find(session, "supplier", supplier)
        return record_purchase_order(
            supplier_id,
            _lines(session, supplier_id, what),
            session=session,
            wanted_on=wanted,
            note=note,
            operation_id=operation_id,
        )

    answer(
        write(work),
        lambda done: show_ordered(done, f"Purchase order {done['purchase_order_id']}, wanted on {done['wanted_on']}"),
    )


def change(
    order: PurchaseNumber,
    what: Annotated[list[str] | None, typer.Argument(help="the new lines, for example '6 Type 550 @17.90'")] = None,
    wanted: Annotated[Any, typer.Option(parser=parse.day, help="another day")] = None,
    supplier: Annotated[str | None, typer.Option(help="another supplier: slug or id")] = None,
    note: Annotated[str | None, typer.Option(help="free text for the supplier, or none")] = None,
    operation_id: OperationId = None,
) -> None:
    """Change a purchase order. Lines replace all its lines; what came in must stay in it."""

    def work(session: Session) -> PurchaseOrderChangeResult:
        changes: dict[str, Any] = {} if wanted is None else {"wanted_on": wanted}
        if supplier is not None:
            changes["supplier_id"] = find(session, "supplier", supplier)
        if note is not None:
            changes["note"] = None if note == NONE else note
        if what:
            of = changes.get("supplier_id") or load_purchase_order(session, order).supplier_id
            changes["lines"] = _lines(session, of, what)
        if not changes:
            raise typer.BadParameter("give lines or at least one option that changes something; see --help")
        return record_purchase_order_change(order, changes, session=session, operation_id=operation_id)

    answer(write(work), _show_change)


def cancel(
    order: PurchaseNumber,
    reason: Annotated[str, typer.Option(help="why")],
    operation_id: OperationId = None,
) -> None:
    """Record that nothing more will come for a purchase order. If a part of it came, it is closed."""

    def work(session: Session) -> PurchaseOrderCancellationResult:
        return record_purchase_order_cancellation(order, reason, session=session, operation_id=operation_id)

    answer(
        write(work),
        lambda done: show_ordered(done, f"Nothing more will come for purchase order {done['purchase_order_id']}"),
    )


def show_ordered(done: PurchaseOrderResult, said: str) -> None:
    """An answer of a purchase order after what was ``said`` about it."""
    say(said)
    for one in done["lines"]:
        say(f"  {packs_words(one)}{price_words(one)}")
    total = "" if done["total_price"] is None else f", price {money(done['total_price'])}"
    say(f"  {done['state']}{total}; operation {done['operation_id']}")


def packs_words(one: Any) -> str:
    """``4 x bag of flour (Type 550), 100 kg``."""
    of = one["item_slug"]
    return f"{one['packs']} x {one['package']} of {of} ({one['product']}), {amount(one['quantity'], one['unit'])}"


def price_words(one: Any) -> str:
    """The price of one pack and of all, as in ``, 18.50 each, 74.00``; empty without a price."""
    return "" if one["price"] is None else f", {money(one['price'])} each, {money(one['amount'])}"


def _lines(session: Session, supplier_id: int, what: list[str]) -> list[dict[str, Any]]:
    products = load_products(session)
    return [_line(session, products, supplier_id, text) for text in what]


def _line(session: Session, products: list[ProductRow], supplier_id: int, text: str) -> dict[str, Any]:
    """``4 Type 550 @18.50`` as a line of a purchase order."""
    goods, at, price = text.rpartition("@")
    packs, _, name = (goods if at else text).strip().partition(" ")
    return {
        "product_id": _find_product(products, supplier_id, name.strip()),
        "packs": parse.whole_or_decimal(packs),
        "price": parse.money(session, price.strip()) if at else None,
    }


def _find_product(products: list[ProductRow], supplier_id: int, typed: str) -> int:
    """The product with this name or id, or the only one of this item; one of the supplier comes first.

    Raises:
        ProductNotFoundError: there is none.
        ValidationError: several fit.
    """
    word = typed.casefold()

    def called(one: ProductRow) -> tuple[str, ...]:
        name = one["name"].casefold()
        return name, f"{(one['brand'] or '').casefold()} {name}".strip(), one["item_slug"]

    fitting = [one for one in products if word in called(one)]
    fitting = [one for one in fitting if one["supplier_id"] == supplier_id] or fitting
    fitting = fitting or [one for one in products if typed == str(one["product_id"])]
    if not fitting:
        raise ProductNotFoundError(typed)
    if len(fitting) > 1:
        named = ", ".join(f"{one['product_id']} ({one['item_slug']}: {one['name']})" for one in fitting)
        raise ValidationError.of("product", f"several products match {typed}; give the id of one: {named}")
    return fitting[0]["product_id"]


def _show_change(done: PurchaseOrderChangeResult) -> None:
    words = {"supplier_id": "the supplier", "wanted_on": "the day", "note": "the note", "lines": "the lines"}
    changed = [words[name] for name in done["changed"]]
    said = " and ".join(filter(None, (", ".join(changed[:-1]), *changed[-1:])))
    what = f"changed {said}" if said else "nothing to change"
    show_ordered(done, f"Purchase order {done['purchase_order_id']}: {what}; wanted on {done['wanted_on']}")
