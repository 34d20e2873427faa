"""A line made inside an asyncio task names the task, and a task without a name loses no line."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bake_tracker.log.tell import get_service_logger, log_operation

oven = get_service_logger("x.oven")
HAS_TASK_NAME = sys.version_info >= (3, 12)


def told(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [vars(record).get("taskName") for record in caplog.records]


def in_a_loop_of_its_own(work: Coroutine[None, None, None]) -> None:
    """Run it in another thread, because a browser test may keep a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def test_a_line_names_the_task_it_was_made_in_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """From Python 3.12 records have a task name; outside of a task it is empty."""

    async def bake() -> None:
        log_operation(oven, "bake", "success")

    async def day() -> None:
        await asyncio.create_task(bake(), name="morning")
        await asyncio.create_task(bake(), name="evening")

    with caplog.at_level(logging.INFO):
        in_a_loop_of_its_own(day())
        log_operation(oven, "bake", "success")
    assert told(caplog) == (["morning", "evening", None] if HAS_TASK_NAME else [None, None, None])


def test_a_task_without_a_name_costs_no_line(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task factory may make tasks without a name."""

    async def bake() -> None:
        monkeypatch.setattr(asyncio, "current_task", lambda: object())
        log_operation(oven, "bake", "success")
        monkeypatch.undo()

    with caplog.at_level(logging.INFO):
        in_a_loop_of_its_own(bake())
    assert [record.message for record in caplog.records] == ["bake: success"]
