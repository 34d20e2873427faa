"""When each step begins: as late as its due instant, waits, resources and hours allow."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.figures import whole_number
from bake_tracker.domain.planning.resources import Resource, Usage
from bake_tracker.domain.planning.shelf import rank_of
from bake_tracker.domain.planning.shop import ShopSchedule, job_shop

__all__ = [
    "Job",
    "PlannedStep",
    "RecipeStep",
    "Resource",
    "ShopSchedule",
    "StepSchedule",
    "TooLate",
    "job_shop",
    "latest_starts",
]


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """Active minutes, during which it takes a resource, and the least and most minutes before the next step.

    The wait of the last step is the one before the due instant; ``wait_most`` is None where it may be any.
    """

    name: str
    active: int
    wait_least: int = 0
    wait_most: int | None = None
    resource: str | None = None
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Job:
    """The steps of a batch, in order, and the instant, in minutes, when it must be ready."""

    ref: Hashable
    due: int
    steps: Sequence[RecipeStep]
    number: int = 0


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """When a step of a job begins and when its active minutes end."""

    job: Hashable
    step: int
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TooLate:
    """A job that cannot be ready when it is due, and the earliest instant when it can; None for never."""

    job: Hashable
    due: int
    works_at: int | None


@dataclass(frozen=True, slots=True)
class StepSchedule:
    """The steps of all jobs by start, and the jobs that are too late, which begin as early as they can."""

    steps: tuple[PlannedStep, ...]
    late: tuple[TooLate, ...]


def latest_starts(jobs: Sequence[Job], *, now: int, resources: Mapping[str, Resource] | None = None) -> StepSchedule:
    """The latest start of each step, back from when its job is due; a good schedule, not always the best.

    Serial generation by due time (Kolisch 1996, Serial and Parallel Resource-Constrained Project Scheduling Methods
    Revisited, EJOR 90), then by number: each job is placed as late as those before it leave room for.

    Args:
        jobs: with instants in whole minutes on any one axis.
        now: no step begins before.
        resources: what the steps take, by name.

    Returns:
        The planned steps, and each job that cannot be ready in time, with the earliest due instant that works; such a
        job is planned as early as possible.

    Raises:
        ValidationError: a step takes a resource that there is not, or more of it than there is, or its minutes are
            negative, not whole, or at least more than at most.
    """
    usages = {name: Usage(name, resource) for name, resource in (resources or {}).items()}
    for job in jobs:
        for step in job.steps:
            _check(step, usages)
    steps: list[PlannedStep] = []
    late: list[TooLate] = []
    for job in sorted(jobs, key=lambda job: (job.due, job.number, rank_of(job.ref))):
        starts = _as_late_as_possible(job, now, usages)
        if starts is None:
            starts = _as_early_as_possible(job, now, usages)
            late.append(TooLate(job.ref, job.due, None if starts is None else _ready_at(job.steps, starts, now)))
        for index, (step, start) in enumerate(zip(job.steps, starts or (), strict=starts is not None)):
            if step.resource is not None:
                usages[step.resource].take(start, start + step.active, step.amount)
            steps.append(PlannedStep(job.ref, index, step.name, start, start + step.active))
    return StepSchedule(tuple(sorted(steps, key=lambda step: (step.start, step.end))), tuple(late))


def _check(step: RecipeStep, usages: Mapping[str, Usage]) -> None:
    whole_number("active", step.active)
    whole_number("wait_least", step.wait_least)
    whole_number("amount", step.amount, 1)
    if step.wait_most is not None and whole_number("wait_most", step.wait_most) < step.wait_least:
        problem = f"is {step.wait_most} minutes for {step.name}, but its least wait is {step.wait_least}"
        raise ValidationError.of("wait_most", problem)
    if step.resource is not None:
        if step.resource not in usages:
            raise ValidationError.of("resource", f"{step.resource} of {step.name} does not exist; add it first")
        usages[step.resource].check_holds(step.amount)


def _ready_at(steps: Sequence[RecipeStep], starts: Sequence[int], now: int) -> int:
    return starts[-1] + steps[-1].active + steps[-1].wait_least if starts else now


def _as_late_as_possible(job: Job, now: int, usages: Mapping[str, Usage]) -> list[int] | None:
    """The latest starts; None if one would be before now, or the last wait too long.

    A wait that would be longer than its most pulls the later step back, and all is fitted again: each start only
    moves back, to no earlier than it must.
    """
    limits: list[int | None] = [None] * len(job.steps)
    while True:
        starts: list[int] = []
        until = job.due
        for step, limit in zip(reversed(job.steps), reversed(limits), strict=True):
            bound = until - step.wait_least - step.active
            start = _latest(step, bound if limit is None else min(bound, limit), now, usages)
            if start is None:
                return None
            starts.insert(0, start)
            until = start
        pulled = False
        for index, (step, start) in enumerate(zip(job.steps, starts, strict=True)):
            following = starts[index + 1] if index + 1 < len(starts) else job.due
            if step.wait_most is not None and following > (most := start + step.active + step.wait_most):
                if index + 1 == len(starts):
                    return None
                limits[index + 1], pulled = most, True
        if not pulled:
            return starts if starts or now <= job.due else None


def _as_early_as_possible(job: Job, now: int, usages: Mapping[str, Usage]) -> list[int] | None:
    """The earliest starts from now on; a wait that would be longer than its most pushes the earlier step on."""
    steps = job.steps
    limits = [now] * len(steps)
    if steps and (most := steps[-1].wait_most) is not None:
        limits[-1] = max(now, job.due - most - steps[-1].active)
    while True:
        starts: list[int] = []
        since = now
        for step, limit in zip(steps, limits, strict=True):
            start = _earliest(step, max(since, limit), usages)
            if start is None:
                return None
            starts.append(start)
            since = start + step.active + step.wait_least
        pushed = False
        for index, (step, following) in enumerate(zip(steps, starts[1:], strict=False)):
            if step.wait_most is not None and (least := following - step.wait_most - step.active) > starts[index]:
                limits[index], pushed = least, True
        if not pushed:
            return starts


def _latest(step: RecipeStep, bound: int, now: int, usages: Mapping[str, Usage]) -> int | None:
    if step.resource is None:
        return bound if bound >= now else None
    return usages[step.resource].latest(bound, step.active, step.amount, now)


def _earliest(step: RecipeStep, bound: int, usages: Mapping[str, Usage]) -> int | None:
    if step.resource is None:
        return bound
    return usages[step.resource].earliest(bound, step.active, step.amount)
