"""Verify purchase orders: their versions and lines, the lots that came for them, and the answers."""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.models import (
    Lot,
    Operation,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderReceipt,
    PurchaseOrderVersion,
)
from bake_tracker.queries.verify.drift import Drift, Rows, Told, drift, in_batches

WRITING = {
    "record_purchase_order": "sent",
    "record_purchase_order_change": "sent",
    "record_purchase_order_cancellation": "cancelled",
}
"""The status that each operation leaves a purchase order in."""
_versions = (
    select(PurchaseOrderVersion, Operation.name, Operation.result)
    .join(Operation, Operation.id == PurchaseOrderVersion.operation_id)
    .order_by(PurchaseOrderVersion.id)
)


def purchase_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every version, line, arrival and answer that does not fit the others."""
    for what, statement in _strange().items():
        for row in session.execute(statement):
            yield drift(what, row.key, row.expected, row.found)
    yield from _written(session, told)
    yield from _came(session)


@cache
def _strange() -> dict[str, Rows]:
    """Rows that refer to rows of another operation or purchase order."""
    order, version, line, came = PurchaseOrder, PurchaseOrderVersion, PurchaseOrderLine, PurchaseOrderReceipt
    first = (
        select(order.id.label("key"), order.operation_id.label("expected"), func.min(version.id))
        .outerjoin(version, version.purchase_order_id == order.id)
        .group_by(order.id, order.operation_id)
        .subquery()
    )
    return {
        "first version of a purchase order": select(first.c.key, first.c.expected, version.operation_id.label("found"))
        .outerjoin(version, version.id == first.c[2])
        .where(or_(version.id.is_(None), version.operation_id != first.c.expected)),
        "line of a purchase order": select(
            line.id.label("key"), version.operation_id.label("expected"), line.operation_id.label("found")
        )
        .join(version, version.id == line.purchase_order_version_id)
        .where(version.operation_id != line.operation_id),
        "purchase order of a lot": select(
            came.id.label("key"), version.purchase_order_id.label("expected"), came.purchase_order_id.label("found")
        )
        .join(version, version.id == came.purchase_order_version_id)
        .where(version.purchase_order_id != came.purchase_order_id),
        "operation of a lot that came": select(
            came.id.label("key"), Lot.operation_id.label("expected"), came.operation_id.label("found")
        )
        .join(Lot, Lot.id == came.lot_id)
        .where(Lot.operation_id != came.operation_id),
        "item of a lot that came": select(
            came.id.label("key"), line.item_id.label("expected"), Lot.item_id.label("found")
        )
        .join(Lot, Lot.id == came.lot_id)
        .outerjoin(
            line,
            and_(line.purchase_order_version_id == came.purchase_order_version_id, line.product_id == came.product_id),
        )
        .where(or_(line.id.is_(None), line.item_id != Lot.item_id)),
    }


def _written(session: Session, told: Told) -> Iterator[Drift]:
    """Check that every version is what its operation answered."""
    for batch in in_batches(session, _versions, told, "purchase orders"):
        lines = _lines_of(session, [row.PurchaseOrderVersion.id for row in batch])
        for row in batch:
            version, answered = row.PurchaseOrderVersion, _answer(row.result)
            expected = {
                "purchase_order_id": version.purchase_order_id,
                "supplier_id": version.supplier_id,
                "wanted_on": version.wanted_on.isoformat(),
                "note": version.note,
                "lines": [
                    {
                        "product_id": one.product_id,
                        "item_id": one.item_id,
                        "packs": one.packs,
                        "quantity": format_micros(one.quantity_micros),
                        "price": format_money(one.price_micros),
                    }
                    for one in lines[version.id]
                ],
            }
            for name, value in expected.items():
                found = _told_lines(answered) if name == "lines" else answered.get(name)
                if found != value:
                    yield drift(f"answer: {name}", version.operation_id, json.dumps(value), json.dumps(found))
            if WRITING.get(row.name) != version.status:
                expected_status = WRITING.get(row.name)
                yield drift("status of a purchase order", version.operation_id, expected_status, version.status)


def _came(session: Session) -> Iterator[Drift]:
    """Check that every delivery for a purchase order answered which order it was."""
    rows = session.execute(
        select(PurchaseOrderReceipt.operation_id, PurchaseOrderReceipt.purchase_order_id, Operation.result)
        .join(Operation, Operation.id == PurchaseOrderReceipt.operation_id)
        .distinct()
        .order_by(PurchaseOrderReceipt.operation_id)
    )
    for row in rows:
        found = _answer(row.result).get("purchase_order_id")
        if found != row.purchase_order_id:
            yield drift("answer: purchase_order_id", row.operation_id, row.purchase_order_id, found)


def _lines_of(session: Session, version_ids: list[int]) -> defaultdict[int, list[PurchaseOrderLine]]:
    lines: defaultdict[int, list[PurchaseOrderLine]] = defaultdict(list)
    wanted = PurchaseOrderLine.purchase_order_version_id.in_(version_ids)
    for line in session.scalars(select(PurchaseOrderLine).where(wanted).order_by(PurchaseOrderLine.id)):
        lines[line.purchase_order_version_id].append(line)
    return lines


def _told_lines(answered: dict[str, Any]) -> list[Any]:
    rows = answered.get("lines")
    names = ("product_id", "item_id", "packs", "quantity", "price")
    return [
        {name: one.get(name) for name in names} if isinstance(one, dict) else one
        for one in (rows if isinstance(rows, list) else [])
    ]


def _answer(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
