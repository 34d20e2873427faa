"""One event: the fields of its line in order, and a ``LogRecord`` if anybody else needs one.

A record costs as much as the rest of a line, and the log file does not need one. So an ``EventHandler`` gets the event
itself, while other handlers, filters, hooks and ``caplog`` get a record. See ``docs/adr/0006``.
"""

import inspect
import logging
import sys
import time
from contextvars import ContextVar, Token
from copy import copy
from functools import lru_cache
from typing import Any

from bake_tracker.log.values import escape_unsafe, safe_again, safe_fields, safe_value, utc_text_ns

LOGGER_ROOT = "bake_tracker.services"

Where = tuple[str, int, str, str]
"""Where a line comes from: file, line, function and module. Line 0 stands for the function's first line."""

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
    "asked",
    "after_operation_id",
    "operation_ids",
    "begin_wait_ms",
    "lock_wait_ms",
    "sql_ms",
    "slowest_sql",
    "slowest_sql_ms",
    "commit_ms",
    "failed_in",
    "rolled_back_because",
    "xid",
    "lsn",
    "timeline",
    "durability",
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
    }
)
"""The attributes of a LogRecord on every supported Python (``taskName`` came with 3.12)."""

_handled: ContextVar["Event | None"] = ContextVar("bake_tracker_handled_event", default=None)


class Event:
    """Something that happened; ``line`` holds every field in order, safe to write.

    Once emitted, an event never changes: every handler sees the same line.
    """

    where: Where | None = None
    told: dict[str, Any]
    reached: "list[EventHandler]"
    _record: logging.LogRecord | None = None

    def __init__(
        self,
        logger: logging.Logger,
        level: int,
        operation: str,
        outcome: str,
        message: str | None = None,
        error: BaseException | None = None,
        *,
        created_ns: int | None = None,
    ) -> None:
        """Operation and outcome must be safe text, and form the default message; the default time is now."""
        self.logger = logger
        self.level = level
        self.created_ns = time.time_ns() if created_ns is None else created_ns
        self.error = error
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

    def handled(self) -> "_Handled":
        """A context with its record, which our own handlers and formatters recognize inside."""
        return _Handled(self)

    def is_told_by(self, record: logging.LogRecord) -> bool:
        """Whether the record still says what the event says: no filter or handler has changed it."""
        told, line = record.__dict__, self.line
        error = told["exc_info"][1] if told.get("exc_info") else None
        own = (line["message"], line["level"], line["logger"], self.created_s, self.error)
        if (told["msg"], told["levelname"], told["name"], told["created"], error) != own or told["args"]:
            return False
        for name, value in self.told.items():  # noqa: SIM110  a generator takes twice as long
            if told.get(name, told) is not value:
                return False
        return True

    @property
    def created_s(self) -> float:
        """When it happened, in the line's microseconds, as a record keeps it."""
        return self.created_ns // 1_000 / 1e6


class _Handled:
    """As a class, since a generator takes three times as long."""

    __slots__ = ("_event", "_reset")

    def __init__(self, event: Event) -> None:
        self._event = event
        self._reset: Token[Event | None]

    def __enter__(self) -> logging.LogRecord:
        record = self._event.record
        self._event.reached = []
        self._reset = _handled.set(self._event)
        return record

    def __exit__(self, *_error: object) -> None:
        _handled.reset(self._reset)


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

    def handle(self, record: logging.LogRecord) -> Any:
        event = handled_event(record)
        if event is not None:
            event.reached.append(self)
        return super().handle(record)

    def take(self, event: Event) -> None:
        """Handle an event as ``emit`` handles a record, without changing it."""
        raise NotImplementedError


def handled_event(record: logging.LogRecord) -> Event | None:
    """The event of which this is the record, while it is being handled."""
    event = _handled.get()
    return event if event is not None and event._record is record else None


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The context fields of a record: ours as they are, another library's extras made safe.

    A filter or handler that came earlier may have changed or removed our fields, and that holds. A record of ours that
    has been in a queue or in a list is recognized by its logger.
    """
    attributes = record.__dict__
    if (event := handled_event(record)) is not None:
        told = {name: (attributes[name], value) for name, value in event.told.items() if name in attributes}
        return {name: now if now is value else safe_value(now) for name, (now, value) in told.items()}
    extras = {key: value for key, value in attributes.items() if key not in RECORD_FIELDS}
    if is_own(record):
        own: dict[str, Any] = safe_again(extras)
        return own
    return {f"ctx_{key}" if key in LINE_FIELDS else key: value for key, value in safe_fields(extras).items()}


def is_own(record: logging.LogRecord) -> bool:
    """Whether the record tells one of our events."""
    if handled_event(record) is not None:
        return True
    attributes = record.__dict__
    return "operation" in attributes and "outcome" in attributes and record.name.startswith(f"{LOGGER_ROOT}.")


@lru_cache(256)
def _message(operation: str, outcome: str) -> str:
    return escape_unsafe(f"{operation}: {outcome}")


def _record_of(event: Event) -> logging.LogRecord:
    """A record from the logger's own class and the program's record factory, with the event's time."""
    logger, line, error = event.logger, event.line, event.error
    fields = event.told = event.fields
    file, number, function, _ = place_of(event)
    raised = None if error is None else (type(error), error, error.__traceback__)
    told = (logger.name, event.level, file, number, line["message"], (), raised, function)
    try:
        # A class of the program's own may do something with ``extra``; the standard one copies it slowly.
        extra = None if type(logger) is logging.Logger else fields
        record = logger.makeRecord(*told, extra)
    except KeyError:  # the program's factory has set an attribute with a field's name
        extra = None
        record = logger.makeRecord(*told)
    if extra is None:
        record.__dict__.update(fields)
    created = event.created_s
    record.relativeCreated += (created - record.created) * 1000
    record.created, record.msecs = created, int(created % 1 * 1000) + 0.0
    return record


def place_of(event: Event) -> Where:
    """Where the event's line comes from."""
    if event.where is None:
        return "", 0, event.line["operation"], event.logger.name
    return event.where if event.where[1] else _with_line(event.where)


@lru_cache(512)
def _with_line(where: Where) -> Where:
    """The function's first line, from its module or from another in the same room."""
    _, _, name, module = where
    room = module.rpartition(".")[0]
    neighbours = [loaded for key, loaded in list(sys.modules.items()) if key.rpartition(".")[0] == room]
    for home in (sys.modules[module], *neighbours):
        code = getattr(inspect.unwrap(getattr(home, name, _message)), "__code__", None)
        if code is not None and code.co_name == name:
            return code.co_filename, code.co_firstlineno, name, home.__name__
    return where
