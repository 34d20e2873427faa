"""Every stock change goes through here, inside a recorded operation.

Item rows are locked in id order before any lot is chosen, so that two operations cannot deadlock or choose the same
lot. Quantities are then changed by relative amounts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict, TypeVar

from sqlalchemy import (
    Date,
    Insert,
    String,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy import cast as sql_cast

from bake_tracker.domain.money import format_money, negated
from bake_tracker.domain.recipes.quantities import Item, Mix
from bake_tracker.domain.stock.fifo import Allocation, Draw, Reason, plan_draws
from bake_tracker.domain.stock.lots import day_mark, lot_code, pick_on
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Bakery, tables
from bake_tracker.models.types import UuidText
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.stock.arrival_times import load_mistimed_arrivals, load_mistimed_reversals
from bake_tracker.services.operation import Operation
from bake_tracker.services.stock.counts import asking_counts
from bake_tracker.services.stock.movements import Change as Change
from bake_tracker.services.stock.movements import change_remaining, post, redate
from bake_tracker.services.stock.usable import usable_lots

Found = TypeVar("Found")


# Built once: building a statement costs more than running it.
_lock = (
    select(tables.item.c.id)
    .where(tables.item.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(tables.item.c.id)
    .with_for_update(key_share=True)
)
_insert_lot = insert(tables.lot).returning(tables.lot.c.id)
_value = (
    update(tables.lot).where(tables.lot.c.id == bindparam("of_lot")).values(remaining_cost_micros=bindparam("worth"))
)


def _passed_over() -> Insert:
    """The lots before the last one drawn that hold something: those on hold, and those that could not be used then.

    Two parts, because each walks a partial index of its own.
    """
    last, lot = tables.lot.alias("last"), tables.lot
    before = and_(
        lot.c.item_id == last.c.item_id,
        lot.c.remaining_micros > 0,
        tuple_(lot.c.pick_on, lot.c.received_on, lot.c.id) < tuple_(last.c.pick_on, last.c.received_on, last.c.id),
    )
    came_later = lot.c.received_on > bindparam("there_on", type_=Date)
    expired = lot.c.usable_until < bindparam("usable_on", type_=Date)
    state = case((came_later, "not there yet"), (lot.c.on_hold.is_(true()), "on hold"), else_="expired")
    parts = [
        select(bindparam("by", type_=UuidText()), lot.c.id, state, lot.c.usable_until)
        .select_from(last)
        .join(lot, and_(before, condition))
        .where(last.c.id.in_(bindparam("last", expanding=True)))
        for condition in (lot.c.on_hold == true(), and_(lot.c.on_hold == false(), or_(came_later, expired)))
    ]
    return insert(tables.passed_over_lot).from_select(
        ["operation_id", "lot_id", "state", "usable_until"], union_all(*parts)
    )


_pass_over = _passed_over()
_count_splits = select(func.count()).where(
    tables.lot.c.item_id == bindparam("item"),
    func.substr(tables.lot.c.code, 1, func.length(bindparam("beginning", type_=String))) == bindparam("beginning"),
)
_next_code = (
    tables.item.c.slug + "-" + bindparam("day_mark", type_=String) + "-" + sql_cast(tables.item.c.lot_count, String)
)
# The same statement locks the bakery, so that its currency and time zone stay while a lot is being added.
_number_lot = (
    update(tables.item)
    .where(tables.item.c.id == bindparam("of_item"))
    .values(lot_count=tables.item.c.lot_count + 1)
    .returning(
        tables.item.c.lot_count,
        tables.item.c.slug,
        tables.item.c.pick_policy,
        exists().where(tables.lot.c.code == _next_code).correlate(tables.item).label("is_taken"),
        select(Bakery.id).with_for_update(read=True, key_share=True).scalar_subquery().label("held_bakery"),
    )
)


class Consumption(TypedDict):
    """The quantity a run used from one lot, in the item's base unit; the cost is None if unknown."""

    lot_id: int
    lot_code: str
    ingredient_slug: str
    quantity: str
    unit: str
    cost: str | None


@dataclass(frozen=True, slots=True)
class NewLot:
    """A lot to add; quantity in millionths of the item's base unit, cost in millionths or None if unknown."""

    item_id: int
    quantity_micros: int
    cost_micros: int | None
    received_on: date
    expires_on: date | None
    code: str | None = None
    is_made: bool = True
    supplier_id: int | None = None
    product_id: int | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class AddedLot:
    """The id and code of an added lot."""

    lot_id: int
    code: str


def lock_items(operation: Operation, item_ids: Iterable[int]) -> None:
    """Lock these items against other writers until the transaction ends, in id order."""
    if operation.connection.dialect.name != "sqlite":  # SQLite has one writer, and since the claim it is this one
        operation.connection.execute(_lock, {"ids": sorted(item_ids)}).all()


def load_locked(
    operation: Operation,
    load: Callable[[], Found],
    items_of: Callable[[Found], set[int]],
    *,
    seen: Found | None = None,
    also_lock: Callable[[Found], None] = lambda _: None,
) -> Found:
    """Lock the items that ``load`` finds and load again; ``seen`` is an earlier result of ``load``."""
    found = load() if seen is None else seen
    if operation.connection.dialect.name == "sqlite":  # SQLite has no other writer now
        return found
    item_ids = set[int]()
    while True:
        item_ids |= items_of(found)
        with operation.connection.begin_nested() as locks:
            lock_items(operation, item_ids)
            also_lock(found)
            # Somebody may have used or undone a lot while we waited.
            found = load()
            if items_of(found) <= item_ids:
                return found
            # Release every lock first: waiting for more while holding some could deadlock.
            locks.rollback()


def choose_lots(
    operation: Operation,
    needs: Mapping[int, int],
    *,
    there_on: date = date.max,
    also_lock: int,
    mixes: Mapping[int, Mix] | None = None,
) -> dict[int, Allocation]:
    """Lock the needed items and ``also_lock`` (the item made), then allocate every need by its item's policy.

    A late record takes nothing received after ``there_on``. ``mixes`` has the needs that depend on what a lot weighs.
    """
    lock_items(operation, {*needs, also_lock})
    return plan_draws(needs, usable_lots(operation, needs, there_on), mixes or {})


def turn_into(operation: Operation, draws: Sequence[Draw], new: NewLot | None) -> AddedLot | None:
    """Post draws and their product: out of the lots and into a new one, written to the ledger at once."""
    return turn_into_lots(operation, draws, [new])[0]


def turn_into_lots(
    operation: Operation, draws: Sequence[Draw], products: Sequence[NewLot | None]
) -> list[AddedLot | None]:
    """Post draws and their products; None stands for a product of which nothing came out."""
    taken = changes_of(draws)
    with asking_counts(operation, taken):
        change_remaining(operation, taken)
        lots = [_add_lot(operation, new) if new else None for new in products]
        made = [
            Change(lot.lot_id, new.quantity_micros, new.cost_micros)
            for new, lot in zip(products, lots, strict=True)
            if new and lot
        ]
        post(operation, [*taken, *made])
    return lots


def change_lots(operation: Operation, changes: Sequence[Change]) -> None:
    """Post signed changes to existing lots; the caller has locked the items and checked the quantities."""
    with asking_counts(operation, changes):
        change_remaining(operation, changes)
        post(operation, changes)


def redate_arrivals(operation: Operation, house: BakeryInfo) -> None:
    """Give receipts the time at which their day begins in the corrected time zone, and their reversals the same."""
    arrivals = load_mistimed_arrivals(operation.session, house)
    redate(operation, {one.movement_id: one.expected for one in arrivals})
    redate(operation, {one.movement_id: one.expected for one in load_mistimed_reversals(operation.session)})


def change_costs(operation: Operation, changes: Mapping[int, int], known_at: Mapping[int, int | None]) -> None:
    """Post signed changes to the cost of what is left of lots; the caller has locked the items.

    ``known_at`` has the cost, before these changes, of what is left of each lot whose cost is known from now on, or
    None for a lot whose cost is no longer known.
    """
    worth = [{"of_lot": lot_id, "worth": cost} for lot_id, cost in sorted(known_at.items())]
    if worth:
        operation.session.execute(_value, worth)
    posted = [Change(lot_id, 0, cost) for lot_id, cost in sorted(changes.items()) if cost]
    change_remaining(operation, posted)
    post(operation, posted)  # no need to ask about counts: the quantities stay


def add_lot(operation: Operation, new: NewLot) -> AddedLot:
    """Post a new lot; without a code it gets a readable, unique one."""
    lot = _add_lot(operation, new)
    post(operation, [Change(lot.lot_id, new.quantity_micros, new.cost_micros)])
    return lot


def _add_lot(operation: Operation, new: NewLot) -> AddedLot:
    number = {"of_item": new.item_id, "day_mark": day_mark(new.received_on)}
    item = operation.connection.execute(_number_lot, number).one()
    while item.is_taken and new.code is None:  # by a receipt from before the item had this slug
        item = operation.connection.execute(_number_lot, number).one()
    code = new.code or lot_code(item.slug, new.received_on, item.lot_count)
    row = {
        "item_id": new.item_id,
        "code": code,
        "is_made": new.is_made,
        "received_on": new.received_on,
        "expires_on": new.expires_on,
        "usable_until": new.expires_on,
        "pick_on": pick_on(item.pick_policy, new.received_on, new.expires_on),
        "quantity_micros": new.quantity_micros,
        "cost_micros": new.cost_micros,
        "remaining_micros": new.quantity_micros,
        "remaining_cost_micros": new.cost_micros,
        "on_hold": False,
        "location": new.location,
        "supplier_id": new.supplier_id,
        "product_id": new.product_id,
        "operation_id": operation.id,
    }
    lot_id: int = operation.connection.execute(_insert_lot, row).scalar_one()
    return AddedLot(lot_id, code)


def split_lot(operation: Operation, draw: Draw, location: str | None) -> AddedLot:
    """Split a lot: post a draw as a new lot whose code ends in the next number."""
    parent = tables.lot.alias()
    source = operation.session.execute(
        select(tables.lot, (tables.lot.c.code != parent.c.code).label("is_part"))
        .outerjoin(parent, parent.c.id == tables.lot.c.parent_lot_id)
        .where(tables.lot.c.id == draw.lot.lot_id)
    ).one()
    root = source.code.rpartition("/")[0] if source.is_part else source.code
    count = operation.session.execute(_count_splits, {"beginning": f"{root}/", "item": source.item_id}).scalar_one()
    row = {name: value for name, value in source._mapping.items() if name != "is_part"}
    row |= {"code": f"{root}/{count + 1}", "location": location}
    return _branch_off(operation, row, draw.quantity_micros, draw.cost_micros, draw.quantity_micros, draw.reason)


def carry_over(
    operation: Operation, lot: Mapping[str, Any], new_item_id: int, pick_policy: str, quantity_micros: int
) -> AddedLot:
    """Close an open lot (its row), and post all of it as a lot of another item: same code, cost, dates, hold and place.

    ``quantity_micros`` is what it holds in the unit of the other item; both items are locked.
    """
    order = pick_on(pick_policy, lot["received_on"], lot["expires_on"])
    row = {**lot, "item_id": new_item_id, "pick_on": order}
    taken, cost = lot["remaining_micros"], lot["remaining_cost_micros"]
    return _branch_off(operation, row, taken, cost, quantity_micros, "chosen")


def _branch_off(
    operation: Operation,
    row: Mapping[str, Any],
    taken_micros: int,
    cost_micros: int | None,
    quantity_micros: int,
    reason: Reason,
) -> AddedLot:
    """Take a quantity from the lot with the row's id, and add it as a lot of its own that is like the row."""
    new = {
        **row,
        "quantity_micros": quantity_micros,
        "cost_micros": cost_micros,
        "remaining_micros": quantity_micros,
        "remaining_cost_micros": cost_micros,
        "operation_id": operation.id,
        "parent_lot_id": row["id"],
    }
    del new["id"]
    taken = Change(row["id"], -taken_micros, negated(cost_micros), reason)
    with asking_counts(operation, [taken]):
        change_remaining(operation, [taken])
        lot_id: int = operation.session.execute(_insert_lot, new).scalar_one()
        post(operation, [taken, Change(lot_id, quantity_micros, cost_micros)])
    return AddedLot(lot_id, new["code"])


def consumptions(draws: Iterable[Draw], items: Mapping[int, Item]) -> list[Consumption]:
    """Draws in readable form."""
    return [
        {
            "lot_id": draw.lot.lot_id,
            "lot_code": draw.lot.code,
            "ingredient_slug": items[draw.lot.item_id].slug,
            "quantity": format_micros(draw.quantity_micros),
            "unit": items[draw.lot.item_id].base_unit,
            "cost": format_money(draw.cost_micros),
        }
        for draw in draws
    ]


def changes_of(draws: Iterable[Draw]) -> list[Change]:
    """What the draws take, as changes of their lots."""
    return [Change(draw.lot.lot_id, -draw.quantity_micros, negated(draw.cost_micros), draw.reason) for draw in draws]


def note_passed_over(operation: Operation, draws: Iterable[Draw], there_on: date = date.max) -> None:
    """Record the lots that the policy would have chosen before the last one drawn, and why it could not.

    The draws have been posted. One statement; it reads only the lots that it records.
    """
    last = {draw.lot.item_id: draw.lot.lot_id for draw in draws if draw.reason == "policy"}
    if last:
        days = {"usable_on": operation.today, "there_on": there_on}
        operation.connection.execute(_pass_over, {"by": operation.id, "last": sorted(last.values()), **days})
