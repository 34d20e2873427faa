"""Pass an event on: to our own log file as it is, to everybody else as the standard library does.

In a program with other handlers, filters, hooks or classes of its own, an event is handled as a ``LogRecord``. See
``docs/adr/0006``.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, cast

from bake_tracker.log.events import Event, EventHandler, Where, place_of

_LIBRARY_FILE = logging.getLevelName.__code__.co_filename


def _plain(function: Any) -> Any:
    """A function of the standard library; None if another program has already replaced it."""
    return function if type(function) is FunctionType and function.__code__.co_filename == _LIBRARY_FILE else None


_HANDLE, _CALL_HANDLERS = _plain(logging.Logger.handle), _plain(logging.Logger.callHandlers)
_FILTER, _MAKE_RECORD = _plain(logging.Logger.filter), _plain(logging.Logger.makeRecord)
_HANDLER_HANDLE = _plain(logging.Handler.handle)


def emit(event: Event) -> None:
    """Pass an event to every handler for its level; never raises, and a failing handler does not affect the others.

    Where every handler is our own and nothing in the standard library has been replaced, none of them needs a record.
    """
    logger, level = event.logger, event.level
    try:
        if not logger.isEnabledFor(level):
            return
        handlers: list[logging.Handler] = []
        if _is_plain(logger):
            source: logging.Logger | None = logger
            while source is not None:
                if source.handlers:
                    handlers = handlers + source.handlers if handlers else source.handlers
                source = source.parent if source.propagate else None
        for handler in handlers:
            if handler.filters or not getattr(handler, "takes_events", False):
                break
        else:
            for handler in handlers:
                if level >= handler.level:
                    handler.take(event)  # type: ignore[attr-defined]  # it takes events; a cast would cost a call
            if handlers:
                return
        _hand_over(event)  # also without any handler: the standard library has a last resort
    except Exception as error:
        report_logging_fault(error)


def _is_plain(logger: logging.Logger) -> bool:
    """Whether nobody has changed how this logger handles a record. Every line asks, so the names are written out."""
    kind = logging.Logger
    try:
        return (
            type(logger) is kind
            and not logger.filters
            and logger.handle.__func__ is _HANDLE  # type: ignore[attr-defined]  # of the class or of this logger
            and logger.callHandlers.__func__ is _CALL_HANDLERS  # type: ignore[attr-defined]
            and kind.filter is _FILTER
            and kind.makeRecord is _MAKE_RECORD
            and logging.Handler.handle is _HANDLER_HANDLE
            and logging.getLogRecordFactory() is logging.LogRecord
        )
    except AttributeError:  # a hook that is not a method
        return False


def _hand_over(event: Event) -> None:
    """Handle the event as the standard library handles a record of this program."""
    failure: Exception | None = None
    try:
        with event.handled() as record:
            try:
                _standing_at(place_of(event))(event.logger.handle, record)
            except Exception as error:
                failure = error
                _go_on_after(error, event, record)
    except Exception as error:
        report_logging_fault(error)
        if failure is None:  # there is no record: the factory or the logger's class has failed
            for handler in _handlers_of(event.logger):
                if getattr(handler, "takes_events", False) and event.level >= handler.level:
                    cast(EventHandler, handler).take(event)


def _handlers_of(logger: logging.Logger) -> Iterator[logging.Handler]:
    source: logging.Logger | None = logger
    while source:
        yield from source.handlers
        source = source.parent if source.propagate else None


def _go_on_after(error: Exception, event: Event, record: logging.LogRecord) -> None:
    """Report the handler that raised as the standard library does, and call those that come after it."""
    failed, in_filter = _raised_in(error)
    handlers = list(_handlers_of(event.logger))
    if failed in handlers:
        _blame(failed, record)
        handlers = handlers[handlers.index(failed) + 1 :]
    else:
        report_logging_fault(error)
        # A filter that fails lets nothing pass. A hook that fails does not keep our own log from its line.
        handlers = (
            []
            if in_filter
            else [handler for handler in handlers if isinstance(handler, EventHandler) and handler not in event.reached]
        )
    for handler in handlers:
        if record.levelno >= handler.level:
            try:
                handler.handle(record)
            except Exception:
                _blame(handler, record)


def _raised_in(error: Exception) -> tuple[Any, bool]:
    """The handler that raised this, or else whether it was a filter of the logger."""
    trace, in_filter = error.__traceback__, False
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == _LIBRARY_FILE:
            if code.co_name == "callHandlers":
                return trace.tb_frame.f_locals.get("hdlr"), False
            in_filter = in_filter or code.co_name == "filter"
        trace = trace.tb_next
    return None, in_filter


def _blame(handler: logging.Handler, record: logging.LogRecord) -> None:
    """Let a handler report the error it has just raised; ``logging.raiseExceptions`` holds."""
    try:
        handler.handleError(record)
    except Exception as error:
        report_logging_fault(error)


_CALL: CodeType = (lambda handle, record: handle(record)).__code__


@lru_cache(512)
def _standing_at(where: Where) -> Callable[[Callable[[logging.LogRecord], object], logging.LogRecord], object]:
    """Call ``handle`` from a frame that stands for the service, since handlers such as loguru's search the stack."""
    file, line, function, module = where
    code = _CALL.replace(co_filename=file, co_name=function, co_qualname=function, co_firstlineno=max(line, 1))
    return FunctionType(code, {"__name__": module})


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
