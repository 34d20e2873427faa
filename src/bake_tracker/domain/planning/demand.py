"""What is wanted, of which item, when, and by whom: each unit keeps its source."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, tzinfo
from fractions import Fraction
from typing import Literal

from bake_tracker.domain.planning.figures import Figure, not_negative, simplified

Source = Literal["order", "standing", "event", "par", "forecast", "locked", "line"]
"""Who wants it: an order line, a standing order, an event, the shelf, expected counter sales, a locked line of an
accepted plan, or a line of the plan that is being made."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A quantity of an item that is wanted on a day.

    Days are whole numbers that count on, such as a date's ordinal. ``minute`` is the wall time of that day, ``number``
    the order's: what is due first, then what was ordered first, is served first. ``keeps`` is for how many days after
    the due day it must still keep. ``ref`` is what the caller knows it by.
    """

    ref: Hashable
    item: Hashable
    day: int
    quantity: Figure
    source: Source = "order"
    minute: int = 0
    number: int = 0
    keeps: int = 0


def topped_up(demands: Iterable[Demand], pars: Iterable[Demand]) -> tuple[Demand, ...]:
    """The demands, and what the par level of an item and day asks for beyond all of that day's.

    The demand of a day is the larger of orders with expected counter sales, and par; what is added has the par
    level's own reference and source. Of several par levels for a day, the largest holds.

    Raises:
        ValidationError: a quantity is negative or a float.
    """
    known = tuple(demands)
    wanted: defaultdict[tuple[Hashable, int], Fraction] = defaultdict(Fraction)
    for demand in known:
        wanted[demand.item, demand.day] += not_negative("quantity", demand.quantity)
    added: list[Demand] = []
    for par in sorted(pars, key=lambda par: -not_negative("quantity", par.quantity)):
        missing = not_negative("quantity", par.quantity) - wanted[par.item, par.day]
        if missing > 0:
            wanted[par.item, par.day] += missing
            added.append(replace(par, quantity=simplified(missing)))
    return (*known, *added)


def due_at(day: int, minute: int, zone: tzinfo) -> datetime:
    """The instant of a day, given as a date's ordinal, and the minute of its wall clock, in UTC.

    A time that the clock skips moves on by as much, usually an hour; of a time that it shows twice, this is the first.
    """
    at = time(minute // 60, minute % 60)  # its fold is 0: the offset before a change of the clock
    return datetime.combine(date.fromordinal(day), at, zone).astimezone(UTC)
