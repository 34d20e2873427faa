"""The orders of a day as a grid, and the sheets to print: the list to pick and pack by, and delivery notes."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.orders.views import wanted_of
from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.entrypoints.web.orders.words import HOW_WORDS, STATE_WORDS, OrderId
from bake_tracker.entrypoints.web.pages import pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.order import load_order_view
from bake_tracker.queries.views.order_day import load_order_day
from bake_tracker.services.database import read_scope

router = pages()

Day = Annotated[date, Path(ge=date(1970, 1, 2), le=date(9998, 12, 31))]


@router.get("/orders/days/{day}", name="orders_of_day", dependencies=[VIEWER])
def orders_of_day(request: Request, day: Day) -> Response:
    """Show customers by products, and what is not on the shelf."""
    with read_scope() as session:
        house = load_bakery(session)
        found = load_order_day(session, day)
    return render(
        request,
        "orders_of_day.html",
        bakery=house,
        found=found,
        wanted_of=wanted_of,
        today=house.local_day(now()).isoformat(),
        before=(day - timedelta(days=1)).isoformat(),
        after=(day + timedelta(days=1)).isoformat(),
        hows=HOW_WORDS,
        states=STATE_WORDS,
    )


@router.get("/orders/days/{day}/pick-list", name="pick_list", dependencies=[VIEWER])
def pick_list(request: Request, day: Day) -> Response:
    """Show what is left to hand over on a day, order by order, to print."""
    with read_scope() as session:
        found = load_order_day(session, day)
    return render(request, "pick_list.html", found=found, hows=HOW_WORDS)


@router.get("/orders/days/{day}/pick-list.pdf", name="pick_list_file", dependencies=[VIEWER])
def pick_list_file(day: Day) -> Response:
    """Send the list as PDF."""
    from bake_tracker.files.order_sheets import render_pick_list  # a PDF library that others do not need

    with read_scope() as session:
        found, house = load_order_day(session, day), load_bakery(session)
    return file_answer(render_pick_list(found, house.name), f"pick-list-{day}.pdf", is_inline=True)


@router.get("/orders/{order_id}/delivery-note", name="delivery_note", dependencies=[VIEWER])
def delivery_note(request: Request, order_id: OrderId) -> Response:
    """Show the note that goes with an order, to print."""
    with read_scope() as session:
        order, house = load_order_view(session, order_id), load_bakery(session)
    return render(request, "delivery_note.html", bakery=house, order=order, hows=HOW_WORDS)


@router.get("/orders/{order_id}/delivery-note.pdf", name="delivery_note_file", dependencies=[VIEWER])
def delivery_note_file(order_id: OrderId) -> Response:
    """Send the note as PDF."""
    from bake_tracker.files.order_sheets import render_delivery_note

    with read_scope() as session:
        order, house = load_order_view(session, order_id), load_bakery(session)
    content = render_delivery_note(order, house.name, house.currency, house.decimals)
    return file_answer(content, f"delivery-note-{order_id}.pdf", is_inline=True)
