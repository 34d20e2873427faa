"""Goods in, and what is on the shelf."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.catalog.products import find_package
from bake_tracker.entrypoints.cli.lookup import find, find_optional
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, money, say, show_table, write
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.stock.shelf import load_shelf_lots, load_stock
from bake_tracker.services.database import Session
from bake_tracker.services.stock.receipt import ReceiptResult, check_has_come, record_receipt


def receive(
    item: Annotated[str, typer.Argument(help="slug or id")],
    quantity: Annotated[str, typer.Argument(help="like 2, 0.5, 1/3 or '1 1/2'")],
    unit: Annotated[str, typer.Argument(help="like kg, cup or each; or bag, of a product that comes so")],
    cost: Annotated[Decimal | None, typer.Option(parser=parse.decimal, help="total paid; left out: unknown")] = None,
    lot: Annotated[str | None, typer.Option(help="lot code; left out: one is made")] = None,
    received: Annotated[Any, typer.Option(parser=parse.day, help="like 2026-11-23; left out: today")] = None,
    expires: Annotated[Any, typer.Option(parser=parse.day, help="like 2027-02-01")] = None,
    supplier: Annotated[str | None, typer.Option(help="slug or id")] = None,
    product: Annotated[str | None, typer.Option(help="name or id: what it was bought in")] = None,
    location: Annotated[str | None, typer.Option(help="where it is kept")] = None,
    note: Annotated[str | None, typer.Option()] = None,
    operation_id: OperationId = None,
) -> None:
    """Record goods in: a new lot of an item."""

    def work(session: Session) -> ReceiptResult:
        check_has_come(session, "received", received)
        item_id = find(session, "item", item)
        package = find_package(session, item_id, product, unit)
        return record_receipt(
            item_id,
            parse.quantity(quantity),
            unit,
            session=session,
            total_cost=cost,
            lot_code=lot,
            received_on=received,
            expires_on=expires,
            supplier_id=find_optional(session, "supplier", supplier),
            product_id=package.product_id if package else None,
            location=location,
            note=note,
            operation_id=operation_id,
        )

    answer(write(work), show_receipt)


def stock(item: Annotated[str | None, typer.Argument(help="slug or id: its lots")] = None) -> None:
    """Show what is on the shelf; with an item, its lots in the order in which they will be used."""

    def work(session: Session) -> Any:
        today = load_bakery(session).local_day(now())
        return (
            load_stock(session, today) if item is None else load_shelf_lots(session, find(session, "item", item), today)
        )

    answer(ask(work), show_stock if item is None else show_lots)


def show_receipt(result: ReceiptResult) -> None:
    cost = money(result["total_cost"])
    expires = f", expires {result['expires_on']}" if result["expires_on"] else ""
    say(f"Received {result['quantity']} {result['unit']} of {result['item_slug']} as lot {result['lot_code']}")
    say(f"  cost {cost}{expires}; operation {result['operation_id']}")


def show_stock(rows: list[Any]) -> None:
    if not rows:
        say("Nothing is in stock yet. Receive something: bake receive ITEM QUANTITY UNIT --cost TOTAL")
        return
    table: list[list[str]] = []
    for row in rows:
        note = "" if row["usable"] == row["on_hand"] else f"only {row['usable']} usable"
        if row["next_expiry"]:
            note = f"{note}{'; ' if note else ''}expires {row['next_expiry']}"
        table.append([row["slug"], row["on_hand"], row["unit"], money(row["value"]), str(row["lot_count"]), note])
    show_table(
        {"item": "left", "on hand": "right", "": "left", "value": "right", "lots": "right", "note": "left"}, table
    )


def show_lots(rows: list[Any]) -> None:
    if not rows:
        say("There is nothing of it in stock.")
        return
    has_places = any(row["location"] for row in rows)
    show_table(
        {
            "lot": "left",
            "on hand": "right",
            "": "left",
            "value": "right",
            "received": "left",
            "expires": "left",
            "state": "left",
            **({"place": "left"} if has_places else {}),
        },
        (
            [
                row["lot_code"],
                row["on_hand"],
                row["unit"],
                money(row["value"]),
                row["received_on"],
                row["expires_on"] or "-",
                _state(row),
                *([row["location"] or "-"] if has_places else []),
            ]
            for row in rows
        ),
    )


def _state(row: Any) -> str:
    """Why a lot is not used, or that it is past its expiry and released."""
    if row["held_because"]:
        return f"{row['state']}: {row['held_because']}"
    is_released = row["state"] == "open" and row["usable_until"] != row["expires_on"]
    return f"open until {row['usable_until']}" if is_released else str(row["state"])
