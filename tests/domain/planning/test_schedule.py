"""Job shops, and the latest starts of the steps of batches."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.schedule import Job, RecipeStep, Resource, job_shop, latest_starts
from support.depth import rounds

EXAMPLES = rounds(30, 2_000)

FT06 = """
2 1 0 3 1 6 3 7 5 3 4 6
1 8 2 5 4 10 5 10 0 10 3 4
2 5 3 4 5 8 0 9 1 1 4 7
1 5 0 5 2 5 3 3 4 8 5 9
2 9 1 3 4 5 5 4 0 3 3 1
1 3 3 3 5 9 0 10 4 4 2 1
"""
"""The OR-library's ft06, of Fisher and Thompson 1963: machine and duration, for each operation of each job."""

Jobs = Sequence[Sequence[tuple[int, int]]]


def ft06() -> list[list[tuple[int, int]]]:
    rows = [[int(word) for word in line.split()] for line in FT06.split("\n") if line]
    return [list(zip(row[::2], row[1::2], strict=True)) for row in rows]


def check_is_valid_and_active(jobs: Jobs, starts: Sequence[Sequence[Any]]) -> None:
    """Jobs are in order, machines do one thing at a time, and no operation alone could begin earlier."""
    busy: dict[int, list[tuple[Any, Any, int, int]]] = defaultdict(list)
    for job, operations in enumerate(jobs):
        assert len(operations) == len(starts[job])
        for place, (machine, duration) in enumerate(operations):
            busy[machine].append((starts[job][place], starts[job][place] + duration, job, place))
    for machine, intervals in busy.items():
        intervals.sort()
        for (_, end, *_), (begin, *_) in pairwise(intervals):
            assert end <= begin, (machine, intervals)
        for begin, end, job, place in intervals:
            ready = starts[job][place - 1] + jobs[job][place - 1][1] if place else 0
            assert ready <= begin
            others = [(one, other) for one, other, *rest in intervals if rest != [job, place]]
            for earlier in sorted({ready, *(other for _, other in others if ready < other < begin)}):
                fits = all(earlier + end - begin <= one or other <= earlier for one, other in others)
                assert earlier >= begin or not fits


def test_the_job_shop_of_fisher_and_thompson_takes_no_more_than_61() -> None:
    """55 is the optimum: a valid schedule is never shorter."""
    schedule = job_shop(ft06())
    check_is_valid_and_active(ft06(), schedule.starts)
    assert 55 <= schedule.makespan <= 61


def test_small_job_shops() -> None:
    """There may be no job, an empty job, fractions, or one machine for all."""
    assert (job_shop([]).starts, job_shop([]).makespan) == ((), 0)
    assert (job_shop([[], [("a", 3)]]).starts, job_shop([[]]).makespan) == (((), (0,)), 0)
    assert job_shop([[("a", Fraction(1, 2)), ("b", 1)]]).makespan == Fraction(3, 2)
    assert job_shop([[("oven", 4)], [("oven", 5)], [("oven", 6)]]).makespan == 15


@pytest.mark.parametrize("duration", [1.0, -1, "1"])
def test_durations_that_are_none_are_refused(duration: Any) -> None:
    """Floats and negative numbers are refused."""
    with pytest.raises(ValidationError):
        job_shop([[("oven", duration)]])


@settings(max_examples=EXAMPLES, deadline=None)
@given(jobs=st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=5), max_size=6))
def test_a_job_shop_is_scheduled_validly_and_actively(jobs: Jobs) -> None:
    """This holds for any jobs; the schedule is no shorter than the longest job or the busiest machine."""
    schedule = job_shop(jobs)
    check_is_valid_and_active(jobs, schedule.starts)
    ends = [starts[-1] + job[-1][1] for job, starts in zip(jobs, schedule.starts, strict=True) if job]
    assert max(ends, default=0) == schedule.makespan
    loads: dict[int, int] = defaultdict(int)
    for job in jobs:
        assert sum(duration for _, duration in job) <= schedule.makespan
        for machine, duration in job:
            loads[machine] += duration
    assert max(loads.values(), default=0) <= schedule.makespan


def starts_of(jobs: Sequence[Job], now: int = 0, **resources: Resource) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = defaultdict(list)
    for step in sorted(latest_starts(jobs, now=now, resources=resources).steps, key=lambda step: step.step):
        found[step.job].append(step.start)
    return dict(found)


def bread(ref: str, due: int, number: int = 0) -> Job:
    """Mix 20, wait 60 to 90, bake 40 in one deck, cool 30 or more."""
    steps = (RecipeStep("mix", 20, 60, 90), RecipeStep("bake", 40, 30, None, "oven"))
    return Job(ref, due, steps, number)


def test_steps_begin_as_late_as_they_can() -> None:
    """Back from 600: baked from 530, mixed from 450."""
    assert starts_of([bread("a", 600)], oven=Resource(1)) == {"a": [450, 530]}


def test_a_full_oven_moves_a_batch_back_and_its_mixing_with_it() -> None:
    """Two on one deck; with two decks, both at once. The one due first, or of the lower number, has the later place."""
    both = [bread("b", 600, 2), bread("a", 600, 1)]
    assert starts_of(both, oven=Resource(1)) == {"a": [450, 530], "b": [410, 490]}
    assert starts_of(both, oven=Resource(2)) == {"a": [450, 530], "b": [450, 530]}
    assert starts_of([bread("a", 610), bread("b", 600)], oven=Resource(1)) == {"b": [450, 530], "a": [410, 490]}


def test_nothing_happens_outside_the_hours_of_a_resource() -> None:
    """The oven is open until 500; kept longer than it may wait, the dough is mixed no earlier than 90 before."""
    hours = Resource(1, [(0, 300), (400, 500)])
    assert starts_of([bread("a", 600)], oven=hours) == {"a": [380, 460]}
    assert starts_of([bread("a", 500)], oven=hours) == {"a": [350, 430]}
    assert starts_of([bread("a", 465)], oven=hours) == {"a": [180, 260]}


def test_a_wait_that_would_be_too_long_pulls_the_next_step_back() -> None:
    """The mixer is free until 100 only, and the dough keeps for 90 minutes: baked by 210, not at 530."""
    steps = (RecipeStep("mix", 20, 60, 90, "mixer"), RecipeStep("bake", 40, 30, None, "oven"))
    found = starts_of([Job("a", 600, steps)], mixer=Resource(1, [(0, 120)]), oven=Resource(1))
    assert found == {"a": [100, 210]}


def test_a_job_that_is_too_late_has_the_earliest_instant_that_works() -> None:
    """Due at 100, but it takes 150; it is planned from now on."""
    schedule = latest_starts([bread("a", 100)], now=0, resources={"oven": Resource(1)})
    assert [(late.job, late.due, late.works_at) for late in schedule.late] == [("a", 100, 150)]
    assert [(step.name, step.start, step.end) for step in schedule.steps] == [("mix", 0, 20), ("bake", 80, 120)]
    again = latest_starts([bread("a", 150)], now=0, resources={"oven": Resource(1)})
    assert (again.late, [step.start for step in again.steps]) == ((), [0, 80])
    assert latest_starts([bread("a", 150)], now=1, resources={"oven": Resource(1)}).late[0].works_at == 151


def test_what_must_be_fresh_is_not_made_long_before() -> None:
    """Sold within 60 minutes, but the oven closes at 300: it works when it opens again, and then only."""
    steps = (RecipeStep("bake", 40, 0, 60, "oven"),)
    schedule = latest_starts([Job("a", 600, steps)], now=0, resources={"oven": Resource(1, [(0, 300), (900, 990)])})
    assert [late.works_at for late in schedule.late] == [940]
    assert [step.start for step in schedule.steps] == [900]


def test_a_step_longer_than_any_opening_never_works() -> None:
    """Nothing is planned for it."""
    schedule = latest_starts([bread("a", 600)], now=0, resources={"oven": Resource(1, [(0, 30), (90, 120)])})
    assert ([late.works_at for late in schedule.late], schedule.steps) == ([None], ())


def test_a_job_without_steps_is_ready_at_once() -> None:
    """It is late only if it was due before."""
    assert latest_starts([Job("a", 5, ())], now=5).late == ()
    assert latest_starts([Job("a", 5, ())], now=6).late[0].works_at == 6


@pytest.mark.parametrize(
    "step",
    [
        RecipeStep("bake", 10, resource="kiln"),
        RecipeStep("bake", 10, resource="oven", amount=3),
        RecipeStep("bake", 10, resource="oven", amount=0),
        RecipeStep("bake", -1),
        RecipeStep("bake", 1.5),  # type: ignore[arg-type]
        RecipeStep("bake", 10, 20, 10),
        RecipeStep("bake", 10, -1),
    ],
)
def test_steps_that_cannot_be_are_refused(step: RecipeStep) -> None:
    """No such resource, more of it than there is, minutes below 0, a least wait beyond the most."""
    with pytest.raises(ValidationError):
        latest_starts([Job("a", 600, (step,))], now=0, resources={"oven": Resource(2)})


def test_hours_that_end_before_they_begin_are_refused() -> None:
    """The hours of a night go over midnight on one axis of minutes."""
    with pytest.raises(ValidationError, match="hours of oven"):
        latest_starts([], now=0, resources={"oven": Resource(1, [(300, 200)])})
    with pytest.raises(ValidationError, match="capacity of oven"):
        latest_starts([], now=0, resources={"oven": Resource(0)})


STEPS = st.builds(
    lambda active, least, more, resource, amount: RecipeStep(
        "s", active, least, None if more is None else least + more, resource, amount
    ),
    *(st.integers(0, 3), st.integers(0, 2), st.none() | st.integers(0, 2)),
    *(st.sampled_from([None, "oven", "mixer"]), st.integers(1, 2)),
)
HOURS = st.none() | st.lists(
    st.tuples(st.integers(0, 18), st.integers(1, 8)).map(lambda one: (one[0], one[0] + one[1])), min_size=1, max_size=3
)


def is_possible(job: Job, due: int, starts: Sequence[int], now: int, free: Any) -> bool:
    """Whether a job can be done so: its waits, and what is free at each of its minutes."""
    for index, (step, start) in enumerate(zip(job.steps, starts, strict=True)):
        wait = (starts[index + 1] if index + 1 < len(starts) else due) - start - step.active
        if start < now or wait < step.wait_least or (step.wait_most is not None and wait > step.wait_most):
            return False
        if step.resource and any(free(step.resource, t) < step.amount for t in range(start, start + step.active)):
            return False
    return True


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    steps=st.lists(STEPS, min_size=1, max_size=3),
    first=st.lists(STEPS, max_size=2),
    hours=HOURS,
    due=st.integers(0, 14),
)
def test_each_job_is_placed_as_late_as_what_is_free_allows(
    steps: list[RecipeStep], first: list[RecipeStep], hours: Any, due: int
) -> None:
    """No possible plan of the second job begins any step later; if there is none, it gets the next possible time."""
    resources = {"oven": Resource(2, hours), "mixer": Resource(2)}
    jobs = [Job("first", due, first, 1), Job("second", due, steps, 2)]
    schedule = latest_starts(jobs, now=0, resources=resources)
    taken: dict[tuple[str, int], int] = defaultdict(int)
    for planned in schedule.steps:
        step = first[planned.step] if planned.job == "first" else steps[planned.step]
        for instant in range(planned.start, planned.end):
            taken[step.resource or "", instant] += step.amount * (planned.job == "first")

    def free(name: str, instant: int) -> int:
        closed = name == "oven" and hours is not None and not any(begin <= instant < end for begin, end in hours)
        return 0 if closed else 2 - taken[name, instant]

    def plans(due: int) -> list[tuple[int, ...]]:
        every = product(range(due + 1), repeat=len(steps))
        return [starts for starts in every if is_possible(jobs[1], due, starts, 0, free)]

    found = tuple(step.start for step in sorted(schedule.steps, key=lambda one: one.step) if step.job == "second")
    late = [late for late in schedule.late if late.job == "second"]
    possible = plans(due)
    assert bool(late) == (not possible)
    if possible:
        assert found in possible
        assert found == tuple(max(column) for column in zip(*possible, strict=True))
    elif (works_at := late[0].works_at) is not None:
        assert is_possible(jobs[1], works_at, found, 0, free)
        assert not any(plans(later) for later in range(due + 1, min(works_at, 17)))


@settings(max_examples=EXAMPLES, deadline=None)
@given(jobs=st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=4), max_size=5))
def test_a_job_shop_given_as_steps_is_scheduled_validly(jobs: Jobs) -> None:
    """Each machine does one job at a time, each job is in order, and is ready when due if it can begin in time."""
    due = sum(duration for job in jobs for _, duration in job)
    given = [
        Job(index, due, [RecipeStep("op", duration, resource=str(machine)) for machine, duration in job], index)
        for index, job in enumerate(jobs)
    ]
    schedule = latest_starts(given, now=-due, resources={str(machine): Resource(1) for machine in range(3)})
    assert schedule.late == ()
    busy: dict[int, list[tuple[int, int]]] = defaultdict(list)
    ends: dict[Any, int] = {}
    for step in sorted(schedule.steps, key=lambda step: (step.job, step.step)):
        machine, duration = jobs[step.job][step.step]  # type: ignore[call-overload]
        assert step.end - step.start == duration
        assert ends.get(step.job, -due) <= step.start
        ends[step.job] = step.end
        if duration:
            busy[machine].append((step.start, step.end))
    assert max(ends.values(), default=0) <= due
    assert len(schedule.steps) == sum(len(job) for job in jobs)
    for intervals in busy.values():
        assert all(end <= begin for (_, end), (begin, _) in pairwise(sorted(intervals)))
