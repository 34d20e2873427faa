"""Schedules of a job shop: each job's operations in order, each machine one at a time."""

from bisect import insort
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.planning.figures import Exact, Figure, not_negative, simplified

_Job = Sequence[tuple[Hashable, Fraction]]
_Starts = list[list[Fraction]]


@dataclass(frozen=True, slots=True)
class ShopSchedule:
    """When each operation of each job begins, and when the last one ends."""

    starts: tuple[tuple[Exact, ...], ...]
    makespan: Exact


@dataclass(frozen=True, slots=True)
class _Next:
    """The next operation of a job, as early as it can be."""

    job: int
    start: Fraction
    end: Fraction
    rest: Fraction


_Rule = Callable[[_Next], tuple[Fraction, ...]]


def job_shop(jobs: Sequence[Sequence[tuple[Hashable, Figure]]]) -> ShopSchedule:
    """An active schedule: no operation can begin earlier with the others as they are. It may not be the shortest.

    Serial generation: one operation after another goes into the first gap that fits it. The shortest is
    kept of those that a few rules give, the first being the earliest start with the most work remaining (Giffler and
    Thompson 1960, Operations Research 8; the rules: Panwalkar and Iskander 1977, Operations Research 25).

    Args:
        jobs: for each job its (machine, duration), in order; a machine does one operation at a time.

    Raises:
        ValidationError: a duration is negative or a float.
    """
    read = [[(machine, not_negative("duration", duration)) for machine, duration in job] for job in jobs]
    best: tuple[Fraction, _Starts] | None = None
    for rule in _RULES:
        starts = _generate(read, rule)
        ends = [starts[job][-1] + read[job][-1][1] for job in range(len(read)) if read[job]]
        makespan = max(ends, default=Fraction(0))
        best = (makespan, starts) if best is None or makespan < best[0] else best
    assert best is not None
    return ShopSchedule(tuple(tuple(simplified(one) for one in job) for job in best[1]), simplified(best[0]))


def _generate(jobs: Sequence[_Job], rule: _Rule) -> _Starts:
    taken: dict[Hashable, list[tuple[Fraction, Fraction]]] = {machine: [] for job in jobs for machine, _ in job}
    starts: _Starts = [[] for _ in jobs]
    ready = [Fraction(0)] * len(jobs)
    rest = [sum((duration for _, duration in job), Fraction(0)) for job in jobs]
    while True:
        following = list(_next_operations(jobs, starts, ready, rest, taken))
        if not following:
            return starts
        chosen = min(following, key=lambda one: (*rule(one), one.job))
        machine, duration = jobs[chosen.job][len(starts[chosen.job])]
        insort(taken[machine], (chosen.start, chosen.end))
        starts[chosen.job].append(chosen.start)
        ready[chosen.job] = chosen.end
        rest[chosen.job] -= duration


def _next_operations(
    jobs: Sequence[_Job],
    starts: _Starts,
    ready: Sequence[Fraction],
    rest: Sequence[Fraction],
    taken: dict[Hashable, list[tuple[Fraction, Fraction]]],
) -> Iterator[_Next]:
    for job, operations in enumerate(jobs):
        if (done := len(starts[job])) < len(operations):
            machine, duration = operations[done]
            start = _first_gap(taken[machine], ready[job], duration)
            yield _Next(job, start, start + duration, rest[job])


def _first_gap(taken: Sequence[tuple[Fraction, Fraction]], ready: Fraction, duration: Fraction) -> Fraction:
    start = ready
    for begun, ended in taken:
        if start + duration <= begun:
            break
        start = max(start, ended)
    return start


_RULES: tuple[_Rule, ...] = (
    lambda one: (one.start, -one.rest),
    lambda one: (one.start - one.rest,),
    lambda one: (one.end - one.rest,),
)
