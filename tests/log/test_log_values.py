"""Any value can be logged: one line of valid JSON, no exception, no secret, and the call's other fields are kept."""

import json
import logging
import traceback
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.log import emitting
from bake_tracker.log.events import LINE_FIELDS, RECORD_FIELDS
from bake_tracker.log.format import ConsoleFormatter, JsonFormatter
from bake_tracker.log.redaction import is_secret_key
from bake_tracker.log.tell import bound_log_context
from bake_tracker.log.values import MAX_SIZE, safe_value
from bake_tracker.services import get_service_logger, log_operation
from support.depth import rounds
from support.log.hostile_values import HOSTILE, SECRET, BrokenClass, BrokenRepr, BrokenText


class Lines(logging.Handler):
    """Keep the JSON line and the console line of each record."""

    def __init__(self) -> None:
        super().__init__()
        self.json: list[str] = []
        self.console: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.json.append(JsonFormatter().format(record))
        self.console.append(ConsoleFormatter(colour=False).format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines of one logger only."""
    handler, logger = Lines(), get_service_logger("hostile")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def parsed(line: str) -> dict[str, Any]:
    """Parse one physical line of strict JSON in valid UTF-8."""

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    assert line.splitlines() == [line]
    assert line.encode("utf-8").decode("utf-8") == line
    result: dict[str, Any] = json.loads(line, parse_constant=refuse)
    return result


def only(lines: Lines) -> dict[str, Any]:
    assert len(lines.json) == 1
    assert lines.console[0].splitlines() == [lines.console[0]]
    assert "\x1b" not in lines.console[0]
    assert SECRET not in lines.json[0] + lines.console[0]
    return parsed(lines.json[0])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_value_is_one_line(lines: Lines, name: str) -> None:
    """The line is valid JSON without a secret, and the benign fields before and after the value are kept."""
    value, expected = HOSTILE[name]
    log_operation(get_service_logger("hostile"), "bake", "success", recipe_id=7, hostile=value, batches=Decimal(2))
    line = only(lines)
    assert (line["recipe_id"], line["batches"], line["message"]) == (7, "2", "bake: success")
    if expected is not ...:
        assert line["hostile"] == expected
    assert len(lines.json[0]) < 4 * MAX_SIZE


@pytest.mark.parametrize("name", sorted((RECORD_FIELDS | LINE_FIELDS) - {"level", "logger", "operation", "outcome"}))
def test_a_name_that_is_taken_is_kept_under_ctx(lines: Lines, name: str) -> None:
    """This holds for every attribute of a LogRecord and every field of a line; nothing in the record is overwritten."""
    log_operation(get_service_logger("hostile"), "bake", "success", recipe_id=7, **{name: "mine"})
    line = only(lines)
    assert (line["recipe_id"], line[f"ctx_{name}"], line["message"]) == (7, "mine", "bake: success")


def test_the_attributes_of_every_supported_python_are_known() -> None:
    """``taskName`` came with 3.12; it is reserved on 3.11 too, so that lines do not depend on the version."""
    names = {"name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text"}
    names |= {"stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName"}
    names |= {"processName", "process", "taskName", "message", "asctime", "getMessage"}
    assert names - RECORD_FIELDS == set()


def test_colliding_ctx_names_are_all_kept(lines: Lines) -> None:
    """A name already taken under ``ctx_`` gets another ``ctx_``."""
    log_operation(get_service_logger("hostile"), "bake", "success", name="a", ctx_name="b", ctx_ctx_name="c")
    line = only(lines)
    assert [line["ctx_name"], line["ctx_ctx_name"], line["ctx_ctx_ctx_name"]] == ["a", "b", "c"]


def test_a_bound_context_cannot_take_the_lines_own_fields(lines: Lines) -> None:
    """Not even the parameter names of ``log_operation`` can; and the call's own field keeps its name."""
    mine = {"operation": 1, "outcome": 2, "level": 3, "logger": 4, "recipe_id": 5, "token": SECRET, "actor": "Ada"}
    with bound_log_context(**mine):
        log_operation(get_service_logger("hostile"), "bake", "success", recipe_id=7)
    line = only(lines)
    expected = {"operation": "bake", "outcome": "success", "level": "INFO", "recipe_id": 7, "ctx_recipe_id": 5}
    expected |= {"ctx_operation": 1, "ctx_outcome": 2, "ctx_level": 3, "ctx_logger": 4, "token": "[redacted]"}
    expected |= {"actor": "Ada", "logger": "bake_tracker.services.hostile"}
    assert {name: line[name] for name in expected} == expected


HOSTILE_NAMES: dict[str, tuple[Any, Any]] = {
    "newline and colour": ("a\nb", "\x1b[31m"),
    "formats": ("%s", "{}"),
    "no text": (None, 5),
    "broken": (BrokenRepr(), BrokenText("ok")),
    "surrogate and bidi": ("\ud800", "\u202e"),
    "huge and empty": ("x" * 10**6, ""),
}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_operation_or_outcome_is_one_line(lines: Lines, name: str) -> None:
    """The message has no line break or colour from data, in any formatter."""
    log_operation(get_service_logger("hostile"), *HOSTILE_NAMES[name], recipe_id=7)
    line = only(lines)
    assert line["recipe_id"] == 7
    assert line["message"].isprintable()


@pytest.mark.parametrize("fault", [OSError("disk full"), RecursionError(), ValueError()])
def test_a_handler_that_raises_costs_the_other_handlers_nothing(
    lines: Lines, fault: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """The caller sees no exception, later handlers get the line, and stderr says so once."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise fault

    logger, broken = get_service_logger("hostile"), Broken()
    logger.handlers.insert(0, broken)
    try:
        log_operation(logger, "bake", "success", recipe_id=7)
    finally:
        logger.removeHandler(broken)
    assert only(lines)["recipe_id"] == 7


@pytest.mark.parametrize("broken", [None, 5, "logger"])
def test_logging_to_none_does_not_raise(broken: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """No logging error reaches the caller; stderr says that lines are lost."""
    emitting._reported.clear()
    log_operation(broken, "bake", "success")
    assert capsys.readouterr().err == (
        "bake-tracker: log lines are being lost (AttributeError); the operations themselves are safe\n"
    )


def test_logging_at_the_recursion_limit_does_not_raise() -> None:
    """This holds however deep the caller's stack already is."""

    def descend() -> int:
        try:
            deeper = descend() + 1
        except RecursionError:
            deeper = 0
        if deeper < 100:
            try:
                log_operation(logger, "bake", "success", level=logging.ERROR, recipe_id=[7])
            except RecursionError as error:
                # There was no room even for the call itself; once inside, nothing is raised.
                inside.extend(trace for trace in traceback.extract_tb(error.__traceback__)[1:])
        return deeper

    inside: list[Any] = []
    logger = get_service_logger("hostile")
    logger.addHandler(handler := logging.NullHandler())
    logger.propagate = False
    try:
        assert descend() > 100
        assert inside == []
    finally:
        logger.propagate = True
        logger.removeHandler(handler)


SECRETS = (
    "password PASSWORD Passwd secret token api_key apikey apiKey API-KEY authorization Authorization cookie Set-Cookie "
    "set_cookie session_id sessionId session_token credential credentials private_key db_password dbPassword "
    "refresh_token client_secret x-api-key maps_api_key ssh_private_key"
)
BAKERY_WORDS = (
    "cookie_dough cookies secret_santa_box session_count token_count recipe_id passwords_baked key author "
    "credential_count keyboard tokens secrets private api bake_session"
)


@pytest.mark.parametrize("key", SECRETS.split())
def test_a_secret_is_redacted_in_any_case_and_at_any_depth(lines: Lines, key: str) -> None:
    """A key that is a field of the call itself counts, too."""
    log_operation(get_service_logger("hostile"), "bake", "success", **{key: SECRET}, deep=[{"a": {key: [SECRET]}}])
    line = only(lines)
    assert (line[key], line["deep"]) == ("[redacted]", [{"a": {key: "[redacted]"}}])
    assert is_secret_key(key)


@pytest.mark.parametrize("key", BAKERY_WORDS.split())
def test_bakery_words_stay_readable(lines: Lines, key: str) -> None:
    """A key is secret by its whole name or its ending, not by a word inside it."""
    log_operation(get_service_logger("hostile"), "bake", "success", **{key: "readable"})
    assert only(lines)[key] == "readable"


@pytest.mark.parametrize("key", ["notes", "note", "loss_reason"])
def test_free_text_is_logged_as_its_length(lines: Lines, key: str) -> None:
    """What people write about each other does not belong in a log, whatever its type."""
    for value in ("burnt", b"burnt", BrokenText("burnt"), None):
        log_operation(get_service_logger("hostile"), "bake", "success", **{key: value})
    assert [parsed(line)[key] for line in lines.json] == [5, 5, 5, None]


def test_a_value_is_copied_when_the_line_is_made() -> None:
    """A commit-bound line is written later, when the caller may have changed the list."""
    value = {"lots": [1]}
    copy = safe_value(value)
    value["lots"].append(2)
    assert copy == {"lots": [1]}


def test_a_disabled_level_does_not_look_at_the_values(lines: Lines) -> None:
    """A line that is not written costs next to nothing."""
    get_service_logger("hostile").setLevel(logging.WARNING)
    looked: list[bool] = []

    class Curious:
        def __repr__(self) -> str:
            looked.append(True)
            return ""

    log_operation(get_service_logger("hostile"), "bake", "success", value=Curious())
    assert (lines.json, looked) == ([], [])


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary() | st.decimals()
    | st.fractions() | st.dates() | st.datetimes() | st.uuids() | st.timedeltas() | st.complex_numbers()
    | st.just("\ud800\u2028") | st.builds(BrokenRepr) | st.builds(BrokenClass)
)  # fmt: skip
keys = st.text(st.characters()) | st.integers() | st.none() | st.binary() | st.sampled_from(["password", "name"])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner) | st.tuples(inner, inner) | st.sets(st.integers()),
)


@given(value=values, names=st.dictionaries(st.text(st.characters()), values, max_size=4))
@settings(max_examples=rounds(50, 150), deadline=None)
def test_any_nested_value_under_any_name_is_one_line(value: Any, names: dict[str, Any]) -> None:
    """It is one line, and the benign field keeps its value."""
    handler, logger = Lines(), logging.Logger("bake_tracker.services.any")
    logger.addHandler(handler)
    taken = {"logger", "operation", "outcome", "level", "value", "recipe_id"}
    context = {name: inner for name, inner in names.items() if name not in taken}
    log_operation(logger, "bake", "success", **context, value=value, recipe_id=7)
    line = only(handler)
    assert line["recipe_id"] == 7
    assert len(line) >= 5 + len(context) + 1
