"""Operations as OpenTelemetry spans and metrics, and log lines as log records, sent by OTLP/HTTP.

Imported only if ``log.exporting`` finds an endpoint. A span carries the same information as the outcome line: its
attributes are the line's fields, already made safe. It ends when the outcome is decided, with the time at which it
happened.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, TypeVar

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Span, SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AnyValue

from bake_tracker import __version__
from bake_tracker.domain.log.outcomes import ANSWERED, BROKEN
from bake_tracker.log import otel_metrics
from bake_tracker.log import spans as tracing
from bake_tracker.log.emitting import report_logging_fault
from bake_tracker.log.events import Event, EventHandler, fields_of, handled_event, is_own
from bake_tracker.log.format import exception_field
from bake_tracker.log.tell import bound_log_context
from bake_tracker.log.values import safe_value

REQUEST_TIMEOUT_S = 2.0
FLUSH_TIMEOUT_S = 2.0
PAUSE_S = 30.0
"""How long a failed collector is left alone; lines from that time are in the log file but are not sent."""

_TRACE_FIELDS = frozenset({"trace_id", "span_id"})
_SEVERITIES = (
    (logging.CRITICAL, SeverityNumber.FATAL),
    (logging.ERROR, SeverityNumber.ERROR),
    (logging.WARNING, SeverityNumber.WARN),
    (logging.INFO, SeverityNumber.INFO),
    (logging.DEBUG, SeverityNumber.DEBUG),
)
_NOISY = ("opentelemetry", "urllib3")
Result = TypeVar("Result")


class OtelTracer:
    """Begin a span for each operation; a program with its own exporter passes its provider."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._tracer = provider.get_tracer("bake_tracker", __version__)

    def begin(self, operation: str, caller: tracing.Caller | None) -> "OtelSpan":
        """Begin a span inside the current one, ours or the host program's, or else inside the caller's."""
        around = otel_context.get_current()
        if caller is not None and not trace.get_current_span(around).get_span_context().is_valid:
            around = _within(caller.trace_id, caller.span_id, caller.flags)
        return OtelSpan(self._tracer.start_span(operation, around))


class OtelSpan:
    """The span of one operation, current until ``leave``."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._started_ns = time.time_ns()
        ids = span.get_span_context()
        # A placeholder provider makes spans without ids.
        own = {"trace_id": trace.format_trace_id(ids.trace_id), "span_id": trace.format_span_id(ids.span_id)}
        self._bound = bound_log_context(**own if ids.is_valid else {})
        self._bound.__enter__()
        self._token = otel_context.attach(trace.set_span_in_context(span))

    def leave(self) -> None:
        otel_context.detach(self._token)
        self._bound.__exit__(None, None, None)

    def end(self, told: Event) -> None:
        fields = told.fields
        outcome = str(fields["outcome"])
        happened_ns = max(told.created_ns // 1_000 * 1_000, self._started_ns)
        self._span.set_attributes(_attributes(fields, "bake."))
        if told.error is not None:
            self._span.add_event("exception", _exception(told.error), happened_ns)
        if outcome in BROKEN:
            self._span.set_status(Status(StatusCode.ERROR, str(fields.get("error", outcome))))
        elif outcome in ANSWERED:
            self._span.set_status(Status(StatusCode.OK))
        self._span.end(happened_ns)


class OtlpHandler(EventHandler):
    """Send every line as an OTLP log record with its fields, ids and times."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._provider = provider

    def emit(self, record: logging.LogRecord) -> None:
        event = handled_event(record)
        if event is not None and event.is_told_by(record):
            self.take(event)
            return
        try:
            prefix = "bake." if is_own(record) else ""
            error = record.exc_info[1] if record.exc_info else None
            entry = _entry(_nanoseconds(record.created), fields_of(record), prefix, error)
            entry.severity_text, entry.severity_number = record.levelname, _severity(record.levelno)
            entry.body = str(safe_value(record.getMessage()))
            self._provider.get_logger(record.name, __version__).emit(entry)
        except Exception as fault:
            report_logging_fault(fault)

    def take(self, event: Event) -> None:
        try:
            entry = _entry(event.created_ns // 1_000 * 1_000, event.fields, "bake.", event.error)
            entry.severity_text, entry.severity_number = event.line["level"], _severity(event.level)
            entry.body = event.line["message"]
            self._provider.get_logger(event.logger.name, __version__).emit(entry)
        except Exception as fault:
            report_logging_fault(fault)


def _entry(happened_ns: int, fields: dict[str, Any], prefix: str, error: BaseException | None) -> LogRecord:
    attributes = _attributes(fields, prefix)
    if error is not None:
        attributes.update(_exception(error))
    trace_id, span_id = (fields.get(name) for name in ("trace_id", "span_id"))
    return LogRecord(
        timestamp=happened_ns,
        observed_timestamp=_settled_ns(fields),
        context=_within(trace_id, span_id) if trace_id and span_id else None,
        attributes=attributes,
    )


class _Collector:
    """State of the collector, shared by exporters: whether it answers, and whether a failure was reported.

    ``reporter`` reports for this one too, so that a dead collector is reported once.
    """

    def __init__(self, reporter: "_Collector | None" = None) -> None:
        self._reporter = reporter
        self.is_reported = False
        self._quiet_until = 0.0

    def send(self, send: Callable[[], Result], failure: Result) -> Result:
        """Send, unless the last try has just failed, so that a dead collector costs one wait and not one per batch."""
        if time.monotonic() < self._quiet_until:
            return failure
        result = send()
        if result == failure:
            self._quiet_until = time.monotonic() + PAUSE_S
            self.report()
        return result

    def report(self) -> None:
        """Report it on stderr, once."""
        if self._reporter is not None:
            self._reporter.report()
        elif not self.is_reported and sys.stderr is not None:
            self.is_reported = True
            sys.stderr.write(
                "bake-tracker: the OpenTelemetry collector does not accept the data; the operations and the log file "
                "are safe\n"
            )


class _SpanExporter(OTLPSpanExporter):
    def __init__(self, collector: _Collector) -> None:
        super().__init__(timeout=_timeout_s("TRACES"))
        self._collector = collector

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        send = super().export
        return self._collector.send(lambda: send(spans), SpanExportResult.FAILURE)


class _LogExporter(OTLPLogExporter):
    def __init__(self, collector: _Collector) -> None:
        super().__init__(timeout=_timeout_s("LOGS"))
        self._collector = collector

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        send = super().export
        return self._collector.send(lambda: send(batch), LogRecordExportResult.FAILURE)


@contextmanager
def exporting(*, traces: bool, logs: bool, metrics: bool = False) -> Iterator[None]:
    """Send spans, log records and metrics inside this context; at the end, the rest has two seconds."""
    own = {"service.name": "bake-tracker", "service.version": __version__}
    resource = Resource.create({**own, **OTELResourceDetector().detect().attributes})
    collector = _Collector()
    shutdowns: list[Callable[[], None]] = []
    with ExitStack() as at_the_end:
        at_the_end.enter_context(_quiet(_NOISY))
        at_the_end.callback(_finish, shutdowns, collector)
        if traces:
            tracer_provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            tracer_provider.add_span_processor(BatchSpanProcessor(_SpanExporter(collector)))
            shutdowns.append(tracer_provider.shutdown)
            at_the_end.callback(setattr, tracing, "tracer", tracing.tracer)
            tracing.tracer = OtelTracer(tracer_provider)
        if logs:
            logger_provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
            logger_provider.add_log_record_processor(BatchLogRecordProcessor(_LogExporter(collector)))
            shutdowns.append(logger_provider.shutdown)
            _handle(at_the_end, OtlpHandler(logger_provider))
        if metrics:
            # With a state of its own: a collector that takes no metrics still gets the spans.
            meters = otel_metrics.meter_provider(resource, _Collector(collector).send, _timeout_s("METRICS"))
            shutdowns.append(meters.shutdown)
            _handle(at_the_end, otel_metrics.MetricsHandler(meters))
        yield


def _handle(at_the_end: ExitStack, handler: EventHandler) -> None:
    """Add a handler to the root logger until the end."""
    at_the_end.callback(logging.getLogger().removeHandler, handler)
    logging.getLogger().addHandler(handler)


def _finish(shutdowns: Sequence[Callable[[], None]], collector: _Collector) -> None:
    """Flush both exporters at the same time, for at most two seconds."""
    ends_at = time.monotonic() + FLUSH_TIMEOUT_S
    threads = [threading.Thread(target=shutdown, daemon=True) for shutdown in shutdowns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        collector.report()


@contextmanager
def _quiet(names: Sequence[str]) -> Iterator[None]:
    """Silence the exporter's own log lines: sending one would cause the next."""
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.propagate for logger in loggers]
    silence = logging.NullHandler()
    for logger in loggers:
        logger.propagate = False
        logger.addHandler(silence)
    try:
        yield
    finally:
        for logger, propagated in zip(loggers, before, strict=True):
            logger.propagate = propagated
            logger.removeHandler(silence)


def _timeout_s(signal: str) -> float | None:
    """A short timeout, or None if the environment sets one, which the exporter reads itself."""
    names = (f"OTEL_EXPORTER_OTLP_{signal}_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
    return None if any(os.environ.get(name) for name in names) else REQUEST_TIMEOUT_S


def _within(trace_id: str, span_id: str, flags: int = TraceFlags.DEFAULT) -> Context:
    ids = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(flags))
    return trace.set_span_in_context(trace.NonRecordingSpan(ids), Context())


def _attributes(fields: dict[str, Any], prefix: str) -> dict[str, AnyValue]:
    return {prefix + name: _plain(value) for name, value in fields.items() if name not in _TRACE_FIELDS}


def _exception(error: BaseException) -> dict[str, AnyValue]:
    """The exception as in the line: frames without local variables or source text."""
    shown = exception_field(error)
    return {
        "exception.type": shown["type"],
        "exception.message": shown["message"],
        "exception.stacktrace": "\n".join(shown["frames"]),
    }


def _plain(value: Any) -> AnyValue:
    """A value safe for protobuf, where an integer of more than 64 bits would lose the whole batch."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, dict):
        return {str(key) or "_": _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | bool | float) else str(value)


def _severity(level: int) -> SeverityNumber:
    return next((number for at_least, number in _SEVERITIES if level >= at_least), SeverityNumber.TRACE)


def _nanoseconds(timestamp: float) -> int:
    """A timestamp in nanoseconds, with the line's microsecond precision."""
    return round(timestamp * 1_000_000) * 1_000


def _settled_ns(fields: dict[str, Any]) -> int:
    settled_at = fields.get("settled_at")
    return time.time_ns() if settled_at is None else _nanoseconds(datetime.fromisoformat(settled_at).timestamp())
