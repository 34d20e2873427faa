"""The lines of a plan as people read them: what to make on a day, and for whom in the end."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.figures import Exact, simplified
from bake_tracker.domain.planning.plan_lines import NetPlan, Peg, PlanLine
from bake_tracker.domain.planning.why import line_of


@dataclass(frozen=True, slots=True)
class Task:
    """The batches of a recipe for one day, or all boxes of a kind for one day; ``lines`` are those of the plan."""

    number: int
    way: Hashable
    is_packing: bool
    day: int
    is_late: bool
    mixes: tuple[tuple[Exact, int], ...]
    batches: Exact
    gives: Mapping[Hashable, Exact]
    takes: Mapping[Hashable, Exact]
    lines: tuple[int, ...]


def tasks_of(plan: NetPlan, first: int, last: int) -> tuple[Task, ...]:
    """The tasks from the first day to the last, numbered by day; within a day, baking comes before packing, and
    parts come before what takes them.
    """
    groups: defaultdict[tuple[int, bool, Hashable], list[PlanLine]] = defaultdict(list)
    for line in plan.lines:
        if first <= line.begin <= last:
            groups[line.begin, line.is_packing, line.way].append(line)
    # In the plan, a line comes before the lines it takes from.
    ordered = sorted(groups.items(), key=lambda one: (*one[0][:2], -one[1][-1].number))
    return tuple(_task(number, lines) for number, (_, lines) in enumerate(ordered, 1))


def _task(number: int, lines: Sequence[PlanLine]) -> Task:
    one = lines[0]
    return Task(
        number,
        one.way,
        one.is_packing,
        one.begin,
        any(line.is_late for line in lines),
        one.mixes if len(lines) == 1 else (),
        _sum(line.batches for line in lines),
        _added(line.gives for line in lines),
        _added(line.takes for line in lines),
        tuple(line.number for line in lines),
    )


def _sum(figures: Iterable[Exact]) -> Exact:
    return simplified(sum((Fraction(one) for one in figures), Fraction(0)))


def _added(several: Iterable[Mapping[Hashable, Exact]]) -> dict[Hashable, Exact]:
    sums: defaultdict[Hashable, Fraction] = defaultdict(Fraction)
    for one in several:
        for item, quantity in one.items():
            sums[item] += quantity
    return {item: simplified(quantity) for item, quantity in sums.items()}


def ends_of(plan: NetPlan) -> tuple[tuple[Demand, ...], ...]:
    """For whom each line is in the end: the demands from outside the plan, in the order of their turn, each once."""
    pegs: defaultdict[int, list[Peg]] = defaultdict(list)
    for peg in plan.pegs:
        if peg.line is not None:
            pegs[peg.line].append(peg)
    ends: list[dict[Demand, None]] = []
    for line in plan.lines:
        found: dict[Demand, None] = {}
        for peg in pegs[line.number]:
            above = line_of(peg.demand)
            found |= {peg.demand: None} if above is None else ends[above]
        ends.append(found)
    return tuple(tuple(one) for one in ends)


def ends_of_demand(demand: Demand, ends: Sequence[tuple[Demand, ...]]) -> tuple[Demand, ...]:
    """For whom a demand is in the end."""
    above = line_of(demand)
    return (demand,) if above is None else ends[above]
