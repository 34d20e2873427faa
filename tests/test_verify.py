"""``verify`` names every drift from the ledger, and mends none."""

import pytest
from kitchen import Kitchen
from sqlalchemy import text

from bake_tracker.queries.verification import verify_ledger
from bake_tracker.services.database import read_scope, session_scope


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """A run with a loss, boxes, and a lot of unknown cost."""
    kitchen.simple_bakery()
    kitchen.receive("Sugar", 1, "kg")
    kitchen.produce("Cookies", "Cookie", 2, 40)
    kitchen.assemble("Box", 3)
    return kitchen


def test_what_the_services_wrote_agrees_with_the_ledger(bakery: Kitchen) -> None:
    """Every lot, run and operation is compared, and nothing is found."""
    with read_scope() as session:
        found = verify_ledger(session)
    assert found["drift"] == []
    assert (found["lots"], found["runs"]) == (6, 2)
    assert found["movements"] > 0
    assert found["operations"] > 0


@pytest.mark.parametrize("cost", [None, -1])
def test_a_movement_past_the_services_is_named(bakery: Kitchen, cost: int | None) -> None:
    """A lot emptied without its cost, or at a wrong one, is found though quantity and cache agree."""
    (lot,) = bakery.rows("SELECT id, remaining_micros, operation_id FROM lot WHERE code LIKE 'carton%'")
    with session_scope() as session:
        session.execute(
            text("INSERT INTO movement (operation_id, lot_id, quantity_micros, cost_micros) VALUES (:o, :l, :q, :c)"),
            {"o": lot.operation_id, "l": lot.id, "q": -lot.remaining_micros, "c": cost},
        )
        session.execute(text("UPDATE lot SET remaining_micros = 0 WHERE id = :l"), {"l": lot.id})
    with read_scope() as session:
        found = {drift["what"] for drift in verify_ledger(session)["drift"]}
    assert "cost of an empty lot" in found
    assert ("lot movements with a cost" in found) == (cost is None)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE lot SET remaining_micros = remaining_micros + 1 WHERE code LIKE 'flour%'", "lot remaining"),
        ("UPDATE lot SET quantity_micros = quantity_micros + 1 WHERE code LIKE 'flour%'", "lot quantity"),
        ("UPDATE lot SET remaining_cost_micros = remaining_cost_micros - 1 WHERE code LIKE 'flour%'", "lot cost"),
        ("UPDATE lot SET remaining_cost_micros = 0 WHERE cost_micros IS NULL", "lot cost"),
        ("UPDATE lot SET pick_on = '2030-01-01' WHERE code LIKE 'carton%'", "lot picking date"),
    ],
)
def test_a_touched_cache_is_named(bakery: Kitchen, sql: str, what: str) -> None:
    """One millionth is enough to be found."""
    with session_scope() as session:
        session.execute(text(sql))
    with read_scope() as session:
        assert {drift["what"] for drift in verify_ledger(session)["drift"]} == {what}
