"""The fixture for people who write operations: what it records, and that its assertions fail when they should."""

import logging
from uuid import uuid4

import pytest

from bake_tracker.domain.errors import InsufficientComponentsError
from bake_tracker.log.tell import bound_log_context, get_service_logger, log_operation
from bake_tracker.services.database import run_in_transaction, session_scope
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from bake_tracker.services.stock import receipt
from bake_tracker.testing import Line, OperationLog, listening
from support.kitchen import Kitchen
from support.log.lines import boxes, cookies

pytestmark = pytest.mark.one_database

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def bakery(kitchen: Kitchen, operation_log: OperationLog) -> Kitchen:
    """A bakery whose set-up is not in the log."""
    kitchen.simple_bakery()
    operation_log.clear()
    return kitchen


def receive(bakery: Kitchen, **more: object) -> None:
    run_in_transaction(
        lambda s: receipt.record_receipt(bakery.ids["Flour"], 1, "kg", session=s, **more)  # type: ignore[arg-type]
    )


def bake_and_pack(bakery: Kitchen, boxes: int) -> None:
    ids = bakery.ids
    run_in_transaction(
        lambda s: record_bake_and_pack(ids["Cookies"], ids["Cookie"], 1, 24, ids["Box"], boxes, session=s)
    )


def test_outcomes_and_fields_of_one_operation(bakery: Kitchen, operation_log: OperationLog) -> None:
    """The entry line is not an outcome; the outcome line has every field of the JSON line."""
    receive(bakery)
    receive(bakery)
    bakery.produce("Cookies", "Cookie", 1, 24)
    assert operation_log.outcomes("record_receipt") == ["success", "success"]
    assert operation_log.outcomes("record_assembly") == []
    line = operation_log.one("record_batch_production", "success")
    assert line.fields["recipe_id"] == bakery.ids["Cookies"]
    assert (line.level, line.message, line.attempt) == ("INFO", "record_batch_production: success", 1)
    assert (line.operation_id, line.transaction_id) == (line.fields["operation_id"], line.fields["transaction_id"])
    assert operation_log.one("record_batch_production", "started").message == "Recording batch production"
    operation_log.assert_one_outcome_each()


def test_a_success_is_not_there_before_the_commit(bakery: Kitchen, operation_log: OperationLog) -> None:
    """Inside the transaction the operation has started but not ended, and the assertion says so."""
    with session_scope() as session:
        cookies(bakery, session)
        assert operation_log.outcomes("record_batch_production") == []
        with pytest.raises(
            AssertionError, match=r"attempt 1: 1 call\(s\), no outcome; is its transaction still open\?"
        ):
            operation_log.assert_one_outcome_each()
        assert "begun, not ended: record_batch_production: started" in str(operation_log)
    assert operation_log.outcomes("record_batch_production") == ["success"]
    operation_log.assert_one_outcome_each()


def test_children_are_in_order_under_their_parent(bakery: Kitchen, operation_log: OperationLog) -> None:
    """A line leads to the operations nested in it."""
    bake_and_pack(bakery, 2)
    parent = operation_log.one("record_bake_and_pack")
    children = operation_log.children(parent)
    assert [(line.operation, line.outcome) for line in children] == [
        ("record_batch_production", "success"),
        ("record_assembly", "success"),
    ]
    assert [operation_log.children(child) for child in children] == [[], []]
    assert {line.parent_operation_id for line in children} == {parent.operation_id}


def test_lines_are_in_the_order_in_which_things_happened(bakery: Kitchen, operation_log: OperationLog) -> None:
    """The refusal is written before the earlier success, but comes after it."""
    with session_scope() as session:
        cookies(bakery, session)
        with pytest.raises(InsufficientComponentsError):
            boxes(bakery, session, 100)
    operation_log.in_order(
        ("record_batch_production", "started"),
        ("record_batch_production", "success"),
        ("record_assembly", "insufficient_components"),
    )
    assert [line.outcome for line in operation_log.lines if not line.is_entry] == ["success", "insufficient_components"]
    operation_log.assert_one_outcome_each()


def test_a_wrong_order_fails_and_shows_the_tree(bakery: Kitchen, operation_log: OperationLog) -> None:
    """The message shows the missing line, the one expected before it, and the log as a tree."""
    with pytest.raises(InsufficientComponentsError):
        bake_and_pack(bakery, 100)
    with pytest.raises(AssertionError) as failed:
        operation_log.in_order(
            ("record_bake_and_pack", "insufficient_components"), ("record_batch_production", "success")
        )
    ids = bakery.ids
    transaction_id = operation_log.one("record_bake_and_pack").transaction_id
    cause = operation_log.one("record_assembly").operation_id
    error = "InsufficientComponentsError: box: needs 600 each"
    shown = str(failed.value).splitlines()
    assert shown[:4] == [
        "expected 'record_batch_production: success' after 'record_bake_and_pack: insufficient_components',"
        " but found no such line",
        "",
        "The log has:",
        f"transaction {transaction_id}",
    ]
    assert shown[4].startswith(f"  record_bake_and_pack: insufficient_components  recipe_id={ids['Cookies']}, ")
    assert shown[4].endswith(f"cause_operation_id={cause}")
    assert [line.partition("  ")[0] or line.split("  ")[2] for line in shown[5:]] == [
        "record_batch_production: rolled_back",
        "record_assembly: insufficient_components",
    ]
    assert error.partition(":")[0] in shown[6]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (("record_receipt", None), r"exactly one line 'record_receipt: \(any outcome\)', found 2"),
        (("record_receipt", "conflict"), "exactly one line 'record_receipt: conflict', found 0"),
        (("record_recipe", None), r"exactly one line 'record_recipe: \(any outcome\)', found 0"),
    ],
)
def test_one_fails_unless_there_is_exactly_one(
    bakery: Kitchen, operation_log: OperationLog, wanted: tuple[str, str | None], message: str
) -> None:
    """None and two both fail, and the message has the count."""
    receive(bakery)
    receive(bakery)
    with pytest.raises(AssertionError, match=message):
        operation_log.one(*wanted)


def test_an_operation_logged_twice_fails(bakery: Kitchen, operation_log: OperationLog) -> None:
    """The message has the id of a call with a second outcome line."""
    receive(bakery)
    line = operation_log.one("record_receipt")
    tell_again(line)
    with pytest.raises(AssertionError, match=rf"record_receipt {line.operation_id} attempt 1: 1 call\(s\), success, "):
        operation_log.assert_one_outcome_each()


def tell_again(line: Line) -> None:
    """Log an outcome of an operation again, bypassing ``recording``."""
    with bound_log_context(operation_id=line.operation_id):
        log_operation(get_service_logger("forged"), line.operation, "error")


def test_a_replay_is_a_call_of_its_own(bakery: Kitchen, operation_log: OperationLog) -> None:
    """With the same id twice, in one transaction or two, each call has one line, and only one is the success."""
    operation_id = uuid4()
    with session_scope() as session:
        cookies(bakery, session, operation_id=operation_id)
        cookies(bakery, session, operation_id=operation_id)
    run_in_transaction(lambda s: cookies(bakery, s, operation_id=operation_id))
    assert operation_log.outcomes("record_batch_production") == ["success", "replayed", "replayed"]
    operation_log.assert_one_outcome_each()


def test_checks_and_lines_without_an_operation_are_heard(bakery: Kitchen, operation_log: OperationLog) -> None:
    """A check has an outcome and no entry line; a line outside any operation has neither id."""
    bakery.can_produce("Cookies", 1)
    log_operation(get_service_logger("demo"), "open_log", "opened", colour="blue")
    assert operation_log.outcomes("check_can_produce") == ["sufficient"]
    assert operation_log.one("open_log").fields["colour"] == "blue"
    assert operation_log.one("open_log").operation_id is None
    operation_log.assert_one_outcome_each()


def test_caplog_records_the_same_lines_beside_it(
    bakery: Kitchen, operation_log: OperationLog, caplog: pytest.LogCaptureFixture
) -> None:
    """Both record every line, and caplog restores the level it set."""
    with caplog.at_level(logging.DEBUG, logger="bake_tracker.services"):
        receive(bakery)
    assert [record.levelname for record in caplog.records] == ["DEBUG", "INFO"]
    assert [line.level for line in operation_log.lines] == ["DEBUG", "INFO"]


def test_the_fixture_leaves_the_logger_as_it_was() -> None:
    """No handler and no level stay behind, even when the test fails."""
    logger = logging.getLogger("bake_tracker")
    before = logger.level, logger.handlers[:]
    with pytest.raises(ZeroDivisionError), listening() as heard:
        assert (logger.level, logger.handlers[-1]) == (logging.DEBUG, heard)
        raise ZeroDivisionError
    assert (logger.level, logger.handlers) == before


def test_an_empty_log_says_so(operation_log: OperationLog) -> None:
    """An empty log has nothing to fail on."""
    operation_log.assert_one_outcome_each()
    assert (operation_log.lines, str(operation_log)) == ([], "no operation")


def test_an_ordinary_line_is_shown_by_its_message(operation_log: OperationLog) -> None:
    """The line belongs to no operation and makes no assertion fail."""
    logging.getLogger("bake_tracker.other").info("hello %s", "baker", extra={"oven": 2})
    (line,) = operation_log.lines
    assert (str(line), line.operation, line.operation_id) == ("hello baker  oven=2", "", None)
    assert str(operation_log) == "no operation"
    operation_log.assert_one_outcome_each()
