"""Purchase orders: list and show them, and receive what comes for them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.domain.slices import Ask
from bake_tracker.domain.written import Reading
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.asking import Yes
from bake_tracker.entrypoints.cli.buying.ordering import PurchaseNumber, packs_words, price_words
from bake_tracker.entrypoints.cli.options import DatesOption, DecimalsOption, OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, money, say, show_table, write
from bake_tracker.entrypoints.cli.stock.deliver import COLUMNS, show_delivery, take_goods
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.views.purchase import PurchaseRow, PurchaseView, load_purchase_slice, load_purchase_view
from bake_tracker.services.database import Session
from bake_tracker.services.stock.delivery import DeliveryResult, record_delivery
from bake_tracker.services.stock.receipt import check_has_come

_DONE = {
    "record_purchase_order": "sent",
    "record_purchase_order_change": "changed",
    "record_purchase_order_cancellation": "cancelled",
}
MOST = 10_000


def receive(
    order: PurchaseNumber,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help=f"what came, as '2 bag flour @37' or a file with the columns {', '.join(COLUMNS)}; default: all of it"
        ),
    ] = None,
    document: Annotated[str | None, typer.Option(help="number of the delivery note or invoice")] = None,
    on: Annotated[Any, typer.Option(parser=parse.day, help="for example 2026-11-23; default: today")] = None,
    notes: Annotated[str | None, typer.Option(help="free text")] = None,
    yes: Yes = False,
    again: Annotated[bool, typer.Option("--again", help="even if it came before, or more than was ordered")] = False,
    dates: DatesOption = None,
    decimals: DecimalsOption = None,
    operation_id: OperationId = None,
) -> None:
    """Receive what came for a purchase order: all that is left of it at its prices, or what you say."""

    def record(session: Session, lines: list[dict[str, Any]] | None) -> DeliveryResult:
        return record_delivery(
            lines,
            session=session,
            document=document,
            delivered_on=on,
            notes=notes,
            again=again,
            purchase_order_id=order,
            operation_id=operation_id,
        )

    def work(session: Session) -> DeliveryResult:
        if not is_recorded(session, operation_id):
            check_has_come(session, "on", on)
        return record(session, None)

    if what:
        take_goods(what, Reading(dates, decimals), on, record, yes=yes, operation_id=operation_id)
    else:
        answer(write(work), show_delivery)


def list_purchases(
    since: Annotated[Any, typer.Option(parser=parse.day, help="the first day on which they are wanted")] = None,
    until: Annotated[Any, typer.Option(parser=parse.day, help="the last day")] = None,
    every: Annotated[bool, typer.Option("--all", help="also those that came or were cancelled")] = False,
) -> None:
    """List the purchase orders of which something is still to come, by the day it should come."""

    def work(session: Session) -> list[PurchaseRow]:
        of = {"since": since, "until": until}
        return load_purchase_slice(session, Ask("wanted_on", limit=MOST), shown="all" if every else "open", **of).rows

    answer(ask(work), _show_rows)


def show_purchase(
    order: PurchaseNumber,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="write it to this file, for the supplier")] = None,
) -> None:
    """Show one purchase order: its lines, what came for it, and its changes."""
    found, house = ask(lambda session: (load_purchase_view(session, order), load_bakery(session)))
    if pdf is not None:
        from bake_tracker.files.purchase_pdf import render_purchase_order, write_purchase_order

        write_purchase_order(pdf, render_purchase_order(found, house.name, house.currency, house.decimals))

    def show(view: PurchaseView) -> None:
        _show(view)
        if pdf is not None:
            say(f"Wrote {pdf}")

    answer(found, show)


def _show_rows(rows: list[PurchaseRow]) -> None:
    if not rows:
        say("Nothing is on order.")
        return
    show_table(
        {"order": "right", "wanted": "left", "from": "left", "what": "left", "price": "right", "": "left"},
        (
            [
                str(row["purchase_order_id"]),
                row["wanted_on"],
                row["supplier"],
                ", ".join(amount_of(one["quantity"], one["unit"], one["item_slug"]) for one in row["goods"]),
                "-" if row["total_price"] is None else money(row["total_price"]),
                row["state"],
            ]
            for row in rows
        ),
    )


def _show(order: PurchaseView) -> None:
    say(f"Purchase order {order['purchase_order_id']} to {order['supplier']}: {order['state']}")
    say(f"  wanted on {order['wanted_on']}")
    if order["note"]:
        say(f"  note: {order['note']}")
    for one in order["lines"]:
        left = f"; {amount(one['left'], one['unit'])} still to come" if one["received"] != "0" else ""
        say(f"  {packs_words(one)}{price_words(one)}{left}")
    if order["total_price"] is not None:
        say(f"  price {money(order['total_price'])}; no tax is calculated")
    for came in order["deliveries"]:
        document = f" with document {came['document']}" if came["document"] else ""
        goods = ", ".join(amount_of(one["quantity"], one["unit"], one["item_slug"]) for one in came["lots"])
        say(f"came on {came['on']}{document}: {goods}; operation {came['operation_id']}")
    for version in order["versions"]:
        why = f" ({version['reason']})" if version["reason"] else ""
        say(f"{_DONE[version['operation']]} on {version['on']}{why}; operation {version['operation_id']}")
