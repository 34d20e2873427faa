"""Every test that touches a database runs on SQLite and on a real PostgreSQL, each on a fresh copy."""

import gc
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, create_engine, text

from bake_tracker.config import load_settings
from bake_tracker.database import engines
from bake_tracker.services import database
from bake_tracker.services.access import passwords
from support.command_line import CommandLine, root_logger_put_back
from support.databases import fresh_postgresql, fresh_sqlite
from support.kitchen import Kitchen
from support.log.otlp_receiver import Receiver, receiving
from support.postgresql import postgresql_running
from support.warm import schedule

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from support.serving import Server

LOGGERS = [logging.getLogger(name) for name in ("root", "bake_tracker", "bake_tracker.services")]


logging.getLogger("bake_tracker").addHandler(logging.NullHandler())  # as a command line that has run would leave it


@pytest.fixture(scope="session", autouse=True)
def nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test that names no database must not find the one of whoever runs it."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("XDG_DATA_HOME", "XDG_STATE_HOME"):
            environment.setenv(name, str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def passwords_are_hashed_lightly() -> Iterator[None]:
    """By argon2 as ever, but in a millisecond: every test of a page has three people. ``test_access`` has the real."""
    with pytest.MonkeyPatch.context() as cheaper:
        light = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
        cheaper.setattr(passwords, "_hasher", lambda: light)
        yield


@pytest.fixture(autouse=True)
def loggers_are_left_as_they_were() -> Iterator[None]:
    """A test that leaves a level or a handler behind fails itself, and not another that runs after it."""
    before = [(logger.level, logger.propagate, logger.handlers[:]) for logger in LOGGERS]
    yield
    assert [(logger.level, logger.propagate, logger.handlers) for logger in LOGGERS] == before


@pytest.fixture(autouse=True)
def no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment of the run says about telemetry is not part of a test."""
    for name in [name for name in os.environ if name.startswith("OTEL_") or name == "TRACEPARENT"]:
        monkeypatch.delenv(name)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch, no_telemetry: None) -> Iterator[Receiver]:
    """A collector that the environment names."""
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        yield receiver


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    engine = database.make_engine(f"sqlite:///{path}")
    database.migrate(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server started for this run, with a migrated database called ``template_bakery``."""
    with postgresql_running() as server:
        url = str(server.get_uri(driver="psycopg"))
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            # A power failure may take these databases; the tests of faults have servers of their own.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text("CREATE DATABASE template_bakery"))
        admin.dispose()
        engine = database.make_engine(url.replace("/postgres?", "/template_bakery?"))
        database.migrate(engine)
        engine.dispose()
        yield url


# What is recorded by many at once, and what is told of it, holds in PostgreSQL's strictest isolation too.
ALSO_SERIALIZABLE = {
    "test_assembly",
    "test_fifty_copies",
    "test_idempotency",
    "test_many_writers",
    "test_outcome_lines",
    "test_production",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-database", action="store_true", help="run what is marked one_database on each of them")
    parser.addoption("--shuffle", metavar="SEED", help="run the modules, and the tests of each, in an order by chance")


def pytest_configure() -> None:
    gc.disable()  # what is imported and collected stays


def pytest_collection_finish() -> None:
    """Collect garbage seldom: there are a million objects that stay, and tests leave little."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if seed := config.getoption("--shuffle"):
        schedule.shuffle(items, seed)
    elif "PYTEST_XDIST_WORKER" in os.environ:
        schedule.put_slow_modules_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return schedule.by_module(config, log)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of a database on SQLite and PostgreSQL, and those of some modules in SERIALIZABLE besides.

    What is marked ``one_database`` is about what lies above the database: on SQLite, unless all are asked for.
    """
    # A module with a database_url of its own has its own kind.
    if "database_url" in metafunc.fixturenames and not hasattr(metafunc.module, "database_url"):
        kinds = ["sqlite", "postgresql"]
        if metafunc.module.__name__ in ALSO_SERIALIZABLE:
            kinds.append("serializable")
        if metafunc.definition.get_closest_marker("one_database") and not metafunc.config.getoption("--every-database"):
            kinds = ["sqlite"]
        metafunc.parametrize("database_url", kinds, indirect=True)


rested: dict[tuple[str, str | None], Engine] = {}
_new_engine = engines.make_engine


def engine_of_before(url: str) -> Engine:
    """The engine of an earlier test at this URL, if it is at rest: it compiles nothing again."""
    key = url, load_settings().isolation
    engine = rested.pop(key, None) or _new_engine(url)
    engine.as_made = key, listeners_of(engine)  # type: ignore[attr-defined]
    return engine


def listeners_of(engine: Engine) -> list[Any]:
    """Who listens to an engine: one on which a test has hung something is not for the next."""
    dispatchers: list[Any] = [engine.dispatch, engine.pool.dispatch, engine.dialect.dispatch]
    return [[*getattr(one, name)] for one in dispatchers for name in sorted(one._event_names)]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Make a database the one that ``session_scope()`` opens, until the test is over."""

    monkeypatch.setattr(engines, "make_engine", engine_of_before)

    def use_it(url: str) -> str:
        monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", url)
        return url

    yield use_it
    for engine in engines._engines.values():
        key, listeners = getattr(engine, "as_made", (None, None))
        if key and listeners == listeners_of(engine):
            rested[key] = engine
    database.dispose_engines()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database of one test after the other lives: at one URL, so that their engines know its SQL already."""
    return tmp_path_factory.mktemp("bakery")


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest, home: Path, use: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """A fresh, migrated database of each kind."""
    if request.param == "serializable":
        monkeypatch.setenv("BAKE_TRACKER_ISOLATION", "serializable")
    make = fresh_sqlite if request.param == "sqlite" else fresh_postgresql
    return use(make(request, home))


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, home: Path, use: Callable[[str], str]) -> str:
    """A fresh SQLite database, for what only SQLite does."""
    return use(fresh_sqlite(request, home))


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest, home: Path, use: Callable[[str], str]) -> str:
    """A fresh PostgreSQL database, for what only PostgreSQL does."""
    return use(fresh_postgresql(request, home))


@pytest.fixture
def kitchen(database_url: str) -> Kitchen:
    """Short words for setting up a bakery on the fresh database."""
    return Kitchen()


@pytest.fixture
def bake(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandLine]:
    """The command line on a fresh database, with a log file of its own."""
    log_file = tmp_path / "bakery.log.jsonl"
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(log_file))
    monkeypatch.setenv("BAKE_TRACKER_ACTOR", "baker")
    with root_logger_put_back():
        yield CommandLine(capsys, monkeypatch, log_file)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """``caplog`` that hears every record of the services."""
    caplog.set_level(logging.DEBUG, logger="bake_tracker.services")
    return caplog


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Server"]:
    """The demo bakery, served; one for all tests of a module."""
    from support.serving import serving

    with serving(tmp_path_factory.mktemp("server"), "--demo") as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """A real browser; one for all tests."""
    from support.browsing import chromium_running  # a library that only these tests wait for

    with chromium_running() as browser:
        yield browser


@pytest.fixture
def page(chromium: "Browser", server: "Server") -> Iterator["Page"]:
    """A fresh window of it; when the test is over, nothing was wrong in its console or went elsewhere."""
    from support.browsing import window

    with window(chromium, server) as page:
        yield page
