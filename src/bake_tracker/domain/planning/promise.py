"""What can still be promised of what is on hand and will be made."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.figures import (
    Exact,
    Figure,
    exact,
    not_negative,
    of_equal_length,
    positive,
    simplified,
)
from bake_tracker.domain.planning.making import Making, Packing
from bake_tracker.domain.planning.plan_lines import NetPlan
from bake_tracker.domain.planning.requirements import net
from bake_tracker.domain.planning.shelf import StockLot


def available(on_hand: Figure, made: Sequence[Figure], ordered: Sequence[Figure]) -> tuple[Exact | None, ...]:
    """What each period's new production can still be promised for; None where nothing new is made.

    Discrete available-to-promise: stock and what is made count for all orders before more is made (Stevenson,
    Operations Management, Master Scheduling). A later period's deficit is taken from the nearest earlier periods that
    have something; what they do not have makes the first period negative.

    Args:
        on_hand: at the start; with it the first period has a figure even if it makes nothing.
        made: new in each period.
        ordered: promised in each period.

    Raises:
        ValidationError: lengths differ, a figure is a float, or a figure of a period is negative.
    """
    periods = of_equal_length(made=made, ordered=ordered)
    new = [not_negative("made", one) for one in made]
    orders = [not_negative("ordered", one) for one in ordered]
    free: dict[int, Fraction] = {}
    start = exact("on_hand", on_hand)
    for period in range(periods):
        if period == 0 or new[period]:
            free[period] = new[period] + (start if period == 0 else 0)
            current = period
        free[current] -= orders[period]
    _take_deficits_from_earlier(free)
    return tuple(simplified(free[period]) if period in free else None for period in range(periods))


def _take_deficits_from_earlier(free: dict[int, Fraction]) -> None:
    """Bring each later deficit to 0, from the nearest earlier periods; the first takes what the others do not have."""
    having: list[int] = []
    for period in sorted(free)[1:]:
        if free[period] > 0:
            having.append(period)
        deficit, free[period] = max(-free[period], Fraction(0)), max(free[period], Fraction(0))
        while deficit and having:
            taken = min(free[having[-1]], deficit)
            free[having[-1]] -= taken
            deficit -= taken
            if not free[having[-1]]:
                having.pop()
        free[0] -= deficit


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a day is too early: what is to be bought or begun comes too late, does not keep, or has no room.

    ``works_on`` is the day from which this would not stop it; None if no day is known.
    """

    item: Hashable
    why: Literal["buy", "begin", "keeps", "room"]
    quantity: Exact
    works_on: int | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """The earliest day for all that was asked, what stops the day before, and how it would be made.

    ``day`` and ``plan`` are None if no day up to the horizon works. ``at_once`` is how much there could be on the first
    day that was asked for.
    """

    day: int | None
    at_once: Exact
    stopped_by: tuple[Stop, ...]
    plan: NetPlan | None


def earliest(
    asked: Demand,
    demands: Iterable[Demand],
    lots: Iterable[StockLot],
    *,
    makings: Sequence[Making] = (),
    packings: Sequence[Packing] = (),
    today: int,
    horizon: int,
    days_to_buy: Mapping[Hashable, int] | None = None,
    room: Callable[[NetPlan], Sequence[Stop]] | None = None,
    grain: Figure = 1,
) -> Promise:
    """The first day, from the one asked for, on which there can be what is asked, with all other demands kept.

    Capable-to-promise: all others are planned first and take what they need, whatever their days; the asked line has
    what is left of lots and batches, and what can still be bought and made.

    Args:
        asked: its day is the first that will do.
        demands, lots, makings, packings: as for ``requirements.net``.
        horizon: the last day to try.
        days_to_buy: in how many days an item that is bought can be here; one that is not in it cannot be bought.
        room: what stops the lines of a plan for the asked line, such as a full oven; none if left out.
        grain: the smallest quantity to promise.

    Raises:
        ValidationError: as ``requirements.net``, or the grain is not above 0.
    """
    wanted, each = not_negative("quantity", asked.quantity), positive("grain", grain)
    others = net(demands, lots, makings=makings, packings=packings, today=today)
    free = [
        StockLot((one.lot, one.line), one.item, one.quantity, one.day, one.until) for one in others.left if one.quantity
    ]

    def planned(quantity: Fraction, day: int) -> tuple[NetPlan, tuple[Stop, ...]]:
        line = replace(asked, quantity=simplified(quantity), day=day)
        plan = net([line], free, makings=makings, packings=packings, today=today)
        return plan, (*_stops(plan, today, days_to_buy or {}), *(room(plan) if room else ()))

    first = max(asked.day, today)
    stopped_by: tuple[Stop, ...] = ()
    works_on, found = None, None
    for day in range(first, horizon + 1):
        plan, stops = planned(wanted, day)
        if not stops:
            works_on, found = day, plan
            break
        stopped_by = stops
    if works_on == first:
        return Promise(first, simplified(wanted), (), found)
    most = _most(int(wanted // each), lambda count: not planned(count * each, first)[1])
    return Promise(works_on, simplified(most * each), stopped_by, found)


def _most(count: int, is_possible: Callable[[int], bool]) -> int:
    """The most that is possible, by bisection: what is possible of more is possible of less."""
    fine, too_many = 0, count + 1
    while too_many - fine > 1:
        middle = (fine + too_many) // 2
        fine, too_many = (middle, too_many) if is_possible(middle) else (fine, middle)
    return fine


def _stops(plan: NetPlan, today: int, days_to_buy: Mapping[Hashable, int]) -> Iterator[Stop]:
    """What stops a plan, and from which day on it would not."""
    for line in plan.lines:
        if line.is_late:
            yield Stop(line.way, "begin", line.batches, line.day + line.begin - line.should_begin)
    for one in plan.unmet:
        if one.why == "keeps":
            yield Stop(one.demand.item, "keeps", one.quantity)
        else:
            days = days_to_buy.get(one.demand.item)
            if days is None or today + days > one.demand.day:
                yield Stop(one.demand.item, "buy", one.quantity, None if days is None else today + days)
