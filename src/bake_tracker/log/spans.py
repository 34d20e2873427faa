"""Tracing hooks for operations and checks, and W3C ``traceparent``.

This module knows no tracing library. Without a tracer, an operation pays for one look at a variable. An installed
tracer (see ``log.otel``) receives every operation, and its outcome in the same event that the log receives.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from bake_tracker.log.emitting import report_logging_fault
from bake_tracker.log.events import Event
from bake_tracker.log.tell import bound_log_context, bound_value

# Version 00 has nothing after the flags; a later version may append fields, of which we read those we know.
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
MAX_TRACEPARENT = 512
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class Caller:
    """The calling span in another process."""

    trace_id: str
    span_id: str
    flags: int


class OperationSpan(Protocol):
    """One operation in a trace; its ids are on every line logged before ``leave``."""

    def end(self, told: Event) -> None:
        """End the span with the outcome line, which for a success comes after the COMMIT."""

    def leave(self) -> None:
        """Leave the span: whatever this thread does next is outside it, even while the outcome is open."""


class Tracer(Protocol):
    """The interface of a tracing library."""

    def begin(self, operation: str, caller: Caller | None) -> OperationSpan:
        """Begin a span inside the current one, or inside the caller's."""


tracer: Tracer | None = None
"""The active tracer; ``log.otel`` sets it while it exports."""

_caller: ContextVar[Caller | None] = ContextVar("bake_tracker_caller", default=None)


def begin_span(operation: str) -> OperationSpan | None:
    """Begin the span of an operation, or return None without tracing. Never raises."""
    if tracer is None:
        return None
    try:
        return tracer.begin(operation, _caller.get())
    except Exception as fault:
        report_logging_fault(fault)
        return None


def leave_span(span: OperationSpan | None) -> None:
    """Leave the span of an operation whose call has returned. Never raises."""
    if span is None:
        return
    try:
        span.leave()
    except Exception as fault:
        report_logging_fault(fault)


def parse_traceparent(header: str | None) -> Caller | None:
    """Parse a W3C ``traceparent``; None if the specification says to ignore it."""
    if header is None or len(header) > MAX_TRACEPARENT:
        return None
    match = _TRACEPARENT.fullmatch(header.strip(" \t"))
    if match is None or (match[1] == "00" and match[5]):
        return None
    return Caller(match[2], match[3], int(match[4], 16))


def traceparent() -> str | None:
    """The ``traceparent`` of the current span; None outside of a trace."""
    trace_id, span_id = bound_value("trace_id"), bound_value("span_id")
    if not trace_id or not span_id:
        return None
    caller = _caller.get()
    flags = caller.flags if caller is not None and caller.trace_id == trace_id else _SAMPLED
    return f"00-{trace_id}-{span_id}-{flags:02x}"


@contextmanager
def accept_traceparent(header: str | None) -> Iterator[None]:
    """Join the caller's trace: its id is on every line, and its span is the parent of the outermost one.

    While none of our spans is active, ``span_id`` is the caller's, the nearest one that a trace viewer can show.
    """
    caller = parse_traceparent(header)
    if caller is None:
        yield
        return
    reset = _caller.set(caller)
    try:
        with bound_log_context(trace_id=caller.trace_id, span_id=caller.span_id):
            yield
    finally:
        _caller.reset(reset)
