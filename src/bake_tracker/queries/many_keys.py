"""Any number of keys as one parameter, because PostgreSQL allows only 65,535 parameters in a statement."""

import json
from collections.abc import Iterable
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


def _stored(column: ColumnElement[Any]) -> UUID[str] | BigInteger | String:
    if isinstance(column.type, UuidText):
        return UUID(as_uuid=False)
    return BigInteger() if isinstance(column.type, Integer) else String()
