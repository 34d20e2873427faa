"""Hold, release and move lots, whole or in part."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConflictError, ValidationError
from bake_tracker.domain.recipes.quantities import stated_quantity
from bake_tracker.domain.stock.fifo import draw_from
from bake_tracker.domain.units import drawn_micros, format_micros
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.stock.lots import LotState, load_lots
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.ledger import lock_items
from bake_tracker.services.stock.places import handle_lots, move_lot

HOLD = Kind("record_hold", "handling_service", "Put lots on hold", success_fields=("lots", "reason"))
RELEASE = Kind("record_release", "handling_service", "Released lots", success_fields=("lots", "reason", "usable_until"))
TRANSFER = Kind(
    "record_transfer",
    "handling_service",
    "Moved a lot",
    success_fields=("lot_id", "lot_code", "new_lot_id", "new_lot_code", "quantity", "from_location", "to_location"),
)


class HandledLot(TypedDict):
    """A lot that was held or released, and what is left of it in its item's base unit."""

    lot_id: int
    lot_code: str
    item_slug: str
    quantity: str
    unit: str


class HoldResult(TypedDict):
    """The lots that were held."""

    operation_id: str
    lots: list[HandledLot]
    reason: str


class ReleaseResult(TypedDict):
    """The lots that may be used again, until ``usable_until`` if a day was given."""

    operation_id: str
    lots: list[HandledLot]
    reason: str
    usable_until: str | None


class TransferResult(TypedDict):
    """A lot that was moved; ``new_lot_*`` are None if it was moved whole. Quantity in the item's base unit."""

    operation_id: str
    lot_id: int
    lot_code: str
    new_lot_id: int | None
    new_lot_code: str | None
    quantity: str
    unit: str
    from_location: str | None
    to_location: str | None


def record_hold(
    lot_ids: Sequence[int], reason: str, *, session: Session, operation_id: UUID | str | None = None
) -> HoldResult:
    """Keep these lots from being used until they are released, in the caller's transaction.

    Raises:
        ValidationError: an argument is not allowed.
        LotNotFoundError: one of the lots does not exist.
        ConflictError: one is already on hold, or ``operation_id`` was used for something else.
    """
    with recording(HOLD, session, locals()) as operation:
        given = Arguments()
        wanted = given.keys("lot_ids", lot_ids)
        why = given.name("reason", reason, limit=1_000)
        given.done()
        operation.happens_with_parent()
        if done := operation.claim({"lot_ids": wanted, "reason": why}):
            return cast(HoldResult, done)
        lots = _locked(operation, wanted)
        if held := [lot.code for lot in lots if lot.on_hold]:
            raise ConflictError(f"already on hold: {', '.join(held)}", lots=held)
        handle_lots(operation, lots, "hold", why)
        return operation.succeed(HoldResult(operation_id=operation.id, lots=shown_lots(lots), reason=why))


def record_release(
    lot_ids: Sequence[int],
    reason: str,
    *,
    session: Session,
    usable_until: date | None = None,
    operation_id: UUID | str | None = None,
) -> ReleaseResult:
    """Allow these lots to be used again: after a hold and, with ``usable_until``, past their expiry until that day.

    Raises:
        ValidationError: an argument is not allowed, or the day is in the past.
        LotNotFoundError: one of the lots does not exist.
        ConflictError: one is neither on hold nor expired, or is expired and no day was given; or ``operation_id`` was
            used for something else.
    """
    with recording(RELEASE, session, locals()) as operation:
        given = Arguments()
        wanted = given.keys("lot_ids", lot_ids)
        why = given.name("reason", reason, limit=1_000)
        until = given.day("usable_until", usable_until)
        given.done()
        if done := operation.claim({"lot_ids": wanted, "reason": why, "usable_until": until}):
            return cast(ReleaseResult, done)
        lots = _locked(operation, wanted)
        today = operation.house.local_day(operation.now)
        if until is not None and until < today:
            raise ValidationError.of("usable_until", f"must be today ({today}) or later, not {until}")
        for lot in lots:
            is_expired = lot.usable_until is not None and lot.usable_until < today
            if is_expired and until is None:
                raise ConflictError(
                    f"lot {lot.code} expired on {lot.usable_until}; say how long it may still be used (usable_until)",
                    lot_id=lot.lot_id,
                )
            if not (lot.on_hold or is_expired or until is not None):
                raise ConflictError(f"lot {lot.code} is neither on hold nor expired", lot_id=lot.lot_id)
        handle_lots(operation, lots, "release", why, usable_until=until)
        return operation.succeed(
            ReleaseResult(
                operation_id=operation.id,
                lots=shown_lots(lots),
                reason=why,
                usable_until=until.isoformat() if until else None,
            )
        )


def record_transfer(
    lot_id: int,
    to_location: str | None,
    *,
    session: Session,
    quantity: int | Decimal | Fraction | None = None,
    unit: str | None = None,
    reason: str | None = None,
    operation_id: UUID | str | None = None,
) -> TransferResult:
    """Move a lot to another place, or ``quantity`` of ``unit`` of it as a new lot with its share of the cost.

    The new lot keeps the item, expiry, supplier and hold, and its code gets a numbered ending. Without ``quantity``,
    the whole lot moves.

    Raises:
        ValidationError: an argument is not allowed, the lot holds less, or it is already in this place.
        LotNotFoundError: there is no such lot.
        UnitConversionError: the unit cannot be converted to the item's base unit without a density.
        ConflictError: the lot is empty, or ``operation_id`` was used for something else.
    """
    with recording(TRANSFER, session, locals()) as operation:
        given = Arguments()
        wanted_id = given.key("lot_id", lot_id)
        place = None if to_location is None else given.name("to_location", to_location, limit=120)
        amount = None if quantity is None else given.exact("quantity", quantity, above_zero=True)
        known_unit = None if unit is None else given.unit("unit", unit)
        why = given.text("reason", reason, limit=1_000)
        given.done()
        asked = {
            "lot_id": wanted_id,
            "to_location": place,
            "quantity": None if amount is None else str(amount),
            "unit": known_unit.name if known_unit else None,
            "reason": why,
        }
        operation.happens_with_parent()
        if done := operation.claim(asked):
            return cast(TransferResult, done)

        (lot,) = _locked(operation, [wanted_id])
        if lot.quantity_micros == 0:
            raise ConflictError(f"lot {lot.code} is empty", lot_id=lot.lot_id)
        micros = lot.quantity_micros
        if amount is not None:
            item = lot.weighed(load_item(session, lot.item_id))
            micros = drawn_micros(stated_quantity(item, amount, known_unit.name if known_unit else lot.base_unit))
        if not 0 < micros <= lot.quantity_micros:
            raise ValidationError.of(
                "quantity", f"lot {lot.code} holds only {format_micros(lot.quantity_micros)} {lot.base_unit}"
            )
        draw = draw_from(lot.open_lot, micros, "chosen")
        if draw.quantity_micros == lot.quantity_micros and place == lot.location:
            raise ValidationError.of("to_location", f"lot {lot.code} is already there")
        new = move_lot(operation, lot, draw, place, why)
        return operation.succeed(
            TransferResult(
                operation_id=operation.id,
                lot_id=lot.lot_id,
                lot_code=lot.code,
                new_lot_id=new.lot_id if new else None,
                new_lot_code=new.code if new else None,
                quantity=format_micros(draw.quantity_micros),
                unit=lot.base_unit,
                from_location=lot.location,
                to_location=place,
            )
        )


def _locked(operation: Operation, lot_ids: Sequence[int]) -> list[LotState]:
    """These lots, with their items locked against other writers."""
    known = load_lots(operation.session, lot_ids)
    lock_items(operation, {lot.item_id for lot in known.values()})
    held = load_lots(operation.session, lot_ids)
    return [held[lot_id] for lot_id in lot_ids]


def shown_lots(lots: Sequence[LotState]) -> list[HandledLot]:
    """Handled lots in readable form."""
    return [
        {
            "lot_id": lot.lot_id,
            "lot_code": lot.code,
            "item_slug": lot.item_slug,
            "quantity": format_micros(lot.quantity_micros),
            "unit": lot.base_unit,
        }
        for lot in lots
    ]
