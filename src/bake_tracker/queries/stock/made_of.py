"""What lots are made of, to any depth."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, String, bindparam, select, text
from sqlalchemy.orm import Session

from bake_tracker.domain.label.allergens import Statement
from bake_tracker.domain.label.contents import Food, MadeLot
from bake_tracker.models import tables
from bake_tracker.models.types import ExactRatio
from bake_tracker.queries.catalog.label_facts import load_statements
from bake_tracker.queries.catalog.unit_changes import load_current

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
SELECT lot.id, lot.item_id, lot.product_id, lot.parent_lot_id, lot.quantity_micros, lot.g_per_ml, lot.g_per_each,
    drawn.lot_id AS from_lot_id, -drawn.quantity_micros AS drawn_micros, production_output.share,
    EXISTS (SELECT 1 FROM unit_change WHERE unit_change.item_id = lot.item_id) AS is_followed
FROM reached
    JOIN lot ON lot.id = reached.lot_id
    LEFT JOIN production_output ON production_output.lot_id = lot.id
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
        share=String,
        is_followed=Boolean,
        g_per_ml=ExactRatio(),
        g_per_each=ExactRatio(),
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


@dataclass(frozen=True, slots=True)
class Made:
    """Everything lots are made of: the lots, their sources, and what is known about their items."""

    lots: Mapping[int, MadeLot]
    foods: Mapping[int, Food]
    of_products: Mapping[int, Statement]


def load_made(connection: Session | Connection, lot_ids: Collection[int], *, also_item: int | None = None) -> Made:
    """Load what these lots were made of, to any depth, in three statements.

    Lots of an item that is now kept in another unit are given in that unit, as lots of the item that followed; that
    takes one more statement.
    """
    rows = connection.execute(_REACHED, {"lot_ids": sorted(lot_ids)}).all()
    followed = load_current(connection) if any(row.is_followed for row in rows) else {}
    factors = {row.id: followed[row.item_id].factor for row in rows if row.item_id in followed}
    drawn: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        if row.from_lot_id is not None:
            # A lot that came out beside others has only its share of what was drawn.
            share = Fraction(row.share) if row.share else Fraction(1)
            factor = factors.get(row.from_lot_id, Fraction(1))
            drawn[row.id].append((row.from_lot_id, round(row.drawn_micros * share * factor)))
    kept_as = {row.item_id: followed[row.item_id].item_id if row.item_id in followed else row.item_id for row in rows}
    item_ids = {*kept_as.values()} | ({also_item} if also_item is not None else set())
    product_ids = {row.product_id for row in rows if row.product_id is not None}
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
    lots = {
        row.id: MadeLot(
            row.id,
            kept_as[row.item_id],
            row.product_id,
            row.parent_lot_id,
            max(1, round(row.quantity_micros * factors.get(row.id, Fraction(1)))),
            tuple(drawn[row.id]),
            _heft(row, foods[kept_as[row.item_id]]) if row.item_id not in followed else Fraction(1),
        )
        for row in rows
    }
    return Made(lots, foods, of_products)


def _heft(lot: Any, food: Food) -> Fraction:
    """What a volume or a piece of a lot weighs, relative to its item's."""
    weights = {"ml": (lot.g_per_ml, food.g_per_ml), "each": (lot.g_per_each, food.g_per_each)}
    of_lot, of_item = weights.get(food.base_unit, (None, None))
    return of_lot / of_item if of_lot and of_item else Fraction(1)
