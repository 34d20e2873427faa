"""List and show orders."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.orders.views import OrderDay, OrderView, wanted_of
from bake_tracker.domain.slices import Ask
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find_optional
from bake_tracker.entrypoints.cli.orders.taking import Number, due_words
from bake_tracker.entrypoints.cli.state import answer, ask, money, say, show_table
from bake_tracker.files.order_sheets import render_delivery_note, render_pick_list, write_order_sheet
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.order import OrderRow, load_order_slice, load_order_view
from bake_tracker.queries.views.order_day import load_order_day
from bake_tracker.services.database import Session

_DONE = {"record_order": "taken", "record_order_change": "changed", "record_order_cancellation": "cancelled"}
MOST = 10_000


def list_orders(
    since: Annotated[Any, typer.Option(parser=parse.day, help="the first day on which they are due")] = None,
    until: Annotated[Any, typer.Option(parser=parse.day, help="the last day")] = None,
    to: Annotated[str | None, typer.Option(help="only of this customer: slug or id")] = None,
    event: Annotated[str | None, typer.Option(help="only for this event: slug or id")] = None,
    every: Annotated[bool, typer.Option("--all", help="also those that are done or cancelled")] = False,
    day: Annotated[
        Any, typer.Option(parser=parse.day, help="all orders of this day by product, and what is not on the shelf")
    ] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="with --day: write the list to pick and pack by")] = None,
) -> None:
    """List the orders that have something left to hand over, by the day they are due."""
    if day is not None:
        if since or until or to or event or every:
            raise typer.BadParameter("--day lists all orders of the day; use it without other options than --pdf")
        _show_day(day, pdf)
        return
    if pdf is not None:
        raise typer.BadParameter("--pdf writes the list of one day; give it with --day")

    def work(session: Session) -> list[OrderRow]:
        return load_order_slice(
            session,
            Ask("due_on", limit=MOST),
            shown="all" if every else "open",
            since=since,
            until=until,
            recipient_id=find_optional(session, "recipient", to),
            event_id=find_optional(session, "event", event),
        ).rows

    answer(ask(work), _show_rows)


def show_order(
    order: Number,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="write its delivery note to this file")] = None,
) -> None:
    """Show one order: its lines, what was handed over, and its changes."""
    found, house = ask(lambda session: (load_order_view(session, order), load_bakery(session)))
    if pdf is not None:
        write_order_sheet(pdf, render_delivery_note(found, house.name, house.currency, house.decimals))
    answer(found, lambda found: _and_file(_show, found, pdf))


def _show_day(day: date, pdf: Path | None) -> None:
    found, house = ask(lambda session: (load_order_day(session, day), load_bakery(session)))
    if pdf is not None:
        write_order_sheet(pdf, render_pick_list(found, house.name))
    answer(found, lambda found: _and_file(_show_grid, found, pdf))


def _and_file(show: Callable[[Any], None], found: Any, pdf: Path | None) -> None:
    show(found)
    if pdf is not None:
        say(f"Wrote {pdf}")


def _show_grid(found: OrderDay) -> None:
    """Print customers by products, and what is short."""
    if found["not_taken"]:
        numbers = ", ".join(map(str, found["not_taken"]))
        say(f"Standing orders for this day, not taken yet: {numbers}")
        say(f"  take them with: bake standing take --until {found['day']}")
    if not found["orders"]:
        say(f"No order is due on {found['day']}.")
        return
    products = found["products"]
    headings: dict[str, Literal["left", "right"]] = {"order": "right", "at": "left", "to": "left"}
    headings |= {one["item_slug"]: "right" for one in products}
    rows = []
    for order in found["orders"]:
        price = "-" if order["total_price"] is None else money(order["total_price"])
        wants = [wanted_of(order, one["item_id"]) or "-" for one in products]
        begin = [str(order["order_id"]), order["due_time"] or "-", order["recipient"] or "-"]
        rows.append([*begin, *wants, price, order["state"]])
    totals: tuple[tuple[str, list[str]], ...] = (
        ("ordered", [one["ordered"] for one in products]),
        ("left to hand over", [one["left"] for one in products]),
        ("not on the shelf", [one["short"] for one in products]),
    )
    rows += [["", "", name, *cells, "", ""] for name, cells in totals]
    show_table({**headings, "price": "right", "": "left"}, rows)


def _show_rows(rows: list[OrderRow]) -> None:
    if not rows:
        say("No order is open.")
        return
    show_table(
        {"order": "right", "due": "left", "to": "left", "for": "left", "what": "left", "price": "right", "": "left"},
        (
            [
                str(row["order_id"]),
                due_words(row),
                row["recipient"] or "-",
                row["event"] or "-",
                ", ".join(amount_of(one["quantity"], one["unit"], one["item_slug"]) for one in row["goods"]),
                "-" if row["total_price"] is None else money(row["total_price"]),
                row["state"],
            ]
            for row in rows
        ),
    )


def _show(order: OrderView) -> None:
    to = f" for {order['recipient']}" if order["recipient"] else ""
    event = f", {order['event']}" if order["event"] else ""
    say(f"Order {order['order_id']}{to}{event}: {order['state']}")
    place = f", {order['place']}" if order["place"] else ""
    say(f"  due {due_words(order)} ({order['how']}{place})")
    for label, value in (("reference", order["reference"]), ("note", order["note"])):
        if value:
            say(f"  {label}: {value}")
    for one in order["lines"]:
        price = "" if one["price"] is None else f" at {money(one['price'])}, {money(one['amount'])}"
        given = "" if one["handed_over"] == "0" else f"; {one['handed_over']} handed over, {one['left']} left"
        say(f"  {one['line']}: {amount_of(one['quantity'], one['unit'], one['item_slug'])}{price}{given}")
    if order["total_price"] is not None:
        say(f"  price {money(order['total_price'])}; no tax is calculated")
    for over in order["hand_overs"]:
        goods = ", ".join(amount_of(one["quantity"], one["unit"], one["item_slug"]) for one in over["lines"])
        say(f"handed over on {over['on']}: {goods}; operation {over['operation_id']}")
    for version in order["versions"]:
        why = f" ({version['reason']})" if version["reason"] else ""
        say(f"{_DONE[version['operation']]} on {version['on']}{why}; operation {version['operation_id']}")
