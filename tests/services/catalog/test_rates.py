"""Labour and overhead are kept with a run at the rates of its day, and are in no lot's cost."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.errors import RecipeNotFoundError
from bake_tracker.domain.recipes.quantities import Rates, Recipe, RecipeLine
from bake_tracker.domain.recipes.rates import rates_of
from bake_tracker.queries.operations.history import load_runs
from bake_tracker.services.catalog.rates import record_recipe_rate
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.production.correction import record_production_correction
from support.kitchen import Kitchen
from support.tampering import named_after
from support.undoing import bake_and_pack, drift, reverse

micros = st.integers(0, 10**9)


def rate(kitchen: Kitchen, recipe: str, labour: Any, overhead: Any = 0) -> dict[str, Any]:
    key = kitchen.ids[recipe]
    return dict(run_in_transaction(lambda s: record_recipe_rate(key, labour, overhead, session=s)))


def kept(kitchen: Kitchen) -> list[tuple[int, int]]:
    rows = kitchen.rows("SELECT labour_micros, overhead_micros FROM run_rate ORDER BY production_run_id")
    return [(row.labour_micros, row.overhead_micros) for row in rows]


@given(st.dictionaries(st.sampled_from((1, 2, 3)), st.tuples(micros, micros)), st.fractions(0, 100), st.fractions(0, 9))
def test_a_run_takes_the_rates_of_its_recipe_and_of_the_sub_recipes_in_their_share(
    rates: dict[int, tuple[int, int]], batches: Fraction, share: Fraction
) -> None:
    """The shares are added exactly and rounded once."""
    lines = {1: [RecipeLine(1, share, "batch", None, 2), RecipeLine(1, Fraction(1), "batch", None, 3)]}
    by_recipe = {key: Rates(*amounts) for key, amounts in rates.items()}
    found = rates_of(Recipe(1, "cake", "Cake", lines, {}, {}, by_recipe), batches)
    counts = {1: Fraction(1), 2: share, 3: Fraction(1)}
    for place, amount in enumerate((found.labour_micros, found.overhead_micros)):
        exact = sum((counts[key] * amounts[place] for key, amounts in rates.items()), Fraction(0)) * batches
        assert abs(amount - exact) <= Fraction(1, 2)


def test_a_run_keeps_the_rates_of_its_day_and_its_lot_costs_what_went_into_it(kitchen: Kitchen) -> None:
    """A new rate changes no past run; without a rate, a run has no such cost."""
    kitchen.simple_bakery()
    without = kitchen.produce("Cookies", "Cookie", 1, 24)
    first = rate(kitchen, "Cookies", 12, Decimal("3.5"))
    run = kitchen.produce("Cookies", "Cookie", 2, 48)
    second = rate(kitchen, "Cookies", 20)
    scaled = kitchen.produce("Cookies", "Cookie", 1, 12, scale_factor=Decimal("0.5"))
    assert "labour_cost" not in without
    assert "overhead_cost" not in without
    assert (run["labour_cost"], run["overhead_cost"]) == ("24.00", "7.00")
    assert (scaled["labour_cost"], scaled["overhead_cost"]) == ("10.00", "0.00")
    assert run["per_unit_cost"] == without["per_unit_cost"]
    assert kept(kitchen) == [(24_000_000, 7_000_000), (10_000_000, 0)]
    assert (first["labour_before"], second["labour_before"], second["overhead_before"]) == (None, "12.00", "3.50")
    with read_scope() as session:
        shown = [(row["labour_cost"], row["overhead_cost"]) for row in load_runs(session, 9)]
    assert shown == [("10.00", "0.00"), ("24.00", "7.00"), (None, None)]
    assert drift() == []


@pytest.mark.one_database
def test_the_actual_cost_of_a_run_can_be_given(kitchen: Kitchen) -> None:
    """The actual cost replaces the rate; a cost that is not given follows the rate."""
    kitchen.simple_bakery()
    rate(kitchen, "Cookies", 12, 3)
    kitchen.produce("Cookies", "Cookie", 1, 24, labour_cost=Decimal("14.25"))
    kitchen.produce("Cookies", "Cookie", 1, 24, labour_cost=0, overhead_cost=0)
    assert kept(kitchen) == [(14_250_000, 3_000_000)]
    assert drift() == []


def test_a_corrected_yield_keeps_the_rates_of_its_day(kitchen: Kitchen) -> None:
    """A run from before the first rate stays without one."""
    kitchen.simple_bakery()
    bare = kitchen.produce("Cookies", "Cookie", 1, 24)
    rate(kitchen, "Cookies", 12, 3)
    run = kitchen.produce("Cookies", "Cookie", 1, 24)
    rate(kitchen, "Cookies", 99, 99)
    for one in (bare, run):
        key = one["operation_id"]
        run_in_transaction(lambda s, key=key: record_production_correction(key, 20, "mistyped", session=s))
    assert kept(kitchen) == [(12_000_000, 3_000_000)] * 2
    assert drift() == []


@pytest.mark.one_database
def test_baking_with_packing_keeps_them_too_and_undoing_a_run_leaves_them_as_history(kitchen: Kitchen) -> None:
    """The cost stays on record, and the run says that it was reversed."""
    kitchen.simple_bakery()
    rate(kitchen, "Cookies", 12, 3)
    done = bake_and_pack(kitchen)
    reverse(done)
    assert kept(kitchen) == [(12_000_000, 3_000_000)]
    assert drift() == []


@pytest.mark.one_database
def test_a_rate_is_undone_to_the_one_before(kitchen: Kitchen) -> None:
    """Undoing the first rate leaves none; an unknown recipe cannot have one."""
    kitchen.simple_bakery()
    first, second = rate(kitchen, "Cookies", 12, 3), rate(kitchen, "Cookies", 13, 4)
    reverse(second)
    assert rate(kitchen, "Cookies", 12, 3)["labour_before"] == "12.00"
    reverse(first)
    assert kitchen.rows("SELECT * FROM recipe_rate") == []
    with pytest.raises(RecipeNotFoundError):
        run_in_transaction(lambda s: record_recipe_rate(99, 1, 1, session=s))


@pytest.mark.one_database
def test_rates_cost_one_statement_and_only_where_there_are_any(kitchen: Kitchen) -> None:
    """The rates are loaded with the recipe."""
    kitchen.simple_bakery()
    counted = []
    for _ in range(2):
        with read_scope():
            before = statement_count()
        kitchen.produce("Cookies", "Cookie", 1, 24)
        counted.append(statement_count() - before)
        rate(kitchen, "Cookies", 12, 3)
        with read_scope():
            pass
    assert counted[1] - counted[0] == 1


@pytest.mark.parametrize(
    ("what", "statement"),
    {
        "production labour": "UPDATE run_rate SET labour_micros = labour_micros + 1",
        "production overhead": "DELETE FROM run_rate",
        "production rates recorded by": "UPDATE run_rate SET operation_id ="
        " (SELECT operation_id FROM lot ORDER BY id LIMIT 1)",
    }.items(),
)
def test_rates_that_differ_from_their_answer_are_named(sqlite_url: str, what: str, statement: str) -> None:
    """A change of one millionth made outside the program is found."""
    kitchen = Kitchen().simple_bakery()
    rate(kitchen, "Cookies", 12, 3)
    kitchen.produce("Cookies", "Cookie", 1, 24)
    assert what in named_after(statement)
