"""Purchase orders as they stand: the latest version that was not undone, and what came in for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.buying.purchase_orders import PurchaseLine, PurchaseState, purchase_state
from bake_tracker.domain.errors import PurchaseOrderNotFoundError
from bake_tracker.models import tables
from bake_tracker.queries.operations.reversal import stands

_version, _line, _receipt = tables.purchase_order_version, tables.purchase_order_line, tables.purchase_order_receipt
_later = tables.purchase_order_version.alias()


@dataclass(frozen=True, slots=True)
class StandingPurchase:
    """A purchase order in its version in force; ``received`` has the millionths that came so far, by product."""

    purchase_order_id: int
    version_id: int
    is_cancelled: bool
    supplier_id: int
    wanted_on: date
    note: str | None
    lines: tuple[PurchaseLine, ...]
    received: Mapping[int, int]

    @property
    def state(self) -> PurchaseState:
        return purchase_state(self.lines, self.received, is_cancelled=self.is_cancelled)

    @property
    def item_ids(self) -> set[int]:
        return {one.item_id for one in self.lines}

    def left_micros(self, line: PurchaseLine) -> int:
        """What is still to come of a line."""
        return max(0, line.quantity_micros - self.received.get(line.product_id, 0))


@dataclass(frozen=True, slots=True)
class OnOrder:
    """What is still to come of one item, in millionths of its base unit, and on which day."""

    purchase_order_id: int
    product_id: int
    item_id: int
    wanted_on: date
    quantity_micros: int


def is_purchase_in_force() -> ColumnElement[bool]:
    """The condition that a version of a purchase order is the latest of those that were not undone."""
    newer = select(_later.c.id).where(
        _later.c.purchase_order_id == _version.c.purchase_order_id,
        _later.c.id > _version.c.id,
        stands(_later.c.operation_id),
    )
    return stands(_version.c.operation_id) & ~newer.exists()


def received_by_product() -> Subquery:
    """What came of every product of every purchase order, of deliveries that were not undone."""
    came: Select[Any, Any, Any] = (
        select(
            _receipt.c.purchase_order_id,
            _receipt.c.product_id,
            func.sum(tables.lot.c.quantity_micros).label("quantity_micros"),
        )
        .join(tables.lot, tables.lot.c.id == _receipt.c.lot_id)
        .where(stands(_receipt.c.operation_id))
        .group_by(_receipt.c.purchase_order_id, _receipt.c.product_id)
    )
    return came.subquery()


def load_purchase_order(session: Session, purchase_order_id: int) -> StandingPurchase:
    """One purchase order; three statements.

    Raises:
        PurchaseOrderNotFoundError: there is no such purchase order, or it was undone.
    """
    wanted = select(_version).where(_version.c.purchase_order_id == purchase_order_id, is_purchase_in_force())
    found = session.execute(wanted).one_or_none()
    if found is None:
        raise PurchaseOrderNotFoundError(purchase_order_id)
    lines = session.execute(
        select(_line).where(_line.c.purchase_order_version_id == found.id).order_by(_line.c.id)
    ).all()
    came = received_by_product()
    received = session.execute(
        select(came.c.product_id, came.c.quantity_micros).where(came.c.purchase_order_id == purchase_order_id)
    )
    return StandingPurchase(
        purchase_order_id=purchase_order_id,
        version_id=found.id,
        is_cancelled=found.status == "cancelled",
        supplier_id=found.supplier_id,
        wanted_on=found.wanted_on,
        note=found.note,
        lines=tuple(
            PurchaseLine(row.product_id, row.item_id, row.packs, row.quantity_micros, row.price_micros) for row in lines
        ),
        received={row.product_id: int(row.quantity_micros) for row in received},
    )


def load_on_order(session: Session) -> list[OnOrder]:
    """What is still to come of all purchase orders, by day; one statement."""
    came = received_by_product()
    left = (_line.c.quantity_micros - func.coalesce(came.c.quantity_micros, 0)).label("left")
    rows = session.execute(
        select(_version.c.purchase_order_id, _line.c.product_id, _line.c.item_id, _version.c.wanted_on, left)
        .join(_line, _line.c.purchase_order_version_id == _version.c.id)
        .outerjoin(
            came,
            (came.c.purchase_order_id == _version.c.purchase_order_id) & (came.c.product_id == _line.c.product_id),
        )
        .where(_version.c.status == "sent", is_purchase_in_force(), left > 0)
        .order_by(_version.c.wanted_on, _version.c.purchase_order_id, _line.c.id)
    )
    return [OnOrder(*row[:4], int(row.left)) for row in rows]
