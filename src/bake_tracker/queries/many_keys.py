"""Any number of keys as one parameter, of which PostgreSQL takes 65,535 in a statement."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, cast, func, literal, select
from sqlalchemy.orm import Session


def among(session: Session, column: ColumnElement[Any], keys: Iterable[str | int]) -> ColumnElement[bool]:
    """Whether the column is one of these keys."""
    text = json.dumps(sorted(keys))
    if session.get_bind().dialect.name == "sqlite":
        return column.in_(select(func.json_each(text).table_valued("value").c.value))
    each = func.json_array_elements_text(cast(literal(text, Text), JSON)).table_valued("value")
    return column.in_(select(cast(each.c.value, column.type)))
