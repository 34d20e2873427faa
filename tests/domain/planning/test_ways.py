"""How what is wanted is made: which recipe, and what cannot be planned."""

from collections.abc import Mapping
from fractions import Fraction

import pytest

from bake_tracker.domain.planning.ways import MadeBy, Ways, id_of, ways_to_make
from bake_tracker.domain.recipes.quantities import Item, Recipe, RecipeLine
from bake_tracker.domain.units import MICRO

FLOUR, MILK, DOUGH, BUN, BOX, CRUMBS = range(1, 7)


def item(item_id: int, unit: str = "each", **more: int) -> Item:
    kind = "ingredient" if item_id in (FLOUR, MILK) else "finished_unit"
    return Item(item_id, kind, f"item-{item_id}", f"Item {item_id}", unit, **more)


def recipe(number: int, makes: dict[int, int], takes: dict[int, int], unit: str = "g") -> Recipe:
    """A recipe of a batch, in pieces and grams."""
    lines = [RecipeLine(number, Fraction(quantity), unit, item(taken, "g")) for taken, quantity in takes.items()]
    yields = {made: (item(made, shelf_life_days=2), quantity * MICRO) for made, quantity in makes.items()}
    return Recipe(number, f"recipe-{number}", f"Recipe {number}", {number: lines}, {}, yields)


def ways(
    wanted: set[int], *recipes: Recipe, latest: Mapping[int, int] = {}, boxes: Mapping[int, Mapping[int, int]] = {}
) -> Ways:
    return ways_to_make(wanted, MadeBy({one.recipe_id: one for one in recipes}, boxes, latest, {}))


def test_only_what_is_wanted_is_looked_at() -> None:
    """A box leads to its buns, these to their dough; the recipe of crumbs does not matter."""
    buns, dough = recipe(1, {BUN: 24}, {DOUGH: 900}), recipe(2, {DOUGH: 1}, {FLOUR: 500})
    crumbs = recipe(3, {CRUMBS: 5}, {FLOUR: 1}, unit="cup")
    found = ways({BOX}, buns, dough, crumbs, boxes={BOX: {BUN: 6 * MICRO}})
    assert [making.recipe for making in found.makings] == [1, 2]
    assert [(box.item, box.parts) for box in found.packings] == [(BOX, {BUN: 6})]
    assert found.problems == ()
    (bun,) = found.makings[0].products
    assert (bun.item, bun.per_batch, bun.keeps, bun.grain) == (BUN, 24 * MICRO, 2, MICRO)
    assert found.makings[0].takes == {DOUGH: 900 * MICRO}


@pytest.mark.parametrize(("latest", "chosen"), [({}, 1), ({2: 7}, 2), ({1: 9, 2: 7}, 1)])
def test_the_recipe_that_was_used_last_makes_an_item(latest: dict[int, int], chosen: int) -> None:
    """Without any run it is the first one."""
    found = ways({BUN}, recipe(1, {BUN: 24}, {FLOUR: 900}), recipe(2, {BUN: 12}, {FLOUR: 500}), latest=latest)
    assert [making.recipe for making in found.makings] == [chosen]


def test_another_product_of_a_recipe_is_made_by_its_own() -> None:
    """Crumbs come from the first recipe, buns from the second, which was used last."""
    both, only = recipe(1, {BUN: 24, CRUMBS: 100}, {FLOUR: 900}), recipe(2, {BUN: 12}, {FLOUR: 500})
    found = ways({BUN, CRUMBS}, both, only, latest={2: 1})
    products = {id_of(way.recipe): [product.item for product in way.products] for way in found.makings}
    assert products == {1: [CRUMBS], 2: [BUN]}


def test_a_recipe_without_a_measure_is_listed_with_what_helps() -> None:
    """What it would make is not planned."""
    found = ways({BUN}, recipe(1, {BUN: 24}, {FLOUR: 2}, unit="cup"))
    assert found.makings == ()
    (problem,) = found.problems
    assert problem.name == "Recipe 1"
    assert "cannot convert cup to g" in problem.problem
    assert [remedy["kind"] for remedy in problem.remedies] == ["measure"]


def test_what_would_be_made_from_itself_is_left_out() -> None:
    """A starter that is fed from itself; bread that takes it is planned."""
    bread, starter = recipe(1, {BUN: 2}, {DOUGH: 200, FLOUR: 900}), recipe(2, {DOUGH: 1}, {DOUGH: 100, FLOUR: 100})
    found = ways({BUN}, bread, starter)
    assert [making.recipe for making in found.makings] == [1]
    assert [problem.name for problem in found.problems] == ["Recipe 2"]


def test_two_that_are_made_from_each_other_are_planned_in_part() -> None:
    """Leaving one of them out is enough."""
    found = ways({BUN}, recipe(1, {BUN: 2}, {DOUGH: 200}), recipe(2, {DOUGH: 1}, {BUN: 1}))
    assert len(found.makings) == len(found.problems) == 1
