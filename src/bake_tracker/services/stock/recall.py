"""Recall a lot: put it, and everything made from it, on hold."""

from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.queries.stock.lots import LotState, load_lot, load_lots
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


class RecallResult(TypedDict):
    """A recalled lot, how many lots it affects, and which are on hold now or already were."""

    operation_id: str
    lot_id: int
    lot_code: str
    reason: str
    affected_count: int
    held_count: int
    held: list[HandledLot]
    held_before_count: int
    held_before: list[HandledLot]


def record_recall(
    lot_id: int, *, session: Session, reason: str | None = None, operation_id: UUID | str | None = None
) -> RecallResult:
    """Put a lot, and every lot made from it, on hold, in the caller's transaction.

    Lots that are already on hold are listed separately. ``queries.stock.recall`` shows who has the rest; a drill runs
    only that.

    Raises:
        ValidationError: an argument is not allowed.
        LotNotFoundError: there is no such lot.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        wanted = given.key("lot_id", lot_id)
        why = None if reason is None else given.name("reason", reason, limit=1_000)
        given.done()
        if done := operation.claim({"lot_id": wanted, "reason": why}):
            return cast(RecallResult, done)

        lot = load_lot(session, wanted)
        why = why or f"recall of {lot.code}"
        affected, on_hand = _locked(operation, wanted)
        held = [one for one in on_hand if not one.on_hold]
        before = [one for one in on_hand if one.on_hold]
        handle_lots(operation, held, "hold", why)
        return operation.succeed(
            RecallResult(
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
        )


def _locked(operation: Operation, lot_id: int) -> tuple[set[int], list[LotState]]:
    """All affected lots and the open ones among them, with their items locked against other writers."""

    def load() -> tuple[set[int], list[LotState]]:
        affected = affected_lots(lot_id, trace_forward(operation.session, lot_id))
        return affected, list(load_lots(operation.session, load_lots_on_hand(operation.session, affected)).values())

    return load_locked(operation, load, lambda found: {lot.item_id for lot in found[1]})
