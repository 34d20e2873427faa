"""History is never changed, only reversed: the database itself refuses, even without the services."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bake_tracker.migrations.guards import MARKS
from bake_tracker.services.archive.stream import mark_restored
from bake_tracker.services.database import engine_for, run_in_transaction, session_scope
from bake_tracker.services.seal import record_seal
from support.kitchen import Kitchen
from support.life_of_stock import fill_the_life_of_stock

TABLES = {
    "movement": "quantity_micros = quantity_micros + 1",
    "operation": "result = NULL",
    "production_run": "actual_yield_micros = 1",
    "assembly_run": "quantity = 99",
    "recipe_snapshot": "content = '{}'",
    "seal": "operation_count = 0",
    "sealed_operation": "sha256 = ''",
    "reversal": "reason = 'none'",
    "adjustment": "quantity_micros = -2",
    "stocktake": "notes = 'never'",
    "stocktake_line": "counted_micros = 2",
    "count_answer": "quantity_micros = 2",
    "lot_hold": "reason = 'none'",
    "transfer": "to_location = 'attic'",
    "delivery": "document = 'none'",
    "customer_order": "operation_id = operation_id",
    "order_version": "note = 'none'",
    "order_line": "quantity_micros = 2",
    "hand_over": "note = 'none'",
    "hand_over_line": "quantity_micros = 2",
    "purchase_order": "operation_id = operation_id",
    "purchase_order_version": "note = 'none'",
    "purchase_order_line": "packs = 2",
    "purchase_order_receipt": "operation_id = operation_id",
    "standing_order": "note = 'none'",
    "standing_order_line": "quantity_micros = 2",
    "standing_order_stop": "reason = 'none'",
    "standing_order_day": "order_id = order_id",
    "accepted_plan": "operation_id = operation_id",
    "accepted_plan_version": "inputs = 'none'",
    "accepted_plan_line": "quantity_micros = 2",
    "cost_statement": "document = 'none'",
    "cost_statement_line": "cost_micros = 2",
    "item_measure": "source = 'none'",
    "passed_over_lot": "state = 'none'",
    "production_output": "share = '1'",
    "unit_change": "factor = '2'",
    "run_rate": "labour_micros = 2",
    "catalog_change": "key = 'none'",
    "restoration": "last_recorded_at = restored_at",
    "restored_operation": "restoration_id = restoration_id",
}


def baked(kitchen: Kitchen) -> Kitchen:
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    kitchen.assemble("Box", 1)
    fill_the_life_of_stock(kitchen)
    run_in_transaction(lambda session: record_seal(session=session))
    run_in_transaction(lambda session: mark_restored(session, "elsewhere"))
    return kitchen


def refuse(kitchen: Kitchen, table: str, statement: str) -> None:
    """The guard makes the statement fail, and the table is unchanged."""
    before = kitchen.rows(f"SELECT * FROM {table} ORDER BY 1")
    assert before != []
    with pytest.raises(DBAPIError) as refused, session_scope() as session:
        session.execute(text(statement))
    assert f"{table} is history: it is never changed, only reversed" in str(refused.value.orig)
    assert before == kitchen.rows(f"SELECT * FROM {table} ORDER BY 1")


def test_history_cannot_be_updated_or_deleted(kitchen: Kitchen) -> None:
    """Raw SQL on the service's own connection cannot do it either."""
    baked(kitchen)
    for table, change in TABLES.items():
        refuse(kitchen, table, f"UPDATE {table} SET {change}")
        refuse(kitchen, table, f"DELETE FROM {table}")


def test_no_mark_of_a_restore_is_added_later(kitchen: Kitchen) -> None:
    """A row claiming that an operation was restored from elsewhere would excuse its missing line."""
    baked(kitchen)
    kitchen.ingredient("Butter")
    (last,) = kitchen.rows("SELECT id FROM operation ORDER BY recorded_at DESC LIMIT 1")
    named = ", ".join(f"'{value}'" for value in (last[0], 1))
    refuse(kitchen, "restored_operation", f"INSERT INTO restored_operation VALUES ({named})")
    columns = "restored_at, source, operation_count, last_recorded_at, operations_sha256"
    refuse(
        kitchen,
        "restoration",
        f"INSERT INTO restoration ({columns}) SELECT {columns} FROM restoration",
    )


def test_history_cannot_be_replaced_on_sqlite(sqlite_url: str) -> None:
    """REPLACE deletes without a DELETE; with recursive triggers it is refused like one."""
    assert sqlite_url.startswith("sqlite")
    kitchen = baked(Kitchen())
    for table in TABLES:
        refuse(kitchen, table, f"REPLACE INTO {table} SELECT * FROM {table}")
        refuse(kitchen, table, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")


def test_history_cannot_be_truncated_on_postgresql(postgresql_url: str) -> None:
    """This holds directly and through the lots or items that it references."""
    assert postgresql_url.startswith("postgresql")
    kitchen = baked(Kitchen())
    before = {table: kitchen.rows(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES}
    for start in (*TABLES, "item", "lot"):
        with pytest.raises(DBAPIError, match="is history: it is never changed"), session_scope() as session:
            session.execute(text(f"TRUNCATE {start} CASCADE"))
    assert before == {table: kitchen.rows(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES}


@pytest.mark.parametrize("table", ["lot", "item", "recipe"])
def test_a_row_that_history_refers_to_cannot_be_deleted(kitchen: Kitchen, table: str) -> None:
    """Foreign keys are enforced, on SQLite too."""
    baked(kitchen)
    with pytest.raises(IntegrityError), session_scope() as session:
        session.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize("column", ["remaining_micros", "remaining_cost_micros"])
def test_no_lot_can_go_below_zero(kitchen: Kitchen, column: str) -> None:
    """The last line of defence is a CHECK."""
    baked(kitchen)
    with pytest.raises(IntegrityError), session_scope() as session:
        session.execute(text(f"UPDATE lot SET {column} = -1"))


def test_every_table_that_an_operation_appends_to_is_guarded(database_url: str) -> None:
    """A new table of runs without a guard fails here: every table with an operation id is history, except lots."""
    with engine_for(database_url).connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        columns = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'operation_id'"
        if not is_sqlite:
            columns = "SELECT table_name FROM information_schema.columns WHERE column_name = 'operation_id'"
        triggers = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
        if not is_sqlite:
            triggers = (
                "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
            )
        named = {row[0] for row in connection.execute(text(columns))} - {"lot"} | {
            "operation",
            "recipe_snapshot",
            "restoration",
        }
        guards = {tuple(row) for row in connection.execute(text(triggers))}
    actions = ("update", "delete") if is_sqlite else ("update", "delete", "truncate")
    expected = {(table, f"{table}_refuses_{action}") for table in named for action in actions}
    assert guards == expected | {(table, f"{table}_refuses_insert") for table in MARKS}
    assert named == set(TABLES)
