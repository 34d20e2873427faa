"""How a record looks: the fields of a JSON line, and a console line that data cannot colour or break."""

import json
import logging
import sys
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bake_tracker.log.format import MAX_FRAMES, ConsoleFormatter, JsonFormatter
from bake_tracker.log.tell import complete_line, get_service_logger, make_event, places_of
from bake_tracker.log.values import error_text, escape_unsafe, utc_text

UNSAFE = "a\nb\x1b[31mc\x00d\u202ee\u2028f\x85g\x7fh\ud800i"


def record_of(outcome: str = "success", level: int = logging.INFO, **context: Any) -> logging.LogRecord:
    fields = {"operation_id": "op-1", "transaction_id": "t-1", "database_id": "d-1"}
    more = {"duration_ms": 1.5, "sql_count": 9, "attempt": 1}
    event = make_event(get_service_logger("x.oven"), level, "record_bake", outcome, {})
    event.line |= fields | more
    complete_line(event.line, context, places_of(context))
    return event.record


def foreign(message: str, *arguments: Any, **extra: Any) -> logging.LogRecord:
    return logging.getLogger("somebody.else").makeRecord(
        "somebody.else", logging.INFO, "f.py", 1, message, arguments, None, extra=extra
    )


def raised(error: BaseException) -> Any:
    try:
        raise error
    except type(error):
        return sys.exc_info()


def test_a_json_line_has_the_fields_of_the_specification() -> None:
    """Time in UTC with microseconds, ids, numbers, and every context field; unknown fields are left out."""
    record = record_of(recipe_id=7, total_cost="3.00")
    record.created = 1_795_425_300.123456
    assert json.loads(JsonFormatter().format(record)) == {
        "timestamp": "2026-11-23T09:15:00.123456Z",
        "level": "INFO",
        "logger": "bake_tracker.services.oven",
        "message": "record_bake: success",
        "operation": "record_bake",
        "outcome": "success",
        "operation_id": "op-1",
        "transaction_id": "t-1",
        "database_id": "d-1",
        "duration_ms": 1.5,
        "sql_count": 9,
        "attempt": 1,
        "recipe_id": 7,
        "total_cost": "3.00",
    }


def test_a_whole_second_has_microseconds_too() -> None:
    """The field has a fixed width, so that lines sort by it."""
    assert utc_text(0) == "1970-01-01T00:00:00.000000Z"


def test_a_line_of_another_library_has_the_same_format() -> None:
    """Its message is formatted; its extra fields are sanitized context and cannot overwrite our fields."""
    line = json.loads(
        JsonFormatter().format(foreign("took %d", 3, password="x", outcome="forged", settled_at=1, size=2))
    )
    del line["timestamp"]
    assert line == {
        "level": "INFO",
        "logger": "somebody.else",
        "message": "took 3",
        "password": "[redacted]",
        "ctx_outcome": "forged",
        "ctx_settled_at": 1,
        "size": 2,
    }


def test_a_foreign_message_whose_arguments_do_not_fit_is_still_a_line() -> None:
    """The standard formatter would print a traceback and lose the line."""
    assert "do not fit" in json.loads(JsonFormatter().format(foreign("%d eggs", "many")))["message"]


def test_an_exception_is_type_message_and_frames() -> None:
    """At most 1 KiB of message and the innermost thirty frames; never a local variable."""

    def descend(depth: int) -> None:
        secret_of_the_frame = "hunter2"
        if depth == 0:
            raise ValueError("too hot " * 1_000 + UNSAFE)
        descend(depth - 1)
        del secret_of_the_frame

    record = record_of("error", logging.ERROR)
    with pytest.raises(ValueError) as caught:
        descend(100)
    record.exc_info = (caught.type, caught.value, caught.tb)
    line = JsonFormatter().format(record)
    exception = json.loads(line)["exception"]
    assert list(exception) == ["type", "message", "frames"]
    assert exception["type"] == "ValueError"
    assert len(exception["message"].encode()) <= 1_024
    assert [len(exception["frames"]), exception["frames"][-1].split()[-1]] == [MAX_FRAMES, "descend"]
    assert "hunter2" not in line
    assert "secret_of_the_frame" not in line


def test_unsafe_characters_are_escaped_and_come_back_from_the_json() -> None:
    """The record stays one physical line, and its JSON decodes to the value that was logged."""
    line = JsonFormatter().format(record_of(note_from=UNSAFE))
    assert line.splitlines() == [line]
    assert line.isprintable()
    assert json.loads(line)["note_from"] == UNSAFE.replace("\ud800", "\ufffd")


def test_safe_text_is_left_as_it_is() -> None:
    """Accents and emoji are not escaped."""
    assert escape_unsafe("crème brûlée 🍮") == "crème brûlée 🍮"


@pytest.mark.parametrize("place", ["value", "key", "nested", "message", "error"])
def test_a_console_line_has_no_escape_sequence_or_line_break_from_data(place: str) -> None:
    """This holds for a value, a key, nested data, another library's message, and an exception."""
    record = record_of(recipe_id=7)
    if place == "message":
        record = foreign(UNSAFE)
    elif place == "error":
        record = record_of("error", logging.ERROR)
        record.exc_info = raised(ValueError(UNSAFE))
    else:
        record = record_of(
            **{"value": {"value": UNSAFE}, "key": {UNSAFE: 1}, "nested": {"x": [{UNSAFE: UNSAFE}]}}[place]
        )
    line = ConsoleFormatter(colour=False).format(record)
    assert line.isprintable()
    assert "\\u001b[31m" in line


def test_a_console_line_is_coloured_by_its_level_alone() -> None:
    """Only the level is coloured; ids that only machines need are hidden."""
    line = ConsoleFormatter(colour=True).format(record_of("retried", logging.WARNING, recipe_id=7, error="busy"))
    _, level, rest = line.split(" ", 2)
    assert level == "\x1b[33mWARNING\x1b[0m"
    assert (
        rest == "record_bake: retried  operation_id=op-1 duration_ms=1.5 sql_count=9 attempt=1 recipe_id=7 error=busy"
    )


def test_a_console_line_names_an_error_once() -> None:
    """The error is the record's own field, or else the exception."""
    record = record_of("error", logging.ERROR, error="ValueError: hot")
    record.exc_info = raised(ValueError("hot"))
    assert ConsoleFormatter(colour=False).format(record).count("hot") == 1


def test_an_error_of_the_database_says_what_failed_and_no_more() -> None:
    """SQLAlchemy adds the address of a page to each."""
    error = OperationalError("SELECT 1", {}, ValueError("locked"), hide_parameters=True)
    assert "sqlalche.me" in str(error)
    said = "(builtins.ValueError) locked\n[SQL: SELECT 1]"
    assert error_text(error) == f"OperationalError: {said}"


def test_an_error_text_is_cut_between_characters() -> None:
    """The limit is 1 KiB of UTF-8, and no character is cut in half."""
    assert error_text(ValueError("é" * 2_000)) == "ValueError: " + "é" * 504 + "..."
