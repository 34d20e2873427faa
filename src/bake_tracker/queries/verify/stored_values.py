"""Verify that every column holds values of its type: SQLite stores any value in any column."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from bake_tracker.models import Base, tables
from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText
from bake_tracker.queries.verify.drift import Drift, Rows, Told, drift

_DAY = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]"
_TIME = "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
_MICROSECONDS = "[0-9]" * 6
LONGEST = 60


def value_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every value that is not of its column's type, which nothing could be calculated from."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        session.connection().connection.dbapi_connection.create_function(  # type: ignore[union-attr]  # it is connected
            "is_utf8", 1, _is_utf8, deterministic=True
        )
    for done, table in enumerate(Base.metadata.sorted_tables, 1):
        yield from _mistaken_ratios(session, table, is_sqlite)
        if is_sqlite:
            yield from _mistyped(session, table)
        else:
            yield from _beyond_time(session, table)
        told("tables", done)
    yield from _unknown_time_zone(session, is_sqlite)


def _unknown_time_zone(session: Session, is_sqlite: bool) -> Iterator[Drift]:
    """The bakery's time zone, if this computer has none of that name: no day could be calculated with it."""
    table, column = tables.bakery, tables.bakery.c.time_zone
    raw = _as_bytes if is_sqlite else _stored
    for key, value in session.execute(select(raw(_key(table)), raw(column))):
        try:
            ZoneInfo(_text(value))
        except (LookupError, ValueError, OSError):
            yield drift("value of bakery.time_zone", _text(key), "a time zone", repr(_short(value)))


def _mistyped(session: Session, table: Table) -> Iterator[Drift]:
    wrong, any_wrong = _conditions(table)
    if session.execute(any_wrong).first() is None:
        return
    for column, condition in wrong.items():
        rows = select(_as_bytes(_key(table)), func.typeof(_stored(column)), _as_bytes(column)).where(condition)
        for key, kind, value in session.execute(rows.order_by(_key(table))):
            yield _drift(table, column, key, f"{kind} {_short(value)!r}")


@cache
def _conditions(table: Table) -> tuple[dict[Column[Any], ColumnElement[bool]], Select[int]]:
    """The condition for a wrong value in each column, and the query for a row that has one."""
    wrong = {column: condition for column in table.columns if (condition := _is_wrong(column)) is not None}
    return wrong, select(literal(1)).where(or_(*wrong.values())).select_from(table).limit(1)


def _is_wrong(column: Column[Any]) -> ColumnElement[bool] | None:
    """The condition that a value on SQLite is not of the column's type."""
    stored = _stored(column)
    kind, there = func.typeof(stored), stored.is_not(None)
    if isinstance(column.type, Boolean):
        return and_(there, or_(kind != "integer", stored.not_in((0, 1))))
    if isinstance(column.type, Integer):
        return and_(there, kind != "integer")
    if isinstance(column.type, UtcDateTime):
        day, time = func.substr(stored, 1, 10), func.substr(stored, 11)
        is_time = or_(time.op("GLOB")(f" {_TIME}"), time.op("GLOB")(f" {_TIME}.{_MICROSECONDS}"))
        known = and_(_is_day(day), is_time, func.substr(stored, 12, 2) < "24")
        return and_(there, or_(kind != "text", ~func.coalesce(known, False)))
    if isinstance(column.type, Date):
        return and_(there, or_(kind != "text", ~func.coalesce(_is_day(stored), False)))
    if isinstance(column.type, UuidText):
        return and_(there, or_(kind != "text", func.length(stored) != 36, stored.op("GLOB")("*[^0-9a-f-]*")))
    return and_(there, or_(kind != "text", func.is_utf8(_as_bytes(column)) == 0))


def _is_day(text: ColumnElement[Any]) -> ColumnElement[bool]:
    # date() carries 31 February over into March, and Python knows no year 0.
    return and_(text.op("GLOB")(_DAY), func.date(text, "+0 days") == text, func.substr(text, 1, 4) >= "0001")


def _beyond_time(session: Session, table: Table) -> Iterator[Drift]:
    """The days on PostgreSQL that no calendar here has, such as infinity."""
    for column, rows in _days_beyond_time(table):
        for key, value in session.execute(rows):
            yield _drift(table, column, key, value)


@cache
def _days_beyond_time(table: Table) -> list[tuple[Column[Any], Select[str, str]]]:
    found = []
    for column in table.columns:
        if isinstance(column.type, Date | UtcDateTime):
            known = cast(column, Date).between(date.min, date.max)
            rows = select(cast(_key(table), String), cast(column, String)).where(column.is_not(None), ~known)
            found.append((column, rows.order_by(_key(table))))
    return found


def _mistaken_ratios(session: Session, table: Table, is_sqlite: bool) -> Iterator[Drift]:
    """Check the exact ratios, which are text on every database; there are few."""
    for column, rows in _ratios(table, is_sqlite):
        for key, value in session.execute(rows):
            try:
                Fraction(_text(value))
            except (ValueError, ZeroDivisionError):
                yield _drift(table, column, key, repr(_short(value)))


@cache
def _ratios(table: Table, is_sqlite: bool) -> list[tuple[Column[Any], Rows]]:
    raw = _as_bytes if is_sqlite else _stored
    return [
        (column, select(raw(_key(table)), raw(column)).where(_stored(column).is_not(None)))
        for column in table.columns
        if isinstance(column.type, ExactRatio)
    ]


def _key(table: Table) -> ColumnElement[Any]:
    return next(iter(table.primary_key.columns))


def _stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column without the conversion that its type does."""
    return type_coerce(column, String())


def _as_bytes(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The value on SQLite, where even text may be unreadable."""
    return cast(_stored(column), LargeBinary)


def _is_utf8(value: bytes | None) -> int:
    try:
        return int(value is None or value.decode() is not None)
    except UnicodeDecodeError:
        return 0


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _drift(table: Table, column: Column[Any], key: Any, found: str) -> Drift:
    return drift(f"value of {table.name}.{column.name}", _text(key), _wanted(column), found)


def _wanted(column: Column[Any]) -> str:
    names: tuple[tuple[type[Any] | tuple[type[Any], ...], str], ...] = (
        (Boolean, "true or false"),
        (Integer, "a whole number"),
        (UtcDateTime, "a time"),
        (Date, "a day"),
        (UuidText, "an id"),
        (ExactRatio, "an exact ratio"),
    )
    return next((name for kind, name in names if isinstance(column.type, kind)), "text")
