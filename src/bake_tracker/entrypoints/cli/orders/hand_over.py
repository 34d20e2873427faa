"""Hand over goods, of an order or at the counter."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find_goods
from bake_tracker.entrypoints.cli.options import CountSawOption, OperationId
from bake_tracker.entrypoints.cli.orders.taking import Number
from bake_tracker.entrypoints.cli.state import answer, money, say, write
from bake_tracker.services.database import Session
from bake_tracker.services.orders.hand_over import HandOverResult, record_hand_over


def hand_over(
    order: Number,
    what: Annotated[
        list[str] | None,
        typer.Argument(help="for example '2 cookie-box', or '2 lot:CODE' for one lot; default: all that is left"),
    ] = None,
    at: Annotated[
        Any, typer.Option(parser=parse.moment, help="when, for example 2026-12-04T14:30; default: now")
    ] = None,
    note: Annotated[str | None, typer.Option(help="free text")] = None,
    count_saw: CountSawOption = None,
    operation_id: OperationId = None,
) -> None:
    """Hand over an order, or a part of it: the goods leave the stock as a sale at the order's price."""
    answer(
        write(
            lambda session: record_hand_over(
                [handed_line(session, text) for text in what] if what else None,
                session=session,
                order_id=order,
                happened_at=at,
                note=note,
                count_saw=count_saw,
                operation_id=operation_id,
            )
        ),
        show_hand_over,
    )


def handed_line(session: Session, text: str) -> dict[str, Any]:
    """``2 cookie-box @12.50`` or ``2 lot:CODE`` as a line of a hand-over."""
    goods, has_price, price = text.rpartition("@")
    quantity, unit, name = parse.amount_of(goods if has_price else text)
    paid = parse.money(session, price.strip()) if has_price else None
    return {**find_goods(session, name, unit), "quantity": quantity, "unit": unit or None, "price": paid}


def show_hand_over(done: HandOverResult) -> None:
    what = f"Handed over goods of order {done['order_id']}" if done["order_id"] else "Sold"
    price = "" if done["total_price"] is None else f", price {money(done['total_price'])}"
    say(f"{what}{price}, cost {money(done['total_cost'])}")
    for one in done["lines"]:
        paid = "" if one["amount"] is None else f", {money(one['amount'])}"
        say(f"  {amount_of(one['quantity'], one['unit'], one['item_slug'])}{paid}")
    for lot in done["lots"]:
        say(f"  {amount(lot['quantity'], lot['unit'])} of lot {lot['lot_code']}, cost {money(lot['cost'])}")
    if done["state"] is not None:
        say(f"  order {done['order_id']} is {done['state']}")
    say(f"  operation {done['operation_id']}")
