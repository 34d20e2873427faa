"""A delivery: every line of a supplier's document becomes a lot, all or none."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.errors import ServiceError
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, by_line, choices
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import BY_NAME, package_unit, package_words, read_unit
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.parts import refuse_parts_in
from bake_tracker.queries.catalog.products import load_products
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.stock.receiving import load_arrival_doubts, load_bought_items
from bake_tracker.queries.views.supplier import load_supplier_slice
from bake_tracker.services.database import Session, read_scope, run_in_transaction
from bake_tracker.services.stock.delivery import DeliveryResult, record_delivery
from bake_tracker.services.stock.receipt import check_has_come

router = pages()

FIELDS = ("item_id", "quantity", "unit", "total_cost", "expires_on", "lot_code")
FIRST_LINES, MORE_LINES, MOST_LINES = 4, 4, 100
MOST_ITEMS = 1_000
UNITS = ("kg", "g", "l", "ml", "each", "dozen", "m", "cm")


@router.get("/deliver", name="deliver", dependencies=[BAKER])
def deliver(request: Request) -> Response:
    """Show the form of a delivery."""
    return _form(request, blank(request))


@router.post("/deliver", name="do_deliver", dependencies=[BAKER])
def do_deliver(request: Request, form: Sent) -> Response:
    """Record a delivery."""
    if form["step"] == "more":
        return _form(request, form)
    lines: list[tuple[dict[str, Any], Form]] = []
    try:
        supplier_id = form.key("supplier_id", needed=True)
        delivered_on = form.day("delivered_on")
        lines = [(_line(row), row) for row in form.rows(*FIELDS) if _is_filled(row)]
        form.done()

        def work(session: Session) -> DeliveryResult:
            if not is_recorded(session, form.operation_id):
                check_has_come(session, "delivered_on", delivered_on)
                refuse_parts_in(session, [line for line, _ in lines], "quantity")
                came = delivered_on or load_bakery(session).local_day(now())
                form.be_sure(load_arrival_doubts(session, [line for line, _ in lines], came))
            return record_delivery(
                [line for line, _ in lines],
                session=session,
                supplier_id=supplier_id or 0,
                document=form.text("document"),
                delivered_on=delivered_on,
                notes=form.text("notes"),
                again=form["again"] == "yes",
                operation_id=form.operation_id,
            )

        done = run_in_transaction(work)
    except ServiceError as error:
        return _form(request, by_line(form.refused(error), [row for _, row in lines]), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _is_filled(row: Form) -> bool:
    """Whether a line has anything besides its prefilled unit."""
    return any(row[name].strip() for name in FIELDS if name != "unit")


def _line(row: Form) -> dict[str, Any]:
    unit, product_id = read_unit(row["unit"])
    return {
        "item_id": row.key("item_id", needed=True),
        "quantity": row.quantity("quantity", needed=True),
        "unit": unit,
        "total_cost": row.money("total_cost"),
        "expires_on": row.day("expires_on"),
        "lot_code": row.text("lot_code"),
        "product_id": product_id,
    }


def _form(request: Request, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        items = load_bought_items(session, MOST_ITEMS)
        products = [one for one in load_products(session) if one["package_quantity"] is not None]
        suppliers = load_supplier_slice(session, BY_NAME, offered=True).rows
    rows = form.rows(*FIELDS)
    wanted = min(MOST_LINES, len(rows) + MORE_LINES if form["step"] == "more" else max(FIRST_LINES, len(rows)))
    names = {item["slug"]: item["name"] for item in items}
    packages = [
        (package_unit(one["product_id"]), f"{names.get(one['item_slug'], one['item_slug'])}: {package_words(one)}")
        for one in products
    ]
    return render(
        request,
        "deliver.html",
        status,
        form=form,
        rows=[*rows, *(Form(form.locale, line=f"[{number}]") for number in range(len(rows), wanted))],
        items=sorted(choices(items, "item_id"), key=lambda one: one[1].casefold()),
        units=[*((unit, unit) for unit in UNITS), *packages],
        suppliers=choices(suppliers, "supplier_id"),
        currency=house.currency,
        is_again="document" in form.refusal.log_fields() if form.refusal else False,
    )
