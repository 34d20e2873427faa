"""Standing orders: the list with its forms, and the form to take one."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now, uuid7
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.orders.contents import HOWS
from bake_tracker.domain.orders.rule import NAMES, WEEKDAYS
from bake_tracker.entrypoints.http.access import BAKER, OWNER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, by_line, choices
from bake_tracker.entrypoints.web.orders.taking import (
    FIELDS,
    MORE_LINES,
    line_of,
    offered_items,
    rows_to_fill,
)
from bake_tracker.entrypoints.web.orders.words import BY_NAME, HOW_WORDS, OrderId
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.recipient import load_recipient_slice
from bake_tracker.queries.views.standing_order import StandingOrderRow, load_standing_orders
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.orders.standing import (
    record_standing_order,
    record_standing_order_day,
    record_standing_order_days,
    record_standing_order_stop,
)

router = pages()


@router.get("/standing-orders", name="standing_orders", dependencies=[VIEWER])
def standing_orders(request: Request, done: bool = False) -> Response:
    """List standing orders with their next days."""
    return _page(request, blank(request), done=done)


@router.post("/standing-orders/take", name="take_standing_days", dependencies=[BAKER])
def take_standing_days(request: Request, form: Sent) -> Response:
    """Take the orders of all standing orders until a day."""
    try:
        until: Any = form.day("until", needed=True)
        form.done()
        done = run_in_transaction(
            lambda session: record_standing_order_days(until, session=session, operation_id=form.operation_id)
        )
    except ServiceError as error:
        return _page(request, form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


@router.post("/standing-orders/{standing_order_id}/take-day", name="take_standing_day", dependencies=[BAKER])
def take_standing_day(request: Request, standing_order_id: OrderId, form: Sent) -> Response:
    """Take the order of one day, to change it then."""
    try:
        day: Any = form.day("day", needed=True)
        form.done()
        done = run_in_transaction(
            lambda session: record_standing_order_day(
                standing_order_id, day, session=session, operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _page(request, form.refused(error), status_of(error))
    return go_to(request, "order", {"done": "1"}, order_id=done["order_id"])


@router.post("/standing-orders/{standing_order_id}/stop", name="stop_standing_order", dependencies=[BAKER])
def stop_standing_order(request: Request, standing_order_id: OrderId, form: Sent) -> Response:
    """Leave out some days, or end it."""
    try:
        since: Any = form.day("since", needed=True)
        until, reason = form.day("last"), form.text("reason")
        form.done()
        run_in_transaction(
            lambda session: record_standing_order_stop(
                standing_order_id, since, session=session, until=until, reason=reason, operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _page(request, form.refused(error), status_of(error))
    return go_to(request, "standing_orders", {"done": "1"})


@router.get("/standing-orders/new", name="new_standing_order", dependencies=[OWNER])
def new_standing_order(request: Request) -> Response:
    """Show an empty standing order."""
    return _form(request, blank(request, how=HOWS[0], weeks="1"))


@router.post("/standing-orders/new", name="take_standing_order", dependencies=[OWNER])
def take_standing_order(request: Request, form: Sent) -> Response:
    """Take a standing order."""
    if form["step"] == "more":
        return _form(request, form)
    lines: list[tuple[dict[str, Any], Form]] = []
    try:
        starts_on: Any = form.day("starts_on", needed=True)
        ends_on = form.day("ends_on")
        days = [day for day in WEEKDAYS if form[day] == "1"]
        asked: dict[str, Any] = {
            "due_time": form.clock("due_time"),
            "recipient_id": form.key("recipient_id"),
            "how": form["how"],
            **{name: form.text(name) for name in ("place", "note")},
        }
        rule = f"FREQ=WEEKLY;INTERVAL={form['weeks'].strip() or 1};BYDAY={','.join(days)}" if days else "FREQ=DAILY"
        rule += f";UNTIL={ends_on:%Y%m%d}" if ends_on else ""
        lines = [(line_of(row), row) for row in form.rows(*FIELDS) if any(row[name].strip() for name in FIELDS[:3])]
        form.done()
        run_in_transaction(
            lambda session: record_standing_order(
                [line for line, _ in lines],
                rule,
                session=session,
                starts_on=starts_on,
                operation_id=form.operation_id,
                **asked,
            )
        )
    except ServiceError as error:
        refused = by_line(form.refused(error), [row for _, row in lines])
        return _form(request, refused, status_of(error))
    return go_to(request, "standing_orders", {"done": "1"})


def _page(request: Request, form: Form, status: int = 200, *, done: bool = False) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        rows = load_standing_orders(session, house.local_day(now()))
    new_ids = {(row["standing_order_id"], day): str(uuid7()) for row in rows for day in _days_of(row)}
    return render(
        request,
        "standing_orders.html",
        status,
        bakery=house,
        orders=rows,
        form=form,
        done=done,
        hows=HOW_WORDS,
        new_ids=new_ids,
    )


def _days_of(row: StandingOrderRow) -> list[str]:
    """The days whose order can be taken, and nothing for the form that ends it."""
    return ["", *(one["day"] for one in row["days"])]


def _form(request: Request, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        customers = load_recipient_slice(session, BY_NAME, offered=True).rows
        items = offered_items(session, None)
    return render(
        request,
        "standing_order_form.html",
        status,
        form=form,
        rows=rows_to_fill(form, MORE_LINES if form["step"] == "more" else 0),
        items=items,
        customers=choices(customers, "recipient_id"),
        weekdays=list(zip(WEEKDAYS, NAMES, strict=True)),
        hows=list(HOW_WORDS.items()),
        currency=house.currency,
    )
