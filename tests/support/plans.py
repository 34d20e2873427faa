"""How many statements a query takes, and how the database plans them."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import event, inspect, text
from sqlalchemy.orm import Session

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.database import engine_for, read_scope, session_scope
from support.kitchen import Kitchen

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
    """Copy the chosen rows ``count`` times, bypassing the services, to build a long history."""
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
    """The number of statements of each operation at each width, without BEGIN, COMMIT and savepoints."""
    counted: dict[str, set[int]] = {}
    for name, call in OPERATIONS.items():
        for width in WIDTHS:
            with session_scope() as session:
                session.connection()  # the BEGIN is not one of the operation's statements
                before = statement_count()
                call(kitchen, width, times, session)
                counted.setdefault(name, set()).add(statement_count() - before)
    return counted


def nodes_of(plan: dict[str, Any]) -> Any:
    """A plan and every plan below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


HISTORY = ("operation", "movement", "production_run", "assembly_run", "lot")


def steps_of(ask: Callable[[Session], Any]) -> list[str]:
    """The plan steps of every statement that ``ask`` sends; SCAN marks a table read from end to end."""
    sent: list[tuple[str, Any]] = []
    with read_scope() as session:
        connection = session.connection()

        def listen(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
            sent.append((statement, parameters))

        event.listen(engine_for(), "before_cursor_execute", listen)
        ask(session)
        event.remove(engine_for(), "before_cursor_execute", listen)
        steps: list[str] = []
        for statement, parameters in sent:
            if connection.dialect.name == "sqlite":
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                steps += [row.detail for row in plan]
            else:
                plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
                for node in nodes_of(plan.scalar_one()[0]["Plan"]):
                    word = "SCAN" if node["Node Type"] == "Seq Scan" else node["Node Type"]
                    steps.append(f"{word} {node.get('Relation Name', '')}")
        return steps


def statements_of(ask: Any) -> int:
    with read_scope() as session:
        session.connection()
        before = statement_count()
        ask(session)
        return statement_count() - before


def statements_to_write(work: Callable[[Session], Any]) -> int:
    with session_scope() as session:
        session.connection()
        before = statement_count()
        work(session)
        return statement_count() - before


WIDTHS = (5, 20)


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
