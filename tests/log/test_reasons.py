"""Why a line says that its operation was rolled back, retried or refused."""

import gc
import logging
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import InsufficientInventoryError, ValidationError
from bake_tracker.log.format import MAX_CAUSES, exception_field
from bake_tracker.services.database import engine_for, roll_back_because, run_in_transaction, session_scope
from bake_tracker.services.operation import MAX_ASKED_TEXT
from support.kitchen import Kitchen
from support.log.lines import SERVICES, boxes, cookies, failing, fields, last, lock_timeout


@pytest.fixture
def bakery(kitchen: Kitchen, log: pytest.LogCaptureFixture, caplog: pytest.LogCaptureFixture) -> Kitchen:
    """Flour and sugar for twenty batches of cookies, cartons for a hundred boxes, and an empty log."""
    kitchen.simple_bakery()
    log.clear()
    caplog.set_level(logging.INFO, logger=SERVICES)
    return kitchen


def _reason(line: dict[str, Any]) -> tuple[Any, ...]:
    names = ("error", "rolled_back_because", "cause_operation_id", "after_operation_id")
    return (line["outcome"], *(line.get(name) for name in names), "exception" in line)


def test_the_exception_that_left_the_scope_is_the_reason(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """Type, text, frames and cause are on each line, with the last operation before it."""
    with failing(RuntimeError), session_scope() as session:
        cookies(bakery, session)
        second = cookies(bakery, session)["operation_id"]
        try:
            _ = {}["oven"]
        except KeyError as error:
            raise RuntimeError("the oven is cold") from error
    lines = [fields(record) for record in caplog.records]
    assert [_reason(line) for line in lines] == [
        ("rolled_back", "RuntimeError: the oven is cold", None, None, second, True)
    ] * 2
    shown = lines[0]["exception"]
    assert (shown["type"], shown["message"]) == ("RuntimeError", "the oven is cold")
    assert shown["frames"][-1].endswith("test_the_exception_that_left_the_scope_is_the_reason")
    assert [cause["type"] for cause in shown["causes"]] == ["KeyError"]


def test_a_refusal_that_left_the_scope_is_named_by_its_operation(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """The refused operation's own line has the rest."""
    with failing(InsufficientInventoryError), session_scope() as session:
        first = cookies(bakery, session)["operation_id"]
        cookies(bakery, session, 1_000)
    refused, undone = (fields(record) for record in caplog.records)
    assert refused["outcome"] == "insufficient_inventory"
    assert _reason(undone) == ("rolled_back", undone["error"], None, refused["operation_id"], first, False)
    assert undone["error"].startswith("InsufficientInventoryError: ")


def test_the_caller_gives_its_own_words(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """They hold for the next rollback: of the savepoint here, not of the transaction after it."""
    with Session(engine_for()) as session:
        kept = cookies(bakery, session)["operation_id"]
        inner = session.begin_nested()
        undone = cookies(bakery, session)["operation_id"]
        roll_back_because(session, "the customer cancelled")
        inner.rollback()
        assert _reason(last(caplog)) == ("rolled_back", None, "the customer cancelled", None, undone, False)
        session.rollback()
    assert _reason(last(caplog)) == ("rolled_back", None, None, None, kept, False)


def test_a_reason_keeps_no_secret(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """This holds for the caller's words and for an exception."""
    leak = "see postgresql://baker:hunter2@host/bakery"
    with Session(engine_for()) as session:
        cookies(bakery, session)
        roll_back_because(session, leak)
    assert "hunter2" not in last(caplog)["rolled_back_because"]
    with failing(RuntimeError), session_scope() as session:
        cookies(bakery, session)
        raise RuntimeError(leak) from ValueError(leak)
    line = last(caplog)
    assert "hunter2" not in f"{line['error']} {line['exception']}"


def test_an_exception_from_before_the_transaction_is_not_the_reason(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """Work done while another exception is handled may be rolled back without any."""
    with Session(engine_for()) as session:
        try:
            raise LookupError("another matter")
        except LookupError:
            undone = cookies(bakery, session)["operation_id"]
            session.rollback()
    assert _reason(last(caplog)) == ("rolled_back", None, None, None, undone, False)


def test_an_abandoned_session_has_no_reason(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """The exception that is handled while the garbage collector finds the session has nothing to do with it."""
    session = Session(engine_for())
    undone = cookies(bakery, session)["operation_id"]
    try:
        raise LookupError("another matter")
    except LookupError:
        del session
        gc.collect()
    assert _reason(last(caplog)) == ("rolled_back", None, None, None, undone, False)


def test_a_retry_without_an_operation_of_its_own_names_those_before_it(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure comes between two operations."""
    failures = [lock_timeout()]

    def work(session: Session) -> None:
        cookies(bakery, session)
        if failures:
            raise failures.pop()
        boxes(bakery, session)

    run_in_transaction(work)
    undone, retried, *_ = (fields(record) for record in caplog.records)
    assert (retried["operation"], retried["outcome"]) == ("run_in_transaction", "retried")
    assert (retried["transaction_id"], retried["operation_ids"]) == (undone["transaction_id"], [undone["operation_id"]])
    assert undone["error"] == retried["error"]


def test_a_refusal_keeps_what_was_asked(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """At INFO no start line has the arguments, so the refusal has them, shortened; free text only as its length."""
    with pytest.raises(ValidationError), session_scope() as session:
        cookies(bakery, session, 0, 24, notes="dark", scale_factor="x" * 2_000)
    asked = last(caplog)["asked"]
    assert (asked["num_batches"], asked["actual_yield"], asked["notes"]) == (0, 24, 4)
    assert asked["scale_factor"] == "x" * MAX_ASKED_TEXT + "[1500 more characters]"
    assert "loss_reason" not in asked


def test_causes_are_bounded_and_a_circle_ends() -> None:
    """An error may cause itself, and a chain may be long."""
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert [cause["message"] for cause in exception_field(first)["causes"]] == ["second"]
    error: BaseException = ValueError(0)
    for number in range(1, 20):
        outer = ValueError(number)
        outer.__cause__ = error
        error = outer
    assert len(exception_field(error)["causes"]) == MAX_CAUSES
