"""Insert a row exactly once, even with concurrent writers."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Row, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_once(
    connection: Session | Connection, table: Table, row: Mapping[str, Any], *, postgresql_says: str = ""
) -> Row[*tuple[Any, ...]] | None:
    """Insert a row unless its key exists; return its key, or None. Waits for concurrent inserts.

    On PostgreSQL, the answer to an expression follows the key.
    """
    if isinstance(connection, Session):
        connection = connection.connection()
    return connection.execute(_insert_once(table, connection.dialect.name, postgresql_says), row).first()


@lru_cache
def _insert_once(table: Table, dialect_name: str, postgresql_says: str) -> Executable:
    is_postgresql = dialect_name == "postgresql"
    (key,) = table.primary_key.columns
    also: list[ColumnElement[Any]] = [literal_column(postgresql_says)] if postgresql_says and is_postgresql else []
    dialect = postgresql if is_postgresql else sqlite
    statement: Executable = dialect.insert(table).on_conflict_do_nothing().returning(key, *also)
    return statement
