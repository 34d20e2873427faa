"""The lots that operations used, for trees drawn from the log."""

from collections import defaultdict
from collections.abc import Collection
from typing import TypedDict
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bake_tracker.domain.units import format_micros
from bake_tracker.models import Item, Lot, Operation
from bake_tracker.models.ledger import Movement


class ConsumedLot(TypedDict):
    """The quantity an operation used from one lot."""

    lot_code: str
    item_slug: str
    quantity: str
    unit: str


# By transaction, because one may hold ten thousand operations.
_TAKEN = (
    select(Movement.operation_id, Lot.code, Item.slug, Item.base_unit, Movement.quantity_micros)
    .join(Operation, Operation.id == Movement.operation_id)
    .join(Lot, Lot.id == Movement.lot_id)
    .join(Item, Item.id == Lot.item_id)
    .where(Operation.transaction_id.in_(bindparam("transactions", expanding=True)), Movement.quantity_micros < 0)
    .order_by(Movement.id)
)


def load_consumed(session: Session, transaction_ids: Collection[str]) -> dict[str, list[ConsumedLot]]:
    """The lots used, in order, by operation of these transactions; one statement."""
    consumed: defaultdict[str, list[ConsumedLot]] = defaultdict(list)
    for operation_id, code, slug, unit, micros in session.execute(
        _TAKEN, {"transactions": sorted(filter(_is_uuid, transaction_ids))}
    ):
        consumed[operation_id].append(
            {"lot_code": code, "item_slug": slug, "quantity": format_micros(-micros), "unit": unit}
        )
    return dict(consumed)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
