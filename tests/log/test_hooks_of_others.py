"""Sentry and OpenTelemetry, which change the logging of a whole process, hear every line once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support import ROOT
from support.log.packages import need_package
from support.log.their_program import examples

PAGE = ROOT / "docs" / "how-to" / "log-from-your-program.md"
TOOLS = examples(PAGE)["With other tools"]

LIVE = """
import sys
from pathlib import Path

from bake_tracker.services.catalog import things
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.logging_utils import AppendHandler, get_service_logger, log_operation

class Broken:
    def in_transaction(self):
        raise ConnectionError("cannot reach postgresql://baker:hunter2@db.example/bakery")

def sell():
    log_operation(get_service_logger("till"), "sell", "refused", level="WARNING", count=7, api_token="hunter2")

logging.getLogger("bake_tracker").addHandler(AppendHandler(Path("own.jsonl")))
logging.getLogger("bake_tracker").setLevel(logging.INFO)

def live():
    run_in_transaction(lambda session: things.record_event("Fair", session=session))
    sell()
    try:
        things.record_event("Market", session=Broken())
    except ConnectionError:
        return
"""

SENTRY = """
import json, logging
events, crumbs = [], []  # as our record gave them: Sentry keeps ten fields of each
def keep(event, hint):
    record = hint["log_record"]
    events.append({"event": event, "record": vars(record)})
sentry_sdk.get_client().options["before_send"] = keep
sentry_sdk.get_client().options["before_breadcrumb"] = lambda crumb, hint: crumbs.append(crumb)
live()
print(json.dumps([events, crumbs], default=str))
"""

OTEL = """
import json
from opentelemetry import trace
with trace.get_tracer("test").start_as_current_span("day") as span:
    live()
kept = [one.log_record for one in memory.get_finished_logs()]
ids = span.get_span_context()
print(json.dumps({
    "ids": [trace.format_trace_id(ids.trace_id), trace.format_span_id(ids.span_id)],
    "kept": [[one.body, one.severity_text, dict(one.attributes)] for one in kept],
}, default=str))
"""
PROVIDERS = """
import logging
from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
provider, memory = LoggerProvider(), InMemoryLogRecordExporter()
provider.add_log_record_processor(SimpleLogRecordProcessor(memory))
set_logger_provider(provider)
"""


@pytest.fixture
def folder(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder; the environment names an empty bakery."""
    monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", sqlite_url)
    return tmp_path


def run(script: str, folder: Path) -> tuple[Any, str, list[dict[str, Any]]]:
    """What a program printed, what it wrote on stderr, and the lines of our own log."""
    (folder / "program.py").write_text(script, "utf-8")
    done = subprocess.run([sys.executable, "program.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    own = [json.loads(line) for line in (folder / "own.jsonl").read_text("utf-8").splitlines()]
    assert [line["message"] for line in own] == ["record_event: success", "sell: refused", "record_event: error"]
    return json.loads(done.stdout), done.stderr, own


def fields(line: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in line.items()
        if name not in ("timestamp", "level", "logger", "message", "exception")
    }


def test_sentry_hears_every_line_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is a breadcrumb with its fields, and the error is one event with its exception and its place."""
    need_package("sentry_sdk")
    monkeypatch.setenv("SENTRY_DSN", "http://key@127.0.0.1:9/1")
    (events, crumbs), _, own = run("import logging\n" + TOOLS[0][0] + LIVE + SENTRY, folder)
    crumbs = [crumb for crumb in crumbs if str(crumb["category"]).startswith("bake_tracker")]
    told = [(crumb["message"], crumb["level"], crumb["data"]) for crumb in crumbs]
    levels = ("info", "warning", "error")
    assert told == [(line["message"], level, fields(line)) for line, level in zip(own, levels, strict=True)]
    assert [one["event"]["logentry"]["formatted"] for one in events] == ["record_event: error"]
    event, record = events[0]["event"], events[0]["record"]
    assert (event["level"], event["logger"]) == ("error", own[2]["logger"])
    assert [raised["type"] for raised in event["exception"]["values"]] == ["ConnectionError"]
    assert (record["funcName"], record["filename"]) == ("record_event", "things.py")
    assert record | fields(own[2]) == record
    assert "hunter2" not in json.dumps(own)


def test_opentelemetry_hears_every_line_once(folder: Path) -> None:
    """Its format shows the ids of the active span and the service's line; its handler gets every field."""
    need_package("opentelemetry.instrumentation.logging")
    told, printed, own = run(PROVIDERS + TOOLS[1][0] + LIVE + OTEL, folder)
    trace_id, span_id = told["ids"]
    shown = [line for line in printed.splitlines() if "[bake_tracker.services." in line]
    assert [line.rpartition(" - ")[2] for line in shown] == [line["message"] for line in own]
    assert [f"[trace_id={trace_id} span_id={span_id} " in line for line in shown] == [True, True, True]
    assert [name in line for name, line in zip(("things.py", "program.py", "things.py"), shown, strict=True)] == [
        True
    ] * 3
    kept = [one for one in told["kept"] if one[0] in {line["message"] for line in own}]
    assert [(body, level) for body, level, _ in kept] == [
        ("record_event: success", "INFO"),
        ("sell: refused", "WARN"),
        ("record_event: error", "ERROR"),
    ]
    for line, (_, _, attributes) in zip(own, kept, strict=True):
        assert attributes | fields(line) == attributes
