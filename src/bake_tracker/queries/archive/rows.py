"""All rows of a bakery, table by table in primary-key order, from one snapshot."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Column, String, Table, func, select, text
from sqlalchemy.orm import Session

from bake_tracker.models import Base
from bake_tracker.models.ledger import movements
from bake_tracker.models.types import UuidText

# The tables are those that are loaded, and this one must be.
assert movements.name in Base.metadata.tables

ROWS_AT_ONCE = 1_000

Row = list[Any]


def archived_tables() -> list[Table]:
    """Every table to archive, each after those it refers to; leaves out the tables that describe only this database."""
    return [table for table in Base.metadata.sorted_tables if not table.info.get("is_of_this_place")]


def see_one_moment(session: Session) -> None:
    """Read everything in this transaction from one snapshot; must be its first statement."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite's read transactions always do
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def count_rows(session: Session) -> dict[str, int]:
    """The row count of each archived table."""
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in archived_tables()]
    row = session.execute(select(*counts)).one()
    return {table.name: int(count) for table, count in zip(archived_tables(), row, strict=True)}


def read_rows(session: Session, table: Table) -> Iterator[Row]:
    """The rows of a table in primary-key order as JSON values, in constant memory."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    statement = select(*table.columns).order_by(*(_in_order(column, is_postgresql) for column in table.primary_key))
    # Closed with the generator, because PostgreSQL keeps an unfinished cursor open.
    with session.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE}) as rows:
        for row in rows:
            yield [value if type(value) in (int, str, bool, type(None)) else _plain(value) for value in row]


def _in_order(column: Column[Any], is_postgresql: bool) -> Any:
    # Always by bytes, because a PostgreSQL collation may sort text differently from SQLite.
    if is_postgresql and isinstance(column.type, String) and not isinstance(column.type, UuidText):
        return column.collate("C")
    return column


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{type(value).__name__} values cannot be archived yet")
