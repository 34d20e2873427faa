"""Whether and where traces go: the standard ``OTEL_*`` variables say; only entry points install this."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
)


@contextmanager
def exporting_where_asked() -> Iterator[None]:
    """Send spans and log records to the collector that the environment names; without one, import nothing.

    A collector that cannot be used is said once on stderr: nobody's baking depends on it.
    """
    traces, logs = is_asked_for("TRACES"), is_asked_for("LOGS")
    with ExitStack() as until_the_end:
        if traces or logs:
            try:
                from bake_tracker.services import otel

                until_the_end.enter_context(otel.exporting(traces=traces, logs=logs))
            except ModuleNotFoundError:
                _warn("a collector is named in OTEL_EXPORTER_OTLP_*, but pip install 'bake-tracker[otel]' is missing")
            except Exception as error:  # whatever the SDK makes of a variable
                _warn(f"OpenTelemetry cannot be set up from OTEL_*: {type(error).__name__}: {error}")
        yield


def is_asked_for(signal: str) -> bool:
    """Whether this signal has an endpoint, and neither it nor the whole SDK is switched off."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if os.environ.get(f"OTEL_{signal}_EXPORTER", "otlp").strip().lower() not in ("", "otlp"):
        return False
    return any(os.environ.get(name) for name in (ENDPOINTS[0], f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"))


def _warn(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"bake-tracker: {text}\n")
