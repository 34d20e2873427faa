"""Costs that come later: an invoice, a credit note, freight or duty for goods that are already here, used or sold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import LotNotFoundError, ValidationError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.stock.bills import KINDS, SHARED_BY, Bill, Billed, BillLine, changes_of
from bake_tracker.domain.stock.late_costs import PassedOn, pass_on, unknown_among
from bake_tracker.domain.units import MAX_TOTAL_MICROS
from bake_tracker.models import tables
from bake_tracker.queries.stock.late_costs import (
    Graph,
    load_graph,
    load_last_movement,
    load_to_withdraw,
    load_unknown,
    load_unpriced,
)
from bake_tracker.queries.stock.stated_lots import StatedLot, load_lots_of_delivery, load_stated_lots
from bake_tracker.services.operation import Kind, Operation, recording
from bake_tracker.services.stock.ledger import change_costs, load_locked

RECORD = Kind(
    "record_cost_statement",
    "cost_statement_service",
    "Stated a cost",
    success_fields=("cost_statement_id", "kind", "document", "delivery_id", "lot_count", "total_change"),
)

_add = insert(tables.cost_statement).returning(tables.cost_statement.c.id)
_add_line = insert(tables.cost_statement_line)


class StatedCost(TypedDict):
    """The whole cost of a lot before and after; the change is split into what is left of it and what left it.

    ``before`` is None if the cost was unknown.
    """

    lot_id: int
    lot_code: str
    before: str | None
    after: str
    on_hand_change: str
    passed_on_change: str


class CostStatementResult(TypedDict):
    """A recorded cost statement; amounts are signed and exact decimal strings."""

    cost_statement_id: int
    operation_id: str
    kind: str
    document: str | None
    delivery_id: int | None
    stated_at: str
    lot_count: int
    total_change: str
    lots: list[StatedCost]


def record_cost_statement(
    lines: Sequence[Mapping[str, Any]],
    *,
    session: Session,
    kind: str,
    document: str | None = None,
    stated_at: datetime | None = None,
    share_by: str | None = None,
    delivery_id: int | None = None,
    notes: str | None = None,
    operation_id: UUID | str | None = None,
) -> CostStatementResult:
    """State or change the cost of lots that were received, and pass it on to everything made of them.

    ``kind`` is invoice, credit, freight, duty or correction. A line has ``lot_id`` and either ``cost``, the whole cost
    of the lot as it was received (for an invoice or a correction), or ``amount``, a signed change. With ``share_by``
    (value, weight or quantity) and ``delivery_id``, the one line has only an ``amount``, which the lots of the delivery
    share.

    The change goes to what is left of a lot and what left it, by quantity, and on through its products, to the
    millionth. It counts from ``stated_at``: reports of earlier days do not change.

    Raises:
        ValidationError: an argument is not allowed, or a cost would fall below 0.
        LotNotFoundError, DeliveryNotFoundError: there is no such lot or delivery.
        UnitConversionError: shared by weight, and nobody has recorded what an item weighs.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        which = given.choice("kind", kind, KINDS)
        share = None if share_by is None else given.choice("share_by", share_by, SHARED_BY)
        asked = [
            _read_line(given, f"lines[{place}]", row, which, is_shared=share is not None)
            for place, row in enumerate(given.rows("lines", lines))
        ]
        number = None if document is None else given.name("document", document, limit=120)
        at = given.moment("stated_at", stated_at, operation.time_zone)
        delivery = given.optional_key("delivery_id", delivery_id)
        remark = given.text("notes", notes)
        _check_together(given, asked, share, delivery)
        given.done()
        arguments = {
            "lines": [asdict(line) for line in asked],
            "kind": which,
            "document": number,
            "stated_at": at,
            "share_by": share,
            "delivery_id": delivery,
            "notes": remark,
        }
        operation.happened("stated_at", at)
        if done := operation.claim(arguments):
            return cast(CostStatementResult, done)

        # load
        came = None if delivery is None else load_lots_of_delivery(session, delivery)
        named = [line.lot_id for line in asked if line.lot_id is not None]
        wanted = came or [] if share else named

        def load() -> tuple[dict[int, StatedLot], Graph]:
            return load_stated_lots(session, wanted), load_graph(session, wanted)

        lots, graph = load_locked(operation, load, lambda found: found[1].item_ids)

        # decide
        _check_may_be_stated(lots, named, came, operation.today)
        billed = {key: Billed(one.code, one.item, one.quantity, _cost(graph, key)) for key, one in lots.items()}
        changes = changes_of(Bill(which, share, asked), billed, operation.house.decimals)
        passed = pass_on(changes, graph.lots, graph.taken, graph.operations, graph.returned)
        _check_countable(graph, passed)

        # write
        row = {
            "operation_id": operation.id,
            "kind": which,
            "document": number,
            "stated_at": operation.at,
            "share_by": share,
            "delivery_id": delivery,
            "notes": remark,
            "last_movement_id": load_last_movement(session),
        }
        statement_id: int = session.execute(_add, row).scalar_one()
        _post(operation, statement_id, graph, passed)
        return operation.succeed(
            CostStatementResult(
                cost_statement_id=statement_id,
                operation_id=operation.id,
                kind=which,
                document=number,
                delivery_id=delivery,
                stated_at=operation.at.isoformat(),
                lot_count=len(changes),
                total_change=format_money(sum(changes.values())) or "",
                lots=[_stated(lots[key], billed[key].cost_micros, changes[key], passed) for key in sorted(changes)],
            )
        )


def withdraw_costs(operation: Operation, statement_operation_id: str) -> dict[int, int]:
    """Post the opposite of a statement, for movements that still stand; return what it had added to each lot.

    A lot that has its cost only from this statement has none again. The caller has locked the items.
    """
    session = operation.session
    added = load_to_withdraw(session, statement_operation_id)
    unpriced = list(load_unpriced(session, lot_ids=added, without=statement_operation_id)) if added else []
    made_of = {key for lot in unpriced for key in lot.made_of} - {lot.lot_id for lot in unpriced}
    unknown = unknown_among(unpriced, load_unknown(session, made_of)) if unpriced else ()
    change_costs(operation, {key: -cost for key, cost in added.items()}, dict.fromkeys(unknown))
    return {key: cost for key, cost in added.items() if cost}


def _read_line(given: Arguments, at: str, row: Mapping[str, Any], kind: str, *, is_shared: bool) -> BillLine:
    fields = ("amount",) if is_shared else ("lot_id", "cost", "amount")
    if not is_shared and row.get("lot_id") is None:
        given.refuse(f"{at}.lot_id", "is missing; give the lot, or share one amount with share_by and delivery_id")
    if is_shared and row.get("amount") is None:
        given.refuse(f"{at}.amount", "is missing; give the amount that the lots of the delivery share")
    for name in sorted(row.keys() - set(fields), key=str):
        given.refuse(at, f"has no field {str(name)[:60]!r} here; it takes {', '.join(fields)}")
    cost, amount = row.get("cost"), row.get("amount")
    if (cost is None) == (amount is None) and not is_shared:
        given.refuse(at, "must have either the whole cost of the lot (cost) or a signed change of it (amount)")
    if cost is not None and kind not in ("invoice", "correction"):
        given.refuse(f"{at}.cost", f"is for an invoice or a correction; for {kind}, give the amount that it changes by")
    line = BillLine(
        lot_id=None if is_shared or row.get("lot_id") is None else given.key(f"{at}.lot_id", row["lot_id"]),
        cost_micros=None if cost is None else given.micros(f"{at}.cost", cost),
        amount_micros=None if amount is None else given.signed_micros(f"{at}.amount", amount),
    )
    if kind == "credit" and (line.amount_micros or 0) > 0:
        given.refuse(f"{at}.amount", "must be below 0: a credit lowers the cost")
    return line


def _check_together(given: Arguments, asked: Sequence[BillLine], share: str | None, delivery: int | None) -> None:
    if share and delivery is None:
        given.refuse("delivery_id", "is required with share_by: it says which lots share the amount")
    if share and len(asked) > 1:
        given.refuse("lines", "must be one line with an amount if the lots of a delivery share it")
    ids = [line.lot_id for line in asked if line.lot_id is not None]
    if len(set(ids)) < len(ids):
        given.refuse("lines", "must name each lot once")


def _check_may_be_stated(
    lots: Mapping[int, StatedLot],
    named: Iterable[int],
    came: Sequence[int] | None,
    day: date,
) -> None:
    """Refuse lots that were made here, split, undone, or received only later."""
    given = Arguments()
    for lot_id in named:
        if lot_id not in lots:
            raise LotNotFoundError(lot_id)
        if came is not None and lot_id not in came:
            given.refuse("delivery_id", f"lot {lots[lot_id].code} did not come with this delivery")
    if not lots:
        given.refuse("delivery_id", "has no lots")
    for lot in lots.values():
        if lot.is_undone:
            given.refuse("lines", f"lot {lot.code} was undone, so it has no cost")
        elif lot.parent_code is not None:
            given.refuse("lines", f"lot {lot.code} was split from lot {lot.parent_code}; name that one")
        elif not lot.is_bought:
            given.refuse("lines", f"lot {lot.code} was made here; its cost follows from what it was made of")
        elif lot.received_on > day:
            given.refuse("stated_at", f"must not be before lot {lot.code} came in, on {lot.received_on}")
    given.done()


def _cost(graph: Graph, lot_id: int) -> int | None:
    lot = graph.lots[lot_id]
    return lot.cost_micros if lot.is_known else None


def _check_countable(graph: Graph, passed: PassedOn) -> None:
    """Refuse a cost that is larger than the ledger can hold."""
    if any(graph.lots[key].held_micros + more > MAX_TOTAL_MICROS for key, more in passed.on_hand.items()):
        raise ValidationError.of("lines", "cost more than the ledger can count; use a smaller amount")


def _post(operation: Operation, statement_id: int, graph: Graph, passed: PassedOn) -> None:
    change_costs(operation, passed.on_hand, {key: graph.lots[key].held_micros for key in passed.known_since})
    rows = [{"operation_id": operation.id, "cost_statement_id": statement_id, **asdict(one)} for one in passed.restated]
    if rows:
        operation.session.execute(_add_line, rows)


def _stated(lot: StatedLot, before: int | None, change: int, passed: PassedOn) -> StatedCost:
    on_hand = passed.on_hand.get(lot.lot_id, 0)
    return StatedCost(
        lot_id=lot.lot_id,
        lot_code=lot.code,
        before=format_money(before),
        after=format_money((before or 0) + change) or "",
        on_hand_change=format_money(on_hand) or "",
        passed_on_change=format_money(change - on_hand) or "",
    )
