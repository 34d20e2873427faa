"""What a success line claims when a second server has to have it too."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.database import dispose_engines, prepare, session_scope
from support.log.lines import last
from support.log.outcome_shapes import DRIVERS, OURS, engine_of, is_installed, play
from support.two_servers import NAME, TwoServers, two_servers_running
from support.warm.waiting import wait_until

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture(scope="module")
def pair() -> Iterator[TwoServers]:
    """Two servers, with a migrated bakery, that say they keep what they commit."""
    with two_servers_running(is_synchronous=True) as pair:
        pair.primary.set(fsync="on")
        pair.primary.ask("CREATE DATABASE bakery")
        prepare(pair.primary.url_of("bakery"))
        dispose_engines()
        yield pair


@pytest.fixture
def database_url(pair: TwoServers, use: Callable[[str], str]) -> str:
    return use(pair.primary.url_of("bakery"))


@pytest.fixture
def in_background() -> Iterator[Callable[..., Any]]:
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit


def record(name: str, *statements: str) -> None:
    with session_scope() as session:
        record_supplier(name, session=session)
        for statement in statements:
            session.execute(text(statement))


@pytest.mark.parametrize("driver", [one for one in DRIVERS["postgresql"] if is_installed(one)])
def test_a_standby_is_claimed_only_where_we_can_hear_it(
    database_url: str, log: pytest.LogCaptureFixture, driver: str
) -> None:
    """With the other drivers, the claim is smaller, and true."""
    engine = engine_of(driver, database_url)

    def run() -> None:
        with Session(engine) as session:
            record_supplier(f"Mill by {driver}", session=session)
            session.commit()

    play(driver, cast(Any, SimpleNamespace(engine=engine, second_engine=engine)), run)
    engine.dispose()
    assert last(log)["durability"] == ("standby" if driver in (OURS, "psycopg") else "disk")


@pytest.mark.parametrize(
    ("statement", "claimed"),
    [
        ("Set Local Synchronous_Commit = off", "memory"),
        ("SET LOCAL SYNCHRONOUS_COMMIT TO local", "disk"),
        ("SELECT set_config('synchronous_commit', 'remote_write', true)", "standby"),
    ],
)
def test_the_transactions_own_settings_count(
    database_url: str, log: pytest.LogCaptureFixture, statement: str, claimed: str
) -> None:
    """Even a setting made after the operation counts."""
    record(f"Mill {statement}", statement)
    assert last(log)["durability"] == claimed


def test_a_setting_of_the_drivers_own_cursor_counts(database_url: str, log: pytest.LogCaptureFixture) -> None:
    """It goes past SQLAlchemy, so the server is asked before COMMIT."""
    with session_scope() as session:
        record_supplier("Mill on a cursor", session=session)
        raw: Any = session.connection().connection
        raw.cursor().execute("SET LOCAL synchronous_commit = off")
    assert last(log)["durability"] == "memory"


def cancel(pair: TwoServers, waiting: int) -> None:
    pair.primary.ask(f"SELECT pg_cancel_backend({waiting})")


def stop_waiting(pair: TwoServers, waiting: int) -> None:
    pair.primary.set(synchronous_standby_names="")


@pytest.mark.parametrize("how", [cancel, stop_waiting])
def test_a_wait_that_was_given_up_claims_no_standby(
    pair: TwoServers,
    database_url: str,
    log: pytest.LogCaptureFixture,
    in_background: Callable[..., Any],
    how: Callable[[TwoServers, int], None],
) -> None:
    """The server warns of a cancelled wait, and is silent when its administrator switches waiting off."""
    pair.primary.stop_sending()
    try:
        done = in_background(record, f"Mill and {how.__name__}")
        wait_until(lambda: pair.primary.ask(WAITING))
        how(pair, pair.primary.ask(WAITING)[0][0])
        done.result()
    finally:
        pair.primary.send_again()
        pair.primary.set(synchronous_standby_names=NAME)
    assert (last(log)["outcome"], last(log)["durability"]) == ("success", "disk")
    wait_until(lambda: pair.primary.ask("SELECT sync_state FROM pg_stat_replication") == [("sync",)])
