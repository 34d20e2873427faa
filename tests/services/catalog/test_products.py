"""Two bags hold what is in two bags: the size of a package belongs to a product and is never guessed."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.domain.errors import ConflictError, ProductNotFoundError, UnitConversionError, ValidationError
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.stock.conversions import convert_packages
from bake_tracker.domain.stock.products import Package, is_gtin, unpack
from bake_tracker.domain.units import parse_unit
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.services.catalog.products import record_product
from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.stock.delivery import record_delivery
from support.kitchen import Kitchen
from support.undoing import drift, reverse

BAG = Package(3, 1, "Old Mill", "Type 550", "bag", Fraction(25), "kg")
FLOUR = Item(1, "ingredient", "flour", "Flour", "g")


def add_product(kitchen: Kitchen, item: str, name: str, quantity: Any, unit: str, **more: Any) -> int:
    key = kitchen.ids[item]
    added = run_in_transaction(lambda s: record_product(key, name, quantity, unit, session=s, **more))
    return added["product_id"]


@given(
    st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=1000),
    st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=1000),
    st.sampled_from(("g", "kg", "lb", "oz")),
    st.sampled_from(("g", "kg", "lb", "oz")),
)
def test_packages_contain_exactly_their_number_times_their_size(
    count: Fraction, size: Fraction, unit: str, to_unit: str
) -> None:
    """The steps of the explanation multiply to the result."""
    package = Package(3, 1, None, "Flour", "bag", size, unit)
    told = convert_packages(FLOUR, package, count, "bags", parse_unit(to_unit), {})
    assert Fraction(told["exact"]) == count * size * parse_unit(unit).factor / parse_unit(to_unit).factor
    product = count
    for step in told["steps"]:
        product *= Fraction(step["factor"])
    assert product == Fraction(told["exact"])


@pytest.mark.parametrize("word", ["bag", "Bags", "package", "packs", " BAG "])
def test_a_package_goes_by_its_type_or_by_package(word: str) -> None:
    """Singular and plural work, in any case."""
    assert unpack(BAG, Fraction(2), word) == (50, "kg")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4006381333931", True), ("036000291452", True), ("96385074", True), ("4006381333932", False), ("123", False),
     ("40063813339３1", False), ("", False)],
)  # fmt: skip
def test_a_bar_code_has_its_length_and_its_check_digit(text: str, expected: bool) -> None:
    """The check digit finds one mistyped digit."""
    assert is_gtin(text) is expected


def test_boxes_are_a_box() -> None:
    """Plurals in -es work too."""
    box = Package(3, 1, None, "Butter", "box", Fraction(10), "kg")
    assert unpack(box, Fraction(1), "boxes") == (10, "kg")


def test_another_package_type_and_a_package_without_a_size_are_refused() -> None:
    """The refusal names the product's own package type, or says how to record the size."""
    with pytest.raises(ValidationError, match="neither a unit nor a package of"):
        unpack(BAG, Fraction(2), "sack")
    with pytest.raises(ValidationError, match="give the quantity in a unit") as refused:
        unpack(Package(3, 1, None, "Flour", "bag", None, "kg"), Fraction(2), "bag")
    assert "or add the product with its size: bake product add" in told(refused.value)


def test_receiving_two_bags_adds_their_contents(kitchen: Kitchen) -> None:
    """The lot has the item's unit and its product; after the undo it is gone."""
    kitchen.ingredient("Flour")
    bag = add_product(kitchen, "Flour", "Type 550", 25, "kg", package_type="bag", brand="Old Mill")
    lot = kitchen.receive("Flour", 2, "bags", Decimal("63.00"), product_id=bag)
    assert (lot["quantity"], lot["unit"], lot["unit_cost"]) == ("50000", "g", "0.00126")
    assert kitchen.rows("SELECT product_id FROM lot")[0][0] == bag
    assert kitchen.receive("Flour", 500, "g", product_id=bag)["quantity"] == "500"
    with pytest.raises(ValidationError, match="not a unit"):
        kitchen.receive("Flour", 2, "bags")
    with pytest.raises(ProductNotFoundError):
        kitchen.receive("Flour", 2, "bags", product_id=99)
    reverse(lot)
    assert (kitchen.stock("Flour"), drift()) == (500, [])


@pytest.mark.one_database
def test_a_package_in_cups_needs_the_items_density(kitchen: Kitchen) -> None:
    """The tin is refused until the weight of a cup is recorded."""
    kitchen.ingredient("Molasses")
    with pytest.raises(UnitConversionError):
        add_product(kitchen, "Molasses", "Tin", 2, "cup", package_type="tin")
    kitchen.density("Molasses", 1, "cup", 337, "g")
    tin = add_product(kitchen, "Molasses", "Tin", 2, "cup", package_type="tin")
    assert kitchen.receive("Molasses", 3, "tin", product_id=tin)["quantity"] == "2022"


@pytest.mark.one_database
def test_a_delivery_takes_packages_and_names_every_line_of_another_package(kitchen: Kitchen) -> None:
    """All lines are received, or none."""
    kitchen.ingredient("Flour")
    bag = add_product(kitchen, "Flour", "Type 550", 25, "kg", package_type="bag")
    mill = run_in_transaction(lambda s: record_supplier("Mill", session=s))
    line = {"item_id": kitchen.ids["Flour"], "quantity": 2, "product_id": bag}
    more: dict[str, Any] = {"supplier_id": mill["supplier_id"]}
    with pytest.raises(ValidationError) as refused:
        run_in_transaction(
            lambda s: record_delivery(
                [{**line, "unit": "bag"}, {**line, "unit": "sack"}, {**line, "unit": "tin"}], session=s, **more
            )
        )
    assert [problem["field"] for problem in refused.value.problems] == ["lines[1].unit", "lines[2].unit"]
    done = run_in_transaction(lambda s: record_delivery([{**line, "unit": "bag"}], session=s, **more))
    assert done["lots"][0]["quantity"] == "50000"


def test_the_same_product_is_added_once_and_a_package_is_not_a_unit(kitchen: Kitchen) -> None:
    """Another size is another product; after a mistake is undone, the product can be added again."""
    kitchen.ingredient("Flour")
    add_product(kitchen, "Flour", "Type 550", 25, "kg")
    with pytest.raises(ConflictError):
        add_product(kitchen, "Flour", "Type 550", 25, "kg")
    add_product(kitchen, "Flour", "Type 550", 5, "kg")
    with pytest.raises(ValidationError, match="cup is a unit"):
        add_product(kitchen, "Flour", "Type 550", 5, "kg", package_type="cup")
    (key,) = kitchen.rows("SELECT id FROM operation WHERE name = 'record_product' ORDER BY id")[0]
    reverse(str(key))
    assert kitchen.rows("SELECT package_quantity FROM product") == [("5",)]
    add_product(kitchen, "Flour", "Type 550", 25, "kg")
