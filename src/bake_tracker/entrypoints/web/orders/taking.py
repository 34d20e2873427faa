"""The form of an order: to take one, or to change it."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.orders.contents import HOWS
from bake_tracker.domain.orders.views import OrderView
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, by_line, choices
from bake_tracker.entrypoints.web.orders.words import BY_NAME, HOW_WORDS, OrderId
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.event import load_event_slice
from bake_tracker.queries.views.order import load_offered_items, load_order_view
from bake_tracker.queries.views.recipient import load_recipient_slice
from bake_tracker.services.database import Session, read_scope, run_in_transaction
from bake_tracker.services.orders.change import record_order_change
from bake_tracker.services.orders.order import record_order

router = pages()

FIELDS = ("item_id", "quantity", "price", "line")
FIRST_LINES, MORE_LINES, MOST_LINES = 3, 3, 100
MOST_ITEMS = 1_000


@router.get("/orders/new", name="new_order", dependencies=[BAKER])
def new_order(request: Request) -> Response:
    """Show an empty order."""
    return _form(request, blank(request, how=HOWS[0]), None)


@router.post("/orders/new", name="take_order", dependencies=[BAKER])
def take_order(request: Request, form: Sent) -> Response:
    """Take an order."""
    return _record(request, form, None)


@router.get("/orders/{order_id}/change", name="change_order", dependencies=[BAKER])
def change_order(request: Request, order_id: OrderId) -> Response:
    """Show an order as it is, to be changed."""
    with read_scope() as session:
        order = load_order_view(session, order_id)
    form = blank(
        request,
        **{name: order[name] for name in ("due_on", "due_time", "how", "place", "reference", "note")},
        recipient_id=_text(order["recipient_id"]),
        event_id=_text(order["event_id"]),
    )
    for one in order["lines"]:
        price = "" if one["price"] is None else form.write(one["price"])
        row = (str(one["item_id"]), form.write(one["quantity"]), price, str(one["line"]))
        form.sent = [*form.sent, *zip(FIELDS, row, strict=True)]
    return _form(request, form, order)


@router.post("/orders/{order_id}/change", name="do_change_order", dependencies=[BAKER])
def do_change_order(request: Request, order_id: OrderId, form: Sent) -> Response:
    """Change an order to what the form says."""
    return _record(request, form, order_id)


def _record(request: Request, form: Form, order_id: int | None) -> Response:
    if form["step"] == "more":
        return _form(request, form, _order(order_id))
    lines: list[tuple[dict[str, Any], Form]] = []
    try:
        asked: dict[str, Any] = {
            "due_on": form.day("due_on", needed=True),
            "due_time": form.clock("due_time"),
            "recipient_id": form.key("recipient_id"),
            "event_id": form.key("event_id"),
            "how": form["how"],
            **{name: form.text(name) for name in ("place", "reference", "note")},
        }
        lines = [(line_of(row), row) for row in form.rows(*FIELDS) if any(row[name].strip() for name in FIELDS[:3])]
        form.done()
        asked["lines"] = [line for line, _ in lines]
        if order_id is None:
            taken = run_in_transaction(lambda s: record_order(session=s, operation_id=form.operation_id, **asked))
            order_id = taken["order_id"]
        else:
            key = order_id
            run_in_transaction(lambda s: record_order_change(key, asked, session=s, operation_id=form.operation_id))
    except ServiceError as error:
        refused = by_line(form.refused(error), [row for _, row in lines])
        return _form(request, refused, _order(order_id), status_of(error))
    return go_to(request, "order", {"done": "1"}, order_id=order_id)


def line_of(row: Form) -> dict[str, Any]:
    """A line of an order as a row of the form says it."""
    return {
        "item_id": row.key("item_id", needed=True),
        "quantity": row.quantity("quantity", needed=True),
        "price": row.money("price"),
        "line": row.key("line"),
    }


def _order(order_id: int | None) -> OrderView | None:
    if order_id is None:
        return None
    with read_scope() as session:
        return load_order_view(session, order_id)


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _form(request: Request, form: Form, order: OrderView | None, status: int = 200) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        items = offered_items(session, order)
        customers = load_recipient_slice(session, BY_NAME, offered=True).rows
        events = load_event_slice(session, BY_NAME, offered=True).rows
    return render(
        request,
        "order_form.html",
        status,
        form=form,
        order=order,
        rows=rows_to_fill(form, MORE_LINES if form["step"] == "more" or order else 0),
        items=items,
        customers=_with(choices(customers, "recipient_id"), order, "recipient_id", "recipient"),
        events=_with(choices(events, "event_id"), order, "event_id", "event"),
        hows=list(HOW_WORDS.items()),
        currency=house.currency,
    )


def rows_to_fill(form: Form, more: int) -> list[Form]:
    """The rows of a form, and empty ones."""
    rows = form.rows(*FIELDS)
    wanted = max(FIRST_LINES, min(MOST_LINES, len(rows) + more))
    return [*rows, *(Form(form.locale, line=f"[{n}]") for n in range(len(rows), wanted))]


def offered_items(session: Session, order: OrderView | None) -> list[tuple[str, str]]:
    """The items to choose from, with those that are in the order and archived since."""
    items = load_offered_items(session, MOST_ITEMS)
    known = {one["item_id"] for one in items}
    items += [
        {"item_id": one["item_id"], "name": one["item_name"], "unit": one["unit"]}
        for one in (order["lines"] if order else ())
        if one["item_id"] not in known
    ]
    return [(str(one["item_id"]), one["name"] + _in(one["unit"])) for one in items]


def _in(unit: str) -> str:
    return "" if unit == "each" else f" ({unit})"


def _with(offered: list[tuple[str, str]], order: OrderView | None, key: str, name: str) -> list[tuple[str, str]]:
    """The choices, with that of the order if it is archived since."""
    if order is None or order[key] is None or str(order[key]) in dict(offered):  # type: ignore[literal-required]
        return offered
    return [*offered, (str(order[key]), str(order[name]))]  # type: ignore[literal-required]
