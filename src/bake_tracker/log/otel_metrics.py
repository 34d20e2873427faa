"""Operations counted and timed as OpenTelemetry metrics, from the events that are also log lines.

Imported only by ``log.otel``. The attributes are the operation's name and its outcome, of which there are few.
"""

import logging
import os
from collections.abc import Callable
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource

from bake_tracker import __version__
from bake_tracker.domain.log.outcomes import NO_ENDS
from bake_tracker.log.emitting import report_logging_fault
from bake_tracker.log.events import Event, EventHandler, handled_event

TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
Send = Callable[[Callable[[], MetricExportResult], MetricExportResult], MetricExportResult]

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_TIMES = {
    "duration_ms": ("bake.operation.duration", "How long operations took"),
    "lock_wait_ms": ("bake.operation.lock_wait", "How long operations waited for locks, if at least a millisecond"),
    "sql_ms": ("bake.operation.sql", "How long the statements of operations took, if at least a millisecond"),
    "commit_ms": ("bake.operation.commit", "How long the COMMIT of operations took, if at least a millisecond"),
}
"""The fields of an outcome line that are measured, in seconds."""


def meter_provider(resource: Resource, send: Send, timeout_s: float | None) -> MeterProvider:
    """A provider whose reader sends to the collector every minute, and once more when it is shut down."""
    reader = PeriodicExportingMetricReader(_Exporter(send, timeout_s))
    return MeterProvider([reader], resource, shutdown_on_exit=False)


class MetricsHandler(EventHandler):
    """Count and time every operation that ends."""

    def __init__(self, provider: MeterProvider) -> None:
        super().__init__()
        meter = provider.get_meter("bake_tracker", __version__)
        self._ended = meter.create_counter("bake.operations", "{operation}", "Operations that ended")
        self._times = {
            name: meter.create_histogram(called, "s", what, explicit_bucket_boundaries_advisory=_SECONDS)
            for name, (called, what) in _TIMES.items()
        }

    def emit(self, record: logging.LogRecord) -> None:
        if (event := handled_event(record)) is not None:
            self.take(event)

    def take(self, event: Event) -> None:
        try:
            line = event.line
            if not line.get("operation_id") or line["outcome"] in NO_ENDS:
                return
            about = {"bake.operation": line["operation"], "bake.outcome": line["outcome"]}
            self._ended.add(1, about)
            for name, histogram in self._times.items():
                if (milliseconds := line.get(name)) is not None:
                    histogram.record(milliseconds / 1000, about)
        except Exception as fault:
            report_logging_fault(fault)


class _Exporter(OTLPMetricExporter):
    """Sends what was counted since the last time: the next command is another process, which begins at zero."""

    def __init__(self, send: Send, timeout_s: float | None) -> None:
        delta: dict[type, AggregationTemporality] = {
            Counter: AggregationTemporality.DELTA,
            Histogram: AggregationTemporality.DELTA,
        }
        super().__init__(timeout=timeout_s, preferred_temporality=None if os.environ.get(TEMPORALITY) else delta)
        self._send = send

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **more: Any
    ) -> MetricExportResult:
        export = super().export
        return self._send(lambda: export(metrics_data, timeout_millis, **more), MetricExportResult.FAILURE)
