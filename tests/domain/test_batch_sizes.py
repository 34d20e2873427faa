"""A sub-recipe by weight or volume: how much of its batch that is."""

from fractions import Fraction

import pytest

from bake_tracker.domain.errors import UnitConversionError
from bake_tracker.domain.recipes.quantities import Item, Recipe, RecipeLine, Yields, batches_by_recipe
from bake_tracker.domain.recipes.together import shares_of_cost

SUGAR = Item(1, "ingredient", "sugar", "Sugar", "g")
WATER = Item(2, "ingredient", "water", "Water", "ml", g_per_ml=Fraction(1))
EGG = Item(3, "ingredient", "egg", "Egg", "each")
SYRUP = Item(4, "finished_unit", "syrup", "Syrup", "ml", g_per_ml=Fraction(5, 4))
BUN = Item(5, "finished_unit", "bun", "Bun", "each", g_per_each=Fraction(50))
SCRAPS = Item(6, "finished_unit", "scraps", "Scraps", "g")
CAKE, ICING, SUB = 1, 2, 3


def cake(
    line: tuple[int, str],
    icing: list[RecipeLine],
    makes: Yields | None = None,
    *,
    together: bool = False,
    sub: list[RecipeLine] | None = None,
) -> Recipe:
    """A cake with a line of icing; ``makes`` is what the icing makes."""
    quantity, unit = line
    lines = {CAKE: [RecipeLine(CAKE, Fraction(quantity), unit, None, ICING)], ICING: icing, SUB: sub or []}
    names = {CAKE: "cake", ICING: "icing", SUB: "sub"}
    made = {ICING: makes or {}}
    shares = {ICING: dict.fromkeys(makes or {})} if together else {}
    return Recipe(CAKE, "cake", "Cake", lines, names, {}, {}, made, shares)


def of(item: Item, quantity: int, unit: str) -> RecipeLine:
    """A line of the icing."""
    return RecipeLine(ICING, Fraction(quantity), unit, item)


def batches(recipe: Recipe) -> Fraction:
    """How many batches of icing the cake takes."""
    return batches_by_recipe(recipe)[ICING]


def test_without_products_a_batch_weighs_as_much_as_its_ingredients() -> None:
    """60 g of 200 g sugar and 100 ml water are a fifth, exactly; kilograms are converted."""
    lines = [of(SUGAR, 200, "g"), of(WATER, 100, "ml")]
    assert batches(cake((60, "g"), lines)) == Fraction(1, 5)
    assert batches(cake((1, "kg"), lines)) == Fraction(10, 3)


def test_what_it_makes_goes_before_its_ingredients() -> None:
    """A syrup boils down: 60 g of 200 ml that weigh 250 g; and 50 ml of it are a quarter."""
    lines, makes = [of(SUGAR, 500, "g")], {4: (SYRUP, 200_000_000)}
    assert batches(cake((60, "g"), lines, makes)) == Fraction(60, 250)
    assert batches(cake((50, "ml"), lines, makes)) == Fraction(1, 4)


def test_products_are_added_if_they_come_out_together() -> None:
    """8 buns of 50 g and 100 g of scraps; if they are alternatives that differ, the ingredients count instead."""
    lines, makes = [of(SUGAR, 1_000, "g")], {5: (BUN, 8_000_000), 6: (SCRAPS, 100_000_000)}
    assert batches(cake((50, "g"), lines, makes, together=True)) == Fraction(1, 10)
    assert batches(cake((50, "g"), lines, makes)) == Fraction(1, 20)
    same = {5: (BUN, 2_000_000), 6: (SCRAPS, 100_000_000)}
    assert batches(cake((50, "g"), lines, same)) == Fraction(1, 2)


def test_a_sub_recipe_of_the_sub_recipe_counts_in_batches_and_by_weight() -> None:
    """Half a batch of 100 g and another 50 g of it, beside 100 g of sugar, are 200 g."""
    half = RecipeLine(ICING, Fraction(1, 2), "batch", None, SUB)
    by_weight = RecipeLine(ICING, Fraction(50), "g", None, SUB)
    recipe = cake((20, "g"), [of(SUGAR, 100, "g"), half, by_weight], sub=[RecipeLine(SUB, Fraction(100), "g", SUGAR)])
    assert batches(recipe) == Fraction(1, 10)
    assert batches_by_recipe(recipe)[SUB] == Fraction(1, 10)


@pytest.mark.parametrize(
    ("unit", "lines", "said"),
    [
        ("g", [of(EGG, 2, "each")], ["icing: the weight of one batch is not known", "egg: cannot convert each to g"]),
        ("g", [], ["icing: the weight of one batch is not known"]),
        ("ml", [of(WATER, 100, "ml")], ["icing: the volume of one batch is not known"]),
        ("g", [RecipeLine(ICING, Fraction(1), "batch", None, SUB)], ["icing: the weight", "sub: the weight"]),
    ],
)
def test_what_is_missing_is_listed(unit: str, lines: list[RecipeLine], said: list[str]) -> None:
    """The remedy of an ingredient is to weigh it."""
    with pytest.raises(UnitConversionError) as refused:
        batches_by_recipe(cake((60, unit), lines))
    assert [text for text in said if text not in str(refused.value)] == []
    assert bool(refused.value.remedies) == ("egg" in str(refused.value))


def test_shares_of_the_cost_are_stated_or_by_weight() -> None:
    """8 buns of 50 g and 100 g of scraps; an unknown weight asks for shares."""
    makes: Yields = {5: (BUN, 8_000_000), 6: (SCRAPS, 100_000_000)}
    assert shares_of_cost(makes, {5: None, 6: None}) == {5: Fraction(4, 5), 6: Fraction(1, 5)}
    assert shares_of_cost(makes, {5: Fraction(2, 3), 6: Fraction(1, 3)}) == {5: Fraction(2, 3), 6: Fraction(1, 3)}
    with pytest.raises(UnitConversionError, match="weight of egg is not known; state every product's share") as refused:
        shares_of_cost({3: (EGG, 1_000_000), 6: makes[6]}, {3: None, 6: None})
    assert len(refused.value.remedies) == 1
