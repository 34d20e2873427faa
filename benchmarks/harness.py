"""Compare costs fairly: all ways run in every round, in changing order, on the CPU clock of this process.

A ratio is the median of the rounds' ratios, with its 95 % interval from a bootstrap over the rounds. The garbage
collector is off during a turn and runs between rounds, for all ways alike.
"""

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

RESAMPLES = 1_000

Table = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One printed number, with its 95 % interval and its upper goal."""

    what: str
    value: float
    low: float | None = None
    high: float | None = None
    goal: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        return None if self.goal is None else self.value <= self.goal

    @property
    def shown(self) -> str:
        spread = (
            "" if self.low is None or self.high is None else f" ({self._number(self.low)}–{self._number(self.high)})"
        )
        return f"{self._number(self.value)}{self.unit}{spread}"

    @property
    def goal_shown(self) -> str:
        if self.goal is None:
            return ""
        verdict = "met" if self.is_met else "MISSED"
        return f"≤ {self.goal:g}{self.unit}: {verdict}"

    @staticmethod
    def _number(number: float) -> str:
        return f"{number:,.0f}" if abs(number) >= 100 or number == 0 else f"{number:.3f}"


@contextmanager
def steady() -> Iterator[None]:
    """Keep the garbage collector off while something is timed."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def take_turns(
    turns: Mapping[str, Callable[[], object]], rounds: int, *, clock: Callable[[], int] = time.process_time_ns
) -> dict[str, list[int]]:
    """Return the nanoseconds of every turn by round; a callable that a turn returns tidies up off the clock."""
    spent: dict[str, list[int]] = {name: [] for name in turns}
    order = list(turns)
    rng = random.Random(1)
    warm_up = max(2, rounds // 20)
    with steady():
        for number in range(rounds + warm_up):
            rng.shuffle(order)
            for name in order:
                started = clock()
                tidy = turns[name]()
                nanoseconds = clock() - started
                if callable(tidy):
                    tidy()
                if number >= warm_up:  # the first rounds warm caches
                    spent[name].append(nanoseconds)
            gc.collect()
    return spent


def interval(samples: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the median."""
    return _between(lambda chosen: statistics.median([samples[index] for index in chosen]), len(samples))


def ratio(what: str, ours: Sequence[int], theirs: Sequence[int], goal: float | None = None, note: str = "") -> Figure:
    """Return how many times as much CPU ours takes, from the paired rounds."""
    paired = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Figure(what, statistics.median(paired), *interval(paired), goal=goal, note=note)


def added(
    what: str,
    ours: tuple[Sequence[int], Sequence[int]],
    theirs: tuple[Sequence[int], Sequence[int]],
    goal: float | None = None,
    note: str = "",
) -> Figure:
    """Return what ours adds to its baseline, over what theirs adds to its own; whole rounds are resampled."""
    our_extra = [with_it - without for with_it, without in zip(*ours, strict=True)]
    their_extra = [with_it - without for with_it, without in zip(*theirs, strict=True)]

    def over(chosen: Sequence[int]) -> float:
        below = statistics.median([their_extra[index] for index in chosen])
        return statistics.median([our_extra[index] for index in chosen]) / below

    return Figure(what, over(range(len(our_extra))), *_between(over, len(our_extra)), goal=goal, note=note)


def _between(statistic: Callable[[Sequence[int]], float], count: int) -> tuple[float, float]:
    rng = random.Random(1)
    found = sorted(statistic(rng.choices(range(count), k=count)) for _ in range(RESAMPLES))
    return found[RESAMPLES // 40], found[-RESAMPLES // 40]


def as_row(name: str, figure: Figure) -> tuple[str, ...]:
    return f"{name}. {figure.what}", figure.shown, figure.goal_shown, figure.note


def show(table: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))] if table else []
    for row in table:
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"   {cells.rstrip()}", flush=True)


def markdown(table: Table) -> str:
    """Return a Markdown table; a single row becomes a sentence."""
    if len(table) == 1:
        return table[0][-1]
    head, *rows = ([cell.replace("|", "\\|") for cell in row] for row in table)
    rule = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
