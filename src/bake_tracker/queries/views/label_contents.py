"""What lots are made of, their allergens, and the label on file."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, literal, select, text, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError, LabelIncompleteError, LotNotFoundError, ValidationError
from bake_tracker.domain.label.allergens import NONE, Statement, read_label
from bake_tracker.domain.label.contents import Food, Label, MadeLot, label_of_lot
from bake_tracker.domain.label.text import LabelWords, Style, net_text, words_of
from bake_tracker.models import Bakery, tables
from bake_tracker.queries.operations.reversal import stands

_REACHED = (
    text(
        """
WITH RECURSIVE reached (lot_id) AS (
    SELECT id FROM lot WHERE id IN :lot_ids
    UNION
    SELECT drawn.lot_id
    FROM reached
        JOIN lot ON lot.id = reached.lot_id
        JOIN movement AS drawn ON drawn.operation_id = lot.operation_id AND drawn.quantity_micros < 0
)
SELECT lot.id, lot.item_id, lot.product_id, lot.parent_lot_id, lot.quantity_micros,
    drawn.lot_id AS from_lot_id, -drawn.quantity_micros AS drawn_micros
FROM reached
    JOIN lot ON lot.id = reached.lot_id
    LEFT JOIN movement AS drawn ON drawn.operation_id = lot.operation_id AND drawn.quantity_micros < 0
ORDER BY drawn.id
"""
    )
    .bindparams(bindparam("lot_ids", expanding=True))
    .columns(
        id=BigInteger,
        item_id=BigInteger,
        product_id=BigInteger,
        parent_lot_id=BigInteger,
        quantity_micros=BigInteger,
        from_lot_id=BigInteger,
        drawn_micros=BigInteger,
    )
)
_FOODS = (
    select(
        tables.item.c.id,
        tables.item.c.kind,
        tables.item.c.slug,
        tables.item.c.name,
        tables.item.c.base_unit,
        tables.item.c.g_per_ml,
        tables.item.c.g_per_each,
        tables.item_label.c.ingredients,
    )
    .outerjoin(tables.item_label, tables.item_label.c.item_id == tables.item.c.id)
    .where(tables.item.c.id.in_(bindparam("item_ids", expanding=True)))
)
_SAID = union_all(
    select(
        tables.item_allergen.c.item_id.label("item_id"),
        literal(0).label("product_id"),
        *list(tables.item_allergen.c)[1:],
    ).where(tables.item_allergen.c.item_id.in_(bindparam("item_ids", expanding=True))),
    select(literal(0), tables.product_allergen.c.product_id, *list(tables.product_allergen.c)[1:]).where(
        tables.product_allergen.c.product_id.in_(bindparam("product_ids", expanding=True))
    ),
)


@dataclass(frozen=True, slots=True)
class Made:
    """Everything lots are made of: the lots, their sources, and what is known of their items."""

    lots: Mapping[int, MadeLot]
    foods: Mapping[int, Food]
    of_products: Mapping[int, Statement]


@dataclass(frozen=True, slots=True)
class FiledLabel:
    """The label on file for an item."""

    ingredients: str
    contains: frozenset[str]
    may_contain: frozenset[str]
    filed_at: datetime


def load_made(connection: Session | Connection, lot_ids: Collection[int], *, also_item: int | None = None) -> Made:
    """Load what these lots were made of, to any depth, in three statements."""
    rows = connection.execute(_REACHED, {"lot_ids": sorted(lot_ids)}).all()
    drawn: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        if row.from_lot_id is not None:
            drawn[row.id].append((row.from_lot_id, row.drawn_micros))
    lots = {
        row.id: MadeLot(
            row.id, row.item_id, row.product_id, row.parent_lot_id, row.quantity_micros, tuple(drawn[row.id])
        )
        for row in rows
    }
    item_ids = {lot.item_id for lot in lots.values()} | ({also_item} if also_item is not None else set())
    product_ids = {lot.product_id for lot in lots.values() if lot.product_id is not None}
    of_items, of_products = load_statements(connection, item_ids, product_ids)
    foods = {
        row.id: Food(
            row.id,
            row.kind,
            row.slug,
            row.name,
            row.base_unit,
            row.g_per_ml,
            row.g_per_each,
            row.ingredients,
            of_items.get(row.id),
        )
        for row in connection.execute(_FOODS, {"item_ids": sorted(item_ids)})
    }
    return Made(lots, foods, of_products)


def load_statements(
    connection: Session | Connection, item_ids: Iterable[int], product_ids: Iterable[int]
) -> tuple[dict[int, Statement], dict[int, Statement]]:
    """The allergen statements for these items and products; those without one are left out."""
    rows = connection.execute(_SAID, {"item_ids": sorted(item_ids), "product_ids": sorted(product_ids)})
    said: defaultdict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        said[row.item_id, row.product_id].append((row.allergen, row.presence))
    of_items = {item_id: _statement(told) for (item_id, product_id), told in said.items() if not product_id}
    return of_items, {product_id: _statement(told) for (_, product_id), told in said.items() if product_id}


def _statement(told: Iterable[tuple[str, str]]) -> Statement:
    keys = {
        presence: frozenset(key for key, of in told if of == presence and key != NONE)
        for presence in ("contains", "may_contain")
    }
    return Statement(keys["contains"], keys["may_contain"])


def load_filed(connection: Session | Connection, item_id: int) -> FiledLabel | None:
    """The label on file for an item, if there is one."""
    row = connection.execute(
        select(tables.item_label.c.ingredients, tables.item_label.c.allergens, tables.item_label.c.filed_at).where(
            tables.item_label.c.item_id == item_id
        )
    ).one_or_none()
    if row is None:
        return None
    said = read_label(row.allergens) or Statement()
    return FiledLabel(row.ingredients, said.contains, said.may_contain, row.filed_at)


@dataclass(frozen=True, slots=True)
class LabelledLot:
    """A lot for its label, and what is in it."""

    lot_id: int
    code: str
    expires_on: date | None
    bakery_name: str
    label: Label


def load_label(session: Session, lot_id: int) -> LabelledLot:
    """Load what is really in a lot.

    Raises:
        LotNotFoundError: there is no such lot.
        ConflictError: what made it was reversed, so there is none.
    """
    lot = session.execute(
        select(
            tables.lot.c.code,
            tables.lot.c.expires_on,
            select(Bakery.name).scalar_subquery().label("bakery_name"),
            stands(tables.lot.c.operation_id).label("is_there"),
        ).where(tables.lot.c.id == lot_id)
    ).one_or_none()
    if lot is None:
        raise LotNotFoundError(lot_id)
    if not lot.is_there:
        raise ConflictError(f"what made lot {lot.code} was reversed; there is nothing to label", lot_id=lot_id)
    made = load_made(session, [lot_id])
    label = label_of_lot(lot_id, made.lots, made.foods, made.of_products)
    return LabelledLot(lot_id, lot.code, lot.expires_on, lot.bakery_name, label)


def label_words(
    found: LabelledLot,
    style: Style,
    best_before: date | None = None,
    *,
    is_use_by: bool = False,
    net: str | None = None,
    address: str | None = None,
) -> LabelWords:
    """The printed words; by default the day is the lot's expiry and the net quantity a piece's weight.

    Raises:
        ValidationError: the day is after the lot's expiry.
    """
    if best_before is not None and found.expires_on is not None and best_before > found.expires_on:
        raise ValidationError.of("best_before", f"lot {found.code} expires on {found.expires_on}; name no later day")
    weight = found.label.net_weight_g
    return words_of(
        found.label,
        style,
        lot_code=found.code,
        producer=found.bakery_name,
        address=address,
        net=net or (None if weight is None else net_text(weight, style)),
        good_until=best_before or found.expires_on,
        is_use_by=is_use_by,
    )


def check_complete(label: Label) -> None:
    """Raise LabelIncompleteError unless everything that a label must state is recorded."""
    if label.gaps:
        raise LabelIncompleteError([{"field": gap["item_slug"], "problem": gap["problem"]} for gap in label.gaps])


@dataclass(frozen=True, slots=True)
class Stated:
    """An item or a package of it, and its allergens; None if they are not recorded."""

    item_id: int
    item_slug: str
    kind: str
    product_id: int | None
    product_name: str | None
    statement: Statement | None


def load_stated(session: Session, item_id: int | None = None) -> list[Stated]:
    """Everything that is bought or has a statement, by slug."""
    items = (
        select(tables.item.c.id, tables.item.c.slug, tables.item.c.kind)
        .where(~tables.item.c.is_category)
        .order_by(tables.item.c.slug)
    )
    products = select(
        tables.product.c.id, tables.product.c.item_id, tables.product.c.brand, tables.product.c.name
    ).order_by(tables.product.c.id)
    if item_id is not None:
        items = items.where(tables.item.c.id == item_id)
        products = products.where(tables.product.c.item_id == item_id)
    packages: defaultdict[int, list[Any]] = defaultdict(list)
    for row in session.execute(products):
        packages[row.item_id].append(row)
    kept = session.execute(items).all()
    item_ids = [item.id for item in kept]
    of_items, of_products = load_statements(session, item_ids, [one.id for p in packages.values() for one in p])
    found = []
    for item in kept:
        if item.kind == "ingredient" or item.id in of_items or item_id is not None:
            found.append(Stated(item.id, item.slug, item.kind, None, None, of_items.get(item.id)))
        for one in packages[item.id]:
            if one.id in of_products or item_id is not None:
                name = " ".join(filter(None, (one.brand, one.name)))
                found.append(Stated(item.id, item.slug, item.kind, one.id, name, of_products.get(one.id)))
    return found
