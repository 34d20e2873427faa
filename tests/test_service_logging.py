"""Every row of the specification's log table for recorded operations, as ``caplog`` sees it."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import (
    ConflictError,
    EventNotFoundError,
    FinishedGoodNotFoundError,
    FinishedUnitNotFoundError,
    FinishedUnitRecipeMismatchError,
    InsufficientComponentsError,
    InsufficientInventoryError,
    RecipeNotFoundError,
    ServiceError,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.log.events import fields_of
from bake_tracker.log.format import JsonFormatter
from bake_tracker.services import batch_production_service
from bake_tracker.services.assembly_service import check_can_assemble, record_assembly
from bake_tracker.services.batch_production_service import check_can_produce, record_batch_production
from bake_tracker.services.database import run_in_transaction, session_scope
from support.kitchen import Kitchen
from support.log.lines import SERVICES, boxes, cookies, cut, failing, fields, last, lock_timeout, some, told

BAD_COUNTS = [0, -1, 1.5, True, "2"]


@pytest.fixture
def bakery(kitchen: Kitchen, log: pytest.LogCaptureFixture) -> Kitchen:
    """Flour and sugar for twenty batches of cookies, cartons for a hundred boxes, and an empty log."""
    kitchen.simple_bakery()
    log.clear()
    return kitchen


@contextmanager
def scope(caplog: pytest.LogCaptureFixture, *errors: type[BaseException]) -> Iterator[Session]:
    """Open ``session_scope()`` inside ``caplog.at_level``, and expect it to end with one of the errors."""
    with caplog.at_level(logging.DEBUG, logger=SERVICES), failing(*errors), session_scope() as session:
        yield session


# entry ---------------------------------------------------------------------------------------------------------------


def test_the_entry_line_of_a_production_has_every_argument_but_the_session(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """DEBUG ``started`` with the specified message; for free text only its length."""
    at, operation_id = datetime(2026, 11, 23, 6, tzinfo=UTC), uuid4()
    more = {"scale_factor": 0.5, "produced_at": at, "loss_reason": "burnt", "notes": "oven 2", "event_id": None}
    more |= {"labour_cost": 4}
    with caplog.at_level(logging.DEBUG, logger=SERVICES), session_scope() as session:
        cookies(bakery, session, 2, 20, operation_id=operation_id, **more)
    record = caplog.records[0]
    assert (record.levelno, record.getMessage()) == (logging.DEBUG, "Recording batch production")
    assert record.name == "bake_tracker.services.batch_production_service"
    asked = {"recipe_id": bakery.ids["Cookies"], "finished_unit_id": bakery.ids["Cookie"], "num_batches": 2}
    asked |= {"actual_yield": 20, "scale_factor": 0.5, "produced_at": at.isoformat(), "event_id": None}
    asked |= {"loss_reason": 5, "notes": 6, "operation_id": str(operation_id), "attempt": 1}
    asked |= {"labour_cost": 4, "overhead_cost": None}
    asked |= {"operation": "record_batch_production", "outcome": "started"}
    assert some(fields(record), *asked) == asked
    assert not hasattr(record, "session")
    assert set(fields_of(record)) == set(asked)


def test_the_entry_line_of_an_assembly_has_every_argument_but_the_session(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """DEBUG ``started`` with the specified message."""
    bakery.produce("Cookies", "Cookie", 1, 24)
    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger=SERVICES), session_scope() as session:
        boxes(bakery, session, 2, notes="ribbon")
    record = caplog.records[0]
    assert (record.levelno, record.getMessage()) == (logging.DEBUG, "Recording assembly")
    asked = {"finished_good_id": bakery.ids["Box"], "quantity": 2, "assembled_at": None, "event_id": None, "notes": 6}
    assert some(fields(record), *asked) == asked
    assert not hasattr(record, "session")


# success -------------------------------------------------------------------------------------------------------------


def test_a_committed_production_is_logged_after_the_scope(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """INFO ``success`` with its fields, and no success line inside the scope."""
    with caplog.at_level(logging.DEBUG, logger=SERVICES), session_scope() as session:
        result = cookies(bakery, session, 2, 40)
        assert told(caplog, with_started=True) == [("DEBUG", "record_batch_production", "started")]
    assert told(caplog) == [("INFO", "record_batch_production", "success")]
    record = caplog.records[-1]
    assert record.getMessage() == "record_batch_production: success"
    expected = {
        "production_run_id": result["production_run_id"],
        "recipe_id": bakery.ids["Cookies"],
        "finished_unit_id": bakery.ids["Cookie"],
        "num_batches": 2,
        "actual_yield": "40",
        "production_status": "partial_loss",
        "total_ingredient_cost": "3.00",
        "operation_id": result["operation_id"],
    }
    assert some(fields(record), *expected) == expected


def test_a_committed_assembly_is_logged_after_the_scope(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """INFO ``success`` with its fields, and no success line inside the scope."""
    bakery.produce("Cookies", "Cookie", 1, 24)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger=SERVICES), session_scope() as session:
        result = boxes(bakery, session, 2)
        assert told(caplog) == []
    assert told(caplog) == [("INFO", "record_assembly", "success")]
    assert caplog.messages == ["record_assembly: success"]
    expected = {
        "assembly_run_id": result["assembly_run_id"],
        "finished_good_id": bakery.ids["Box"],
        "quantity": 2,
        "total_component_cost": "1.75",
        "operation_id": result["operation_id"],
    }
    assert some(last(caplog), *expected) == expected


# refusals ------------------------------------------------------------------------------------------------------------


def test_short_ingredients_are_logged_at_once(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """WARNING ``insufficient_inventory`` with the first short ingredient and the list of all."""
    with caplog.at_level(logging.DEBUG, logger=SERVICES), session_scope() as session:
        with pytest.raises(InsufficientInventoryError):
            cookies(bakery, session, 100, 2400)
        assert told(caplog) == [("WARNING", "record_batch_production", "insufficient_inventory")]
    assert told(caplog) == [("WARNING", "record_batch_production", "insufficient_inventory")]
    expected = {
        "recipe_id": bakery.ids["Cookies"],
        "finished_unit_id": bakery.ids["Cookie"],
        "ingredient": "flour",
        "missing_ingredients": ["flour", "sugar"],
    }
    assert some(last(caplog), *expected) == expected
    assert [shortage["available"] for shortage in last(caplog)["shortages"]] == ["10000", "5000"]
    assert "event_id" not in last(caplog)


def test_short_components_are_logged_at_once(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """WARNING ``insufficient_components`` with all that are short."""
    with scope(caplog, InsufficientComponentsError) as session:
        boxes(bakery, session, 101)
    assert told(caplog) == [("WARNING", "record_assembly", "insufficient_components")]
    expected = {"finished_good_id": bakery.ids["Box"], "missing_components": ["carton", "cookie"]}
    assert {
        **some(last(caplog), *expected),
        "missing_components": sorted(last(caplog)["missing_components"]),
    } == expected


@pytest.mark.one_database
@pytest.mark.parametrize("count", BAD_COUNTS)
@pytest.mark.parametrize(
    "call", ["record_batch_production", "check_can_produce", "record_assembly", "check_can_assemble"]
)
def test_a_bad_count_is_a_validation_failure_that_names_the_argument(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, call: str, count: Any
) -> None:
    """WARNING ``validation_failed``; a bad count never passes a check or causes a database error."""
    calls = {
        "record_batch_production": lambda s: cookies(bakery, s, count),
        "check_can_produce": lambda s: check_can_produce(bakery.ids["Cookies"], count, session=s),
        "record_assembly": lambda s: boxes(bakery, s, count),
        "check_can_assemble": lambda s: check_can_assemble(bakery.ids["Box"], count, session=s),
    }
    with scope(caplog, ValidationError) as session:
        calls[call](session)
    argument = "num_batches" if "produc" in call else "quantity"
    assert told(caplog) == [("WARNING", call, "validation_failed")]
    assert last(caplog)["fields"] == [argument]
    assert last(caplog)["error"].startswith(f"ValidationError: {argument}: ")


REFUSALS: tuple[tuple[str, type[ServiceError], Any], ...] = (
    ("recipe", RecipeNotFoundError, lambda b, s: record_batch_production(404, b.ids["Cookie"], 1, 24, session=s)),
    ("recipe", RecipeNotFoundError, lambda b, s: check_can_produce(404, 1, session=s)),
    ("finished_unit", FinishedUnitNotFoundError, lambda _, s: record_batch_production(1, 404, 1, 24, session=s)),
    ("finished_good", FinishedGoodNotFoundError, lambda b, s: record_assembly(404, 1, session=s)),
    ("finished_good", FinishedGoodNotFoundError, lambda b, s: check_can_assemble(404, 1, session=s)),
    ("event", EventNotFoundError, lambda b, s: cookies(b, s, event_id=404)),
    ("event", EventNotFoundError, lambda b, s: boxes(b, s, event_id=404)),
)


@pytest.mark.parametrize(("thing", "error", "call"), REFUSALS)
def test_a_missing_thing_is_logged_by_its_id(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, thing: str, error: type[ServiceError], call: Any
) -> None:
    """WARNING with the outcome for the missing thing, its id and the error."""
    with scope(caplog, error) as session:
        call(bakery, session)
    assert [(level, name) for level, _, name in told(caplog)] == [("WARNING", f"{thing}_not_found")]
    assert last(caplog)[f"{thing}_id"] == 404
    assert last(caplog)["error"].startswith(f"{error.__name__}: ")
    assert "404" in last(caplog)["error"]


def test_a_unit_that_the_recipe_does_not_make_is_a_validation_failure(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """WARNING ``validation_failed`` with both ids."""
    bakery.recipe("Bread", {"Flour": (500, "g")}, {"Loaf": 1})
    caplog.clear()
    ids = bakery.ids
    with scope(caplog, FinishedUnitRecipeMismatchError) as session:
        record_batch_production(ids["Cookies"], ids["Loaf"], 1, 1, session=session)
    assert told(caplog) == [("WARNING", "record_batch_production", "validation_failed")]
    assert some(last(caplog), "recipe_id", "finished_unit_id") == {
        "recipe_id": ids["Cookies"],
        "finished_unit_id": ids["Loaf"],
    }


@pytest.mark.parametrize("is_checked", [True, False])
def test_a_missing_density_names_every_ingredient(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, is_checked: bool
) -> None:
    """WARNING ``unit_conversion_failed``, from the check and the recording alike."""
    bakery.ingredient("Cocoa")
    bakery.ingredient("Oats")
    bakery.recipe("Bar", {"Cocoa": (1, "cup"), "Oats": (2, "cup")}, {"Bar piece": 8})
    caplog.clear()
    with scope(caplog, UnitConversionError) as session:
        if is_checked:
            check_can_produce(bakery.ids["Bar"], 1, session=session)
        else:
            record_batch_production(bakery.ids["Bar"], bakery.ids["Bar piece"], 1, 8, session=session)
    name = "check_can_produce" if is_checked else "record_batch_production"
    assert told(caplog) == [("WARNING", name, "unit_conversion_failed")]
    expected = {"recipe_id": bakery.ids["Bar"], "ingredients": ["cocoa", "oats"], "from_unit": "cup", "to_unit": "g"}
    assert some(last(caplog), *expected) == expected


def test_an_id_used_for_something_else_is_a_conflict(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """WARNING ``conflict`` with the operation id, and nothing changes."""
    operation_id = uuid4()
    bakery.produce("Cookies", "Cookie", 1, 24, operation_id=operation_id)
    caplog.clear()
    with scope(caplog, ConflictError) as session:
        cookies(bakery, session, 2, 24, operation_id=operation_id)
    assert told(caplog) == [("WARNING", "record_batch_production", "conflict")]
    assert last(caplog)["operation_id"] == str(operation_id)
    assert bakery.stock("Cookie") == 24


# errors and retries --------------------------------------------------------------------------------------------------


def test_any_other_exception_is_logged_without_local_variables(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERROR ``error`` with type, at most 1 KiB of text and the frames; the JSON line holds no local variable."""

    def failing(_session: Session, _recipe_id: int) -> None:
        password = "hunter2"
        raise RuntimeError(f"the oven is {'very ' * 500}hot: {len(password)}")

    monkeypatch.setattr(batch_production_service, "load_recipe", failing)
    with scope(caplog, RuntimeError) as session:
        cookies(bakery, session)
    assert told(caplog) == [("ERROR", "record_batch_production", "error")]
    record = caplog.records[-1]
    assert fields(record)["error"].startswith("RuntimeError: the oven is very very ")
    assert len(fields(record)["error"].encode()) == 1_024
    assert fields(record)["recipe_id"] == bakery.ids["Cookies"]
    assert record.exc_info is not None
    assert record.exc_info[0] is RuntimeError
    line = JsonFormatter().format(record)
    exception = json.loads(line)["exception"]
    assert (exception["type"], len(exception["message"]) <= 1_024) == ("RuntimeError", True)
    assert exception["frames"][-1].endswith("failing")
    assert "hunter2" not in line


def test_a_failed_attempt_that_is_repeated_is_logged_as_retried(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WARNING ``retried`` once per attempt, always with the same operation id, and one success at the end."""
    load, failures = batch_production_service.load_recipe, [lock_timeout(), lock_timeout()]

    def sometimes(session: Session, recipe_id: int) -> Any:
        if failures:
            raise failures.pop()
        return load(session, recipe_id)

    monkeypatch.setattr(batch_production_service, "load_recipe", sometimes)
    with caplog.at_level(logging.INFO, logger=SERVICES):
        result = run_in_transaction(lambda s: cookies(bakery, s))
    assert [(fields(r)["outcome"], fields(r)["attempt"]) for r in caplog.records] == [
        ("retried", 1),
        ("retried", 2),
        ("success", 3),
    ]
    assert {fields(r)["operation_id"] for r in caplog.records} == {result["operation_id"]}
    assert len({fields(r)["transaction_id"] for r in caplog.records}) == 3
    assert [r.levelname for r in caplog.records] == ["WARNING", "WARNING", "INFO"]
    assert fields(caplog.records[0])["error"].startswith("OperationalError: (")
    assert caplog.records[0].exc_info is None


def test_the_same_id_again_is_logged_as_replayed(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """INFO ``replayed`` with the fields of the success; the first result comes back and nothing changes."""
    operation_id = uuid4()
    first = bakery.produce("Cookies", "Cookie", 1, 24, operation_id=operation_id)
    success = last(caplog)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger=SERVICES), session_scope() as session:
        again = cookies(bakery, session, 1, Decimal(24), operation_id=str(operation_id))
    assert told(caplog) == [("INFO", "record_batch_production", "replayed")]
    names = batch_production_service.RECORD.success_fields
    assert some(last(caplog), "operation_id", *names) == some(success, "operation_id", *names)
    assert again == first
    assert bakery.stock("Cookie") == 24


def test_a_rolled_back_transaction_is_logged_as_rolled_back(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """WARNING ``rolled_back`` with the fields that the success would have had."""
    with scope(caplog, KeyError) as session:
        result = cookies(bakery, session)
        raise KeyError
    assert told(caplog) == [("WARNING", "record_batch_production", "rolled_back")]
    assert caplog.messages[-1] == "record_batch_production: rolled_back"
    names = batch_production_service.RECORD.success_fields
    assert some(last(caplog), "operation_id", *names) == some(result, "operation_id", *names)
    assert last(caplog)["settled_at"] > datetime.fromtimestamp(last(caplog)["created"], UTC).isoformat()[:19]


def test_a_connection_that_dies_during_commit_leaves_the_outcome_unknown(
    bakery: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    """WARNING ``unknown`` with the fields that the success would have had."""
    with scope(caplog, DBAPIError) as session:
        result = cookies(bakery, session)
        cut(session)
    assert told(caplog) == [("WARNING", "record_batch_production", "unknown")]
    names = batch_production_service.RECORD.success_fields
    assert some(last(caplog), "operation_id", *names) == some(result, "operation_id", *names)


# checks --------------------------------------------------------------------------------------------------------------


def test_a_check_that_passes_is_logged_at_debug(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """DEBUG ``sufficient`` with ids, quantity and the specified message."""
    bakery.produce("Cookies", "Cookie", 1, 24)
    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger=SERVICES), session_scope() as session:
        check_can_produce(bakery.ids["Cookies"], 2, session=session)
        check_can_assemble(bakery.ids["Box"], 4, session=session)
    assert told(caplog) == [("DEBUG", "check_can_produce", "sufficient"), ("DEBUG", "check_can_assemble", "sufficient")]
    assert caplog.messages == ["Production check passed", "Assembly check passed"]
    produce, assemble = (fields(record) for record in caplog.records)
    assert some(produce, "recipe_id", "num_batches") == {"recipe_id": bakery.ids["Cookies"], "num_batches": 2}
    assert some(assemble, "finished_good_id", "quantity") == {"finished_good_id": bakery.ids["Box"], "quantity": 4}
    assert produce["transaction_id"] == assemble["transaction_id"]


def test_a_check_that_fails_is_logged_at_info(bakery: Kitchen, caplog: pytest.LogCaptureFixture) -> None:
    """INFO ``insufficient`` with ids and the slugs of everything short."""
    with caplog.at_level(logging.DEBUG, logger=SERVICES), session_scope() as session:
        check_can_produce(bakery.ids["Cookies"], 100, session=session)
        check_can_assemble(bakery.ids["Box"], 1, session=session)
    assert told(caplog) == [
        ("INFO", "check_can_produce", "insufficient"),
        ("INFO", "check_can_assemble", "insufficient"),
    ]
    assert caplog.messages == ["check_can_produce: insufficient", "check_can_assemble: insufficient"]
    produce, assemble = (fields(record) for record in caplog.records)
    assert produce["missing_ingredients"] == ["flour", "sugar"]
    assert assemble["missing_components"] == ["cookie"]
    assert [some(r, "operation_id", "attempt")["attempt"] for r in (produce, assemble)] == [1, 1]
