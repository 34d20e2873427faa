"""One event, one record: structured logging on the standard library.

``log_operation`` puts every context field on the ``LogRecord`` as an attribute, where handlers, formatters and pytest's
``caplog`` find it. Nothing here ever raises into the caller's operation.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from bake_tracker.services.log_values import escape_unsafe, safe_fields, safe_item, safe_value

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
    """Build a record: ``fields`` are the line's own (ids, duration) and safe, ``context`` is the caller's."""
    own = {"operation": str(safe_value(operation)), "outcome": str(safe_value(outcome))}
    text = message or escape_unsafe(f"{own['operation']}: {own['outcome']}")
    record = logging.LogRecord(logger.name, level, "", 0, text, None, None, func=own["operation"])
    own.update(fields)
    bound = _bound.get()
    for name in ID_FIELDS:
        if name in bound and name not in own:
            own[name] = safe_value(bound[name])
    for key, value in context.items():
        _add(own, key, value)
    for key, value in bound.items():
        if key not in ID_FIELDS:
            _add(own, key, value)
    add_fields(record, own)
    return record


def _add(fields: dict[str, Any], key: object, value: object) -> None:
    name, safe = safe_item(key, value)
    while name in _RESERVED or name in fields or name.startswith("__"):
        name = f"ctx_{name}"
    fields[name] = safe


def add_fields(record: logging.LogRecord, fields: dict[str, Any]) -> None:
    """Set safe fields on a record, and have them written with its line."""
    attributes = record.__dict__
    attributes["bake_fields"] = {**attributes["bake_fields"], **fields} if "bake_fields" in attributes else fields
    attributes.update(fields)


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
