"""Current stock, lot by lot in the order of use, and where each lot went."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, TypedDict

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money, negated
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.stock.lots import State, open_state
from bake_tracker.domain.units import format_micros
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.catalog.definitions import ITEM_COLUMNS, as_item
from bake_tracker.queries.explain.passed_over import PassedOver, passed_over
from bake_tracker.queries.operations.costs import cost_now


class ShelfLot(TypedDict):
    """A lot now; ``place`` 1 is drawn next, None is not drawn at all."""

    lot_id: int
    lot_code: str
    on_hand: str
    unit: str
    value: str | None
    received_on: str
    expires_on: str | None
    state: State
    place: int | None


class Ahead(TypedDict):
    """The lots that would be drawn before this one."""

    lot_count: int
    quantity: str
    lot_codes: list[str]


class Went(TypedDict):
    """One change to a lot after it came in; ``into`` is the lot made from it."""

    operation_id: str
    operation: str
    at: str
    quantity: str
    cost: str | None
    into: str | None


class Whereabouts(TypedDict):
    """A lot's place in the order, its first changes and their number."""

    shelf: ShelfLot
    ahead: Ahead
    went: list[Went]
    went_count: int


class ShelfSummary(TypedDict):
    """An item's stock, and how much of it may be used today."""

    item_slug: str
    name: str
    unit: str
    policy: str
    on_hand: str
    usable: str
    expired: str
    on_hold: str
    lot_count: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """The open lots of one item in picking order, including those that may not be used."""

    item: Item
    policy: str
    rows: tuple[Any, ...]
    today: date

    def total(self, *states: State) -> int:
        return sum(row.remaining_micros for row in self.rows if self.state(row) in states)

    def state(self, row: Any) -> State:
        return state_of(row, self.today)

    @property
    def usable(self) -> list[Any]:
        return [row for row in self.rows if self.state(row) == "open"]

    def unusable(self) -> list[PassedOver]:
        """The lots passed over today, and why."""
        return [
            passed_over(
                row,
                row.remaining_micros,
                self.state(row),
                f"expired {row.expires_on}" if self.state(row) == "expired" else "on hold",
            )
            for row in self.rows
            if self.state(row) != "open"
        ]

    def summary(self) -> ShelfSummary:
        return {
            "item_slug": self.item.slug,
            "name": self.item.name,
            "unit": self.item.base_unit,
            "policy": self.policy,
            "on_hand": format_micros(self.total("open", "expired", "on hold")),
            "usable": format_micros(self.total("open")),
            "expired": format_micros(self.total("expired")),
            "on_hold": format_micros(self.total("on hold")),
            "lot_count": len(self.rows),
        }

    def lots(self) -> list[ShelfLot]:
        places = {row.id: place for place, row in enumerate(self.usable, 1)}
        return [shelf_lot(row, self.state(row), places.get(row.id)) for row in self.rows]

    def ahead_of(self, row: Any, shown: int) -> Ahead:
        """The usable lots before this one."""
        before = [other for other in self.usable if _order(other) < _order(row)]
        return {
            "lot_count": len(before),
            "quantity": format_micros(sum(other.remaining_micros for other in before)),
            "lot_codes": [other.code for other in before[:shown]],
        }


def load_shelves(
    session: Session, today: date, *, slugs: Collection[str] = (), ids: Collection[int] = ()
) -> list[Shelf]:
    """The stock of every item given by slug or id, even if empty; one statement."""
    rows = session.execute(
        select(*ITEM_COLUMNS, tables.item.c.pick_policy, *_SHELF_COLUMNS)
        .outerjoin(tables.lot, and_(tables.lot.c.item_id == tables.item.c.id, tables.lot.c.remaining_micros > 0))
        .where(
            (tables.item.c.slug.in_(sorted(slugs))) | (tables.item.c.id.in_(sorted(ids))), ~tables.item.c.is_category
        )
        .order_by(tables.item.c.id, tables.lot.c.pick_on, tables.lot.c.received_on, tables.lot.c.id)
    )
    by_item: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_item[row.id].append(row)
    return [
        Shelf(
            as_item(rows[0]),
            rows[0].pick_policy,
            tuple(_ShelfRow.of(row) for row in rows if row.lot_id is not None),
            today,
        )
        for rows in by_item.values()
    ]


def find_lots(session: Session, code: str) -> list[int]:
    """The lots with this code; codes entered by hand may repeat."""
    return list(session.scalars(select(tables.lot.c.id).where(tables.lot.c.code == code).order_by(tables.lot.c.id)))


def load_whereabouts(session: Session, lot_ids: Collection[int], today: date, limit: int) -> dict[int, Whereabouts]:
    """Each lot's place in the order and where it went; three statements."""
    columns = (*_SHELF_COLUMNS, tables.lot.c.item_id, tables.item.c.base_unit)
    found = session.execute(
        select(*columns)
        .join(tables.item, tables.item.c.id == tables.lot.c.item_id)
        .where(tables.lot.c.id.in_(sorted(lot_ids)))
    ).all()
    shelves = {shelf.item.item_id: shelf for shelf in load_shelves(session, today, ids={row.item_id for row in found})}
    went = _load_went(session, lot_ids, limit)
    told: dict[int, Whereabouts] = {}
    for found_row in found:
        row, shelf = _ShelfRow.of(found_row), shelves[found_row.item_id]
        ahead = shelf.ahead_of(row, limit)
        state = state_of(row, today)
        place = ahead["lot_count"] + 1 if state == "open" else None
        rows = went.get(row.id, [])
        told[row.id] = {
            "shelf": shelf_lot(row, state, place),
            "ahead": ahead,
            "went": [_went(one, row) for one in rows],
            "went_count": rows[0].all_of_lot if rows else 0,
        }
    return told


@dataclass(frozen=True, slots=True)
class _ShelfRow:
    id: int
    code: str
    pick_on: date
    received_on: date
    expires_on: date | None
    usable_until: date | None
    on_hold: bool
    remaining_micros: int
    remaining_cost_micros: int | None
    base_unit: str
    g_per_ml: Fraction | None
    g_per_each: Fraction | None

    @classmethod
    def of(cls, row: Any) -> "_ShelfRow":
        return cls(
            row.lot_id,
            row.code,
            row.pick_on,
            row.received_on,
            row.expires_on,
            row.usable_until,
            row.on_hold,
            row.remaining_micros,
            row.remaining_cost_micros,
            row.base_unit,
            row.lot_g_per_ml,
            row.lot_g_per_each,
        )


_SHELF_COLUMNS = (
    tables.lot.c.id.label("lot_id"),
    tables.lot.c.code,
    tables.lot.c.pick_on,
    tables.lot.c.received_on,
    tables.lot.c.expires_on,
    tables.lot.c.usable_until,
    tables.lot.c.on_hold,
    tables.lot.c.remaining_micros,
    tables.lot.c.remaining_cost_micros,
    tables.lot.c.g_per_ml.label("lot_g_per_ml"),
    tables.lot.c.g_per_each.label("lot_g_per_each"),
)


def state_of(row: Any, today: date) -> State:
    """Whether a lot may be drawn from today and, if not, why."""
    if row.remaining_micros == 0:
        return "used up"
    return open_state(row.on_hold, row.usable_until, today)


def shelf_lot(row: Any, state: State, place: int | None) -> ShelfLot:
    """A lot in readable form."""
    return {
        "lot_id": row.id,
        "lot_code": row.code,
        "on_hand": format_micros(row.remaining_micros),
        "unit": row.base_unit,
        "value": format_money(row.remaining_cost_micros),
        "received_on": row.received_on.isoformat(),
        "expires_on": row.expires_on.isoformat() if row.expires_on else None,
        "state": state,
        "place": place,
    }


def _order(row: Any) -> tuple[date, date, int]:
    return row.pick_on, row.received_on, row.id


def _load_went(session: Session, lot_ids: Collection[int], limit: int) -> Mapping[int, list[Any]]:
    """The first changes to each lot after it came in, in one statement."""
    made = tables.lot.alias("made")
    changes = (
        select(
            movements.c.id,
            movements.c.lot_id,
            movements.c.operation_id,
            movements.c.quantity_micros,
            cost_now(movements, tables.lot).label("cost_micros"),
            func.row_number().over(partition_by=movements.c.lot_id, order_by=movements.c.id).label("number"),
            func.count().over(partition_by=movements.c.lot_id).label("all_of_lot"),
        )
        .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
        .where(movements.c.lot_id.in_(sorted(lot_ids)), movements.c.operation_id != tables.lot.c.operation_id)
        .where(movements.c.quantity_micros != 0)
        .subquery()
    )
    rows = session.execute(
        select(changes, tables.operation.c.name, tables.operation.c.recorded_at, made.c.code.label("into"))
        .join(tables.operation, tables.operation.c.id == changes.c.operation_id)
        .outerjoin(made, made.c.operation_id == changes.c.operation_id)
        .where(changes.c.number <= limit)
        .order_by(changes.c.id)
    )
    by_lot: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_lot[row.lot_id].append(row)
    return by_lot


def _went(change: Any, row: Any) -> Went:
    return {
        "operation_id": change.operation_id,
        "operation": change.name,
        "at": change.recorded_at.isoformat(),
        "quantity": format_micros(-change.quantity_micros),
        "cost": format_money(negated(change.cost_micros)),
        "into": change.into,
    }
