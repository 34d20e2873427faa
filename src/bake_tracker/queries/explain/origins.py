"""The origins of a lot or an operation, back to the receipts: the lots used, why those, and their cost.

A lot is explained in full once; after that, ``shown_above`` refers to it, so shared lots do not lengthen the tree.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, TypedDict

from sqlalchemy import bindparam, case, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import divide_half_even, format_money, negated
from bake_tracker.domain.stock.cost_shares import Input, Source, kept_cost, shares_of_receipts
from bake_tracker.domain.stock.outputs import divide
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.explain.passed_over import PassedOver, load_passed_over
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.costs import brought_cost_now, cost_now
from bake_tracker.queries.operations.reversal import stands

MAX_DEPTH = 20
"""The deepest level shown, because a page has no room for more; the tree names the lot to continue with."""

COMPARED = 20
"""The most operations whose passed-over lots are listed, because each is compared with all lots of the items it used.
"""


class ReceiptShare(TypedDict):
    """A receipt's share in a lot, by quantity and cost (None if the receipt has no price)."""

    lot_id: int
    lot_code: str
    item_slug: str
    supplier: str | None
    quantity: str
    unit: str
    cost: str | None


class LaterCost(TypedDict):
    """A statement about a lot that was received before, and what it added to its cost."""

    operation_id: str
    kind: str
    document: str | None
    stated_on: str
    change: str


class ExplainedLot(TypedDict):
    """A lot as it came in, its operation, and what that operation used. Costs are as known now.

    ``unit_cost`` is the sum of the draws' ``unit_share``. ``lacks_price`` lists the receipts without a price, which
    make it unknown.
    """

    lot_id: int
    lot_code: str
    item_slug: str
    quantity: str
    unit: str
    cost: str | None
    cost_as_recorded: str | None
    unit_cost: str | None
    received_on: str
    expires_on: str | None
    supplier: str | None
    operation: str
    operation_id: str
    loss_cost: str | None
    shown_above: bool
    cut_off: bool
    used: list["ExplainedDraw"]
    receipts: list[ReceiptShare]
    stated: list[LaterCost]
    lacks_price: list[str]


class ExplainedDraw(TypedDict):
    """A draw from a lot, why from this one, and the lots passed over; ``unit_share`` is its share of one unit."""

    quantity: str
    cost: str | None
    unit_share: str | None
    why: str
    passed_over: list[PassedOver]
    lot: ExplainedLot


@dataclass(slots=True)
class Ledger:
    """The movements of operations and of everything their lots were made from, and the lots shown so far."""

    rows: dict[str, list[Any]]
    passed_over: dict[tuple[str, int], list[PassedOver]]
    stated: dict[int, list[LaterCost]]
    shares: dict[str, dict[int, Fraction]]
    told: set[int] = field(default_factory=set)
    brought: dict[int, Any] = field(default_factory=dict)
    sources: dict[int, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.brought = {row.lot_id: row for rows in self.rows.values() for row in rows if is_bringing(row)}
        self.sources = {lot_id: self._source(row) for lot_id, row in self.brought.items()}

    def draws_of(self, operation_id: str) -> list[Any]:
        """An operation's draws."""
        return [row for row in self.rows.get(operation_id, []) if row.quantity_micros < 0]

    def _source(self, row: Any) -> Source:
        inputs = [
            Input(taken.lot_id, -taken.quantity_micros, negated(taken.cost_micros))
            for taken in self.draws_of(row.made_by)
        ]
        planned, made = row.output_planned_micros or row.expected_yield_micros, row.quantity_micros
        kept = Fraction(made, planned) if planned and made < planned else Fraction(1)
        share = Fraction(row.share) if row.share else Fraction(1)
        return Source(row.lot_id, made, row.lot_cost_micros, inputs, kept * share)


def explain_lots(session: Session, lot_ids: Iterable[int]) -> list[ExplainedLot]:
    """Explain each lot with everything it was made from, at any depth; five statements.

    One more if a production among it had several products.
    """
    wanted = list(lot_ids)
    made_by = select(tables.lot.c.id, tables.lot.c.operation_id).where(tables.lot.c.id.in_(wanted))
    operations = {row.id: row.operation_id for row in session.execute(made_by)}
    ledger = load_ledger(session, [operations[lot_id] for lot_id in wanted])
    return [explain_lot(ledger.brought[lot_id], ledger) for lot_id in wanted]


def load_ledger(session: Session, operation_ids: Sequence[str]) -> Ledger:
    """Everything these operations used, at any depth, and the lots that the first of them passed over."""
    first = list(dict.fromkeys(operation_ids))[:COMPARED]
    rows = _load_movements(session, operation_ids)
    brought = [row.movement_id for of_one in rows.values() for row in of_one if is_bringing(row)]
    several = {row.made_by for of_one in rows.values() for row in of_one if row.share}
    return Ledger(
        rows, load_passed_over(session, first), _load_stated(session, brought), _load_shares(session, several)
    )


def is_bringing(row: Any) -> bool:
    """Whether a movement is the one that added its lot."""
    return bool(row.quantity_micros > 0 and row.made_by == row.by_operation_id)


def explain_lot(row: Any, ledger: Ledger, depth: int = 0) -> ExplainedLot:
    """Explain a lot and what its operation used; only the root of the tree totals the receipts."""
    again, too_deep = row.lot_id in ledger.told, depth > MAX_DEPTH
    ledger.told.add(row.lot_id)
    receipts = _receipts(row, ledger) if depth == 0 and not again else []
    inputs = ledger.sources[row.lot_id].inputs
    spent = [taken.cost_micros for taken in inputs]
    lost = None
    if inputs and row.lot_cost_micros is not None and None not in spent:
        total, shares = sum(cost for cost in spent if cost is not None), ledger.shares.get(row.made_by, {})
        part = divide(total, [*shares.values()])[[*shares].index(row.output_id)] if shares else total
        lost = part - row.lot_cost_micros
    return {
        "lot_id": row.lot_id,
        "lot_code": row.code,
        "item_slug": row.slug,
        "quantity": format_micros(row.quantity_micros),
        "unit": row.base_unit,
        "cost": format_money(row.lot_cost_micros),
        "cost_as_recorded": format_money(row.recorded_cost_micros),
        "unit_cost": format_money(_per_unit(row.lot_cost_micros, row.quantity_micros)),
        "received_on": row.received_on.isoformat(),
        "expires_on": _iso(row.expires_on),
        "supplier": row.supplier,
        "operation": row.operation,
        "operation_id": row.made_by,
        "loss_cost": format_money(lost),
        "shown_above": again,
        "cut_off": too_deep and not again,
        "used": [] if again or too_deep else explain_draws(row.made_by, ledger, row, depth),
        "receipts": receipts,
        "stated": [] if inputs or again else ledger.stated.get(row.lot_id, []),
        "lacks_price": [share["lot_code"] for share in receipts if share["cost"] is None],
    }


def explain_draws(operation_id: str, ledger: Ledger, made: Any = None, depth: int = 0) -> list[ExplainedDraw]:
    """An operation's draws, lot by lot; passed-over lots are listed with the last draw of their item."""
    rows = ledger.draws_of(operation_id)
    last_of_item = {row.item_id: row.lot_id for row in rows}
    kept = Fraction(1) if made is None else kept_cost(ledger.sources[made.lot_id])
    return [
        {
            "quantity": format_micros(-row.quantity_micros),
            "cost": format_money(negated(row.cost_micros)),
            "unit_share": None if made is None else _unit_share(row, made, kept),
            "why": _why_then(row),
            "passed_over": (
                ledger.passed_over.get((operation_id, row.item_id), [])
                if last_of_item[row.item_id] == row.lot_id
                else []
            ),
            "lot": explain_lot(ledger.brought[row.lot_id], ledger, depth + 1),
        }
        for row in rows
    ]


def why(pick_policy: str, received_on: date, expires_on: date | None) -> str:
    """Why this lot is drawn."""
    if pick_policy == "fifo":
        return f"oldest lot of this item: received {received_on} (FIFO)"
    if expires_on is None:
        return f"no lot of this item expires sooner; this is the oldest: received {received_on} (FEFO)"
    return f"first lot of this item to expire: {expires_on} (FEFO)"


def _why_then(row: Any) -> str:
    """Why a lot was drawn from, as recorded; before reasons were recorded, only the policy chose for a run."""
    if row.operation == "record_unit_change":
        return "all of the lot, to be kept in another unit"
    if row.reason == "chosen":
        said = next((one for one in _said(row.chosen_result) if one.get("lot_id") == row.lot_id), {})
        because = f": {said['reason']}" if said.get("reason") else ""
        instead = f" instead of {said['instead_of']}" if said.get("instead_of") else ""
        return f"this lot was named{instead}{because}"
    if row.reason == "reversal":
        return "taken back by an undo"
    if row.reason is None and row.operation not in ("record_batch_production", "record_assembly"):
        return "why this lot was not recorded then"
    return why(row.pick_policy, row.received_on, row.expires_on)


def _said(result: str | None) -> list[dict[str, Any]]:
    found = json.loads(result) if result else {}
    return found.get("used", []) if isinstance(found, dict) else []


def _receipts(row: Any, ledger: Ledger) -> list[ReceiptShare]:
    is_receipt = not ledger.sources[row.lot_id].inputs
    if is_receipt and row.lot_cost_micros is not None:
        return []  # it is its own receipt, and has a price
    shares = shares_of_receipts(row.lot_id, ledger.sources)
    told: list[ReceiptShare] = []
    for share in shares:
        receipt = ledger.brought[share.lot_id]
        told.append(
            {
                "lot_id": share.lot_id,
                "lot_code": receipt.code,
                "item_slug": receipt.slug,
                "supplier": receipt.supplier,
                "quantity": format_micros(round(share.quantity_micros)),
                "unit": receipt.base_unit,
                "cost": format_money(None if share.cost_micros is None else round(share.cost_micros)),
            }
        )
    return sorted(told, key=lambda one: (one["item_slug"], one["lot_id"]))


def _load_movements(session: Session, operation_ids: Collection[str]) -> dict[str, list[Any]]:
    """Every movement of these operations and of everything their lots were made from, by operation."""
    start = select(tables.operation.c.id.label("id")).where(tables.operation.c.id.in_(bindparam("ids", expanding=True)))
    below = start.cte("below", recursive=True)
    below = below.union(
        select(tables.lot.c.operation_id)
        .join(movements, movements.c.lot_id == tables.lot.c.id)
        .join(below, below.c.id == movements.c.operation_id)
        .where(movements.c.quantity_micros < 0)
    )
    rows: Sequence[Any] = session.execute(
        select(
            movements.c.id.label("movement_id"),
            movements.c.operation_id.label("by_operation_id"),
            movements.c.lot_id,
            movements.c.quantity_micros,
            cost_now(movements, tables.lot).label("cost_micros"),
            movements.c.reason,
            case((movements.c.reason == "chosen", tables.operation.c.result)).label("chosen_result"),
            tables.lot.c.item_id,
            tables.lot.c.code,
            tables.lot.c.cost_micros.label("recorded_cost_micros"),
            brought_cost_now(tables.lot).label("lot_cost_micros"),
            tables.lot.c.operation_id.label("made_by"),
            tables.lot.c.received_on,
            tables.lot.c.expires_on,
            tables.item.c.slug,
            tables.item.c.base_unit,
            tables.item.c.pick_policy,
            tables.operation.c.name.label("operation"),
            tables.supplier.c.name.label("supplier"),
            tables.production_run.c.expected_yield_micros,
            tables.production_output.c.expected_yield_micros.label("output_planned_micros"),
            tables.production_output.c.id.label("output_id"),
            tables.production_output.c.share,
        )
        .join(below, below.c.id == movements.c.operation_id)
        .join(tables.operation, tables.operation.c.id == movements.c.operation_id)
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .outerjoin(tables.supplier, tables.supplier.c.id == tables.lot.c.supplier_id)
        .outerjoin(tables.production_run, tables.production_run.c.operation_id == movements.c.operation_id)
        .outerjoin(tables.production_output, tables.production_output.c.lot_id == movements.c.lot_id)
        .order_by(movements.c.id),
        {"ids": sorted(operation_ids)},
    ).all()
    by_operation: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_operation[row.by_operation_id].append(row)
    return dict(by_operation)


def _load_shares(session: Session, operation_ids: Collection[str]) -> dict[str, dict[int, Fraction]]:
    """The share of each product of these operations, by its row; one statement if any made several."""
    shares: defaultdict[str, dict[int, Fraction]] = defaultdict(dict)
    if operation_ids:
        output = tables.production_output
        rows = select(output.c.operation_id, output.c.id, output.c.share).order_by(output.c.id)
        for operation_id, key, share in session.execute(
            rows.where(among(session, output.c.operation_id, operation_ids))
        ):
            shares[operation_id][key] = Fraction(share)
    return shares


def _load_stated(session: Session, brought: Collection[int]) -> dict[int, list[LaterCost]]:
    """What statements said later of the movements that brought lots; two statements."""
    house, line, statement = load_bakery(session), tables.cost_statement_line, tables.cost_statement
    rows = session.execute(
        select(line.c.lot_id, line.c.cost_micros, statement)
        .join(statement, statement.c.id == line.c.cost_statement_id)
        .where(among(session, line.c.movement_id, brought), stands(line.c.operation_id))
        .order_by(statement.c.id)
    )
    stated: defaultdict[int, list[LaterCost]] = defaultdict(list)
    for row in rows:
        stated[row.lot_id].append(
            {
                "operation_id": row.operation_id,
                "kind": row.kind,
                "document": row.document,
                "stated_on": house.local_day(row.stated_at).isoformat(),
                "change": format_money(row.cost_micros) or "",
            }
        )
    return stated


def _per_unit(cost_micros: int | None, quantity_micros: int) -> int | None:
    return None if cost_micros is None else divide_half_even(cost_micros * MICRO, quantity_micros)


def _unit_share(row: Any, made: Any, kept: Fraction) -> str | None:
    if row.cost_micros is None:
        return None
    return format_money(round(-row.cost_micros * kept * MICRO / made.quantity_micros))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
