"""A success line never lies, however a transaction ends, even if the database ends it by itself."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.orm import Session

from support.log.outcome_scenarios import (
    SCENARIOS,
    CallTime,
    CommitBound,
    Recorder,
    SessionEvents,
    Stage,
    staged,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_claims_are_what_the_database_holds(database_url: str, scenario: Any) -> None:
    """Every success line has its row, every row its success line, and every attempt exactly one outcome line."""
    with staged(database_url, CommitBound()) as stage:
        scenario(stage)
        assert stage.faults() == ([], [])
        assert stage.attempted
        assert stage.outcome_count() == dict.fromkeys(stage.attempted, 1)


def faults_over_all(url: str, recorder: Recorder) -> tuple[int, int]:
    with staged(url, recorder) as stage:
        for scenario in SCENARIOS:
            scenario(stage)
        false, missing = stage.faults()
    return len(false), len(missing)


def test_all_scenarios_in_one_database_hold_too(database_url: str) -> None:
    """One transaction's leftovers on a pooled connection do not affect the next."""
    assert len(SCENARIOS) == 24
    assert faults_over_all(database_url, CommitBound()) == (0, 0)


@pytest.mark.parametrize("recorder", [CallTime, SessionEvents])
def test_the_harness_finds_the_faults_of_the_usual_methods(database_url: str, recorder: type[Recorder]) -> None:
    """Logging at call time, and in session events, claims successes that never happened."""
    false, _missing = faults_over_all(database_url, recorder())
    assert false > 0


def told_of(stage: Stage) -> list[str]:
    """The logged outcomes of the attempted operations, in order."""
    assert isinstance(stage.recorder, CommitBound)
    return [outcome for operation_id, outcome in stage.recorder.outcomes if operation_id in stage.attempted]


def test_a_postgresql_commit_after_a_failed_statement_is_a_rollback(postgresql_url: str) -> None:
    """PostgreSQL answers that COMMIT with ROLLBACK and no error: the caller gets an error, and no success is logged."""
    with staged(postgresql_url, CommitBound()) as stage:
        with stage.session() as session:
            stage.record(session)
            with pytest.raises(DBAPIError):
                session.connection().exec_driver_sql("SELECT 1 / 0")
            with pytest.raises(PendingRollbackError):
                session.commit()
        assert stage.faults() == ([], [])
        assert told_of(stage) == ["rolled_back"]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_transaction_that_sqlite_rolled_back_by_itself_logs_no_success(sqlite_url: str, goes_on: bool) -> None:
    """A full disk or a trigger makes SQLite roll back everything; the caller's next statement starts nothing new."""
    with staged(sqlite_url, CommitBound()) as stage:
        with stage.session() as session:
            session.execute(
                text(
                    "CREATE TRIGGER full_disk BEFORE INSERT ON parent WHEN NEW.id = 13 "
                    "BEGIN SELECT RAISE(ROLLBACK, 'full'); END"
                )
            )
            session.commit()
            stage.record(session)
            with pytest.raises(DBAPIError):
                session.execute(text("INSERT INTO parent VALUES (13)"))
            assert told_of(stage) == ["rolled_back"]
            if goes_on:
                with pytest.raises(PendingRollbackError):
                    stage.record(session)
            with pytest.raises(PendingRollbackError):
                session.commit()
        assert stage.faults() == ([], [])
        assert stage.outcome_count() == dict.fromkeys(stage.attempted, 1)


@pytest.mark.parametrize(("statement", "outcome"), [("ROLLBACK", "rolled_back"), ("COMMIT", "success")])
def test_a_transaction_ended_behind_our_back_is_told_by_its_rows(
    database_url: str, statement: str, outcome: str
) -> None:
    """Statements sent past SQLAlchemy are not seen; the end of the transaction is, and the row says how it ended."""
    with staged(database_url, CommitBound()) as stage:
        with stage.session() as session:
            stage.record(session)
            session.connection().connection.cursor().execute(statement)
            with pytest.raises(PendingRollbackError):
                session.commit()
        assert stage.faults() == ([], [])
        assert told_of(stage) == [outcome]


def test_a_commit_as_text_after_a_failed_statement_is_refused(postgresql_url: str) -> None:
    """PostgreSQL would answer it with a ROLLBACK and no error, as for the session's own commit."""
    with staged(postgresql_url, CommitBound()) as stage:
        with stage.session() as session:
            stage.record(session)
            with pytest.raises(DBAPIError):
                session.connection().exec_driver_sql("SELECT 1 / 0")
            with pytest.raises(PendingRollbackError):
                session.connection().exec_driver_sql("COMMIT")
        assert stage.faults() == ([], [])
        assert told_of(stage) == ["rolled_back"]


@pytest.mark.parametrize("undone", ["SAVEPOINT a", "SAVEPOINT sa_savepoint_1"])
def test_a_savepoint_older_than_the_first_operation_is_seen_when_undone(database_url: str, undone: str) -> None:
    """A SAVEPOINT from before the first operation takes everything after it with it."""
    with staged(database_url, CommitBound()) as stage:
        with stage.session() as session:
            session.execute(text(undone))
            stage.record(session)
            session.execute(text(f"ROLLBACK TO {undone}"))
            session.commit()
        assert stage.faults() == ([], [])
        assert told_of(stage) == ["rolled_back"]


def test_a_statement_that_only_looks_like_an_end_moves_nothing(database_url: str) -> None:
    """SELECT begins like SAVEPOINT, and a word in a comment or a literal is not a statement."""
    with staged(database_url, CommitBound()) as stage:
        with stage.session() as session:
            stage.record(session)
            session.execute(text("/* ROLLBACK */ SELECT 'COMMIT; ROLLBACK' AS savepoint_a -- END"))
            assert told_of(stage) == []
            session.commit()
        assert told_of(stage) == ["success"]


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_connection_of_somebody_elses_engine_is_observed(database_url: str, is_kept: bool) -> None:
    """The driver's own late BEGIN makes no difference, nor does an engine that these services did not make."""
    with staged(database_url, CommitBound()) as stage:
        engine = create_engine(database_url)
        with engine.connect() as connection:
            outer = connection.begin()
            with Session(connection) as session:
                stage.record(session)
                session.commit()
            assert told_of(stage) == []
            if is_kept:
                outer.commit()
            else:
                outer.rollback()
        engine.dispose()
        assert stage.faults() == ([], [])
        assert told_of(stage) == ["success" if is_kept else "rolled_back"]


def test_a_failed_commit_frees_its_connection(sqlite_url: str) -> None:
    """SQLAlchemy sends no ROLLBACK after a failed COMMIT; the pooled connection would keep the write lock."""
    with staged(sqlite_url, CommitBound()) as stage:
        with stage.session() as session:
            stage.record(session)
            session.execute(text("INSERT INTO child VALUES (404)"))
            with pytest.raises(DBAPIError):
                session.commit()
            driver = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)
            driver.execute("BEGIN IMMEDIATE")
            driver.close()
        assert told_of(stage) == ["rolled_back"]


def test_an_interrupted_commit_is_unknown(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C during COMMIT the database may have committed, so neither success nor rollback is claimed."""
    commit, interrupting = DefaultDialect.do_commit, []

    def commit_or_interrupt(dialect: DefaultDialect, driver_connection: Any) -> None:
        commit(dialect, driver_connection)
        if interrupting:
            raise KeyboardInterrupt

    monkeypatch.setattr(DefaultDialect, "do_commit", commit_or_interrupt)  # underneath the observer
    with staged(database_url, CommitBound()) as stage:
        with stage.session() as session:
            stage.record(session)
            interrupting.append(True)
            with pytest.raises(KeyboardInterrupt):
                session.commit()
        assert stage.stored() == stage.attempted
        assert told_of(stage) == ["unknown"]
