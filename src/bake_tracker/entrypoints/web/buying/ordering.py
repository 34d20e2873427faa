"""The form of a purchase order: to send one, or to change it."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.domain.errors import ServiceError
from bake_tracker.entrypoints.http.access import OWNER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.buying.words import PurchaseId
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, by_line, choices
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import BY_NAME, package_words
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.products import load_products
from bake_tracker.queries.views.purchase import PurchaseView, load_purchase_view
from bake_tracker.queries.views.supplier import load_supplier_slice
from bake_tracker.services.buying.change import record_purchase_order_change
from bake_tracker.services.buying.purchase_order import record_purchase_order
from bake_tracker.services.database import read_scope, run_in_transaction

router = pages()

FIELDS = ("product_id", "packs", "price")
FIRST_LINES, MORE_LINES, MOST_LINES = 3, 3, 100


@router.get("/buy/new", name="new_purchase", dependencies=[OWNER])
def new_purchase(request: Request) -> Response:
    """Show an empty purchase order."""
    return _form(request, blank(request), None)


@router.post("/buy/new", name="send_purchase", dependencies=[OWNER])
def send_purchase(request: Request, form: Sent) -> Response:
    """Order from a supplier."""
    return _record(request, form, None)


@router.get("/buy/{purchase_order_id}/change", name="change_purchase", dependencies=[OWNER])
def change_purchase(request: Request, purchase_order_id: PurchaseId) -> Response:
    """Show a purchase order as it is, to be changed."""
    order = _order(purchase_order_id)
    form = blank(request, wanted_on=order["wanted_on"], note=order["note"], supplier_id=str(order["supplier_id"]))
    for one in order["lines"]:
        price = "" if one["price"] is None else form.write(one["price"])
        row = (str(one["product_id"]), form.write(one["packs"]), price)
        form.sent = [*form.sent, *zip(FIELDS, row, strict=True)]
    return _form(request, form, order)


@router.post("/buy/{purchase_order_id}/change", name="do_change_purchase", dependencies=[OWNER])
def do_change_purchase(request: Request, purchase_order_id: PurchaseId, form: Sent) -> Response:
    """Change a purchase order to what the form says."""
    return _record(request, form, purchase_order_id)


def _record(request: Request, form: Form, purchase_order_id: int | None) -> Response:
    order = None if purchase_order_id is None else _order(purchase_order_id)
    if form["step"] == "more":
        return _form(request, form, order)
    lines: list[tuple[dict[str, Any], Form]] = []
    try:
        asked: dict[str, Any] = {
            "supplier_id": form.key("supplier_id", needed=True),
            "wanted_on": form.day("wanted_on", needed=True),
            "note": form.text("note"),
        }
        lines = [(_line(row), row) for row in form.rows(*FIELDS)]
        form.done()
        asked["lines"] = [line for line, _ in lines]
        if purchase_order_id is None:
            sent = run_in_transaction(
                lambda session: record_purchase_order(session=session, operation_id=form.operation_id, **asked)
            )
            purchase_order_id = sent["purchase_order_id"]
        else:
            key = purchase_order_id
            run_in_transaction(
                lambda session: record_purchase_order_change(
                    key, asked, session=session, operation_id=form.operation_id
                )
            )
    except ServiceError as error:
        return _form(request, by_line(form.refused(error), [row for _, row in lines]), order, status_of(error))
    return go_to(request, "purchase_order", {"done": "1"}, purchase_order_id=purchase_order_id)


def _line(row: Form) -> dict[str, Any]:
    return {
        "product_id": row.key("product_id", needed=True),
        "packs": row.number("packs", needed=True),
        "price": row.money("price"),
    }


def _order(purchase_order_id: int) -> PurchaseView:
    with read_scope() as session:
        return load_purchase_view(session, purchase_order_id)


def _form(request: Request, form: Form, order: PurchaseView | None, status: int = 200) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        products = [one for one in load_products(session) if one["package_quantity"] is not None]
        suppliers = choices(load_supplier_slice(session, BY_NAME, offered=True).rows, "supplier_id")
    if order is not None and str(order["supplier_id"]) not in dict(suppliers):  # archived since
        suppliers = [*suppliers, (str(order["supplier_id"]), order["supplier"])]
    rows = form.rows(*FIELDS)
    wanted = min(MOST_LINES, len(rows) + (MORE_LINES if form["step"] == "more" or order else 0))
    return render(
        request,
        "purchase_form.html",
        status,
        form=form,
        order=order,
        rows=[*rows, *(Form(form.locale, line=f"[{n}]") for n in range(len(rows), max(FIRST_LINES, wanted)))],
        products=[
            (str(one["product_id"]), f"{one['item_slug']}: {package_words(one)}" + _from(one["supplier"]))
            for one in products
        ],
        suppliers=suppliers,
        currency=house.currency,
    )


def _from(supplier: str | None) -> str:
    return "" if supplier is None else f", {supplier}"
