"""A database that is locked, full or overloaded is a refusal that says so, on every way in; it is never a fault."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from anyio.to_thread import current_default_thread_limiter
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bake_tracker.database import engines, schema, scopes
from bake_tracker.database.refusals import refusal_of
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import DatabaseUnavailableError, DiskFullError
from bake_tracker.entrypoints.http import access
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.catalog import things
from bake_tracker.services.database import (
    MOST_READERS,
    dispose_engines,
    engine_for,
    keep_readers_apart,
    read_scope,
    run_in_transaction,
)
from support.command_line import CommandLine, root_logger_put_back
from support.kitchen import Kitchen
from support.web import Web

BUSY = "the database is busy: another transaction or program kept it locked for too long; try again in a moment"
FULL = "the database is busy: every connection to it is in use; try again in a moment"
Lock = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def lock(database_url: str, use: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Lock:
    """Lock the database as another program would; whatever meets the lock waits briefly and tries once."""
    monkeypatch.setattr(scopes, "MAX_ATTEMPTS", 1)
    if database_url.startswith("sqlite"):
        dispose_engines()
        monkeypatch.setattr(engines, "make_engine", lambda url: engines._make_engine(url, {}, 0.001))
        return lambda: _locked_sqlite(database_url.partition(":///")[2])
    use(f"{database_url}&options=-clock_timeout%3D5ms")
    return lambda: _locked_postgresql(database_url)


@contextmanager
def _locked_sqlite(path: str) -> Iterator[None]:
    engine_for().dispose()  # so that its next connection has the shorter patience, and the lock can be had
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
    engine_for().dispose()


@contextmanager
def _locked_postgresql(url: str) -> Iterator[None]:
    with psycopg.connect(url.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE bakery, bakery_user, item, lot IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


def a_fair(session: Session) -> Any:
    return things.record_event("Fair", session=session)


def test_who_meets_a_lock_for_too_long_is_refused(kitchen: Kitchen, lock: Lock) -> None:
    """This holds for readers and writers; the driver's error is the cause, and the operation's id is on the refusal."""
    with lock():
        with pytest.raises(DatabaseUnavailableError) as read, read_scope() as session:
            load_bakery(session)
        with pytest.raises(DatabaseUnavailableError) as written:
            run_in_transaction(a_fair)
    for refused in (read, written):
        assert str(refused.value) == BUSY
        assert isinstance(refused.value.__cause__, OperationalError)
    assert run_in_transaction(a_fair)["slug"] == "fair"


def test_a_locked_database_is_a_503_for_programs_and_a_page_for_people(kitchen: Kitchen, lock: Lock) -> None:
    """Each answer says when to try again; once the lock is gone, so is the problem."""
    web = Web().let_in()
    baker, browser = web.program(Role.BAKER), web.browser(Role.BAKER)
    asked = [
        lambda: baker.get("/api/v1/stock"),
        lambda: baker.post("/api/v1/holds", json={"lot_ids": [1], "reason": "smells"}),
        lambda: web.client().get("/readyz"),
    ]
    with lock():
        for ask in asked:
            answer = ask()
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert (answer.headers["retry-after"], answer.json()["detail"]) == ("1", BUSY)
        page = browser.get("/stock")
        assert (page.status_code, page.headers["retry-after"]) == (503, "1")
        assert BUSY[1:] in page.text
    assert [ask().status_code for ask in asked] == [200, 404, 200]
    assert browser.get("/stock").status_code == 200


def test_a_locked_database_is_a_refusal_in_a_terminal(bake: CommandLine, kitchen: Kitchen, lock: Lock) -> None:
    """The exit status is that of a refusal, without a traceback."""
    kitchen.simple_bakery()
    with lock():
        said = bake("stock")
    assert (said.code, said.err) == (1, f"Refused: {BUSY}\n")


def test_preparing_and_restoring_a_locked_database_is_refused_too(
    bake: CommandLine, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They write without ``run_in_transaction``."""
    backup = tmp_path / "backup.jsonl"
    assert bake("backup", str(backup)).code == 0
    for module in (schema, engines):
        monkeypatch.setattr(module, "make_engine", lambda url: engines._make_engine(url, {}, 0.001))
    dispose_engines()
    with closing(sqlite3.connect(sqlite_url.partition(":///")[2], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for words in (("init",), ("restore", str(backup))):
            said = bake(*words)
            assert (said.code, said.err) == (1, f"Refused: {BUSY}\n"), words


@contextmanager
def every_connection() -> Iterator[None]:
    """Take every connection that writers may have."""
    engine = engine_for()
    pool: Any = engine.pool
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "_timeout", 0.001)
        for _ in range(pool.size() + pool._max_overflow):
            stack.enter_context(engine.connect())
        yield


def test_when_every_connection_is_in_use_the_rest_is_refused(kitchen: Kitchen) -> None:
    """It is a 503 for programs, and nothing waits for ever."""
    baker = Web().let_in().program(Role.BAKER)
    with every_connection():
        with pytest.raises(DatabaseUnavailableError, match=FULL):
            run_in_transaction(a_fair)
        answer = baker.get("/api/v1/stock")
        assert (answer.status_code, answer.json()["detail"]) == (503, FULL)


def test_readers_and_health_of_a_server_have_connections_of_their_own(kitchen: Kitchen) -> None:
    """Writers who wait for a lock may have all of theirs."""
    web = Web().let_in()
    # The block of the client starts and stops the server, which sets up the log.
    with root_logger_put_back(), web.program(Role.VIEWER) as viewer, every_connection():
        assert viewer.get("/readyz").text == "ready\n"
        assert viewer.get("/api/v1/stock").status_code == 200
        with pytest.raises(DatabaseUnavailableError, match=FULL):
            run_in_transaction(a_fair)


def test_readers_apart_see_what_was_just_committed(kitchen: Kitchen) -> None:
    """They cannot write either."""
    run_in_transaction(a_fair)
    keep_readers_apart()
    run_in_transaction(lambda session: things.record_event("Market", session=session))
    with read_scope() as session:
        assert session.execute(text("SELECT slug FROM event ORDER BY slug")).scalars().all() == ["fair", "market"]
    with pytest.raises(Exception, match=r"readonly|read-only"), read_scope() as session:
        session.execute(text("DELETE FROM event"))


class Gate:
    """Counts who goes through."""

    count = 0

    async def acquire(self) -> None:
        self.count += 1

    def release(self) -> None:
        pass


def test_only_writers_wait_for_other_writers(kitchen: Kitchen) -> None:
    """A request that is refused at the door does not take a place either."""
    web = Web().let_in()
    web.app.state.writers = gate = Gate()
    web.program(Role.BAKER).get("/api/v1/stock")
    web.program(Role.VIEWER).post("/api/v1/events", json={"name": "Fair"})
    web.browser(Role.OWNER).post("/sign-out")
    assert gate.count == 0
    web.program(Role.OWNER).post("/api/v1/events", json={"name": "Fair"})
    assert gate.count == 1


def test_a_full_disk_is_a_507_that_names_the_database(sqlite_url: str) -> None:
    """Nothing was recorded; reading goes on, and writing once there is room."""
    kitchen = Kitchen().simple_bakery()
    baker = Web().let_in().program(Role.BAKER)
    path = sqlite_url.partition(":///")[2]
    goods = {"item_id": kitchen.ids["Flour"], "quantity": 1, "unit": "kg", "note": "n" * 9_000}
    with read_scope() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
    engine = engine_for()
    engine.dispose()

    def fill(driver_connection: Any, _: object) -> None:
        driver_connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(engine, "connect", fill)
    answer = baker.post("/api/v1/receipts", json=goods)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert f"the disk of the database {path} is full, so nothing was recorded" in answer.json()["detail"]
    assert baker.get("/api/v1/stock").status_code == 200
    event.remove(engine, "connect", fill)
    engine.dispose()
    assert baker.post("/api/v1/receipts", json=goods).status_code == 201


@pytest.mark.parametrize(
    ("sqlstate", "kind", "says"),
    [
        ("53100", DiskFullError, "the disk of the database postgresql+psycopg://bea:***@db/bakery is full"),
        ("40001", DatabaseUnavailableError, BUSY),
        ("40P01", DatabaseUnavailableError, BUSY),
        ("55P03", DatabaseUnavailableError, BUSY),
        ("57P01", DatabaseUnavailableError, "the database postgresql+psycopg://bea:***@db/bakery cannot be opened: "),
        ("53300", DatabaseUnavailableError, "use fewer processes"),
        ("57014", DatabaseUnavailableError, "the database postgresql+psycopg://bea:***@db/bakery cannot be used, so "),
        ("XX001", DatabaseUnavailableError, "cannot be used, so nothing was recorded: too many"),
        ("23505", type(None), "None"),
    ],
)
def test_postgresql_s_failures_are_refusals_and_our_own_are_not(sqlstate: str, kind: type, says: str) -> None:
    """The password is never shown."""
    engine = create_engine("postgresql+psycopg://bea:secret@db/bakery")
    error = psycopg.OperationalError("too many")
    error.sqlstate = sqlstate
    refused = refusal_of(engine, OperationalError("SELECT 1", {}, error))
    assert type(refused) is kind
    assert says in str(refused)
    assert "secret" not in str(refused)


def test_a_damaged_file_is_a_503_that_says_so(sqlite_url: str) -> None:
    """The file is the same to the system, so only SQLite notices."""
    Kitchen().simple_bakery()
    web = Web().let_in()
    baker, path = web.program(Role.BAKER), Path(sqlite_url.partition(":///")[2])
    dispose_engines()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"x" * (path.stat().st_size - 4096))
    for answer in (baker.get("/api/v1/stock"), baker.post("/api/v1/events", json={}), web.client().get("/readyz")):
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert "the file is damaged or not a bakery; stop every program that uses it" in answer.json()["detail"]


def test_a_table_that_is_gone_or_forbidden_is_a_refusal(kitchen: Kitchen, database_url: str) -> None:
    """Somebody else changed the database while it was in use."""
    asked = [("SELECT 1 FROM shelf", "another program changed the database or put another one in its place")]
    if database_url.startswith("postgresql"):
        asked.append(("SET LOCAL ROLE pg_monitor; SELECT 1 FROM item", "must own the database, or have every right on"))
        asked.append(("SET LOCAL statement_timeout = 1; SELECT pg_sleep(9)", "raise the server's statement_timeout"))
    for statement, says in asked:
        with pytest.raises(DatabaseUnavailableError, match=says), read_scope() as session:
            session.connection().exec_driver_sql(statement)


def test_as_many_threads_read_as_there_are_connections(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty readers at once are all served, though nobody may wait; two workers fit into a usual PostgreSQL."""
    keep_readers_apart()
    web = Web().let_in()
    token = web.program(Role.VIEWER).headers["authorization"]
    of = [engine_for(), *(of_use(None, lambda _engine: None) for of_use in (engines.reader_for, engines.impatient_for))]
    pools: list[Any] = [engine.pool for engine in of]
    assert 2 * sum(pool.size() + pool._max_overflow for pool in pools) <= 97
    monkeypatch.setattr(pools[1], "_timeout", 0.0)

    async def at_once() -> list[int]:
        current_default_thread_limiter().total_tokens = MOST_READERS
        transport = httpx2.ASGITransport(app=web.app)
        headers = {"Authorization": token}
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:
            return [one.status_code for one in await asyncio.gather(*(client.get("/api/v1/stock") for _ in range(60)))]

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, at_once()).result() == [200] * 60


def test_as_many_writers_are_let_in_as_there_are_connections(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty at once are all served, though nobody may wait for a connection; who waits too long is refused."""
    keep_readers_apart()
    web = Web().let_in()
    token = web.program(Role.BAKER).headers["authorization"]
    pool: Any = engine_for().pool
    monkeypatch.setattr(pool, "_timeout", 0.0)

    async def at_once() -> list[int]:
        transport = httpx2.ASGITransport(app=web.app)
        headers = {"Authorization": token}
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:
            sent = [client.post("/api/v1/events", json={"name": f"Fair {number}"}) for number in range(40)]
            served = [answer.status_code for answer in await asyncio.gather(*sent)]
            monkeypatch.setattr(access, "WRITES_WITHIN_S", 0.001)
            web.app.state.writers = asyncio.Semaphore(0)
            busy = await client.post("/api/v1/events", json={"name": "Feast"})
            assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
            assert "15 requests that record something are under way" in busy.json()["detail"]
            assert (await client.get("/api/v1/stock")).status_code == 200
        return served

    with ThreadPoolExecutor(1) as thread:  # a browser's tests leave an event loop running in this one
        assert thread.submit(asyncio.run, at_once()).result() == [201] * 40
