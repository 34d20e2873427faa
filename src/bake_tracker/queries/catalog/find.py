"""What somebody typed or scanned: a lot's code, a bar code, an item's name or a part of one of them."""

from typing import Literal, TypedDict, cast

from sqlalchemy import Table, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.stock.products import is_gtin
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Item, Lot, NameMapping, Product

_items = cast(Table, Item.__table__)
_lots = cast(Table, Lot.__table__)
_products = cast(Table, Product.__table__)
_names = cast(Table, NameMapping.__table__)

MOST = 25


class FoundItem(TypedDict):
    """An item, and whether what was typed is just what it is called; the product where that was its bar code."""

    item_id: int
    name: str
    kind: str
    product_id: int | None
    product: str | None
    is_exact: bool


class FoundLot(TypedDict):
    """A lot, and whether what was typed is just its code."""

    lot_id: int
    lot_code: str
    item_name: str
    on_hand: str
    unit: str
    is_exact: bool


class Hits(TypedDict):
    """All that fits, what fits just so first."""

    items: list[FoundItem]
    lots: list[FoundLot]


class Hit(TypedDict):
    """The one thing that was meant."""

    what: Literal["item", "lot"]
    key: int
    product_id: int | None


def find_hits(session: Session, typed: str) -> Hits:
    """Items and lots that are called so, or in part; four statements."""
    wanted = " ".join(typed.split())
    if not wanted:
        return {"items": [], "lots": []}
    return {
        "items": [*_by_gtin(session, wanted), *_by_name(session, wanted)][:MOST],
        "lots": _lots_by_code(session, wanted),
    }


def the_hit(hits: Hits) -> Hit | None:
    """What was meant, where that is one thing: the only lot of this code, the only item of this name or bar code.

    Where nothing is called just so, the only thing that fits in part.
    """
    found: list[Hit] = [_hit_of_lot(lot) for lot in hits["lots"] if lot["is_exact"]]
    if not found:
        found = [_hit_of_item(item) for item in hits["items"] if item["is_exact"]]
    if not found:
        found = [*map(_hit_of_item, hits["items"]), *map(_hit_of_lot, hits["lots"])]
    return found[0] if len({(hit["what"], hit["key"]) for hit in found}) == 1 else None


def _hit_of_item(item: FoundItem) -> Hit:
    return {"what": "item", "key": item["item_id"], "product_id": item["product_id"]}


def _hit_of_lot(lot: FoundLot) -> Hit:
    return {"what": "lot", "key": lot["lot_id"], "product_id": None}


def _by_gtin(session: Session, wanted: str) -> list[FoundItem]:
    """The items of a bar code; scanners leave zeros out before it, or add some."""
    digits = wanted.lstrip("0")
    forms = {digits.zfill(length) for length in (8, 12, 13, 14)} if is_gtin(wanted) else {wanted}
    rows = session.execute(
        select(_items.c.id, _items.c.name, _items.c.kind, _products.c.id.label("product_id"), _products.c.name)
        .join(_items, _items.c.id == _products.c.item_id)
        .where(_products.c.gtin.in_(sorted(forms)))
        .order_by(_items.c.name, _products.c.id)
    )
    return [
        FoundItem(item_id=key, name=name, kind=kind, product_id=product_id, product=product, is_exact=True)
        for key, name, kind, product_id, product in rows
    ]


def _by_name(session: Session, wanted: str) -> list[FoundItem]:
    folded = wanted.casefold()
    called = select(_names.c.item_id).where(_names.c.name == name_key(wanted))
    is_named = or_(func.lower(_items.c.name) == folded, _items.c.slug == folded, _items.c.id.in_(called))
    in_part = or_(
        _items.c.name.icontains(wanted, autoescape=True), _items.c.slug.icontains(wanted, autoescape=True), is_named
    )
    rows = session.execute(
        select(_items.c.id, _items.c.name, _items.c.kind, is_named.label("is_exact"))
        .where(~_items.c.is_category, in_part)
        .order_by(is_named.desc(), _items.c.name, _items.c.id)
        .limit(MOST)
    )
    return [
        FoundItem(item_id=key, name=name, kind=kind, product_id=None, product=None, is_exact=bool(is_exact))
        for key, name, kind, is_exact in rows
    ]


def _lots_by_code(session: Session, wanted: str) -> list[FoundLot]:
    """Lots of just this code by its index; else those with something in them whose code has it, the newest first."""
    columns = (_lots.c.id, _lots.c.code, _items.c.name, _lots.c.remaining_micros, _items.c.base_unit)
    lots = select(*columns).join(_items, _items.c.id == _lots.c.item_id).order_by(_lots.c.id.desc()).limit(MOST)
    exact = session.execute(lots.where(_lots.c.code.in_(sorted({wanted, wanted.lower()})))).all()
    part = lots.where(_lots.c.code.icontains(wanted, autoescape=True), _lots.c.remaining_micros > 0)
    return [
        FoundLot(
            lot_id=row.id,
            lot_code=row.code,
            item_name=row.name,
            on_hand=format_micros(row.remaining_micros),
            unit=row.base_unit,
            is_exact=bool(exact),
        )
        for row in exact or session.execute(part).all()
    ]
