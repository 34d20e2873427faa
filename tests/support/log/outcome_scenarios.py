"""The ways a transaction can end, and a stage that compares the claims with the database.

A scenario does not know how successes are recorded, so the same ones judge the commit-bound log, logging at call
time, and the usual recipe of session events.
"""

import gc
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ConflictError
from bake_tracker.models import Operation, Supplier
from bake_tracker.services import database
from bake_tracker.services.catalog import things
from support.log.lines import failing

FINAL = {"success", "rolled_back", "retried", "replayed", "unknown", "error", "conflict"}
SERVICES = logging.getLogger("bake_tracker.services")


class Recorder(Protocol):
    """One way of writing an operation and claiming its success."""

    claimed: list[str]

    def record(self, session: Session, operation_id: str) -> None: ...


class CommitBound(logging.Handler):
    """The services' own log: the claims are the operation ids of its success lines."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.claimed: list[str] = []
        self.outcomes: list[tuple[str, str]] = []
        self.prepared: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = record.__dict__
        if fields["outcome"] == "prepared":
            self.prepared.append(fields["operation_id"])
        if fields["outcome"] in FINAL:
            self.outcomes.append((fields["operation_id"], fields["outcome"]))
        if fields["outcome"] == "success":
            self.claimed.append(fields["operation_id"])

    def record(self, session: Session, operation_id: str) -> None:
        name = f"Item {operation_id}"
        things.record_item("ingredient", name, "g", session=session, operation_id=operation_id)


class CallTime:
    """Claim a success as soon as the statements have run."""

    def __init__(self) -> None:
        self.claimed: list[str] = []

    def record(self, session: Session, operation_id: str) -> None:
        write_row(session, operation_id)
        self.claimed.append(operation_id)


class SessionEvents:
    """The usual recipe: claim in ``after_commit``, forget in ``after_rollback``."""

    def __init__(self) -> None:
        self.claimed: list[str] = []

    def record(self, session: Session, operation_id: str) -> None:
        pending = session.info.get("pending")
        if pending is None:
            pending = session.info["pending"] = []
            event.listen(session, "after_commit", lambda _session: self._claim(pending))
            event.listen(session, "after_rollback", lambda _session: pending.clear())
        write_row(session, operation_id)
        pending.append(operation_id)

    def _claim(self, pending: list[str]) -> None:
        self.claimed.extend(pending)
        pending.clear()


def write_row(session: Session, operation_id: str) -> None:
    row = {"id": operation_id, "name": "record_item", "fingerprint": "", "arguments": "{}", "result": "{}"}
    more = {"recorded_at": datetime.now(UTC), "transaction_id": str(uuid4()), "attempt": 1}
    session.execute(insert(Operation), {**row, **more})


class Stage:
    """A database, a second one for SQLite's second writer, and a recorder under test."""

    def __init__(self, url: str, recorder: Recorder, make: Callable[[str], Engine]) -> None:
        self.recorder = recorder
        self.attempted: list[str] = []
        self.is_sqlite = url.startswith("sqlite")
        self.urls = [url]
        if self.is_sqlite:
            path = Path(url.removeprefix("sqlite:///"))
            for name in ("second.db", "journal.db"):
                shutil.copy(path, path.with_name(name))
                self.urls.append(f"sqlite:///{path.with_name(name)}")
        self.engine = make(url)
        self.second_engine = make(self.urls[1]) if self.is_sqlite else self.engine
        setting = create_engine(url)
        with setting.begin() as connection:
            connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
            connection.execute(text(f"CREATE TABLE child (parent_id INTEGER {DEFERRED})"))
            connection.execute(text("INSERT INTO parent VALUES (1)"))
        setting.dispose()

    def session(self, **options: Any) -> Session:
        return Session(self.engine, **options)

    def record(self, session: Session) -> None:
        operation_id = str(uuid4())
        self.attempted.append(operation_id)
        self.recorder.record(session, operation_id)

    def refuse(self, session: Session) -> None:
        """Call a service that refuses."""
        if isinstance(self.recorder, CommitBound):
            self.attempted.append(operation_id := str(uuid4()))
            things.record_supplier("Taken", session=session)
            things.record_supplier("Taken", session=session, operation_id=operation_id)
        raise ConflictError("no")

    def stored(self) -> list[str]:
        """The operations that the databases really hold, read over fresh connections."""
        found: list[str] = []
        for url in self.urls:
            engine = create_engine(url)
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT id FROM operation WHERE name = 'record_item'"))
                found += [str(row[0]) for row in rows]
            engine.dispose()
        return found

    def faults(self) -> tuple[list[str], list[str]]:
        """False successes and missing ones."""
        claimed, stored = Counter(self.recorder.claimed), Counter(self.stored())
        ours = set(self.attempted)
        false, missing = claimed - stored, stored - claimed
        return [key for key in false.elements() if key in ours], [key for key in missing.elements() if key in ours]

    def outcome_count(self) -> dict[str, int]:
        """The number of outcome lines for each attempted operation."""
        assert isinstance(self.recorder, CommitBound)
        told = Counter(operation_id for operation_id, _ in self.recorder.outcomes)
        return {operation_id: told[operation_id] for operation_id in self.attempted}


DEFERRED = "REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED"


@contextmanager
def staged(url: str, recorder: Recorder, make: Callable[[str], Engine] = database.make_engine) -> Iterator[Stage]:
    """A stage whose recorder hears the services' log."""
    stage = Stage(url, recorder, make)
    level = SERVICES.level
    SERVICES.setLevel(logging.DEBUG)
    if isinstance(recorder, logging.Handler):
        SERVICES.addHandler(recorder)
    try:
        yield stage
    finally:
        SERVICES.setLevel(level)
        if isinstance(recorder, logging.Handler):
            SERVICES.removeHandler(recorder)
        for engine in (stage.engine, stage.second_engine):
            engine.dispose()


def commit(stage: Stage) -> None:
    with stage.session() as session:
        stage.record(session)
        session.commit()


def begin_context(stage: Stage) -> None:
    with stage.session() as session, session.begin():
        stage.record(session)


def exception_in_begin_context(stage: Stage) -> None:
    with failing(KeyError), stage.session() as session, session.begin():
        stage.record(session)
        raise KeyError


def later_service_refuses(stage: Stage) -> None:
    with failing(ConflictError), stage.session() as session, session.begin():
        stage.record(session)
        stage.refuse(session)


def close_without_commit(stage: Stage) -> None:
    session = stage.session()
    stage.record(session)
    session.close()


def session_garbage_collected(stage: Stage) -> None:
    session = stage.session()
    stage.record(session)
    del session
    gc.collect()


def savepoint_released_then_commit(stage: Stage) -> None:
    with stage.session() as session:
        with session.begin_nested():
            stage.record(session)
        session.commit()


def savepoint_released_then_outer_rollback(stage: Stage) -> None:
    with stage.session() as session:
        with session.begin_nested():
            stage.record(session)
        session.rollback()


def savepoint_rolled_back_then_commit(stage: Stage) -> None:
    with stage.session() as session:
        stage.record(session)
        savepoint = session.begin_nested()
        stage.record(session)
        savepoint.rollback()
        stage.record(session)
        session.commit()


def three_levels_of_savepoint(stage: Stage) -> None:
    with stage.session() as session:
        with session.begin_nested():
            stage.record(session)
            second = session.begin_nested()
            stage.record(session)
            with session.begin_nested():
                stage.record(session)
            second.rollback()
            stage.record(session)
        session.commit()


def flush_fails_at_commit(stage: Stage) -> None:
    with stage.session() as session:
        stage.record(session)
        session.add_all([Supplier(name="Mill", slug="mill"), Supplier(name="Mill", slug="mill")])
        with pytest.raises(DBAPIError):
            session.commit()
        session.rollback()


def deferred_key_fails_at_commit(stage: Stage) -> None:
    with stage.session() as session:
        stage.record(session)
        session.execute(text("INSERT INTO child VALUES (404)"))
        with pytest.raises(DBAPIError):
            session.commit()
        session.rollback()
        stage.record(session)
        session.commit()


def deferred_key_fails_at_commit_without_rollback(stage: Stage) -> None:
    session = stage.session()
    stage.record(session)
    session.execute(text("INSERT INTO child VALUES (404)"))
    with pytest.raises(DBAPIError):
        session.commit()
    session.close()


def commit_hits_a_lock(stage: Stage) -> None:
    """COMMIT itself waits, for a SQLite reader without WAL or a PostgreSQL row that a deferred key checks."""
    engine = without_wal(stage.urls[-1]) if stage.is_sqlite else stage.engine
    with engine.connect() as reader:
        lock = "SELECT count(*) FROM item" if stage.is_sqlite else "SELECT id FROM parent FOR UPDATE"
        with Session(engine) as session:
            stage.record(session)
            if not stage.is_sqlite:
                session.execute(text("SET LOCAL lock_timeout = '50ms'"))
                session.execute(text("INSERT INTO child VALUES (1)"))
            if stage.is_sqlite:
                reader = reader.execution_options(read_only=True)
            reader.execute(text(lock)).all()
            with pytest.raises(DBAPIError):
                session.commit()
            session.rollback()
    if stage.is_sqlite:
        engine.dispose()


def without_wal(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 0.05, "isolation_level": None})

    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("read_only")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", lambda driver, _record: driver.execute("PRAGMA journal_mode = DELETE").fetchone())
    event.listen(engine, "begin", begin)
    return engine


def two_sessions_interleaved(stage: Stage) -> None:
    with stage.session() as kept, Session(stage.second_engine) as undone:
        stage.record(kept)
        stage.record(undone)
        stage.record(kept)
        kept.commit()
        stage.record(undone)
        undone.rollback()


def joined_outer_commit(stage: Stage) -> None:
    with stage.engine.connect() as connection, connection.begin(), Session(connection) as session:
        stage.record(session)
        session.commit()


def joined_outer_rollback(stage: Stage) -> None:
    with stage.engine.connect() as connection:
        outer = connection.begin()
        with Session(connection) as session:
            stage.record(session)
            session.commit()
        outer.rollback()


def joined_through_a_savepoint(stage: Stage) -> None:
    with stage.engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            stage.record(session)
            session.commit()
            stage.record(session)
            session.rollback()
        outer.rollback()


def rollback_then_new_transaction(stage: Stage) -> None:
    with stage.session() as session:
        stage.record(session)
        session.rollback()
        stage.record(session)
        session.commit()


def drivers_own_savepoint(stage: Stage) -> None:
    """On a caller's own engine, SQLite's driver sends SAVEPOINT without BEGIN, so its RELEASE is the COMMIT."""
    engine = create_engine(stage.urls[0])
    with Session(engine) as session:
        with session.begin_nested():
            stage.record(session)
            with session.begin_nested():
                stage.record(session)
        session.rollback()
        with session.begin_nested() as savepoint:
            stage.record(session)
            savepoint.rollback()
        stage.record(session)
        session.commit()
        with session.begin_nested():
            stage.record(session)
        stage.record(session)
        session.rollback()
    engine.dispose()


def savepoint_as_text(stage: Stage) -> None:
    with stage.session() as session:
        send(session, "SAVEPOINT a")
        stage.record(session)
        send(session, "-- a baker's own\nrollback /* only */ to savepoint A")
        stage.record(session)
        send(session, "ROLLBACK TO a")
        send(session, "savepoint b")
        stage.record(session)
        send(session, "SAVEPOINT b")
        stage.record(session)
        send(session, 'ROLLBACK TRANSACTION TO SAVEPOINT "b"')
        send(session, "RELEASE b")
        send(session, "ROLLBACK TO b")
        stage.record(session)
        send(session, "RELEASE SAVEPOINT b")
        stage.record(session)
        session.commit()


def savepoint_as_text_released(stage: Stage) -> None:
    with stage.session() as session:
        with session.begin_nested():
            send(session, "SAVEPOINT a")
            stage.record(session)
            send(session, "RELEASE a")
        session.commit()
        with session.begin_nested() as savepoint:
            send(session, "SAVEPOINT a")
            stage.record(session)
            send(session, "RELEASE a")
            savepoint.rollback()
        session.commit()


def end_as_text(stage: Stage) -> None:
    for ending in ("COMMIT", "END", "ROLLBACK"):
        with stage.session() as session:
            stage.record(session)
            send(session, f" {ending}")
            if ending == "END":
                stage.record(session)
            session.commit()


def send(session: Session, statement: str) -> None:
    session.execute(text(statement))


def handler_raises(stage: Stage) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("disk full")

    broken = Broken()
    SERVICES.handlers.insert(0, broken)
    try:
        commit(stage)
        close_without_commit(stage)
    finally:
        SERVICES.removeHandler(broken)


SCENARIOS: tuple[Callable[[Stage], None], ...] = (
    commit,
    begin_context,
    exception_in_begin_context,
    later_service_refuses,
    close_without_commit,
    session_garbage_collected,
    savepoint_released_then_commit,
    savepoint_released_then_outer_rollback,
    savepoint_rolled_back_then_commit,
    three_levels_of_savepoint,
    flush_fails_at_commit,
    deferred_key_fails_at_commit,
    deferred_key_fails_at_commit_without_rollback,
    commit_hits_a_lock,
    two_sessions_interleaved,
    joined_outer_commit,
    joined_outer_rollback,
    joined_through_a_savepoint,
    rollback_then_new_transaction,
    drivers_own_savepoint,
    savepoint_as_text,
    savepoint_as_text_released,
    end_as_text,
    handler_raises,
)
