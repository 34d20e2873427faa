"""Purchase orders: the list, one of them, what comes for it, and its cancellation."""

from typing import Any, Literal

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.slices import Found
from bake_tracker.entrypoints.http.access import BAKER, OWNER, VIEWER
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.buying.words import STATE_WORDS, PurchaseId
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, by_line
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.queries.views.purchase import PurchaseView, load_purchase_slice, load_purchase_view
from bake_tracker.services.buying.change import record_purchase_order_cancellation
from bake_tracker.services.database import Session, read_scope, run_in_transaction
from bake_tracker.services.planning.purchases import record_suggested_purchases
from bake_tracker.services.stock.delivery import DeliveryResult, record_delivery
from bake_tracker.services.stock.receipt import check_has_come

router = pages()

CAME = ("product_id", "item_id", "quantity", "total_cost", "expires_on", "lot_code")

LIST = ListOf(
    "buy",
    (
        Column("purchase_order_id", "Order", "number", link="purchase_order", by=("purchase_order_id",)),
        Column("wanted_on", "Wanted on", "day"),
        Column("supplier", "From", link="purchase_order", by=("purchase_order_id",)),
        Column("what", "What", sort=None),
        Column("total_price", "Price", "money", sort=None, narrow=False),
        Column("state", "State", words=STATE_WORDS),
    ),
    sort="wanted_on",
    keep=("show",),
)


@router.get("/buy", name="buy", dependencies=[VIEWER])
def buy(request: Request, show: Literal["", "all"] = "") -> Response:
    """Show what to buy for the plan, and the purchase orders of which something is still to come, or all of them."""
    return _list(request, show, None)


@router.post("/buy", name="do_buy", dependencies=[OWNER])
def do_buy(request: Request, form: Sent) -> Response:
    """Order what the plan suggests to order until a day."""
    try:
        by = form.day("order_by", needed=True)
        form.done()
        done = run_in_transaction(
            lambda session: record_suggested_purchases(session=session, order_by=by, operation_id=form.operation_id)
        )
    except ServiceError as error:
        return _list(request, "", form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


@router.get("/buy/{purchase_order_id}", name="purchase_order", dependencies=[VIEWER])
def purchase_order(request: Request, purchase_order_id: PurchaseId, done: bool = False) -> Response:
    """Show one purchase order; ``done`` marks it as just recorded."""
    return _page(request, purchase_order_id, done=done)


@router.get("/buy/{purchase_order_id}/sheet", name="purchase_sheet", dependencies=[VIEWER])
def purchase_sheet(request: Request, purchase_order_id: PurchaseId) -> Response:
    """Show a purchase order as the supplier gets it, to print."""
    with read_scope() as session:
        order, house = load_purchase_view(session, purchase_order_id), load_bakery(session)
    return render(request, "purchase_sheet.html", bakery=house, order=order)


@router.get("/buy/{purchase_order_id}/sheet.pdf", name="purchase_sheet_file", dependencies=[VIEWER])
def purchase_sheet_file(purchase_order_id: PurchaseId) -> Response:
    """Send it as PDF."""
    from bake_tracker.files.purchase_pdf import render_purchase_order  # a PDF library that others do not need

    with read_scope() as session:
        order, house = load_purchase_view(session, purchase_order_id), load_bakery(session)
    content = render_purchase_order(order, house.name, house.currency, house.decimals)
    return file_answer(content, f"purchase-order-{purchase_order_id}.pdf", is_inline=True)


@router.post("/buy/{purchase_order_id}/receive", name="do_receive_purchase", dependencies=[BAKER])
def do_receive_purchase(request: Request, purchase_order_id: PurchaseId, form: Sent) -> Response:
    """Receive the packages of the form; a line without any has not come."""
    lines: list[tuple[dict[str, Any], Form]] = []
    try:
        rows = [row for row in form.rows(*CAME) if row["quantity"].strip() not in ("", "0")]
        lines = [(_came(row), row) for row in rows]
        if not lines:
            form.refuse("quantity", "is needed in at least one line")
        document, day, notes = form.text("document"), form.day("delivered_on"), form.text("notes")
        form.done()

        def work(session: Session) -> DeliveryResult:
            if not is_recorded(session, form.operation_id):
                check_has_come(session, "delivered_on", day)
            return record_delivery(
                [line for line, _ in lines],
                session=session,
                document=document,
                delivered_on=day,
                notes=notes,
                again=bool(form["again"]),
                purchase_order_id=purchase_order_id,
                operation_id=form.operation_id,
            )

        done = run_in_transaction(work)
    except ServiceError as error:
        refused = by_line(form.refused(error), [row for _, row in lines])
        return _page(request, purchase_order_id, status_of(error), receiving=refused)
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


@router.post("/buy/{purchase_order_id}/cancel", name="do_cancel_purchase", dependencies=[OWNER])
def do_cancel_purchase(request: Request, purchase_order_id: PurchaseId, form: Sent) -> Response:
    """Record that nothing more will come."""
    try:
        reason = form.text("reason", needed=True) or ""
        form.done()
        key = purchase_order_id
        run_in_transaction(
            lambda session: record_purchase_order_cancellation(
                key, reason, session=session, operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _page(request, purchase_order_id, status_of(error), cancelling=form.refused(error))
    return go_to(request, "purchase_order", {"done": "1"}, purchase_order_id=purchase_order_id)


def _list(request: Request, show: str, form: Form | None, status: int = 200) -> Response:
    ask, at = LIST.ask(request), now()
    with read_scope() as session:
        house = load_bakery(session)
        found = load_purchase_slice(session, ask, shown="all" if show else "open")
        suggested = load_plan(session, at)["buy"]
    rows = [{**row, "what": ", ".join(_goods(one) for one in row["goods"])} for row in found.rows]
    last = max((one["order_on"] for one in suggested if one["supplier_id"] is not None), default=None)
    return LIST.answer(
        request,
        "buy.html",
        Found(rows, found.next),
        status=status,
        bakery=house,
        show=show,
        suggested=suggested,
        can_order=last is not None,
        form=form or blank(request, order_by=house.local_day(at).isoformat()),
    )


def _goods(one: Any) -> str:
    return amount_of(one["quantity"], one["unit"], one["item_name"])


def _came(row: Form) -> dict[str, Any]:
    return {
        "product_id": row.key("product_id", needed=True),
        "item_id": row.key("item_id", needed=True),
        "quantity": row.quantity("quantity"),
        "unit": "package",
        "total_cost": row.money("total_cost"),
        "expires_on": row.day("expires_on"),
        "lot_code": row.text("lot_code"),
    }


def _rows(form: Form, view: PurchaseView) -> list[Form]:
    """The rows as they were sent, or one for each line of which something is still to come."""
    if sent := form.rows(*CAME):
        return sent
    rows: list[Form] = []
    for one in view["lines"]:
        if one["left"] != "0" and view["state"] in ("sent", "partly received"):
            row = Form(form.locale, line=f"[{len(rows)}]")
            cost = None if one["left_amount"] is None else form.write(one["left_amount"])
            of = {"product_id": str(one["product_id"]), "item_id": str(one["item_id"])}
            rows.append(row.put(**of, quantity=form.write(one["packs_left"]), total_cost=cost))
    return rows


def _page(
    request: Request,
    purchase_order_id: int,
    status: int = 200,
    *,
    done: bool = False,
    receiving: Form | None = None,
    cancelling: Form | None = None,
) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        view = load_purchase_view(session, purchase_order_id)
    form = receiving or blank(request)
    return render(
        request,
        "purchase_order.html",
        status,
        bakery=house,
        order=view,
        rows=_rows(form, view),
        lines={str(one["product_id"]): one for one in view["lines"]},
        is_again=any(one.get("remedy", {}).get("kind") == "record_again" for one in form.said),
        done=done,
        form=form,
        cancelling=cancelling or blank(request),
        states=STATE_WORDS,
    )
