"""Change history as somebody who can remove the guards would, see what ``verify`` reports, and undo it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import Boolean, Column, Date, Integer, text
from sqlalchemy.orm import Session

from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText
from bake_tracker.queries.verify.everything import Drift, verify_ledger
from bake_tracker.services.database import session_scope

NOBODY = "00000000-0000-4000-8000-000000000000"


@contextmanager
def without_guards(*, keep: bool = False) -> Iterator[Session]:
    """A session without triggers and foreign keys; rolled back at the end unless ``keep`` is set."""
    with session_scope() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
            triggers = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
            for name in triggers:
                session.execute(text(f"DROP TRIGGER {name}"))
        yield session
        if not keep:
            session.rollback()


def drift_after(*statements: str, expect: str | None = None, **values: Any) -> list[Drift]:
    """The drift that ``verify`` reports after these statements, which bypass the program."""
    with without_guards() as session:
        for statement in statements:
            session.execute(text(statement), values)
        return verify_ledger(session, expect=expect)["drift"]


def named_after(*statements: str, **values: Any) -> set[str]:
    """The kinds of drift that these statements cause."""
    return {drift["what"] for drift in drift_after(*statements, **values)}


# Columns that accept only certain words: a different one of them.
OTHER_WORDS = {
    "order_version.status": "cancelled",
    "order_version.how": "counter",
    "purchase_order_version.status": "cancelled",
    "standing_order.how": "counter",
    "cost_statement.kind": "duty",
    "adjustment.kind": "spoilage",
    "lot_hold.action": "release",
    "count_answer.saw": "before",
    "item_measure.kind": "density",
}


def another(value: Any, column: Column[Any]) -> Any:
    """Any other value that the column accepts."""
    if (word := OTHER_WORDS.get(str(column))) is not None:
        return word
    if isinstance(column.type, UuidText):
        return NOBODY
    if isinstance(column.type, ExactRatio):
        return (value or Fraction(0)) + 1
    if isinstance(column.type, Boolean):
        return not value
    if isinstance(column.type, Integer):
        return (value or 0) + 1000
    if isinstance(column.type, UtcDateTime):
        return (value or datetime.fromisoformat("2026-01-01T00:00:00+00:00")) + timedelta(microseconds=1)
    if isinstance(column.type, Date):
        return (value or date(2026, 1, 1)) + timedelta(days=1)
    return ("y" if value and value[0] == "x" else "x") + (value or "")[1:]
