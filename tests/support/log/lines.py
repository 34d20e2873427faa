"""Helpers for tests that read the log, and bake and pack in a caller's session."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.batch_production_service import record_batch_production
from support.kitchen import Kitchen

SERVICES = "bake_tracker.services"


def fields(record: logging.LogRecord) -> dict[str, Any]:
    return record.__dict__


def told(log: pytest.LogCaptureFixture, *, with_started: bool = False) -> list[tuple[str, str, str]]:
    """Level, operation and outcome of every line."""
    lines = [(record.levelname, fields(record)["operation"], fields(record)["outcome"]) for record in log.records]
    return lines if with_started else [line for line in lines if line[2] != "started"]


def last(log: pytest.LogCaptureFixture) -> dict[str, Any]:
    return fields(log.records[-1])


def some(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: record[name] for name in names}


def cookies(bakery: Kitchen, session: Session, batches: Any = 1, actual: Any = 24, **more: Any) -> Any:
    """Bake in the caller's session."""
    ids = bakery.ids
    return record_batch_production(ids["Cookies"], ids["Cookie"], batches, actual, session=session, **more)


def boxes(bakery: Kitchen, session: Session, quantity: Any = 2, **more: Any) -> Any:
    """Pack in the caller's session."""
    return record_assembly(bakery.ids["Box"], quantity, session=session, **more)


@contextmanager
def failing(*errors: type[BaseException]) -> Iterator[None]:
    """Like ``pytest.raises``, around a whole scope that has to end with the error."""
    try:
        yield
    except errors:
        return
    pytest.fail(f"nothing raised {errors}")


def lock_timeout() -> OperationalError:
    """PostgreSQL's error when it cannot get a lock in time."""

    class LockTimeoutError(Exception):
        sqlstate = "55P03"

    return OperationalError("SELECT 1", {}, LockTimeoutError("lock timeout"))


def cut(session: Session) -> None:
    """End the server's side of the session's connection, so that its COMMIT fails."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().connection.dbapi_connection.close()  # type: ignore[union-attr]
        return
    own = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = session.get_bind().engine.connect()
    other.execute(text(f"SELECT pg_terminate_backend({own}, 5000)"))
    other.close()
