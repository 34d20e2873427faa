"""Engines whose transactions cannot be followed are refused, and an operation of another database stands alone."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text, update
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ValidationError
from bake_tracker.models import tables
from bake_tracker.services.catalog import things
from bake_tracker.services.database import make_engine
from bake_tracker.services.operation import Kind, recording
from support.log.lines import fields
from support.log.outcome_scenarios import CommitBound, staged

OUTER = Kind("record_outer", "catalog_service", "Outer")


def test_a_driver_that_nobody_tried_is_refused_at_the_first_operation(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal is one sentence and comes before anything is written."""
    engine = create_engine(sqlite_url)
    monkeypatch.setattr(engine.dialect, "driver", "pysqlcipher", raising=False)
    with Session(engine) as session, pytest.raises(ValidationError, match="aiosqlite or asyncpg, not pysqlcipher"):
        things.record_item("ingredient", "Flour", "g", session=session)
    engine.dispose()


@pytest.mark.parametrize("is_early", [True, False])
def test_a_listener_that_can_hide_statements_is_refused_or_seen_through(sqlite_url: str, is_early: bool) -> None:
    """One that comes in the middle of a transaction cannot hide what became of the rows."""

    def hide(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
        cursor.execute(statement, parameters)
        return True

    with staged(sqlite_url, CommitBound()) as stage:
        with stage.session() as session:
            if is_early:
                event.listen(stage.engine, "do_execute", hide)
                with pytest.raises(ValidationError, match="do_execute listener"):
                    stage.record(session)
                return
            session.execute(text("SAVEPOINT a"))
            stage.record(session)
            event.listen(stage.engine, "do_execute", hide)
            session.execute(text("ROLLBACK TO a"))
            session.commit()
        assert stage.faults() == ([], [])
        assert stage.recorder.outcomes == [(stage.attempted[0], "rolled_back")]


@pytest.fixture
def another_bakery(sqlite_url: str, tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "another.db"
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), path)
    engine = make_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(update(tables.bakery).values(database_id="00000000-0000-4000-8000-000000000002"))
    yield engine
    engine.dispose()


def test_an_operation_on_another_database_inside_one_is_its_own_root(
    sqlite_url: str, another_bakery: Any, log: pytest.LogCaptureFixture
) -> None:
    """Its parent has no row in its database, so its line names the cause; each is kept or undone on its own."""
    ours = make_engine(sqlite_url)
    with Session(ours) as session, Session(another_bakery) as other:
        with recording(OUTER, session, {"session": session}) as outer:
            outer.claim({})
            things.record_item("ingredient", "Flour", "g", session=other)
            outer.succeed({})
        other.commit()
        session.rollback()
    ours.dispose()
    told = {record.operation: fields(record) for record in log.records if record.levelno >= logging.INFO}  # type: ignore[attr-defined]
    assert (told["record_item"]["outcome"], told["record_outer"]["outcome"]) == ("success", "rolled_back")
    assert told["record_item"]["caused_by"] == told["record_outer"]["operation_id"]
    assert "parent_operation_id" not in told["record_item"]
    with another_bakery.connect() as connection:
        assert connection.execute(text("SELECT parent_id FROM operation")).all() == [(None,)]
