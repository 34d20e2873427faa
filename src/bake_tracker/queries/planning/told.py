"""A plan in words: its tasks, whom they are for, and quantities as text."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Literal, NotRequired, TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.figures import Exact
from bake_tracker.domain.planning.requirements import NetPlan
from bake_tracker.domain.planning.tasks import Task, ends_of, tasks_of
from bake_tracker.domain.planning.ways import id_of
from bake_tracker.domain.units import MICRO, format_exact, format_micros, format_quantity
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.planning.inputs import PlanInputs, load_plan_inputs

USUAL_DAYS = 7
MOST_DAYS = 366
"""How many days from today a plan reaches at most."""


class PlannedQuantity(TypedDict):
    """A quantity of an item in its base unit."""

    item_id: int
    item_slug: str
    item_name: str
    quantity: str
    unit: str


class PlannedFor(TypedDict):
    """Who wants something: an order with its customer, event and due day, or the shelf on a day (``source`` par).

    ``par_level`` is what the shelf is to have that day, which orders of the day count towards. ``standing_order_id`` is
    there if no order was taken yet for a day of a standing order.
    """

    source: str
    order_id: int | None
    recipient: str | None
    event: str | None
    due_on: str
    due_time: str | None
    par_level: NotRequired[str]
    standing_order_id: NotRequired[int]


class Mixed(TypedDict):
    """So many mixes of this size, in batches."""

    count: int
    size: str


class PlannedTask(TypedDict):
    """A line of the plan: batches of a recipe, or boxes to pack.

    ``is_late`` says that it should have begun before today. ``mixes`` is there if the recipe's mixes have sizes.
    """

    line: int
    what: Literal["bake", "pack"]
    day: str
    recipe_id: int | None
    slug: str
    name: str
    batches: str
    gives: list[PlannedQuantity]
    takes: list[PlannedQuantity]
    wanted_by: list[PlannedFor]
    is_late: bool
    mixes: NotRequired[list[Mixed]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with its inputs and its tasks, and for whom each of its lines is."""

    inputs: PlanInputs
    net: NetPlan
    tasks: tuple[Task, ...]
    ends: tuple[tuple[Demand, ...], ...]
    since: date
    until: date

    @property
    def code(self) -> str:
        """The code of what the plan was worked out from."""
        return self.inputs.code(self.since, self.until)

    def micros(self, quantity: Exact) -> int:
        """A quantity in whole millionths, as the answer has it."""
        return ceil(quantity)

    def quantity(self, item: Hashable, micros: Exact) -> PlannedQuantity:
        """A quantity in millionths, as the answer has it."""
        known = self.inputs.items[id_of(item)]
        return {
            "item_id": known.item_id,
            "item_slug": known.slug,
            "item_name": known.name,
            "quantity": format_micros(self.micros(micros)),
            "unit": known.base_unit,
        }

    def task(self, task: Task) -> PlannedTask:
        """One line of the plan."""
        if task.is_packing:
            made = self.inputs.items[id_of(task.way)]
            recipe_id, slug, name = None, made.slug, made.name
        else:
            recipe = self.inputs.made_by.recipes[id_of(task.way)]
            recipe_id, slug, name = recipe.recipe_id, recipe.slug, recipe.name
        batches = Fraction(task.batches) / (MICRO if task.is_packing else 1)
        told: PlannedTask = {
            "line": task.number,
            "what": "pack" if task.is_packing else "bake",
            "day": date.fromordinal(task.day).isoformat(),
            "recipe_id": recipe_id,
            "slug": slug,
            "name": name,
            "batches": format_exact(batches),
            "gives": [self.quantity(item, micros) for item, micros in task.gives.items()],
            "takes": [self.quantity(item, micros) for item, micros in task.takes.items()],
            "wanted_by": self.wanted_by(one for line in task.lines for one in self.ends[line]),
            "is_late": task.is_late,
        }
        if recipe_id in self.inputs.made_by.sizes:
            largest_first = sorted(task.mixes, reverse=True)
            told["mixes"] = [{"count": count, "size": format_quantity(Fraction(size))} for size, count in largest_first]
        return told

    def wanted_by(self, demands: Iterable[Demand]) -> list[PlannedFor]:
        """Who wants these, each order once."""
        told: dict[Hashable, PlannedFor] = {}
        for demand in demands:
            known = self.inputs.wanted_for[demand.ref]
            told.setdefault(known, self.wanted_for(demand))
        return list(told.values())

    def wanted_for(self, demand: Demand) -> PlannedFor:
        """Who wants this, which comes from outside the plan."""
        known = self.inputs.wanted_for[demand.ref]
        told: PlannedFor = {
            "source": demand.source,
            "order_id": known.order_id,
            "recipient": known.recipient,
            "event": known.event,
            "due_on": known.due_on.isoformat(),
            "due_time": known.due_time,
        }
        if known.par_micros is not None:
            told["par_level"] = format_micros(known.par_micros)
        if known.standing_order_id is not None:
            told["standing_order_id"] = known.standing_order_id
        return told


def load_planned(session: Session, at: datetime, since: date | None, until: date | None) -> Planned:
    """The plan from ``since`` to ``until``, or of the next seven days; twenty statements.

    Raises:
        ValidationError: the days are not in order, or reach further than a year.
    """
    house = load_bakery(session)
    today = house.local_day(at)
    first = since or today
    if (first - today).days > MOST_DAYS:
        raise ValidationError.of("since", f"must be at most {MOST_DAYS} days from today")
    last = until or max(first, today) + timedelta(days=USUAL_DAYS - 1)
    if last < first:
        raise ValidationError.of("until", f"must not be before {first}, the first day")
    if (last - today).days > MOST_DAYS + USUAL_DAYS:
        raise ValidationError.of("until", f"must be at most {MOST_DAYS + USUAL_DAYS} days from today")
    inputs = load_plan_inputs(session, house, today, last)
    net = inputs.netted()
    return Planned(inputs, net, tasks_of(net, first.toordinal(), last.toordinal()), ends_of(net), first, last)
