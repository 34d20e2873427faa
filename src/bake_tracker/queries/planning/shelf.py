"""Par levels as they are, and what was sold at the counter today."""

from collections.abc import Hashable, Mapping
from datetime import date
from typing import TypedDict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.planning.figures import Figure
from bake_tracker.domain.planning.pars import WEEKDAYS, Par
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.catalog.definitions import ITEM_COLUMNS, as_item
from bake_tracker.queries.operations.costs import integer_sum
from bake_tracker.queries.operations.reversal import stands

_par = tables.par_level


class ParRow(TypedDict):
    """A par level in the item's base unit, on a weekday or on every day without its own."""

    item_id: int
    item_slug: str
    item_name: str
    weekday: str
    quantity: str
    unit: str


def load_par_levels(session: Session) -> list[ParRow]:
    """All par levels by name and weekday; one statement."""
    rows = session.execute(
        select(_par, tables.item.c.slug, tables.item.c.name, tables.item.c.base_unit)
        .join(tables.item, tables.item.c.id == _par.c.item_id)
        .order_by(func.lower(tables.item.c.name), _par.c.item_id, _par.c.weekday)
    )
    return [
        {
            "item_id": row.item_id,
            "item_slug": row.slug,
            "item_name": row.name,
            "weekday": WEEKDAYS[row.weekday],
            "quantity": format_micros(row.quantity_micros),
            "unit": row.base_unit,
        }
        for row in rows
    ]


def load_pars(session: Session) -> tuple[list[Par], dict[int, Item]]:
    """The par levels of items that are not archived, in millionths, with the items; one statement."""
    rows = session.execute(
        select(_par.c.weekday, _par.c.quantity_micros, *ITEM_COLUMNS)
        .join(tables.item, tables.item.c.id == _par.c.item_id)
        .where(~is_archived(tables.item))
        .order_by(_par.c.item_id, _par.c.weekday)
    ).all()
    return [Par(row.id, row.weekday, row.quantity_micros) for row in rows], {row.id: as_item(row) for row in rows}


def load_sold_at_counter(session: Session, house: BakeryInfo, day: date) -> Mapping[Hashable, Figure]:
    """By item, the millionths that were sold on a day without an order; one statement."""
    sale, over = tables.adjustment, tables.hand_over
    rows = session.execute(
        select(tables.lot.c.item_id, integer_sum(-sale.c.quantity_micros).label("micros"))
        .join(tables.lot, tables.lot.c.id == sale.c.lot_id)
        .outerjoin(over, over.c.operation_id == sale.c.operation_id)
        .where(
            sale.c.kind == "sale",
            sale.c.happened_at >= house.start_of(day),
            over.c.order_id.is_(None),
            stands(sale.c.operation_id),
        )
        .group_by(tables.lot.c.item_id)
    )
    return {row.item_id: row.micros for row in rows}
