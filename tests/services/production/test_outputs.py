"""Several products of one production: the ingredients are taken once, and every reader knows every product."""

from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.domain.errors import FinishedUnitRecipeMismatchError, ValidationError
from bake_tracker.domain.stock.outputs import divide, shares_of
from bake_tracker.queries.explain.origins import explain_lots
from bake_tracker.queries.reports.usage import load_waste
from bake_tracker.queries.reports.yields import load_run_yields, load_yields_by_month
from bake_tracker.queries.stock.made_of import load_made
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from bake_tracker.services.production.correction import record_production_correction
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.tampering import drift_after
from support.undoing import drift, reverse

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """2 kg of dough for 4.00 make 20 croissants or 40 rolls."""
    kitchen.ingredient("Dough")
    kitchen.recipe("Lam", {"Dough": (2, "kg")}, {"Croissant": 20, "Roll": 40})
    kitchen.ids["SACK"] = kitchen.receive("Dough", 10, "kg", 20, lot_code="SACK")["lot_id"]
    return kitchen


def also(bakery: Kitchen, actual: Any, **more: Any) -> list[dict[str, Any]]:
    """The second product."""
    return [{"finished_unit_id": bakery.ids["Roll"], "actual_yield": actual, **more}]


def test_the_ingredients_are_taken_once_and_the_cost_is_divided(bakery: Kitchen, operation_log: OperationLog) -> None:
    """10 croissants are half a batch, 20 rolls the other half."""
    run = bakery.produce("Lam", "Croissant", 1, 10, outputs=also(bakery, 20))
    assert [(one["quantity"], one["cost"]) for one in run["consumptions"]] == [("2000", "4.00")]
    assert (run["expected_yield"], run["total_ingredient_cost"], run["per_unit_cost"]) == ("10", "4.00", "0.20")
    croissant, roll = run["outputs"]
    assert croissant["lot_code"] == run["lot_code"]
    assert {key: roll[key] for key in roll if key not in ("lot_id", "lot_code")} == {
        "finished_unit_id": bakery.ids["Roll"],
        "share": "1/2",
        "expected_yield": "20",
        "actual_yield": "20",
        "loss_quantity": "0",
        "cost": "2.00",
        "per_unit_cost": "0.10",
    }
    assert (bakery.stock("Dough"), bakery.stock("Croissant"), bakery.stock("Roll")) == (8_000, 10, 20)
    assert len(operation_log.one("record_batch_production").fields["outputs"]) == 2
    assert drift() == []


def test_stated_shares_show_what_was_lost_of_each(bakery: Kitchen) -> None:
    """A quarter of the dough for rolls: 10 planned, 8 came out; the reports have both products."""
    run = bakery.produce("Lam", "Croissant", 1, 15, outputs=also(bakery, 8, share=Fraction(1, 4)), loss_reason="burnt")
    assert [(one["expected_yield"], one["loss_quantity"], one["cost"]) for one in run["outputs"]] == [
        ("15", "0", "3.00"),
        ("10", "2", "1.00"),
    ]
    assert (run["loss_cost"], run["loss_quantity"]) == ("0.20", "0")
    with read_scope() as session:
        rows = load_run_yields(session, limit=1)
        months = load_yields_by_month(session)
        (lost,) = load_waste(session)
    assert [(row["product_slug"], row["planned"], row["actual"], row["cost"]) for row in rows] == [
        ("croissant", "15", "15", "3.00"),
        ("roll", "10", "8", "1.00"),
    ]
    assert [(row["product_slug"], row["cost"]) for row in months] == [("croissant", "3.00"), ("roll", "1.00")]
    assert (lost["item_slug"], lost["quantity"], lost["cost"]) == ("roll", "2", "0.20")
    assert drift() == []


def test_a_product_of_which_nothing_came_out_needs_its_share(bakery: Kitchen) -> None:
    """It has no lot, and its whole share is lost."""
    with pytest.raises(ValidationError, match="must state shares"):
        bakery.produce("Lam", "Croissant", 1, 10, outputs=also(bakery, 0))
    run = bakery.produce("Lam", "Croissant", 1, 10, outputs=also(bakery, 0, share=Fraction(1, 2)))
    assert (run["outputs"][1]["lot_id"], run["loss_cost"]) == (None, "2.00")
    assert drift() == []


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        ([("Croissant", 5, None)], "listed twice"),
        ([("Roll", 5, None), ("Roll", 5, None)], "listed twice"),
        ([("Roll", 5, 1)], "add up to 1 or more"),
        ([("Roll", 5, 0)], "above 0"),
        ([("Roll", -5, None)], "of 0 or more"),
        ([("Roll", 5, Fraction(1, 2)), ("Bun", 5, None)], "of every one, or of none"),
    ],
)
def test_a_list_that_cannot_be_right_is_refused(bakery: Kitchen, outputs: Any, problem: str) -> None:
    """Nothing is taken."""
    bakery.item("finished_unit", "Bun", "each")
    listed = [
        {"finished_unit_id": bakery.ids[name], "actual_yield": actual, "share": share}
        for name, actual, share in outputs
    ]
    with pytest.raises(ValidationError, match=problem):
        bakery.produce("Lam", "Croissant", 1, 10, outputs=listed)
    with pytest.raises(FinishedUnitRecipeMismatchError):
        other = [{"finished_unit_id": bakery.ids["Bun"], "actual_yield": 1}]
        bakery.produce("Lam", "Croissant", 1, 10, outputs=other)
    assert bakery.stock("Dough") == 10_000


def test_without_outputs_the_call_is_as_before(bakery: Kitchen) -> None:
    """An empty list is the same call, and the answer has no such field."""
    key = "01a208d4-5470-73c4-aaee-d45ed4f65d93"
    run = bakery.produce("Lam", "Croissant", 1, 20, operation_id=key)
    assert run == bakery.produce("Lam", "Croissant", 1, 20, operation_id=key, outputs=[])
    assert "outputs" not in run
    assert "outputs" not in bakery.rows("SELECT arguments FROM operation WHERE id = :key", key=key)[0].arguments


def test_a_recall_reaches_every_product(bakery: Kitchen) -> None:
    """The trace has a step into each, and the balance holds."""
    run = bakery.produce("Lam", "Croissant", 1, 10, outputs=also(bakery, 20))
    codes = {one["lot_code"] for one in run["outputs"]}
    with read_scope() as session:
        recall = load_recall(session, bakery.ids["SACK"])
    assert {one["lot_code"] for one in recall["runs"]} == codes
    assert {lot["lot_code"] for lot in recall["lots"]} == {"SACK", *codes}
    assert recall["is_balanced"]


def test_each_product_is_explained_by_its_share(bakery: Kitchen) -> None:
    """Half of the dough and of its cost is in it."""
    run = bakery.produce("Lam", "Croissant", 1, 10, outputs=also(bakery, 15, share=Fraction(1, 2)))
    with read_scope() as session:
        lots = explain_lots(session, [one["lot_id"] for one in run["outputs"]])
        made = load_made(session, [one["lot_id"] for one in run["outputs"]])
    assert [(lot["cost"], lot["loss_cost"]) for lot in lots] == [("2.00", "0.00"), ("1.50", "0.50")]
    assert [made.lots[one["lot_id"]].drawn for one in run["outputs"]] == [((bakery.ids["SACK"], 10**9),)] * 2


def test_an_undo_takes_every_product_back(bakery: Kitchen) -> None:
    """The ingredients are given back once."""
    run = bakery.produce("Lam", "Croissant", 1, 10, outputs=also(bakery, 20))
    reverse(run["operation_id"])
    assert (bakery.stock("Dough"), bakery.stock("Croissant"), bakery.stock("Roll")) == (10_000, 0, 0)
    assert drift() == []


def test_a_correction_keeps_or_replaces_the_other_products(bakery: Kitchen) -> None:
    """After an undo, all products are there again as they were at first."""

    def correct(run: dict[str, Any], actual: Any, **more: Any) -> Any:
        return run_in_transaction(
            lambda s: record_production_correction(run["operation_id"], actual, "typo", session=s, **more)
        )

    run = bakery.produce("Lam", "Croissant", 1, 10, outputs=also(bakery, 18, share=Fraction(1, 2)))
    kept = correct(run, 9)["production"]
    assert [(one["share"], one["actual_yield"]) for one in kept["outputs"]] == [("1/2", "9"), ("1/2", "18")]
    changed = correct(kept, 9, outputs=also(bakery, 19, share=Fraction(1, 2)))
    assert bakery.stock("Roll") == 19
    reverse(changed["operation_id"])
    assert (bakery.stock("Dough"), bakery.stock("Croissant"), bakery.stock("Roll")) == (8_000, 9, 18)
    assert drift() == []


def test_bake_and_pack_makes_several_products(bakery: Kitchen) -> None:
    """One of them is packed."""
    bakery.good("Bag", {"Croissant": 5})
    ids = [bakery.ids[name] for name in ("Lam", "Croissant", "Bag")]
    done = run_in_transaction(
        lambda s: record_bake_and_pack(ids[0], ids[1], 1, 10, ids[2], 2, session=s, outputs=also(bakery, 20))  # type: ignore[arg-type]
    )
    assert len(done["production"]["outputs"]) == 2
    assert (bakery.stock("Croissant"), bakery.stock("Roll"), bakery.stock("Bag")) == (0, 20, 2)
    assert drift() == []


def test_a_changed_share_or_cost_is_drift(bakery: Kitchen) -> None:
    """Verify recalculates each product."""
    bakery.produce("Lam", "Croissant", 1, 10, outputs=also(bakery, 20))
    for change in ("share = '1/3'", "total_cost_micros = 1", "actual_yield_micros = 1", "loss_cost_micros = 7"):
        assert drift_after(f"UPDATE production_output SET {change}") != [], change


def test_costs_are_divided_to_the_last_millionth() -> None:
    """What rounding leaves goes to the largest remainders, the earlier first."""
    assert divide(100, [Fraction(1, 3)] * 3) == [34, 33, 33]
    assert divide(5, [Fraction(1, 10), Fraction(9, 10)]) == [1, 4]
    assert shares_of([(10, 20), (20, 40)], [None]) == [Fraction(1, 2), Fraction(1, 2)]
    assert shares_of([(0, 20), (0, 40)], [Fraction(1, 3)]) == [Fraction(2, 3), Fraction(1, 3)]
