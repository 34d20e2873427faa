"""Goods in: one lot in a few taps."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.amounts import friendly, how_many
from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, choices
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import (
    BY_NAME,
    AskedItem,
    AskedProduct,
    package_unit,
    read_unit,
    unit_choices,
)
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.find import Hits, find_hits, the_item
from bake_tracker.queries.catalog.parts import Typed, refuse_parts
from bake_tracker.queries.catalog.products import ProductRow, load_products
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.stock.receiving import (
    LastReceived,
    load_arrival_doubts,
    load_bought_items,
    load_last_received,
    load_locations,
)
from bake_tracker.queries.views.item import ItemFacts, load_item_facts
from bake_tracker.queries.views.supplier import load_supplier_slice
from bake_tracker.services.database import Session, read_scope, run_in_transaction
from bake_tracker.services.stock.receipt import ReceiptResult, check_has_come, record_receipt

router = pages()

MOST_OFFERED = 60
Search = Annotated[str, Query(max_length=200)]


@router.get("/receive", name="receive", dependencies=[BAKER])
def receive(
    request: Request,
    item_id: AskedItem = None,
    product_id: AskedProduct = None,
    q: Search = "",
    lot_code: Annotated[str, Query(max_length=120)] = "",
    expires_on: date | None = None,
) -> Response:
    """Choose the item that came in, then say how much."""
    if item_id is not None:
        scanned = {"lot_code": lot_code.replace("\0", "") or None, "expires_on": expires_on}
        return _form(request, item_id, None, product_id=product_id, scanned=scanned)
    with read_scope() as session:
        if q and "HX-Request" not in request.headers:  # sent with Enter, as a scanner does
            found = to_receive(find_hits(session, q.replace("\0", ""), this_year=now().year))
            if found:
                return go_to(request, "receive", found)
        items = load_bought_items(session, MOST_OFFERED, q.replace("\0", ""))
    return render(request, "receive.html", items=items, q=q, is_cut=len(items) == MOST_OFFERED)


def to_receive(hits: Hits) -> dict[str, str] | None:
    """The query of this page for what was found: the item, its product, and the lot and day on the carton."""
    hit = the_item(hits)
    if hit is None:
        return None
    carton = hits.get("carton")
    said = {
        "product": hit["product_id"] and str(hit["product_id"]),
        "lot_code": carton and carton["lot_code"],
        "expires_on": carton and carton["expires_on"],
    }
    return {"item": str(hit["key"]), **{name: text for name, text in said.items() if text}}


@router.post("/receive", name="do_receive", dependencies=[BAKER])
def do_receive(request: Request, form: Sent) -> Response:
    """Record a receipt."""
    item_id = form.key("item_id", needed=True)
    if item_id is None:
        raise ValidationError(form.problems)
    try:
        unit, product_id = read_unit(form["unit"])
        cost, received_on = form.money("total_cost"), form.day("received_on")
        supplier_id, expires_on = form.key("supplier_id"), form.day("expires_on")
        quantity = form.quantity("quantity", needed=True)
        form.done()

        def work(session: Session) -> ReceiptResult:
            if not is_recorded(session, form.operation_id):
                check_has_come(session, "received_on", received_on)
                refuse_parts(session, [Typed("quantity", item_id, quantity or 0, unit)])
                came = received_on or load_bakery(session).local_day(now())
                line = {"item_id": item_id, "lot_code": form.text("lot_code"), "expires_on": expires_on}
                form.be_sure(load_arrival_doubts(session, [line], came))
            return record_receipt(
                item_id,
                quantity if quantity is not None else 0,
                unit,
                session=session,
                total_cost=cost,
                lot_code=form.text("lot_code"),
                received_on=received_on,
                expires_on=expires_on,
                supplier_id=supplier_id,
                product_id=product_id,
                location=form.text("location"),
                note=form.text("note"),
                operation_id=form.operation_id,
            )

        done = run_in_transaction(work)
    except ServiceError as error:
        return _form(request, item_id, form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _form(
    request: Request,
    item_id: int,
    form: Form | None,
    status: int = 200,
    *,
    product_id: int | None = None,
    scanned: Mapping[str, object] | None = None,
) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        item = load_item_facts(session, item_id)
        products = load_products(session, item_id)
        last = load_last_received(session, item_id)
        suppliers = load_supplier_slice(session, BY_NAME, offered=True).rows
        places = load_locations(session)
    today = house.local_day(now())
    if form is None:
        form = blank(request, **_likely(item, products, last, product_id))
        if item["shelf_life_days"] is not None:
            form.put(expires_on=today + timedelta(days=item["shelf_life_days"]))
        form.put(**{name: value for name, value in (scanned or {}).items() if value is not None})
    return render(
        request,
        "receive_item.html",
        status,
        form=form,
        item=item,
        last=last,
        units=unit_choices(item["unit"], products),
        suppliers=choices(suppliers, "supplier_id"),
        places=places,
        currency=house.currency,
        today=today.isoformat(),
    )


def _likely(
    item: ItemFacts, products: list[ProductRow], last: LastReceived | None, product_id: int | None
) -> dict[str, Any]:
    """Likely values: those of the last receipt, with the scanned or the last product."""
    sizes = {one["product_id"]: one for one in products if one["package_quantity"] is not None}
    product = sizes.get(product_id or (last["product_id"] if last else None) or 0)
    found: dict[str, Any] = {"item_id": item["item_id"]}
    if last is not None:
        quantity, found["unit"] = friendly(last["quantity"], item["unit"])
        found |= {"quantity": Decimal(quantity), "supplier_id": last["supplier_id"], "location": last["location"]}
    if product is not None:
        count = last and how_many(last["quantity"], str(product["package_quantity"]), product["package_unit"])
        if count or product_id is not None:
            found |= {"quantity": Decimal(count or 1), "unit": package_unit(product["product_id"])}
    return found
