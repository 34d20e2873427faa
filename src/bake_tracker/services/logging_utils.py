"""One event, one record: structured logging on the standard library.

``log_operation`` puts every context field on the ``LogRecord`` as an attribute, where handlers, formatters and pytest's
``caplog`` find it. Nothing here ever raises into the caller's operation.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from bake_tracker.services.log_values import safe_field, safe_fields, safe_key

LOGGER_ROOT = "bake_tracker.services"

ID_FIELDS = (
    "operation_id",
    "parent_operation_id",
    "transaction_id",
    "request_id",
    "database_id",
    "actor",
    "trace_id",
    "span_id",
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
    | {"exception", *ID_FIELDS}
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
    }
)
"""What every supported Python keeps on a LogRecord; ``taskName`` came with 3.12."""

_RESERVED = LINE_FIELDS | RECORD_FIELDS

_bound: ContextVar[Mapping[str, Any]] = ContextVar("bake_tracker_log_context", default={})  # noqa: B039  never mutated


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
            emit(logger, make_record(logger, level, operation, outcome, {}, context))
    except Exception as error:
        report_logging_fault(error)


@contextmanager
def bound_log_context(**fields: Any) -> Iterator[None]:
    """Add ``fields`` (``request_id``, ``actor`` ...) to every line logged inside; entry points bind once."""
    reset = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(reset)


def bound_value(name: str) -> Any:
    """What entry points have bound under ``name``, or None."""
    return _bound.get().get(name)


def make_record(
    logger: logging.Logger,
    level: int,
    operation: str,
    outcome: str,
    fields: Mapping[str, Any],
    context: Mapping[str, Any],
    message: str | None = None,
) -> logging.LogRecord:
    """Build a record: ``fields`` are the line's own (ids, duration), ``context`` is the caller's."""
    operation, outcome = str(safe_field("operation", operation)), str(safe_field("outcome", outcome))
    text = message or f"{operation}: {outcome}"
    record = logging.LogRecord(logger.name, level, "", 0, text, None, None, func=operation)
    own = {"operation": operation, "outcome": outcome}
    bound = _bound.get()
    for name in ID_FIELDS:
        if (value := fields.get(name, bound.get(name))) is not None:
            own[name] = safe_field(name, value)
    own.update((name, value) for name, value in fields.items() if name not in own and value is not None)
    for key, value in {**{k: v for k, v in bound.items() if k not in ID_FIELDS}, **context}.items():
        name = safe_key(key)
        while name in _RESERVED or name in own or (name.startswith("__") and name.endswith("__")):
            name = f"ctx_{name}"
        own[name] = safe_field(key, value)
    record.__dict__.update(own)
    record.__dict__["bake_fields"] = tuple(own)
    return record


def emit(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Hand a record to the logger's handlers; a handler that raises is reported once and never reaches the baker."""
    try:
        logger.handle(record)
    except Exception as error:
        report_logging_fault(error)


def record_fields(record: logging.LogRecord) -> dict[str, Any]:
    """The context of any record: ours as it was made, another library's extras made safe now."""
    names = record.__dict__.get("bake_fields")
    if names is not None:
        return {name: record.__dict__[name] for name in names if name in record.__dict__}
    extras = {key: value for key, value in record.__dict__.items() if key not in RECORD_FIELDS}
    return {f"ctx_{key}" if key in LINE_FIELDS else key: value for key, value in safe_fields(extras).items()}


_reported: set[str] = set()


def report_logging_fault(error: BaseException) -> None:
    """Say on stderr, once per kind of fault, that log lines are being lost."""
    kind = type(error).__name__
    if kind in _reported:
        return
    _reported.add(kind)
    try:
        sys.stderr.write(f"bake-tracker: log lines are being lost ({kind}); the operations themselves are safe\n")
    except Exception:  # stderr itself is gone: there is nobody left to tell
        return
