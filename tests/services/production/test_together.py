"""Recipes whose products come out together: planned whole, and the cost divided."""

from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.errors import UnitConversionError, ValidationError
from bake_tracker.queries.catalog.definitions import load_recipe
from bake_tracker.queries.catalog.recipe_versions import load_recipe_versions
from bake_tracker.queries.operations.history import load_runs
from bake_tracker.queries.reports.recipe_cost import load_recipe_cost
from bake_tracker.queries.reports.yields import load_run_yields, load_yields_by_month
from bake_tracker.queries.runs.plans import load_production_plan
from bake_tracker.queries.views.recipe import load_recipe_view
from bake_tracker.services.catalog.measures import record_piece_weight
from bake_tracker.services.catalog.recipe_makes import record_recipe_makes
from bake_tracker.services.catalog.recipes import record_recipe_yield
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.production.correction import record_production_correction
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.undoing import drift, reverse

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """2 kg of dough for 4.00 make 20 croissants and 500 g of scraps."""
    kitchen.ingredient("Dough")
    kitchen.item("finished_unit", "Croissant", "each")
    kitchen.item("finished_unit", "Scraps", "g")
    kitchen.recipe("Lam", {"Dough": (2, "kg")})
    kitchen.receive("Dough", 10, "kg", 20)
    state(kitchen, Fraction(3, 4), Fraction(1, 4))
    return kitchen


def state(kitchen: Kitchen, *shares: Any, together: bool = True, **more: Any) -> Any:
    """Say what a batch makes."""
    quantities = {"Croissant": 20, "Scraps": 500}
    makes: Any = [
        {"finished_unit_id": kitchen.ids[name], "quantity": quantity, "share": share}
        for (name, quantity), share in zip(quantities.items(), shares or (None, None), strict=True)
    ]
    return run_in_transaction(
        lambda s: record_recipe_makes(kitchen.ids["Lam"], makes, session=s, together=together, **more)
    )


def also(kitchen: Kitchen, actual: Any, **more: Any) -> list[dict[str, Any]]:
    """The second product."""
    return [{"finished_unit_id": kitchen.ids["Scraps"], "actual_yield": actual, **more}]


def weigh(kitchen: Kitchen) -> None:
    """A croissant weighs 75 g."""
    run_in_transaction(
        lambda s: record_piece_weight(kitchen.ids["Croissant"], 1, 75, "g", session=s, source="our scale")
    )


def told(run: Any, *names: str) -> list[tuple[Any, ...]]:
    """These fields of every product."""
    return [tuple(one[name] for name in names) for one in run["outputs"]]


def test_one_batch_makes_all_of_it(bakery: Kitchen, operation_log: OperationLog) -> None:
    """2 kg are used once, 4.00 is divided, both are planned whole, and nothing is over the plan."""
    run = bakery.produce("Lam", "Croissant", 1, 20, outputs=also(bakery, 500))
    assert (run["total_ingredient_cost"], run["production_status"], bakery.stock("Dough")) == (
        "4.00",
        "complete",
        8_000,
    )
    assert told(run, "share", "expected_yield", "loss_quantity", "cost") == [
        ("3/4", "20", "0", "3.00"),
        ("1/4", "500", "0", "1.00"),
    ]
    assert operation_log.outcomes("record_batch_production") == ["success"]
    with read_scope() as session:
        (listed,) = load_runs(session, 5)
        rows = load_run_yields(session, limit=5)
        months = load_yields_by_month(session)
    assert [(one["made"], one["quantity"], one["cost"]) for one in listed["outputs"]] == [
        ("Croissant", "20", "3.00"),
        ("Scraps", "500", "1.00"),
    ]
    assert [(row["product_slug"], row["batches"], row["planned"]) for row in rows] == [
        ("croissant", 1, "20"),
        ("scraps", 0, "500"),
    ]
    assert [(row["product_slug"], row["batches"]) for row in months] == [("croissant", 1), ("scraps", 0)]
    assert drift() == []


def test_what_is_left_out_is_asked_for(bakery: Kitchen) -> None:
    """A product that did not come out is given as 0; its share of the cost is lost, and other shares can be stated."""
    with pytest.raises(ValidationError, match="scraps is missing; give 0"):
        bakery.produce("Lam", "Croissant", 1, 20)
    run = bakery.produce("Lam", "Croissant", 1, 20, outputs=also(bakery, 0))
    assert told(run, "loss_quantity", "lot_id")[1] == ("500", None)
    assert (run["loss_cost"], bakery.stock("Croissant")) == ("1.00", 20)
    run = bakery.produce("Lam", "Croissant", 1, 10, outputs=also(bakery, 500, share=Fraction(1, 2)))
    assert told(run, "cost", "loss_quantity") == [("2.00", "10"), ("2.00", "0")]
    assert run["loss_cost"] == "1.00"
    assert drift() == []


def test_shares_or_weights_are_needed_when_it_is_saved(bakery: Kitchen) -> None:
    """A croissant of 75 g bears three quarters of the cost; shares of one product only are refused."""
    with pytest.raises(UnitConversionError, match="the weight of croissant is not known"):
        state(bakery)
    for shares, said in (((Fraction(1, 2), None), "of every product"), ((Fraction(1, 2), Fraction(1, 3)), "5/6")):
        with pytest.raises(ValidationError, match=said):
            state(bakery, *shares)
    with pytest.raises(ValidationError, match="only if the products come out together"):
        state(bakery, Fraction(1, 2), Fraction(1, 2), together=False)
    weigh(bakery)
    state(bakery)
    run = bakery.produce("Lam", "Croissant", 1, 20, outputs=also(bakery, 500))
    assert told(run, "share", "cost") == [("3/4", "3.00"), ("1/4", "1.00")]


def test_the_plan_and_the_cost_of_the_recipe_are_divided(bakery: Kitchen) -> None:
    """The recipe says it, with the shares."""
    today = now().date()
    with read_scope() as session:
        plan = load_production_plan(session, load_recipe(session, bakery.ids["Lam"]), 1, 1, today)
        cost = load_recipe_cost(session, bakery.ids["Lam"], Fraction(1), today)
        view = load_recipe_view(session, bakery.ids["Lam"])
    assert [(one["name"], one["expected"], one["each"]) for one in plan["makes"]] == [
        ("Croissant", "20", "0.15"),
        ("Scraps", "500", "0.002"),
    ]
    assert [one["each"] for one in cost["makes"] if one["basis"] == "today"] == ["0.15", "0.002"]
    assert (view["together"], [one["share"] for one in view["makes"]]) == (True, ["3/4", "1/4"])


def test_it_becomes_alternatives_again_and_an_undo_restores_it(bakery: Kitchen) -> None:
    """Past runs keep their plan; the versions show the change; a replay answers the same."""
    run = bakery.produce("Lam", "Croissant", 1, 20, outputs=also(bakery, 500))
    key = "01a2117e-6a20-7d84-b9a4-cb65d1bd3a2c"
    changed = state(bakery, together=False, operation_id=key)
    assert state(bakery, together=False, operation_id=key) == changed
    with read_scope() as session:
        versions = load_recipe_versions(session, bakery.ids["Lam"])["versions"]
    assert {"what": "what comes out of a batch", "before": "all products together: Croissant 3/4, Scraps 1/4",
            "after": "one of the products"} in versions[0]["differences"]  # fmt: skip
    assert bakery.produce("Lam", "Croissant", 1, 20)["expected_yield"] == "20"
    reverse(changed["operation_id"])
    corrected = run_in_transaction(
        lambda s: record_production_correction(run["operation_id"], 18, session=s, reason="miscounted")
    )
    assert told(corrected["production"], "expected_yield", "share") == [("20", "3/4"), ("500", "1/4")]
    reverse(corrected["operation_id"])
    assert bakery.stock("Scraps") == 500
    assert drift() == []


def test_a_new_product_joins_by_weight_and_not_beside_stated_shares(bakery: Kitchen) -> None:
    """A product that is no longer listed is removed."""
    bakery.item("finished_unit", "Crumbs", "g")

    def add() -> Any:
        return run_in_transaction(lambda s: record_recipe_yield(bakery.ids["Lam"], bakery.ids["Crumbs"], 10, session=s))

    with pytest.raises(ValidationError, match="would need a share"):
        add()
    weigh(bakery)
    state(bakery)
    undone = add()
    with read_scope() as session:
        assert len(load_recipe(session, bakery.ids["Lam"]).together) == 3
    reverse(undone["operation_id"])
    add()
    state(bakery)
    with read_scope() as session:
        assert [one["finished_unit_slug"] for one in load_recipe_view(session, bakery.ids["Lam"])["makes"]] == [
            "croissant",
            "scraps",
        ]
    assert drift() == []
