"""Triggers that keep history: no row of it is updated, deleted or truncated.

On SQLite they hold against REPLACE only with ``PRAGMA recursive_triggers = ON``, which every connection sets.
"""

from sqlalchemy import Connection, text

APPEND_ONLY = ("movement", "production_run", "assembly_run", "recipe_snapshot")
"""Written once. An operation is completed once, by the call that claimed it, and then written no more."""


def guard_history(connection: Connection) -> None:
    """Install the triggers; a migration that rebuilds one of the tables calls this again."""
    guard = _guard_postgresql if connection.dialect.name == "postgresql" else _guard_sqlite
    for table in APPEND_ONLY:
        guard(connection, table, "")
    guard(connection, "operation", "OLD.result IS NOT NULL")


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
