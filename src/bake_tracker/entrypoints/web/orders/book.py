"""Orders: the list, one of them, its hand-over and its cancellation."""

from datetime import timedelta
from typing import Any, Literal

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.slices import Found
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.orders.words import HOW_WORDS, STATE_WORDS, OrderId
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.order import load_order_slice, load_order_view
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.orders.change import record_order_cancellation
from bake_tracker.services.orders.hand_over import record_hand_over

router = pages()

LIST = ListOf(
    "orders",
    (
        Column("order_id", "Order", "number", link="order", by=("order_id",)),
        Column("due_on", "Due", "day"),
        Column("due_time", "At"),
        Column("recipient", "Customer", link="order", by=("order_id",)),
        Column("event", "Event", narrow=False),
        Column("what", "What", sort=None),
        Column("how", "How", words=HOW_WORDS, narrow=False),
        Column("reference", "Reference", on_page=False),
        Column("total_price", "Price", "money", sort=None, narrow=False),
        Column("state", "State", words=STATE_WORDS),
    ),
    sort="due_on",
    keep=("show",),
)


@router.get("/orders", name="orders", dependencies=[VIEWER])
def orders(request: Request, show: Literal["", "all"] = "") -> Response:
    """List the orders that have something left to hand over, or all of them."""
    ask = LIST.ask(request)
    with read_scope() as session:
        house = load_bakery(session)
        found = load_order_slice(session, ask, shown=show or "open")
    rows = [{**row, "what": ", ".join(_goods(one) for one in row["goods"])} for row in found.rows]
    tomorrow = house.local_day(now() + timedelta(days=1)).isoformat()
    return LIST.answer(request, "orders.html", Found(rows, found.next), bakery=house, show=show, tomorrow=tomorrow)


@router.get("/orders/{order_id}", name="order", dependencies=[VIEWER])
def order(request: Request, order_id: OrderId, done: bool = False) -> Response:
    """Show one order; ``done`` marks it as just recorded."""
    return _page(request, order_id, done=done)


@router.post("/orders/{order_id}/hand-over", name="do_hand_over", dependencies=[BAKER])
def do_hand_over(request: Request, order_id: OrderId, form: Sent) -> Response:
    """Hand over the quantities of the form; a line without one stays as it is."""
    try:
        lines: list[dict[str, Any]] = []
        for row in form.rows("line", "quantity"):
            if row["quantity"].strip() in ("", "0"):
                continue
            lines.append({"line": row.key("line", needed=True), "quantity": row.quantity("quantity")})
        if not lines:
            form.refuse("quantity", "is needed in at least one line")
        note, at = form.text("note"), form.moment("happened_at")
        form.done()
        done = run_in_transaction(
            lambda session: record_hand_over(
                lines,
                session=session,
                order_id=order_id,
                happened_at=at,
                note=note,
                count_saw=form.text("count_saw"),
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _page(request, order_id, status_of(error), handing=form.refused(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


@router.post("/orders/{order_id}/cancel", name="do_cancel_order", dependencies=[BAKER])
def do_cancel_order(request: Request, order_id: OrderId, form: Sent) -> Response:
    """Cancel what is left of an order."""
    try:
        reason = form.text("reason", needed=True)
        form.done()
        run_in_transaction(
            lambda session: record_order_cancellation(
                order_id, reason or "", session=session, operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _page(request, order_id, status_of(error), cancelling=form.refused(error))
    return go_to(request, "order", {"done": "1"}, order_id=order_id)


def _goods(one: Any) -> str:
    return amount_of(one["quantity"], one["unit"], one["item_name"])


def _page(
    request: Request,
    order_id: int,
    status: int = 200,
    *,
    done: bool = False,
    handing: Form | None = None,
    cancelling: Form | None = None,
) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        view = load_order_view(session, order_id)
    typed = {row["line"]: row["quantity"] for row in handing.rows("line", "quantity")} if handing else {}
    form = handing or blank(request)
    left = [
        {**one, "typed": typed.get(str(one["line"]), form.write(one["left"]))}
        for one in view["lines"]
        if one["left"] != "0"
    ]
    return render(
        request,
        "order.html",
        status,
        bakery=house,
        order=view,
        left=left if view["state"] != "cancelled" else [],
        done=done,
        form=form,
        cancelling=cancelling or blank(request),
        hows=HOW_WORDS,
        states=STATE_WORDS,
    )
