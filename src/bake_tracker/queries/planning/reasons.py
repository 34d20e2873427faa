"""Why the plan has a line: who wants what it makes, what stock there is, and where what it takes comes from."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import NotRequired, TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.plan_lines import Peg
from bake_tracker.domain.planning.tasks import Task
from bake_tracker.domain.planning.ways import id_of
from bake_tracker.domain.planning.why import Reason, line_of, reasons_of
from bake_tracker.domain.units import format_exact
from bake_tracker.queries.planning.told import Planned, PlannedFor, PlannedQuantity, PlannedTask, load_planned


class WantedThere(PlannedQuantity):
    """A quantity that is wanted: by an order, or by another line, which is itself wanted ``because`` of others.

    ``line`` is None if that line is not among the days asked for.
    """

    order: PlannedFor | None
    line: int | None
    made_of_it: str | None
    because: "list[WantedThere]"


class TakenFrom(TypedDict):
    """A quantity from a lot, from what a line of the plan makes, or from what is on order with a supplier."""

    quantity: str
    lot_code: str | None
    line: int | None
    purchase_order_id: NotRequired[int]


class ProductReasons(PlannedQuantity):
    """A product of the line: ``quantity`` is what is expected to be good of it.

    Of ``wanted`` on that day, ``from_stock`` is on hand or left from earlier lines. ``left_over`` is for later days.
    """

    wanted: str
    wanted_by: list[WantedThere]
    from_stock: list[TakenFrom]
    left_over: str


class TakenQuantity(PlannedQuantity):
    """What the line takes of an item; ``missing`` is in no lot and made by no line."""

    taken_from: list[TakenFrom]
    missing: str


class PlanReasons(TypedDict):
    """One line of the plan; ``good_percent`` of a batch are expected to be good, by what was recorded lately."""

    since: str
    until: str
    line: PlannedTask
    good_percent: str
    products: list[ProductReasons]
    takes: list[TakenQuantity]


@dataclass(slots=True)
class _Sum:
    """What one order, or one line of the plan, wants."""

    demand: Demand
    quantity: Fraction = Fraction(0)
    because: list[Reason] = field(default_factory=list)


def load_plan_reasons(
    session: Session, line: int, at: datetime, since: date | None = None, until: date | None = None
) -> PlanReasons:
    """Why the plan of these days has the line with this number; as many statements as the plan.

    Raises:
        ValidationError: there is no such line, or the days are not in order or reach further than a year.
    """
    planned = load_planned(session, at, since, until)
    if not 1 <= line <= len(planned.tasks):
        days = f"{planned.since} to {planned.until}"
        has = f"has lines 1 to {len(planned.tasks)}" if planned.tasks else "has none"
        raise ValidationError.of("line", f"is {line}, but the plan of {days} {has}")
    return LineReasons(planned).of(planned.tasks[line - 1])


class LineReasons:
    """The reasons of the lines of one plan."""

    def __init__(self, planned: Planned) -> None:
        self._planned = planned
        self._above = reasons_of(planned.net)
        self._task_of = {number: task for task in planned.tasks for number in task.lines}

    def of(self, task: Task) -> PlanReasons:
        """Everything about one line."""
        planned = self._planned
        good = Fraction(1) if task.is_packing else planned.inputs.made_by.good.get(id_of(task.way), Fraction(1))
        return {
            "since": planned.since.isoformat(),
            "until": planned.until.isoformat(),
            "line": planned.task(task),
            "good_percent": format_exact(Fraction(round(good * 1000), 10)),
            "products": [self._product(task, item) for item in task.gives],
            "takes": self.takes(task),
        }

    def takes(self, task: Task) -> list[TakenQuantity]:
        """What a line takes, and from where."""
        return [self._taken(task, item) for item in task.takes]

    def _product(self, task: Task, item: Hashable) -> ProductReasons:
        days = {self._planned.net.lines[number].day for number in task.lines}
        pegs = [peg for peg in self._planned.net.pegs if peg.demand.item == item and peg.demand.day in days]
        own = sum((Fraction(peg.quantity) for peg in pegs if peg.line in task.lines), Fraction(0))
        reasons = [Reason(peg.demand, peg.quantity, self._because(peg.demand)) for peg in pegs]
        wanted = sum((Fraction(peg.quantity) for peg in pegs), Fraction(0))
        made = Fraction(task.gives[item])
        return {
            **self._planned.quantity(item, task.gives[item]),
            "wanted": self._text(item, wanted),
            "wanted_by": self._rows(reasons),
            "from_stock": self._sources(peg for peg in pegs if peg.line not in task.lines),
            "left_over": self._text(item, made - own),
        }

    def _taken(self, task: Task, item: Hashable) -> TakenQuantity:
        net = self._planned.net
        missing = [one.quantity for one in net.unmet if one.demand.item == item and line_of(one.demand) in task.lines]
        return {
            **self._planned.quantity(item, task.takes[item]),
            "taken_from": self._sources(
                peg for peg in net.pegs if peg.demand.item == item and line_of(peg.demand) in task.lines
            ),
            "missing": self._text(item, sum(map(Fraction, missing), Fraction(0))),
        }

    def _because(self, demand: Demand) -> tuple[Reason, ...]:
        above = line_of(demand)
        return () if above is None else self._above[above]

    def _rows(self, reasons: Iterable[Reason]) -> list[WantedThere]:
        """Each order and each line once, with all that it wants."""
        sums: dict[Hashable, _Sum] = {}
        for reason in reasons:
            above = line_of(reason.demand)
            task = None if above is None else self._task_of.get(above)
            key = ("line", task.number) if task else (reason.demand.source, reason.demand.ref)
            one = sums.setdefault((key, reason.demand.item), _Sum(reason.demand))
            one.quantity += reason.quantity
            one.because += reason.because
        return [self._row(one) for one in sums.values()]

    def _row(self, one: _Sum) -> WantedThere:
        above = line_of(one.demand)
        task = None if above is None else self._task_of.get(above)
        made = None
        if above is not None:
            line = self._planned.net.lines[above]
            made = self._planned.quantity(next(iter(line.gives)), 0)["item_slug"]
        return {
            **self._planned.quantity(one.demand.item, one.quantity),
            "order": self._planned.wanted_for(one.demand) if above is None else None,
            "line": task.number if task else None,
            "made_of_it": made,
            "because": self._rows(one.because),
        }

    def _sources(self, pegs: Iterable[Peg]) -> list[TakenFrom]:
        sums: defaultdict[tuple[str | None, int | None, int | None], Fraction] = defaultdict(Fraction)
        item: Hashable = None
        for peg in pegs:
            code, ordered = (None, None) if peg.lot is None else self._lot(peg.lot)
            task = None if peg.line is None else self._task_of.get(peg.line)
            sums[code, task.number if task else None, ordered] += peg.quantity
            item = peg.demand.item
        rows: list[TakenFrom] = []
        for (code, line, ordered), quantity in sums.items():
            rows.append({"quantity": self._text(item, quantity), "lot_code": code, "line": line})
            if ordered is not None:
                rows[-1]["purchase_order_id"] = ordered
        return rows

    def _lot(self, ref: Hashable) -> tuple[str | None, int | None]:
        """The code of a lot, or the number of the purchase order that it will come for."""
        return (None, id_of(ref[1])) if isinstance(ref, tuple) else (self._planned.inputs.codes[id_of(ref)], None)

    def _text(self, item: Hashable, micros: Fraction) -> str:
        return "0" if not micros else self._planned.quantity(item, micros)["quantity"]
