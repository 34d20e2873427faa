"""Recall a lot: put it, and everything made from it, on hold."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.queries.stock.lots import LotState, load_lot, load_lots, load_same_code
from bake_tracker.queries.stock.recall import affected_lots, load_lots_on_hand
from bake_tracker.queries.stock.trace import trace_forward
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.handling import HandledLot, shown_lots
from bake_tracker.services.stock.ledger import load_locked
from bake_tracker.services.stock.places import handle_lots

RECORD = Kind(
    "record_recall",
    "recall_service",
    "Recalled a lot",
    success_fields=("lot_id", "lot_code", "affected_count", "held_count", "held_before_count", "reason"),
)


class RecalledLot(TypedDict):
    """One of several recalled lots that have the same code."""

    lot_id: int
    lot_code: str
    item_slug: str


class RecallResult(TypedDict):
    """A recalled lot, how many lots it affects, and which are on hold now or already were.

    ``same_code`` lists all recalled lots if several have its code.
    """

    operation_id: str
    lot_id: int
    lot_code: str
    reason: str
    affected_count: int
    held_count: int
    held: list[HandledLot]
    held_before_count: int
    held_before: list[HandledLot]
    same_code: NotRequired[list[RecalledLot]]


def record_recall(
    lot_id: int,
    *,
    session: Session,
    reason: str | None = None,
    same_code: bool = False,
    operation_id: UUID | str | None = None,
) -> RecallResult:
    """Put a lot, and every lot made from it, on hold, in the caller's transaction.

    With ``same_code``, all lots with its code are recalled. Lots that are already on hold are
    listed separately. ``queries.stock.recall`` shows who has the rest; a drill runs only that.

    Raises:
        ValidationError: an argument is not allowed.
        LotNotFoundError: there is no such lot.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        wanted = given.key("lot_id", lot_id)
        why = None if reason is None else given.name("reason", reason, limit=1_000)
        is_by_code = given.flag("same_code", same_code)
        given.done()
        asked = {"lot_id": wanted, "reason": why} | ({"same_code": True} if is_by_code else {})
        if done := operation.claim(asked):
            return cast(RecallResult, done)

        lot = load_lot(session, wanted)
        why = why or f"recall of {lot.code}"
        lot_ids, affected, on_hand = _locked(operation, wanted, is_by_code)
        held = [one for one in on_hand if not one.on_hold]
        before = [one for one in on_hand if one.on_hold]
        handle_lots(operation, held, "hold", why)
        result = RecallResult(
            operation_id=operation.id,
            lot_id=lot.lot_id,
            lot_code=lot.code,
            reason=why,
            affected_count=len(affected),
            held_count=len(held),
            held=shown_lots(held),
            held_before_count=len(before),
            held_before=shown_lots(before),
        )
        if len(lot_ids) > 1:
            lots = load_lots(session, lot_ids)
            result["same_code"] = [
                {"lot_id": key, "lot_code": lots[key].code, "item_slug": lots[key].item_slug} for key in lot_ids
            ]
        return operation.succeed(result)


def _locked(operation: Operation, lot_id: int, is_by_code: bool) -> tuple[Sequence[int], set[int], list[LotState]]:
    """The recalled lots, all affected ones and the open ones among these, with their items locked."""

    def load() -> tuple[Sequence[int], set[int], list[LotState]]:
        session = operation.session
        lot_ids = load_same_code(session, lot_id) if is_by_code else [lot_id]
        affected = affected_lots(lot_ids, trace_forward(session, *lot_ids))
        return lot_ids, affected, list(load_lots(session, load_lots_on_hand(session, affected)).values())

    return load_locked(operation, load, lambda found: {lot.item_id for lot in found[2]})
