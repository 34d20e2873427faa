"""Every public writer is found and called once, and ends in exactly one outcome line of its own name."""

import inspect
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ValidationError
from bake_tracker.services.database import run_in_transaction, session_scope
from bake_tracker.services.operation import Kind
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.writers import CALLS, WRITERS, Writer, assert_registered, writers_of

pytest_plugins = ["bake_tracker.testing"]


def outcomes_of(log: pytest.LogCaptureFixture, name: str) -> list[dict[str, Any]]:
    lines = [record.__dict__ for record in log.records if record.name.startswith("bake_tracker.services")]
    return [line for line in lines if line["operation"] == name and line["outcome"] != "started"]


def assert_told_once(log: pytest.LogCaptureFixture, name: str) -> dict[str, Any]:
    """Fail unless the writer's call ended in one success line of its own name."""
    outcomes = outcomes_of(log, name)
    assert [line["outcome"] for line in outcomes] == ["success"], (
        f"{name} must end in exactly one outcome line: run its body inside `recording`"
    )
    return outcomes[0]


def test_every_writer_has_a_call_here() -> None:
    """A new ``record_*`` without a registered call fails, and so does a call of a removed writer."""
    assert_registered(WRITERS)
    assert CALLS.keys() - WRITERS.keys() == set()


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_a_writer_ends_in_one_outcome_line(kitchen: Kitchen, log: pytest.LogCaptureFixture, writer: str) -> None:
    """The success line has every field its kind promises, and the operation has one row."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    log.clear()
    result = run_in_transaction(lambda session: CALLS[writer](kitchen, session))
    line = assert_told_once(log, writer)
    assert line["operation_id"] == result["operation_id"]
    assert kitchen.rows("SELECT name FROM operation WHERE id = :id", id=result["operation_id"]) == [(writer,)]
    kind = next(kind for kind in kinds_of(WRITERS[writer]) if kind.name == writer)
    assert {f"ctx_{field}" if field == "name" else field for field in kind.success_fields} <= set(line)


def kinds_of(writer: Writer) -> list[Kind]:
    return [value for value in vars(inspect.getmodule(writer)).values() if isinstance(value, Kind)]


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_a_writer_that_is_undone_ends_in_one_outcome_line(
    kitchen: Kitchen, operation_log: OperationLog, writer: str
) -> None:
    """When the caller fails, the writer and its nested operations have one line each: rolled back."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    operation_log.clear()
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        CALLS[writer](kitchen, session)
        raise ZeroDivisionError
    assert operation_log.outcomes(writer) == ["rolled_back"]
    assert {line.outcome for line in operation_log.ends} == {"rolled_back"}
    operation_log.assert_one_outcome_each()


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_a_writer_that_refuses_ends_in_one_outcome_line(
    kitchen: Kitchen, operation_log: OperationLog, writer: str
) -> None:
    """Invalid arguments end in one line, a refusal and not an error."""
    wrong = {
        name: object()
        for name, parameter in inspect.signature(WRITERS[writer]).parameters.items()
        if parameter.default is inspect.Parameter.empty and name != "session"
    }
    wrong["operation_id"] = "no UUID"
    with pytest.raises(ValidationError), session_scope() as session:
        WRITERS[writer](session=session, **wrong)
    assert operation_log.outcomes(writer) == ["validation_failed"]
    operation_log.assert_one_outcome_each()


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_a_writer_takes_the_callers_session_and_operation_id(writer: str) -> None:
    """Both are keyword-only; the session is required, the id optional."""
    parameters = inspect.signature(WRITERS[writer]).parameters
    assert parameters["session"].kind is parameters["operation_id"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["session"].default is inspect.Parameter.empty
    assert parameters["operation_id"].default is None


def forgetful_module() -> ModuleType:
    """Return a service whose writer is not registered and does not use ``recording``."""
    module = ModuleType("bake_tracker.services.forgetful_service")

    def record_gift(*, session: Session) -> dict[str, Any]:
        return {"operation_id": "none"}

    record_gift.__module__ = module.__name__
    vars(module)["record_gift"] = record_gift
    return module


def test_a_writer_without_a_call_is_found() -> None:
    """The message says what to do."""
    with pytest.raises(AssertionError, match=r"no call of record_gift: add one to CALLS"):
        assert_registered({**WRITERS, **writers_of(forgetful_module())})


def test_a_writer_that_bypasses_recording_is_found(log: pytest.LogCaptureFixture, kitchen: Kitchen) -> None:
    """The writer leaves no outcome line, and the message says what to do."""
    writers = writers_of(forgetful_module())
    assert list(writers) == ["record_gift"]
    run_in_transaction(lambda session: writers["record_gift"](session=session))
    with pytest.raises(AssertionError, match=r"record_gift must end in exactly one outcome line"):
        assert_told_once(log, "record_gift")
