"""Metrics in Prometheus' text format, summed over all workers that share a folder."""

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_requests = Counter("bake_http_requests", "Requests answered", ("method", "route", "status"))
_seconds = Histogram("bake_http_request_seconds", "How long a request took", ("method", "route"))
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request."""
    known = method if method in _METHODS else "other"
    _requests.labels(known, route, str(status)).inc()
    _seconds.labels(known, route).observe(seconds)


def text() -> tuple[bytes, str]:
    """All metrics as text, and their content type."""
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's
        return generate_latest(registry), CONTENT_TYPE_LATEST
    return generate_latest(), CONTENT_TYPE_LATEST
