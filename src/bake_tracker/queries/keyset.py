"""One slice of a statement's rows, searched and sorted by the database, in a fixed number of statements."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Select, String, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from bake_tracker.domain.slice_keys import bad_key
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.models.types import UuidText
from bake_tracker.queries.searching import has_text

Made = TypeVar("Made")
MOST_COUNTED = 2**31 - 1


def load_slice(
    session: Session,
    rows: Select[*tuple[Any, ...]],
    ask: Ask,
    make: Callable[[Any], Made],
    *,
    key: str,
    search_in: Collection[str],
    sort_by: str | None = None,
) -> Found[Any]:
    """Load a slice and convert its rows; ``sort_by`` is the column if its name differs.

    Raises:
        ValidationError: the cursor does not belong to this list.
    """
    found = rows.subquery()
    column = found.c[sort_by or ask.sort]
    value: Any = func.lower(column) if isinstance(column.type, String) else column
    statement = select(found, value.label("sorted_by"))
    if ask.search:
        statement = statement.where(has_text(session, ask.search, *(found.c[name] for name in search_in)))
    if ask.after is not None:
        statement = statement.where(_is_behind(value, column, found.c[key], ask))
    order = value.desc() if ask.descending else value.asc()
    statement = statement.order_by(column.is_(None), order, found.c[key]).limit(ask.limit + 1)
    read = session.execute(statement).all()
    last = read[ask.limit - 1] if len(read) > ask.limit else None
    made = [make(row) for row in read[: ask.limit]]
    return Found(made, None if last is None else (_kept(last.sorted_by), getattr(last, key)))


def _is_behind(value: Any, column: Any, key: Any, ask: Ask) -> Any:
    """The condition for rows after the last slice."""
    assert ask.after is not None
    last, last_key = _read(ask.after[0], column.type), _read(ask.after[1], key.type)
    if last_key is None:
        raise bad_key()
    if last is None:
        return and_(column.is_(None), key > last_key)
    if ask.descending:
        return or_(column.is_(None), value < last, and_(value == last, key > last_key))
    return or_(column.is_(None), tuple_(value, key) > tuple_(last, last_key))


def _kept(value: Any) -> Any:
    """A value as stored in the cursor."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return int(value) if isinstance(value, Decimal) else value


def _read(value: Any, kind: Any) -> Any:
    """A cursor's value in its column's type."""
    if value is None:
        return None
    is_uuid = isinstance(kind, UuidText)
    kind = kind.impl if isinstance(kind, TypeDecorator) else kind
    try:
        if is_uuid:
            return str(UUID(value))
        if isinstance(kind, DateTime):
            return datetime.fromisoformat(value)
        if isinstance(kind, Date):
            return date.fromisoformat(value)
    except (AttributeError, TypeError, ValueError):
        raise bad_key() from None
    # A bool is an int in Python, but an error in PostgreSQL.
    wanted = str if isinstance(kind, String) else bool if isinstance(kind, Boolean) else int
    # A count is an INTEGER, half as long as a key, and PostgreSQL gets it as such.
    if type(value) is not wanted or (
        isinstance(value, int) and not isinstance(kind, BigInteger) and abs(value) > MOST_COUNTED
    ):
        raise bad_key()
    return value
