"""What reports on a period share: its days where the bakery is, and that what was reversed did not happen."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists
from sqlalchemy.orm import InstrumentedAttribute, Session

from bake_tracker.models import Reversal
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.verify.drift import ROWS_AT_ONCE


def rows_of(session: Session, *statements: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """The rows of one statement after the other, read as they come."""
    for statement in statements:
        yield from session.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE})


def not_reversed(operation_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether an operation was not reversed."""
    return ~exists().where(Reversal.reversed_operation_id == operation_id)


def between(at: Any, house: BakeryInfo, since: date | None, until: date | None) -> Iterator[ColumnElement[bool]]:
    """From the beginning of the day ``since`` to the end of the day ``until``, where the bakery is."""
    if since is not None:
        yield at >= _midnight(since, house)
    if until is not None:
        yield at < _midnight(until + timedelta(days=1), house)


def _midnight(day: date, house: BakeryInfo) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(house.time_zone))


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"
