"""Operations are spans and lines are log records, and what a collector receives is as true as the log."""

import json
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bake_tracker.domain.errors import InsufficientComponentsError
from bake_tracker.log.exporting import exporting_where_asked
from bake_tracker.services import get_service_logger, log_operation
from bake_tracker.services.database import run_in_transaction, session_scope
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.log.lines import boxes, cookies, cut, failing
from support.log.otlp_receiver import ERROR, OK, UNSET, Receiver, attributes, outcome_lines, said

pytestmark = pytest.mark.one_database


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


# what a collector receives --------------------------------------------------------------------------------------------


def test_operations_inside_an_operation_are_spans_inside_its_span(
    kitchen: Kitchen, collector: Receiver, log: pytest.LogCaptureFixture
) -> None:
    """The production and the assembly are children of the combined operation; each line has the ids of its own span."""
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
    """Message, level, both times, ids and every field equal those of the JSON line."""
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
    """An operation that is rolled back after it succeeded is an error that says so, not a success."""
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
    """The span is neither a success nor rolled back: its outcome is unknown."""
    bakery = kitchen.simple_bakery()
    with exporting_where_asked(), failing(Exception), session_scope() as session:
        cookies(bakery, session)
        cut(session)
    assert said(collector.span("record_batch_production")) == ("unknown", ERROR)


def test_a_refusal_is_an_answer_and_not_a_fault(kitchen: Kitchen, collector: Receiver) -> None:
    """The refused child and its parent have an outcome and no status; the sibling rolled back with them is an error."""
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
    """The event has the type, message and frames, as the line does."""
    bakery = kitchen.simple_bakery()

    def broken(*_arguments: Any, **_more: Any) -> None:
        password = "hunter" + str(2)
        raise RuntimeError(f"the oven is off, {len(password)} times")

    monkeypatch.setattr("bake_tracker.services.operation.Operation.claim", broken)
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


def test_hidden_values_of_a_line_are_not_sent(
    kitchen: Kitchen, collector: Receiver, log: pytest.LogCaptureFixture
) -> None:
    """Free text goes out as its length, secrets not at all, and a number beyond 64 bits does not lose its batch."""
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
    """The log's level does not affect the trace."""
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
    """OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME count."""
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


# metrics --------------------------------------------------------------------------------------------------------------


def points(collector: Receiver, name: str) -> dict[tuple[str, str], Any]:
    """Each point of a metric by operation and outcome."""
    (metric,) = [metric for metric in collector.metrics if metric.name == name]
    found = getattr(metric, metric.WhichOneof("data") or "")
    assert found.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA
    about = ((attributes(point.attributes), point) for point in found.data_points)
    return {(of["bake.operation"], of["bake.outcome"]): point for of, point in about}


def test_metrics_count_and_time_what_the_log_says(
    kitchen: Kitchen, collector: Receiver, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """They count by operation and outcome, once each has ended; all fields of a span would be too many series."""
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp")
    bakery = kitchen.simple_bakery()
    log.clear()
    with exporting_where_asked():
        bake_and_pack(bakery, 2)
        with refusing_boxes():
            bake_and_pack(bakery, 2_000)
        with failing(KeyError), session_scope() as session:
            cookies(bakery, session)
            raise KeyError
    ended = [
        (line["operation"], line["outcome"])
        for line in (record.__dict__ for record in log.records)
        if line["outcome"] != "started"
    ]
    assert {of: point.as_int for of, point in points(collector, "bake.operations").items()} == Counter(ended)
    times = points(collector, "bake.operation.duration")
    assert {of: point.count for of, point in times.items()} == Counter(ended)
    line = outcome_lines(log)["record_assembly"]
    assert times["record_assembly", "insufficient_components"].sum == pytest.approx(line["duration_ms"] / 1000)


def test_metrics_are_sent_only_if_somebody_asks_for_them(
    kitchen: Kitchen, collector: Receiver, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """A collector of traces, which knows no metrics, keeps getting its traces; an endpoint of their own is enough."""
    bakery = kitchen.simple_bakery()
    with exporting_where_asked():
        bake_and_pack(bakery, 2)
    assert sorted(set(collector.requests)) == ["/v1/logs", "/v1/traces"]
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{collector.endpoint}/v1/metrics")
    collector.requests.clear()
    with exporting_where_asked():
        bake_and_pack(bakery, 2)
    assert set(collector.requests) == {"/v1/metrics"}
    assert collector.resources[-1]["service.name"] == "bake-tracker"
