"""More ways for a transaction to end, which not every driver has, and the drivers to try them with."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from importlib.util import find_spec
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from bake_tracker.services.catalog import things
from bake_tracker.services.database import make_engine
from bake_tracker.services.operation import recording
from support.log.lines import failing
from support.log.outcome_scenarios import SCENARIOS, CommitBound, Stage, send, session_garbage_collected

Shape = Callable[[Stage], None]
OURS, ASYNC = "Bake Tracker's engine", ("aiosqlite", "asyncpg", "psycopg, asynchronous")
DRIVERS = {
    "sqlite": (OURS, "sqlite3", "aiosqlite"),
    "postgresql": (OURS, "psycopg", "psycopg2", "psycopg, asynchronous", "asyncpg"),
}
_MODULES = {"sqlite3": "pysqlite", "psycopg, asynchronous": "psycopg"}


def is_installed(driver: str) -> bool:
    return driver == OURS or find_spec(driver.partition(",")[0]) is not None


def engine_of(driver: str, url: str) -> Engine:
    """An engine as a program of somebody else makes it."""
    if driver == OURS:
        return make_engine(url)
    name = f"{url.partition(':')[0].partition('+')[0]}+{_MODULES.get(driver, driver)}"
    url = f"{name}:{url.partition(':')[2]}"
    engine = create_async_engine(url).sync_engine if driver in ASYNC else create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _record: _enforce_keys(raw))
    return engine


def _enforce_keys(raw: Any) -> None:
    cursor = raw.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def play(driver: str, stage: Stage, shapes: Callable[[], None]) -> None:
    """Run scenarios: where a driver is asynchronous, in the greenlet of ``AsyncSession.run_sync``."""
    if driver not in ASYNC:
        shapes()
        return

    async def run() -> None:
        async with AsyncSession() as session:
            try:
                await session.run_sync(lambda _session: shapes())
            finally:
                await session.run_sync(lambda _session: [one.dispose() for one in (stage.engine, stage.second_engine)])

    with ThreadPoolExecutor(1) as thread:  # a browser's tests leave an event loop running in this one
        thread.submit(copy_context().run, asyncio.run, run()).result()


def raw_of(session: Session) -> Any:
    """The driver's connection, which a program may use as it likes."""
    return session.connection().connection


def raw_execute(session: Session, *statements: str) -> None:
    cursor = raw_of(session).cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def commit_or_roll_back(session: Session) -> None:
    try:
        session.commit()
    except PendingRollbackError:
        session.rollback()


def error_swallowed(stage: Stage) -> None:
    """PostgreSQL answers the COMMIT with a ROLLBACK, and some drivers tell nobody."""
    with stage.session() as session:
        stage.record(session)
        with pytest.raises(DBAPIError):
            send(session, "SELECT * FROM nowhere")
        commit_or_roll_back(session)
        stage.record(session)
        session.commit()


def error_swallowed_on_the_drivers_cursor(stage: Stage) -> None:
    """SQLAlchemy does not hear of this one."""
    with stage.session() as session:
        stage.record(session)
        with failing(Exception):
            raw_execute(session, "SELECT * FROM nowhere")
        commit_or_roll_back(session)


def interrupt_after_release(stage: Stage) -> None:
    """Ctrl-C between the operation's last statement and its return: what is caught is not kept."""
    for in_savepoint in (False, True):
        with stage.session() as session:
            outer = session.begin_nested() if in_savepoint else None
            event.listen(session, "after_transaction_end", _interrupt)
            with failing(KeyboardInterrupt):
                stage.record(session)
            event.remove(session, "after_transaction_end", _interrupt)
            try:
                if outer is not None:
                    outer.commit()
                session.commit()
            except PendingRollbackError:
                session.rollback()
            stage.record(session)
            session.commit()


def _interrupt(_session: Session, ended: SessionTransaction) -> None:
    if ended.nested:
        raise KeyboardInterrupt


def driver_commits(stage: Stage) -> None:
    with stage.session() as session:
        stage.record(session)
        raw_of(session).commit()
        commit_or_roll_back(session)


def driver_rolls_back(stage: Stage) -> None:
    with stage.session() as session:
        stage.record(session)
        raw_of(session).rollback()
        commit_or_roll_back(session)


def driver_rolls_back_and_goes_on(stage: Stage) -> None:
    """When the session commits, a transaction is open, but not the one of the operation."""
    with stage.session() as session:
        stage.record(session)
        raw = raw_of(session)
        raw.rollback()
        _write(session)
        commit_or_roll_back(session)


def driver_commits_and_goes_on(stage: Stage) -> None:
    with stage.session() as session:
        raw = raw_of(session)
        stage.record(session)
        raw.commit()
        _write(session)
        session.rollback()


def _write(session: Session) -> None:
    """Write through the driver in a new transaction."""
    cursor = raw_of(session).cursor()
    if session.get_bind().dialect.name == "sqlite":
        with suppress(Exception):  # the driver may have begun already
            cursor.execute("BEGIN")
    cursor.execute("INSERT INTO parent SELECT max(id) + 1 FROM parent")
    cursor.close()


def driver_undoes_a_savepoint(stage: Stage) -> None:
    with stage.session() as session:
        stage.record(session)
        raw_execute(session, "SAVEPOINT unseen")
        stage.record(session)
        raw_execute(session, "ROLLBACK TO unseen")
        session.commit()


def driver_runs_a_script(stage: Stage) -> None:
    """``executescript`` commits first, whatever the script says."""
    for script in ("SELECT 1;", "ROLLBACK; BEGIN;", "SELECT 1; BEGIN;"):
        with stage.session() as session:
            stage.record(session)
            with suppress(Exception):  # nothing to roll back any more
                raw_of(session).executescript(script)
            commit_or_roll_back(session)


def two_phases(stage: Stage) -> None:
    """Prepared and committed; prepared and rolled back; never prepared."""
    with Session(stage.engine, twophase=True) as session:
        stage.record(session)
        session.commit()
        stage.record(session)
        session.prepare()
        session.rollback()
        stage.record(session)
        session.rollback()


def two_phases_of_a_connection(stage: Stage) -> None:
    with stage.engine.connect() as connection:
        one = connection.begin_twophase("bake-one")
        with Session(connection) as session:
            stage.record(session)
            session.commit()
        one.prepare()
        one.commit()
        with connection.begin_twophase("bake-two"), Session(connection) as session:
            stage.record(session)
            session.commit()


def two_phases_as_text(stage: Stage) -> None:
    for ending in ("COMMIT", "ROLLBACK"):
        with stage.session() as session:
            stage.record(session)
            send(session, f"PREPARE TRANSACTION 'bake {ending}'")
            session.commit()
        with stage.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            other.execute(text(f"{ending} /* now */ PREPARED 'bake {ending}'"))


def prepare_after_an_error(stage: Stage) -> None:
    """PREPARE TRANSACTION is then a ROLLBACK."""
    with stage.session() as session:
        stage.record(session)
        with pytest.raises(DBAPIError):
            send(session, "SELECT * FROM nowhere")
        with pytest.raises(PendingRollbackError):
            send(session, "PREPARE TRANSACTION 'bake'")
        session.rollback()


def fork_inside(stage: Stage) -> None:
    """The child ends everything it has; the parent's transaction goes on, and only the parent logs."""
    with stage.session() as session:
        stage.record(session)
        if (child := os.fork()) == 0:
            os._exit(_end_in_child(stage, session))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stage.record(session)
        session.commit()


def _end_in_child(stage: Stage, session: Session) -> int:
    claimed = len(stage.recorder.claimed)
    outcomes = list(getattr(stage.recorder, "outcomes", ()))
    with suppress(PendingRollbackError):
        session.commit()
        return 1
    session.rollback()
    session.close()
    is_silent = outcomes == list(getattr(stage.recorder, "outcomes", ())) and claimed == len(stage.recorder.claimed)
    return 0 if is_silent else 2


def comments_and_names(stage: Stage) -> None:
    """Nested comments are PostgreSQL's; names are cut and quoted as each database does it."""
    with stage.session() as session:
        send(session, "-- one\n/* two */ SAVEPOINT /* three */ A")
        stage.record(session)
        send(session, 'ROLLBACK /* to */ TO -- b\n SAVEPOINT "a"')
        send(session, "RELEASE a")
        send(session, 'SAVEPOINT "with "" and TO in it"')
        stage.record(session)
        send(session, 'ROLLBACK TO "with "" and TO in it"')
        stage.record(session)
        send(session, 'RELEASE "with "" and TO in it"')
        if not stage.is_sqlite:
            long = "b" * 61 + "\N{LATIN SMALL LETTER E WITH ACUTE}"
            send(session, f"SAVEPOINT {long}")
            stage.record(session)
            send(session, f"SAVEPOINT {long}c")
            stage.record(session)
            send(session, f"/* /* nested */ ; COMMIT */ ROLLBACK TO SAVEPOINT {long}and_more")
            send(session, f"RELEASE {long}")
            send(session, r"""SAVEPOINT U&"\0061" """)
            stage.record(session)
            send(session, "ROLLBACK TO a")
        session.commit()


def several_statements(stage: Stage) -> None:
    """One string can end the transaction in its middle, and fail later."""
    for text_of_many in (
        "SELECT 1; COMMIT",
        "SELECT ';'; /* ; ROLLBACK */ ROLLBACK;",
        "SAVEPOINT a; SELECT 1; ROLLBACK TO a; RELEASE a",
        "COMMIT; BEGIN",
        "ROLLBACK; BEGIN; SELECT 1",
        "SELECT $$; COMMIT$$, $a$;ROLLBACK;$a$, E'\\';COMMIT'",
    ):
        with stage.session() as session:
            stage.record(session)
            session.connection().exec_driver_sql(text_of_many)
            commit_or_roll_back(session)


def several_statements_and_an_error(stage: Stage) -> None:
    for text_of_many in ("COMMIT; SELECT * FROM nowhere", "ROLLBACK; SELECT * FROM nowhere", "COMMIT; BEGIN; nonsense"):
        with stage.session() as session:
            stage.record(session)
            with pytest.raises(DBAPIError):
                session.connection().exec_driver_sql(text_of_many)
            commit_or_roll_back(session)


def listener_raises_at_commit(stage: Stage) -> None:
    """SQLAlchemy then sends neither COMMIT nor ROLLBACK, and the pool does not either."""

    def refuse(_connection: Connection) -> None:
        raise KeyError

    for ending in ("commit", "rollback"):
        event.listen(stage.engine, ending, refuse)
        with failing(KeyError), stage.session() as session:
            stage.record(session)
            getattr(session, ending)()
        event.remove(stage.engine, ending, refuse)
        if isinstance(stage.recorder, CommitBound):
            assert stage.recorder.outcomes[-1] == (stage.attempted[-1], "rolled_back")


def autocommit(stage: Stage) -> None:
    """Each statement would be kept by itself; PostgreSQL has no savepoint there, so the operation fails."""
    engine = stage.engine.execution_options(isolation_level="AUTOCOMMIT")
    with suppress(DBAPIError), Session(engine) as session:
        stage.record(session)
        session.commit()


def inside_one_of_another_transaction(stage: Stage) -> None:
    """Its parent is no row that it can refer to: each is kept or undone without the other, whichever ends first."""
    for kept, ends_first in product((True, False), repeat=2):
        with stage.session() as session, Session(stage.second_engine) as other:
            stage.attempted.append(operation_id := str(uuid4()))
            asked = {"session": session, "operation_id": operation_id}
            with recording(things.ITEM, session, asked) as outer:
                outer.claim({})
                stage.record(other)
                outer.succeed({})
            for one, is_kept in [(session, kept), (other, not kept)][:: 1 if ends_first else -1]:
                (one.commit if is_kept else one.rollback)()


def common_ways(stage: Stage) -> None:
    for scenario in SCENARIOS:
        # Python closes no asynchronous session that is forgotten; SQLAlchemy warns, and drops its connection.
        if not (stage.engine.dialect.is_async and scenario is session_garbage_collected):
            scenario(stage)


SHAPES: dict[str, Shape] = {
    "any of the common ways": common_ways,
    "an error is swallowed, then COMMIT": error_swallowed,
    "an error on the driver's own cursor is swallowed": error_swallowed_on_the_drivers_cursor,
    "an interrupt after the operation's RELEASE": interrupt_after_release,
    "the driver's own `commit()`": driver_commits,
    "the driver's own `rollback()`": driver_rolls_back,
    "the driver's own `rollback()`, then its own writes": driver_rolls_back_and_goes_on,
    "the driver's own `commit()`, then its own writes": driver_commits_and_goes_on,
    "ROLLBACK TO on the driver's own cursor": driver_undoes_a_savepoint,
    "the driver's own `executescript()`": driver_runs_a_script,
    "a session with `twophase=True`": two_phases,
    "`begin_twophase()` on a connection": two_phases_of_a_connection,
    "PREPARE TRANSACTION as text": two_phases_as_text,
    "PREPARE TRANSACTION after an error": prepare_after_an_error,
    "a fork inside the transaction": fork_inside,
    "comments, quoted and long savepoint names": comments_and_names,
    "several statements in one string": several_statements,
    "several statements, one of them fails": several_statements_and_an_error,
    "a listener that raises at COMMIT or ROLLBACK": listener_raises_at_commit,
    "AUTOCOMMIT": autocommit,
    "an operation of another transaction or database inside one": inside_one_of_another_transaction,
}

_TWO_PHASES = ("a session with `twophase=True`", "`begin_twophase()` on a connection")
_SEVERAL = ("several statements in one string", "several statements, one of them fails")
_ONLY: dict[str, tuple[str, ...]] = {
    "the driver's own `executescript()`": ("sqlite3",),
    **dict.fromkeys(_TWO_PHASES, DRIVERS["postgresql"]),
    **dict.fromkeys(_SEVERAL, ("psycopg", "psycopg2", "psycopg, asynchronous")),
    "PREPARE TRANSACTION as text": DRIVERS["postgresql"],
    "PREPARE TRANSACTION after an error": DRIVERS["postgresql"],
    "a fork inside the transaction": ("sqlite3", "psycopg", "psycopg2"),
}


def is_possible(name: str, driver: str, database: str) -> bool:
    """Whether this shape is possible with this driver."""
    if driver == OURS:
        driver = "sqlite3" if database == "sqlite" else "psycopg"
    return driver in _ONLY.get(name, DRIVERS[database])
