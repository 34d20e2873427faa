"""Two days of a bakery in which much goes wrong, for questions that somebody asks at night.

Seventy operations on Sunday and Monday: daily work, composites, refusals, a caller that changes its mind, a retry, a
held lock, a slow statement, a bug, a failed COMMIT, a second process that is killed between COMMIT and its line, a log
that is rotated and compressed, and a clock that is set back two hours. No time passes: the clock is the scene's.
"""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from bake_tracker import clock
from bake_tracker.config import load_settings
from bake_tracker.domain.errors import ServiceError
from bake_tracker.log import rotation
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.setup import configure_logging
from bake_tracker.services import reversal
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.batch_production_service import record_batch_production
from bake_tracker.services.database import (
    dispose_engines,
    engine_for,
    roll_back_because,
    run_in_transaction,
)
from bake_tracker.services.importing.tables import record_import
from bake_tracker.services.logging_utils import bound_log_context
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from bake_tracker.services.stock import adjustment, handling
from support.command_line import root_logger_put_back
from support.kitchen import Kitchen
from support.log.lines import lock_timeout

SUNDAY, MONDAY = "2026-11-22", "2026-11-23"
ASKED_AT = f"{MONDAY}T20:00"
REQUEST = "01a20000-0000-7000-8000-00000000c0de"
EXPORT = {
    "application": "bake-tracker",
    "version": "4.2",
    "suppliers": [{"name": "Mill", "slug": "mill", "supplier_type": "physical"}],
}


class DrawerOpenError(Exception):
    """The till's own error."""


class Clock:
    """The time of the scene, which stands where it was set and goes on from there."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._real_ns, self._counter_ns = time.time_ns, time.perf_counter_ns
        self._ahead_ns = self.spent_ns = 0
        scene = self

        class _Datetime(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=scene.time_ns() // 1_000)

        patch.setattr(time, "time_ns", self.time_ns)
        patch.setattr(time, "perf_counter_ns", lambda: self._counter_ns() + self.spent_ns)
        for module in (clock, rotation):
            patch.setattr(module, "datetime", _Datetime)

    def time_ns(self) -> int:
        return self._real_ns() + self._ahead_ns

    def set(self, at: str) -> None:
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        self._ahead_ns = int(moment.timestamp()) * 1_000_000_000 - self._real_ns()


@dataclass
class Night:
    """Where it happened, and the ids that somebody would have at hand."""

    clock: Clock
    log_file: Path
    database_url: str
    kitchen: Kitchen = field(default_factory=Kitchen)
    ids: dict[str, str] = field(default_factory=dict)

    # daily work ------------------------------------------------------------------------------------------------------

    def do(self, at: str, actor: str, *work: Callable[[Session], Any], request: str | None = None) -> Any:
        """Do all of this in one transaction, at this time and as this person."""
        self.clock.set(at)
        bound = {"actor": actor, **({"request_id": request} if request else {})}
        with bound_log_context(**bound):
            return run_in_transaction(lambda session: [one(session) for one in work][-1])

    def bakes(self, batches: int = 1, **more: Any) -> Callable[[Session], Any]:
        of = self.kitchen.ids
        return lambda s: record_batch_production(of["Cookies"], of["Cookie"], batches, batches * 24, session=s, **more)

    def packs(self, boxes: int, **more: Any) -> Callable[[Session], Any]:
        return lambda s: record_assembly(self.kitchen.ids["Box"], boxes, session=s, **more)

    def bakes_and_packs(self, boxes: int) -> Callable[[Session], Any]:
        of = self.kitchen.ids
        return lambda s: record_bake_and_pack(of["Cookies"], of["Cookie"], 1, 24, of["Box"], boxes, session=s)

    def takes(self, kind: str, item: str, quantity: int, reason: str | None = None) -> Callable[[Session], Any]:
        lines = [{"item_id": self.kitchen.ids[item], "quantity": quantity}]
        return lambda s: adjustment.record_adjustment(kind, lines, session=s, reason=reason)

    def remember(self, name: str, done: Any) -> None:
        self.ids[name] = str(done["operation_id"])


@contextmanager
def a_night(home: Path, template: Path, patch: pytest.MonkeyPatch) -> Iterator[Night]:
    """Set the scene in a copy of an empty bakery; until the end it is Monday evening."""
    database, log_file = home / "bakery.db", home / "bakery.log.jsonl"
    database.write_bytes(template.read_bytes())
    for name, value in (
        ("DATABASE_URL", f"sqlite:///{database}"),
        ("LOG_FILE", str(log_file)),
        ("LOG_ROTATE", "16KB"),
        ("ACTOR", "olga"),
    ):
        patch.setenv(f"BAKE_TRACKER_{name}", value)
    night = Night(Clock(patch), log_file, f"sqlite:///{database}")
    try:
        with root_logger_put_back():
            night.clock.set(f"{SUNDAY}T06:00")
            configure_logging(load_settings(), night.database_url)
            sunday(night)
            monday(night, patch)
        night.clock.set(ASKED_AT)
        yield night
    finally:
        dispose_engines()


def sunday(night: Night) -> None:
    """Setting up, daily work, a correction of 3 kg in the middle of a bake, and three kinds of trouble."""
    with bound_log_context(actor="olga"):
        night.kitchen._simple_bakery()
    for hour in range(7, 12):
        night.do(f"{SUNDAY}T{hour:02}:15", "ada", night.bakes())
        night.do(f"{SUNDAY}T{hour:02}:45", "ada", night.packs(2))
    night.do(f"{SUNDAY}T12:00", "ada", night.bakes_and_packs(3))
    taken = night.do(
        f"{SUNDAY}T12:30", "ben", night.bakes(), night.takes("correction", "Flour", -3_000, "the sack was rye")
    )
    night.remember("correction", taken)
    _refused(night, f"{SUNDAY}T13:00", "ada", night.bakes(40))
    _refused(night, f"{SUNDAY}T13:30", "ada", night.bakes_and_packs(60))
    with pytest.raises(RuntimeError):
        night.do(f"{SUNDAY}T14:00", "ben", night.takes("sale", "Box", 2), _leave(RuntimeError("the oven is cold")))
    night.clock.set(f"{SUNDAY}T14:30")
    with bound_log_context(actor="ben", request_id=REQUEST), Session(engine_for()) as session:
        night.remember("cancelled", night.packs(1)(session))
        roll_back_because(session, "the customer cancelled")
        session.rollback()
    night.do(f"{SUNDAY}T14:31", "ben", night.takes("sale", "Box", 1), request=REQUEST)
    attempts = iter([lock_timeout(), None])

    def first_fails(_session: Session) -> None:
        if error := next(attempts):
            raise error

    night.remember(
        "retried",
        night.do(
            f"{SUNDAY}T15:00", "cleo", lambda s: (night.takes("waste", "Cookie", 3, "burnt")(s), first_fails(s))[0]
        ),
    )
    for minute in range(14):
        night.do(f"{SUNDAY}T16:{minute:02}", "cleo", night.takes("sale", "Cookie", 2))


def monday(night: Night, patch: pytest.MonkeyPatch) -> None:
    """A held lock, a slow statement, a bug, a failed COMMIT, the till's process, and a clock that is set back."""
    with _slow(night.clock, "BEGIN IMMEDIATE", 19_000):
        night.remember("waited", night.do(f"{MONDAY}T08:00", "ada", night.bakes()))
    with _slow(night.clock, "INSERT INTO movement", 12_000):
        night.remember("slow", night.do(f"{MONDAY}T08:30", "ada", night.bakes()))
    undone = night.do(f"{MONDAY}T09:00", "ada", night.bakes())
    night.remember("undone", undone)
    night.do(
        f"{MONDAY}T09:05", "olga", lambda s: reversal.record_reversal(undone["operation_id"], "typed twice", session=s)
    )
    with patch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(adjustment, "load_items", _broken)
        night.do(f"{MONDAY}T10:00", "ben", night.takes("gift", "Cookie", 1))
    with pytest.raises(Exception, match="FOREIGN KEY"):
        night.do(f"{MONDAY}T10:30", "ben", night.takes("sale", "Cookie", 1), _breaks_a_key)
    till(night, patch)
    for minute in range(5):
        night.do(f"{MONDAY}T15:{minute:02}", "cleo", night.takes("sale", "Cookie", 1))
    # The clock is set back by two hours.
    for minute in range(3):
        night.do(f"{MONDAY}T13:{4 + minute:02}", "dora", night.takes("sample", "Cookie", 1))
    _refused(night, f"{MONDAY}T13:10", "dora", night.takes("sale", "Box", 500))


def till(night: Night, patch: pytest.MonkeyPatch) -> None:
    """A process of its own: an import that it takes back, sales, and a kill between COMMIT and the line."""
    lot = night.kitchen.rows("SELECT max(id) FROM lot WHERE remaining_micros > 0")[0][0]
    reads, tells = os.pipe()
    if (child := os.fork()) == 0:
        try:
            _as_till(night, patch, lot, tells)
        finally:
            os._exit(1)
    os.close(tells)
    with os.fdopen(reads) as told:
        night.ids["killed"] = told.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def _as_till(night: Night, patch: pytest.MonkeyPatch, lot: int, tells: int) -> None:
    with pytest.raises(DrawerOpenError):
        night.do(
            f"{MONDAY}T12:00",
            "till",
            lambda s: record_import(EXPORT, session=s),
            _leave(DrawerOpenError("close the drawer first")),
        )
    for minute in range(4):
        night.do(f"{MONDAY}T12:{10 + minute}", "till", night.takes("sale", "Cookie", 1))
    night.do(f"{MONDAY}T12:20", "till", lambda s: handling.record_transfer(lot, "Shop", session=s))

    def killed(_session: Session) -> Any:
        done = night.takes("sale", "Box", 1)(_session)
        os.write(tells, done["operation_id"].encode())
        return done

    patch.setattr(AppendHandler, "append", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    night.do(f"{MONDAY}T12:30", "till", killed)


def _refused(night: Night, at: str, actor: str, *work: Callable[[Session], Any]) -> None:
    with pytest.raises(ServiceError):
        night.do(at, actor, *work)


def _leave(error: Exception) -> Callable[[Session], Any]:
    def leave(_session: Session) -> None:
        raise error

    return leave


def _breaks_a_key(session: Session) -> None:
    """Leave something for the COMMIT to refuse."""
    session.execute(text("PRAGMA defer_foreign_keys = ON"))
    session.execute(text("INSERT INTO archived_event VALUES (4711, '2026-11-23')"))


def _broken(*_arguments: Any) -> Any:
    try:
        return {}["rye"]
    except KeyError as error:
        raise RuntimeError("the price list cannot be read") from error


@contextmanager
def _slow(scene: Clock, beginning: str, ms: int) -> Iterator[None]:
    """Let statements that begin like this take so long, to SQLite's own clock watchers."""

    def watch(driver_connection: sqlite3.Connection, *_: Any) -> None:
        def take(statement: str) -> None:
            if statement.startswith(beginning):
                scene.spent_ns = ms * 1_000_000

        driver_connection.set_trace_callback(take)

    engine = engine_for()
    event.listen(engine, "checkout", watch)
    try:
        yield
    finally:
        event.remove(engine, "checkout", watch)
        with engine.connect() as connection:
            connection.connection.driver_connection.set_trace_callback(None)  # type: ignore[union-attr]
        scene.spent_ns = 0
