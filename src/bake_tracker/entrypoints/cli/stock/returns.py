"""Record goods that a customer brings back, or that go back to a supplier."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.stock.returns import FROM_CUSTOMER, TO_SUPPLIER
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import LOT, check_unit, find, find_lot, find_operation, find_optional
from bake_tracker.entrypoints.cli.options import CountSawOption, OperationId
from bake_tracker.entrypoints.cli.state import answer, money, say, write
from bake_tracker.entrypoints.cli.stock.adjust import When
from bake_tracker.queries.stock.returns import HandOver, load_still_out
from bake_tracker.services.database import Session
from bake_tracker.services.stock.returns import ReturnResult, record_return

_PUT = {"hold": "kept apart on hold", "stock": "back in stock", "waste": "thrown away"}


def return_goods(
    what: Annotated[
        list[str],
        typer.Argument(help="'2 cookie' or '2 lot:CODE'; to a supplier '5 kg lot:CODE', or '5 kg lot:CODE @6.20'"),
    ],
    from_: Annotated[str | None, typer.Option("--from", help="the customer who brings it back: slug or id")] = None,
    sale: Annotated[str | None, typer.Option(help="the sale, gift or sample it comes from: its operation id")] = None,
    to_supplier: Annotated[bool, typer.Option("--to-supplier", help="send it back to who supplied the lot")] = False,
    put: Annotated[str | None, typer.Option(help="hold (keep it apart, the default), stock or waste")] = None,
    place: Annotated[str | None, typer.Option(help="where it is put; default: where the lot is")] = None,
    reason: Annotated[str | None, typer.Option(help="why it comes back")] = None,
    at: When = None,
    count_saw: CountSawOption = None,
    operation_id: OperationId = None,
) -> None:
    """Record goods that a customer brings back, or that go back to a supplier."""
    if to_supplier and (from_ or sale):
        raise typer.BadParameter("--to-supplier cannot be combined with --from or --sale")

    def work(session: Session) -> ReturnResult:
        if to_supplier:
            lines, source = [_to_supplier(session, text) for text in what], None
        else:
            customer = find_optional(session, "recipient", from_)
            lines, source = _from_customer(session, what, customer, sale)
        return record_return(
            lines,
            session=session,
            kind=TO_SUPPLIER if to_supplier else FROM_CUSTOMER,
            handed_over_by=source,
            put=put,
            to_location=place,
            reason=reason,
            happened_at=at,
            count_saw=count_saw,
            operation_id=operation_id,
        )

    answer(write(work), show_return)


def show_return(result: ReturnResult) -> None:
    credit = f", credit {money(result['total_credit'])}" if "total_credit" in result else ""
    done = "Sent back to the supplier" if result["kind"] == TO_SUPPLIER else f"Came back, {_PUT[str(result['put'])]}"
    why = f" ({result['reason']})" if result["reason"] else ""
    say(f"{done}{why}, cost {money(result['total_cost'])}{credit}")
    for lot in result["lots"]:
        sign = "" if lot["quantity"].startswith("-") else "+"
        into = lot["into_lot_code"]
        kept = f", kept as lot {into}" if into not in (None, lot["lot_code"]) else ""
        say(f"  {sign}{amount(lot['quantity'], lot['unit'])} of lot {lot['lot_code']}{kept}, cost {money(lot['cost'])}")
    say(f"  operation {result['operation_id']}")


def _to_supplier(session: Session, text: str) -> dict[str, Any]:
    goods, at, credit = text.partition("@")
    quantity, unit, name = parse.amount_of(goods)
    if not name.startswith(LOT):
        raise typer.BadParameter(f"{text!r} must name the lot that goes back; write it like '5 kg lot:CODE'")
    lot_id = find_lot(session, name.removeprefix(LOT))
    check_unit(session, unit, lot_id=lot_id)
    line = {"lot_id": lot_id, "quantity": quantity, "unit": unit or None}
    return {**line, "credit": parse.money(session, credit.strip())} if at else line


def _from_customer(
    session: Session, what: list[str], recipient_id: int | None, sale: str | None
) -> tuple[list[dict[str, Any]], str]:
    """The lines, and the one hand-over that all of them come from."""
    source = None if sale is None else find_operation(session, sale)
    amounts = [parse.amount_of(text) for text in what]
    found: list[list[HandOver]] = []
    for _, _, name in amounts:
        is_lot = name.startswith(LOT)
        lot_id = find_lot(session, name.removeprefix(LOT)) if is_lot else None
        item_id = None if is_lot else find(session, "item", name)
        found.append(
            load_still_out(session, lot_id=lot_id, item_id=item_id, operation_id=source, recipient_id=recipient_id)
        )
        if not found[-1]:
            raise ValidationError.of("what", f"nothing of {name.removeprefix(LOT)} was handed over and is still out")
    sources = set.intersection(*({one["operation_id"] for one in some} for some in found))
    if len(sources) != 1:
        told = "; ".join(_told(one) for some in found for one in some)
        which = "several hand-overs match" if sources else "no single hand-over has all of these"
        raise ValidationError.of("sale", f"{which}; record one at a time with --sale OPERATION: {told}")
    (source,) = sources
    lines = []
    for (quantity, unit, name), some in zip(amounts, found, strict=True):
        lots = [one for one in some if one["operation_id"] == source]
        if len(lots) > 1:
            codes = " or ".join(f"lot:{one['lot_code']}" for one in lots)
            raise ValidationError.of("what", f"{name} was handed over from several lots; name one: {codes}")
        check_unit(session, unit, lot_id=lots[0]["lot_id"])
        lines.append({"lot_id": lots[0]["lot_id"], "quantity": quantity, "unit": unit or None})
    return lines, source


def _told(one: HandOver) -> str:
    to = f" to {one['recipient']}" if one["recipient"] else ""
    return f"{one['operation_id']} ({one['on']}, {amount(one['still_out'], one['unit'])} of {one['lot_code']}{to})"
