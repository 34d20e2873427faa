"""Correct a currency or a time zone that was wrong from the beginning."""

from dataclasses import replace
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.models import tables
from bake_tracker.queries.bakery import BakeryInfo, load_bakery, lock_bakery
from bake_tracker.queries.catalog.moved_days import load_moved_days
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes, refuse_sealed
from bake_tracker.services.catalog.things import read_currency, read_time_zone
from bake_tracker.services.operation import Kind, checking, recording
from bake_tracker.services.stock.ledger import redate_arrivals
from bake_tracker.services.stock.places import put_days

CHECK = Kind("check_bakery_correction", "catalog_service", "Checked another currency or time zone")
RECORD = Kind(
    "record_bakery_correction",
    "catalog_service",
    "Corrected the currency or time zone",
    success_fields=("currency", "time_zone", "was_currency", "was_time_zone", "stored_days", "report_days", "reason"),
)


class BakeryCorrectionCheck(TypedDict):
    """What a correction would move.

    ``stored_days`` are those of lots made here, which move. ``kept_days`` of receipts, deliveries and measures were
    told to somebody and stay as recorded. ``report_days`` are operations that reports put under another day.
    ``sealed_days`` are stored days that a seal covers; with any of them, the correction is refused.
    """

    currency: str
    time_zone: str
    was_currency: str
    was_time_zone: str
    stored_days: int
    kept_days: int
    report_days: int
    sealed_days: int
    can_correct: bool


class BakeryCorrectionResult(TypedDict):
    """The corrected settings, what they were, and the number of days that moved or stayed."""

    operation_id: str
    reason: str
    currency: str
    time_zone: str
    was_currency: str
    was_time_zone: str
    stored_days: int
    kept_days: int
    report_days: int


def check_bakery_correction(
    *, session: Session, currency: str | None = None, time_zone: str | None = None
) -> BakeryCorrectionCheck:
    """Preview which days another time zone would move; writes nothing.

    Raises:
        ValidationError: an argument is not allowed, or nothing would change.
    """
    with checking(CHECK, session, locals()) as operation:
        asked = _read(Arguments(), currency, time_zone)
        house = load_bakery(session)
        new = _changed(house, asked)
        moved = load_moved_days(session, house, new)
        operation.tell_check(asked)
    return {
        "currency": new.currency,
        "time_zone": new.time_zone,
        "was_currency": house.currency,
        "was_time_zone": house.time_zone,
        "stored_days": len(moved.lots),
        "kept_days": moved.kept,
        "report_days": moved.reports,
        "sealed_days": moved.sealed,
        "can_correct": not moved.sealed,
    }


def record_bakery_correction(
    reason: str,
    *,
    session: Session,
    currency: str | None = None,
    time_zone: str | None = None,
    operation_id: UUID | str | None = None,
) -> BakeryCorrectionResult:
    """Name the currency or time zone that all amounts and days were in from the beginning, in the caller's transaction.

    No amount changes and no moment changes: a currency is only a name for the amounts, and a time zone decides which
    day a moment belongs to. The days of lots that were made here follow their runs.

    Raises:
        ValidationError: an argument is not allowed, or nothing would change.
        ConflictError: a sealed day would no longer be that of its moment, or ``operation_id`` was used for something
            else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        why = given.name("reason", reason, limit=1_000)
        asked = _read(given, currency, time_zone)
        if done := operation.claim({"reason": why, **asked}):
            return cast(BakeryCorrectionResult, done)

        # load
        house = lock_bakery(session, against_stock=True)
        before = load_things(session, [("bakery", "1")])

        # decide
        new = _changed(house, asked)
        moved = load_moved_days(session, house, new)
        refuse_sealed(moved, new.time_zone)

        # write
        session.execute(update(tables.bakery).values(currency=new.currency, time_zone=new.time_zone))
        put_days(operation, moved.lots)
        redate_arrivals(operation, new)
        note_changes(operation, before)
        return operation.succeed(
            BakeryCorrectionResult(
                operation_id=operation.id,
                reason=why,
                currency=new.currency,
                time_zone=new.time_zone,
                was_currency=house.currency,
                was_time_zone=house.time_zone,
                stored_days=len(moved.lots),
                kept_days=moved.kept,
                report_days=moved.reports,
            )
        )


def _read(given: Arguments, currency: str | None, time_zone: str | None) -> dict[str, str]:
    asked: dict[str, str] = {}
    if currency is not None:
        asked["currency"] = read_currency(given, currency)
    if time_zone is not None:
        asked["time_zone"] = read_time_zone(given, time_zone)
    if not asked:
        given.refuse("time_zone", "is missing; give the right time zone, the right currency, or both")
    given.done()
    return asked


def _changed(house: BakeryInfo, asked: dict[str, str]) -> BakeryInfo:
    new = replace(house, **asked)  # type: ignore[arg-type]  # only the two names, both text
    if new == house:
        given = Arguments()
        given.refuse("time_zone", f"is already {house.time_zone}, and the currency {house.currency}")
        given.done()
    return new
