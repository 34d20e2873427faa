"""Set up exporting from the standard ``OTEL_*`` variables; only entry points call this."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)


@contextmanager
def exporting_where_asked() -> Iterator[None]:
    """Send spans, log records and metrics to the collector that the environment names; without one, import nothing.

    A problem with the collector is reported once on stderr and never stops an operation.
    """
    asked = [signal for signal in ("TRACES", "LOGS", "METRICS") if is_asked_for(signal)]
    wrong = {signal: name for signal in asked if (name := _wrong_endpoint(signal))}
    for name in dict.fromkeys(wrong.values()):
        _warn(f"{name} is not an http or https URL such as http://localhost:4318, so nothing is sent")
    traces, logs, metrics = (signal in asked and signal not in wrong for signal in ("TRACES", "LOGS", "METRICS"))
    with ExitStack() as until_the_end:
        if traces or logs or metrics:
            try:
                from bake_tracker.log import otel

                until_the_end.enter_context(otel.exporting(traces=traces, logs=logs, metrics=metrics))
            except ModuleNotFoundError:
                _warn("OTEL_EXPORTER_OTLP_* is set, but the exporter is missing: pip install 'bake-tracker[otel]'")
            except Exception as error:  # any error the SDK raises about a variable
                _warn(f"OpenTelemetry cannot be set up from OTEL_*: {type(error).__name__}: {error}")
        yield


def is_asked_for(signal: str) -> bool:
    """Whether this signal has an endpoint and is not disabled.

    Metrics need an endpoint or ``OTEL_METRICS_EXPORTER=otlp`` of their own: many collectors take traces only.
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    own = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    exporter = os.environ.get(f"OTEL_{signal}_EXPORTER", "").strip().lower()
    if exporter not in ("", "otlp"):
        return False
    return bool(own) or bool(os.environ.get(ENDPOINTS[0]) and (exporter or signal != "METRICS"))


def _wrong_endpoint(signal: str) -> str | None:
    """The variable with this signal's endpoint, if its value is not a usable URL."""
    own = f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"
    name = own if os.environ.get(own) else ENDPOINTS[0]
    try:
        url = urlsplit(os.environ.get(name, "").strip())
        is_url = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # half an IPv6 address, or an impossible port
        is_url = False
    return None if is_url else name


def _warn(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"bake-tracker: {text}\n")
