"""SERIALIZABLE by our setting, by the URL or by the server's default: a refused transaction is retried, in turn."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import create_engine, text

from bake_tracker.config import SettingsError, load_settings
from bake_tracker.services import database
from bake_tracker.services.catalog import measures
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from support.kitchen import Kitchen
from support.log.lines import SERVICES, fields

ISOLATION = text("SHOW transaction_isolation")
BAKERS = 12


def by_setting(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BAKE_TRACKER_ISOLATION", "SERIALIZABLE")
    return url


def by_url(url: str, _monkeypatch: pytest.MonkeyPatch) -> str:
    return f"{url}&options=-cdefault_transaction_isolation%3Dserializable"


def by_server(url: str, _monkeypatch: pytest.MonkeyPatch) -> str:
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"))
    admin.dispose()
    return url


WAYS = [by_setting, by_url, by_server]


@pytest.mark.parametrize("way", WAYS)
def test_serializable_is_asked_for_in_three_ways(
    postgresql_url: str, use: Callable[[str], str], way: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers use it; readers use one snapshot of the database, which never fails."""
    use(way(postgresql_url, monkeypatch))
    for _ in range(2):
        with session_scope() as session:
            assert session.scalar(ISOLATION) == "serializable"
        with read_scope() as session:
            assert session.scalar(ISOLATION) == "repeatable read"


@pytest.mark.parametrize("way", WAYS)
def test_bakers_at_one_bag_of_flour_all_bake(
    postgresql_url: str, use: Callable[[str], str], way: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each production conflicts with all the others, and all of them succeed in the end."""
    use(way(postgresql_url, monkeypatch))
    kitchen = Kitchen().simple_bakery()
    meet = Barrier(BAKERS)

    def bake(_: int) -> str:
        meet.wait()
        return str(kitchen.produce("Cookies", "Cookie", 1, 24)["operation_id"])

    with ThreadPoolExecutor(BAKERS) as threads:
        assert len(set(threads.map(bake, range(BAKERS)))) == BAKERS
    assert (kitchen.stock("Flour"), kitchen.stock("Cookie")) == (10_000 - 500 * BAKERS, 24 * BAKERS)


def test_the_loser_of_a_race_waits_its_turn(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """A serialization failure is logged as retried, and the next attempt queues before it reads anything."""
    monkeypatch.setenv("BAKE_TRACKER_ISOLATION", "serializable")
    kitchen = Kitchen()
    flour = kitchen.ingredient("Flour")
    held: list[list[str]] = []

    def density(session: database.Session) -> None:
        modes = text("SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND mode LIKE 'ShareUpdate%'")
        held.append([row.mode for row in session.execute(modes)])
        if len(held) == 1:
            with ThreadPoolExecutor(1) as other:  # changes the same item after this transaction's first read
                other.submit(kitchen.density, "Flour", 1, "cup", 120, "g").result()
        measures.record_density(flour, 1, "cup", 125, "g", session=session)

    log.clear()
    with log.at_level(logging.INFO, logger=SERVICES):
        run_in_transaction(density)
    assert held == [[], ["ShareUpdateExclusiveLock"]]
    told = [(fields(r)["outcome"], fields(r)["attempt"]) for r in log.records if r.levelno >= logging.INFO]
    assert told == [("success", 1), ("retried", 1), ("success", 2)]


def test_who_has_lost_three_times_works_alone(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    """Operations that ask meanwhile begin afterwards; otherwise a long transaction could lose until it gives up."""
    monkeypatch.setenv("BAKE_TRACKER_ISOLATION", "serializable")
    kitchen = Kitchen()
    flour = kitchen.ingredient("Flour")
    others: list[Future[None]] = []
    alone: list[bool] = []

    with ThreadPoolExecutor(4) as threads:

        def density(session: database.Session) -> None:
            modes = text("SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'ShareRowExclusiveLock'")
            alone.append(session.execute(modes).first() is not None)
            others.append(threads.submit(kitchen.density, "Flour", 1, "cup", 120 + len(others), "g"))
            if not alone[-1]:
                others[-1].result()
            measures.record_density(flour, 1, "cup", 125, "g", session=session)
            assert others[-1].done() is not alone[-1]

        log.clear()
        run_in_transaction(density)
        for other in others:
            other.result()
    assert alone == [False, False, False, True]
    told = [fields(r)["outcome"] for r in log.records if r.levelno >= logging.INFO]
    assert told[:6] == ["success", "retried"] * 3
    # The last to ask had read before it had to wait; both tell at the same time what became of them.
    assert (sorted(told[6:8]), told[8:]) == (["retried", "success"], ["success"])


def test_two_first_users_prepare_one_database(
    postgresql_url: str, use: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that waited sees the other's work, even if the server's default is SERIALIZABLE."""
    admin = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    name = f"{admin.url.database}_new"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"))
    admin.dispose()
    url = admin.url.set(database=name).render_as_string(hide_password=False)
    meet = Barrier(2)

    def first(_: int) -> None:
        meet.wait()
        database.prepare(url)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(first, range(2)))
    use(url)
    assert Kitchen().rows("SELECT count(*) FROM bakery") == [(1,)]


def test_an_unknown_isolation_level_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal lists the three levels; their words may be joined in any way."""
    monkeypatch.setenv("BAKE_TRACKER_ISOLATION", "Repeatable_Read")
    assert load_settings().isolation == "repeatable read"
    monkeypatch.setenv("BAKE_TRACKER_ISOLATION", "snapshot")
    with pytest.raises(SettingsError, match=r"BAKE_TRACKER_ISOLATION: .*serializable"):
        load_settings()
