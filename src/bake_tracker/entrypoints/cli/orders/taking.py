"""Take, change and cancel orders."""

from datetime import date, time
from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount_of
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import check_unit, find, find_optional
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, money, say, write
from bake_tracker.services.database import Session
from bake_tracker.services.orders.change import (
    OrderCancellationResult,
    OrderChangeResult,
    record_order_cancellation,
    record_order_change,
)
from bake_tracker.services.orders.order import OrderResult, order_once

NONE = "none"

Number = Annotated[int, typer.Argument(help="the order's number")]
Wanted = Annotated[list[str], typer.Argument(help="for example '60 cookie-box @12.50', with the price of one")]
Due = Annotated[Any, typer.Option(parser=parse.day, help="the day it is due, for example 2026-12-04")]


def add(
    what: Wanted,
    due: Due,
    at: Annotated[Any, typer.Option(parser=parse.clock, help="the time on that day, for example 14:30")] = None,
    to: Annotated[str | None, typer.Option(help="the customer: slug or id")] = None,
    event: Annotated[str | None, typer.Option(help="the event: slug or id")] = None,
    how: Annotated[str, typer.Option(help="pick-up, delivery or counter")] = "pick-up",
    place: Annotated[str | None, typer.Option(help="where it is handed over")] = None,
    reference: Annotated[str | None, typer.Option(help="the customer's own number for the order")] = None,
    note: Annotated[str | None, typer.Option(help="free text")] = None,
    operation_id: OperationId = None,
) -> None:
    """Take an order. It changes no stock until it is handed over."""

    def work(session: Session) -> OrderResult:
        return order_once(
            lines=[wanted_line(session, text) for text in what],
            session=session,
            due_on=due,
            due_time=at,
            recipient_id=find_optional(session, "recipient", to),
            event_id=find_optional(session, "event", event),
            how=how,
            place=place,
            reference=reference,
            note=note,
            operation_id=operation_id,
        )

    answer(write(work), lambda done: show_order_result(done, f"Took order {done['order_id']}, due {due_words(done)}"))


def change(
    order: Number,
    what: Annotated[
        list[str] | None, typer.Argument(help="the new list of all lines, for example '60 cookie-box @12.50'")
    ] = None,
    due: Annotated[Any, typer.Option(parser=parse.day, help="another day")] = None,
    at: Annotated[str | None, typer.Option(help="another time such as 14:30, or none")] = None,
    to: Annotated[str | None, typer.Option(help="another customer, or none")] = None,
    event: Annotated[str | None, typer.Option(help="another event, or none")] = None,
    how: Annotated[str | None, typer.Option(help="pick-up, delivery or counter")] = None,
    place: Annotated[str | None, typer.Option(help="another place, or none")] = None,
    reference: Annotated[str | None, typer.Option(help="another reference, or none")] = None,
    note: Annotated[str | None, typer.Option(help="free text, or none")] = None,
    operation_id: OperationId = None,
) -> None:
    """Change an order. Lines replace all its lines; what was handed over must stay in it."""

    def work(session: Session) -> OrderChangeResult:
        changes: dict[str, Any] = {"due_on": due, "how": how}
        changes["lines"] = [wanted_line(session, text) for text in what] if what else None
        given = {name: value for name, value in changes.items() if value is not None}
        for name, typed in (("due_time", at), ("recipient_id", to), ("event_id", event)):
            if typed is not None:
                given[name] = None if typed == NONE else _read(session, name, typed)
        texts = (("place", place), ("reference", reference), ("note", note))
        given |= {name: None if typed == NONE else typed for name, typed in texts if typed is not None}
        if not given:
            raise typer.BadParameter("give lines or at least one option that changes something; see --help")
        return record_order_change(order, given, session=session, operation_id=operation_id)

    answer(write(work), _show_change)


def cancel(
    order: Number,
    reason: Annotated[str, typer.Option(help="why")],
    operation_id: OperationId = None,
) -> None:
    """Cancel what is left of an order."""

    def work(session: Session) -> OrderCancellationResult:
        return record_order_cancellation(order, reason, session=session, operation_id=operation_id)

    answer(write(work), lambda done: show_order_result(done, f"Cancelled order {done['order_id']}: {done['reason']}"))


def wanted_line(session: Session, text: str) -> dict[str, Any]:
    """``60 cookie-box @12.50`` as a line of an order."""
    goods, at, price = text.rpartition("@")
    quantity, unit, name = parse.amount_of(goods if at else text)
    item_id = find(session, "item", name)
    check_unit(session, unit, item_id=item_id)
    return {
        "item_id": item_id,
        "quantity": quantity,
        "unit": unit or None,
        "price": parse.money(session, price.strip()) if at else None,
    }


def due_words(row: Any) -> str:
    """``2026-12-04 at 14:30``."""
    return f"{row['due_on']} at {row['due_time']}" if row["due_time"] else str(row["due_on"])


def _read(session: Session, name: str, typed: str) -> time | date | int:
    if name == "due_time":
        return parse.clock(typed)
    return find(session, "recipient" if name == "recipient_id" else "event", typed)


def _show_change(done: OrderChangeResult) -> None:
    changed = ", ".join(done["changed"]).replace("_", " ").replace("recipient id", "customer").replace(" id", "")
    said = f"changed {changed}" if changed else "nothing to change"
    show_order_result(done, f"Order {done['order_id']}: {said}; due {due_words(done)}")


def show_order_result(done: OrderResult, said: str) -> None:
    """Print an order after something was done to it."""
    say(said)
    for one in done["lines"]:
        price = "" if one["amount"] is None else f", {money(one['amount'])}"
        say(f"  {one['line']}: {amount_of(one['quantity'], one['unit'], one['item_slug'])}{price}")
    total = "" if done["total_price"] is None else f", price {money(done['total_price'])}"
    say(f"  {done['state']}{total}; operation {done['operation_id']}")
