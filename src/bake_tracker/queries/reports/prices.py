"""Prices paid: every purchase by product and supplier, each item's last price, and the average on hand."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NotRequired, TypedDict, cast

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.stock.pricing import PER, Price
from bake_tracker.domain.stock.unit_change import converted
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Product, Supplier, tables
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.catalog.unit_changes import OtherUnit, load_earlier, load_unit_history
from bake_tracker.queries.operations.costs import brought_cost_now
from bake_tracker.queries.operations.reversal import stands


class PriceRow(TypedDict):
    """A purchase; the price is per kg, l, piece or m, the change is from the last one from the same source."""

    bought_on: str
    supplier: str | None
    product: str | None
    quantity: str
    unit: str
    cost: str
    price: str
    price_per: str
    change_percent: str | None
    lot_code: str
    operation_id: str


class SourceRow(TypedDict):
    """A product's prices at a supplier: last, lowest, highest, and the average weighted by quantity."""

    supplier: str | None
    product: str | None
    purchases: int
    last: str
    last_on: str
    lowest: str
    highest: str
    average: str
    price_per: str


class PriceHistory(TypedDict):
    """An item's purchases, newest first, and totals by source; lots of unknown cost are only counted.

    Earlier purchases in another unit are those of the item in ``follows``.
    """

    item_slug: str
    unit: str
    purchases: list[PriceRow]
    sources: list[SourceRow]
    uncosted_lots: int
    follows: NotRequired[OtherUnit]


class LastPrice(TypedDict):
    """An item's last lot of known cost."""

    lot_code: str
    received_on: str
    is_made: bool
    price: Price


class OnHand(TypedDict):
    """An item's stock; the price is None if the cost of a lot is unknown, and those lots are listed."""

    price: Price | None
    uncosted: list[str]


_COST = brought_cost_now(tables.lot).label("cost_now")


def load_prices(session: Session, item_id: int, *, since: date | None = None) -> PriceHistory:
    """The purchases of an item, without undone, split-off or produced lots; three statements.

    Raises:
        ItemNotFoundError: there is no such item.
    """
    item = load_item(session, item_id)
    rows = session.execute(
        select(tables.lot, _COST, Supplier.name.label("supplier"), Product.brand, Product.name.label("product"))
        .outerjoin(Supplier, Supplier.id == tables.lot.c.supplier_id)
        .outerjoin(Product, Product.id == tables.lot.c.product_id)
        .where(*_came_in(), tables.lot.c.is_made.is_(False), tables.lot.c.item_id == item_id)
        .where(*([] if since is None else [tables.lot.c.received_on >= since]))
        .order_by(tables.lot.c.received_on, tables.lot.c.id)
    ).all()
    costed = [row for row in rows if row.cost_now is not None]
    by_source: dict[tuple[Any, Any], list[Any]] = {}
    purchases: list[PriceRow] = []
    for row in costed:
        bought = by_source.setdefault((row.supplier_id, row.product_id), [])
        purchases.append(_purchase(row, item.base_unit, bought[-1] if bought else None))
        bought.append(row)
    history: PriceHistory = {
        "item_slug": item.slug,
        "unit": item.base_unit,
        "purchases": purchases[::-1],
        "sources": [_source(bought, item.base_unit) for bought in by_source.values()],
        "uncosted_lots": len(rows) - len(costed),
    }
    if follows := load_unit_history(session, item_id)["follows"]:
        history["follows"] = follows
    return history


def load_last_prices(session: Session, item_ids: Collection[int]) -> dict[int, LastPrice]:
    """By item, the latest lot of known cost that was not undone, bought or made; one statement.

    If an item has had none since its unit changed, its price is the last one before that, in the new unit; that takes
    two more statements.
    """
    found = _last_prices(session, item_ids)
    if lacking := set(item_ids) - found.keys():
        before = load_earlier(session)
        of_before = {one.item_id for item_id in lacking for one in before.get(item_id, ())}
        earlier = _last_prices(session, of_before) if of_before else {}
        for item_id in lacking:
            for one in before.get(item_id, ()):
                if item_id not in found and (last := earlier.get(one.item_id)):
                    micros = converted(last["price"].quantity_micros, one.factor).micros
                    found[item_id] = {**last, "price": Price(micros, last["price"].cost_micros)}
    return found


def _last_prices(session: Session, item_ids: Collection[int]) -> dict[int, LastPrice]:
    latest = tables.lot.alias()
    newest = (
        select(latest.c.id)
        .where(*_came_in(latest), latest.c.item_id == tables.item.c.id, latest.c.remaining_cost_micros.is_not(None))
        .order_by(latest.c.received_on.desc(), latest.c.id.desc())
        .limit(1)
        .correlate(tables.item)
        .scalar_subquery()
    )
    rows = session.execute(
        select(tables.item.c.id.label("of_item"), tables.lot, _COST)
        .select_from(tables.item)
        .join(tables.lot, tables.lot.c.id == newest)
        .where(tables.item.c.id.in_(sorted(item_ids)))
    )
    return {
        row.of_item: {
            "lot_code": row.code,
            "received_on": row.received_on.isoformat(),
            "is_made": bool(row.is_made),
            "price": _price(row),
        }
        for row in rows
    }


def load_on_hand(session: Session, item_ids: Collection[int]) -> dict[int, OnHand]:
    """By item, all stock, including held and expired lots, and its cost; two statements."""
    there = and_(tables.lot.c.item_id.in_(sorted(item_ids)), tables.lot.c.remaining_micros > 0)
    sums: Select[Any] = (
        select(
            tables.lot.c.item_id,
            func.sum(tables.lot.c.remaining_micros).label("quantity"),
            func.sum(tables.lot.c.remaining_cost_micros).label("cost"),
        )
        .where(there)
        .group_by(tables.lot.c.item_id)
    )
    unknown = select(tables.lot.c.item_id, tables.lot.c.code).where(there, tables.lot.c.remaining_cost_micros.is_(None))
    uncosted: dict[int, list[str]] = {}
    for row in session.execute(unknown.order_by(tables.lot.c.id)):
        uncosted.setdefault(row.item_id, []).append(row.code)
    return {
        row.item_id: {
            "price": None if row.item_id in uncosted else Price(int(row.quantity), int(row.cost)),
            "uncosted": uncosted.get(row.item_id, []),
        }
        for row in session.execute(sums)
    }


def _came_in(lots: Any = tables.lot) -> tuple[Any, ...]:
    """The conditions for lots that came in, without split-off parts and undone receipts."""
    return lots.c.parent_lot_id.is_(None), lots.c.quantity_micros > 0, stands(lots.c.operation_id)


def _price(row: Any) -> Price:
    return Price(row.quantity_micros, row.cost_now)


def _purchase(row: Any, base_unit: str, before: Any) -> PriceRow:
    price = _price(row).per(base_unit)
    was = _price(before).per(base_unit) if before is not None else 0
    return {
        "bought_on": row.received_on.isoformat(),
        "supplier": row.supplier,
        "product": " ".join(filter(None, (row.brand, row.product))) or None,
        "quantity": format_micros(row.quantity_micros),
        "unit": base_unit,
        "cost": cast(str, format_money(row.cost_now)),
        "price": cast(str, format_money(price)),
        "price_per": PER[base_unit][0],
        "change_percent": _tenths(divide_half_even((price - was) * 1000, was)) if was else None,
        "lot_code": row.code,
        "operation_id": row.operation_id,
    }


def _source(bought: Sequence[Any], base_unit: str) -> SourceRow:
    prices = [_price(row).per(base_unit) for row in bought]
    every = Price(sum(row.quantity_micros for row in bought), sum(row.cost_now for row in bought))
    last = bought[-1]
    told = _money_of(prices[-1], min(prices), max(prices), every.per(base_unit))
    return {
        "supplier": last.supplier,
        "product": " ".join(filter(None, (last.brand, last.product))) or None,
        "purchases": len(bought),
        "last": told[0],
        "last_on": last.received_on.isoformat(),
        "lowest": told[1],
        "highest": told[2],
        "average": told[3],
        "price_per": PER[base_unit][0],
    }


def _money_of(*micros: int) -> list[str]:
    return [cast(str, format_money(one)) for one in micros]


def _tenths(tenths: int) -> str:
    sign, digits = ("-", -tenths) if tenths < 0 else ("+" if tenths else "", tenths)
    return f"{sign}{digits // 10}.{digits % 10}"
