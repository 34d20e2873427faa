"""``60 g icing``: a line of a sub-recipe by weight, wherever an amount is."""

from typing import Any

import pytest

from bake_tracker.domain.errors import UnitConversionError, ValidationError
from bake_tracker.queries.views.recipe import load_recipe_view
from bake_tracker.queries.views.scaled_recipe import load_scaled_recipe
from bake_tracker.services.catalog.measures import record_piece_weight
from bake_tracker.services.catalog.recipe_makes import record_recipe_makes
from bake_tracker.services.catalog.recipes import record_recipe
from bake_tracker.services.database import read_scope, run_in_transaction
from support.kitchen import Kitchen
from support.undoing import drift


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """An icing of 300 g sugar and 100 g flour."""
    for name in ("Sugar", "Flour"):
        kitchen.ingredient(name)
        kitchen.receive(name, 1, "kg", 10)
    kitchen.ingredient("Egg", "each")
    kitchen.item("finished_unit", "Bun", "each")
    kitchen.recipe("Icing", {"Sugar": (300, "g"), "Flour": (100, "g")})
    return kitchen


def bun(kitchen: Kitchen, quantity: Any = 60, unit: str = "g", **more: Any) -> Any:
    """A recipe of this much icing."""
    line: Any = {"sub_recipe_id": kitchen.ids["Icing"], "quantity": quantity, "unit": unit}
    return run_in_transaction(lambda s: record_recipe("Buns", [line], session=s, **more))["recipe_id"]


def test_a_batch_takes_its_part_exactly_and_the_line_stays_as_written(bakery: Kitchen) -> None:
    """60 g of 400 g are 45 g of sugar and 15 g of flour."""
    bakery.ids["Buns"] = bun(bakery)
    run_in_transaction(
        lambda s: record_recipe_makes(
            bakery.ids["Buns"], [{"finished_unit_id": bakery.ids["Bun"], "quantity": 6}], session=s
        )
    )
    run = bakery.produce("Buns", "Bun", 2, 12)
    assert [one["quantity"] for one in run["consumptions"]] == ["90", "30"]
    assert '"batches": "3/20"' in bakery.rows("SELECT content FROM recipe_snapshot")[0][0]
    with read_scope() as session:
        (line,) = load_recipe_view(session, bakery.ids["Buns"])["lines"]
        first, below = load_scaled_recipe(session, bakery.ids["Buns"])["sections"]
    assert (line["quantity"], line["unit"], line["sub_recipe_slug"]) == ("60", "g", "icing")
    assert (first["lines"][0]["quantity"], below["batches"]) == ("60", "0.15")
    assert drift() == []


def test_what_is_not_known_is_refused_with_what_is_missing(bakery: Kitchen) -> None:
    """A piece has no weight; nothing has a volume; only weights, volumes and batches are units of a recipe."""
    with pytest.raises(UnitConversionError, match="icing: the volume of one batch is not known"):
        bun(bakery, 60, "ml")
    with pytest.raises(ValidationError, match="must be batch, a weight or a volume"):
        bun(bakery, 3, "each")
    bakery.recipe("Icing", {"Sugar": (300, "g"), "Egg": (2, "each")}, recipe_id=bakery.ids["Icing"])
    with pytest.raises(UnitConversionError, match="egg: cannot convert each to g"):
        bun(bakery)
    run_in_transaction(lambda s: record_piece_weight(bakery.ids["Egg"], 1, 50, "g", session=s, source="our scale"))
    assert bakery.can_produce("Icing", 1)["can_produce"] is False
    bun(bakery)


def test_a_recipe_whose_sub_recipe_lost_its_weight_is_still_shown(bakery: Kitchen) -> None:
    """Its own lines stay, and it says what is missing; it is not baked."""
    bakery.ids["Buns"] = bun(bakery)
    bakery.recipe("Icing", {"Sugar": (300, "g"), "Egg": (2, "each")}, recipe_id=bakery.ids["Icing"])
    with read_scope() as session:
        view = load_scaled_recipe(session, bakery.ids["Buns"])
    assert view["problem"] is not None
    assert "egg: cannot convert each to g" in view["problem"]
    assert [line["name"] for line in view["sections"][0]["lines"]] == ["Icing"]
    with pytest.raises(UnitConversionError):
        bakery.can_produce("Buns", 1)
