"""Search without regard to case and accents, by the same rule on both databases."""

from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, or_
from sqlalchemy.orm import Session

from bake_tracker.domain.searching import ACCENTS, PAIRS, SINGLE, search_key


def has_text(session: Session, wanted: str, *columns: Any) -> ColumnElement[bool]:
    """The condition that one of these columns contains a text."""
    key = search_key(wanted)
    return or_(*(search_key_of(session, column).contains(key, autoescape=True) for column in columns))


def search_key_of(session: Session, column: Any) -> ColumnElement[str]:
    """The column's value as ``search_key`` gives it; PostgreSQL calculates it itself, SQLite asks Python."""
    if session.get_bind().dialect.name != "postgresql":
        return func.bake_search_key(column)
    plain: Any = func.lower(func.regexp_replace(func.normalize(column, literal_column("NFKD")), ACCENTS, "", "g"))
    for letter, pair in PAIRS.items():
        plain = func.replace(plain, letter, pair)
    return func.translate(plain, *SINGLE)
