"""A recall: everything a lot reached, what is still here, who has the rest, and whether it adds up."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import LotNotFoundError
from bake_tracker.domain.stock.adjusting import TO_SOMEBODY
from bake_tracker.domain.stock.recall import LotBalance, Recall, Run, Step, Trace, TracedLot
from bake_tracker.domain.stock.trace import Balance, Edge, Moved, balance_of
from bake_tracker.domain.units import format_exact, format_micros
from bake_tracker.models import Lot, tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.stock.lots import load_same_code
from bake_tracker.queries.stock.traced import Document, load_documents, tell_trace, trace_both


def load_recall(session: Session, lot_id: int, *, same_code: bool = False) -> Recall:
    """Load a lot, everything it came from and everything made from it; writes nothing.

    With ``same_code``, it is about all lots with the code of this one.

    Raises:
        LotNotFoundError: there is no such lot.
    """
    lot_ids = load_same_code(session, lot_id) if same_code else [lot_id]
    back, forward = trace_both(session, lot_ids)
    affected = affected_lots(lot_ids, forward)
    moves = _load_moves(session, affected)
    if lot_id not in moves and session.get(Lot, lot_id) is None:
        raise LotNotFoundError(lot_id)
    operations = {edge.operation_id for edge in back} | {row.operation_id for rows in moves.values() for row in rows}
    documents = load_documents(session, operations)
    trace = tell_trace(session, lot_ids, back, forward, documents)
    lots = [lot for lot in trace["lots"] if lot["lot_id"] in affected]
    on_hand = _load_on_hand(session, affected)
    balances = {
        lot["lot_id"]: balance_of(lot["operation_id"], _named(moves[lot["lot_id"]], documents), on_hand[lot["lot_id"]])
        for lot in lots
    }
    recall: Recall = {
        "bakery": load_bakery(session).name,
        "lot": trace["lot"],
        "lots": lots,
        "runs": _runs(trace, lots),
        "handed_over": list(_still_out(trace["forward"])),
        "balance": [_balance(lot, balances[lot["lot_id"]]) for lot in lots],
        "is_balanced": not any(one.remainder_micros for one in balances.values()),
        "trace": trace,
    }
    if "same_code" in trace:
        recall["same_code"] = trace["same_code"]
    return recall


def _still_out(steps: Iterable[Step]) -> Iterator[Step]:
    """What somebody outside still has, without what came back; a supplier still has the goods that were sent back."""
    for step in steps:
        left = Fraction(step["quantity"]) - Fraction(step.get("came_back", 0))
        if step["kind"] in (*TO_SOMEBODY, "sent back") and left > 0:
            yield {**step, "quantity": format_exact(left)}


def affected_lots(lot_ids: Iterable[int], forward: Collection[Edge]) -> set[int]:
    """These lots and every lot made from them."""
    return {*lot_ids, *(edge.into_lot_id for edge in forward if edge.into_lot_id is not None)}


def load_lots_on_hand(session: Session, lot_ids: Collection[int]) -> list[int]:
    """The open lots among these."""
    left = select(tables.lot.c.id).where(among(session, tables.lot.c.id, lot_ids), tables.lot.c.remaining_micros > 0)
    return list(session.scalars(left.order_by(tables.lot.c.id)))


def _load_moves(session: Session, lot_ids: Collection[int]) -> defaultdict[int, list[Any]]:
    """Every movement of these lots that was not undone."""
    operation_id = movements.c.operation_id
    rows = session.execute(
        select(movements.c.lot_id, operation_id, movements.c.quantity_micros)
        .where(
            among(session, movements.c.lot_id, lot_ids),
            ~exists().where(tables.reversal.c.reversed_operation_id == operation_id),
            ~exists().where(tables.reversal.c.operation_id == operation_id),
        )
        .order_by(movements.c.id)
    )
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.lot_id].append(row)
    return found


def _load_on_hand(session: Session, lot_ids: Collection[int]) -> dict[int, int]:
    rows = session.execute(
        select(tables.lot.c.id, tables.lot.c.remaining_micros).where(among(session, tables.lot.c.id, lot_ids))
    )
    return {row.id: row.remaining_micros for row in rows}


def _named(rows: Iterable[Any], documents: Mapping[str, Document]) -> Iterator[Moved]:
    for row in rows:
        document = documents.get(row.operation_id)
        yield Moved(row.operation_id, document.kind if document else None, row.quantity_micros)


def _runs(trace: Trace, lots: Iterable[TracedLot]) -> list[Run]:
    """What each run used from the affected lots, in order of time; once for each lot that it made."""
    made = {lot["lot_id"]: lot for lot in lots}
    runs: dict[tuple[str, int | None], Run] = {}
    for step in trace["forward"]:
        if step["kind"] not in ("baked", "packed"):
            continue
        lot = made.get(step["into_lot_id"] or 0)
        run = runs.setdefault(
            (step["operation_id"], step["into_lot_id"]),
            {
                "operation_id": step["operation_id"],
                "kind": step["kind"],
                "reference": step["reference"],
                "on": step["on"],
                "event": step["event"],
                "used": [],
                "lot_code": lot["lot_code"] if lot else None,
                "item_slug": lot["item_slug"] if lot else None,
                "made": lot["quantity"] if lot else "0",
                "unit": lot["unit"] if lot else None,
            },
        )
        run["used"].append(f"{step['quantity']} {step['unit']} of {step['from_lot_code']}")
    return list(runs.values())


def _balance(lot: TracedLot, one: Balance) -> LotBalance:
    return {
        "lot_id": lot["lot_id"],
        "lot_code": lot["lot_code"],
        "item_slug": lot["item_slug"],
        "unit": lot["unit"],
        "brought_by": lot["brought_by"],
        "brought": format_micros(one.brought_micros),
        "used": format_micros(one.used_micros),
        "on_hand": format_micros(one.on_hand_micros),
        "waste": format_micros(one.waste_micros),
        "handed_over": format_micros(one.handed_over_micros),
        "adjusted": format_micros(one.adjusted_micros),
        "found": format_micros(one.found_micros),
        "split_out": format_micros(one.split_micros),
        "remainder": format_micros(one.remainder_micros),
    }
