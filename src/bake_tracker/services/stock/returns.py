"""Returns: goods that a customer brings back, and goods that go back to a supplier."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.choices import said_of_counts
from bake_tracker.domain.errors import ConflictError, InsufficientInventoryError, ValidationError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.quantities import stated_quantity
from bake_tracker.domain.stock.fifo import DUST_MICROS, draw_from
from bake_tracker.domain.stock.returns import FROM_CUSTOMER, KINDS, MAX_RETURNED, PUTS, TO_SUPPLIER, HandedOver
from bake_tracker.domain.units import MICRO, drawn_micros, format_micros
from bake_tracker.queries.catalog.definitions import load_items
from bake_tracker.queries.stock.lots import LotState, load_lots
from bake_tracker.queries.stock.returns import load_handed_over, load_receipts
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.adjustment import (
    AdjustedLot,
    adjusted_lot,
    check_were_there,
    lot_shortage,
    post_adjustments,
    record_adjustment,
    total_of,
)
from bake_tracker.services.stock.counts import settling_counts
from bake_tracker.services.stock.former_units import refuse_former_units
from bake_tracker.services.stock.handling import record_hold, record_transfer
from bake_tracker.services.stock.ledger import Change, changes_of, lock_items
from bake_tracker.services.stock.usable import as_they_were

RECORD = Kind(
    "record_return",
    "return_service",
    "Recorded a return",
    success_fields=("kind", "handed_over_by", "recipient_id", "put", "reason", "lots", "total_cost"),
    sometimes=("total_credit",),
)


_Into = tuple[int | None, str | None]
"""The id and code of the lot that holds what came back; None if it was thrown away."""


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A quantity of one lot, and the supplier's credit for it in millionths."""

    lot_id: int
    quantity: Fraction
    unit: str | None
    credit_micros: int | None


class ReturnedLot(AdjustedLot):
    """A lot that goods came back to or left; ``into_*`` is the lot that holds them now, if there is one.

    ``received_by`` is the operation that received what goes back to a supplier, ``credit`` what the supplier gives.
    """

    into_lot_id: int | None
    into_lot_code: str | None
    received_by: str | None
    credit: str | None


class ReturnResult(TypedDict):
    """A recorded return; ``total_cost`` is signed like the quantities, and None if the cost of a lot is unknown."""

    operation_id: str
    kind: str
    handed_over_by: str | None
    recipient_id: int | None
    put: str | None
    reason: str | None
    happened_at: str
    lots: list[ReturnedLot]
    total_cost: str | None
    total_credit: NotRequired[str]


def record_return(
    lines: Sequence[Mapping[str, Any]],
    *,
    session: Session,
    kind: str = FROM_CUSTOMER,
    handed_over_by: UUID | str | None = None,
    put: str | None = None,
    to_location: str | None = None,
    reason: str | None = None,
    happened_at: datetime | None = None,
    count_saw: str | None = None,
    operation_id: UUID | str | None = None,
) -> ReturnResult:
    """Take goods back from a customer, or send them back to a supplier, in the caller's transaction.

    A line has ``lot_id``, ``quantity`` and, if it is not the item's base unit, ``unit``. ``from_customer`` needs
    ``handed_over_by``, the sale, gift or sample that the goods come from, and takes at most what it handed over of the
    lot that has not come back yet. They come back to their lot at the cost they left with, and ``put`` says what is
    done with them: ``hold`` (the default) keeps them apart on hold, as a part of the lot, ``stock`` returns them to
    use, ``waste`` throws them away. ``to_supplier`` takes at most what is on hand of a received lot; a line may
    have the ``credit`` that the supplier gives. ``count_saw`` says whether a later count had seen a late return.

    Raises:
        ValidationError: an argument is not allowed, or more comes back than was handed over.
        OperationNotFoundError, LotNotFoundError: a reference does not exist.
        UnitConversionError: a unit cannot be converted to an item's base unit.
        CountedSinceError: a lot was counted after ``happened_at``, and ``count_saw`` was left out.
        InsufficientInventoryError: less is on hand than goes back to the supplier; lists every short lot.
        ConflictError: the hand-over was undone, came later than the return, or ``operation_id`` was used for something
            else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        which = given.choice("kind", kind, KINDS)
        asked = [
            _read_line(given, place, row, which)
            for place, row in enumerate(given.rows("lines", lines, most=MAX_RETURNED))
        ]
        source = None if handed_over_by is None else given.uuid("handed_over_by", handed_over_by)
        then = None if put is None else given.choice("put", put, PUTS)
        place = None if to_location is None else given.name("to_location", to_location, limit=120)
        if which == FROM_CUSTOMER and handed_over_by is None:
            given.refuse("handed_over_by", "is missing; give the operation that sold the goods or gave them away")
        for field, value in (("handed_over_by", source), ("put", then), ("to_location", place)):
            if which == TO_SUPPLIER and value is not None:
                given.refuse(field, "is only for goods that a customer brings back")
        if then == "waste" and place is not None:
            given.refuse("to_location", "is not for goods that are thrown away")
        why = None if reason is None else given.name("reason", reason, limit=1_000)
        at = given.moment("happened_at", happened_at, operation.time_zone)
        saw = given.count_saw(count_saw)
        given.done()
        then = (then or "hold") if which == FROM_CUSTOMER else None
        arguments = {
            "kind": which,
            "lines": [asdict(line) for line in asked],
            "handed_over_by": source,
            "put": then,
            "to_location": place,
            "reason": why,
            "happened_at": at,
            **said_of_counts(saw),
        }
        there_on = operation.happened("happened_at", at, count_saw=saw)
        if done := operation.claim(arguments):
            return cast(ReturnResult, done)

        # load
        known = load_lots(session, sorted({line.lot_id for line in asked}))
        lock_items(operation, {lot.item_id for lot in known.values()})
        lots = load_lots(session, list(known))

        # decide, write
        wanted = _wanted(session, asked, lots)
        if which == TO_SUPPLIER:
            check_were_there(lots.values(), there_on)
            return _send_back(operation, wanted, as_they_were(operation, lots), _credits(asked), why)
        handed_over = _check_may_come_back(operation, str(source), wanted, lots, at)
        if then == "stock":
            refuse_former_units(session, lots.values(), "put it on hold, then change its unit again to carry it over")
        with settling_counts(operation):  # what comes back and is kept apart or thrown away changes no count of its lot
            return _take_back(operation, wanted, handed_over, lots, str(then), place, why, at)


def _read_line(given: Arguments, place: int, row: Mapping[str, Any], kind: str) -> ReturnLine:
    at = f"lines[{place}]"
    for name in sorted(row.keys() - {"lot_id", "quantity", "unit", "credit"}, key=str):
        given.refuse(at, f"has no field {str(name)[:60]!r}; it takes lot_id, quantity, unit, credit")
    credit = row.get("credit")
    if credit is not None and kind != TO_SUPPLIER:
        given.refuse(f"{at}.credit", "is only for goods that go back to a supplier")
    unit = None if row.get("unit") is None else given.unit(f"{at}.unit", row["unit"])
    return ReturnLine(
        given.key(f"{at}.lot_id", row.get("lot_id")),
        given.exact(f"{at}.quantity", row.get("quantity"), above_zero=True),
        unit.name if unit else None,
        None if credit is None else given.micros(f"{at}.credit", credit),
    )


def _wanted(session: Session, asked: Iterable[ReturnLine], lots: Mapping[int, LotState]) -> dict[int, int]:
    """Millionths by lot; lines for the same lot are added and rounded once."""
    items = load_items(session, {lot.item_id for lot in lots.values()})
    sums: defaultdict[int, Fraction] = defaultdict(Fraction)
    for line in asked:
        lot = lots[line.lot_id]
        sums[line.lot_id] += stated_quantity(lot.weighed(items[lot.item_id]), line.quantity, line.unit or lot.base_unit)
    wanted = {lot_id: drawn_micros(total) for lot_id, total in sums.items()}
    for lot_id, micros in wanted.items():
        if micros == 0:
            raise ValidationError.of("lines", f"lot {lots[lot_id].code} would change by too little to record")
    return wanted


def _credits(asked: Iterable[ReturnLine]) -> dict[int, int]:
    credits: defaultdict[int, int] = defaultdict(int)
    for line in asked:
        if line.credit_micros is not None:
            credits[line.lot_id] += line.credit_micros
    return dict(credits)


def _check_may_come_back(
    operation: Operation, source: str, wanted: Mapping[int, int], lots: Mapping[int, LotState], late: datetime | None
) -> dict[int, HandedOver]:
    """What was handed over of each lot, if all that comes back is a part of it."""
    found = {one.lot_id: one for one in load_handed_over(operation.session, source)}
    if not found:
        raise ConflictError(f"{source} handed nothing over, or was undone", handed_over_by=source)
    codes = ", ".join(one.lot_code for one in found.values())
    given = Arguments()
    for lot_id, micros in wanted.items():
        lot = lots[lot_id]
        if (one := found.get(lot_id)) is None:
            given.refuse("lines", f"lot {lot.code} was not handed over by {source}, which handed over {codes}")
        elif micros > one.out_micros:
            out, handed = (amount(format_micros(some), lot.base_unit) for some in (one.out_micros, one.quantity_micros))
            came = f"; {amount(format_micros(one.back_micros), lot.base_unit)} came back already"
            told = f"of lot {lot.code}, {handed} went out{came if one.back_micros else ''}"
            given.refuse("lines", f"{told}, so at most {out} can come back")
    given.done()
    if late is not None and (early := [one for one in found.values() if one.happened_at > late]):
        handed, said = (f"{operation.house.local_time(one):%Y-%m-%d %H:%M}" for one in (early[0].happened_at, late))
        raise ConflictError(
            f"it was handed over only at {handed}, which is after {said}",
            handed_over_by=source,
        )
    return {lot_id: found[lot_id] for lot_id in wanted}


def _take_back(
    operation: Operation,
    wanted: Mapping[int, int],
    handed_over: Mapping[int, HandedOver],
    lots: Mapping[int, LotState],
    put: str,
    place: str | None,
    reason: str | None,
    late: datetime | None,
) -> ReturnResult:
    session = operation.session
    changes = [Change(lot_id, micros, handed_over[lot_id].cost_of(micros)) for lot_id, micros in wanted.items()]
    first = next(iter(handed_over.values()))
    post_adjustments(
        operation,
        "return",
        changes,
        reason=reason,
        recipient_id=first.recipient_id,
        event_id=first.event_id,
        of_operations=dict.fromkeys(wanted, first.operation_id),
    )
    why = reason or (f"{first.recipient} brought it back" if first.recipient else "brought back")
    into: dict[int, _Into]
    if put == "waste":
        thrown = [{"lot_id": lot_id, "quantity": Fraction(micros, MICRO)} for lot_id, micros in wanted.items()]
        record_adjustment("waste", thrown, session=session, reason=why, happened_at=late, count_saw=operation.count_saw)
        into = dict.fromkeys(wanted, (None, None))
    else:
        into = {key: _put(operation, lots[key], micros, put, place, why) for key, micros in wanted.items()}
        kept = load_lots(session, [lot_id for lot_id, _ in into.values() if lot_id is not None])
        to_hold = [lot_id for lot_id, lot in kept.items() if not lot.on_hold]
        if put == "hold" and to_hold:
            record_hold(sorted(to_hold), why, session=session)
    return operation.succeed(
        ReturnResult(
            operation_id=operation.id,
            kind=FROM_CUSTOMER,
            handed_over_by=first.operation_id,
            recipient_id=first.recipient_id,
            put=put,
            reason=reason,
            happened_at=operation.at.isoformat(),
            lots=[_returned_lot(change, lots[change.lot_id], into[change.lot_id]) for change in changes],
            total_cost=total_of(changes),
        )
    )


def _put(operation: Operation, lot: LotState, micros: int, put: str, place: str | None, reason: str) -> _Into:
    """The lot that holds what came back: the lot itself, or a part of it that is kept apart."""
    is_alone = lot.quantity_micros < DUST_MICROS
    place = place or lot.location
    if place == lot.location and (is_alone or put == "stock"):
        return lot.lot_id, lot.code
    part = None if is_alone else Fraction(micros, MICRO)
    moved = record_transfer(lot.lot_id, place, session=operation.session, quantity=part, reason=reason)
    return moved["new_lot_id"] or lot.lot_id, moved["new_lot_code"] or lot.code


def _send_back(
    operation: Operation,
    wanted: Mapping[int, int],
    lots: Mapping[int, LotState],
    credits: Mapping[int, int],
    reason: str | None,
) -> ReturnResult:
    session = operation.session
    receipts = load_receipts(session, list(wanted))
    if made := [lot.code for lot in lots.values() if lot.lot_id not in receipts]:
        raise ConflictError(
            f"lot {', '.join(made)} was made here, and not received from a supplier; record it as waste", lots=made
        )
    items = load_items(session, {lot.item_id for lot in lots.values()})
    short = [
        lot_shortage(lots[lot_id], items[lots[lot_id].item_id], micros)
        for lot_id, micros in wanted.items()
        if lots[lot_id].to_draw(micros).quantity_micros < micros
    ]
    if short:
        raise InsufficientInventoryError(short)
    draws = [draw_from(lots[lot_id].to_draw(micros), micros, "chosen") for lot_id, micros in wanted.items()]
    changes = changes_of(draws)
    post_adjustments(operation, "sent back", changes, reason=reason, of_operations=receipts, credits=credits)
    returned = [_returned_lot(change, lots[change.lot_id], (None, None)) for change in changes]
    for one in returned:
        one["received_by"] = receipts[one["lot_id"]]
        if one["lot_id"] in credits:
            one["credit"] = format_money(credits[one["lot_id"]])
    result = ReturnResult(
        operation_id=operation.id,
        kind=TO_SUPPLIER,
        handed_over_by=None,
        recipient_id=None,
        put=None,
        reason=reason,
        happened_at=operation.at.isoformat(),
        lots=returned,
        total_cost=total_of(changes),
    )
    if credits:
        result["total_credit"] = str(format_money(sum(credits.values())))
    return operation.succeed(result)


def _returned_lot(change: Change, lot: LotState, into: _Into) -> ReturnedLot:
    return {
        **adjusted_lot(change, lot),
        "into_lot_id": into[0],
        "into_lot_code": into[1],
        "received_by": None,
        "credit": None,
    }
