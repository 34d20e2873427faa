"""A collector for tests: it takes OTLP over HTTP on this machine and decodes the protobuf as a real one would."""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from support.warm.waiting import PATIENCE_S

UNSET, OK, ERROR = 0, 1, 2
"""The status codes of a span."""


@dataclass
class Receiver:
    """What came in, and how to answer."""

    endpoint: str = ""
    status: int = 200
    is_stuck: bool = False
    requests: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    logs: list[LogRecord] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)
    released: Event = field(default_factory=Event)

    def take(self, path: str, body: bytes) -> None:
        self.requests.append(path)
        if path == "/v1/traces":
            for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(attributes(of_resource.resource.attributes))
                self.spans += [span for scope in of_resource.scope_spans for span in scope.spans]
        elif path == "/v1/logs":
            for entries in ExportLogsServiceRequest.FromString(body).resource_logs:
                self.resources.append(attributes(entries.resource.attributes))
                self.scopes |= {scope.scope.name for scope in entries.scope_logs}
                self.logs += [entry for scope in entries.scope_logs for entry in scope.log_records]

        elif path == "/v1/metrics":
            for measured in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.resources.append(attributes(measured.resource.attributes))
                self.metrics += [metric for scope in measured.scope_metrics for metric in scope.metrics]

    def span(self, name: str) -> Span:
        """The only span with this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def log(self, body: str) -> LogRecord:
        """The only log record with this message."""
        (found,) = [entry for entry in self.logs if entry.body.string_value == body]
        return found


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.is_stuck:
                receiver.released.wait(PATIENCE_S)
            elif receiver.status == 200:
                assert self.headers["Content-Type"] == "application/x-protobuf"
                compressed = self.headers.get("Content-Encoding") == "gzip"
                receiver.take(self.path, gzip.decompress(body) if compressed else body)
            else:
                receiver.requests.append(self.path)
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    receiver.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """OTLP's key-value pairs as a dict of plain values."""
    return {pair.key: value(pair.value) for pair in pairs}


def value(of: AnyValue) -> Any:
    kind = of.WhichOneof("value")
    if kind == "array_value":
        return [value(item) for item in of.array_value.values]
    if kind == "kvlist_value":
        return attributes(of.kvlist_value.values)
    return None if kind is None else getattr(of, kind)


def said(span: Span) -> tuple[str, int]:
    """A span's outcome and status code."""
    return attributes(span.attributes)["bake.outcome"], span.status.code


def outcome_lines(log: pytest.LogCaptureFixture) -> dict[str, dict[str, Any]]:
    """The fields of each operation's outcome line."""
    lines = [record.__dict__ for record in log.records if hasattr(record, "outcome")]
    return {line["operation"]: line for line in lines if line["outcome"] != "started"}
