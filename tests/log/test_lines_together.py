"""The lines of one transaction go out in one write, each exactly as if it had been written alone."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bake_tracker.database.pending_outcomes import Fate, OpenTransaction
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.tell import get_service_logger, log_operation
from bake_tracker.log.together import MAX_HELD_LINES, lines_together

oven = get_service_logger("x.oven")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger("bake_tracker")
    handler = AppendHandler(tmp_path / "log.jsonl")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield handler.path
    finally:
        root.setLevel(logging.NOTSET)
        root.removeHandler(handler)
        handler.close()


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of lines in each write."""
    counted: list[int] = []
    write = os.write

    def counting(descriptor: int, data: bytes) -> int:
        counted.append(data.count(b"\n"))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", counting)
    return counted


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["number"] for line in path.read_text().splitlines()]


def test_a_transaction_of_four_operations_costs_one_write(path: Path, writes: list[int]) -> None:
    """All four lines come out, in order."""
    transaction = OpenTransaction()
    for number in range(4):
        transaction.add(lambda ending, number=number: log_operation(oven, "bake", "success", number=number))
    transaction.end(Fate.COMMITTED)
    assert (numbers(path), writes) == ([0, 1, 2, 3], [4])


def test_one_line_is_written_at_once(path: Path, writes: list[int]) -> None:
    """A single line does not wait for others."""
    log_operation(oven, "bake", "success", number=7)
    assert (numbers(path), writes) == ([7], [1])


def test_many_lines_are_written_in_parts(path: Path, writes: list[int]) -> None:
    """A large import holds only a bounded number of lines in memory."""
    with lines_together():
        for number in range(2 * MAX_HELD_LINES + 1):
            log_operation(oven, "bake", "success", number=number)
    assert writes == [MAX_HELD_LINES, MAX_HELD_LINES, 1]
    assert numbers(path) == list(range(2 * MAX_HELD_LINES + 1))


def test_a_line_that_fails_takes_no_other_with_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that raises is reported; the lines before and after it are written."""
    transaction = OpenTransaction()
    transaction.add(lambda ending: log_operation(oven, "bake", "success", number=1))
    transaction.add(lambda ending: {}["nothing"])
    transaction.add(lambda ending: log_operation(oven, "bake", "success", number=2))
    transaction.end(Fate.COMMITTED)
    assert numbers(path) == [1, 2]


def test_nested_blocks_write_once(path: Path, writes: list[int]) -> None:
    """The outermost block decides when lines are written."""
    with lines_together(), lines_together():
        log_operation(oven, "bake", "success", number=1)
        log_operation(oven, "bake", "success", number=2)
    assert (numbers(path), writes) == ([1, 2], [2])


def test_an_interrupt_while_telling_drops_no_other_line(path: Path) -> None:
    """Ctrl-C in the middle is passed on after every pending line has been written."""

    def interrupted(ending: object) -> None:
        raise KeyboardInterrupt

    transaction = OpenTransaction()
    transaction.add(lambda ending: log_operation(oven, "bake", "success", number=1))
    transaction.add(interrupted)
    transaction.add(lambda ending: log_operation(oven, "bake", "success", number=2))
    with pytest.raises(KeyboardInterrupt):
        transaction.end(Fate.COMMITTED)
    assert numbers(path) == [1, 2]
