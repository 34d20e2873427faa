"""Where stock went, by kind: baked, packed, thrown away, corrected and so on, the largest first."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, TypedDict

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money, negated
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.operations.costs import cost_now
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.stock.as_of import Instant

DAILY = frozenset({"record_batch_production", "record_assembly", "sale"})
"""Kinds of outflow of which there are many, so that one of them rarely explains anything."""
WENT = {
    "record_batch_production": "baked",
    "record_assembly": "packed",
    "sale": "sold",
    "waste": "thrown away",
    "spoilage": "spoiled",
    "gift": "given away",
    "sample": "given as samples",
    "sent back": "sent back",
    "return": "brought back",
    "correction": "corrected",
    "stocktake": "corrected by counts",
    "record_transfer": "moved",
    "record_unit_change": "moved to another unit",
    "record_reversal": "undone",
}
"""Words for the kinds of outflow."""

_WITHIN_AN_ITEM = ("record_transfer", "record_unit_change")
"""They move stock between lots of one item."""


class Outflow(TypedDict):
    """One change by which stock went out or came back; ``into`` is the lot made from it."""

    operation_id: str
    operation: str
    transaction_id: str
    at: str
    actor: str | None
    reason: str | None
    lot_code: str
    quantity: str
    cost: str | None
    into: str | None


class KindOfOutflow(TypedDict):
    """All changes of one kind: the kind of an adjustment, or the operation's name; the largest of them are listed.

    What was undone since does not count.
    """

    kind: str
    direction: Literal["out", "in"]
    quantity: str
    count: int
    largest: list[Outflow]


def load_lot_outflows(
    session: Session,
    lot_ids: Collection[int],
    limit: int,
    since: datetime | None = None,
    until: Instant | None = None,
) -> dict[int, list[KindOfOutflow]]:
    """Where each lot went after it came in, in one statement."""
    return _load(session, movements.c.lot_id, tables.lot.c.id.in_(sorted(lot_ids)), limit, since, until)


def load_item_outflows(
    session: Session, item_id: int, limit: int, since: datetime | None = None, until: Instant | None = None
) -> list[KindOfOutflow]:
    """Where an item went, over all its lots, in one statement."""
    inside = tables.operation.c.name.not_in(_WITHIN_AN_ITEM)
    found = _load(session, tables.lot.c.item_id, and_(tables.lot.c.item_id == item_id, inside), limit, since, until)
    return found.get(item_id, [])


def _load(
    session: Session, whose: Any, which: Any, limit: int, since: datetime | None, until: Instant | None
) -> dict[int, list[KindOfOutflow]]:
    changes = _changes(whose, which, since, until)
    made = tables.lot.alias("made")
    into = select(func.min(made.c.code)).where(made.c.operation_id == changes.c.operation_id).scalar_subquery()
    cost = (
        select(cost_now(movements, tables.lot))
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .where(movements.c.id == changes.c.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(changes, into.label("into"), cost.label("cost_micros"))
        .where(changes.c.number <= limit)
        .order_by(changes.c.is_in, changes.c.total.desc(), changes.c.kind, changes.c.number)
    )
    grouped: defaultdict[int, dict[tuple[str, bool], KindOfOutflow]] = defaultdict(dict)
    for row in rows:
        kinds = grouped[row.whose]
        kind = kinds.setdefault(
            (row.kind, bool(row.is_in)),
            {
                "kind": row.kind,
                "direction": "in" if row.is_in else "out",
                "quantity": format_micros(int(row.total)),
                "count": row.how_many,
                "largest": [],
            },
        )
        kind["largest"].append(_outflow(row))
    return {key: list(kinds.values()) for key, kinds in grouped.items()}


def _changes(whose: Any, which: Any, since: datetime | None, until: Instant | None) -> Any:
    """Every standing change after a lot came in, numbered within its kind by size."""
    adjustment, transfer, reversal = tables.adjustment, tables.transfer, tables.reversal
    of_change = (adjustment.c.operation_id == movements.c.operation_id, adjustment.c.lot_id == movements.c.lot_id)
    # All lines of an adjustment have the same kind.
    adjusted = select(func.min(adjustment.c.kind)).where(*of_change).scalar_subquery()
    kind = func.coalesce(adjusted, tables.operation.c.name)
    of_transfer = (transfer.c.operation_id == movements.c.operation_id, transfer.c.lot_id == movements.c.lot_id)
    reason = func.coalesce(
        select(func.min(adjustment.c.reason)).where(*of_change).scalar_subquery(),
        select(func.min(transfer.c.reason)).where(*of_transfer).scalar_subquery(),
        reversal.c.reason,
    )
    size, is_in = func.abs(movements.c.quantity_micros), movements.c.quantity_micros > 0
    alike: dict[str, Any] = {"partition_by": (whose, kind, is_in)}
    # The opposite of a receipt is how the lot went; all other opposites cancel what they undo.
    is_standing = until.stood if until else stands
    counts = or_(is_standing(movements.c.operation_id), reversal.c.reversed_operation_id == tables.lot.c.operation_id)
    return (
        select(
            movements.c.id,
            movements.c.operation_id,
            movements.c.quantity_micros,
            whose.label("whose"),
            kind.label("kind"),
            is_in.label("is_in"),
            reason.label("reason"),
            tables.lot.c.code.label("lot_code"),
            tables.operation.c.name,
            tables.operation.c.transaction_id,
            tables.operation.c.recorded_at,
            tables.operation.c.actor,
            func.row_number().over(**alike, order_by=(size.desc(), movements.c.id)).label("number"),
            func.count().over(**alike).label("how_many"),
            func.sum(size).over(**alike).label("total"),
        )
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .join(tables.operation, tables.operation.c.id == movements.c.operation_id)
        .outerjoin(reversal, reversal.c.operation_id == movements.c.operation_id)
        .where(which, movements.c.operation_id != tables.lot.c.operation_id, movements.c.quantity_micros != 0, counts)
        .where(*([] if since is None else [movements.c.happened_at >= since]))
        .where(*([] if until is None else [until.has_come(tables.operation, movements)]))
        .subquery()
    )


def _outflow(row: Any) -> Outflow:
    return {
        "operation_id": row.operation_id,
        "operation": row.name,
        "transaction_id": row.transaction_id,
        "at": row.recorded_at.isoformat(),
        "actor": row.actor,
        "reason": row.reason,
        "lot_code": row.lot_code,
        "quantity": format_micros(abs(row.quantity_micros)),
        "cost": format_money(row.cost_micros if row.quantity_micros > 0 else negated(row.cost_micros)),
        "into": row.into,
    }
