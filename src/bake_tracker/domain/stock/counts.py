"""A count is a point in time: what it fixes, what is left of a lot between two moments, and what changes before it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Posting:
    """A signed change to a lot at a moment, in millionths; the cost is None if unknown."""

    lot_id: int
    at: datetime
    quantity_micros: int
    cost_micros: int | None = None


@dataclass(frozen=True, slots=True)
class CountedLot:
    """A line of a count that stands."""

    line_id: int
    stocktake_id: int
    lot_id: int
    lot_code: str
    unit: str
    counted_at: datetime
    counted_micros: int


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A count that some changes would alter: by how much, and at what cost."""

    count: CountedLot
    quantity_micros: int
    cost_micros: int | None


def unsettled(
    posted: Sequence[Posting], counts: Iterable[CountedLot], unseen_withdrawn: Mapping[int, int], *, next_only: bool
) -> list[Unsettled]:
    """The counts that these postings alter, earliest first; with ``next_only``, each lot's next one settles the rest.

    ``unseen_withdrawn`` is the quantity, by line, that a count had not seen and that is now undone.
    """
    found: list[Unsettled] = []
    settled: dict[int, int] = {}
    for count in sorted(counts, key=lambda one: (one.counted_at, one.line_id)):
        before = [one for one in posted if one.lot_id == count.lot_id and one.at <= count.counted_at]
        altered = sum(one.quantity_micros for one in before) + unseen_withdrawn.get(count.line_id, 0)
        altered += settled.get(count.lot_id, 0)
        if altered == 0:
            continue
        costs = [one.cost_micros for one in before]
        cost = None if None in costs else sum(cost for cost in costs if cost is not None)
        found.append(Unsettled(count, altered, cost))
        if next_only:
            settled[count.lot_id] = settled.get(count.lot_id, 0) - altered
    return found


def balance_at(moved: Iterable[Posting], at: datetime) -> tuple[int, int | None]:
    """Quantity and cost of a lot's postings up to and including a moment."""
    so_far = [one for one in moved if one.at <= at]
    costs = [one.cost_micros for one in so_far]
    cost = None if None in costs else sum(cost for cost in costs if cost is not None)
    return sum(one.quantity_micros for one in so_far), cost


def least_left(moved: Sequence[Posting], at: datetime, until: datetime | None) -> int:
    """The least that a lot holds from ``at`` on, before ``until``; what can be taken from it at that moment."""
    held = sum(one.quantity_micros for one in moved if one.at <= at)
    least = held
    for moment, change in _by_moment(one for one in moved if one.at > at):
        if until is not None and moment >= until:
            break
        held += change
        least = min(least, held)
    return least


def first_below_zero(moved: Iterable[Posting], added: Sequence[Posting]) -> tuple[datetime, int] | None:
    """The first moment at which ``added`` would leave less than nothing in a lot, and how much less.

    A moment that was below zero before, and is not made worse, does not count.
    """
    held = change = 0
    times = dict(_by_moment(moved))
    more = dict(_by_moment(added))
    for moment in sorted(times.keys() | more.keys()):
        change += more.get(moment, 0)
        held += times.get(moment, 0) + more.get(moment, 0)
        if held < 0 and change < 0:
            return moment, -held
    return None


def _by_moment(moved: Iterable[Posting]) -> list[tuple[datetime, int]]:
    sums: dict[datetime, int] = {}
    for one in moved:
        sums[one.at] = sums.get(one.at, 0) + one.quantity_micros
    return sorted(sums.items())
