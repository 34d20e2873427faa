"""Structured logging on the standard library.

``log_operation`` emits an event; a handler, a filter or pytest's ``caplog`` that needs a ``LogRecord`` gets one with
every context field as an attribute. Nothing here ever raises into the caller's operation.
"""

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple, cast

from bake_tracker.log.events import ID_FIELDS, LINE_FIELDS, OWN_IDS, RECORD_FIELDS, Event, EventHandler
from bake_tracker.log.values import MAX_KEY, Show, safe_value, shown_as

LOGGER_ROOT = "bake_tracker.services"

MAX_PLACES = 4_096

Place = tuple[str, str, Show]
"""A context key, its field name, and how its value is shown."""

_RESERVED = LINE_FIELDS | RECORD_FIELDS


class _Bound(NamedTuple):
    """The fields that entry points bound to every line, as given and as shown."""

    given: Mapping[str, Any]
    ids: Mapping[str, Any]
    context: Mapping[str, Any]
    has_own_ids: bool


_bound: ContextVar[_Bound] = ContextVar("bake_tracker_log_context", default=_Bound({}, {}, {}, has_own_ids=False))  # noqa: B039  never mutated


@lru_cache
def get_service_logger(name: str) -> logging.Logger:
    """The standard logger ``bake_tracker.services.<last dotted part of name>``."""
    return logging.getLogger(f"{LOGGER_ROOT}.{name.rpartition('.')[2]}")


def log_operation(
    logger: logging.Logger, operation: str, outcome: str, *, level: int = logging.INFO, **context: Any
) -> None:
    """Log ``"<operation>: <outcome>"`` with every context field; never raises.

    A field whose name is reserved is stored as ``ctx_<name>``.
    """
    try:
        if logger.isEnabledFor(level):
            caller = sys._getframe(1)
            event = make_event(logger, level, str(safe_value(operation)), str(safe_value(outcome)), context)
            event.where = caller.f_code.co_filename, caller.f_lineno
            emit(event)
    except Exception as error:
        try:
            report_logging_fault(error)
        except RecursionError:  # the stack is so deep that not even this call fits
            return


@contextmanager
def bound_log_context(**fields: Any) -> Iterator[None]:
    """Add ``fields``, such as ``request_id`` and ``actor``, to every line logged inside; entry points bind once."""
    given = {**_bound.get().given, **fields}
    ids = {key: safe_value(value) for key, value in given.items() if key in ID_FIELDS}
    context = {key: value for key, value in given.items() if key not in ID_FIELDS}
    reset = _bound.set(_Bound(given, ids, context, has_own_ids=not OWN_IDS.isdisjoint(ids)))
    try:
        yield
    finally:
        _bound.reset(reset)


def bound_value(name: str) -> Any:
    """The value bound under ``name``, or None."""
    return _bound.get().given.get(name)


def make_event(
    logger: logging.Logger,
    level: int,
    operation: str,
    outcome: str,
    context: Mapping[str, Any],
    error: BaseException | None = None,
) -> Event:
    """Create an event that is not an operation's own; ``operation`` and ``outcome`` must be safe text."""
    event = Event(logger, level, operation, outcome, error=error)
    complete_line(event.line, context)
    return event


def complete_line(line: dict[str, Any], context: Mapping[str, Any], places: Iterable[Place] | None = None) -> None:
    """Add the bound ids, the context (all of it, or only these ``places``) and other bound fields."""
    bound = _bound.get()
    if bound.has_own_ids:
        for name, value in bound.ids.items():
            line.setdefault(name, value)
    else:
        line.update(bound.ids)
    if places is None:
        _add_context(line, context)
    else:
        for key, name, show in places:
            try:
                value = context[key]
            except KeyError:
                continue
            line[name if name not in line else _free_name(name, line)] = show(value, None)
    if bound.context:
        _add_context(line, bound.context)


def _add_context(line: dict[str, Any], context: Mapping[str, Any]) -> None:
    for key, value in context.items():
        _, name, show = _PLACES[key] if type(key) is str else _place(key)
        line[_free_name(name, line)] = show(value, None)


def _free_name(name: str, line: Mapping[str, Any]) -> str:
    while name in line:
        name = f"ctx_{name}"
    return name


def places_of(keys: Iterable[str]) -> tuple[Place, ...]:
    """The fields' names on the line, prefixed if reserved, and how each is shown."""
    return tuple(_PLACES[key] for key in keys)


def _place(key: str) -> Place:
    name, show = shown_as(key)
    while name in _RESERVED or name.startswith("__"):
        name = f"ctx_{name}"
    return key, name, show


class _Places(dict[str, Place]):
    """A bounded cache of places, so that invented names cannot fill the memory."""

    def __missing__(self, key: str) -> Place:
        place = _place(key)
        if len(key) <= MAX_KEY and len(self) < MAX_PLACES:
            self[key] = place
        return place


_PLACES = _Places()


def emit(event: Event) -> None:
    """Pass an event to every handler for its level; never raises, and a failing handler does not affect the others.

    ``Logger.handle`` would stop at the first handler that raises, and the others would miss the line. Once one handler
    needs a record, all later handlers get the same record, including changes that earlier ones made.
    """
    logger, level = event.logger, event.level
    if not logger.isEnabledFor(level):
        return
    record: logging.LogRecord | None = None
    if logger.filters or type(logger) is not logging.Logger:
        try:
            kept = logger.filter(event.record)
        except Exception as error:
            report_logging_fault(error)
            return
        if not kept:
            return
        record = kept if isinstance(kept, logging.LogRecord) else event.record  # since 3.12 it may be a new record
    source: logging.Logger | None = logger
    found = False
    while source:
        for handler in source.handlers:
            found = True
            if level >= handler.level:
                try:
                    if record is None and getattr(handler, "takes_events", False) and not handler.filters:
                        cast(EventHandler, handler).take(event)
                    else:
                        record = record or event.record
                        handler.handle(record)
                except Exception as error:
                    report_logging_fault(error)
        source = source.parent if source.propagate else None
    if not found:
        logger.callHandlers(record or event.record)  # the standard library's last resort


_reported: set[str] = set()


def report_logging_fault(error: BaseException, file: str = "") -> None:
    """Report on stderr, once per kind of fault, that log lines are being lost and why."""
    try:
        kind = type(error).__name__
        if kind in _reported:
            return
        why = f"{getattr(error, 'strerror', None) or kind}: {file}" if file else kind
        sys.stderr.write(f"bake-tracker: log lines are being lost ({why}); the operations themselves are safe\n")
        _reported.add(kind)
    except Exception:  # stderr itself is gone
        return
