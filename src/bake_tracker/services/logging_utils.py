"""One event, one record: structured logging on the standard library.

``log_operation`` puts every context field on the ``LogRecord`` as an attribute, where handlers, formatters and pytest's
``caplog`` find it. Nothing here ever raises into the caller's operation.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple, cast

from bake_tracker.services.log_values import MAX_KEY, Show, escape_unsafe, safe_fields, safe_value, shown_as

LOGGER_ROOT = "bake_tracker.services"

ID_FIELDS = frozenset(
    {"operation_id", "parent_operation_id", "transaction_id", "request_id"}
    | {"database_id", "actor", "trace_id", "span_id"}
)
LINE_FIELDS = frozenset(
    {
        "timestamp",
        "settled_at",
        "level",
        "logger",
        "message",
        "operation",
        "outcome",
        "duration_ms",
        "sql_count",
        "attempt",
    }
    | {"exception", "repaired_at", *ID_FIELDS}
)
"""The fields of a JSON line that a caller's context cannot take."""

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
"""What every supported Python keeps on a LogRecord (``taskName`` came with 3.12), and the list of our own fields."""

MAX_HELD_LINES = 200

_RESERVED = LINE_FIELDS | RECORD_FIELDS


class _Bound(NamedTuple):
    """Fields for every line, from entry points: as they were given, and as ids and context are shown."""

    given: Mapping[str, Any]
    ids: Mapping[str, Any]
    context: Mapping[str, Any]


_bound: ContextVar[_Bound] = ContextVar("bake_tracker_log_context", default=_Bound({}, {}, {}))  # noqa: B039  never mutated


@lru_cache
def get_service_logger(name: str) -> logging.Logger:
    """The standard logger ``bake_tracker.services.<last dotted part of name>``."""
    return logging.getLogger(f"{LOGGER_ROOT}.{name.rpartition('.')[2]}")


def log_operation(
    logger: logging.Logger, operation: str, outcome: str, *, level: int = logging.INFO, **context: Any
) -> None:
    """Log ``"<operation>: <outcome>"`` with every context field on the record; never raises.

    A field whose name a record or a line needs for itself is kept under ``ctx_<name>``.
    """
    try:
        if logger.isEnabledFor(level):
            caller = sys._getframe(1)
            fields = {"operation": str(safe_value(operation)), "outcome": str(safe_value(outcome))}
            record = make_record(logger, level, fields, context)
            record.pathname, record.lineno = caller.f_code.co_filename, caller.f_lineno
            emit(logger, record)
    except Exception as error:
        try:
            report_logging_fault(error)
        except RecursionError:  # called so deep that not even this call fits
            return


@contextmanager
def bound_log_context(**fields: Any) -> Iterator[None]:
    """Add ``fields`` (``request_id``, ``actor`` ...) to every line logged inside; entry points bind once."""
    given = {**_bound.get().given, **fields}
    ids = {key: safe_value(value) for key, value in given.items() if key in ID_FIELDS}
    context = {key: value for key, value in given.items() if key not in ID_FIELDS}
    reset = _bound.set(_Bound(given, ids, context))
    try:
        yield
    finally:
        _bound.reset(reset)


def bound_value(name: str) -> Any:
    """What entry points have bound under ``name``, or None."""
    return _bound.get().given.get(name)


def make_record(
    logger: logging.Logger, level: int, fields: dict[str, Any], context: Mapping[str, Any], message: str | None = None
) -> logging.LogRecord:
    """Build a record: ``fields`` are the line's own, safe, and kept by it; ``context`` is the caller's.

    ``fields`` holds ``operation`` and ``outcome``, which make the message where none is given.
    """
    record = _blank_record(
        logger.name,
        level,
        message or _message(fields["operation"], fields["outcome"]),
        fields["operation"],
        os.getpid(),
    )
    bound = _bound.get()
    for name, value in bound.ids.items():
        fields.setdefault(name, value)
    _add_context(fields, context)
    if bound.context:
        _add_context(fields, bound.context)
    add_fields(record, fields)
    return record


def _blank_record(logger_name: str, level: int, message: str, operation: str, process: int) -> logging.LogRecord:
    """A record made now, here: the copy of one made before, since the constructor takes longer than all the fields."""
    record = logging.LogRecord.__new__(logging.LogRecord)
    attributes = record.__dict__
    attributes.update(_template(logger_name, level, message, operation, process))
    first, attributes["created"] = attributes["created"], (created := time.time())
    attributes["msecs"] = int(created % 1 * 1000) + 0.0
    attributes["relativeCreated"] += (created - first) * 1000
    attributes["thread"] = threading.get_ident()
    attributes["threadName"] = threading.current_thread().name
    if "taskName" in attributes:
        attributes["taskName"] = _task_name()
    return record


def _task_name() -> str | None:
    """The name of the asyncio task that logs this; whatever may go wrong in asking, as in the standard library."""
    asyncio: Any = sys.modules.get("asyncio")
    try:
        return str(asyncio.current_task().get_name()) if asyncio and asyncio._get_running_loop() else None
    except Exception:
        return None


@lru_cache(256)
def _template(logger_name: str, level: int, message: str, operation: str, process: int) -> Mapping[str, Any]:
    return vars(logging.LogRecord(logger_name, level, "", 0, message, None, None, func=operation))


def _add_context(own: dict[str, Any], context: Mapping[str, Any]) -> None:
    for key, value in context.items():
        name, show = _place(key) if type(key) is str and len(key) <= MAX_KEY else _placed(key)
        while name in own:
            name = f"ctx_{name}"
        own[name] = show(value, None)


def _placed(key: object) -> tuple[str, Show]:
    """Where a field goes: under its own name, unless a record or a line needs that."""
    name, show = shown_as(key)
    while name in _RESERVED or name.startswith("__"):
        name = f"ctx_{name}"
    return name, show


_place = lru_cache(4_096)(_placed)


@lru_cache(256)
def _message(operation: str, outcome: str) -> str:
    return escape_unsafe(f"{operation}: {outcome}")


def add_fields(record: logging.LogRecord, fields: dict[str, Any]) -> None:
    """Set safe fields on a record, and have them written with its line."""
    attributes = record.__dict__
    if "bake_fields" in attributes:
        attributes["bake_fields"].update(fields)
    else:
        attributes["bake_fields"] = fields
    attributes.update(fields)


def emit(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Hand a record to every handler; one that raises is reported once, and neither the others nor the baker notice.

    ``Logger.handle`` would stop at the first handler that raises, and the line would be missing from the rest.
    """
    if logger.disabled or not (kept := logger.filter(record)):
        return
    if kept is not True:  # from 3.12 on a filter may replace the record
        record = kept if isinstance(kept, logging.LogRecord) else record
    source: logging.Logger | None = logger
    found = False
    while source:
        for handler in source.handlers:
            found = True
            if record.levelno >= handler.level:
                try:
                    handler.handle(record)
                except Exception as error:
                    report_logging_fault(error)
        source = source.parent if source.propagate else None
    if not found:
        logger.callHandlers(record)  # the standard library's last resort


class _Held(threading.local):
    """Lines of this thread that wait to be written together, by what writes them."""

    lines: dict[Callable[[bytes], None], list[bytes]] | None = None


_held = _Held()


@contextmanager
def lines_together() -> Iterator[None]:
    """Have the lines of one transaction written at once: they stand together, and cost one write."""
    if _held.lines is not None:
        yield
        return
    _held.lines = {}
    try:
        yield
    finally:
        held, _held.lines = _held.lines, None
        for write, lines in held.items():
            if lines:
                write(b"".join(lines))


def hold_line(write: Callable[[bytes], None], line: bytes) -> bool:
    """Keep a line for the end of ``lines_together``; False where there is none to wait for."""
    if _held.lines is None:
        return False
    lines = _held.lines.setdefault(write, [])
    lines.append(line)
    if len(lines) >= MAX_HELD_LINES:
        write(b"".join(lines))
        lines.clear()
    return True


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The context of any record: ours as it was made, another library's extras made safe now."""
    if (own := record.__dict__.get("bake_fields")) is not None:
        return cast(dict[str, Any], own)
    extras = {key: value for key, value in record.__dict__.items() if key not in RECORD_FIELDS}
    return {f"ctx_{key}" if key in LINE_FIELDS else key: value for key, value in safe_fields(extras).items()}


_reported: set[str] = set()


def report_logging_fault(error: BaseException) -> None:
    """Say on stderr, once per kind of fault, that log lines are being lost."""
    try:
        kind = type(error).__name__
        if kind in _reported:
            return
        _reported.add(kind)
        sys.stderr.write(f"bake-tracker: log lines are being lost ({kind}); the operations themselves are safe\n")
    except Exception:  # stderr itself is gone: there is nobody left to tell
        return
