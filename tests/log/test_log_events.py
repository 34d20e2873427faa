"""An event gives the same line whether a handler takes it directly or as a record, and foreign handlers count."""

import json
import logging
import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.clock import uuid7
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.events import Event
from bake_tracker.log.format import JsonFormatter
from bake_tracker.log.tell import complete_line, emit, get_service_logger, log_operation, make_event
from bake_tracker.log.values import utc_text
from support.log.hostile_values import HOSTILE

oven = get_service_logger("x.oven")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The logger has no other handlers, hears INFO, and is restored afterwards."""
    propagated, oven.propagate = oven.propagate, False
    oven.setLevel(logging.INFO)
    yield
    oven.propagate = propagated
    oven.setLevel(logging.NOTSET)
    for handler in oven.handlers[:]:
        oven.removeHandler(handler)
        handler.close()
    for kept in oven.filters[:]:
        oven.removeFilter(kept)


@pytest.fixture
def file(tmp_path: Path) -> AppendHandler:
    handler = AppendHandler(tmp_path / "log.jsonl")
    oven.addHandler(handler)
    return handler


def lines(handler: AppendHandler) -> list[dict[str, Any]]:
    return [json.loads(line) for line in handler.path.read_bytes().splitlines()] if handler.path.exists() else []


@pytest.mark.parametrize("name", HOSTILE)
def test_an_event_and_its_record_give_the_same_bytes(
    file: AppendHandler, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds for every hostile value, even if the record comes later out of a queue."""
    event = make_event(oven, logging.INFO, "bake", "success", {"recipe_id": 7, "hostile": HOSTILE[name][0]})
    file.take(event)
    with event.handled() as record:
        file.handle(record)
        monkeypatch.setattr(Event, "is_told_by", lambda *_: False)  # so that the line is made from the record
        file.handle(record)
    file.handle(record)  # as after a queue
    assert len(set(file.path.read_bytes().splitlines())) == 1


def test_somebodys_formatter_is_asked_for_every_line(file: AppendHandler) -> None:
    """One file has one format."""
    file.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log_operation(oven, "bake", "success", recipe_id=7)
    oven.info("an ordinary line")
    assert file.path.read_text() == "INFO bake: success\nINFO an ordinary line\n"


def test_a_handler_with_an_emit_of_its_own_gets_records(tmp_path: Path) -> None:
    """A handler that counts, drops or redacts records does so with our lines too."""

    class Counting(AppendHandler):
        heard = 0

        def emit(self, record: logging.LogRecord) -> None:
            self.heard += 1
            super().emit(record)

    handler = Counting(tmp_path / "log.jsonl")
    oven.addHandler(handler)
    log_operation(oven, "bake", "success", recipe_id=7)
    assert (handler.heard, [line["recipe_id"] for line in lines(handler)]) == (1, [7])


def test_a_change_by_an_earlier_handler_reaches_the_file(tmp_path: Path) -> None:
    """A redaction by a handler that runs before the file handler is kept."""

    def redact(record: logging.LogRecord) -> bool:
        record.msg, record.pin = "redacted", "xx"
        return True

    before = logging.NullHandler()
    before.handle = lambda record: redact(record)  # type: ignore[method-assign]  # its filter is all it has
    oven.addHandler(before)
    handler = AppendHandler(tmp_path / "log.jsonl")
    oven.addHandler(handler)
    log_operation(oven, "bake", "success", pin="1234")
    assert [(line["message"], line["pin"]) for line in lines(handler)] == [("redacted", "xx")]


def test_a_logger_with_a_filter_of_its_own_is_asked(tmp_path: Path) -> None:
    """An overridden ``filter`` method counts, not only the list of filters."""

    class Deaf(logging.Logger):
        def filter(self, record: logging.LogRecord) -> bool:
            return False

    deaf, handler = Deaf("deaf"), AppendHandler(tmp_path / "log.jsonl")
    deaf.addHandler(handler)
    log_operation(deaf, "bake", "success")
    assert lines(handler) == []


def test_a_filter_that_raises_does_not_break_the_caller(file: AppendHandler) -> None:
    """The line is lost and stderr says so; the operation continues."""

    def broken(record: logging.LogRecord) -> bool:
        raise RuntimeError("no filter")

    oven.addFilter(broken)
    emit(make_event(oven, logging.INFO, "bake", "success", {}))
    assert lines(file) == []


def test_the_level_holds_for_every_event(file: AppendHandler) -> None:
    """This holds even when nobody checked the level before the event was made."""
    oven.setLevel(logging.ERROR)
    emit(make_event(oven, logging.WARNING, "bake", "retried", {}))
    assert lines(file) == []


def test_a_key_that_cannot_be_found_again_keeps_its_field() -> None:
    """A string whose hash changes is still a key of its mapping."""

    class Shifty(str):
        turns = 0

        def __hash__(self) -> int:
            Shifty.turns += 1
            return Shifty.turns

    event = Event(oven, logging.INFO, "bake", "success")
    complete_line(event.line, {Shifty("flour"): 7, "sugar": 8})
    assert (event.line["flour"], event.line["sugar"]) == (7, 8)


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        (-1.5, "1969-12-31T23:59:58.500000Z"),
        (-0.5, "1969-12-31T23:59:59.500000Z"),
        (0, "1970-01-01T00:00:00.000000Z"),
        (0.999_999, "1970-01-01T00:00:00.999999Z"),
        (1, "1970-01-01T00:00:01.000000Z"),
    ],
)
def test_a_clock_at_the_epoch_loses_no_line(timestamp: float, text: str) -> None:
    """A machine with an empty battery starts at the epoch."""
    assert utc_text(timestamp) == text


def test_the_record_has_the_instant_of_the_line() -> None:
    """Both agree to the microsecond, though a record keeps its time as a float."""
    event = Event(oven, logging.INFO, "bake", "success", created_ns=1_795_425_300_123_456_999)
    assert event.line["timestamp"] == json.loads(JsonFormatter().format(event.record))["timestamp"]
    assert event.line["timestamp"] == "2026-11-23T09:15:00.123456Z"


def test_a_warning_that_could_not_be_written_is_tried_again(tmp_path: Path) -> None:
    """A stderr that failed once does not use up the one warning."""
    script = """
import io, sys
from bake_tracker.log.tell import report_logging_fault
class Broken(io.StringIO):
    def write(self, text): raise OSError
real, sys.stderr = sys.stderr, Broken()
report_logging_fault(ValueError())
sys.stderr = real
report_logging_fault(ValueError())
report_logging_fault(ValueError())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.count("log lines are being lost") == 1


def _ids(count: int) -> list[str]:
    return [uuid7() for _ in range(count)]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="only where processes fork")
def test_forked_processes_draw_different_ids() -> None:
    """Forked processes do not inherit prepared random bits: in the same millisecond they would draw the same ids."""
    uuid7()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        tails = [one[-12:] for ids in (*pool.map(_ids, [200, 200], chunksize=1), _ids(200)) for one in ids]
    assert len(set(tails)) == len(tails)
