"""What every commit-bound line carries, and the one outcome line of each attempt, beyond the rows of the log table."""

import logging
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import DatabaseUnavailableError, ValidationError
from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.database import run_in_transaction, session_scope
from support.kitchen import Kitchen
from support.log.lines import SERVICES, boxes, cookies, cut, fields, last, lock_timeout, told


@pytest.fixture
def bakery(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> Kitchen:
    """Flour and sugar for twenty batches of cookies, cartons for a hundred boxes, and an empty log."""
    kitchen.simple_bakery()
    log.clear()
    return kitchen


def test_an_outcome_line_knows_its_operation_transaction_and_database(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """Ids join the line with the operation's row; duration, SQL count and attempt cover the whole operation."""
    with caplog.at_level(logging.INFO, logger=SERVICES), session_scope() as session:
        first, second = cookies(bakery, session), cookies(bakery, session)
    rows = bakery.rows("SELECT id, transaction_id FROM operation WHERE name = 'record_batch_production'")
    assert {(fields(r)["operation_id"], fields(r)["transaction_id"]) for r in caplog.records} == {
        (str(row.id), str(row.transaction_id)) for row in rows
    }
    assert [fields(r)["operation_id"] for r in caplog.records] == [first["operation_id"], second["operation_id"]]
    assert {fields(r)["transaction_id"] for r in caplog.records} == {str(rows[0].transaction_id)}
    assert {fields(r)["database_id"] for r in caplog.records} == {
        str(bakery.rows("SELECT database_id FROM bakery")[0][0])
    }
    for record in caplog.records:
        assert UUID(fields(record)["operation_id"]).version == 7
        assert fields(record)["attempt"] == 1
        assert 0 < fields(record)["duration_ms"] < 60_000
        assert 1 < fields(record)["sql_count"] <= 18
        assert "parent_operation_id" not in fields(record)


def test_several_bad_arguments_are_named_at_once(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """One line names every invalid argument."""
    with (
        caplog.at_level(logging.DEBUG, logger=SERVICES),
        pytest.raises(ValidationError),
        session_scope() as session,
    ):
        cookies(bakery, session, 0, -1, scale_factor=float("nan"), operation_id="not-a-uuid")
    assert told(caplog) == [("WARNING", "record_batch_production", "validation_failed")]
    assert last(caplog)["ctx_operation_id"] == "not-a-uuid"


def test_an_earlier_success_in_a_failed_attempt_is_logged_as_rolled_back(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every attempt of every operation has exactly one outcome line, and the next attempt has the same ids."""
    failures = [lock_timeout()]
    load = assembly_service.load_good

    def sometimes(session: Session, good_id: int) -> Any:
        if failures:
            raise failures.pop()
        return load(session, good_id)

    monkeypatch.setattr(assembly_service, "load_good", sometimes)
    with caplog.at_level(logging.INFO, logger=SERVICES):
        run_in_transaction(lambda s: (cookies(bakery, s), boxes(bakery, s)))
    lines = [(fields(r)["operation"], fields(r)["attempt"], fields(r)["outcome"]) for r in caplog.records]
    assert lines == [
        ("record_assembly", 1, "retried"),
        ("record_batch_production", 1, "rolled_back"),
        ("record_batch_production", 2, "success"),
        ("record_assembly", 2, "success"),
    ]
    ids = [fields(r)["operation_id"] for r in caplog.records]
    assert (ids[0], ids[1]) == (ids[3], ids[2])


def test_a_failure_at_the_last_attempt_is_an_error(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ERROR follows one ``retried`` line for each earlier attempt."""

    def failing(_session: Session, _recipe_id: int) -> None:
        raise lock_timeout()

    monkeypatch.setattr(batch_production_service, "load_recipe", failing)
    monkeypatch.setattr("bake_tracker.database.scopes.MAX_ATTEMPTS", 3)
    with caplog.at_level(logging.INFO, logger=SERVICES), pytest.raises(DatabaseUnavailableError) as given_up:
        run_in_transaction(lambda s: cookies(bakery, s))
    assert [(fields(r)["outcome"], fields(r)["attempt"]) for r in caplog.records] == [
        ("retried", 1),
        ("retried", 2),
        ("error", 3),
    ]
    assert isinstance(given_up.value.__cause__, OperationalError)
    assert "locked for too long" in str(given_up.value)


def test_a_connection_that_dies_during_commit_is_tried_again_with_the_same_id(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """The next attempt settles it: if the id exists it is a replay, otherwise a success."""
    attempts: list[str] = []

    def work(session: Session) -> None:
        attempts.append(cookies(bakery, session)["operation_id"])
        if len(attempts) == 1:
            cut(session)

    with caplog.at_level(logging.INFO, logger=SERVICES):
        run_in_transaction(work)
    assert [(fields(r)["outcome"], fields(r)["attempt"]) for r in caplog.records] == [("unknown", 1), ("success", 2)]
    assert {fields(r)["operation_id"] for r in caplog.records} == {attempts[0]}
    assert attempts == [attempts[0]] * 2
