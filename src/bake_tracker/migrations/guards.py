"""Triggers that keep history: no row of it is updated, deleted or truncated.

On SQLite they hold against REPLACE only with ``PRAGMA recursive_triggers = ON``, which every connection sets.
"""

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
    "lot_hold": "",
    "transfer": "",
    "delivery": "",
    "item_measure": "",
    "run_rate": "",
    "restoration": "",
    "operation": "OLD.result IS NOT NULL",
    "seal": "OLD.sha256 IS NOT NULL",
}
"""Written once; an operation or a seal is completed once, by the call that claimed it, and then written no more."""


def guard_history(connection: Connection) -> None:
    """Install the triggers on the tables that are there; a migration that adds or rebuilds one calls this again."""
    guard = _guard_postgresql if connection.dialect.name == "postgresql" else _guard_sqlite
    there = inspect(connection).get_table_names()
    for table, changeable_until in CHANGEABLE_UNTIL.items():
        if table in there:
            guard(connection, table, changeable_until)


def _guard_sqlite(connection: Connection, table: str, changeable_until: str) -> None:
    for action, condition in (("UPDATE", changeable_until), ("DELETE", "")):
        when = f"WHEN {condition} " if condition else ""
        name = f"{table}_refuses_{action.lower()}"
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
    for action, level, condition in (
        ("UPDATE", "ROW", changeable_until),
        ("DELETE", "ROW", ""),
        ("TRUNCATE", "STATEMENT", ""),
    ):
        when = f"WHEN ({condition}) " if condition else ""
        connection.execute(
            text(
                f"CREATE OR REPLACE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
                f"FOR EACH {level} {when}EXECUTE FUNCTION refuse_change_of_history()"
            )
        )
