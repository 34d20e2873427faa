"""Two processes that do their jobs at the same time."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from bake_tracker.domain.errors import ServiceError
from bake_tracker.services.database import run_in_transaction
from bake_tracker.testing import LOGGER, OperationLog
from support.warm.forking import forked, forking
from support.warm.waiting import PATIENCE_S

Job = partial[Any]
"""A service with its arguments, all but the session."""


def worker(jobs: Any, barrier: Any, answers: Any) -> None:
    """Do one job after the other, each at the same time as the other process; say how it ended, and the log's words."""
    heard = OperationLog()
    logging.getLogger(LOGGER).addHandler(heard)
    logging.getLogger(LOGGER).setLevel(logging.INFO)
    while (job := jobs.get(timeout=PATIENCE_S)) is not None:
        heard.clear()
        try:
            barrier.wait(PATIENCE_S)
            run_in_transaction(lambda session, job=job: job(session=session))
            ended = "done"
        except ServiceError as error:
            ended = type(error).__name__
        answers.put((ended, *(line.outcome for line in heard.ends)))


@contextmanager
def two_workers() -> Iterator[Callable[[Job, Job], Counter[Any]]]:
    """A function that has both jobs done at once and returns how they ended."""
    barrier, answers, jobs = forking.Barrier(2), forking.Queue(), [forking.Queue(), forking.Queue()]
    workers = [forked(worker, one, barrier, answers) for one in jobs]
    for process in workers:
        process.start()

    def at_once(*work: Job) -> Counter[Any]:
        for queue, job in zip(jobs, work, strict=True):
            queue.put(job)
        return Counter(answers.get(timeout=PATIENCE_S) for _ in work)

    try:
        yield at_once
    finally:
        for queue in jobs:
            queue.put(None)
        for process in workers:
            process.join(PATIENCE_S)
