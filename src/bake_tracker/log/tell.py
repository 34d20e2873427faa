"""Structured logging on the standard library.

``log_operation`` makes an event with every context field and emits it. Nothing here ever raises into the caller's
operation.
"""

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from types import FrameType
from typing import Any, NamedTuple

from bake_tracker.log.emitting import emit, report_logging_fault
from bake_tracker.log.events import ID_FIELDS, LINE_FIELDS, LOGGER_ROOT, OWN_IDS, RECORD_FIELDS, Event, Where
from bake_tracker.log.values import MAX_KEY, Show, escape_unsafe, safe_value, shown_as

__all__ = [
    "Place",
    "bound_log_context",
    "bound_value",
    "complete_line",
    "emit",
    "get_service_logger",
    "log_operation",
    "make_event",
    "places_of",
    "report_logging_fault",
]

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
    logger: logging.Logger | logging.LoggerAdapter[Any],
    operation: str,
    outcome: str,
    *,
    level: int | str = logging.INFO,
    **context: Any,
) -> None:
    """Log ``"<operation>: <outcome>"`` with every context field; never raises.

    A field whose name is reserved is stored as ``ctx_<name>``; so is a ``level`` that is not a level.
    """
    try:
        if type(level) is not int:
            level = _level(level, context)
        if logger.isEnabledFor(level):
            operation, outcome = str(safe_value(operation)), str(safe_value(outcome))
            message = None
            if isinstance(logger, logging.LoggerAdapter):
                logger, message, context = _adapted(logger, f"{operation}: {outcome}", context)
            event = make_event(logger, level, operation, outcome, context, message=message)
            event.where = _where(sys._getframe(1))
            emit(event)
    except Exception as error:
        try:
            report_logging_fault(error)
        except RecursionError:  # the stack is so deep that not even this call fits
            return


def _level(given: Any, context: dict[str, Any]) -> int:
    """The level of this name; anything that is not a level becomes a field."""
    level = logging.getLevelNamesMapping().get(given) if type(given) is str else None
    if level is None:
        context["level"] = given
    return logging.INFO if level is None else level


def _adapted(
    adapter: logging.LoggerAdapter[Any], message: str, context: Mapping[str, Any]
) -> tuple[logging.Logger, str, dict[str, Any]]:
    """The logger inside, with the message and the fields that the adapters around it add."""
    logger: Any = adapter
    told = dict(context)
    while isinstance(logger, logging.LoggerAdapter):
        message, more = logger.process(message, {})
        told = {**(more.get("extra") or {}), **told}
        logger = logger.logger
    return logger, escape_unsafe(str(safe_value(message))), told


def _where(frame: FrameType) -> Where:
    code = frame.f_code
    return code.co_filename, frame.f_lineno, code.co_name, str(frame.f_globals.get("__name__"))


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
    message: str | None = None,
) -> Event:
    """Create an event that is not an operation's own; ``operation``, ``outcome`` and ``message`` must be safe text."""
    event = Event(logger, level, operation, outcome, message, error)
    event.where = _where(sys._getframe(1))
    complete_line(event.line, context)
    return event


def complete_line(line: dict[str, Any], context: Mapping[str, Any], places: Iterable[Place] | None = None) -> None:
    """Add the bound ids, the context (all of it, or only these ``places``) and other bound fields."""
    bound = _bound.get()
    if bound.has_own_ids:
        for name, value in bound.ids.items():
            line.setdefault(name, value)
    else:
        line |= bound.ids
    if places is None:
        _add_context(line, context)
    else:
        for key, name, show in places:
            try:
                value = context[key]
            except KeyError:
                continue
            line[name] = show(value, None)  # a reserved name has its prefix already
    if bound.context:
        _add_context(line, bound.context)


def _add_context(line: dict[str, Any], context: Mapping[str, Any]) -> None:
    for key, value in context.items():
        _, name, show = _PLACES[key] if type(key) is str else _find_place(key)
        line[_free_name(name, line)] = show(value, None)


def _free_name(name: str, line: Mapping[str, Any]) -> str:
    while name in line:
        name = f"ctx_{name}"
    return name


def places_of(keys: Iterable[str]) -> tuple[Place, ...]:
    """The fields' names on the line, prefixed if reserved, and how each is shown."""
    return tuple(_PLACES[key] for key in keys)


def _find_place(key: str) -> Place:
    name, show = shown_as(key)
    while name in _RESERVED or name.startswith("__"):
        name = f"ctx_{name}"
    return key, name, show


class _Places(dict[str, Place]):
    """A bounded cache of places, so that invented names cannot fill the memory."""

    def __missing__(self, key: str) -> Place:
        place = _find_place(key)
        if len(key) <= MAX_KEY and len(self) < MAX_PLACES:
            self[key] = place
        return place


_PLACES = _Places()
