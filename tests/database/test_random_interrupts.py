"""Ctrl-C at any moment, caught or not: no line says anything untrue about what is stored."""

import gc
import logging
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

import pytest

from bake_tracker.database import engines
from support.depth import rounds
from support.log.outcome_scenarios import CommitBound, Stage, staged

ROUNDS = int(os.environ.get("BAKE_TRACKER_INTERRUPTS", rounds(4, 25)))
SEED = int(os.environ.get("BAKE_TRACKER_INTERRUPTS_SEED", "20261130"))


ANY = (KeyboardInterrupt, Exception)
"""SQLAlchemy may raise anything when it is interrupted, such as an AssertionError of its own."""


@contextmanager
def interrupts() -> Iterator[None]:
    """Make the timer interrupt like Ctrl-C."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def two_operations(stage: Stage, *, in_savepoint: bool) -> None:
    """A program that catches every Ctrl-C, goes on, and commits what it can."""
    with stage.session() as session:
        for _ in range(2):
            with suppress(*ANY):
                if in_savepoint:
                    with session.begin_nested():
                        stage.record(session)
                else:
                    stage.record(session)
        try:
            session.commit()
        except ANY:
            session.rollback()


def interrupted_once(work: Callable[[], None], after_s: float) -> None:
    """Run until the one interrupt, or to the end, and let none escape."""
    with suppress(KeyboardInterrupt):
        with suppress(*ANY):
            signal.setitimer(signal.ITIMER_REAL, max(after_s, 0.00001))
            work()
        signal.setitimer(signal.ITIMER_REAL, 0)
        time.sleep(0)


def untrue(stage: Stage, recorder: CommitBound) -> list[tuple[str, set[str], bool]]:
    """The operations whose lines contradict their row."""
    stored = set(stage.stored())
    said = {one: {outcome for of, outcome in recorder.outcomes if of == one} for one in stage.attempted}
    return [
        (one, outcomes, one in stored)
        for one, outcomes in said.items()
        if (outcomes - {"success", "unknown"} if one in stored else "success" in outcomes)
    ]


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # an interrupted session is in no good order
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # nor is its connection
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_a_random_moment_makes_no_line_untrue(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each round is interrupted once, at a moment drawn from a seed; 2,000 rounds on demand."""
    monkeypatch.setattr(engines, "PATIENCE_S", 0.1)
    for handler in logging.getLogger().handlers:  # pytest would keep every traceback, with its sessions
        monkeypatch.setattr(handler, "level", logging.CRITICAL + 1)
    chance = random.Random(SEED)
    recorder = CommitBound()
    with staged(database_url, recorder) as stage, interrupts():
        began = time.perf_counter()
        for _ in range(3):
            two_operations(stage, in_savepoint=True)
        longest_s = (time.perf_counter() - began) / 3
        for number in range(ROUNDS):
            interrupted_once(
                partial(two_operations, stage, in_savepoint=bool(number % 2)), chance.uniform(0, longest_s)
            )
            gc.collect()  # an interrupted session may hold the lock until it is collected
        assert untrue(stage, recorder) == []
        assert len(recorder.claimed) > ROUNDS // 8
