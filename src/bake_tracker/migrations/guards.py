"""Triggers that protect history: no row is updated, deleted or truncated.

SQLite's REPLACE fires them only with ``PRAGMA recursive_triggers = ON``, which every connection sets.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect, text

CHANGEABLE_UNTIL = {
    "movement": "",
    "production_run": "",
    "assembly_run": "",
    "recipe_snapshot": "",
    "sealed_operation": "",
    "reversal": "",
    "adjustment": "",
    "stocktake": "",
    "stocktake_line": "",
    "count_answer": "",
    "lot_hold": "",
    "transfer": "",
    "unit_change": "",
    "delivery": "",
    "purchase_order": "",
    "purchase_order_version": "",
    "purchase_order_line": "",
    "purchase_order_receipt": "",
    "accepted_plan": "",
    "accepted_plan_version": "",
    "accepted_plan_line": "",
    "customer_order": "",
    "order_version": "",
    "order_line": "",
    "hand_over": "",
    "hand_over_line": "",
    "standing_order": "",
    "standing_order_line": "",
    "standing_order_stop": "",
    "standing_order_day": "",
    "cost_statement": "",
    "cost_statement_line": "",
    "item_measure": "",
    "run_rate": "",
    "passed_over_lot": "",
    "production_output": "",
    "catalog_change": "",
    "restoration": "",
    "restored_operation": "",
    "operation": "OLD.result IS NOT NULL",
    "seal": "OLD.sha256 IS NOT NULL",
}
"""Each row is written once. An operation or a seal is completed once, by the call that claimed it, and never changes
after that.
"""

CACHES = {"movement": ("happened_at",)}
"""Columns that are calculated from others, and may be calculated again."""

MARKS = ("restoration", "restored_operation")
"""These refuse new rows too: a restore writes all of its marks at once."""


def guard_history(connection: Connection) -> None:
    """Install the triggers on the tables that exist; a migration that adds or rebuilds a table calls this again."""
    there = inspect(connection).get_table_names()
    _guard(connection, (table for table in CHANGEABLE_UNTIL if table in there))


@contextmanager
def writing_marks(connection: Connection) -> Iterator[None]:
    """Let this transaction write the marks of a restore; afterwards the guard is back."""
    marks = set(MARKS) & set(inspect(connection).get_table_names())
    for table in marks:
        on = f" ON {table}" if connection.dialect.name == "postgresql" else ""
        for action in ("insert", "update"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_refuses_{action}{on}"))
    yield
    _guard(connection, marks)


def _guard(connection: Connection, tables: Iterable[str]) -> None:
    guard = _guard_postgresql if connection.dialect.name == "postgresql" else _guard_sqlite
    for table in tables:
        guard(connection, table, CHANGEABLE_UNTIL[table])


def _update_of(connection: Connection, table: str) -> str:
    """The change that is refused: of any column but the caches."""
    if table not in CACHES:
        return "UPDATE"
    columns = [column["name"] for column in inspect(connection).get_columns(table)]
    return f"UPDATE OF {', '.join(name for name in columns if name not in CACHES[table])}"


def _guard_sqlite(connection: Connection, table: str, changeable_until: str) -> None:
    added = (("INSERT", ""),) if table in MARKS else ()
    for action, condition in ((_update_of(connection, table), changeable_until), ("DELETE", ""), *added):
        when = f"WHEN {condition} " if condition else ""
        name = f"{table}_refuses_{action.split()[0].lower()}"
        connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        connection.execute(
            text(
                f"CREATE TRIGGER {name} BEFORE {action} ON {table} {when}"
                f"BEGIN SELECT RAISE(ABORT, '{table} is history: it is never changed, only reversed'); END"
            )
        )


def _guard_postgresql(connection: Connection, table: str, changeable_until: str) -> None:
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION '% is history: it is never changed, only reversed', TG_TABLE_NAME; END $$"
        )
    )
    added = (("INSERT", "ROW", ""),) if table in MARKS else ()
    for action, level, condition in (
        *added,
        (_update_of(connection, table), "ROW", changeable_until),
        ("DELETE", "ROW", ""),
        ("TRUNCATE", "STATEMENT", ""),
    ):
        when = f"WHEN ({condition}) " if condition else ""
        connection.execute(
            text(
                f"CREATE OR REPLACE TRIGGER {table}_refuses_{action.split()[0].lower()} BEFORE {action} ON {table} "
                f"FOR EACH {level} {when}EXECUTE FUNCTION refuse_change_of_history()"
            )
        )
