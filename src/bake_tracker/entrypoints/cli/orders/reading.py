"""List and show orders."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.slices import Ask
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find_optional
from bake_tracker.entrypoints.cli.orders.taking import Number, due_words
from bake_tracker.entrypoints.cli.state import answer, ask, money, say, show_table
from bake_tracker.queries.views.order import OrderRow, OrderView, load_order_slice, load_order_view
from bake_tracker.services.database import Session

_DONE = {"record_order": "taken", "record_order_change": "changed", "record_order_cancellation": "cancelled"}
MOST = 10_000


def list_orders(
    since: Annotated[Any, typer.Option(parser=parse.day, help="the first day on which they are due")] = None,
    until: Annotated[Any, typer.Option(parser=parse.day, help="the last day")] = None,
    to: Annotated[str | None, typer.Option(help="only of this customer: slug or id")] = None,
    event: Annotated[str | None, typer.Option(help="only for this event: slug or id")] = None,
    every: Annotated[bool, typer.Option("--all", help="also those that are done or cancelled")] = False,
) -> None:
    """List the orders that have something left to hand over, by the day they are due."""

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


def show_order(order: Number) -> None:
    """Show one order: its lines, what was handed over, and its changes."""
    answer(ask(lambda session: load_order_view(session, order)), _show)


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
