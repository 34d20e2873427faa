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

from bake_tracker.services.log_values import escape_unsafe, safe_field, safe_fields, safe_key

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
        "bake_fields",
    }
)
"""What every supported Python keeps on a LogRecord (``taskName`` came with 3.12), and the list of our own fields."""

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
            caller = sys._getframe(1)
            record = make_record(logger, level, operation, outcome, {}, context)
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
    text = message or escape_unsafe(f"{operation}: {outcome}")
    record = logging.LogRecord(logger.name, level, "", 0, text, None, None, func=operation)
    own = {"operation": operation, "outcome": outcome}
    bound = _bound.get()
    for name in ID_FIELDS:
        if (value := fields.get(name, bound.get(name))) is not None:
            own[name] = safe_field(name, value)
    for name, value in fields.items():
        if value is not None:
            own.setdefault(name, value)
    for key, value in context.items():
        own[_free_name(key, own)] = safe_field(key, value)
    for key, value in bound.items():
        if key not in ID_FIELDS:
            own[_free_name(key, own)] = safe_field(key, value)
    add_fields(record, own)
    return record


def add_fields(record: logging.LogRecord, fields: Mapping[str, Any]) -> None:
    """Set safe fields on a record, and have them written with its line."""
    known = dict.fromkeys(record.__dict__.get("bake_fields", ()))
    record.__dict__.update(fields, bake_fields=tuple({**known, **fields}))


def _free_name(key: object, taken: Mapping[str, Any]) -> str:
    name = safe_key(key)
    while name in _RESERVED or name in taken or (name.startswith("__") and name.endswith("__")):
        name = f"ctx_{name}"
    return name


def emit(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Hand a record to every handler; one that raises is reported once, and neither the others nor the baker notice.

    ``Logger.handle`` would stop at the first handler that raises, and the line would be missing from the rest.
    """
    if not logger.hasHandlers():
        logger.handle(record)  # the standard library's last resort
        return
    if logger.disabled or not (kept := logger.filter(record)):
        return
    if isinstance(kept, logging.LogRecord):  # from 3.12 on a filter may replace the record
        record = kept
    source: logging.Logger | None = logger
    while source:
        for handler in source.handlers:
            if record.levelno >= handler.level:
                try:
                    handler.handle(record)
                except Exception as error:
                    report_logging_fault(error)
        source = source.parent if source.propagate else None


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The context of any record: ours as it was made, another library's extras made safe now."""
    names = record.__dict__.get("bake_fields")
    if names is not None:
        return {name: record.__dict__[name] for name in names if name in record.__dict__}
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
