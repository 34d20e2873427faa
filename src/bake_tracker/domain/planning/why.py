"""Why a plan has each of its lines, and what serves each demand."""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass

from bake_tracker.domain.planning.demand import Demand, Source
from bake_tracker.domain.planning.figures import Exact
from bake_tracker.domain.planning.plan_lines import NetPlan, Peg


@dataclass(frozen=True, slots=True)
class Reason:
    """A quantity that a line gives to a demand; if that is another line's, ``because`` has that line's reasons."""

    demand: Demand
    quantity: Exact
    because: "tuple[Reason, ...]" = ()


def reasons_of(plan: NetPlan) -> tuple[tuple[Reason, ...], ...]:
    """The reasons of each line by number, up to the orders, par levels and forecasts at the top."""
    pegs: defaultdict[int, list[Peg]] = defaultdict(list)
    for peg in plan.pegs:
        if peg.line is not None:
            pegs[peg.line].append(peg)
    reasons: list[tuple[Reason, ...]] = []
    for line in plan.lines:  # a line is always before the lines that it takes from
        reasons.append(
            tuple(
                Reason(peg.demand, peg.quantity, reasons[above] if (above := line_of(peg.demand)) is not None else ())
                for peg in pegs[line.number]
            )
        )
    return tuple(reasons)


def served_by(plan: NetPlan) -> dict[tuple[Source, Hashable, Hashable], tuple[Peg, ...]]:
    """The lots and lines that serve each demand, by its source, reference and item."""
    pegs: defaultdict[tuple[Source, Hashable, Hashable], list[Peg]] = defaultdict(list)
    for peg in plan.pegs:
        pegs[peg.demand.source, peg.demand.ref, peg.demand.item].append(peg)
    return {key: tuple(some) for key, some in pegs.items()}


def line_of(demand: Demand) -> int | None:
    """The number of the line that has this demand; None if it comes from outside the plan."""
    return demand.ref if demand.source == "line" and isinstance(demand.ref, int) else None
