"""Tracing costs nothing without a collector, and does no harm with a broken one."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.log import spans
from bake_tracker.log.spans import Caller
from bake_tracker.services.database import session_scope
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.log.lines import cookies
from support.log.otlp_receiver import OK, Receiver, outcome_lines, receiving, said

pytestmark = pytest.mark.one_database

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"


@pytest.mark.parametrize(
    ("trouble", "request_timeout_s"),
    [
        ("nobody listens", 0.3),
        ("it answers 500", 0.3),
        ("it takes no metrics either", 0.3),
        ("it asks to come again", 0.3),
        ("it never answers", 0.1),
        ("it never answers", 20),
    ],
)
def test_a_dead_collector_is_reported_once_and_harms_nothing(
    bake: CommandLine,
    kitchen: Kitchen,
    collector: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    request_timeout_s: float,
) -> None:
    """The production is recorded and its line written; stderr has one line about it."""
    kitchen.simple_bakery()
    collector.is_stuck = trouble == "it never answers"
    if trouble == "it takes no metrics either":
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp")
    collector.status = {"it answers 500": 500, "it takes no metrics either": 404, "it asks to come again": 503}.get(
        trouble, 200
    )
    if trouble == "nobody listens":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("bake_tracker.log.otel.REQUEST_TIMEOUT_S", request_timeout_s)
    monkeypatch.setattr("bake_tracker.log.otel.FLUSH_TIMEOUT_S", 0.5)
    done = bake("produce", "cookies", "1", "--yield", "24")
    assert done.code == 0
    assert done.err.count("bake-tracker:") == 1
    assert "collector" in done.err
    assert "Traceback" not in done.err
    assert '"record_batch_production: success"' in bake.log_file.read_text("utf-8")
    assert "opentelemetry" not in bake.log_file.read_text("utf-8")


@pytest.mark.parametrize("wrong", ["rubbish", "ftp://x", "http://[::1", "http://h:99999", "http://"])
def test_an_endpoint_that_is_not_a_url_is_reported_by_its_variable(
    bake: CommandLine, collector: Receiver, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """One warning, not blaming the collector; the command succeeds, and the valid endpoint gets its data."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", wrong)
    add = ("item", "add", "ingredient", "--unit", "g")
    done = bake(*add, "Flour")
    said = "is not an http or https URL such as http://localhost:4318, so nothing is sent\n"
    assert (done.code, done.err) == (0, f"bake-tracker: OTEL_EXPORTER_OTLP_ENDPOINT {said}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", wrong)
    done = bake(*add, "Salt")
    assert (done.code, done.err) == (0, f"bake-tracker: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT {said}")
    assert [span.name for span in collector.spans] == ["record_item"]


def test_a_broken_tracer_breaks_no_operation(
    kitchen: Kitchen, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tracer fails at the start, the end and the outcome of a span, and each operation still succeeds."""

    class Broken:
        def __init__(self, *, at_begin: bool) -> None:
            self.at_begin = at_begin

        def begin(self, operation: str, caller: Caller | None) -> Any:
            if self.at_begin:
                raise RuntimeError(operation)
            return self

        def end(self, told: logging.LogRecord) -> None:
            raise RuntimeError(told.getMessage())

        def leave(self) -> None:
            raise RuntimeError("left")

    bakery = kitchen.simple_bakery()
    for at_begin in (True, False):
        log.clear()
        monkeypatch.setattr(spans, "tracer", Broken(at_begin=at_begin))
        with session_scope() as session:
            cookies(bakery, session)
        assert outcome_lines(log)["record_batch_production"]["outcome"] == "success"


def test_debug_lines_of_the_exporter_do_not_feed_themselves(
    bake: CommandLine, kitchen: Kitchen, collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sending makes no log lines, so there is nothing new to send."""
    kitchen.simple_bakery()
    monkeypatch.setenv("BAKE_TRACKER_LOG_LEVEL", "DEBUG")
    assert bake("check", "produce", "cookies", "1").code == 0
    assert "urllib3" not in bake.log_file.read_text("utf-8")
    assert {scope for scope in collector.scopes if not scope.startswith("bake_tracker")} == set()


# without OpenTelemetry ------------------------------------------------------------------------------------------------


def run_python(program: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {
        "BAKE_TRACKER_DATABASE_URL": f"sqlite:///{tmp_path}/bakery.db",
        "PYTHONWARNINGS": "error",
    }
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, env={**os.environ, **own, **environment}, capture_output=True, text=True, check=False
    )


BAKE = """
import sys
from bake_tracker.entrypoints.cli import main
sys.argv = ["bake", "init"]
try:
    main()
except SystemExit as left:
    print(left.code or 0, [name for name in sys.modules if name.startswith("opentelemetry")])
"""


def test_opentelemetry_is_not_imported_unless_a_collector_is_named(tmp_path: Path) -> None:
    """A command without OTEL_* does not pay for it."""
    done = run_python(BAKE, tmp_path, TRACEPARENT=TRACEPARENT)
    assert [done.stdout.splitlines()[-1], done.stderr] == ["0 []", ""]


def test_a_missing_extra_is_reported_with_what_to_install(tmp_path: Path) -> None:
    """With a collector set and the extra missing, stderr has one line and the command succeeds."""
    without = "import sys; sys.modules['opentelemetry'] = None\n" + BAKE.replace("print(left.code or 0, [", "print([")
    done = run_python(without, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert len(done.stderr.splitlines()) == 1
    assert "pip install 'bake-tracker[otel]'" in done.stderr
    assert done.stdout.splitlines()[-1] == "['opentelemetry']"


def test_a_variable_that_the_sdk_refuses_is_reported_and_harms_nothing(
    bake: CommandLine, collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong setting costs the traces, not the command."""
    monkeypatch.setenv("OTEL_ATTRIBUTE_COUNT_LIMIT", "many")
    done = bake("item", "list")
    assert done.code == 0
    assert done.err.count("bake-tracker: OpenTelemetry cannot be set up") == 1
    assert collector.requests == []
    assert spans.tracer is None


def test_a_whole_command_reaches_the_collector_before_it_ends(tmp_path: Path) -> None:
    """In a process of its own, with warnings as errors, the last line is sent before it exits."""
    with receiving() as collector:
        done = run_python(BAKE, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, TRACEPARENT=TRACEPARENT)
    assert [done.returncode, done.stderr] == [0, ""]
    span = collector.span("record_bakery")
    assert [said(span), span.trace_id.hex(), span.parent_span_id.hex()] == [("success", OK), TRACE_ID, SPAN_ID]
