"""Verify orders and hand-overs: their versions and lines, the sales posted, the prices and the answers."""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.orders.contents import price_of
from bake_tracker.domain.stock.fifo import DUST_MICROS
from bake_tracker.domain.units import format_micros
from bake_tracker.models import (
    Adjustment,
    CustomerOrder,
    HandOver,
    HandOverLine,
    Lot,
    Operation,
    OrderLine,
    OrderVersion,
)
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.orders.standing import is_in_force
from bake_tracker.queries.verify.drift import Drift, Rows, Told, drift, in_batches

WRITING = {
    "record_order": "ordered",
    "record_order_change": "ordered",
    "record_order_cancellation": "cancelled",
    "record_standing_order_day": "ordered",
}
"""The status that each operation leaves an order in."""
_versions = (
    select(OrderVersion, Operation.name, Operation.result)
    .join(Operation, Operation.id == OrderVersion.operation_id)
    .order_by(OrderVersion.id)
)
_hand_overs = (
    select(HandOver, Operation.name, Operation.result)
    .join(Operation, Operation.id == HandOver.operation_id)
    .order_by(HandOver.id)
)


def order_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every version, line, hand-over and answer that does not fit the others."""
    for what, statement in _strange().items():
        for row in session.execute(statement):
            yield drift(what, row.key, row.expected, row.found)
    yield from _written(session, told)
    yield from _handed_over(session, told)
    yield from _too_much(session)


@cache
def _strange() -> dict[str, Rows]:
    """Rows that refer to rows of another operation, order or hand-over."""
    first = (
        select(CustomerOrder.id.label("key"), CustomerOrder.operation_id.label("expected"), func.min(OrderVersion.id))
        .outerjoin(OrderVersion, OrderVersion.order_id == CustomerOrder.id)
        .group_by(CustomerOrder.id, CustomerOrder.operation_id)
        .subquery()
    )
    return {
        "first version of an order": select(first.c.key, first.c.expected, OrderVersion.operation_id.label("found"))
        .outerjoin(OrderVersion, OrderVersion.id == first.c[2])
        .where(or_(OrderVersion.id.is_(None), OrderVersion.operation_id != first.c.expected)),
        "line of an order": select(
            OrderLine.id.label("key"),
            OrderVersion.operation_id.label("expected"),
            OrderLine.operation_id.label("found"),
        )
        .join(OrderVersion, OrderVersion.id == OrderLine.order_version_id)
        .where(OrderVersion.operation_id != OrderLine.operation_id),
        "line of a hand-over": select(
            HandOverLine.id.label("key"),
            HandOver.operation_id.label("expected"),
            HandOverLine.operation_id.label("found"),
        )
        .join(HandOver, HandOver.id == HandOverLine.hand_over_id)
        .where(HandOver.operation_id != HandOverLine.operation_id),
        "order of a hand-over": select(
            HandOver.id.label("key"), OrderVersion.order_id.label("expected"), HandOver.order_id.label("found")
        )
        .join(OrderVersion, OrderVersion.id == HandOver.order_version_id)
        .where(OrderVersion.order_id != HandOver.order_id),
        "line handed over": select(
            HandOverLine.id.label("key"), OrderLine.item_id.label("expected"), HandOverLine.item_id.label("found")
        )
        .join(HandOver, HandOver.id == HandOverLine.hand_over_id)
        .outerjoin(
            OrderLine,
            and_(OrderLine.order_version_id == HandOver.order_version_id, OrderLine.line == HandOverLine.line),
        )
        .where(
            HandOver.order_id.is_not(None),
            or_(OrderLine.id.is_(None), OrderLine.item_id != HandOverLine.item_id),
        ),
    }


def _written(session: Session, told: Told) -> Iterator[Drift]:
    """Check that every version is what its operation answered."""
    for batch in in_batches(session, _versions, told, "orders"):
        lines = _lines_of(session, [row.OrderVersion.id for row in batch])
        for row in batch:
            version, answered = row.OrderVersion, answer_in(row.result)
            expected = {
                "order_id": version.order_id,
                "due_on": version.due_on.isoformat(),
                "due_time": version.due_time,
                **{name: getattr(version, name) for name in ("recipient_id", "event_id", "how", "place", "reference")},
                "note": version.note,
                "lines": [
                    [one.line, one.item_id, format_micros(one.quantity_micros), format_money(one.price_micros)]
                    for one in lines[version.id]
                ],
            }
            yield from compare(answered, expected, version.operation_id, ("line", "item_id", "quantity", "price"))
            if WRITING.get(row.name) != version.status:
                yield drift("status of an order", version.operation_id, WRITING.get(row.name), version.status)


def _handed_over(session: Session, told: Told) -> Iterator[Drift]:
    """Check that every hand-over is what its operation answered, at its price, and posted as sales."""
    for batch in in_batches(session, _hand_overs, told, "hand-overs"):
        ids = [row.HandOver.id for row in batch]
        lines: defaultdict[int, list[Any]] = defaultdict(list)
        found = select(HandOverLine).where(HandOverLine.hand_over_id.in_(ids)).order_by(HandOverLine.id)
        for line in session.scalars(found):
            lines[line.hand_over_id].append(line)
        sold = _sold(session, [row.HandOver.operation_id for row in batch])
        for row in batch:
            over, own = row.HandOver, lines[row.HandOver.id]
            expected = {
                "hand_over_id": over.id,
                **{name: getattr(over, name) for name in ("order_id", "recipient_id", "event_id", "note")},
                "lines": [
                    [one.line, one.item_id, format_micros(one.quantity_micros), format_money(one.amount_micros)]
                    for one in own
                ],
            }
            yield from compare(
                answer_in(row.result), expected, over.operation_id, ("line", "item_id", "quantity", "amount")
            )
            given: defaultdict[int, int] = defaultdict(int)
            for one in own:
                given[one.item_id] += one.quantity_micros
                price = price_of(one.quantity_micros, one.price_micros)
                if one.amount_micros != price:
                    yield drift("amount of a hand-over", one.id, format_money(price), format_money(one.amount_micros))
            taken = sold[over.operation_id]
            for item_id in sorted(given.keys() | taken.keys()):
                if abs(given[item_id] - taken.get(item_id, 0)) >= DUST_MICROS:
                    what = f"{over.operation_id} of item {item_id}"
                    yield drift("hand-over", what, format_micros(taken.get(item_id, 0)), format_micros(given[item_id]))
            if row.name != "record_hand_over":
                yield drift("hand-over recorded by", over.operation_id, "record_hand_over", row.name)


def _too_much(session: Session) -> Iterator[Drift]:
    """Check that no more was handed over of a line than the order in force wants."""
    given = (
        select(HandOver.order_id, HandOverLine.line, func.sum(HandOverLine.quantity_micros).label("given"))
        .join(HandOver, HandOver.id == HandOverLine.hand_over_id)
        .where(HandOver.order_id.is_not(None), stands(HandOver.__table__.c.operation_id))
        .group_by(HandOver.order_id, HandOverLine.line)
        .subquery()
    )
    rows = session.execute(
        select(OrderVersion.order_id, OrderLine.line, OrderLine.quantity_micros, given.c.given)
        .join(OrderLine, OrderLine.order_version_id == OrderVersion.id)
        .join(given, and_(given.c.order_id == OrderVersion.order_id, given.c.line == OrderLine.line))
        .where(is_in_force(), given.c.given > OrderLine.quantity_micros)
        .order_by(OrderVersion.order_id, OrderLine.line)
    )
    for row in rows:
        what = f"line {row.line} of order {row.order_id}"
        yield drift(what, "handed over", f"at most {format_micros(row.quantity_micros)}", format_micros(int(row.given)))


def _lines_of(session: Session, version_ids: list[int]) -> defaultdict[int, list[OrderLine]]:
    lines: defaultdict[int, list[OrderLine]] = defaultdict(list)
    found = select(OrderLine).where(OrderLine.order_version_id.in_(version_ids)).order_by(OrderLine.line)
    for line in session.scalars(found):
        lines[line.order_version_id].append(line)
    return lines


def _sold(session: Session, operation_ids: list[str]) -> defaultdict[str, dict[int, int]]:
    """What each of these operations took as a sale, by item."""
    taken = (
        select(Adjustment.operation_id, Lot.item_id, func.sum(Adjustment.quantity_micros).label("quantity"))
        .join(Lot, Lot.id == Adjustment.lot_id)
        .where(Adjustment.operation_id.in_(operation_ids), Adjustment.kind == "sale")
        .group_by(Adjustment.operation_id, Lot.item_id)
    )
    sold: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for row in session.execute(taken):
        sold[row.operation_id][row.item_id] = -int(row.quantity)
    return sold


def answer_in(text: str | None) -> dict[str, Any]:
    """The answer of an operation; nothing if it cannot be read."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def compare(
    answered: dict[str, Any], expected: dict[str, Any], operation_id: str, of_line: tuple[str, ...]
) -> Iterator[Drift]:
    """Every field of an answer that differs from what is stored."""
    rows = answered.get("lines")
    listed = rows if isinstance(rows, list) else []
    lines = [[one.get(name) for name in of_line] if isinstance(one, dict) else one for one in listed]
    for name, value in expected.items():
        found = lines if name == "lines" else answered.get(name)
        if found != value:
            yield drift(f"answer: {name}", operation_id, json.dumps(value), json.dumps(found))
