"""Every test that touches a database runs on SQLite and on a real PostgreSQL, each on a fresh copy."""

import gc
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, create_engine, text

from bake_tracker.config import load_settings
from bake_tracker.database import engines
from bake_tracker.services import database
from bake_tracker.services.access import passwords
from support import AT_THE_END, depth
from support.command_line import CommandLine, root_logger_put_back
from support.databases import fresh_postgresql, fresh_sqlite
from support.kitchen import Kitchen
from support.log.otlp_receiver import Receiver, receiving
from support.postgresql import postgresql_running, restart
from support.warm import schedule

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from support.serving import Server

LOGGERS = [logging.getLogger(name) for name in ("root", "bake_tracker", "bake_tracker.services")]


logging.getLogger("bake_tracker").addHandler(logging.NullHandler())  # as after a command line has run


@pytest.fixture(scope="session", autouse=True)
def nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test that names no database does not find the developer's own."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("XDG_DATA_HOME", "XDG_STATE_HOME"):
            environment.setenv(name, str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_stays_begun() -> Iterator[None]:
    """What helpers began once ends with the tests."""
    with AT_THE_END:
        yield


@pytest.fixture(scope="session", autouse=True)
def passwords_are_hashed_lightly() -> Iterator[None]:
    """Hash with argon2 in a millisecond: every page test has three users. ``test_access`` uses the real settings."""
    with pytest.MonkeyPatch.context() as cheaper:
        light = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
        cheaper.setattr(passwords, "_hasher", lambda: light)
        yield


@pytest.fixture(autouse=True)
def loggers_are_left_as_they_were() -> Iterator[None]:
    """A test that leaves a level or a handler behind fails itself, rather than a later test."""
    before = [(logger.level, logger.propagate, logger.handlers[:]) for logger in LOGGERS]
    yield
    assert [(logger.level, logger.propagate, logger.handlers) for logger in LOGGERS] == before


@pytest.fixture(autouse=True)
def no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The telemetry settings of the surrounding environment do not reach a test."""
    for name in [name for name in os.environ if name.startswith("OTEL_") or name == "TRACEPARENT"]:
        monkeypatch.delenv(name)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch, no_telemetry: None) -> Iterator[Receiver]:
    """A telemetry collector, set in the environment."""
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
            # These databases may be lost in a power failure; the fault tests have servers of their own.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("ALTER SYSTEM SET max_prepared_transactions = 8"))
        admin.dispose()
        restart(server)
        with admin.connect() as connection:
            connection.execute(text("CREATE DATABASE template_bakery"))
        admin.dispose()
        engine = database.make_engine(url.replace("/postgres?", "/template_bakery?"))
        database.migrate(engine)
        engine.dispose()
        yield url


# Concurrent recording, and what the log says about it, must also hold in PostgreSQL's strictest isolation.
ALSO_SERIALIZABLE = {
    "test_assembly",
    "test_fifty_copies",
    "test_idempotency",
    "test_many_writers",
    "test_outcome_lines",
    "test_production",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run every test, in all rounds, on both databases")
    parser.addoption("--shuffle", metavar="SEED", help="run the modules, and the tests of each, in a random order")


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # nothing that is imported or collected is garbage
    if config.getoption("--thorough"):
        depth.go_deep()
    settings.register_profile("without a clock", settings.default, deadline=None)
    settings.load_profile("without a clock")


def pytest_collection_finish() -> None:
    """Collect garbage rarely: a million objects stay, and tests leave little."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the long modules to a thorough run; pytest asks for no file that was named."""
    return True if depth.is_left_out(collection_path) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not depth.is_thorough():
        terminalreporter.write_line(f"{len(depth.LONG)} long modules of tests run with --thorough, or when named.")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not depth.is_thorough():
        left = [item for item in items if item.get_closest_marker("thorough")]
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left)
    if seed := config.getoption("--shuffle"):
        schedule.shuffle(items, seed)
    elif "PYTEST_XDIST_WORKER" in os.environ:
        schedule.put_slow_modules_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return schedule.by_module(config, log)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every database test on SQLite and PostgreSQL, and those of some modules in SERIALIZABLE as well.

    Tests marked ``one_database`` do not depend on the database: they run on SQLite only. So do whole folders of tests,
    without --thorough.
    """
    # A module with its own database_url chooses its own kind.
    if "database_url" in metafunc.fixturenames and not hasattr(metafunc.module, "database_url"):
        kinds = ["sqlite", "postgresql"]
        if metafunc.module.__name__ in ALSO_SERIALIZABLE:
            kinds.append("serializable")
        elif depth.lies_above_the_database(metafunc.definition.path):
            kinds = ["sqlite"]
        if metafunc.definition.get_closest_marker("one_database"):
            kinds = ["sqlite"]
        metafunc.parametrize("database_url", kinds, indirect=True)


rested: dict[tuple[str, str | None], Engine] = {}
_new_engine = engines.make_engine


def engine_of_before(url: str) -> Engine:
    """Return an earlier test's idle engine for this URL, so that no statement is compiled again."""
    key = url, load_settings().isolation
    engine = rested.pop(key, None) or _new_engine(url)
    engine.as_made = key, listeners_of(engine)  # type: ignore[attr-defined]
    return engine


def listeners_of(engine: Engine) -> list[Any]:
    """Return an engine's listeners; an engine to which a test has added one is not reused."""
    dispatchers: list[Any] = [engine.dispatch, engine.pool.dispatch, engine.dialect.dispatch]
    return [[*getattr(one, name)] for one in dispatchers for name in sorted(one._event_names)]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Make ``session_scope()`` open this database until the test ends."""

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
    """The folder of every test's database: with one URL, the engines keep their compiled SQL."""
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
    """A fresh SQLite database, for behaviour that only SQLite has."""
    return use(fresh_sqlite(request, home))


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest, home: Path, use: Callable[[str], str]) -> str:
    """A fresh PostgreSQL database, for behaviour that only PostgreSQL has."""
    return use(fresh_postgresql(request, home))


@pytest.fixture
def kitchen(database_url: str) -> Kitchen:
    """Shortcuts for setting up a bakery on the fresh database."""
    return Kitchen()


@pytest.fixture
def bake(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandLine]:
    """The command line on a fresh database, with its own log file."""
    log_file = tmp_path / "bakery.log.jsonl"
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(log_file))
    monkeypatch.setenv("BAKE_TRACKER_ACTOR", "baker")
    with root_logger_put_back():
        yield CommandLine(capsys, monkeypatch, log_file)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """``caplog`` set to record every line of the services."""
    caplog.set_level(logging.DEBUG, logger="bake_tracker.services")
    return caplog


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Server"]:
    """A server with the demo bakery, shared by all tests of a module."""
    from support.serving import serving

    with serving(tmp_path_factory.mktemp("server"), "--demo") as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """A real browser, shared by all tests."""
    from support.browsing import chromium_running  # only these tests should wait for this library

    with chromium_running() as browser:
        yield browser


@pytest.fixture
def page(chromium: "Browser", server: "Server") -> Iterator["Page"]:
    """A fresh browser window; afterwards, its console has no errors and no request went elsewhere."""
    from support.browsing import window

    with window(chromium, server) as page:
        yield page
