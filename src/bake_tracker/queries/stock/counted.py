"""Counts of lots at and after a moment, and the lots as they were then."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, case, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.choices import CountSaw
from bake_tracker.domain.stock.counts import CountedLot, Posting, balance_at, least_left
from bake_tracker.domain.stock.fifo import OpenLot
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.costs import cost_now, integer_sum
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.stock.holds import load_hold_states

_line, _count, _answer, _lot = tables.stocktake_line, tables.stocktake, tables.count_answer, tables.lot


def load_counts_since(
    session: Session, lot_ids: Collection[int], since: datetime, *, but: Collection[str] = ()
) -> list[CountedLot]:
    """The lines of counts of these lots, dated at or after a moment; those of the operations ``but`` are left out.

    Counts that were undone, even in this session, are left out too.
    """
    if not lot_ids:
        return []
    rows = session.execute(
        select(
            _line.c.id,
            _line.c.stocktake_id,
            _line.c.lot_id,
            _lot.c.code,
            tables.item.c.base_unit,
            _count.c.counted_at,
            _line.c.counted_micros,
            _count.c.operation_id,
        )
        .join(_count, _count.c.id == _line.c.stocktake_id)
        .join(_lot, _lot.c.id == _line.c.lot_id)
        .join(tables.item, tables.item.c.id == _lot.c.item_id)
        .where(among(session, _line.c.lot_id, lot_ids), _count.c.counted_at >= since, stands(_count.c.operation_id))
        .order_by(_count.c.counted_at, _line.c.id)
    )
    return [CountedLot(*row[:-1]) for row in rows if row[-1] not in but]


class Unseen(NamedTuple):
    """A counted line, and how much it had not seen."""

    line_id: int
    lot_id: int
    counted_at: datetime
    quantity_micros: int


def load_unseen_of(session: Session, operation_ids: Collection[str]) -> list[Unseen]:
    """What these operations said that a count had not seen, by counted line."""
    rows = session.execute(
        select(_line.c.id, _line.c.lot_id, _count.c.counted_at, integer_sum(_answer.c.quantity_micros))
        .join(_line, _line.c.id == _answer.c.stocktake_line_id)
        .join(_count, _count.c.id == _line.c.stocktake_id)
        .where(_answer.c.saw == "after", among(session, _answer.c.operation_id, operation_ids))
        .group_by(_line.c.id, _line.c.lot_id, _count.c.counted_at)
    )
    return [Unseen(*row) for row in rows]


def load_moved(session: Session, lot_ids: Collection[int]) -> dict[int, list[Posting]]:
    """Every movement of these lots by their time, at its cost as known now; ties by id.

    An undone movement and its reversal have the same time, and their costs cancel out.
    """
    moved: dict[int, list[Posting]] = {lot_id: [] for lot_id in lot_ids}
    cost = case((stands(movements.c.operation_id), cost_now(movements, _lot)), else_=0)
    rows = session.execute(
        select(movements.c.lot_id, movements.c.happened_at, movements.c.quantity_micros, cost)
        .join(_lot, _lot.c.id == movements.c.lot_id)
        .where(among(session, movements.c.lot_id, lot_ids), movements.c.quantity_micros != 0)
        .order_by(movements.c.lot_id, movements.c.happened_at, movements.c.id)
    )
    for row in rows:
        moved[row.lot_id].append(Posting(*row))
    return moved


@dataclass(frozen=True, slots=True)
class LotThen:
    """A lot as it was at a moment: what may be taken from it, at what cost, and whether it might be used."""

    lot: OpenLot
    on_hold: bool
    usable_until: date | None


def load_then(
    session: Session, lot_ids: Collection[int], at: datetime, count_saw: CountSaw | None
) -> dict[int, LotThen]:
    """These lots as they were at a moment, with what has been left of them at all times since.

    "Since" ends at a lot's next count, unless ``count_saw`` says that the count had not seen the change. Letting a lot
    be used past its expiry has no time of its own, so it also holds for earlier moments.
    """
    if not lot_ids:
        return {}
    next_count: dict[int, datetime] = {}
    if count_saw != "after":
        for count in load_counts_since(session, lot_ids, at):
            next_count.setdefault(count.lot_id, count.counted_at)
    moved, states = load_moved(session, lot_ids), load_hold_states(session, lot_ids, at=at)
    found: dict[int, LotThen] = {}
    for row in session.execute(select(_lot).where(among(session, _lot.c.id, lot_ids))):
        until = next_count.get(row.id)
        left, cost = row.remaining_micros, row.remaining_cost_micros
        if until is not None:  # the count is corrected by the same, so what is left now does not change
            left, cost = balance_at(moved[row.id], at)
        least = max(least_left(moved[row.id], at, until), 0)
        lot = OpenLot(row.id, row.item_id, row.code, least, cost, row.usable_until, left, row.g_per_ml, row.g_per_each)
        found[row.id] = LotThen(lot, states[row.id].on_hold, row.usable_until)
    return found


def load_lots_as_they_were(
    session: Session, item_ids: Iterable[int], at: datetime, day: date, count_saw: CountSaw | None
) -> list[OpenLot]:
    """What could be taken at that moment, in picking order: received by that day, not expired and not on hold then."""
    open_now = _lot.c.remaining_micros > 0
    if count_saw != "after":
        counted = select(_line.c.lot_id).join(_count, _count.c.id == _line.c.stocktake_id)
        open_now = or_(open_now, _lot.c.id.in_(counted.where(_count.c.counted_at >= at)))
    rows = session.execute(
        select(_lot.c.id)
        .where(and_(_lot.c.item_id.in_(sorted(item_ids)), open_now, _lot.c.received_on <= day))
        .order_by(_lot.c.pick_on, _lot.c.received_on, _lot.c.id)
    )
    in_order = list(rows.scalars())
    then = load_then(session, in_order, at, count_saw)
    return [
        one.lot
        for one in (then[lot_id] for lot_id in in_order)
        if one.lot.quantity_micros > 0 and not one.on_hold and (one.usable_until is None or one.usable_until >= day)
    ]
