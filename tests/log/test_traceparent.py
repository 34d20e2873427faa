"""The caller is the parent of our operations: by a W3C ``traceparent``, or by a span of the surrounding program."""

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bake_tracker.log import spans
from bake_tracker.log.exporting import exporting_where_asked
from bake_tracker.log.otel import OtelTracer
from bake_tracker.log.spans import Caller, accept_traceparent, parse_traceparent
from bake_tracker.log.tell import bound_value
from bake_tracker.services.database import session_scope
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.log.lines import boxes, cookies
from support.log.otlp_receiver import Receiver, outcome_lines

pytestmark = pytest.mark.one_database

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"


def test_the_caller_is_the_parent_of_the_outermost_span(
    bake: CommandLine, kitchen: Kitchen, collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line reads TRACEPARENT and puts all its operations into the caller's trace."""
    kitchen.simple_bakery()
    monkeypatch.setenv("TRACEPARENT", TRACEPARENT)
    assert bake("produce", "cookies", "1", "--yield", "24").code == 0
    span = collector.span("record_batch_production")
    assert [span.trace_id.hex(), span.parent_span_id.hex()] == [TRACE_ID, SPAN_ID]
    found = bake("log", "find", f"trace_id={TRACE_ID}", "operation=record_batch_production", "--json")
    assert span.span_id.hex() in found.out


def test_a_program_around_us_is_the_parent(kitchen: Kitchen, collector: Receiver) -> None:
    """A current span, such as a web framework's, takes precedence over the header it was made from."""
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
    """Its provider gets the spans; a placeholder provider puts no empty ids on the lines."""
    bakery = kitchen.simple_bakery()
    exported = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    monkeypatch.setattr(spans, "tracer", OtelTracer(provider))
    with session_scope() as session:
        cookies(bakery, session)
    monkeypatch.setattr(spans, "tracer", OtelTracer(trace.NoOpTracerProvider()))
    with session_scope() as session:
        boxes(bakery, session)
    assert [span.name for span in exported.get_finished_spans()] == ["record_batch_production"]
    lines = outcome_lines(log)
    assert "trace_id" in lines["record_batch_production"]
    assert "trace_id" not in lines["record_assembly"]


def test_a_caller_that_samples_nothing_is_respected(
    kitchen: Kitchen, collector: Receiver, log: pytest.LogCaptureFixture
) -> None:
    """With the flag 00 no span is sent, but the lines still carry the caller's trace."""
    bakery = kitchen.simple_bakery()
    log.clear()
    with exporting_where_asked(), accept_traceparent(TRACEPARENT[:-2] + "00"), session_scope() as session:
        cookies(bakery, session)
    assert collector.spans == []
    line = outcome_lines(log)["record_batch_production"]
    assert line["trace_id"] == TRACE_ID
    assert line["span_id"] != SPAN_ID


def test_without_a_collector_the_lines_carry_the_callers_ids(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """With no span of our own, a viewer can show the caller's; afterwards the context is clean."""
    bakery = kitchen.simple_bakery()
    log.clear()
    with accept_traceparent(TRACEPARENT), session_scope() as session:
        cookies(bakery, session)
    line = outcome_lines(log)["record_batch_production"]
    assert [line["trace_id"], line["span_id"]] == [TRACE_ID, SPAN_ID]
    assert [bound_value("trace_id"), spans.tracer] == [None, None]


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
    """A malformed header is ignored, as if there were none."""
    assert parse_traceparent(header) == expected
    with accept_traceparent(header):
        assert bound_value("trace_id") == (expected.trace_id if expected else None)
