"""Lots and what is left of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import LotNotFoundError
from bake_tracker.domain.recipes.quantities import Item, weighed
from bake_tracker.domain.stock.arrivals import KnownLot
from bake_tracker.domain.stock.fifo import OpenLot, to_draw
from bake_tracker.models import tables
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.costs import brought_cost_now


@dataclass(frozen=True, slots=True)
class LotState:
    """A lot's state; quantities and costs in millionths, an unknown cost is None; ``brought_*`` is as it came in."""

    lot_id: int
    code: str
    item_id: int
    item_slug: str
    base_unit: str
    received_on: date
    expires_on: date | None
    usable_until: date | None
    on_hold: bool
    location: str | None
    supplier_id: int | None
    product_id: int | None
    quantity_micros: int
    cost_micros: int | None
    brought_micros: int
    brought_cost_micros: int | None
    g_per_ml: Fraction | None = None
    g_per_each: Fraction | None = None
    then: OpenLot | None = None
    """What could be taken when a late record happened."""

    @property
    def open_lot(self) -> OpenLot:
        """The lot as input for a draw."""
        return OpenLot(
            self.lot_id,
            self.item_id,
            self.code,
            self.quantity_micros,
            self.cost_micros,
            self.usable_until,
            None,
            self.g_per_ml,
            self.g_per_each,
        )

    def to_draw(self, wanted_micros: int) -> OpenLot:
        """What to take from the lot, as it was when a late record happened or as it is."""
        return to_draw(self.open_lot, self.then, wanted_micros)

    def weighed(self, item: Item) -> Item:
        """The item as it is in this lot: what a volume or a piece of it weighs."""
        return weighed(item, self.g_per_ml, self.g_per_each)


def load_lot(session: Session, lot_id: int) -> LotState:
    """One lot.

    Raises:
        LotNotFoundError: there is no such lot.
    """
    return load_lots(session, [lot_id])[lot_id]


def load_lot_codes(session: Session) -> dict[str, list[int]]:
    """Every lot code with the ids of its lots, oldest first; suppliers' codes may repeat."""
    codes: dict[str, list[int]] = {}
    for lot_id, code in session.execute(select(tables.lot.c.id, tables.lot.c.code).order_by(tables.lot.c.id)):
        codes.setdefault(code, []).append(lot_id)
    return codes


def load_lots_called(session: Session, code: str) -> list[int]:
    """The lots with this code that hold something, else all with it, else the lot with this number."""
    with_code = select(tables.lot.c.id, tables.lot.c.remaining_micros).where(tables.lot.c.code == code)
    rows = session.execute(with_code.order_by(tables.lot.c.id)).all()
    if not rows and code.isascii() and code.isdigit() and len(code) < 19:
        return list(session.scalars(select(tables.lot.c.id).where(tables.lot.c.id == int(code))))
    return [row.id for row in rows if row.remaining_micros] or [row.id for row in rows]


def load_same_code(session: Session, lot_id: int) -> list[int]:
    """This lot, and then every other lot with its code, oldest first: a supplier may use a code for several deliveries.

    Raises:
        LotNotFoundError: there is no such lot.
    """
    code = select(tables.lot.c.code).where(tables.lot.c.id == lot_id).scalar_subquery()
    found = list(session.scalars(select(tables.lot.c.id).where(tables.lot.c.code == code).order_by(tables.lot.c.id)))
    if lot_id not in found:
        raise LotNotFoundError(lot_id)
    return [lot_id, *(other for other in found if other != lot_id)]


def load_known_lots(session: Session, codes: Collection[str]) -> dict[tuple[int, str], list[KnownLot]]:
    """The lots that came in with one of these codes and were not undone, by item and code, oldest first."""
    if not codes:
        return {}
    rows = session.execute(
        select(
            tables.lot.c.item_id, tables.lot.c.code, tables.lot.c.id, tables.lot.c.received_on, tables.lot.c.expires_on
        )
        .where(
            among(session, tables.lot.c.code, codes),
            ~exists().where(tables.reversal.c.reversed_operation_id == tables.lot.c.operation_id),
        )
        .order_by(tables.lot.c.id)
    )
    known: dict[tuple[int, str], list[KnownLot]] = {}
    for item_id, code, lot_id, received_on, expires_on in rows:
        expiry = expires_on.isoformat() if expires_on else None
        known.setdefault((item_id, code), []).append(
            {"lot_id": lot_id, "received_on": received_on.isoformat(), "expires_on": expiry}
        )
    return known


# Built once: building a statement costs more than running it.
_lots = (
    select(
        tables.lot.c.id,
        tables.lot.c.code,
        tables.lot.c.item_id,
        tables.item.c.slug,
        tables.item.c.base_unit,
        tables.lot.c.received_on,
        tables.lot.c.expires_on,
        tables.lot.c.usable_until,
        tables.lot.c.on_hold,
        tables.lot.c.location,
        tables.lot.c.supplier_id,
        tables.lot.c.product_id,
        tables.lot.c.remaining_micros,
        tables.lot.c.remaining_cost_micros,
        tables.lot.c.quantity_micros,
        brought_cost_now(tables.lot),
        tables.lot.c.g_per_ml,
        tables.lot.c.g_per_each,
    )
    .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
    .where(tables.lot.c.id.in_(bindparam("ids", expanding=True)))
)


def load_lots(session: Session, lot_ids: Collection[int]) -> dict[int, LotState]:
    """These lots by id; load them again after locking their items, to see what is left now.

    Raises:
        LotNotFoundError: one of them does not exist.
    """
    rows = session.execute(_lots, {"ids": list(lot_ids)})
    found = {row.id: LotState(*tuple(row)) for row in rows}
    for lot_id in lot_ids:
        if lot_id not in found:
            raise LotNotFoundError(lot_id)
    return found
