"""Any number of keys as one parameter, because PostgreSQL allows only 65,535 parameters in a statement."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, String, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Session

from bake_tracker.models.types import UuidText


def among(session: Session, column: ColumnElement[Any], keys: Iterable[str | int]) -> ColumnElement[bool]:
    """The condition that the column equals one of these keys."""
    listed = sorted(keys)
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(bindparam(None, listed, ARRAY(_stored(column))))
    each = func.json_each(bindparam(None, json.dumps(listed), String)).table_valued("value")
    return column.in_(select(each.c.value))


def among_given(column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
    """The condition that the column equals one of the keys that :func:`given` hands over; built once."""
    if dialect == "postgresql":
        return column == any_(bindparam("keys", type_=ARRAY(_stored(column))))
    return column.in_(select(func.json_each(bindparam("keys", type_=String)).table_valued("value").c.value))


def given(session: Session, keys: Iterable[str | int]) -> Mapping[str, Any]:
    """The keys as the parameter of a statement with :func:`among_given`."""
    listed = sorted(keys)
    return {"keys": listed if session.get_bind().dialect.name == "postgresql" else json.dumps(listed)}


def _stored(column: ColumnElement[Any]) -> UUID[str] | BigInteger | String:
    if isinstance(column.type, UuidText):
        return UUID(as_uuid=False)
    return BigInteger() if isinstance(column.type, Integer) else String()
