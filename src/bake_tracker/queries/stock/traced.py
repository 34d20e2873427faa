"""A trace in readable form: the lots reached and every step between them, with who, when and how much."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, literal, null, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import LotNotFoundError
from bake_tracker.domain.stock.adjusting import TO_SOMEBODY
from bake_tracker.domain.stock.recall import Step, Trace, TracedLot
from bake_tracker.domain.stock.trace import IN_ANOTHER_UNIT, SPLIT, Edge, levels
from bake_tracker.domain.units import format_micros
from bake_tracker.models import (
    Adjustment,
    AssemblyRun,
    Delivery,
    Event,
    Item,
    ProductionRun,
    Recipient,
    Supplier,
    Transfer,
    UnitChange,
    tables,
)
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.stock.lots import load_same_code
from bake_tracker.queries.stock.returns import load_came_back
from bake_tracker.queries.stock.trace import trace_back, trace_forward


@dataclass(frozen=True, slots=True)
class Document:
    """The purpose of an operation; ``reference`` is its name for people."""

    kind: str
    at: datetime
    reference: str | None = None
    reason: str | None = None
    recipient: str | None = None
    household: str | None = None
    event: str | None = None


def load_trace(session: Session, lot_id: int, *, undone: bool = False, same_code: bool = False) -> Trace:
    """Trace a lot both ways to any depth, with undone steps if asked for, in a fixed number of statements.

    With ``same_code``, all lots with its code are traced together.

    Raises:
        LotNotFoundError: there is no such lot.
    """
    lot_ids = load_same_code(session, lot_id) if same_code else [lot_id]
    brought_by = set(session.scalars(select(tables.lot.c.operation_id).where(among(session, tables.lot.c.id, lot_ids))))
    if not brought_by:
        raise LotNotFoundError(lot_id)
    back, forward = trace_both(session, lot_ids, undone=undone)
    documents = load_documents(session, {*brought_by, *(edge.operation_id for edge in (*back, *forward))})
    return tell_trace(session, lot_ids, back, forward, documents, undone=undone)


def trace_both(session: Session, lot_ids: Sequence[int], *, undone: bool = False) -> tuple[list[Edge], list[Edge]]:
    """Every draw that led to one of these lots, and every draw that one of them led to; each once."""
    return trace_back(session, *lot_ids, undone=undone), trace_forward(session, *lot_ids, undone=undone)


def tell_trace(
    session: Session,
    lot_ids: Sequence[int],
    back: Sequence[Edge],
    forward: Sequence[Edge],
    documents: dict[str, Document],
    *,
    undone: bool = False,
) -> Trace:
    """A trace of these lots in readable form; ``documents`` describes its operations."""
    depth = {key: -level for key, level in levels(back, lot_ids, forward=False).items()}
    depth |= levels(forward, lot_ids, forward=True)
    lots = load_traced_lots(session, depth, documents)
    house = load_bakery(session)
    trace: Trace = {
        "lot": lots[lot_ids[0]],
        "lots": [lots[key] for key in sorted(lots, key=lambda key: (depth[key], key))],
        "back": _steps(session, back, lots, documents, house, undone=undone),
        "forward": _steps(session, forward, lots, documents, house, undone=undone),
    }
    if len(lot_ids) > 1:
        trace["same_code"] = [lots[key] for key in lot_ids]
    return trace


def load_traced_lots(session: Session, depth: dict[int, int], documents: dict[str, Document]) -> dict[int, TracedLot]:
    """These lots, each at its depth."""
    parent = tables.lot.alias()
    rows = session.execute(
        select(
            tables.lot,
            Item.slug,
            Item.name.label("item_name"),
            Item.kind,
            Item.base_unit,
            Supplier.name.label("supplier"),
            Supplier.details,
            Delivery.document,
            parent.c.code.label("split_from"),
            exists().where(tables.reversal.c.reversed_operation_id == tables.lot.c.operation_id).label("is_undone"),
        )
        .join(Item, Item.id == tables.lot.c.item_id)
        .outerjoin(Supplier, Supplier.id == tables.lot.c.supplier_id)
        .outerjoin(Delivery, Delivery.operation_id == tables.lot.c.operation_id)
        .outerjoin(parent, and_(parent.c.id == tables.lot.c.parent_lot_id, parent.c.item_id == tables.lot.c.item_id))
        .where(among(session, tables.lot.c.id, depth))
    )
    return {row.id: _traced_lot(row, depth[row.id], documents.get(row.operation_id)) for row in rows}


def load_documents(session: Session, operation_ids: Collection[str]) -> dict[str, Document]:
    """The purposes of these operations, if they are runs, adjustments, moves or lots in another unit."""
    found: dict[str, Document] = {}
    for kind, name, run, at in (
        ("baked", "production", ProductionRun, ProductionRun.produced_at),
        ("packed", "assembly", AssemblyRun, AssemblyRun.assembled_at),
    ):
        runs = (
            select(run.operation_id, run.id, at.label("at"), Event.name)
            .outerjoin(Event, Event.id == run.event_id)
            .where(among(session, run.__table__.c.operation_id, operation_ids))
        )
        for row in session.execute(runs):
            found[row.operation_id] = Document(kind, row.at, f"{name}:{row.id}", event=row.name)
    adjusted = (
        select(
            Adjustment.operation_id,
            Adjustment.kind,
            Adjustment.happened_at,
            Adjustment.reason,
            Recipient.name.label("recipient"),
            Recipient.household,
            Event.name.label("event"),
            Supplier.name.label("supplier"),
        )
        .join(tables.lot, tables.lot.c.id == Adjustment.lot_id)
        .outerjoin(Supplier, Supplier.id == tables.lot.c.supplier_id)
        .outerjoin(Recipient, Recipient.id == Adjustment.recipient_id)
        .outerjoin(Event, Event.id == Adjustment.event_id)
        .where(among(session, Adjustment.__table__.c.operation_id, operation_ids))
    )
    for one in session.execute(adjusted):  # all lines of an adjustment have the same kind, reason and customer
        whose = one.supplier if one.kind == "sent back" else one.recipient
        found[one.operation_id] = Document(one.kind, one.happened_at, None, one.reason, whose, one.household, one.event)
    moved = select(
        literal(SPLIT).label("kind"),
        Transfer.operation_id,
        Transfer.happened_at,
        Transfer.to_location,
        Transfer.reason,
    ).where(among(session, Transfer.__table__.c.operation_id, operation_ids), Transfer.new_lot_id.is_not(None))
    carried = select(literal(IN_ANOTHER_UNIT), UnitChange.operation_id, UnitChange.happened_at, null(), null()).where(
        among(session, UnitChange.__table__.c.operation_id, operation_ids), UnitChange.new_lot_id.is_not(None)
    )
    parts: Sequence[Any] = session.execute(union_all(moved, carried)).all()
    for part in parts:
        found[part.operation_id] = Document(part.kind, part.happened_at, part.to_location, part.reason)
    return found


def _steps(
    session: Session,
    edges: Sequence[Edge],
    lots: dict[int, TracedLot],
    documents: dict[str, Document],
    house: BakeryInfo,
    *,
    undone: bool,
) -> list[Step]:
    """Every edge with its operation's purpose, in order of time."""
    because = _load_undone(session, {edge.operation_id for edge in edges}) if undone else {}
    found: list[tuple[Any, Step]] = []
    unknown = {edge.operation_id for edge in edges} - documents.keys()
    others = _load_names(session, unknown) if unknown else {}
    handed_over = {key for key, document in documents.items() if document.kind in TO_SOMEBODY}
    came_back = load_came_back(session, handed_over) if handed_over else {}
    for edge in edges:
        document = documents.get(edge.operation_id) or others[edge.operation_id]
        source, made = lots[edge.from_lot_id], lots.get(edge.into_lot_id or 0)
        step: Step = {
            "operation_id": edge.operation_id,
            "kind": document.kind,
            "reference": document.reference,
            "on": house.local_day(document.at).isoformat(),
            "from_lot_id": edge.from_lot_id,
            "from_lot_code": source["lot_code"],
            "into_lot_id": edge.into_lot_id,
            "into_lot_code": made["lot_code"] if made else None,
            "quantity": format_micros(edge.quantity_micros),
            "unit": source["unit"],
            "recipient": document.recipient,
            "household": document.household,
            "event": document.event,
            "reason": document.reason,
            "undone_because": because.get(edge.operation_id),
        }
        if back := came_back.get((edge.operation_id, edge.from_lot_id)):
            step["came_back"] = format_micros(back)
        found.append(((document.at, edge.operation_id, edge.from_lot_id, edge.into_lot_id or 0), step))
    return [step for _, step in sorted(found, key=lambda pair: pair[0])]


def _load_undone(session: Session, operation_ids: Collection[str]) -> dict[str, str]:
    wanted = among(session, tables.reversal.c.reversed_operation_id, operation_ids)
    rows = session.execute(select(tables.reversal.c.reversed_operation_id, tables.reversal.c.reason).where(wanted))
    return {row.reversed_operation_id: row.reason for row in rows}


def _load_names(session: Session, operation_ids: Collection[str]) -> dict[str, Document]:
    """Operations that draw without a stated purpose; only a tampered ledger has them."""
    wanted = among(session, tables.operation.c.id, operation_ids)
    rows = session.execute(
        select(tables.operation.c.id, tables.operation.c.name, tables.operation.c.recorded_at).where(wanted)
    )
    return {row.id: Document(row.name, row.recorded_at) for row in rows}


def _traced_lot(row: Any, level: int, document: Document | None) -> TracedLot:
    return {
        "lot_id": row.id,
        "lot_code": row.code,
        "item_slug": row.slug,
        "item_name": row.item_name,
        "item_kind": row.kind,
        "quantity": format_micros(row.quantity_micros),
        "on_hand": format_micros(row.remaining_micros),
        "unit": row.base_unit,
        "brought_by": document.kind if document else "received",
        "operation_id": row.operation_id,
        "reference": row.document or (document.reference if document and document.kind != SPLIT else None),
        "brought_on": row.received_on.isoformat(),
        "expires_on": row.expires_on.isoformat() if row.expires_on else None,
        "supplier": row.supplier,
        "supplier_details": row.details,
        "location": row.location,
        "split_from": row.split_from,
        "state": _state(row),
        "level": level,
    }


def _state(row: Any) -> str:
    if row.is_undone:
        return "undone"
    if row.remaining_micros == 0:
        return "used up"
    return "on hold" if row.on_hold else "on hand"
