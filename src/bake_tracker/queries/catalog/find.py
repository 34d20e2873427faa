"""Search by what somebody typed or scanned: a lot code, bar code, code of a carton or item name, or part of one."""

from collections.abc import Collection
from typing import Literal, NotRequired, TypedDict

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.searching import search_key
from bake_tracker.domain.stock.gs1 import Scanned, inner_gtin, read_gs1
from bake_tracker.domain.stock.products import is_gtin
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.searching import has_text, search_key_of

MOST = 25


class FoundItem(TypedDict):
    """An item, whether it matches exactly, and the product if its bar code was scanned."""

    item_id: int
    name: str
    kind: str
    product_id: int | None
    product: str | None
    is_exact: bool


class FoundLot(TypedDict):
    """A lot, and whether its code matches exactly."""

    lot_id: int
    lot_code: str
    item_name: str
    on_hand: str
    unit: str
    is_exact: bool


class CartonCode(TypedDict):
    """What a carton's code says of its content."""

    gtin: str | None
    lot_code: str | None
    expires_on: str | None


class Hits(TypedDict):
    """All matches, exact ones first, and the carton's code if one was scanned."""

    items: list[FoundItem]
    lots: list[FoundLot]
    carton: NotRequired[CartonCode]


class Hit(TypedDict):
    """The single match."""

    what: Literal["item", "lot"]
    key: int
    product_id: int | None


def find_hits(session: Session, typed: str, *, this_year: int | None = None) -> Hits:
    """Items and lots that match exactly or in part; at most five statements.

    The GS1 code of a carton finds its product and its lots; ``this_year`` settles the century of its days.
    """
    wanted = " ".join(typed.split())
    if not wanted:
        return {"items": [], "lots": []}
    if carton := read_gs1(typed, this_year):
        return _by_carton(session, carton, wanted)
    return {
        "items": [*_by_gtin(session, wanted), *_by_name(session, wanted)][:MOST],
        "lots": _lots_by_code(session, wanted),
    }


def _by_carton(session: Session, carton: Scanned, wanted: str) -> Hits:
    items = _by_gtin(session, carton.gtin) if carton.gtin else []
    if not items and carton.gtin and (inner := inner_gtin(carton.gtin)):
        # The carton holds several of these packages, so the product is not what came in.
        items = [FoundItem(**{**one, "product_id": None}) for one in _by_gtin(session, inner)]
    found = {item["item_id"] for item in items} if items else None
    lots = [lot for lot in _lots_by_code(session, wanted) if lot["is_exact"]]
    if not lots and carton.lot_code and not (carton.gtin and found is None):
        lots = [lot for lot in _lots_by_code(session, carton.lot_code, found) if lot["is_exact"]]
    day = carton.expires_on.isoformat() if carton.expires_on else None
    return {
        "items": items,
        "lots": lots,
        "carton": {"gtin": carton.gtin, "lot_code": carton.lot_code, "expires_on": day},
    }


def the_item(hits: Hits) -> Hit | None:
    """The single item of what a carton's code found, to receive it; else the single match if it is an item."""
    if "carton" in hits:
        found = [_hit_of_item(item) for item in hits["items"]]
        return found[0] if len({hit["key"] for hit in found}) == 1 else None
    hit = the_hit(hits)
    return hit if hit and hit["what"] == "item" else None


def the_hit(hits: Hits) -> Hit | None:
    """The single match, if there is one: the only lot with this code, or the only item with this name or bar code.

    Without an exact match, the only partial one.
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
    """The items with a bar code; scanners omit or add leading zeros."""
    digits = wanted.lstrip("0")
    forms = {digits.zfill(length) for length in (8, 12, 13, 14)} if is_gtin(wanted) else {wanted}
    rows = session.execute(
        select(
            tables.item.c.id,
            tables.item.c.name,
            tables.item.c.kind,
            tables.product.c.id.label("product_id"),
            tables.product.c.name,
        )
        .join(tables.item, tables.item.c.id == tables.product.c.item_id)
        .where(tables.product.c.gtin.in_(sorted(forms)))
        .order_by(tables.item.c.name, tables.product.c.id)
    )
    return [
        FoundItem(item_id=key, name=name, kind=kind, product_id=product_id, product=product, is_exact=True)
        for key, name, kind, product_id, product in rows
    ]


def _by_name(session: Session, wanted: str) -> list[FoundItem]:
    key = search_key(wanted)
    called = select(tables.name_mapping.c.item_id).where(tables.name_mapping.c.name == name_key(wanted))
    is_named = or_(
        *(search_key_of(session, column) == key for column in (tables.item.c.name, tables.item.c.slug)),
        tables.item.c.id.in_(called),
    )
    in_part = or_(has_text(session, wanted, tables.item.c.name, tables.item.c.slug), is_named)
    rows = session.execute(
        select(tables.item.c.id, tables.item.c.name, tables.item.c.kind, is_named.label("is_exact"))
        .where(~tables.item.c.is_category, in_part)
        .order_by(is_named.desc(), tables.item.c.name, tables.item.c.id)
        .limit(MOST)
    )
    return [
        FoundItem(item_id=key, name=name, kind=kind, product_id=None, product=None, is_exact=bool(is_exact))
        for key, name, kind, is_exact in rows
    ]


def _lots_by_code(session: Session, wanted: str, item_ids: Collection[int] | None = None) -> list[FoundLot]:
    """Lots with exactly this code, by index; else open lots whose code contains it, newest first."""
    columns = (
        tables.lot.c.id,
        tables.lot.c.code,
        tables.item.c.name,
        tables.lot.c.remaining_micros,
        tables.item.c.base_unit,
    )
    lots = (
        select(*columns)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .order_by(tables.lot.c.id.desc())
        .limit(MOST)
    )
    if item_ids is not None:
        lots = lots.where(tables.lot.c.item_id.in_(sorted(item_ids)))
    exact = session.execute(lots.where(tables.lot.c.code.in_(sorted({wanted, wanted.lower()})))).all()
    part = lots.where(has_text(session, wanted, tables.lot.c.code), tables.lot.c.remaining_micros > 0)
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
