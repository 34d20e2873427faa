"""Fifty copies of one request at once, from threads and processes: one operation, and one answer for all."""

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from bake_tracker.clock import uuid7
from bake_tracker.domain.errors import ConflictError
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.scan import read_log
from bake_tracker.services.database import dispose_engines, engine_for
from support.kitchen import Kitchen
from support.warm.forking import forked, forking
from support.warm.waiting import PATIENCE_S

COPIES = 50
PROCESSES = 3
ENDINGS = {"success", "replayed", "conflict", "error", "unknown", "insufficient_inventory"}


@pytest.fixture(autouse=True)
def patient(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty callers share fifteen connections; on a busy machine the last of them waits long for one."""
    monkeypatch.setattr(engine_for().pool, "_timeout", PATIENCE_S, raising=False)


Ask = Callable[[Kitchen, str, list[int], Path], list[Any]]


def ask_in_threads(ids: dict[str, int], operation_id: str, yields: list[int], log: Path, start: Any) -> list[Any]:
    """Let each thread ask once for one batch with its yield; return each answer, or the code of its error."""
    kitchen = Kitchen()
    kitchen.ids = ids
    logger, handler = logging.getLogger("bake_tracker.services"), AppendHandler(log)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)

    def ask(made: int) -> Any:
        start.wait(PATIENCE_S)
        try:
            return kitchen.produce("Cookies", "Cookie", 20, made, operation_id=operation_id)
        except ConflictError as error:
            return error.code

    try:
        with ThreadPoolExecutor(len(yields)) as threads:
            return list(threads.map(ask, yields))
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()


def ask_in_process(answers: Any, *asked: Any) -> None:
    answers.put(ask_in_threads(*asked))
    dispose_engines()


def from_threads(kitchen: Kitchen, operation_id: str, yields: list[int], log: Path) -> list[Any]:
    return ask_in_threads(kitchen.ids, operation_id, yields, log, Barrier(len(yields)))


def from_processes(kitchen: Kitchen, operation_id: str, yields: list[int], log: Path) -> list[Any]:
    start, answers = forking.Barrier(len(yields)), forking.Queue()
    shares = [yields[number::PROCESSES] for number in range(PROCESSES)]
    processes = [forked(ask_in_process, answers, kitchen.ids, operation_id, share, log, start) for share in shares]
    for process in processes:
        process.start()
    heard = [answer for _ in processes for answer in answers.get(timeout=PATIENCE_S)]
    for process in processes:
        process.join(PATIENCE_S)
    return heard


def endings(log: Path) -> Counter[str]:
    """Count how the copies ended, from the log; a retry is not an end."""
    outcomes = [line["outcome"] for line in read_log(log) if line is not None]
    return Counter(outcome for outcome in outcomes if outcome in ENDINGS)


@pytest.mark.parametrize("ask", [from_threads, from_processes])
def test_fifty_copies_of_one_request_make_one_operation(kitchen: Kitchen, ask: Ask, tmp_path: Path) -> None:
    """With stock for one, there are 1 success and 49 replays with the same result, and no caller gets an error."""
    kitchen.simple_bakery()
    log = tmp_path / "copies.jsonl"
    answers = ask(kitchen, uuid7(), [480] * COPIES, log)
    assert [answers[0]] * COPIES == answers
    assert answers[0]["actual_yield"] == "480"
    assert endings(log) == {"success": 1, "replayed": COPIES - 1}
    assert kitchen.rows("SELECT count(*) FROM production_run") == [(1,)]
    assert (kitchen.stock("Flour"), kitchen.stock("Sugar"), kitchen.stock("Cookie")) == (0, 0, 480)


@pytest.mark.parametrize("ask", [from_threads, from_processes])
def test_fifty_requests_under_one_id_are_one_operation_and_conflicts(
    kitchen: Kitchen, ask: Ask, tmp_path: Path
) -> None:
    """Each asks for something else: the first gets the id, and 49 are told that it is taken."""
    kitchen.simple_bakery()
    log = tmp_path / "copies.jsonl"
    answers = ask(kitchen, uuid7(), list(range(431, 431 + COPIES)), log)
    made = [answer for answer in answers if answer != "conflict"]
    assert len(made) == 1
    assert answers.count("conflict") == COPIES - 1
    assert endings(log) == {"success": 1, "conflict": COPIES - 1}
    assert kitchen.rows("SELECT count(*) FROM production_run") == [(1,)]
    assert str(kitchen.stock("Cookie")).split(".")[0] == made[0]["actual_yield"]
