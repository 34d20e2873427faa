"""Record goods in."""

from datetime import date
from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.stock.arrivals import warnings_of
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.asking import Yes, at_terminal, be_sure
from bake_tracker.entrypoints.cli.catalog.products import find_package
from bake_tracker.entrypoints.cli.lookup import find, find_optional
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, money, say, write
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.parts import Typed, refuse_parts
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.stock.receiving import load_arrival_doubts
from bake_tracker.services.database import Session
from bake_tracker.services.stock.receipt import ReceiptResult, ReceivedLot, check_has_come, record_receipt


def receive(
    item: Annotated[str, typer.Argument(help="slug or id")],
    quantity: Annotated[str, typer.Argument(help="for example 2, 0.5, 1/3 or '1 1/2'")],
    unit: Annotated[str, typer.Argument(help="for example kg, cup or each; or bag, if a product comes in bags")],
    cost: Annotated[str | None, typer.Option(help="total paid; default: unknown")] = None,
    lot: Annotated[str | None, typer.Option(help="lot code; default: a new one")] = None,
    received: Annotated[Any, typer.Option(parser=parse.day, help="for example 2026-11-23; default: today")] = None,
    expires: Annotated[Any, typer.Option(parser=parse.day, help="expiry date, for example 2027-02-01")] = None,
    supplier: Annotated[str | None, typer.Option(help="slug or id")] = None,
    product: Annotated[str | None, typer.Option(help="the package it came in: name or id")] = None,
    location: Annotated[str | None, typer.Option(help="where it is kept")] = None,
    note: Annotated[str | None, typer.Option(help="free text")] = None,
    yes: Yes = False,
    operation_id: OperationId = None,
) -> None:
    """Record goods in as a new lot of an item."""

    def work(session: Session) -> ReceiptResult:
        item_id = find(session, "item", item)
        package = find_package(session, item_id, product, unit)
        if not is_recorded(session, operation_id):
            check_has_come(session, "received", received)
            refuse_parts(session, [Typed("quantity", item_id, parse.quantity(quantity), unit)])
        return record_receipt(
            item_id,
            parse.quantity(quantity),
            unit,
            session=session,
            total_cost=parse.money_if_given(session, cost),
            lot_code=lot,
            received_on=received,
            expires_on=expires,
            supplier_id=find_optional(session, "supplier", supplier),
            product_id=package.product_id if package else None,
            location=location,
            note=note,
            operation_id=operation_id,
        )

    def doubts(session: Session) -> list[str]:
        line = {"item_id": find(session, "item", item), "lot_code": lot, "expires_on": expires}
        return load_arrival_doubts(session, [line], received or today_of(session))

    if at_terminal() and not yes:
        be_sure(doubts, operation_id)
    answer(write(work), show_receipt)


def today_of(session: Session) -> date:
    """Today in the bakery's time zone."""
    return load_bakery(session).local_day(now())


def show_receipt(result: ReceiptResult) -> None:
    cost = money(result["total_cost"])
    expires = f", expires {result['expires_on']}" if result["expires_on"] else ""
    say(f"Received {amount_of(result['quantity'], result['unit'], result['item_slug'])} as lot {result['lot_code']}")
    say(f"  cost {cost}{expires}; operation {result['operation_id']}")
    say_warnings(result)


def say_warnings(lot: ReceivedLot) -> None:
    for warning in warnings_of(lot):
        say(f"  Look again: {warning}", style="yellow")
