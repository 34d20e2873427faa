"""Allergens: the lists of both laws, the names people type, and the statements for an item or a product."""

import pytest
from sqlalchemy import text

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import DependentsError, ProductNotFoundError, ValidationError
from bake_tracker.domain.label.allergens import ALLERGENS, NAMED, in_order, marked, read_allergens, us_names
from bake_tracker.services.catalog.allergens import AllergensResult, record_allergens
from bake_tracker.services.database import run_in_transaction, session_scope
from support.kitchen import Kitchen
from support.undoing import reverse


def state(kitchen: Kitchen, item: str, *contains: str, may: tuple[str, ...] = (), **more: int) -> AllergensResult:
    return run_in_transaction(lambda s: record_allergens(kitchen.ids[item], contains, may, session=s, **more))


def said(kitchen: Kitchen) -> list[tuple[str, str]]:
    return [tuple(row) for row in kitchen.rows("SELECT allergen, presence FROM item_allergen ORDER BY 2, 1")]


def test_there_are_fourteen_kinds_in_the_eu_and_nine_in_the_us() -> None:
    """Regulation 1169/2011, Annex II, and FALCPA with FASTER count them this way."""
    assert len({allergen.eu_group for allergen in ALLERGENS.values()} - {None}) == 14
    assert len({allergen.us_group for allergen in ALLERGENS.values()} - {None}) == 9


def test_coconut_is_not_an_allergen_and_a_pine_nut_is_one_in_the_us_only() -> None:
    """The FDA's list is of January 2025; the EU names its eight nuts one by one."""
    nuts = {key for key in NAMED if ALLERGENS[key].us_group == "tree nuts"}
    assert "coconut" not in ALLERGENS
    assert nuts - {key for key in NAMED if ALLERGENS[key].eu_group == "nuts"} == {"pine_nuts"}
    assert len(nuts) == 9  # the four kinds of walnut are one


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["Egg", "WHEAT", "milk"], ["wheat", "eggs", "milk"]),
        (["soy", "soya", "soybeans"], ["soya"]),
        (["Brazil nut", "macadamia"], ["brazil_nuts", "macadamias"]),
        (["crustacean shellfish", "sulfites", "kamut"], ["khorasan", "crustaceans", "sulphites"]),
    ],
)
def test_an_allergen_is_known_by_the_names_that_people_use(typed: list[str], expected: list[str]) -> None:
    """Each allergen is listed once, in the order that every list uses."""
    given = Arguments()
    assert read_allergens(given, "contains", typed) == expected
    assert given.problems == []


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("nuts", "nuts is a group; a label must say which: almonds"),
        ("gluten", "must say which: wheat, rye"),
        ("dairy", "is not an allergen"),
    ],
)
def test_a_contained_allergen_is_named_one_by_one(typed: str, complaint: str) -> None:
    """The refusal lists the names; under "may contain" a group is enough."""
    given = Arguments()
    read_allergens(given, "contains", [typed])
    assert complaint in given.problems[0]["problem"]
    assert read_allergens(Arguments(), "may_contain", ["tree nuts", "gluten"], also_unnamed=True) == ["gluten", "nuts"]


def test_an_allergen_is_marked_in_a_word_of_its_own() -> None:
    """Buttermilk is not marked for milk; the longest name wins."""
    assert marked("Buttermilk, egg white and Brazil nuts", ["milk", "eggs", "brazil_nuts"]) == [
        ("Buttermilk, ", False),
        ("egg", True),
        (" white and ", False),
        ("Brazil nuts", True),
    ]


def test_the_us_names_wheat_once() -> None:
    """Spelt and khorasan count as wheat there, and rye is not one of the nine."""
    assert us_names(in_order(["rye", "spelt", "wheat", "soya"])) == ["wheat", "soy"]


def test_an_allergen_statement_replaces_the_one_before(kitchen: Kitchen) -> None:
    """``was`` holds the earlier statement; no statement is not the same as none."""
    kitchen.ingredient("Chocolate")
    first = state(kitchen, "Chocolate", "milk", may=("nuts",))
    second = state(kitchen, "Chocolate")
    assert first["was"] is None
    assert second["was"] == {"contains": ["milk"], "may_contain": ["nuts"]}
    assert said(kitchen) == [("none", "contains")]


def test_a_statement_is_taken_back(kitchen: Kitchen) -> None:
    """Statements are undone latest first, until there is none."""
    kitchen.ingredient("Chocolate")
    first, second = state(kitchen, "Chocolate", "milk"), state(kitchen, "Chocolate", "milk", "soya")
    with pytest.raises(DependentsError, match="1 later operation"):
        reverse(first)
    reverse(second)
    assert said(kitchen) == [("milk", "contains")]
    reverse(first)
    assert said(kitchen) == []


def test_a_package_has_allergens_of_its_own(kitchen: Kitchen) -> None:
    """One brand of chocolate may contain nuts; the statement for the item itself does not change."""
    kitchen.ingredient("Chocolate")
    with session_scope() as session:
        session.execute(
            text("INSERT INTO product (identity, item_id, name, package_unit) VALUES ('x', :item, 'Bar', 'g')"),
            {"item": kitchen.ids["Chocolate"]},
        )
    done = state(kitchen, "Chocolate", may=("hazelnuts",), product_id=1)
    of_product = "SELECT allergen, presence FROM product_allergen"
    assert [tuple(row) for row in kitchen.rows(of_product)] == [("hazelnuts", "may_contain")]
    assert said(kitchen) == []
    reverse(done)
    assert kitchen.rows(of_product) == []
    with pytest.raises(ProductNotFoundError):
        state(kitchen, "Chocolate", product_id=99)


def test_an_allergen_is_stated_once(kitchen: Kitchen) -> None:
    """An allergen under "contains" cannot also be under "may contain"."""
    kitchen.ingredient("Chocolate")
    with pytest.raises(ValidationError, match="must not repeat milk from contains"):
        state(kitchen, "Chocolate", "milk", may=("milk",))
