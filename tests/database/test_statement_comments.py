"""Statements that name their operation, so that the database's log joins ours."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from bake_tracker.config import SettingsError, load_settings
from bake_tracker.log.spans import accept_traceparent
from bake_tracker.services.database import comment_statements, dispose_engines, engine_for, session_scope
from bake_tracker.services.logging_utils import bound_log_context
from support.kitchen import Kitchen
from support.log.lines import boxes, cookies, fields

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
Patch = pytest.MonkeyPatch
CONTROL = re.compile(r"SAVEPOINT|RELEASE|ROLLBACK|COMMIT|BEGIN")


@pytest.fixture
def bakery(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kitchen]:
    """A kitchen whose engine, made from now on, adds comments."""
    kitchen.simple_bakery()
    dispose_engines()
    monkeypatch.setenv("BAKE_TRACKER_SQL_COMMENTS", "true")
    yield kitchen
    dispose_engines()


@contextmanager
def sent() -> Iterator[list[str]]:
    """The statements as they are sent."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(engine_for(), "after_cursor_execute", note)
    yield statements


def test_each_statement_of_an_operation_names_it(bakery: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """The comment names the innermost operation and the caller's span; COMMIT, savepoints and other reads have none."""
    with accept_traceparent(TRACEPARENT), session_scope() as session, sent() as statements:
        baked = cookies(bakery, session)["operation_id"]
        packed = boxes(bakery, session)["operation_id"]
        session.execute(text("SELECT 1"))
    said = [one.partition(" /*")[2] for one in statements]
    mine = f"operation='record_batch_production',operation_id='{baked}',traceparent='{TRACEPARENT}'*/"
    assert said.count(mine) == fields(log.records[-2])["sql_count"]
    assert said.count(mine.replace(baked, packed).replace("batch_production", "assembly")) > 1
    plain = [one for one, comment in zip(statements, said, strict=True) if not comment]
    assert "SELECT 1" in plain
    assert all(CONTROL.match(one) for one in plain if one != "SELECT 1")


def test_no_value_ends_the_comment_or_is_taken_for_a_parameter(bakery: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """Whatever a program binds is percent-encoded, and percent signs are doubled for a driver that formats."""
    with bound_log_context(trace_id="a'b*/ %s", span_id="-- ?"), session_scope() as session, sent() as statements:
        cookies(bakery, session)
    percent = "%" if session.get_bind().dialect.name == "sqlite" else "%%"
    encoded = "00-a%27b%2A%2F%20%25s---%20%3F-01".replace("%", percent)
    assert any(f"traceparent='{encoded}'*/" in one for one in statements)
    assert fields(log.records[-1])["outcome"] == "success"
    assert "/*" not in str(fields(log.records[-1]))


def test_an_undone_savepoint_is_followed_as_without_comments(bakery: Kitchen, log: pytest.LogCaptureFixture) -> None:
    """The log's truth does not depend on the setting."""
    with session_scope() as session:
        cookies(bakery, session)
        savepoint = session.begin_nested()
        boxes(bakery, session)
        savepoint.rollback()
    ended = {record.operation: record.outcome for record in log.records}  # type: ignore[attr-defined]
    assert (ended["record_batch_production"], ended["record_assembly"]) == ("success", "rolled_back")


def test_the_log_of_postgresql_joins_ours(postgresql_url: str, use: Callable[[str], str], monkeypatch: Patch) -> None:
    """One search for an operation's id finds its statements there; here the server also sends us what it logs."""
    monkeypatch.setenv("BAKE_TRACKER_SQL_COMMENTS", "true")
    use(f"{postgresql_url}&options=-c%20log_statement%3Dall%20-c%20client_min_messages%3Dlog")
    logged: list[str] = []

    def hear(driver_connection: Any, *_more: object) -> None:
        driver_connection.add_notice_handler(lambda notice: logged.append(notice.message_primary))

    event.listen(engine_for(), "checkout", hear)
    kitchen = Kitchen().simple_bakery()
    done = kitchen.receive("Flour", 1, "kg")["operation_id"]
    found = [statement for statement in logged if f"operation='record_receipt',operation_id='{done}'*/" in statement]
    assert any("INSERT INTO movement" in statement for statement in found)


def test_a_program_can_ask_for_comments_on_its_own_engine(kitchen: Kitchen) -> None:
    """Whatever its driver is, the statements of our operations name them."""
    kitchen.simple_bakery()
    engine, statements = create_engine(os.environ["BAKE_TRACKER_DATABASE_URL"]), list[str]()
    comment_statements(engine)
    event.listen(engine, "after_cursor_execute", lambda _connection, _cursor, sent, *_more: statements.append(sent))
    with Session(engine) as session:
        done = cookies(kitchen, session)
        session.commit()
    engine.dispose()
    assert sum(f"operation_id='{done['operation_id']}'*/" in statement for statement in statements) > 1


def test_it_is_off_by_default_and_true_or_false(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else is refused by name."""
    assert load_settings().sql_comments is False
    monkeypatch.setenv("BAKE_TRACKER_SQL_COMMENTS", "maybe")
    with pytest.raises(SettingsError, match="BAKE_TRACKER_SQL_COMMENTS: must be true or false"):
        load_settings()
