"""PostgreSQL as a home: restarts, cut connections, users with few rights, and refusals that say what to do."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from bake_tracker.database.attempts import is_lost_race, is_retryable, is_unreachable
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.services import database
from bake_tracker.services.database import (
    DatabaseUnavailableError,
    engine_for,
    prepare,
    read_scope,
    run_in_transaction,
    session_scope,
)
from support.kitchen import Kitchen
from support.log.lines import SERVICES, cookies, cut, fields, lock_timeout


@pytest.fixture
def admin(postgresql_url: str) -> Iterator[Any]:
    """A superuser's connection to the same server, outside of every transaction."""
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def cut_all_others(admin: Any) -> int:
    """End every connection to this database but the admin's, as a server restart does; return how many."""
    others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    pids = [row.pid for row in admin.execute(text(others))]
    for pid in pids:
        admin.execute(text(f"SELECT pg_terminate_backend({pid}, 5000)"))
    return len(pids)


def driver_error(sqlstate: str | None) -> psycopg.OperationalError:
    error = psycopg.OperationalError("said by the driver")
    error.sqlstate = sqlstate
    return error


@pytest.mark.parametrize(
    "sqlstate", ["40001", "40P01", "55P03", "57P01", "57P02", "57P03", "57P05", "53300", "08000", "08003", "08006"]
)
def test_an_error_that_a_retry_may_fix_is_retried(sqlstate: str) -> None:
    """These are lost races, deadlocks, lock timeouts, and every kind of lost connection."""
    error = OperationalError("SELECT 1", {}, driver_error(sqlstate))
    assert (is_retryable(error), is_lost_race(error)) == (True, sqlstate == "40001")


def test_a_connection_lost_without_a_state_is_tried_again() -> None:
    """Network failures have no SQLSTATE, for example when the server closes or refuses the connection."""
    error = OperationalError("SELECT 1", {}, driver_error(None))
    assert (is_retryable(error), is_unreachable(error)) == (True, True)


@pytest.mark.parametrize("sqlstate", ["23505", "42501", "42P01", "57014", "57P04", "53100", "22003"])
def test_an_error_that_a_retry_cannot_fix_is_not_retried(sqlstate: str) -> None:
    """These are a broken rule, a missing right or table, a cancelled statement, a dropped database, a full disk."""
    error = OperationalError("SELECT 1", {}, driver_error(sqlstate))
    assert (is_retryable(error), is_unreachable(error)) == (False, False)
    assert not is_retryable(InterfaceError("SELECT 1", {}, psycopg.InterfaceError("misused")))


def test_a_restarted_server_fails_no_first_call(postgresql_url: str, admin: Any) -> None:
    """Every pooled connection is dead, and neither a reader nor a writer notices."""
    kitchen = Kitchen()
    with read_scope() as one, read_scope() as two, session_scope() as three:
        assert [session.scalar(text("SELECT 1")) for session in (one, two, three)] == [1, 1, 1]
    assert cut_all_others(admin) == 3
    with read_scope() as session:
        assert session.scalar(text("SELECT count(*) FROM item")) == 0
    assert cut_all_others(admin) > 0
    with session_scope() as session:
        assert session.scalar(text("SELECT 1")) == 1
    assert cut_all_others(admin) > 0
    assert kitchen.ingredient("Flour") > 0


def test_a_connection_cut_in_the_middle_is_tried_again(postgresql_url: str, log: pytest.LogCaptureFixture) -> None:
    """The cut comes between two operations: the first is rolled back, the attempt retried, and both are done once."""
    kitchen = Kitchen().simple_bakery()
    log.clear()
    tries: list[int] = []

    def work(session: database.Session) -> None:
        tries.append(1)
        cookies(kitchen, session)
        if len(tries) == 1:
            cut(session)
        session.execute(text("SELECT 1"))
        cookies(kitchen, session, 2, 48)

    with log.at_level(logging.INFO, logger=SERVICES):
        run_in_transaction(work)
    said = [(fields(r)["operation"], fields(r)["attempt"], fields(r)["outcome"]) for r in log.records]
    bake = "record_batch_production"
    assert [line for line in said if line[2] != "started"] == [
        (bake, 1, "rolled_back"),
        ("run_in_transaction", 1, "retried"),
        (bake, 2, "success"),
        (bake, 2, "success"),
    ]
    assert kitchen.stock("Cookie") == 72


def test_a_failure_outside_any_operation_is_logged_once_per_attempt(
    kitchen: Kitchen, log: pytest.LogCaptureFixture
) -> None:
    """Each line has the number of the attempt and the error; the last error goes to the caller."""
    tries: list[int] = []

    def work(_session: database.Session) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise lock_timeout()

    log.clear()
    run_in_transaction(work)
    said = [(r.levelname, fields(r)["message"], fields(r)["attempt"]) for r in log.records]
    assert said == [("WARNING", "run_in_transaction: retried", 1), ("WARNING", "run_in_transaction: retried", 2)]
    assert "lock timeout" in fields(log.records[0])["error"]


def test_the_attempts_end_when_the_time_for_them_is_over(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    """If attempts take long, there are fewer of them: after the time limit only the last one begins."""
    clock = iter(range(0, 1_000, 20))
    monkeypatch.setattr("bake_tracker.database.scopes.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("bake_tracker.database.scopes.time.sleep", lambda _: None)
    tries: list[int] = []

    def never(_session: database.Session) -> None:
        tries.append(1)
        raise lock_timeout()

    with pytest.raises(DatabaseUnavailableError, match="the database is busy"):
        run_in_transaction(never)
    assert len(tries) == 2


def test_a_connection_sets_its_name_and_its_settings(postgresql_url: str, admin: Any, use: Callable[..., str]) -> None:
    """It has a name for pg_stat_activity, UTC, UTF-8 and timeouts, whatever the database's defaults are."""
    name = make_url(postgresql_url).database
    for preferred in ("TimeZone = 'Asia/Kolkata'", "client_encoding = 'LATIN1'", "DateStyle = 'German, DMY'"):
        admin.execute(text(f"ALTER DATABASE {name} SET {preferred}"))
    kitchen = Kitchen().simple_bakery()
    kitchen.ingredient("Crème fraîche – 日本")
    with read_scope() as session:
        shown = [
            session.scalar(text(f"SHOW {setting}"))
            for setting in ("application_name", "TimeZone", "client_encoding", "DateStyle", "lock_timeout")
        ]
    assert shown == ["bake-tracker", "UTC", "UTF8", "ISO, MDY", "10s"]
    run = kitchen.produce("Cookies", "Cookie", 1, 24)
    assert run == kitchen.produce("Cookies", "Cookie", 1, 24, operation_id=run["operation_id"])
    slugs = kitchen.rows("SELECT name FROM item WHERE slug LIKE 'cr%'")
    assert slugs == [("Crème fraîche – 日本",)]
    received = kitchen.rows("SELECT received_on FROM lot ORDER BY id LIMIT 1")
    assert received[0][0].isoformat() == "2026-01-01"


def test_the_owner_of_an_empty_database_needs_no_other_rights(
    postgresql_url: str, admin: Any, use: Callable[..., str]
) -> None:
    """No superuser, extension or role is needed: the owner of an empty database runs ``bake init`` and bakes."""
    name = f"{make_url(postgresql_url).database}_own"
    role = f"baker_{name}"
    admin.execute(text(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"))
    admin.execute(text(f"CREATE DATABASE {name} OWNER {role}"))
    url = make_url(postgresql_url).set(database=name, username=role).render_as_string(hide_password=False)
    prepare(url)
    use(url)
    kitchen = Kitchen().simple_bakery()
    assert kitchen.produce("Cookies", "Cookie", 1, 24)["num_batches"] == 1
    with session_scope() as session, pytest.raises(DBAPIError, match="is history"):
        session.execute(text("DELETE FROM movement"))


def test_a_user_who_may_not_create_tables_learns_what_is_missing(postgresql_url: str, admin: Any) -> None:
    """Since PostgreSQL 15 the public schema belongs to its owner."""
    name = f"{make_url(postgresql_url).database}_shut"
    role = f"guest_{name}"
    admin.execute(text(f"CREATE ROLE {role} LOGIN"))
    admin.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(postgresql_url).set(database=name, username=role).render_as_string(hide_password=False)
    with pytest.raises(DatabaseUnavailableError, match=r"permission denied .* must own the database"):
        prepare(url)


def test_a_wrong_password_is_named_and_not_shown(postgresql_url: str, admin: Any) -> None:
    """The refusal has the server's message and where to look, and never the password in the URL."""
    name = make_url(postgresql_url).database
    admin.execute(text(f"CREATE ROLE locked_{name} LOGIN SUPERUSER PASSWORD 'right'"))
    rules = Path(admin.scalar(text("SHOW hba_file")))
    before = rules.read_text()
    rules.write_text(f"local all locked_{name} scram-sha-256\n{before}")
    admin.execute(text("SELECT pg_reload_conf()"))
    url = make_url(postgresql_url).set(username=f"locked_{name}", password="hunter2")
    try:
        with pytest.raises(DatabaseUnavailableError) as refused:
            engine_for(url.render_as_string(hide_password=False))
        assert engine_for(url.set(password="right").render_as_string(hide_password=False))
    finally:
        rules.write_text(before)
        admin.execute(text("SELECT pg_reload_conf()"))
    assert "password authentication failed" in str(refused.value)
    assert "check the user and password" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"database": "nowhere"}, '"nowhere" does not exist; create the role and the database first'),
        ({"username": "nobody"}, '"nobody" does not exist; create the role and the database first'),
    ],
)
def test_a_missing_thing_is_named(postgresql_url: str, change: dict[str, str], what: str) -> None:
    """The refusal says what to create."""
    url = make_url(postgresql_url).set(**change).render_as_string(hide_password=False)  # type: ignore[arg-type]
    with pytest.raises(DatabaseUnavailableError, match=what):
        engine_for(url)


def test_a_server_that_is_down_is_named_at_once(tmp_path: Path) -> None:
    """This holds for a port that nobody listens on, and for a missing socket."""
    for url in ("postgresql://baker@127.0.0.1:1/cake", f"postgresql://baker@/cake?host={tmp_path}"):
        with pytest.raises(DatabaseUnavailableError, match=r"cannot be opened: .* start the server, or check"):
            engine_for(url)


def test_a_server_that_goes_down_meanwhile_is_named_after_the_last_attempt(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """Each attempt is logged, the last as an error; the caller reads what to do, not a driver's traceback."""
    kitchen = Kitchen()
    kitchen.ingredient("Flour")
    engine_for().dispose()

    def refuse(*_: Any, **__: Any) -> None:
        raise psycopg.OperationalError("connection failed: Connection refused")

    pauses: list[float] = []
    with monkeypatch.context() as down:  # and up again, when the test's database is dropped
        down.setattr(psycopg, "connect", refuse)
        down.setattr("bake_tracker.database.scopes.time.sleep", pauses.append)
        down.setattr("bake_tracker.database.scopes.time.monotonic", lambda: 15 * len(pauses))
        log.clear()
        with pytest.raises(DatabaseUnavailableError, match="Connection refused; start the server"):
            kitchen.ingredient("Sugar")
        with pytest.raises(DatabaseUnavailableError, match="Connection refused; start the server"), read_scope():
            raise AssertionError("there is nothing to read")
    told = [(fields(r)["outcome"], fields(r)["attempt"]) for r in log.records if fields(r)["outcome"] != "started"]
    assert told == [("retried", 1), ("retried", 2), ("error", 3)]


def test_a_schema_of_another_version_is_named(postgresql_url: str, admin: Any) -> None:
    """The refusal says how to upgrade it."""
    admin.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(DatabaseUnavailableError, match="is of another version") as refused:
        engine_for()
    assert told(refused.value).endswith("; run: bake init")
