"""Scopes own transactions: their promises about opening, nesting, retrying and creating."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from bake_tracker.config import default_log_file
from bake_tracker.database import scopes
from bake_tracker.domain.errors import ValidationError
from bake_tracker.services import batch_production_service, database
from bake_tracker.services.catalog import things
from bake_tracker.services.database import (
    DatabaseUnavailableError,
    dispose_engines,
    engine_for,
    read_scope,
    run_in_transaction,
    session_scope,
)
from bake_tracker.services.stock.receipt import record_receipt
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.warm.waiting import PATIENCE_S

COUNT = text("SELECT count(*) FROM item")


def test_a_scope_commits_on_normal_exit_and_rolls_back_on_an_exception(kitchen: Kitchen) -> None:
    """Changes before an exception are gone."""
    with session_scope() as session:
        things.record_item("ingredient", "Flour", "g", session=session)
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        things.record_item("ingredient", "Sugar", "g", session=session)
        _ = 1 / 0
    assert kitchen.rows("SELECT slug FROM item") == [("flour",)]


def test_a_scope_inside_a_scope_on_the_same_database_raises_at_once(database_url: str) -> None:
    """Two transactions of one thread would wait for each other forever."""
    with session_scope(), pytest.raises(RuntimeError, match="already open"), session_scope():
        raise AssertionError("two transactions of one thread")


def test_scopes_on_two_databases_may_be_nested(database_url: str, tmp_path: Path) -> None:
    """Only nesting on the same database is refused."""
    with session_scope(), session_scope(f"sqlite:///{tmp_path}/other.db") as other:
        assert other.scalar(COUNT) == 0


def test_a_read_scope_cannot_write(database_url: str) -> None:
    """The database itself refuses the write."""
    with (
        pytest.raises(DBAPIError, match=r"readonly|read-only"),
        read_scope() as session,
    ):
        session.execute(text("DELETE FROM supplier"))
    with session_scope() as session:
        session.execute(text("DELETE FROM supplier"))


def test_reading_beside_a_writer_leaves_every_connection_writable(database_url: str) -> None:
    """Connections return to the pool in any order; after a read-only use, the next scope can write."""
    with session_scope() as writer:
        things.record_item("ingredient", "Flour", "g", session=writer)
        with read_scope() as reader:
            reader.scalar(COUNT)
    for name in ("Sugar", "Butter", "Salt", "Yeast"):
        run_in_transaction(lambda session, name=name: things.record_item("ingredient", name, "g", session=session))
        with read_scope() as one, read_scope() as two:
            assert one.scalar(COUNT) == two.scalar(COUNT)


def test_one_file_by_two_names_is_one_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is made absolute, so nesting is noticed and a chdir changes nothing."""
    monkeypatch.chdir(tmp_path)
    with session_scope("sqlite:///x.db"), pytest.raises(RuntimeError, match="already open"):
        session_scope(f"sqlite:///{tmp_path}/x.db").__enter__()
    database.dispose_engines()


def test_the_options_of_a_url_are_kept_with_ours(postgresql_url: str) -> None:
    """A search path in the URL is kept."""
    joint = "&" if "?" in postgresql_url else "?"
    engine = database.make_engine(f"{postgresql_url}{joint}options=-csearch_path%3Dpg_catalog")
    with engine.connect() as connection:
        shown = [connection.scalar(text(f"SHOW {name}")) for name in ("search_path", "lock_timeout")]
    engine.dispose()
    assert shown == ["pg_catalog", "10s"]


def test_a_missing_sqlite_file_is_created_and_migrated(tmp_path: Path) -> None:
    """The first use creates the file, including its folders, with one bakery in it."""
    url = f"sqlite:///{tmp_path}/new/folder/bakery.db"
    with session_scope(url) as session:
        assert session.scalar(text("SELECT count(*) FROM bakery")) == 1
    database.dispose_engines()


def test_threads_that_come_first_share_one_engine(tmp_path: Path) -> None:
    """Four threads at once create one file and one pool."""
    url = f"sqlite:///{tmp_path}/bakery.db"
    with ThreadPoolExecutor(4) as pool:
        engines = set(pool.map(lambda _: engine_for(url), range(4)))
    assert len(engines) == 1
    database.dispose_engines()


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """Tables without our version table belong to another program."""
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE precious (id INTEGER)")
    theirs.close()
    for open_it in (lambda url: session_scope(url).__enter__(), database.prepare):
        with pytest.raises(DatabaseUnavailableError, match="belongs to another program"):
            open_it(f"sqlite:///{path}")


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense", "oracle://x"])
def test_a_url_of_another_kind_is_refused_by_name(url: str) -> None:
    """The refusal lists the kinds that are supported."""
    with pytest.raises(ValidationError, match="sqlite:///FILE or postgresql://"):
        engine_for(url)


def test_a_new_bakery_belongs_to_its_user_alone(tmp_path: Path, bake: CommandLine) -> None:
    """Database and log are 0600, and every folder made for them 0700; existing ones stay as they are."""
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    bakery, log_file = home / "data" / "bakery" / "bakery.db", home / "state" / "bakery.log.jsonl"
    bake.monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(log_file))
    url = f"sqlite:///{bakery}"
    assert bake("--database", url, "init").code == 0
    assert bake("--database", url, "item", "add", "ingredient", "Flour", "--unit", "g").code == 0
    modes = {one.relative_to(home).parts: one.stat().st_mode & 0o777 for one in home.rglob("*")}
    assert modes == {
        ("data",): 0o700,
        ("data", "bakery"): 0o700,
        **{("data", "bakery", one.name): 0o600 for one in bakery.parent.iterdir()},
        ("state",): 0o700,
        ("state", "bakery.log.jsonl"): 0o600,
    }
    with engine_for(url).connect() as connection:
        connection.execute(COUNT)
        assert {one.stat().st_mode & 0o777 for one in bakery.parent.iterdir()} == {0o600}
    bakery.chmod(0o644)
    log_file.chmod(0o644)
    dispose_engines()
    assert bake("--database", url, "item", "add", "ingredient", "Salt", "--unit", "g").code == 0
    assert {one.stat().st_mode & 0o777 for one in (bakery, log_file)} == {0o644}
    assert home.stat().st_mode & 0o777 == 0o755


SECRET = "hunter2"
SERVER = "127.0.0.1:1"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{SECRET}@{SERVER}/bakery",
        f"postgresql://ann@{SERVER}/bakery?password={SECRET}",
        f"postgresql://ann@{SERVER}/bakery?sslmode=prefer&password=a/{SECRET}",
        f"postgresql://ann@{SERVER}/bakery?sslpassword={SECRET}",
        f"postgresql://ann@{SERVER}/bakery?PASSWORD={SECRET}",
        f"postgresql://ann@{SERVER}/bakery?options=-c%20app.password%3D{SECRET}",
        f"postgresql://ann@{SERVER}/dbname=bakery%20password={SECRET}",
        f"postgresql:///bakery?host=/nowhere&password={SECRET}",
        f"postgresql+psycopg://ann@{SERVER}/bakery?passfile=/{SECRET}",
    ],
)
def test_a_password_in_a_url_is_not_shown_in_any_form(
    url: str, tmp_path: Path, bake: CommandLine, log: pytest.LogCaptureFixture
) -> None:
    """Neither the refusal, the output, the log nor the name of a file has it."""
    resolved = database.database_url(url)
    assert SECRET in resolved  # the driver gets it
    assert SECRET not in database.shown_url(resolved)
    assert SECRET not in str(default_log_file(resolved))
    with pytest.raises(DatabaseUnavailableError) as refused:
        engine_for(url)
    assert SECRET not in str(refused.value)
    told = bake("--database", url, "stock")
    assert told.code in (1, 3)
    assert SECRET not in told.out + told.err + log.text
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert [file for file in written if SECRET in file.name or SECRET in file.read_text("utf-8", "replace")] == []


@pytest.mark.parametrize("password", [f"p@{SECRET}", f"p@ss@{SECRET}"])
def test_a_password_that_is_not_encoded_is_refused_and_not_shown(password: str, bake: CommandLine) -> None:
    """A part of it would be read as the host, which is shown."""
    told = bake("--database", f"postgresql://ann:{password}@localhost:1/bakery", "stock")
    assert told.code == 1
    assert "write each @ of the user and the password as %40" in told.err
    assert SECRET not in told.out + told.err


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1", "54 32"])
def test_a_port_that_is_no_port_is_refused(port: str) -> None:
    """The refusal says which ports there are."""
    with pytest.raises(ValidationError, match=r"must have a port from 1 to 65535|must be sqlite:///FILE"):
        engine_for(f"postgresql://ann@localhost:{port}/bakery")
    with pytest.raises((ValidationError, DatabaseUnavailableError)):
        engine_for(f"postgresql://ann@/bakery?host=localhost&port={port}")


def test_sqlite_is_durable_and_checks_its_references(sqlite_url: str) -> None:
    """WAL, synchronous FULL, foreign keys and recursive triggers, on every connection."""
    with session_scope() as session:
        pragmas = [
            session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        ]
    assert pragmas == ["wal", 2, 1, 1]


def test_a_transaction_that_must_be_repeated_is_repeated_and_commits_once(database_url: str) -> None:
    """The whole call runs again, a limited number of times."""
    calls: list[int] = []

    class BusyError(sqlite3.OperationalError):
        sqlite_errorname = "SQLITE_BUSY"

    def work(session: database.Session) -> int:
        calls.append(1)
        item = things.record_item("ingredient", "Flour", "g", session=session)["item_id"]
        if len(calls) < 3:
            raise OperationalError("COMMIT", None, BusyError("database is locked"))
        return item

    assert run_in_transaction(work) > 0
    assert len(calls) == 3
    with read_scope() as session:
        assert session.scalar(COUNT) == 1
    calls.clear()

    def never(_: database.Session) -> None:
        calls.append(1)
        raise OperationalError("COMMIT", None, BusyError("database is locked"))

    with pytest.raises(DatabaseUnavailableError, match="the database is busy"):
        run_in_transaction(never)
    assert len(calls) == scopes.MAX_ATTEMPTS


def test_a_real_deadlock_is_retried_until_both_have_worked(postgresql_url: str) -> None:
    """Two transactions lock two items in opposite orders: PostgreSQL ends one, and its owner retries."""
    kitchen = Kitchen()
    kitchen.ingredient("Flour")
    kitchen.ingredient("Sugar")
    meet = Barrier(2, timeout=PATIENCE_S)

    def receive_both(order: tuple[str, str]) -> None:
        tries: list[int] = []

        def work(session: database.Session) -> None:
            tries.append(1)
            record_receipt(kitchen.ids[order[0]], 1, "kg", session=session)
            if len(tries) == 1:
                meet.wait()
            record_receipt(kitchen.ids[order[1]], 1, "kg", session=session)

        run_in_transaction(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(receive_both, [("Flour", "Sugar"), ("Sugar", "Flour")]))
    assert (kitchen.stock("Flour"), kitchen.stock("Sugar")) == (2000, 2000)


def test_a_check_on_somebody_elses_engine_takes_no_write_lock(sqlite_url: str) -> None:
    """It answers while another writer is at work, and does not block the next writer."""
    kitchen = Kitchen().simple_bakery()
    theirs = create_engine(sqlite_url, connect_args={"timeout": 0})
    with session_scope() as writer, Session(theirs) as asking:
        things.record_item("ingredient", "Salt", "g", session=writer)
        found = batch_production_service.check_can_produce(kitchen.ids["Cookies"], 1, session=asking)
    theirs.dispose()
    assert found["can_produce"] is True


def test_a_reading_scope_cannot_write_even_after_its_connection_was_lost(database_url: str) -> None:
    """The new connection starts without the old one's state; the scope sets it read-only again."""
    for is_lost in (False, True):
        with read_scope() as session:
            session.execute(text("SELECT 1 FROM bakery"))
            if is_lost:
                session.connection().invalidate()
            session.rollback()
            with pytest.raises(DBAPIError):
                session.execute(text("UPDATE bakery SET name = 'Thief'"))
    with session_scope() as session:  # and the next user of the same connection can
        session.execute(text("UPDATE bakery SET name = 'Owner'"))
    with read_scope() as session:
        assert session.execute(text("SELECT name FROM bakery")).scalar_one() == "Owner"
