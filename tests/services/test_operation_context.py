"""Operations log their request, parent and cause, and respect the configured level."""

import logging
import os
import subprocess
import sys

import pytest
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import InsufficientInventoryError, ServiceError, ValidationError
from bake_tracker.log.tell import bound_log_context
from bake_tracker.services.database import run_in_transaction, session_scope
from bake_tracker.services.operation import Kind, recording
from bake_tracker.services.stock import receipt
from support.kitchen import Kitchen
from support.log.lines import SERVICES, cookies, failing, fields, last, some, told

pytestmark = pytest.mark.one_database


@pytest.fixture
def bakery(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> Kitchen:
    """Flour and sugar for twenty batches of cookies, and an empty log."""
    kitchen.simple_bakery()
    log.clear()
    return kitchen


def test_every_line_has_the_fields_that_an_entry_point_bound(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """Started, refusal and success lines have request and actor; later lines have neither."""
    with (
        caplog.at_level(logging.DEBUG, logger=SERVICES),
        bound_log_context(request_id="r-1", actor="Ada", operation="mine"),
    ):
        run_in_transaction(lambda s: cookies(bakery, s))
        with pytest.raises(InsufficientInventoryError):
            run_in_transaction(lambda s: cookies(bakery, s, 1_000))
    bound = [some(fields(r), "request_id", "actor", "ctx_operation", "operation") for r in caplog.records]
    expected = {"request_id": "r-1", "actor": "Ada", "ctx_operation": "mine", "operation": "record_batch_production"}
    assert bound == [expected] * 4
    run_in_transaction(lambda s: cookies(bakery, s))
    assert "request_id" not in last(caplog)


@pytest.mark.parametrize(
    ("actor", "kept"),
    [
        ("x" * 300, "x" * 200),
        ("Ada\0\ud83c", "Ada\\u0000\ufffd"),
        ({"name": "Ada", "password": "hunter2"}, "{'name': 'Ada', 'password': '[redacted]'}"),
    ],
)
def test_any_actor_can_be_kept_with_the_operation(bakery: Kitchen, actor: object, kept: str) -> None:
    """No operation fails for its actor, even if it is too long, not text, or not storable."""
    with bound_log_context(actor=actor):
        operation_id = bakery.produce("Cookies", "Cookie", 1, 24)["operation_id"]
    ((found,),) = bakery.rows("SELECT actor FROM operation WHERE CAST(id AS TEXT) = :id", id=operation_id)
    assert found == kept


@pytest.mark.parametrize("argument", ["notes", "num_batches", "event_id", "produced_at", "scale_factor"])
def test_a_value_that_may_hold_a_secret_is_refused_by_its_type(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, argument: str
) -> None:
    """A mapping or bytes in place of a plain value reach neither the error nor the log."""
    for secret in ({"password": "hunter2"}, b"hunter2"):
        arguments = {"batches": 1, "actual": 24, argument.replace("num_batches", "batches"): secret}
        with pytest.raises(ValidationError) as caught, session_scope() as session:
            cookies(bakery, session, **arguments)
        assert f"not a value of type {type(secret).__name__}" in str(caught.value)
        assert last(caplog)["fields"] == [argument]
        assert "hunter2" not in last(caplog)["error"]


DAY = Kind("record_day", __name__, "Recorded a day")


def record_day(bakery: Kitchen, session: Session, batches: int, *, wrapped: bool = False) -> None:
    """A composite: a receipt and a production as one operation."""
    with recording(DAY, session, {"batches": batches}) as operation:
        operation.claim({"batches": batches})
        receipt.record_receipt(bakery.ids["Flour"], 1, "kg", session=session)
        try:
            cookies(bakery, session, batches)
        except InsufficientInventoryError as error:
            if wrapped:
                raise ValidationError.of("batches", "too many for the day") from error
            raise
        operation.succeed({"batches": batches})


def test_the_operations_of_a_composite_are_nested(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """Each logs its own line in the same transaction, nested by ``parent_operation_id``."""
    with caplog.at_level(logging.INFO, logger=SERVICES):
        run_in_transaction(lambda s: record_day(bakery, s, 1))
    lines = {fields(r)["operation"]: fields(r) for r in caplog.records}
    assert told(caplog) == [
        ("INFO", "record_receipt", "success"),
        ("INFO", "record_batch_production", "success"),
        ("INFO", "record_day", "success"),
    ]
    day = lines["record_day"]
    children = [lines["record_receipt"], lines["record_batch_production"]]
    assert [child["parent_operation_id"] for child in children] == [day["operation_id"]] * 2
    assert {child["transaction_id"] for child in children} == {day["transaction_id"]}
    assert "parent_operation_id" not in day


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_parent_that_fails_with_its_child_names_it(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, wrapped: bool
) -> None:
    """The log has the child's refusal, the parent's with ``cause_operation_id``, and the sibling rolled back."""
    with caplog.at_level(logging.INFO, logger=SERVICES), pytest.raises(ServiceError):
        run_in_transaction(lambda s: record_day(bakery, s, 100, wrapped=wrapped))
    assert sorted(told(caplog)) == [
        ("WARNING", "record_batch_production", "insufficient_inventory"),
        ("WARNING", "record_day", "validation_failed" if wrapped else "insufficient_inventory"),
        ("WARNING", "record_receipt", "rolled_back"),
    ]
    lines = {fields(r)["operation"]: fields(r) for r in caplog.records}
    assert lines["record_day"]["cause_operation_id"] == lines["record_batch_production"]["operation_id"]
    assert "cause_operation_id" not in lines["record_batch_production"]


def test_a_caught_refusal_leaves_nothing_in_the_transaction(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """A refused operation between two good ones gives two successes, one refusal and two rows."""
    with caplog.at_level(logging.INFO, logger=SERVICES), session_scope() as session:
        cookies(bakery, session)
        with pytest.raises(InsufficientInventoryError):
            cookies(bakery, session, 100)
        cookies(bakery, session)
    assert [outcome for _, _, outcome in told(caplog)] == ["insufficient_inventory", "success", "success"]
    rows = bakery.rows("SELECT id FROM operation WHERE name = 'record_batch_production'")
    assert {str(row.id) for row in rows} == {fields(r)["operation_id"] for r in caplog.records[1:]}


def test_log_levels_are_respected(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """At WARNING a success is silent, but a rollback of the same operation is logged."""
    with caplog.at_level(logging.WARNING, logger=SERVICES):
        run_in_transaction(lambda s: cookies(bakery, s))
        assert told(caplog) == []
        with failing(KeyError), session_scope() as session:
            cookies(bakery, session)
            raise KeyError
    assert told(caplog) == [("WARNING", "record_batch_production", "rolled_back")]


def test_a_plain_script_prints_its_records(sqlite_url: str) -> None:
    """A script needs only ``logging.basicConfig`` and one operation."""
    script = (
        "import logging; logging.basicConfig(level=logging.DEBUG)\n"
        "from bake_tracker.services.catalog import things as catalog_service\n"
        "from bake_tracker.services.database import session_scope\n"
        "with session_scope() as session: catalog_service.record_supplier('Mill', session=session)\n"
    )
    environment = {**os.environ, "BAKE_TRACKER_DATABASE_URL": sqlite_url}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert [line for line in done.stderr.splitlines() if "record_" in line] == [
        "DEBUG:bake_tracker.services.catalog_service:record_supplier: started",
        "INFO:bake_tracker.services.catalog_service:record_supplier: success",
    ]
