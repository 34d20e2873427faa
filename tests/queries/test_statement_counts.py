"""How many statements an operation sends, and how many lots it reads."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, text

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.queries.stock.open_lots import load_lots_to_draw
from bake_tracker.queries.stock.returns import load_handed_over
from bake_tracker.services import assembly_service, batch_production_service
from bake_tracker.services.database import engine_for, read_scope, run_in_transaction, session_scope
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.handling import record_hold, record_transfer
from bake_tracker.services.stock.stocktake import record_stocktake
from support.kitchen import Kitchen
from support.plans import PAST, bakery_of, copy_rows, counts, nodes_of, statements_to_write, steps_of
from support.shelf import Shelf

MOST = 13


def test_the_number_of_statements_is_the_same_however_large_the_bakery(kitchen: Kitchen) -> None:
    """5 and 20 ingredients, 1 and 1,000 lots of each, 0 and 10,000 past runs: at most thirteen statements."""
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
    """The counts above are what is really sent; an executemany counts as one."""
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
    """Of a thousand lots of ten, a need of ten reads one, a need of eleven two, and too large a need all of them."""
    kitchen.ingredient("Flour")
    kitchen.receive("Flour", 10, "g", 1, received_on=date(2026, 1, 1))
    copy_rows("lot", 999)
    with read_scope() as session:
        lots = load_lots_to_draw(session.connection(), {kitchen.ids["Flour"]: needed * 1_000_000}, date(2026, 1, 2))
    assert len(lots) == min(-(-needed // 10), 1000)
    assert [lot.lot_id for lot in lots] == sorted(lot.lot_id for lot in lots)


def test_the_walk_uses_the_index_of_open_lots(kitchen: Kitchen) -> None:
    """Every step does: by SQLite's plan, and by the pages that PostgreSQL really reads."""
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


def test_a_check_takes_no_lock_and_writes_nothing(kitchen: Kitchen) -> None:
    """It sends only SELECTs, none with FOR UPDATE, and answers while another transaction holds the stock."""
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


@pytest.mark.one_database
def test_the_shelf_takes_as_many_statements_for_many_lots(kitchen: Kitchen) -> None:
    """Three lots and twenty: a count on a sheet that has moved, and the undo of a hold of lots that were split."""
    shelf, found = Shelf(kitchen), list[tuple[int, int]]()
    kitchen.ingredient("Flour")
    for number in (3, 20):
        lots = [kitchen.receive("Flour", 10, "g", 1)["lot_id"] for _ in range(number)]
        lines = [{"lot_id": lot, "counted": 9, "expected": 9} for lot in lots]
        hold = run_in_transaction(lambda s, lots=lots: record_hold(lots, "smells", session=s))
        for lot in lots:
            run_in_transaction(lambda s, lot=lot: record_transfer(lot, "Cellar", session=s, quantity=1))
        undone = statements_to_write(lambda s, hold=hold: record_reversal(hold["operation_id"], "mistyped", session=s))
        shelf.adjust("correction", *({"lot_id": lot, "quantity": 2} for lot in lots), reason="found")
        counted = statements_to_write(lambda s, lines=lines: record_stocktake(lines, session=s, moved="after"))
        found.append((undone, counted))
    assert found[0] == found[1]


@pytest.mark.one_database
def test_a_return_does_not_read_every_return_of_the_past(kitchen: Kitchen) -> None:
    """What was handed over and what came back of it are found by their operation."""
    kitchen.simple_bakery()
    shelf = Shelf(kitchen)
    sale = shelf.adjust("sale", {"lot_id": shelf.lot("flour").id, "quantity": 1})
    steps = steps_of(lambda session: load_handed_over(session, sale["operation_id"]))
    assert [step for step in steps if step.startswith("SCAN adjustment")] == []
