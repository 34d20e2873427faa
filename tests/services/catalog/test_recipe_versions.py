"""A recipe's versions, its weights and its baker's percentages."""

from decimal import Decimal
from fractions import Fraction

import pytest

from bake_tracker.domain.errors import RecipeNotFoundError, ValidationError
from bake_tracker.domain.recipes.bakers_percentage import bakers_percentages, is_called_flour
from bake_tracker.domain.units import format_quantity, parse_quantity
from bake_tracker.entrypoints.cli.remedies import words
from bake_tracker.queries.catalog.recipe_versions import RecipeVersions, load_recipe_versions
from bake_tracker.queries.views.scaled_recipe import ScaledRecipe, load_scaled_recipe
from bake_tracker.services.catalog.allergens import record_allergens
from bake_tracker.services.catalog.rates import record_recipe_rate
from bake_tracker.services.catalog.recipes import record_recipe, record_recipe_yield
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.reversal import record_reversal
from support.kitchen import Kitchen


def versions(kitchen: Kitchen, recipe: str, **more: int) -> RecipeVersions:
    with read_scope() as session:
        return load_recipe_versions(session, kitchen.ids[recipe], **more)


def view(kitchen: Kitchen, recipe: str, batches: Fraction = Fraction(1), **more: list[int]) -> ScaledRecipe:
    with read_scope() as session:
        return load_scaled_recipe(session, kitchen.ids[recipe], batches, **more)


def change(kitchen: Kitchen, recipe: str, *lines: dict[str, object], **more: str) -> str:
    made = run_in_transaction(
        lambda s: record_recipe(more.get("name", recipe), list(lines), session=s, recipe_id=kitchen.ids[recipe])  # type: ignore[arg-type]
    )
    return made["operation_id"]


def line(kitchen: Kitchen, item: str, quantity: int | Decimal, unit: str = "g") -> dict[str, object]:
    return {"item_id": kitchen.ids[item], "quantity": quantity, "unit": unit}


def told(found: RecipeVersions) -> list[tuple[int, list[tuple[str, str | None, str | None]]]]:
    return [
        (one["number"], [(each["what"], each["before"], each["after"]) for each in one["differences"]])
        for one in found["versions"]
    ]


def test_every_edit_is_a_version_that_says_what_changed(kitchen: Kitchen) -> None:
    """Versions list changed, removed and new lines, the yield and the rates."""
    kitchen.simple_bakery()
    kitchen.ingredient("Butter")
    change(kitchen, "Cookies", line(kitchen, "Flour", 400), line(kitchen, "Butter", Decimal("0.5"), "lb"))
    run_in_transaction(lambda s: record_recipe_yield(kitchen.ids["Cookies"], kitchen.ids["Cookie"], 20, session=s))
    run_in_transaction(lambda s: record_recipe_rate(kitchen.ids["Cookies"], 3, 1, session=s))
    found = versions(kitchen, "Cookies", older=1, newer=5)
    assert told(found) == [
        (5, [("labour and overhead of a batch", None, "3.00 and 1.00")]),
        (4, [("makes Cookie", "24 each", "20 each")]),
        (3, [("Flour", "500 g", "400 g"), ("Sugar", "250 g", None), ("Butter", None, "0.5 lb")]),
        (2, [("makes Cookie", None, "24 each")]),
        (1, []),
    ]
    assert [one["what"] for one in found["compared"]] == [
        "Flour", "Sugar", "Butter", "makes Cookie", "labour and overhead of a batch"
    ]  # fmt: skip
    assert found["versions"][0]["operation"] == "record_recipe_rate"


def test_an_undone_edit_is_not_a_version(kitchen: Kitchen) -> None:
    """The next edit is compared with the version before the undone one."""
    kitchen.simple_bakery()
    undone = change(kitchen, "Cookies", line(kitchen, "Sugar", 1))
    run_in_transaction(lambda s: record_reversal(undone, "a slip", session=s))
    change(kitchen, "Cookies", line(kitchen, "Flour", 600), line(kitchen, "Sugar", 250))
    assert told(versions(kitchen, "Cookies"))[0] == (3, [("Flour", "500 g", "600 g")])


def test_a_missing_recipe_and_a_missing_version_are_refused(kitchen: Kitchen) -> None:
    """Each is refused by name."""
    kitchen.simple_bakery()
    with pytest.raises(ValidationError, match="newer: there is no version 9"):
        versions(kitchen, "Cookies", older=1, newer=9)
    kitchen.ids["Gone"] = 99
    with pytest.raises(RecipeNotFoundError):
        versions(kitchen, "Gone")
    with pytest.raises(RecipeNotFoundError):
        view(kitchen, "Gone")


def test_a_recipe_is_shown_with_its_sub_recipes_for_any_number_of_batches(kitchen: Kitchen) -> None:
    """A sub-recipe appears once with its total batches; cups have a weight where a density is recorded."""
    kitchen.ingredient("Flour")
    kitchen.ingredient("Sugar")
    kitchen.ingredient("Water", "ml")
    kitchen.density("Flour", 1, "cup", 120, "g")
    kitchen.recipe("Icing", {"Sugar": (100, "g"), "Water": (2, "tbsp")})
    kitchen.recipe("Cake", {"Flour": (2, "cup"), "Sugar": (60, "g"), "Icing": (Fraction(1, 3), "batch")}, {"Slice": 8})
    found = view(kitchen, "Cake", Fraction(3))
    assert [(one["name"], one["batches"], len(one["lines"])) for one in found["sections"]] == [
        ("Cake", "3", 3),
        ("Icing", "1", 2),
    ]
    assert [(one["name"], one["quantity"], one["weight_g"], one["percent"]) for one in found["items"]] == [
        ("Flour", "720", "720", "100.0"),
        ("Sugar", "280", "280", "38.9"),
        ("Water", "29.573529", None, None),
    ]
    assert [(one["name"], one["quantity"]) for one in found["makes"]] == [("Slice", "24")]
    sugar = view(kitchen, "Cake", flour=[kitchen.ids["Sugar"]])
    assert ([one["percent"] for one in sugar["items"]], sugar["is_flour_said"]) == (["257.1", "100.0", None], True)


def test_a_line_that_cannot_be_weighed_says_what_would_settle_it(kitchen: Kitchen) -> None:
    """The rest of the recipe is shown; without the weight of the flour there are no percentages."""
    kitchen.ingredient("Flour")
    kitchen.ingredient("Salt")
    kitchen.recipe("Bread", {"Flour": (2, "cup"), "Salt": (10, "g")})
    flour, salt = view(kitchen, "Bread")["items"]
    assert (flour["quantity"], flour["percent"], salt["quantity"], salt["percent"]) == (None, None, "10", None)
    assert flour["problem"] == "flour: cannot convert cup to g"
    assert "weigh 1 cup of Flour" in words(flour["remedy"])


def test_allergens_come_from_the_ingredients_and_missing_statements_are_listed(kitchen: Kitchen) -> None:
    """An ingredient without a statement is listed as such."""
    kitchen.simple_bakery()
    run_in_transaction(lambda s: record_allergens(kitchen.ids["Flour"], ["wheat"], session=s, may_contain=["soya"]))
    assert view(kitchen, "Cookies")["allergens"] == {
        "contains": ["wheat"],
        "may_contain": ["soya"],
        "unsaid": ["Sugar"],
    }


@pytest.mark.parametrize("batches", [Fraction(0), Fraction(-1), Fraction(10**30)])
def test_impossible_batches_are_refused(kitchen: Kitchen, batches: Fraction) -> None:
    """Neither zero batches nor more than a ledger holds are accepted."""
    kitchen.simple_bakery()
    with pytest.raises(ValidationError, match="batches"):
        view(kitchen, "Cookies", batches)


def test_flour_is_known_by_its_name_and_by_nothing_else() -> None:
    """Several languages are known; cornflour is starch and does not count."""
    flours = ["Flour", "rye flour", "Weizenmehl Type 550", "farine T65", "Vetemjöl", "Harina de fuerza"]
    others = ["Cornflour", "Caramel", "Sugar", "Flourish", "Meal worms"]
    assert [is_called_flour(name) for name in flours] == [True] * 6
    assert [is_called_flour(name) for name in others] == [False] * 5
    assert bakers_percentages({1: Fraction(3), 2: Fraction(1)}, [1]) == {1: "100.0", 2: "33.3"}
    assert bakers_percentages({1: Fraction(3), 2: Fraction(1)}, []) == {1: None, 2: None}


@pytest.mark.parametrize(
    ("value", "text"),
    [(Fraction(1, 3), "1/3"), (Fraction(4, 3), "1 1/3"), (Fraction(3, 4), "0.75"), (Fraction(2), "2")],
)
def test_a_quantity_of_a_recipe_is_written_as_it_is_read(value: Fraction, text: str) -> None:
    """It is exact, and in decimals where they are enough."""
    assert format_quantity(value) == text
    assert parse_quantity(text) == value
