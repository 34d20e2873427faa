"""In somebody else's program every line reaches every handler once, with all fields and the place it comes from."""

import importlib
import inspect
import json
import logging
import logging.handlers
import queue
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from bake_tracker.log.append import AppendHandler
from bake_tracker.log.events import Event, fields_of
from bake_tracker.log.format import JsonFormatter
from bake_tracker.log.tell import get_service_logger, log_operation
from bake_tracker.services.catalog import things
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.kinds import functions, kinds
from support.log.packages import need_package

PACKAGE, TILL = logging.getLogger("bake_tracker"), get_service_logger("till")
HEAD = {"timestamp", "level", "logger", "message"}
Heard = tuple[str, str, str, str, int, dict[str, Any]]
"""Message, level, function, file name, line and fields."""


@pytest.fixture(autouse=True)
def program(sqlite_url: str) -> Iterator[None]:
    """A program whose only handlers are those of the test."""
    handlers, level, propagate = PACKAGE.handlers[:], PACKAGE.level, PACKAGE.propagate
    PACKAGE.handlers, PACKAGE.propagate = [], False
    PACKAGE.setLevel(logging.INFO)
    yield
    for handler in PACKAGE.handlers:
        handler.close()
    PACKAGE.handlers, PACKAGE.propagate = handlers, propagate
    PACKAGE.setLevel(level)


@pytest.fixture
def file(tmp_path: Path) -> AppendHandler:
    """Our own log, which is always written."""
    handler = AppendHandler(tmp_path / "log.jsonl")
    PACKAGE.addHandler(handler)
    return handler


class Kept(logging.Handler):
    """Keep what a record says, as somebody else's handler sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Heard] = []
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        place = record.funcName or "", record.pathname, record.lineno
        self.heard.append((record.getMessage(), record.levelname, *place, fields_of(record)))
        self.records.append(record)


def lines(file: AppendHandler) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.path.read_text("utf-8").splitlines()] if file.path.exists() else []


def tell(logger: Any = TILL) -> int:
    """Record one operation, log one line of our own, and return that line's number."""
    # Pytest listens to a logger that does not propagate, and its formatter leaves a ``message`` on the record.
    PACKAGE.handlers = [one for one in PACKAGE.handlers if not type(one).__module__.startswith("_pytest")]
    run_in_transaction(lambda session: things.record_event("Fair", session=session))
    frame = inspect.currentframe()
    assert isinstance(frame, FrameType)
    log_operation(logger, "sell", "refused", level=logging.WARNING, count=7, api_token="hunter2")
    return frame.f_lineno - 1


def assert_heard(heard: list[Heard], file: AppendHandler, line_of_sell: int) -> None:
    """Both lines were heard once, with the level, the place and every field of our own log."""
    own = lines(file)
    assert [line["message"] for line in own] == ["record_event: success", "sell: refused"]
    told = [(line["message"], line["level"], {n: v for n, v in line.items() if n not in HEAD}) for line in own]
    assert [(message, level, fields) for message, level, _, _, _, fields in heard] == told
    service, first = inspect.getsourcefile(things), inspect.getsourcelines(things.record_event)[1]
    places = [place for _, _, *place, _ in heard]
    assert places == [["record_event", service, first], ["tell", __file__, line_of_sell]]


def test_a_plain_handler_hears_every_line(file: AppendHandler) -> None:
    """It hears them beside our own file, in the order of the handlers."""
    PACKAGE.addHandler(kept := Kept())
    assert_heard(kept.heard, file, tell())
    assert not hasattr(kept.records[0], "bake_fields")


def test_our_own_file_alone_makes_no_record(file: AppendHandler, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short way is for our file, and only for it."""
    monkeypatch.setattr(Event, "handled", lambda _: pytest.fail("a record was made"))
    tell()
    assert [line["operation"] for line in lines(file)] == ["record_event", "sell"]


@pytest.mark.parametrize("method", ["callHandlers", "handle", "filter", "makeRecord"])
def test_a_hook_of_the_logger_class_sees_every_line(
    file: AppendHandler, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """New Relic and others replace methods of ``Logger``."""
    original, seen = getattr(logging.Logger, method), []

    def hook(logger: logging.Logger, *arguments: Any, **more: Any) -> Any:
        seen.append(logger.name)
        return original(logger, *arguments, **more)

    monkeypatch.setattr(logging.Logger, method, hook)
    tell()
    assert seen == ["bake_tracker.services.catalog_service", "bake_tracker.services.till"]
    assert [line["operation"] for line in lines(file)] == ["record_event", "sell"]


def test_a_hook_of_one_logger_sees_its_lines(file: AppendHandler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some tools replace the method of one logger only."""
    seen: list[Any] = []
    monkeypatch.setattr(TILL, "callHandlers", seen.append, raising=False)
    tell()
    assert [record.operation for record in seen] == ["sell"]


def test_a_record_factory_makes_every_record(file: AppendHandler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its attributes are on the record; where it uses a name of ours, our field wins."""

    class Own(logging.LogRecord):
        host = "oven-pc"

    def factory(*arguments: Any, **more: Any) -> logging.LogRecord:
        record = Own(*arguments, **more)
        record.__dict__["operation_id"] = "-"
        return record

    monkeypatch.setattr(logging, "_logRecordFactory", factory)
    PACKAGE.addHandler(kept := Kept())
    assert_heard(kept.heard, file, tell())
    assert [type(record) for record in kept.records] == [Own, Own]


def test_a_record_factory_that_fails_costs_our_file_no_line(
    file: AppendHandler, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody else can hear the line, and the operation goes on."""
    monkeypatch.setattr("bake_tracker.log.emitting._reported", set())
    monkeypatch.setattr(logging, "_logRecordFactory", lambda *_, **__: 1 / 0)
    PACKAGE.addHandler(kept := Kept())
    tell()
    assert [line["operation"] for line in lines(file)] == ["record_event", "sell"]
    assert (kept.heard, capsys.readouterr().err.count("ZeroDivisionError")) == ([], 1)


def test_a_logger_class_is_asked(file: AppendHandler) -> None:
    """Its ``makeRecord`` gets the fields as ``extra``, and its other methods count."""
    given: list[Any] = []

    class Audited(logging.Logger):
        def makeRecord(self, *arguments: Any, **more: Any) -> logging.LogRecord:  # noqa: N802  the library's name
            given.append(arguments[8]["count"])
            return super().makeRecord(*arguments, **more)

    audited = Audited("bake_tracker.services.audited")
    audited.parent = PACKAGE
    PACKAGE.addHandler(kept := Kept())
    assert_heard(kept.heard, file, tell(audited))
    assert given == [7]


def test_an_adapter_adds_its_message_and_its_fields(file: AppendHandler) -> None:
    """Adapters nest; a field of the call itself wins, and the call's own place stays."""

    class Shop(logging.LoggerAdapter[logging.Logger]):
        def process(self, message: Any, more: Any) -> Any:
            return f"[shop] {message}", {**more, "extra": {"shop": "Old Town", "count": 1}}

    PACKAGE.addHandler(kept := Kept())
    line = tell(logging.LoggerAdapter(Shop(TILL, {}), {"till": 2}))  # type: ignore[type-var]  # adapters nest
    message, level, function, path, number, fields = kept.heard[1]
    assert (message, level, function, path, number) == ("[shop] sell: refused", "WARNING", "tell", __file__, line)
    expected = {"shop": "Old Town", "till": 2, "count": 7, "api_token": "[redacted]", "operation": "sell"}
    assert {**fields, **expected} == fields
    assert {**lines(file)[1], **expected} == lines(file)[1]


def test_a_line_survives_a_queue(file: AppendHandler, tmp_path: Path) -> None:
    """A listener in another thread hears it, and our own file at the end of a queue has the same fields."""
    waiting: queue.Queue[Any] = queue.Queue()
    behind, kept = AppendHandler(tmp_path / "behind.jsonl"), Kept()
    PACKAGE.addHandler(logging.handlers.QueueHandler(waiting))
    listener = logging.handlers.QueueListener(waiting, kept, behind)
    listener.start()
    line = tell()
    listener.stop()
    behind.close()
    assert_heard(kept.heard, file, line)
    assert lines(behind) == lines(file)


def test_a_filter_that_changes_or_removes_a_field_holds_for_our_file(file: AppendHandler) -> None:
    """What a program keeps out of its logs stays out of ours."""

    def discreet(record: logging.LogRecord) -> bool:
        record.count = "many\ud800"
        del record.__dict__["api_token"]
        return True

    TILL.addFilter(discreet)
    try:
        tell()
    finally:
        TILL.removeFilter(discreet)
    line = lines(file)[1]
    assert (line["count"], "api_token" in line) == ("many\ufffd", False)


@pytest.mark.parametrize("is_reported", [True, False])
def test_a_broken_handler_is_reported_by_the_rules_of_the_library(
    file: AppendHandler,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_reported: bool,
) -> None:
    """``logging.raiseExceptions`` decides; the handlers after it hear the line, each of them once."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no paper")

    monkeypatch.setattr(logging, "raiseExceptions", is_reported)
    PACKAGE.handlers.insert(0, Broken())
    PACKAGE.addHandler(Broken())
    PACKAGE.addHandler(kept := Kept())
    assert_heard(kept.heard, file, tell())
    error = capsys.readouterr().err
    assert error.count("--- Logging error ---") == (4 if is_reported else 0)
    assert ("things.py" in error, "no paper" in error) == (is_reported, is_reported)


@pytest.mark.parametrize("is_before", [True, False])
def test_a_hook_that_fails_costs_our_file_no_line(
    file: AppendHandler, monkeypatch: pytest.MonkeyPatch, is_before: bool
) -> None:
    """Whether it fails before or after it has called the handlers, the line is there once."""
    original = logging.Logger.callHandlers

    def hook(logger: logging.Logger, record: logging.LogRecord) -> None:
        if not is_before:
            original(logger, record)
        raise ConnectionError

    monkeypatch.setattr(logging.Logger, "callHandlers", hook)
    tell()
    assert [line["operation"] for line in lines(file)] == ["record_event", "sell"]


@pytest.mark.parametrize(
    ("level", "told"),
    [("gold", ("INFO", "gold")), (2.5, ("INFO", 2.5)), (True, ("INFO", True)), ("ERROR", ("ERROR", None))],
)
def test_a_level_that_is_not_one_is_a_field(file: AppendHandler, level: Any, told: tuple[str, Any]) -> None:
    """A bakery may have levels of its own; the name of a level counts as one."""
    log_operation(TILL, "sell", "sold", level=level)
    assert [(line["level"], line.get("ctx_level")) for line in lines(file)] == [told]


@pytest.mark.parametrize("name", functions())
def test_every_operation_knows_where_it_stands(name: str) -> None:
    """Other loggers show the service's function, its file and its first line."""
    event = Event(TILL, logging.INFO, name, "success")
    event.where = kinds()[name].where
    function = inspect.unwrap(functions()[name])
    record = event.record
    assert (record.funcName, record.pathname) == (name, inspect.getsourcefile(function))
    assert record.lineno == inspect.getsourcelines(function)[1]


# With the packages of others ------------------------------------------------------------------------------------------


def test_structlog_formats_our_lines_as_its_own(file: AppendHandler) -> None:
    """``ProcessorFormatter`` with ``ExtraAdder`` and the place, as its documentation shows."""
    structlog = _package("structlog")
    written: list[str] = []
    place = structlog.processors.CallsiteParameter
    asked = [place.FUNC_NAME, place.PATHNAME, place.LINENO]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.CallsiteParameterAdder(asked),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    PACKAGE.addHandler(_collecting(formatter, written))
    line = tell()
    heard = [json.loads(text) for text in written]
    names = ("event", "level", "func_name", "pathname", "lineno")
    assert_heard([_heard(one, *names) for one in heard], file, line)


def test_python_json_logger_writes_our_fields(file: AppendHandler) -> None:
    """Every attribute that is not the library's own becomes a field of its line."""
    json_logger = _package("pythonjsonlogger.json")
    written: list[str] = []
    formatter = json_logger.JsonFormatter("%(message)s %(levelname)s %(funcName)s %(pathname)s %(lineno)s")
    PACKAGE.addHandler(_collecting(formatter, written))
    line = tell()
    heard = [json.loads(text) for text in written]
    names = ("message", "levelname", "funcName", "pathname", "lineno")
    assert_heard([_heard(one, *names) for one in heard], file, line)


def test_loguru_intercepts_our_lines(file: AppendHandler) -> None:
    """The handler of its documentation, which searches the stack for the place; ours binds the fields as well."""
    loguru = _package("loguru")
    heard: list[Heard] = []

    class InterceptHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            level: str | int
            try:
                level = loguru.logger.level(record.levelname).name
            except ValueError:
                level = record.levelno
            frame, depth = inspect.currentframe(), 0
            while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
                frame = frame.f_back
                depth += 1
            told = loguru.logger.bind(**fields_of(record)).opt(depth=depth, exception=record.exc_info)
            told.log(level, record.getMessage())

    def sink(message: Any) -> None:
        told = message.record
        place = told["function"], told["file"].path, told["line"]
        heard.append((told["message"], told["level"].name, *place, told["extra"]))
        modules.append(told["name"])

    modules: list[str] = []
    sink_id = loguru.logger.add(sink, level=0)
    PACKAGE.addHandler(InterceptHandler())
    try:
        line = tell()
    finally:
        loguru.logger.remove(sink_id)
    assert_heard(heard, file, line)
    assert modules == [things.__name__, __name__]


def test_our_formatter_suits_any_handler(file: AppendHandler) -> None:
    """A line of ours on somebody's stream is the line of our file."""
    written: list[str] = []
    PACKAGE.addHandler(_collecting(JsonFormatter(), written))
    tell(logging.getLogger("bake_tracker.shop"))  # a logger that is not a service's
    assert [json.loads(text) for text in written] == lines(file)


def _package(name: str) -> Any:
    need_package(name)
    return importlib.import_module(name)


def _collecting(formatter: logging.Formatter, written: list[str]) -> logging.Handler:
    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Collecting()
    handler.setFormatter(formatter)
    return handler


def _heard(line: dict[str, Any], *names: str) -> Heard:
    """The parts of somebody's line, by its names for them; the rest is our fields."""
    message, level, function, path, number = (line.pop(name) for name in names)
    return message, level.upper(), function, path, number, line
