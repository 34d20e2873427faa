"""Lots as they lie: keep them from use, release them, move them."""

from functools import partial
from typing import Annotated, Any

import typer

from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find_lot
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, say, write
from bake_tracker.services.database import Session
from bake_tracker.services.stock.handling import (
    HoldResult,
    ReleaseResult,
    TransferResult,
    record_hold,
    record_release,
    record_transfer,
)

Lots = Annotated[list[str], typer.Argument(help="codes or ids")]


def hold(
    lots: Lots, reason: Annotated[str, typer.Option(help="why they must not be used")], operation_id: OperationId = None
) -> None:
    """Keep lots from being used until they are released."""

    def work(session: Session) -> HoldResult:
        ids = [find_lot(session, typed) for typed in lots]
        return record_hold(ids, reason, session=session, operation_id=operation_id)

    answer(write(work), partial(_show_lots, "Held"))


def release(
    lots: Lots,
    reason: Annotated[str, typer.Option(help="why they may be used")],
    until: Annotated[Any, typer.Option(parser=parse.day, help="use past the expiry, until this day")] = None,
    operation_id: OperationId = None,
) -> None:
    """Let lots be used: from hold, and with --until past their expiry."""

    def work(session: Session) -> ReleaseResult:
        ids = [find_lot(session, typed) for typed in lots]
        return record_release(ids, reason, session=session, usable_until=until, operation_id=operation_id)

    answer(write(work), partial(_show_lots, "Released"))


def transfer(
    lot: Annotated[str, typer.Argument(help="code or id")],
    quantity: Annotated[str | None, typer.Argument(help="a part of it, like 2 or 1/2; left out: all of it")] = None,
    unit: Annotated[str | None, typer.Argument(help="like kg; left out: the item's own")] = None,
    to: Annotated[str | None, typer.Option(help="where it goes; left out: to no named place")] = None,
    reason: Annotated[str | None, typer.Option()] = None,
    operation_id: OperationId = None,
) -> None:
    """Move a lot to another place, whole, or a part of it as a lot of its own."""

    def work(session: Session) -> TransferResult:
        return record_transfer(
            find_lot(session, lot),
            to,
            session=session,
            quantity=None if quantity is None else parse.quantity(quantity),
            unit=unit,
            reason=reason,
            operation_id=operation_id,
        )

    answer(write(work), show_transfer)


def show_transfer(result: TransferResult) -> None:
    places = f"from {result['from_location'] or 'no named place'} to {result['to_location'] or 'no named place'}"
    part = f" of lot {result['lot_code']} as lot {result['new_lot_code']}" if result["new_lot_code"] else ""
    lot = part or f", all of lot {result['lot_code']},"
    say(f"Moved {result['quantity']} {result['unit']}{lot} {places}")
    say(f"  operation {result['operation_id']}")


def _show_lots(verb: str, result: HoldResult | ReleaseResult) -> None:
    for lot in result["lots"]:
        say(f"{verb} {lot['quantity']} {lot['unit']} of {lot['item_slug']}, lot {lot['lot_code']}")
    if until := result.get("usable_until"):
        say(f"  for use until {until}")
    say(f"  because: {result['reason']}; operation {result['operation_id']}")
