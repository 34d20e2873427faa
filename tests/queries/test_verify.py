"""``verify`` reports every drift from the ledger, and repairs none."""

from datetime import date

import pytest
from sqlalchemy import text

from bake_tracker.domain.stock.lots import pick_on
from bake_tracker.models import Lot
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.queries.verify import drift as verification_drift
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.production import bake_and_pack
from support.kitchen import Kitchen
from support.tampering import named_after


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """A run with a loss, boxes, and a lot of unknown cost."""
    kitchen.simple_bakery()
    kitchen.receive("Sugar", 1, "kg")
    kitchen.produce("Cookies", "Cookie", 2, 40)
    kitchen.assemble("Box", 3)
    return kitchen


def test_everything_the_services_wrote_agrees_with_the_ledger(bakery: Kitchen) -> None:
    """Every lot, run and operation is compared, without a finding."""
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
            text(
                "INSERT INTO movement (operation_id, lot_id, quantity_micros, cost_micros, happened_at) "
                "SELECT :o, :l, :q, CAST(:c AS bigint), recorded_at FROM operation WHERE id = :o"
            ),
            {"o": lot.operation_id, "l": lot.id, "q": -lot.remaining_micros, "c": cost},
        )
        session.execute(text("UPDATE lot SET remaining_micros = 0 WHERE id = :l"), {"l": lot.id})
    with read_scope() as session:
        found = {drift["what"] for drift in verify_ledger(session)["drift"]}
        balance = load_recall(session, lot.id)
    assert {"cost of an empty lot", "movement of lot"} <= found
    assert (balance["is_balanced"], balance["balance"][0]["remainder"]) == (False, "97")
    assert ("lot movements with a cost" in found) == (cost is None)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE lot SET remaining_micros = remaining_micros + 1 WHERE code LIKE 'flour%'", "lot remaining"),
        (
            "UPDATE lot SET quantity_micros = quantity_micros + 1 WHERE code LIKE 'flour%'",
            "answer: quantity, lot quantity",
        ),
        ("UPDATE lot SET remaining_cost_micros = remaining_cost_micros - 1 WHERE code LIKE 'flour%'", "lot cost"),
        ("UPDATE lot SET remaining_cost_micros = 0 WHERE cost_micros IS NULL", "lot cost"),
        ("UPDATE lot SET pick_on = '2030-01-01' WHERE code LIKE 'carton%'", "lot picking date"),
    ],
)
def test_a_touched_cache_is_named(bakery: Kitchen, sql: str, what: str) -> None:
    """One millionth is enough."""
    with session_scope() as session:
        session.execute(text(sql))
    with read_scope() as session:
        named = {drift["what"] for drift in verify_ledger(session)["drift"]}
    assert named == set(what.split(", "))


OWN = "operation_id = (SELECT operation_id FROM production_run)"
BOXED = "operation_id = (SELECT operation_id FROM assembly_run)"
MADE = f"id = (SELECT max(id) FROM movement WHERE {OWN})"
FIRST_DRAW = "(SELECT min(id) FROM movement WHERE quantity_micros < 0)"
FLOUR = "(SELECT id FROM lot WHERE code LIKE 'flour%')"


CHANGES = {
    "production cost": "UPDATE production_run SET total_cost_micros = total_cost_micros + 1",
    "production cost out": f"UPDATE movement SET cost_micros = cost_micros + 1 WHERE {MADE}",
    "production loss cost": "UPDATE production_run SET loss_cost_micros = loss_cost_micros + 1",
    "production status": "UPDATE production_run SET status = 'complete'",
    "production yield": "UPDATE production_run SET expected_yield_micros = 0",
    "production made": f"UPDATE movement SET quantity_micros = quantity_micros + 1 WHERE {MADE}",
    "production lot": f"UPDATE production_run SET lot_id = {FLOUR}",
    "production recorded by": "UPDATE operation SET name = 'record_event' WHERE name = 'record_batch_production'",
    "production consumed": "UPDATE item SET kind = 'finished_good' WHERE slug = 'flour'",
    "assembly cost": "UPDATE assembly_run SET total_cost_micros = total_cost_micros + 1",
    "assembly cost out": f"UPDATE movement SET cost_micros = cost_micros + 1 WHERE quantity_micros > 0 AND {BOXED}",
    "assembly made": "UPDATE assembly_run SET quantity = quantity + 1",
    "assembly lot": "UPDATE assembly_run SET finished_good_id = finished_good_id - 1",
    "assembly recorded by": "UPDATE operation SET name = 'record_event' WHERE name = 'record_assembly'",
    "assembly consumed": "UPDATE item SET kind = 'ingredient' WHERE slug = 'carton'",
    "run": "DELETE FROM assembly_run",
    "receipt": f"DELETE FROM lot WHERE id = {FLOUR}",
    "answer": "UPDATE operation SET result = '{' WHERE name = 'record_assembly'",
    "answer: per_unit_cost": "UPDATE operation SET result = replace(result, 'per_unit_cost', 'x')",
    "answer: consumptions": f"UPDATE movement SET lot_id = lot_id + 1 WHERE quantity_micros < 0 AND {BOXED}",
    "answer: unit_cost": "UPDATE operation SET result = replace(result, 'unit_cost\": \"0', 'unit_cost\": \"1')",
    "lot cost brought": f"UPDATE lot SET cost_micros = cost_micros + 1 WHERE id = {FLOUR}",
    "lot brought by": f"UPDATE movement SET id = -1 WHERE id = {FIRST_DRAW}",
    "draws of an operation": f"UPDATE movement SET id = -1 WHERE {MADE}",
    "movement operation_id": "DELETE FROM operation WHERE name = 'record_assembly'",
    "movement lot_id": f"DELETE FROM lot WHERE id = {FLOUR}",
    "production_run snapshot_sha256": "DELETE FROM recipe_snapshot",
    "recipe snapshot": "UPDATE recipe_snapshot SET content = '{}'",
    "operation": "UPDATE operation SET result = NULL WHERE name = 'record_event'",
}


def test_a_value_that_its_movements_do_not_give_is_named(bakery: Kitchen) -> None:
    """Runs, their results and their origins are each changed behind the program's back."""
    event = "UPDATE operation SET name = 'record_event' WHERE name = 'record_good_components'"
    named = {what: named_after(*([event] if what == "operation" else []), change) for what, change in CHANGES.items()}
    assert {what: found for what, found in named.items() if what not in found} == {}


def test_a_lot_that_was_oversold_in_between_is_named(bakery: Kitchen) -> None:
    """Its remaining quantity at the end is still right."""
    more = (
        "INSERT INTO movement (operation_id, lot_id, quantity_micros, cost_micros, happened_at)"
        " SELECT lot.operation_id, lot.id, {}, 0, happened_at FROM lot JOIN movement m ON m.lot_id = lot.id"
        f" WHERE lot.id = {FLOUR} LIMIT 1"
    )
    found = named_after(more.format(-(10**12)), more.format(10**12))
    assert found == {"lot drawn below zero", "draws of an operation", "movement of lot"}


def test_a_part_that_differs_from_its_answer_is_named(bakery: Kitchen) -> None:
    """A combined operation's result contains the results of its parts."""
    run_in_transaction(
        lambda s: bake_and_pack.record_bake_and_pack(
            bakery.ids["Cookies"], bakery.ids["Cookie"], 1, 24, bakery.ids["Box"], 2, session=s
        )
    )
    with read_scope() as session:
        assert verify_ledger(session)["drift"] == []
    changed = "UPDATE operation SET result = replace(result, '\"quantity\": 2', '\"quantity\": 3') WHERE name = "
    assert named_after(changed + "'record_bake_and_pack'") == {"answer: assembly"}
    gone = "UPDATE operation SET parent_id = NULL WHERE name = 'record_assembly'"
    assert named_after(gone) == {"part of an operation: assembly"}


def test_a_circle_is_reported_with_its_path(bakery: Kitchen) -> None:
    """A recipe contains itself, or a box is in a box that it contains."""
    line = "INSERT INTO recipe_line (recipe_id, position, sub_recipe_id, quantity, unit)"
    assert named_after(f"{line} SELECT id, 99, id, '1', 'batch' FROM recipe") == {"catalogue", "recipe"}
    part = "INSERT INTO good_component (good_id, component_id, quantity_micros)"
    assert named_after(f"{part} SELECT component_id, good_id, 1 FROM good_component") == {"finished good"}


def test_the_picking_date_follows_the_rule_of_the_domain(bakery: Kitchen) -> None:
    """The database makes the comparison, so this test shows that its rule is the same."""
    bakery.ingredient("Oil", "ml", pick_policy="fifo")
    for expires_on in ("2026-05-01", None):
        bakery.receive("Oil", 1, "l", expires_on=None if expires_on is None else date.fromisoformat(expires_on))
    with read_scope() as session:
        lots = session.query(Lot).all()
        policies = {row.id: row.pick_policy for row in session.execute(text("SELECT id, pick_policy FROM item"))}
        assert verify_ledger(session)["drift"] == []
    assert {policies[lot.item_id] for lot in lots} == {"fefo", "fifo"}
    assert [pick_on(policies[lot.item_id], lot.received_on, lot.expires_on) for lot in lots] == [
        lot.pick_on for lot in lots
    ]


def test_it_is_read_in_batches_and_says_how_far_it_has_come(bakery: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a few rows are in memory, however many there are."""
    monkeypatch.setattr(verification_drift, "ROWS_AT_ONCE", 1)
    told: list[tuple[str, int]] = []
    with read_scope() as session:
        assert verify_ledger(session, told=lambda what, done: told.append((what, done)))["drift"] == []
    assert [done for what, done in told if what == "receipts"] == [1, 2, 3, 4]
    assert {"productions", "assemblies", "recipe snapshots"} <= {what for what, _ in told}
