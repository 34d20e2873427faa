"""State what goods cost after they came in: an invoice, a credit note, freight, duty or a correction."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from bake_tracker.domain.written import Reading
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find_delivery, find_lot
from bake_tracker.entrypoints.cli.options import DecimalsOption, OperationId
from bake_tracker.entrypoints.cli.state import adding_up, answer, counted, money, say, write
from bake_tracker.services.database import Session
from bake_tracker.services.stock.cost_statement import CostStatementResult, record_cost_statement

_WORDS = {
    "invoice": "an invoice",
    "credit": "a credit",
    "freight": "freight",
    "duty": "duty",
    "correction": "a correction",
}
_WHOLE = ("invoice", "correction")


def cost_statement(
    what: Annotated[
        list[str],
        typer.Argument(
            help="LOT=12.00 for the whole cost of a lot, LOT=+1.50 or LOT=-1.50 for a change; with --by, one amount"
        ),
    ],
    kind: Annotated[str, typer.Option(help="invoice, credit, freight, duty or correction")] = "invoice",
    document: Annotated[str | None, typer.Option(help="number of the invoice or credit note")] = None,
    at: Annotated[
        Any, typer.Option(parser=parse.moment, help="when it was stated, for example 2026-11-23T14:30; default: now")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="share the amount among the lots of a delivery by value, weight or quantity")
    ] = None,
    delivery: Annotated[str | None, typer.Option(help="the delivery: document number or id")] = None,
    notes: Annotated[str | None, typer.Option(help="free text")] = None,
    decimals: DecimalsOption = None,
    operation_id: OperationId = None,
) -> None:
    """State the cost of lots that are already here, used or sold, and pass it on to everything made of them."""
    reading = Reading(decimals=decimals, typed=True)

    def work(session: Session) -> CostStatementResult:
        return record_cost_statement(
            [_line(session, text, kind, reading, is_shared=by is not None) for text in what],
            session=session,
            kind=kind,
            document=document,
            stated_at=at,
            share_by=by,
            delivery_id=None if delivery is None else find_delivery(session, delivery),
            notes=notes,
            operation_id=operation_id,
        )

    answer(write(work), show_cost_statement)


def show_cost_statement(result: CostStatementResult) -> None:
    document = f" {result['document']}" if result["document"] else ""
    lots, by = counted(result["lot_count"], "lot"), _WORDS.get(result["kind"], result["kind"])
    say(f"Stated the cost of {lots} by {by}{document}: {money(result['total_change'])} in all")
    for lot in result["lots"]:
        say(f"  lot {lot['lot_code']} cost {money(lot['before'])}, now {money(lot['after'])}")
        parts = [lot["on_hand_change"], lot["passed_on_change"]]
        on_hand, passed_on = adding_up(parts, str(sum(map(Decimal, parts))))
        say(f"    {on_hand} of the change for what is left, {passed_on} for what was used, sold or thrown away")
    say(f"  operation {result['operation_id']}")


def _line(session: Session, text: str, kind: str, reading: Reading, *, is_shared: bool) -> dict[str, Any]:
    if is_shared:
        return {"amount": _amount(session, text, kind, reading)}
    code, equals, cost = (part.strip() for part in text.rpartition("="))
    if not equals or not code or not cost:
        raise typer.BadParameter(f"cannot read {text!r}; write it like flour-20261123-1=12.00")
    lot_id = find_lot(session, code)
    if kind in _WHOLE and cost[0] not in "+-\u2212":
        return {"lot_id": lot_id, "cost": parse.money(session, cost, reading)}
    return {"lot_id": lot_id, "amount": _amount(session, cost, kind, reading)}


def _amount(session: Session, text: str, kind: str, reading: Reading) -> Any:
    """A signed amount; on a credit note, amounts stand without a sign and lower the cost."""
    typed = text.strip().replace("\u2212", "-")
    amount = parse.money(session, typed.removeprefix("+"), reading)
    return -amount if kind == "credit" and typed[:1] not in ("+", "-") else amount
