"""The whole list of a day at once: all that it takes of each item, and what is short together."""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from math import ceil
from typing import TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.ways import id_of
from bake_tracker.domain.planning.why import line_of
from bake_tracker.domain.units import format_micros
from bake_tracker.queries.planning.told import Planned, PlannedQuantity, PlannedTask, load_planned
from bake_tracker.queries.planning.week import NotPlanned, not_planned


class NeededThatDay(PlannedQuantity):
    """What a day needs of an item for these lines, orders and the shelf: from stock, made, and missing.

    ``unusable`` is on hand, but expired or on hold.
    """

    from_stock: str
    from_lines: str
    missing: str
    unusable: str
    lines: list[int]
    orders: list[int]
    standing_orders: list[int]
    for_shelf: bool


class DayCheck(TypedDict):
    """A day of the plan, and whether nothing is short on it; each stock counts for earlier days first."""

    day: str
    is_possible: bool
    lines: list[PlannedTask]
    items: list[NeededThatDay]
    problems: list[NotPlanned]


@dataclass(slots=True)
class _Needed:
    from_stock: Fraction = Fraction(0)
    from_lines: Fraction = Fraction(0)
    missing: Fraction = Fraction(0)
    demands: dict[Demand, None] = field(default_factory=dict)


def load_day_check(session: Session, day: date, at: datetime) -> DayCheck:
    """Whether the stock allows everything that the plan has for a day; as many statements as the plan.

    Raises:
        ValidationError: the day is more than a year from today.
    """
    planned = load_planned(session, at, day, day)
    needed: defaultdict[Hashable, _Needed] = defaultdict(_Needed)
    for peg in planned.net.pegs:
        if peg.demand.day == day.toordinal():
            one = needed[peg.demand.item]
            one.demands[peg.demand] = None
            if peg.line is None:
                one.from_stock += peg.quantity
            else:
                one.from_lines += peg.quantity
    for unmet in planned.net.unmet:
        if unmet.demand.day == day.toordinal():
            needed[unmet.demand.item].demands[unmet.demand] = None
            needed[unmet.demand.item].missing += unmet.quantity
    items = [_told(planned, item, one) for item, one in needed.items()]
    problems = not_planned(planned)
    return {
        "day": day.isoformat(),
        "is_possible": not problems and all(one["missing"] == "0" for one in items),
        "lines": [planned.task(task) for task in planned.tasks],
        "items": sorted(items, key=lambda one: (one["missing"] == "0", one["item_name"], one["item_id"])),
        "problems": problems,
    }


def _told(planned: Planned, item: Hashable, one: _Needed) -> NeededThatDay:
    task_of = {number: task.number for task in planned.tasks for number in task.lines}
    above = [line_of(demand) for demand in one.demands]
    outside = [planned.inputs.wanted_for[demand.ref] for demand in one.demands if demand.source != "line"]
    return {
        **planned.quantity(item, one.from_stock + one.from_lines + one.missing),
        "from_stock": format_micros(int(one.from_stock)),
        "from_lines": format_micros(int(one.from_lines)),
        "missing": format_micros(ceil(one.missing)),
        "unusable": format_micros(planned.inputs.unusable.get(id_of(item), 0)),
        "lines": sorted({task_of[number] for number in above if number is not None and number in task_of}),
        "orders": sorted({who.order_id for who in outside if who.order_id is not None}),
        "standing_orders": sorted({who.standing_order_id for who in outside if who.standing_order_id is not None}),
        "for_shelf": any(who.par_micros is not None for who in outside),
    }
