"""One event: the fields of its line in order, and a ``LogRecord`` if a handler needs one.

A record costs as much as the rest of a line, and the log file does not need one. So an ``EventHandler`` gets the event
itself, while other handlers, filters and ``caplog`` get a record. See ``docs/adr/0006``.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from typing import Any, cast

from bake_tracker.log.values import escape_unsafe, safe_fields, utc_text_ns

HEAD = ("timestamp", "level", "logger", "message")
"""The fields at the start of a line, which belong to the record itself."""
OWN_IDS = frozenset({"operation_id", "parent_operation_id", "transaction_id", "database_id"})
"""The ids an operation sets itself, regardless of bound fields."""
ID_FIELDS = OWN_IDS | {"request_id", "actor", "trace_id", "span_id"}
LINE_FIELDS = ID_FIELDS | {
    *HEAD,
    "settled_at",
    "operation",
    "outcome",
    "duration_ms",
    "sql_count",
    "attempt",
    "exception",
    "repaired_at",
    "caused_by",
}
"""The fields of a JSON line that a caller's context cannot override."""

RECORD_FIELDS = frozenset(
    {
        *vars(logging.makeLogRecord({})),
        *dir(logging.LogRecord),
        "message",
        "asctime",
        "taskName",
        "exc_info",
        "exc_text",
        "stack_info",
        "bake_fields",
    }
)
"""The attributes of a LogRecord on every supported Python (``taskName`` came with 3.12), and our own."""


class Event:
    """Something that happened; ``line`` holds every field in order, safe to write.

    Once emitted, an event never changes: every handler sees the same line.
    """

    __slots__ = ("_record", "created_ns", "error", "level", "line", "logger", "where")

    def __init__(
        self,
        logger: logging.Logger,
        level: int,
        operation: str,
        outcome: str,
        *,
        message: str | None = None,
        error: BaseException | None = None,
        created_ns: int | None = None,
    ) -> None:
        """Operation and outcome must be safe text, and form the default message; the default time is now."""
        self.logger = logger
        self.level = level
        self.created_ns = time.time_ns() if created_ns is None else created_ns
        self.error = error
        self.where: tuple[str, int] | None = None
        self._record: logging.LogRecord | None = None
        self.line: dict[str, Any] = {
            "timestamp": utc_text_ns(self.created_ns),
            "level": logging.getLevelName(level),
            "logger": logger.name,
            "message": message or _message(operation, outcome),
            "operation": operation,
            "outcome": outcome,
        }

    def turn_into(self, outcome: str, level: int) -> None:
        """Change the outcome and level before the event is emitted."""
        self.level = level
        message = _message(self.line["operation"], outcome)
        self.line |= {"level": logging.getLevelName(level), "message": message, "outcome": outcome}

    def copy_as(self, outcome: str) -> "Event":
        """Another event with the same fields and level, for an outcome on the way to the final one."""
        event = copy(self)
        event.line = dict(self.line)
        event.turn_into(outcome, self.level)
        return event

    @property
    def fields(self) -> dict[str, Any]:
        """The line's fields without its head."""
        return {name: value for name, value in self.line.items() if name not in HEAD}

    @property
    def record(self) -> logging.LogRecord:
        """The event as a ``LogRecord``, with every field as an attribute.

        Created once: its time is when the event happened, its thread and process are those that log it.
        """
        if self._record is None:
            self._record = _record_of(self)
        return self._record


class EventHandler(logging.Handler):
    """A handler that takes events and needs no records.

    A subclass with its own ``emit`` and no ``take`` gets records, as from any other logger.
    """

    takes_events = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.takes_events = "take" in vars(cls) or (
            cls.takes_events and not {"emit", "handle", "filter"} & set(vars(cls))
        )

    def take(self, event: Event) -> None:
        """Handle an event as ``emit`` handles a record, without changing it."""
        raise NotImplementedError


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The context fields of a record: ours unchanged, another library's extras made safe."""
    if (own := record.__dict__.get("bake_fields")) is not None:
        return cast(dict[str, Any], own)
    extras = {key: value for key, value in record.__dict__.items() if key not in RECORD_FIELDS}
    return {f"ctx_{key}" if key in LINE_FIELDS else key: value for key, value in safe_fields(extras).items()}


@lru_cache(256)
def _message(operation: str, outcome: str) -> str:
    return escape_unsafe(f"{operation}: {outcome}")


def _record_of(event: Event) -> logging.LogRecord:
    """A record copied from a template, because the constructor takes longer than all the fields."""
    record = logging.LogRecord.__new__(logging.LogRecord)
    attributes = record.__dict__
    line = event.line
    attributes.update(_template(event.logger.name, event.level, line["message"], line["operation"], os.getpid()))
    first, attributes["created"] = attributes["created"], (created := event.created_ns // 1_000 / 1e6)
    attributes["msecs"] = int(created % 1 * 1000) + 0.0
    attributes["relativeCreated"] += (created - first) * 1000
    attributes["thread"] = threading.get_ident()
    attributes["threadName"] = threading.current_thread().name
    if "taskName" in attributes:
        attributes["taskName"] = _task_name()
    if event.error is not None:
        attributes["exc_info"] = (type(event.error), event.error, event.error.__traceback__)
    if event.where is not None:
        attributes["pathname"], attributes["lineno"] = event.where
    attributes["bake_fields"] = fields = event.fields
    attributes.update(fields)
    return record


@lru_cache(256)
def _template(logger_name: str, level: int, message: str, operation: str, process: int) -> Mapping[str, Any]:
    return vars(logging.LogRecord(logger_name, level, "", 0, message, None, None, func=operation))


def _task_name() -> str | None:
    """The name of the current asyncio task, or None, as in the standard library."""
    asyncio: Any = sys.modules.get("asyncio")
    try:
        return str(asyncio.current_task().get_name()) if asyncio and asyncio._get_running_loop() else None
    except Exception:
        return None
