"""How many statements an operation sends, and how many lots it reads."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from kitchen import Kitchen
from sqlalchemy import event, inspect, text
from sqlalchemy.orm import Session

from bake_tracker.queries.stock import load_lots_to_draw
from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.database import engine_for, read_scope, session_scope
from bake_tracker.services.transaction_outcomes import statement_count

MOST = 13
WIDTHS = (5, 20)
_FIRST = (
    "(SELECT operation_id FROM production_run WHERE id = (SELECT min(id) FROM production_run))",
    "(SELECT operation_id FROM assembly_run WHERE id = (SELECT min(id) FROM assembly_run))",
)
PAST = {
    "operation": f"id IN ({_FIRST[0]}, {_FIRST[1]})",
    "movement": f"operation_id = {_FIRST[0]}",
    "production_run": f"operation_id = {_FIRST[0]}",
    "assembly_run": f"operation_id = {_FIRST[1]}",
}
OPERATIONS: dict[str, Callable[[Kitchen, int, int, Session], Any]] = {
    "check_can_produce": lambda k, width, n, s: batch_production_service.check_can_produce(
        k.ids[f"Mix {width}"], n, session=s
    ),
    "record_batch_production": lambda k, width, n, s: batch_production_service.record_batch_production(
        k.ids[f"Mix {width}"], k.ids["Mixed"], n, 10, session=s
    ),
    "check_can_assemble": lambda k, width, n, s: assembly_service.check_can_assemble(
        k.ids[f"Box {width}"], n, session=s
    ),
    "record_assembly": lambda k, width, n, s: assembly_service.record_assembly(k.ids[f"Box {width}"], n, session=s),
}


def bakery_of(kitchen: Kitchen) -> Kitchen:
    """Mixes of 5 and 20 ingredients and boxes of 5 and 20 parts, each part in one lot of ten."""
    for number in range(max(WIDTHS)):
        kitchen.ingredient(f"Ingredient {number}")
        kitchen.item("finished_unit", f"Part {number}", "each")
        for name, unit in ((f"Ingredient {number}", "g"), (f"Part {number}", "each")):
            kitchen.receive(name, 10, unit, 1, received_on=date(2026, 1, 1))
    for width in WIDTHS:
        kitchen.recipe(f"Mix {width}", {f"Ingredient {n}": (1, "g") for n in range(width)}, {"Mixed": 10})
        kitchen.good(f"Box {width}", {f"Part {n}": 1 for n in range(width)})
    return kitchen


def copy_rows(table: str, count: int, where: str = "1 = 1") -> None:
    """Copy the chosen rows ``count`` times past the services, for the bulk of a long life."""
    with session_scope() as session:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        names = [column["name"] for column in inspect(session.connection()).get_columns(table)]
        chosen = {name: name for name in names if name != "id" or table == "operation"}
        if table != "lot":
            key = "id" if table == "operation" else "operation_id"
            number = "printf('%08d', n.i)" if is_sqlite else "lpad(n.i::text, 8, '0')"
            chosen[key] = f"{number} || substr(CAST({key} AS text), 9)"
            chosen[key] = chosen[key] if is_sqlite else f"({chosen[key]})::uuid"
        session.execute(
            text(
                f"INSERT INTO {table} ({', '.join(chosen)}) "
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
                f"SELECT {', '.join(chosen.values())} FROM {table} CROSS JOIN n WHERE {where}"
            )
        )


def counts(kitchen: Kitchen, times: int = 1) -> dict[str, set[int]]:
    """Statements of each operation at each width, without BEGIN, COMMIT and savepoints."""
    counted: dict[str, set[int]] = {}
    for name, call in OPERATIONS.items():
        for width in WIDTHS:
            with session_scope() as session:
                session.connection()  # a BEGIN of its own is no statement of the operation
                before = statement_count()
                call(kitchen, width, times, session)
                counted.setdefault(name, set()).add(statement_count() - before)
    return counted


def test_the_number_of_statements_is_the_same_however_large_the_bakery(kitchen: Kitchen) -> None:
    """5 and 20 ingredients, 1 and 1,000 lots of each, 0 and 10,000 past runs; at most thirteen."""
    bakery_of(kitchen)
    small = counts(kitchen)
    copy_rows("lot", 999, "is_made = false")
    many_lots = counts(kitchen)
    many_draws = counts(kitchen, times=300)
    for table in PAST:
        copy_rows(table, 10_000, PAST[table])
    assert kitchen.rows("SELECT count(*) FROM production_run")[0][0] > 10_000
    assert kitchen.rows("SELECT count(*) FROM assembly_run")[0][0] > 10_000
    assert small == many_lots == many_draws == counts(kitchen)
    assert all(len(numbers) == 1 and max(numbers) <= MOST for numbers in small.values()), small


def test_the_counter_sees_every_statement_that_the_driver_sees(kitchen: Kitchen) -> None:
    """So the numbers above are what is really sent; an executemany counts one."""
    kitchen.simple_bakery()
    seen: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, _p: Any, _x: Any, _many: bool) -> None:
        seen.append(statement.split()[0])

    with session_scope() as session:
        session.connection()
        event.listen(engine_for(), "before_cursor_execute", listen)
        before = statement_count()
        batch_production_service.record_batch_production(
            kitchen.ids["Cookies"], kitchen.ids["Cookie"], 2, 48, session=session
        )
        assembly_service.record_assembly(kitchen.ids["Box"], 2, session=session)
        counted = statement_count() - before
    sent = [word for word in seen if word not in ("SAVEPOINT", "RELEASE")]
    assert counted == len(sent)
    assert {"INSERT", "UPDATE", "SELECT", "WITH"} == set(sent)


@pytest.mark.parametrize("needed", [1, 10, 11, 25, 9_999, 10_000, 10_001])
def test_only_the_lots_that_are_needed_are_read(kitchen: Kitchen, needed: int) -> None:
    """Of a thousand lots of ten: one for ten, two for eleven, all of them for too much."""
    kitchen.ingredient("Flour")
    kitchen.receive("Flour", 10, "g", 1, received_on=date(2026, 1, 1))
    copy_rows("lot", 999)
    with read_scope() as session:
        lots = load_lots_to_draw(session.connection(), {kitchen.ids["Flour"]: needed * 1_000_000}, date(2026, 1, 2))
    assert len(lots) == min(-(-needed // 10), 1000)
    assert [lot.lot_id for lot in lots] == sorted(lot.lot_id for lot in lots)


def test_the_walk_uses_the_index_of_open_lots(kitchen: Kitchen) -> None:
    """At every step: by the plan of SQLite, and by the pages that PostgreSQL really reads."""
    bakery_of(kitchen)
    copy_rows("lot", 999)
    statements: list[tuple[str, Any]] = []

    def listen(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
        statements.append((statement, parameters))

    with session_scope() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ANALYZE lot"))
        session.connection()
        event.listen(engine_for(), "before_cursor_execute", listen)
        load_lots_to_draw(session.connection(), {kitchen.ids["Ingredient 1"]: 25_000_000}, date(2026, 1, 2))
        ((walk, parameters),) = statements
        if session.get_bind().dialect.name == "sqlite":
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {walk}", parameters)
            steps = [row.detail for row in plan]
            assert [step for step in steps if step.startswith("SCAN lot")] == []
            assert "SEARCH first USING INDEX ix_lot_open (item_id=?)" in steps
            assert "SEARCH next USING INDEX ix_lot_open (item_id=? AND (pick_on,received_on)>(?,?))" in steps
        else:
            plan = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {walk}", parameters)
            nodes = list(nodes_of(plan.scalar_one()[0]["Plan"]))
            read = {(node["Alias"], node["Index Name"]) for node in nodes if node.get("Alias") in ("first", "next")}
            assert read == {("first", "ix_lot_open"), ("next", "ix_lot_open")}
            assert [node["Node Type"] for node in nodes if "Seq" in node["Node Type"]] == []
            assert max(node["Actual Rows"] for node in nodes) <= 3


def nodes_of(plan: dict[str, Any]) -> Any:
    """A plan and every plan below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


def test_a_check_takes_no_lock_and_writes_nothing(kitchen: Kitchen) -> None:
    """It sends only SELECTs, none of them FOR UPDATE, and answers while another transaction holds the stock."""
    kitchen.simple_bakery()
    statements: list[str] = []
    with session_scope() as holder:
        batch_production_service.record_batch_production(
            kitchen.ids["Cookies"], kitchen.ids["Cookie"], 20, 480, session=holder
        )
        event.listen(engine_for(), "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
        answers = [kitchen.can_produce("Cookies", 20)["can_produce"], kitchen.can_assemble("Box", 1)["can_assemble"]]
    assert answers == [True, False]
    questions = [s for s in statements if not s.startswith(("BEGIN", "PRAGMA query_only", "SET TRANSACTION READ ONLY"))]
    assert {"SELECT", "WITH"} == {statement.split()[0] for statement in questions}
    assert [statement for statement in questions if "FOR " in statement] == []
