"""Shared by reports on a period: days in the bakery's time zone, without undone operations."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists
from sqlalchemy.orm import InstrumentedAttribute, Session

from bake_tracker.domain.arguments import AFTER_EVERYTHING, BEFORE_EVERYTHING
from bake_tracker.models import Reversal
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.verify.drift import ROWS_AT_ONCE


def rows_of(session: Session, *statements: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """The rows of several statements, streamed."""
    for statement in statements:
        yield from session.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE})


def not_reversed(operation_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The condition that an operation was not undone."""
    return ~exists().where(Reversal.reversed_operation_id == operation_id)


def between(at: Any, house: BakeryInfo, since: date | None, until: date | None) -> Iterator[ColumnElement[bool]]:
    """Conditions from the start of ``since`` to the end of ``until``, in the bakery's time zone.

    A day before or after everything that can be recorded, such as 0001-01-01 or 9999-12-31, sets no limit on its side.
    """
    if since is not None and since > BEFORE_EVERYTHING:
        yield at >= _midnight(since, house)
    if until is not None and until < AFTER_EVERYTHING:
        yield at < _midnight(until + timedelta(days=1), house)


def _midnight(day: date, house: BakeryInfo) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(house.time_zone))


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"
