"""The lots that a bill is about: what came in with a delivery, and whether a cost can be stated for them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TypedDict

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import DeliveryNotFoundError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.quantities import Item, weighed
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import as_item
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.costs import brought_cost_now


@dataclass(frozen=True, slots=True)
class StatedLot:
    """A lot with its item, as it came in; ``is_bought`` unless it was made here or split from another lot."""

    lot_id: int
    code: str
    item: Item
    quantity: Fraction
    received_on: date
    is_bought: bool
    is_undone: bool
    parent_code: str | None
    operation_id: str


def load_stated_lots(session: Session, lot_ids: Collection[int]) -> dict[int, StatedLot]:
    """These lots by id, without those that do not exist; one statement."""
    parent = tables.lot.alias()
    rows = session.execute(
        select(
            tables.item,
            tables.lot.c.id.label("lot_id"),
            tables.lot.c.code.label("lot_code"),
            tables.lot.c.quantity_micros,
            tables.lot.c.received_on,
            tables.lot.c.is_made,
            tables.lot.c.operation_id.label("made_by"),
            parent.c.code.label("parent_code"),
            tables.lot.c.g_per_ml.label("lot_g_per_ml"),
            tables.lot.c.g_per_each.label("lot_g_per_each"),
            exists().where(tables.reversal.c.reversed_operation_id == tables.lot.c.operation_id).label("is_undone"),
        )
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .outerjoin(parent, parent.c.id == tables.lot.c.parent_lot_id)
        .where(among(session, tables.lot.c.id, lot_ids))
        .order_by(tables.lot.c.id)
    )
    return {
        row.lot_id: StatedLot(
            row.lot_id,
            row.lot_code,
            weighed(as_item(row), row.lot_g_per_ml, row.lot_g_per_each),
            Fraction(row.quantity_micros, MICRO),
            row.received_on,
            not row.is_made and row.parent_code is None,
            bool(row.is_undone),
            row.parent_code,
            row.made_by,
        )
        for row in rows
    }


def load_lots_of_delivery(session: Session, delivery_id: int) -> list[int]:
    """The lots that came with a delivery, in order.

    Raises:
        DeliveryNotFoundError: there is no such delivery.
    """
    delivered_by = select(tables.delivery.c.operation_id).where(tables.delivery.c.id == delivery_id)
    operation_id = session.execute(delivered_by).scalar_one_or_none()
    if operation_id is None:
        raise DeliveryNotFoundError(delivery_id)
    came = (tables.lot.c.operation_id == operation_id, tables.lot.c.parent_lot_id.is_(None))
    return list(session.scalars(select(tables.lot.c.id).where(*came).order_by(tables.lot.c.id)))


class CostOfLot(TypedDict):
    """What a lot cost when it came in, as known now; None if unknown."""

    lot_id: int
    lot_code: str
    item_name: str
    quantity: str
    unit: str
    cost: str | None


def load_costs_of(session: Session, lot_ids: Collection[int]) -> list[CostOfLot]:
    """What these lots cost, in order; one statement."""
    rows = session.execute(
        select(
            tables.lot.c.id,
            tables.lot.c.code,
            tables.item.c.name,
            tables.lot.c.quantity_micros,
            tables.item.c.base_unit,
            brought_cost_now(tables.lot).label("cost"),
        )
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .where(among(session, tables.lot.c.id, lot_ids))
        .order_by(tables.lot.c.id)
    )
    return [
        CostOfLot(
            lot_id=row.id,
            lot_code=row.code,
            item_name=row.name,
            quantity=format_micros(row.quantity_micros),
            unit=row.base_unit,
            cost=format_money(row.cost),
        )
        for row in rows
    ]
