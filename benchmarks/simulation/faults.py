"""Deliberate faults: failing statements, a COMMIT that fails or whose answer is lost, a broken log."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from .scopes import Fault

_NOT_COUNTED = ("BEGIN", "PRAGMA", "SET ")


class Saboteur:
    """Holds the planned fault and whether it struck; ``was_committed`` means that COMMIT succeeded first.

    ``has_kept_savepoint`` means that a savepoint could be neither released nor undone: the transaction must not commit.
    """

    def __init__(self, engine: Engine) -> None:
        self.plan: Fault | None = None
        self.statements_left = 0
        self.has_struck = self.was_committed = self.has_kept_savepoint = False
        dialect = engine.dialect
        make = _sqlite_connection(self) if dialect.name == "sqlite" else _postgresql_connection(self)
        event.listen(engine, "do_connect", lambda _dialect, _record, given, named: make(*given, **named))
        event.listen(engine, "before_cursor_execute", self._before_statement)
        engine.dispose()  # existing connections have no faults

    def prepare(self, fault: Fault | None) -> None:
        self.plan = fault
        self.statements_left = fault.at if fault else 0
        self.has_struck = self.was_committed = self.has_kept_savepoint = False

    def _strike(self) -> Fault | None:
        self.has_struck, plan, self.plan = True, self.plan, None
        return plan

    def _before_statement(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("ROLLBACK TO"):
            self.has_kept_savepoint = False  # it ends with the savepoint around it
        if self.plan is None or self.plan.kind not in ("statement", "lock_timeout"):
            return
        if statement.startswith(_NOT_COUNTED):
            return
        self.statements_left -= 1
        if self.statements_left < 0 and (plan := self._strike()):
            self.has_kept_savepoint = statement.startswith(("RELEASE", "ROLLBACK TO"))
            raise OperationalError("", {}, _LockTimeoutError() if plan.is_retryable else _DiskError("disk I/O error"))

    def around_commit(self, commit: Any, driver_connection: Any, errors: dict[str, Exception]) -> None:
        """Carry out COMMIT, refuse it, or lose its answer."""
        if self.plan is None or self.plan.kind not in errors:
            commit()
            return
        plan = self._strike()
        assert plan is not None
        if plan.kind == "lost_after":
            commit()
            self.was_committed = True
        if plan.kind.startswith("lost"):
            driver_connection.close()
        raise errors[plan.kind]


class _DiskError(Exception):
    pass


class _LockTimeoutError(Exception):
    sqlstate = "55P03"


def _sqlite_connection(saboteur: Saboteur) -> Any:
    class Faulty(sqlite3.Connection):
        def commit(self) -> None:
            busy = sqlite3.OperationalError("database is locked")
            busy.sqlite_errorname = "SQLITE_BUSY"
            lost = sqlite3.ProgrammingError("Cannot operate on a closed database.")
            errors = {"commit": sqlite3.OperationalError("disk I/O error"), "commit_busy": busy}
            saboteur.around_commit(super().commit, self, {**errors, "lost_before": lost, "lost_after": lost})

    return lambda *given, **named: sqlite3.connect(*given, factory=Faulty, **named)


def _postgresql_connection(saboteur: Saboteur) -> Any:
    class Faulty(psycopg.Connection[Any]):
        def commit(self) -> None:
            lost = psycopg.OperationalError("server closed the connection unexpectedly")
            errors = {
                "commit": psycopg.errors.DiskFull("could not write"),
                "commit_busy": psycopg.errors.SerializationFailure("could not serialize access"),
            }
            saboteur.around_commit(super().commit, self, {**errors, "lost_before": lost, "lost_after": lost})

    return Faulty.connect


class BrokenHandler(logging.Handler):
    """Somebody else's handler, which raises at every line."""

    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError("this handler is broken")


@contextmanager
def unwritable(log_file: Path) -> Iterator[None]:
    """Put a folder in place of the log file, and restore the file afterwards."""
    aside = log_file.with_suffix(".aside")
    log_file.rename(aside)
    log_file.mkdir()
    try:
        yield
    finally:
        log_file.rmdir()
        aside.rename(log_file)
