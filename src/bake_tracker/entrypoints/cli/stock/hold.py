"""Commands that hold, release and move lots."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import check_unit, find_lot, find_lots
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, say, write
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.stock.lots import LotState, load_lots
from bake_tracker.services.database import Session
from bake_tracker.services.stock.handling import (
    HoldResult,
    ReleaseResult,
    TransferResult,
    record_hold,
    record_release,
    record_transfer,
)

Lots = Annotated[list[str], typer.Argument(help="lot codes, each for all lots that have it, or ids")]


def hold(
    lots: Lots,
    reason: Annotated[str, typer.Option(help="why the lots must not be used")],
    operation_id: OperationId = None,
) -> None:
    """Put lots on hold: nobody can use them until they are released."""

    def work(session: Session) -> HoldResult:
        ids = _ids(session, lots, lambda lot: not lot.on_hold)
        return record_hold(ids, reason, session=session, operation_id=operation_id)

    answer(write(work), partial(_show_lots, "Put {} on hold"))


def release(
    lots: Lots,
    reason: Annotated[str, typer.Option(help="why the lots may be used")],
    until: Annotated[Any, typer.Option(parser=parse.day, help="allow use past the expiry date, until this day")] = None,
    operation_id: OperationId = None,
) -> None:
    """Release lots from hold; with --until, also allow use past their expiry date."""

    def work(session: Session) -> ReleaseResult:
        today = load_bakery(session).local_day(now())
        ids = _ids(session, lots, lambda lot: _is_kept_from_use(lot, today))
        return record_release(ids, reason, session=session, usable_until=until, operation_id=operation_id)

    answer(write(work), partial(_show_lots, "Released {}"))


def _ids(session: Session, typed: Iterable[str], wanted: Callable[[LotState], bool]) -> list[int]:
    """The lots that were typed; of several with one code, only those in stock that the command applies to."""
    ids: list[int] = []
    for one in typed:
        found = find_lots(session, one)
        if len(found) > 1:
            states = load_lots(session, found)
            left = [key for key in found if states[key].quantity_micros] or found
            found = [key for key in left if wanted(states[key])] or left
        ids += found
    return ids


def _is_kept_from_use(lot: LotState, today: date) -> bool:
    return lot.on_hold or (lot.usable_until is not None and lot.usable_until < today)


def transfer(
    lot: Annotated[str, typer.Argument(help="lot code or id")],
    quantity: Annotated[
        str | None, typer.Argument(help="part of the lot, for example 2 or 1/2; default: all of it")
    ] = None,
    unit: Annotated[str | None, typer.Argument(help="for example kg; pieces need none")] = None,
    to: Annotated[str | None, typer.Option(help="the new place; default: no place")] = None,
    reason: Annotated[str | None, typer.Option(help="why the lot is moved")] = None,
    operation_id: OperationId = None,
) -> None:
    """Move a lot to another place; a part of it becomes a new lot."""

    def work(session: Session) -> TransferResult:
        lot_id = find_lot(session, lot)
        if quantity is not None:
            check_unit(session, unit, lot_id=lot_id)
        return record_transfer(
            lot_id,
            to,
            session=session,
            quantity=None if quantity is None else parse.quantity(quantity),
            unit=unit,
            reason=reason,
            operation_id=operation_id,
        )

    answer(write(work), show_transfer)


def show_transfer(result: TransferResult) -> None:
    moved = amount(result["quantity"], result["unit"])
    what = f"{moved} of lot {result['lot_code']}" if result["new_lot_code"] else f"lot {result['lot_code']} ({moved})"
    source = f" from {result['from_location']}" if result["from_location"] else ""
    target = f" to {result['to_location']}" if result["to_location"] else ""
    new = f" as new lot {result['new_lot_code']}" if result["new_lot_code"] else ""
    say(f"Moved {what}{source}{target}{new}")
    say(f"  operation {result['operation_id']}")


def _show_lots(text: str, result: HoldResult | ReleaseResult) -> None:
    for lot in result["lots"]:
        say(f"{text.format(amount_of(lot['quantity'], lot['unit'], lot['item_slug']))} (lot {lot['lot_code']})")
    if until := result.get("usable_until"):
        say(f"  may be used until {until}")
    say(f"  reason: {result['reason']}; operation {result['operation_id']}")
