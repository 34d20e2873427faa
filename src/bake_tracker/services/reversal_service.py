"""Undo exactly: the opposite of what was posted, onto the same lots at the same cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import Table, insert, update
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConflictError, DependentsError, ValidationError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.reversal import (
    Posted,
    Undoable,
    brought_lots,
    can_give_back,
    dependents_tree,
    undo_order,
)
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Lot, Reversal
from bake_tracker.queries.reversal import (
    load_family,
    load_handled,
    load_holdings,
    load_later_handling,
    load_operations,
    load_posted,
    load_undoable,
    load_uses,
)
from bake_tracker.services.operations import Kind, Operation, recording
from bake_tracker.services.stock_ledger import Change, change_lots, lock_items

RECORD = Kind(
    "record_reversal",
    __name__,
    entry_message="Recording reversal",
    success_fields=("reversed_operation_id", "reversed_operation", "reversed_count"),
)

_add = insert(cast(Table, Reversal.__table__))
_lots = cast(Table, Lot.__table__)


class GivenBack(TypedDict):
    """A lot that a reversal changed: more is positive; quantity in the item's base unit, cost None when unknown."""

    lot_id: int
    lot_code: str
    quantity: str
    cost: str | None


class ReversalResult(TypedDict):
    """What was undone: the operation itself, and before it, latest first, ``also_reversed``."""

    operation_id: str
    reversed_operation_id: str
    reversed_operation: str
    reason: str
    lots: list[GivenBack]
    also_reversed: list["ReversalResult"]
    reversed_count: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be undone before the operation itself, latest first, and what of it only rests on it."""

    before: list[str]
    dependents: set[str]
    operations: dict[str, Undoable]
    posted: list[Posted]


def record_reversal(
    reversed_operation_id: UUID | str,
    reason: str,
    *,
    session: Session,
    cascade: bool = False,
    operation_id: UUID | str | None = None,
) -> ReversalResult:
    """Post the opposite of an operation onto the same lots at the same cost and expiry, in the caller's transaction.

    What it brought must be there untouched. Where later operations used it they are undone first, latest first, with
    ``cascade``, all of it or nothing. Operations inside of it are undone with it. Expiry and holds do not matter.

    Raises:
        ValidationError: an argument is not allowed, or the operation changed nothing that could be undone.
        OperationNotFoundError: no operation has this id.
        DependentsError: later operations use what it brought; holds the tree of them.
        ConflictError: it was reversed already, is itself a reversal, or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        target_id = given.uuid("reversed_operation_id", reversed_operation_id)
        why = given.name("reason", reason, limit=1_000)
        with_dependents = given.flag("cascade", cascade)
        given.done()
        asked = {"reversed_operation_id": target_id, "reason": why, "cascade": with_dependents}
        if done := operation.claim(asked):
            return cast(ReversalResult, done)

        # load and decide
        target = load_undoable(session, target_id)
        plan = _plan(operation, target)
        if plan.dependents and not with_dependents:
            roots = {target_id, *plan.before} - plan.dependents
            tree = dependents_tree(roots, plan.operations, plan.posted)
            raise DependentsError(target_id, tree, len(plan.dependents))

        # write
        also = [record_reversal(key, why, session=session) for key in plan.before]
        own = load_posted(session, [target_id])
        handled = _put_back_handling(session, target_id)
        if not (own or also or handled):
            raise ValidationError.of(
                "reversed_operation_id", f"{target.name} changed no stock; there is nothing to put back"
            )
        _check_untouched(session, own)
        change_lots(operation, [Change(one.lot_id, -one.quantity_micros, _opposite(one.cost_micros)) for one in own])
        session.execute(_add, {"operation_id": operation.id, "reversed_operation_id": target_id, "reason": why})
        return operation.succeed(
            ReversalResult(
                operation_id=operation.id,
                reversed_operation_id=target_id,
                reversed_operation=target.name,
                reason=why,
                lots=[
                    {
                        "lot_id": one.lot_id,
                        "lot_code": one.lot_code,
                        "quantity": format_micros(-one.quantity_micros),
                        "cost": format_money(_opposite(one.cost_micros)),
                    }
                    for one in own
                ],
                also_reversed=also,
                reversed_count=1 + sum(one["reversed_count"] for one in also),
            )
        )


def _plan(operation: Operation, target: Undoable) -> _Plan:
    """All that has to be undone before ``target``, with every item of it locked."""
    session = operation.session
    locked: set[int] = set()
    while True:
        family = load_family(session, target.operation_id)
        wanted = set(family)
        posted = load_posted(session, wanted)
        while users := _users(session, wanted, posted):
            wanted |= users
            posted = load_posted(session, wanted)
        items = {one.item_id for one in posted}
        if items <= locked:
            break
        # Somebody may have used a lot while we waited for its item, so it is looked at again.
        lock_items(operation, items)
        locked |= items
    operations = load_operations(session, wanted)
    recorded_at = {key: one.recorded_at for key, one in operations.items()}
    before = [key for key in undo_order(wanted, posted, recorded_at) if key != target.operation_id]
    return _Plan(before, wanted - family, operations, posted)


def _users(session: Session, wanted: set[str], posted: list[Posted]) -> set[str]:
    """Who else has to do with the lots that these operations brought, or took what they added to a lot."""
    lots = brought_lots(wanted, posted)
    return {use.operation_id for use in load_uses(session, lots)} - wanted if lots else set()


def _check_untouched(session: Session, own: Iterable[Posted]) -> None:
    added = [one for one in own if one.quantity_micros > 0]
    holdings = load_holdings(session, [one.lot_id for one in added])
    for one in added:
        if not can_give_back(holdings[one.lot_id], one.quantity_micros, one.cost_micros):
            raise ConflictError(
                f"lot {one.lot_code} no longer holds what this operation added to it; reverse what was taken since",
                lot_id=one.lot_id,
            )


def _put_back_handling(session: Session, operation_id: str) -> bool:
    """Put holds, releases and places back as they were; whether there were any."""
    holds, transfers = load_handled(session, operation_id)
    for hold in holds:
        if later := load_later_handling(session, hold):
            raise ConflictError(f"{later} held or released the same lot since; reverse that first", lot_id=hold.lot_id)
        before = {"on_hold": hold.was_on_hold, "usable_until": hold.was_usable_until}
        session.execute(update(_lots).where(_lots.c.id == hold.lot_id).values(before))
    for transfer in transfers:
        if transfer.new_lot_id is not None:
            continue  # its movements say it all
        place = (
            update(_lots)
            .where(_lots.c.id == transfer.lot_id, _lots.c.location.is_not_distinct_from(transfer.to_location))
            .values(location=transfer.from_location)
            .returning(_lots.c.id)
        )
        if session.execute(place).first() is None:
            raise ConflictError("the lot was moved again since; reverse that first", lot_id=transfer.lot_id)
    return bool(holds or transfers)


def _opposite(cost_micros: int | None) -> int | None:
    return None if cost_micros is None else -cost_micros
