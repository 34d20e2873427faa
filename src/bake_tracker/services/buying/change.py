"""Changes and cancellations of purchase orders: each writes the whole order again, and nothing of it is lost."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.arguments import Arguments, shown
from bake_tracker.domain.buying.purchase_orders import PurchaseLine
from bake_tracker.domain.errors import ConflictError
from bake_tracker.domain.units import format_micros
from bake_tracker.queries.buying.standing import StandingPurchase, load_purchase_order
from bake_tracker.queries.catalog.definitions import check_supplier, load_items
from bake_tracker.services.buying.purchase_order import (
    TOLD,
    AskedPurchase,
    PurchaseFields,
    PurchaseOrderResult,
    add_purchase_version,
    purchase_result,
    read_purchase_lines,
    read_wanted_on,
    weigh_purchase,
)
from bake_tracker.services.operation import Kind, recording
from bake_tracker.services.stock.coming import load_for_purchase_change

CHANGE = Kind(
    "record_purchase_order_change", "purchase_service", "Changed a purchase order", success_fields=(*TOLD, "changed")
)
CANCEL = Kind(
    "record_purchase_order_cancellation",
    "purchase_service",
    "Cancelled a purchase order",
    success_fields=("purchase_order_id", "state", "supplier_id", "wanted_on", "reason"),
)

_FIELDS = ("supplier_id", "wanted_on", "note", "lines")


class PurchaseOrderChangeResult(PurchaseOrderResult):
    """A changed purchase order; ``changed`` lists the fields that are different now."""

    changed: list[str]


class PurchaseOrderCancellationResult(PurchaseOrderResult):
    """A purchase order of which nothing more will come, and why."""

    reason: str


def record_purchase_order_change(
    purchase_order_id: int,
    changes: Mapping[str, Any],
    *,
    session: Session,
    operation_id: UUID | str | None = None,
) -> PurchaseOrderChangeResult:
    """Change ``supplier_id``, ``wanted_on``, ``note`` or ``lines`` of a purchase order, in the caller's transaction.

    ``lines`` replaces all lines, in the form of ``record_purchase_order``. What came in must stay ordered, from the
    same supplier.

    Raises:
        ValidationError: an argument is not allowed, or less is ordered than came in.
        PurchaseOrderNotFoundError: there is no such purchase order, or it was undone.
        SupplierNotFoundError, ProductNotFoundError: a reference does not exist.
        UnitConversionError: a package cannot be converted to the base unit of its item; names every such item.
        ConflictError: it was cancelled, or ``operation_id`` was used for something else.
    """
    with recording(CHANGE, session, locals()) as operation:
        given = Arguments()
        key = given.key("purchase_order_id", purchase_order_id)
        asked, asked_lines = _read(given, changes)
        given.done()
        told = asked | ({} if asked_lines is None else {"lines": [asdict(one) for one in asked_lines]})
        if done := operation.claim({"purchase_order_id": key, "changes": told}):
            return cast(PurchaseOrderChangeResult, done)

        # load and decide
        order = load_for_purchase_change(operation, key)
        before = _fields_of(order)
        fields = replace(before, **asked)
        if fields.supplier_id != order.supplier_id:
            if any(order.received.values()):
                given.refuse("supplier_id", "must stay, because a part of the order came from this supplier")
            given.done()
            check_supplier(session, fields.supplier_id)
        lines = list(order.lines)
        if asked_lines is not None:
            lines = weigh_purchase(session, asked_lines)
            _check_keeps(session, order, lines)

        # write
        add_purchase_version(operation, key, fields, lines)
        changed = [name for name in asked if getattr(fields, name) != getattr(before, name)]
        if lines != list(order.lines):
            changed.append("lines")
        result = purchase_result(operation, load_purchase_order(session, key))
        return operation.succeed(PurchaseOrderChangeResult(**result, changed=changed))


def record_purchase_order_cancellation(
    purchase_order_id: int, reason: str, *, session: Session, operation_id: UUID | str | None = None
) -> PurchaseOrderCancellationResult:
    """Record that nothing more will come for a purchase order, in the caller's transaction; what came stays.

    Its state is then *cancelled*, or *closed* if a part of it came.

    Raises:
        ValidationError: an argument is not allowed.
        PurchaseOrderNotFoundError: there is no such purchase order, or it was undone.
        ConflictError: all of it came, it is cancelled already, or ``operation_id`` was used for something else.
    """
    with recording(CANCEL, session, locals()) as operation:
        given = Arguments()
        key = given.key("purchase_order_id", purchase_order_id)
        why = given.name("reason", reason, limit=1_000)
        given.done()
        if done := operation.claim({"purchase_order_id": key, "reason": why}):
            return cast(PurchaseOrderCancellationResult, done)
        order = load_for_purchase_change(operation, key)
        if order.state == "received":
            raise ConflictError(
                f"all of purchase order {key} came, so nothing is left to cancel", purchase_order_id=key
            )
        add_purchase_version(operation, key, _fields_of(order), order.lines, status="cancelled", reason=why)
        result = purchase_result(operation, load_purchase_order(session, key))
        return operation.succeed(PurchaseOrderCancellationResult(**result, reason=why))


def _read(given: Arguments, changes: object) -> tuple[dict[str, Any], list[AskedPurchase] | None]:
    if not isinstance(changes, Mapping) or not changes:
        given.refuse("changes", f"must have at least one of {', '.join(_FIELDS)}, not {shown(changes)}")
        return {}, None
    for name in sorted(changes.keys() - set(_FIELDS), key=str):
        given.refuse("changes", f"has no field {str(name)[:60]!r}; it takes {', '.join(_FIELDS)}")
    asked: dict[str, Any] = {}
    if "supplier_id" in changes:
        asked["supplier_id"] = given.key("supplier_id", changes["supplier_id"])
    if "wanted_on" in changes:
        asked["wanted_on"] = read_wanted_on(given, changes["wanted_on"])
    if "note" in changes:
        asked["note"] = given.text("note", changes["note"])
    return asked, read_purchase_lines(given, changes["lines"]) if "lines" in changes else None


def _fields_of(order: StandingPurchase) -> PurchaseFields:
    return PurchaseFields(order.supplier_id, order.wanted_on, order.note)


def _check_keeps(session: Session, order: StandingPurchase, lines: list[PurchaseLine]) -> None:
    """Refuse lines that have less than came in, unless they have as much as before."""
    given = Arguments()
    now = {one.product_id: one.quantity_micros for one in lines}
    items = load_items(session, order.item_ids)
    for one in order.lines:
        came = min(order.received.get(one.product_id, 0), one.quantity_micros)
        if now.get(one.product_id, 0) < came:
            item = items[one.item_id]
            given.refuse(
                "lines",
                f"{amount(format_micros(came), item.base_unit)} of {item.slug} (product {one.product_id}) came "
                "already, so the order must keep at least that much",
            )
    given.done()
