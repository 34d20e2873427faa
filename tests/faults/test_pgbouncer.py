"""Through PgBouncer, which may give each transaction another of the server's sessions, everything is as without it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from bake_tracker.config import load_settings
from bake_tracker.database.postgresql.poolers import read_options
from bake_tracker.domain.errors import DatabaseUnavailableError, ValidationError
from bake_tracker.services.database import engine_for, prepare, read_scope, run_in_transaction, session_scope
from bake_tracker.services.reversal import record_reversal
from support.command_line import CommandLine
from support.faults.pgbouncer import PROGRAM, pgbouncer_running
from support.faults.under_fault import assert_log_agrees, stocked_bakery
from support.kitchen import Kitchen

pytestmark = pytest.mark.skipif(
    PROGRAM is None and "CI" not in os.environ,
    reason="NOT TESTED: no PgBouncer on the PATH (on Debian: apt-get install pgbouncer)",
)
IGNORES = {"ignore_startup_parameters": "options"}
MODES = {
    # One server session is shared by all, so that everything lost or left behind there would show.
    "transaction": {"pool_mode": "transaction", "default_pool_size": "3"},
    "transaction, options ignored": {"pool_mode": "transaction", "default_pool_size": "3", **IGNORES},
    "session": {"pool_mode": "session", "default_pool_size": "20"},
    "session, options ignored": {"pool_mode": "session", "default_pool_size": "20", **IGNORES},
}
SHOWN = ("TimeZone", "DateStyle", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_isolation")


@pytest.fixture(params=MODES)
def pooled_url(postgresql_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The fresh bakery through PgBouncer; whatever the server's own defaults say is not what we want."""
    name = make_url(postgresql_url).database
    admin = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for preferred in ("TimeZone = 'Asia/Kolkata'", "DateStyle = 'German, DMY'", "lock_timeout = '7s'"):
            connection.execute(text(f"ALTER DATABASE {name} SET {preferred}"))
    admin.dispose()
    with pgbouncer_running(postgresql_url, **MODES[request.param]) as url:
        yield url


@pytest.fixture
def database_url(pooled_url: str, use: Callable[[str], str]) -> Iterator[str]:
    """For fixtures of any database; its connections are closed before PgBouncer is."""
    yield use(pooled_url)
    engine_for().dispose()


def shown(url: str | None = None) -> list[Any]:
    with read_scope(url) as reader, session_scope(url) as writer:
        return [[session.scalar(text(f"SHOW {name}")) for name in SHOWN] for session in (reader, writer)]


def test_operations_are_recorded_and_logged_as_without_it(bake: CommandLine, pooled_url: str) -> None:
    """A production, its undoing, and six writers of one recipe at once; then rows, stock and log agree."""
    kitchen = stocked_bakery(bake)
    before = kitchen.stock("Cookie")
    run = kitchen.produce("Cookies", "Cookie", 1, 24)
    run_in_transaction(lambda session: record_reversal(run["operation_id"], "burnt", session=session))
    with ThreadPoolExecutor(6) as threads:
        done = list(
            threads.map(lambda _: kitchen.produce("Cookies", "Cookie", 1, 24)["operation_id"], repeat(None, 18))
        )
    assert len(set(done)) == 18
    assert kitchen.stock("Cookie") - before == 18 * 24
    assert bake("verify").code == 0
    assert_log_agrees(bake("log", "verify", "--json").json, False)


def test_every_transaction_has_our_settings_and_leaves_none_behind(database_url: str) -> None:
    """Readers and writers, many times over; another program sees the database's own defaults."""
    for _ in range(10):  # a driver prepares a statement that it has seen five times
        assert shown() == [
            ["UTC", "ISO, MDY", "10s", "5min", "repeatable read"],
            ["UTC", "ISO, MDY", "10s", "5min", "read committed"],
        ]
    with psycopg.connect(database_url.replace("+psycopg", "")) as other:
        assert [other.execute(f"SHOW {name}".encode()).fetchone() for name in SHOWN[1:4]] == [  # type: ignore[call-overload]
            ("German, DMY",),
            ("7s",),
            ("0",),
        ]


def test_a_lock_is_not_waited_for_for_ever(database_url: str) -> None:
    """The time limit in the URL holds as well."""
    Kitchen().ingredient("Flour")
    url = f"{database_url}?options=-c%20lock_timeout%3D20ms%20-csearch_path%3Dpublic,pg_catalog"
    with session_scope() as holder:
        holder.execute(text("LOCK TABLE item IN ACCESS EXCLUSIVE MODE"))
        kept = pytest.raises(DatabaseUnavailableError, match="another transaction or program kept it locked")
        with kept, read_scope(url) as session:
            session.execute(text("SELECT count(*) FROM item"))


def test_the_isolation_of_the_settings_is_that_of_every_writer(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers keep their own, and a schema is made and upgraded as without it."""
    monkeypatch.setenv("BAKE_TRACKER_ISOLATION", "serializable")
    assert load_settings().isolation == "serializable"
    engine_for().dispose()
    prepare()
    assert [row[-1] for row in shown(f"{database_url}?connect_timeout=9")] == ["repeatable read", "serializable"]


def test_the_server_s_own_tools_are_not_sent_through_it(bake: CommandLine, tmp_path: Path) -> None:
    """They would set settings of a session, and find no snapshot of another; a portable backup is written."""
    assert bake("init").code == 0
    said = bake("backup", str(tmp_path / "a.dump"), "--no-seal")
    assert (said.code, "name the PostgreSQL server itself, or use .jsonl.gz" in said.err) == (1, True)
    assert bake("backup", str(tmp_path / "a.jsonl.gz"), "--no-seal").code == 0


def test_what_no_transaction_can_have_for_itself_is_refused(database_url: str) -> None:
    """The refusal names it and says where it can be set."""
    with pytest.raises(
        ValidationError, match=r"does not pass on \(-B\): leave it out of the URL, or set it for the role"
    ):
        engine_for(f"{database_url}?options=-B%20100")
    with pytest.raises(DatabaseUnavailableError, match='unrecognized configuration parameter "flour"'):
        engine_for(f"{database_url}?options=-c%20flour%3Dwhite")


def test_options_are_read_as_the_server_reads_them() -> None:
    """All three spellings are read, with escaped spaces; of two values, the last wins."""
    given = r"-c default_transaction_isolation=repeatable\ read --lock-timeout=5s -csearch_path=a,b  -c lock_timeout=6s"
    assert read_options(given) == {
        "default_transaction_isolation": "repeatable read",
        "lock_timeout": "6s",
        "search_path": "a,b",
    }
    for wrong in ("-c", "-c flour", "flour=white", "-c default_transaction_read_only=on", "-B 3"):
        with pytest.raises(ValidationError, match="has an option that a connection pooler does not pass on"):
            read_options(wrong)
