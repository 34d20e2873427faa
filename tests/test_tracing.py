"""Operations are spans and lines are log records, and what a collector is sent is as true as the log."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from kitchen import Kitchen
from log_lines import boxes, cookies, cut, failing
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from otlp_receiver import Receiver, attributes, receiving

from bake_tracker.domain.errors import InsufficientComponentsError
from bake_tracker.services import get_service_logger, log_operation, tracing
from bake_tracker.services.bake_and_pack_service import record_bake_and_pack
from bake_tracker.services.database import run_in_transaction, session_scope
from bake_tracker.services.logging_utils import bound_value
from bake_tracker.services.otel import OtelTracer
from bake_tracker.services.trace_setup import exporting_where_asked
from bake_tracker.services.tracing import Caller, accept_traceparent, parse_traceparent

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"

UNSET, OK, ERROR = 0, 1, 2


@pytest.fixture(autouse=True)
def no_outer_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment of the test run says about telemetry is not part of a test."""
    for name in [name for name in os.environ if name.startswith("OTEL_") or name == "TRACEPARENT"]:
        monkeypatch.delenv(name)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A collector that the environment names."""
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        yield receiver


@contextmanager
def refusing_boxes() -> Iterator[None]:
    with failing(InsufficientComponentsError):
        yield


def bake_and_pack(bakery: Kitchen, quantity: int) -> Any:
    ids = bakery.ids
    return run_in_transaction(
        lambda s: record_bake_and_pack(ids["Cookies"], ids["Cookie"], 1, 24, ids["Box"], quantity, session=s)
    )


def ids_of(span: Span) -> tuple[str, str]:
    return span.trace_id.hex(), span.span_id.hex()


def said(span: Span) -> tuple[str, int]:
    """The outcome that a span claims, and its status."""
    return attributes(span.attributes)["bake.outcome"], span.status.code


def outcome_lines(log: pytest.LogCaptureFixture) -> dict[str, dict[str, Any]]:
    """The fields of each operation's outcome line."""
    lines = [record.__dict__ for record in log.records if hasattr(record, "outcome")]
    return {line["operation"]: line for line in lines if line["outcome"] != "started"}


# what a collector is sent ---------------------------------------------------------------------------------------------


def test_operations_inside_an_operation_are_spans_inside_its_span(
    kitchen: Kitchen, collector: Receiver, log: pytest.LogCaptureFixture
) -> None:
    """Baking and packing are children of the composite, and all three lines carry the ids of their own span."""
    bakery = kitchen.simple_bakery()
    log.clear()
    with exporting_where_asked():
        bake_and_pack(bakery, 2)
    whole, baking, packing = (
        collector.span(name) for name in ("record_bake_and_pack", "record_batch_production", "record_assembly")
    )
    assert whole.parent_span_id == b""
    assert [baking.parent_span_id, packing.parent_span_id] == [whole.span_id, whole.span_id]
    assert [said(span) for span in (whole, baking, packing)] == [("success", OK)] * 3
    lines = outcome_lines(log)
    for span in (whole, baking, packing):
        line = lines[span.name]
        assert (line["trace_id"], line["span_id"]) == ids_of(span)
        assert attributes(span.attributes)["bake.operation_id"] == line["operation_id"]
        assert span.start_time_unix_nano <= span.end_time_unix_nano == round(line["created"] * 1e6) * 1000


def test_a_log_record_says_what_its_line_says(bake: CommandLine, kitchen: Kitchen, collector: Receiver) -> None:
    """Message, level, both times, ids and every field are those of the JSON line."""
    kitchen.simple_bakery()
    assert bake("produce", "cookies", "1", "--yield", "24").code == 0
    (line,) = [
        line
        for line in map(json.loads, bake.log_file.read_text("utf-8").splitlines())
        if line.get("operation") == "record_batch_production"
    ]
    sent = collector.log("record_batch_production: success")
    assert [sent.severity_text, sent.trace_id.hex(), sent.span_id.hex()] == ["INFO", line["trace_id"], line["span_id"]]
    assert [utc(sent.time_unix_nano), utc(sent.observed_time_unix_nano)] == [line["timestamp"], line["settled_at"]]
    own = {"timestamp", "level", "logger", "message", "trace_id", "span_id"}
    assert attributes(sent.attributes) == {f"bake.{key}": field for key, field in line.items() if key not in own}
    assert "bake_tracker.services.batch_production_service" in collector.scopes
    assert sorted(set(collector.requests)) == ["/v1/logs", "/v1/traces"]


def utc(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 1000:06d}Z"


def test_a_success_is_not_claimed_before_the_commit(kitchen: Kitchen, collector: Receiver) -> None:
    """What is undone after it had succeeded is an error that says so, not a success."""
    bakery = kitchen.simple_bakery()
    with exporting_where_asked(), failing(KeyError), session_scope() as session:
        cookies(bakery, session)
        raise KeyError("the caller changed its mind")
    assert said(collector.span("record_batch_production")) == ("rolled_back", ERROR)


def test_a_span_in_an_undone_savepoint_is_rolled_back_and_no_other(kitchen: Kitchen, collector: Receiver) -> None:
    """The savepoint takes its own operation with it; the one before it is a success."""
    bakery = kitchen.simple_bakery()
    with exporting_where_asked(), session_scope() as session:
        boxless = cookies(bakery, session)
        savepoint = session.begin_nested()
        boxes(bakery, session)
        savepoint.rollback()
    baked, packed = collector.span("record_batch_production"), collector.span("record_assembly")
    assert [said(baked), said(packed)] == [("success", OK), ("rolled_back", ERROR)]
    assert attributes(baked.attributes)["bake.operation_id"] == boxless["operation_id"]


def test_a_commit_that_nobody_answered_is_unknown(kitchen: Kitchen, collector: Receiver) -> None:
    """Neither a success nor undone: the span says that nobody knows."""
    bakery = kitchen.simple_bakery()
    with exporting_where_asked(), failing(Exception), session_scope() as session:
        cookies(bakery, session)
        cut(session)
    assert said(collector.span("record_batch_production")) == ("unknown", ERROR)


def test_a_refusal_is_an_answer_and_not_a_fault(kitchen: Kitchen, collector: Receiver) -> None:
    """The refused child and its parent carry their outcome and no status; the sibling undone with them is an error."""
    bakery = kitchen.simple_bakery()
    with exporting_where_asked(), refusing_boxes():
        bake_and_pack(bakery, 40)
    whole, baking, packing = (
        collector.span(name) for name in ("record_bake_and_pack", "record_batch_production", "record_assembly")
    )
    assert [said(whole), said(packing)] == [("insufficient_components", UNSET)] * 2
    assert said(baking) == ("rolled_back", ERROR)
    told = attributes(whole.attributes)
    assert told["bake.cause_operation_id"] == attributes(packing.attributes)["bake.operation_id"]
    assert attributes(packing.attributes)["bake.missing_components"] == ["cookie"]
    assert [entry.severity_text for entry in collector.logs if entry.span_id == packing.span_id] == ["WARNING"]


def test_an_error_has_its_exception_without_local_variables(
    kitchen: Kitchen, collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event names type, message and frames, as the line does."""
    bakery = kitchen.simple_bakery()

    def broken(*_arguments: Any, **_more: Any) -> None:
        password = "hunter" + str(2)
        raise RuntimeError(f"the oven is off, {len(password)} times")

    monkeypatch.setattr("bake_tracker.services.operations.Operation.claim", broken)
    with exporting_where_asked(), failing(RuntimeError), session_scope() as session:
        cookies(bakery, session)
    span = collector.span("record_batch_production")
    assert (*said(span), span.status.message) == ("error", ERROR, "RuntimeError: the oven is off, 7 times")
    (event,) = span.events
    shown = attributes(event.attributes)
    assert [event.name, shown["exception.type"], shown["exception.message"]] == [
        "exception",
        "RuntimeError",
        "the oven is off, 7 times",
    ]
    assert shown["exception.stacktrace"].endswith(" broken")
    assert "hunter2" not in str(span) + str(collector.logs)
    (entry,) = [entry for entry in collector.logs if entry.severity_text == "ERROR"]
    assert attributes(entry.attributes)["exception.type"] == "RuntimeError"


def test_what_a_line_hides_is_not_sent(kitchen: Kitchen, collector: Receiver, log: pytest.LogCaptureFixture) -> None:
    """Free text goes as its length, secrets not at all, and a number beyond 64 bits does not lose its batch."""
    bakery = kitchen.simple_bakery()
    with exporting_where_asked():
        with session_scope() as session:
            cookies(bakery, session, notes="for aunt Agatha only")
        log_operation(
            get_service_logger("till"), "count_till", "done", api_key="s3cret", coins=2**70, parts=[{"a": [1, None]}]
        )
    assert "Agatha" not in str(collector.spans) + str(collector.logs)
    sent = attributes(collector.log("count_till: done").attributes)
    assert sent["bake.api_key"] == "[redacted]"
    assert sent["bake.coins"] == str(2**70)
    assert sent["bake.parts"] == [{"a": [1, None]}]


def test_checks_have_spans_too(kitchen: Kitchen, collector: Receiver) -> None:
    """Yes and no are both answers."""
    bakery = kitchen.simple_bakery()
    with exporting_where_asked():
        bakery.can_produce("Cookies", 1)
        bakery.can_assemble("Box", 1)
    spans = [collector.span("check_can_produce"), collector.span("check_can_assemble")]
    assert [said(span) for span in spans] == [("sufficient", OK), ("insufficient", OK)]
    assert spans[0].trace_id != spans[1].trace_id


def test_a_span_ends_even_where_no_line_is_written(kitchen: Kitchen, collector: Receiver) -> None:
    """The log's level is no matter of the trace."""
    bakery = kitchen.simple_bakery()
    logger = logging.getLogger("bake_tracker.services")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with exporting_where_asked():
            bake_and_pack(bakery, 2)
            bakery.can_produce("Cookies", 1)
    finally:
        logger.setLevel(level)
    outcomes = {span.name: said(span)[0] for span in collector.spans}
    assert outcomes == {
        "record_bake_and_pack": "success",
        "record_batch_production": "success",
        "record_assembly": "success",
        "check_can_produce": "sufficient",
    }
    assert collector.logs == []


def test_the_resource_names_the_program_and_the_environment_may_add(
    kitchen: Kitchen, collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME are heard."""
    bakery = kitchen.simple_bakery()
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=kitchen")
    with exporting_where_asked():
        bakery.can_produce("Cookies", 1)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "north-oven")
    with exporting_where_asked():
        bakery.can_produce("Cookies", 1)
    named = [(one["service.name"], one["deployment.environment.name"]) for one in collector.resources]
    assert sorted(set(named)) == [("bake-tracker", "kitchen"), ("north-oven", "kitchen")]
    assert {one["service.version"] for one in collector.resources} == {"0.1.0"}


@pytest.mark.parametrize(
    ("variable", "setting", "expected"),
    [
        ("OTEL_TRACES_EXPORTER", "none", ["/v1/logs"]),
        ("OTEL_LOGS_EXPORTER", "none", ["/v1/traces"]),
        ("OTEL_SDK_DISABLED", "true", []),
    ],
)
def test_a_signal_can_be_switched_off(
    kitchen: Kitchen,
    collector: Receiver,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    setting: str,
    expected: list[str],
) -> None:
    """The standard variables decide what is sent."""
    bakery = kitchen.simple_bakery()
    monkeypatch.setenv(variable, setting)
    with exporting_where_asked(), session_scope() as session:
        cookies(bakery, session)
    assert sorted(set(collector.requests)) == expected


# who asked ------------------------------------------------------------------------------------------------------------


def test_the_caller_is_the_parent_of_the_outermost_span(
    bake: CommandLine, kitchen: Kitchen, collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line takes TRACEPARENT, and everything it does is in the caller's trace."""
    kitchen.simple_bakery()
    monkeypatch.setenv("TRACEPARENT", TRACEPARENT)
    assert bake("produce", "cookies", "1", "--yield", "24").code == 0
    span = collector.span("record_batch_production")
    assert [span.trace_id.hex(), span.parent_span_id.hex()] == [TRACE_ID, SPAN_ID]
    found = bake("log", "find", f"trace_id={TRACE_ID}", "operation=record_batch_production", "--json")
    assert span.span_id.hex() in found.out


def test_a_program_around_us_is_the_parent(kitchen: Kitchen, collector: Receiver) -> None:
    """A span that is already current, such as a web framework's, comes before the header it was made from."""
    bakery = kitchen.simple_bakery()
    current = trace.SpanContext(0xA1, 0xB2, is_remote=False, trace_flags=trace.TraceFlags(1))
    around = otel_context.attach(trace.set_span_in_context(trace.NonRecordingSpan(current)))
    try:
        with exporting_where_asked(), accept_traceparent(TRACEPARENT):
            bakery.can_produce("Cookies", 1)
    finally:
        otel_context.detach(around)
    span = collector.span("check_can_produce")
    assert [int(span.trace_id.hex(), 16), int(span.parent_span_id.hex(), 16)] == [0xA1, 0xB2]


def test_a_program_with_a_provider_of_its_own_needs_no_setting(
    kitchen: Kitchen, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its provider gets the spans; one that only stands in for a provider puts no empty ids on the lines."""
    bakery = kitchen.simple_bakery()
    exported = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    monkeypatch.setattr(tracing, "tracer", OtelTracer(provider))
    with session_scope() as session:
        cookies(bakery, session)
    monkeypatch.setattr(tracing, "tracer", OtelTracer(trace.NoOpTracerProvider()))
    with session_scope() as session:
        boxes(bakery, session)
    assert [span.name for span in exported.get_finished_spans()] == ["record_batch_production"]
    lines = outcome_lines(log)
    assert "trace_id" in lines["record_batch_production"]
    assert "trace_id" not in lines["record_assembly"]


def test_a_caller_that_samples_nothing_is_obeyed(
    kitchen: Kitchen, collector: Receiver, log: pytest.LogCaptureFixture
) -> None:
    """The flag 00 sends no span, but the lines are still in the caller's trace."""
    bakery = kitchen.simple_bakery()
    log.clear()
    with exporting_where_asked(), accept_traceparent(TRACEPARENT[:-2] + "00"), session_scope() as session:
        cookies(bakery, session)
    assert collector.spans == []
    line = outcome_lines(log)["record_batch_production"]
    assert line["trace_id"] == TRACE_ID
    assert line["span_id"] != SPAN_ID


def test_without_a_collector_the_lines_carry_the_callers_ids(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """With no span of our own, the caller's is the nearest that a viewer can show; afterwards nothing is left."""
    bakery = kitchen.simple_bakery()
    log.clear()
    with accept_traceparent(TRACEPARENT), session_scope() as session:
        cookies(bakery, session)
    line = outcome_lines(log)["record_batch_production"]
    assert [line["trace_id"], line["span_id"]] == [TRACE_ID, SPAN_ID]
    assert [bound_value("trace_id"), tracing.tracer] == [None, None]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (TRACEPARENT, Caller(TRACE_ID, SPAN_ID, 1)),
        (f" {TRACEPARENT}\t", Caller(TRACE_ID, SPAN_ID, 1)),
        (f"00-{TRACE_ID}-{SPAN_ID}-00", Caller(TRACE_ID, SPAN_ID, 0)),
        (f"cc-{TRACE_ID}-{SPAN_ID}-03-what-the-future-adds", Caller(TRACE_ID, SPAN_ID, 3)),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01", Caller(TRACE_ID, SPAN_ID, 1)),
        (None, None),
        ("", None),
        ("nonsense", None),
        (f"00-{'0' * 32}-{SPAN_ID}-01", None),
        (f"00-{TRACE_ID}-{'0' * 16}-01", None),
        (f"ff-{TRACE_ID}-{SPAN_ID}-01", None),
        (TRACEPARENT.upper(), None),
        (f"00-{TRACE_ID[:-1]}-{SPAN_ID}-01", None),
        (f"00-{TRACE_ID}-{SPAN_ID}", None),
        (f"00-{TRACE_ID}-{SPAN_ID}-01-more", None),
        (f"00-{TRACE_ID}-{SPAN_ID}-01-", None),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01.more", None),
        (f"{TRACEPARENT}\n", None),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01-{'x' * 600}", None),
    ],
)
def test_a_traceparent_is_read_as_the_specification_says(header: str | None, expected: Caller | None) -> None:
    """What is malformed is ignored, as if there had been none."""
    assert parse_traceparent(header) == expected
    with accept_traceparent(header):
        assert bound_value("trace_id") == (expected.trace_id if expected else None)


# a collector that is no help ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "request_timeout_s"),
    [
        ("nobody listens", 0.3),
        ("it answers 500", 0.3),
        ("it asks to come again", 0.3),
        ("it never answers", 0.1),
        ("it never answers", 20),
    ],
)
def test_a_dead_collector_is_said_once_and_harms_nothing(
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
    collector.status = {"it answers 500": 500, "it asks to come again": 503}.get(trouble, 200)
    if trouble == "nobody listens":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("bake_tracker.services.otel.REQUEST_TIMEOUT_S", request_timeout_s)
    monkeypatch.setattr("bake_tracker.services.otel.FLUSH_TIMEOUT_S", 0.5)
    done = bake("produce", "cookies", "1", "--yield", "24")
    assert done.code == 0
    assert done.err.count("bake-tracker:") == 1
    assert "collector" in done.err
    assert "Traceback" not in done.err
    assert '"record_batch_production: success"' in bake.log_file.read_text("utf-8")
    assert "opentelemetry" not in bake.log_file.read_text("utf-8")


def test_a_tracer_that_breaks_is_no_concern_of_the_baker(
    kitchen: Kitchen, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails at the beginning, at the end and at the outcome, and each operation still succeeds."""

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
        monkeypatch.setattr(tracing, "tracer", Broken(at_begin=at_begin))
        with session_scope() as session:
            cookies(bakery, session)
        assert outcome_lines(log)["record_batch_production"]["outcome"] == "success"


def test_debug_lines_of_the_exporter_do_not_feed_themselves(
    bake: CommandLine, kitchen: Kitchen, collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sending makes no lines, so nothing new is to be sent."""
    kitchen.simple_bakery()
    monkeypatch.setenv("BAKE_TRACKER_LOG_LEVEL", "DEBUG")
    assert bake("check", "produce", "cookies", "1").code == 0
    assert "urllib3" not in bake.log_file.read_text("utf-8")
    assert {scope for scope in collector.scopes if not scope.startswith("bake_tracker")} == set()


# without it -----------------------------------------------------------------------------------------------------------


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
    """A command without OTEL_* pays nothing for it."""
    done = run_python(BAKE, tmp_path, TRACEPARENT=TRACEPARENT)
    assert [done.stdout.splitlines()[-1], done.stderr] == ["0 []", ""]


def test_a_missing_extra_is_said_with_what_to_install(tmp_path: Path) -> None:
    """A collector is named, the extra is not there: one line on stderr, and the command is done."""
    without = "import sys; sys.modules['opentelemetry'] = None\n" + BAKE.replace("print(left.code or 0, [", "print([")
    done = run_python(without, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert len(done.stderr.splitlines()) == 1
    assert "pip install 'bake-tracker[otel]'" in done.stderr
    assert done.stdout.splitlines()[-1] == "['opentelemetry']"


def test_a_variable_that_the_sdk_refuses_is_said_and_harms_nothing(
    bake: CommandLine, collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong setting costs the traces, not the command."""
    monkeypatch.setenv("OTEL_ATTRIBUTE_COUNT_LIMIT", "many")
    done = bake("item", "list")
    assert done.code == 0
    assert done.err.count("bake-tracker: OpenTelemetry cannot be set up") == 1
    assert collector.requests == []
    assert tracing.tracer is None


def test_a_whole_command_reaches_the_collector_before_it_ends(tmp_path: Path) -> None:
    """A process of its own, warnings as errors: its last line has been sent when it is gone."""
    with receiving() as collector:
        done = run_python(BAKE, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, TRACEPARENT=TRACEPARENT)
    assert [done.returncode, done.stderr] == [0, ""]
    span = collector.span("record_bakery")
    assert [said(span), span.trace_id.hex(), span.parent_span_id.hex()] == [("success", OK), TRACE_ID, SPAN_ID]
