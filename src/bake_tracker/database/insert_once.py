"""Insert a row exactly once, even with concurrent writers."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_once(connection: Session | Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless its key exists; return whether it was inserted. Waits for concurrent inserts."""
    if isinstance(connection, Session):
        connection = connection.connection()
    return connection.execute(_insert_once(table, connection.dialect.name), row).first() is not None


@lru_cache
def _insert_once(table: Table, dialect_name: str) -> Executable:
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    (key,) = table.primary_key.columns
    statement: Executable = dialect.insert(table).on_conflict_do_nothing().returning(key)
    return statement
