"""Purchase orders: a list by the day they should come, and one with its lines, deliveries and changes."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from fractions import Fraction
from typing import Any, Literal, TypedDict

from sqlalchemy import String, and_, case, func, literal, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from bake_tracker.domain.buying.purchase_orders import PurchaseState, amount_of_all
from bake_tracker.domain.money import format_money
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.domain.units import format_exact, format_micros
from bake_tracker.models import tables
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.buying.standing import (
    StandingPurchase,
    is_purchase_in_force,
    load_purchase_order,
    received_by_product,
)
from bake_tracker.queries.keyset import load_slice
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands

Shown = Literal["open", "all"]
_version, _line, _receipt = tables.purchase_order_version, tables.purchase_order_line, tables.purchase_order_receipt


class OrderedPacks(TypedDict):
    """Packs of a product in a purchase order; ``quantity`` is in all of them, in the item's base unit."""

    product_id: int
    product: str
    package: str
    item_id: int
    item_slug: str
    item_name: str
    packs: int
    quantity: str
    unit: str


class PurchaseRow(TypedDict):
    """A purchase order in a list; ``supplier`` is a name."""

    purchase_order_id: int
    wanted_on: str
    state: PurchaseState
    supplier_id: int
    supplier: str
    goods: list[OrderedPacks]
    total_price: str | None


class PurchaseLineView(OrderedPacks):
    """A line of one purchase order; ``left`` is still to come, in ``packs_left`` packs for ``left_amount``."""

    price: str | None
    amount: str | None
    received: str
    left: str
    packs_left: str
    left_amount: str | None


class ArrivedLot(TypedDict):
    """A lot that came for a purchase order."""

    lot_id: int
    lot_code: str
    product_id: int
    item_slug: str
    item_name: str
    quantity: str
    unit: str


class ArrivedGoods(TypedDict):
    """A delivery for a purchase order that was not undone; ``on`` is the day it came."""

    operation_id: str
    document: str | None
    on: str
    lots: list[ArrivedLot]


class PurchaseVersionRow(TypedDict):
    """An operation that sent, changed or cancelled a purchase order, and was not undone; ``on`` is the bakery's day."""

    operation_id: str
    operation: str
    recorded_at: str
    on: str
    actor: str | None
    reason: str | None


class PurchaseView(TypedDict):
    """One purchase order as it stands."""

    purchase_order_id: int
    wanted_on: str
    state: PurchaseState
    supplier_id: int
    supplier: str
    supplier_details: str | None
    note: str | None
    lines: list[PurchaseLineView]
    total_price: str | None
    deliveries: list[ArrivedGoods]
    versions: list[PurchaseVersionRow]


def load_purchase_slice(
    session: Session,
    ask: Ask,
    *,
    shown: Shown = "open",
    since: date | None = None,
    until: date | None = None,
) -> Found[PurchaseRow]:
    """Purchase orders, or only those of which something is still to come; two statements."""
    state = _state()
    rows = (
        select(
            *(_version.c.purchase_order_id, _version.c.id.label("version_id"), _version.c.wanted_on),
            *(_version.c.supplier_id, tables.supplier.c.name.label("supplier")),
            sql_cast(_version.c.purchase_order_id, String).label("number"),
            state.label("state"),
        )
        .join(tables.supplier, tables.supplier.c.id == _version.c.supplier_id)
        .where(is_purchase_in_force())
    )
    if shown == "open":
        rows = rows.where(state.in_(("sent", "partly received")))
    if since is not None:
        rows = rows.where(_version.c.wanted_on >= since)
    if until is not None:
        rows = rows.where(_version.c.wanted_on <= until)
    found: Found[Any] = load_slice(
        session, rows, ask, lambda row: row, key="purchase_order_id", search_in=("supplier", "number")
    )
    goods = _load_goods(session, [row.version_id for row in found.rows])
    return Found([_row(row, goods[row.version_id]) for row in found.rows], found.next)


def load_purchase_view(session: Session, purchase_order_id: int) -> PurchaseView:
    """One purchase order with everything about it, in a fixed number of statements.

    Raises:
        PurchaseOrderNotFoundError: there is no such purchase order, or it was undone.
    """
    order = load_purchase_order(session, purchase_order_id)
    house = load_bakery(session)
    supplier = session.execute(
        select(tables.supplier.c.name, tables.supplier.c.details).where(tables.supplier.c.id == order.supplier_id)
    ).one()
    return {
        "purchase_order_id": purchase_order_id,
        "wanted_on": order.wanted_on.isoformat(),
        "state": order.state,
        "supplier_id": order.supplier_id,
        "supplier": supplier.name,
        "supplier_details": supplier.details,
        "note": order.note,
        "lines": _load_lines(session, order),
        "total_price": format_money(amount_of_all(order.lines)),
        "deliveries": _load_deliveries(session, purchase_order_id),
        "versions": _load_versions(session, purchase_order_id, house),
    }


def _state() -> Any:
    """The state of a purchase order in SQL; see ``purchase_state``."""
    came = received_by_product()
    of_order = came.c.purchase_order_id == _version.c.purchase_order_id
    of_product = select(came.c.quantity_micros).where(of_order, came.c.product_id == _line.c.product_id)
    given = func.coalesce(of_product.correlate(_version, _line).scalar_subquery(), 0)
    left = select(_line.c.id).where(_line.c.purchase_order_version_id == _version.c.id, _line.c.quantity_micros > given)
    any_came = select(_receipt.c.id).where(
        _receipt.c.purchase_order_id == _version.c.purchase_order_id, stands(_receipt.c.operation_id)
    )
    has_come = any_came.correlate(_version).exists()
    return case(
        (and_(_version.c.status == "cancelled", has_come), literal("closed")),
        (_version.c.status == "cancelled", literal("cancelled")),
        (~left.correlate(_version).exists(), literal("received")),
        (has_come, literal("partly received")),
        else_=literal("sent"),
    )


def _load_goods(session: Session, version_ids: Collection[int]) -> defaultdict[int, list[Any]]:
    goods = defaultdict[int, list[Any]](list)
    item, product = tables.item, tables.product
    rows = session.execute(
        select(_line, item.c.slug, item.c.name, item.c.base_unit, product.c.brand, product.c.package_type)
        .add_columns(product.c.name.label("product_name"))
        .join(item, item.c.id == _line.c.item_id)
        .join(product, product.c.id == _line.c.product_id)
        .where(among(session, _line.c.purchase_order_version_id, version_ids))
        .order_by(_line.c.id)
    )
    for row in rows:
        goods[row.purchase_order_version_id].append(row)
    return goods


def _packs(one: Any) -> OrderedPacks:
    return {
        "product_id": one.product_id,
        "product": " ".join(filter(None, (one.brand, one.product_name))),
        "package": one.package_type or "package",
        "item_id": one.item_id,
        "item_slug": one.slug,
        "item_name": one.name,
        "packs": one.packs,
        "quantity": format_micros(one.quantity_micros),
        "unit": one.base_unit,
    }


def _row(row: Any, goods: list[Any]) -> PurchaseRow:
    amounts = [None if one.price_micros is None else one.packs * one.price_micros for one in goods]
    return {
        "purchase_order_id": row.purchase_order_id,
        "wanted_on": row.wanted_on.isoformat(),
        "state": row.state,
        "supplier_id": row.supplier_id,
        "supplier": row.supplier,
        "goods": [_packs(one) for one in goods],
        "total_price": None if None in amounts else format_money(sum(one for one in amounts if one is not None)),
    }


def _load_lines(session: Session, order: StandingPurchase) -> list[PurchaseLineView]:
    goods = _load_goods(session, [order.version_id])[order.version_id]
    return [
        {
            **_packs(row),
            "price": format_money(one.price_micros),
            "amount": format_money(one.amount_micros),
            "received": format_micros(order.received.get(one.product_id, 0)),
            "left": format_micros(order.left_micros(one)),
            "packs_left": format_exact(Fraction(order.left_micros(one) * one.packs, one.quantity_micros)),
            "left_amount": format_money(one.cost_of(order.left_micros(one))),
        }
        for one, row in zip(order.lines, goods, strict=True)
    ]


def _load_deliveries(session: Session, purchase_order_id: int) -> list[ArrivedGoods]:
    item, lot, delivery = tables.item, tables.lot, tables.delivery
    rows = session.execute(
        select(_receipt.c.operation_id, delivery.c.document, delivery.c.delivered_on, lot.c.id, lot.c.code)
        .add_columns(_receipt.c.product_id, lot.c.quantity_micros, item.c.slug, item.c.name, item.c.base_unit)
        .join(delivery, delivery.c.operation_id == _receipt.c.operation_id)
        .join(lot, lot.c.id == _receipt.c.lot_id)
        .join(item, item.c.id == lot.c.item_id)
        .where(_receipt.c.purchase_order_id == purchase_order_id, stands(_receipt.c.operation_id))
        .order_by(_receipt.c.id)
    )
    found: dict[str, ArrivedGoods] = {}
    for row in rows:
        came: ArrivedGoods = {
            "operation_id": row.operation_id,
            "document": row.document,
            "on": row.delivered_on.isoformat(),
            "lots": [],
        }
        found.setdefault(row.operation_id, came)["lots"].append(
            {
                "lot_id": row.id,
                "lot_code": row.code,
                "product_id": row.product_id,
                "item_slug": row.slug,
                "item_name": row.name,
                "quantity": format_micros(row.quantity_micros),
                "unit": row.base_unit,
            }
        )
    return list(found.values())


def _load_versions(session: Session, purchase_order_id: int, house: BakeryInfo) -> list[PurchaseVersionRow]:
    operation = tables.operation
    rows = session.execute(
        select(operation.c.id, operation.c.name, operation.c.recorded_at, operation.c.actor, _version.c.reason)
        .join(
            _version,
            and_(_version.c.operation_id == operation.c.id, _version.c.purchase_order_id == purchase_order_id),
        )
        .where(stands(_version.c.operation_id))
        .order_by(_version.c.id)
    )
    return [
        {
            "operation_id": row.id,
            "operation": row.name,
            "recorded_at": row.recorded_at.isoformat(),
            "on": house.local_day(row.recorded_at).isoformat(),
            "actor": row.actor,
            "reason": row.reason,
        }
        for row in rows
    ]
