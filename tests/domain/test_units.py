"""Units convert exactly, and a cup is sixteen tablespoons in the ledger too."""

from decimal import Decimal, getcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.domain.errors import InsufficientInventoryError, UnitConversionError
from bake_tracker.domain.recipes.quantities import Item, base_quantity
from bake_tracker.domain.units import (
    BASE_UNITS,
    MAX_MICROS,
    MICRO,
    UnknownUnitError,
    drawn_micros,
    format_micros,
    parse_quantity,
    parse_unit,
    received_micros,
    to_base,
    unit_called,
)
from bake_tracker.entrypoints.cli.remedies import told
from support.kitchen import Kitchen

pytestmark = pytest.mark.one_database

SPELLINGS = {
    "g": "g", "grams": "g", "G": "g", "kg.": "kg", "Kilograms": "kg", "lbs": "lb", "pounds": "lb", "ozs": "oz",
    "Sticks": "stick", "ML": "ml", "L": "l", "litres": "l", "Tbsp.": "tbsp", "tablespoons": "tbsp", "tsp": "tsp",
    "CUPS": "cup", "fl oz": "fl_oz", "fl. oz.": "fl_oz", "fl-oz": "fl_oz", "Fluid Ounces": "fl_oz", "qt": "quart",
    "pinches": "pinch", "dashes": "dash", "ea": "each", "pieces": "each", "doz": "dozen", "dozens": "dozen",
    "linear_inches": "inch", "feet": "foot", "cm": "cm",
}  # fmt: skip
PARTS = {"tbsp": 16, "tsp": 48, "fl oz": 8, "third": 3}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_unit_has_one_name(spelling: str) -> None:
    """The same request with another spelling of its units is the same request."""
    assert SPELLINGS[spelling] == parse_unit(spelling).name


@pytest.mark.parametrize(
    "text", ["", " ", ".", "cupz", "kcup", "microgram", "g*g", "2 g", "g/ml", "\0", "C" * 200_000, "NaN"]
)
def test_an_unknown_unit_is_refused_with_those_that_are_known(text: str) -> None:
    """No prefix or expression is guessed."""
    with pytest.raises(UnknownUnitError) as refused:
        parse_unit(text)
    assert "tbsp" in str(refused.value)
    assert len(str(refused.value)) < 400
    assert unit_called(text) is None


def test_a_value_that_may_be_a_unit_is_looked_up() -> None:
    """Files have numbers, lists and nothing where a unit should be; none of these is one."""
    assert unit_called("Cups") == parse_unit("cup")
    assert [unit_called(value) for value in (None, 5, ["kg"], True)] == [None] * 4


@pytest.mark.parametrize(
    ("quantity", "unit", "base_unit", "expected"),
    [
        (1, "dozen", "each", Fraction(12)),
        (1, "lb", "g", Fraction("453.59237")),
        (4, "stick", "g", Fraction("453.59237")),
        (16, "oz", "g", Fraction("453.59237")),
        (1, "gallon", "ml", Fraction("3785.411784")),
        (16, "cup", "ml", Fraction("3785.411784")),
        (1, "yard", "cm", Fraction("91.44")),
    ],
)
def test_a_conversion_is_the_defined_exact_rational(
    quantity: int, unit: str, base_unit: str, expected: Fraction
) -> None:
    """The factors are the legal definitions, to the last digit."""
    assert expected == to_base(Fraction(quantity), parse_unit(unit), base_unit, None)


@given(
    st.fractions(min_value=0, max_value=10**6, max_denominator=10**6),
    st.sampled_from(sorted(set(SPELLINGS.values()))),
    st.fractions(min_value=Fraction(1, 100), max_value=20, max_denominator=1000),
)
def test_converting_there_and_back_changes_nothing(quantity: Fraction, unit_name: str, density: Fraction) -> None:
    """This also holds between mass and volume, through a recorded density."""
    unit = parse_unit(unit_name)
    for base_unit, dimension in BASE_UNITS.items():
        if {unit.dimension, dimension} <= {"mass", "volume"} or unit.dimension == dimension:
            there = to_base(quantity, unit, base_unit, density)
            own_base = next(base for base, known in BASE_UNITS.items() if known == unit.dimension)
            back = to_base(there, parse_unit(base_unit), own_base, density)
            assert quantity * unit.factor == back


@given(st.fractions(min_value=0, max_value=10**9), st.integers(1, 50))
def test_a_receipt_rounded_up_covers_its_parts_rounded_down(whole: Fraction, parts: int) -> None:
    """The parts of a whole are never short, and leave less than one millionth each."""
    received, drawn = received_micros(whole), drawn_micros(whole / parts)
    assert 0 <= received - parts * drawn <= parts


@given(st.integers(-MAX_MICROS, MAX_MICROS))
def test_millionths_are_shown_exactly(micros: int) -> None:
    """The text is the same number, even when the caller's decimal context has low precision."""
    precision, getcontext().prec = getcontext().prec, 3
    try:
        shown = format_micros(micros)
    finally:
        getcontext().prec = precision
    assert Fraction(micros, MICRO) == Fraction(shown)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", 2), ("0.5", Fraction(1, 2)), (".5", Fraction(1, 2)), ("1/3", Fraction(1, 3)), (" 1 1/2 ", Fraction(3, 2))],
)
def test_a_quantity_is_read_exactly(text: str, expected: Fraction) -> None:
    """Decimals, fractions and mixed numbers are read."""
    assert expected == parse_quantity(text)


@pytest.mark.parametrize("text", ["", "-1", "1e999999999", "nan", "inf", "1/0", "1 2", "1/2 1/2", "0x10", "9" * 5000])
def test_an_invalid_quantity_is_refused_at_once(text: str) -> None:
    """Nothing is guessed, and no text takes long to refuse."""
    with pytest.raises(ValueError, match="is not a quantity; write it like 2"):
        parse_quantity(text)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("item", "base_unit"), [("Milk", "ml"), ("Flour", "g")])
def test_its_parts_empty_one_cup(kitchen: Kitchen, item: str, base_unit: str, part: str) -> None:
    """Sixteen tablespoons, forty-eight teaspoons, eight fluid ounces or three thirds empty a cup, in ml or in g."""
    kitchen.ingredient(item, base_unit)
    kitchen.density(item, 1, "cup", 125, "g")
    line = (Fraction(1, 3), "cup") if part == "third" else (1, part)
    kitchen.recipe("Step", {item: line}, {"Done": 1})
    kitchen.receive(item, 1, "cup", 1)
    costs = [Decimal(kitchen.produce("Step", "Done", 1, 1)["total_ingredient_cost"]) for _ in range(PARTS[part])]
    assert Decimal(0) == kitchen.stock(item)
    assert Decimal(1) == sum(costs)
    assert not kitchen.can_produce("Step", 1)["can_produce"]


def test_a_dozen_is_twelve(kitchen: Kitchen) -> None:
    """Eggs bought by the dozen are used one by one."""
    kitchen.ingredient("Egg", "each")
    kitchen.recipe("Omelette", {"Egg": (1, "each")}, {"Plate": 1})
    kitchen.receive("Egg", 1, "dozen", 3)
    run = kitchen.produce("Omelette", "Plate", 12, 12)
    assert tuple(run["consumptions"][0][key] for key in ("quantity", "unit", "cost")) == ("12", "each", "3.00")


def test_three_tenths_of_a_kilo_are_exactly_three_batches(kitchen: Kitchen) -> None:
    """Floats would stop after two."""
    kitchen.ingredient("Butter")
    kitchen.recipe("Shortbread", {"Butter": (Decimal("0.1"), "kg")}, {"Bar": 1})
    kitchen.receive("Butter", Decimal("0.3"), "kg", 1)
    for _ in range(3):
        kitchen.produce("Shortbread", "Bar", 1, 1)
    assert Decimal(0) == kitchen.stock("Butter")
    with pytest.raises(InsufficientInventoryError):
        kitchen.produce("Shortbread", "Bar", 1, 1)


def test_every_ingredient_without_a_density_is_named_with_what_to_weigh(kitchen: Kitchen) -> None:
    """Check and recording list every missing density at once."""
    kitchen.ingredient("Flour")
    kitchen.ingredient("Honey", "ml")
    kitchen.ingredient("Egg", "each")
    kitchen.recipe("Cake", {"Flour": (1, "fl oz"), "Honey": (10, "g"), "Egg": (1, "cup")}, {"Slice": 8})
    for call in (lambda: kitchen.can_produce("Cake", 1), lambda: kitchen.produce("Cake", "Slice", 1, 8)):
        with pytest.raises(UnitConversionError) as refused:
            call()
        assert [(p["ingredient_slug"], p["from_unit"], p["to_unit"]) for p in refused.value.problems] == [
            ("flour", "fl_oz", "g"),
            ("honey", "g", "ml"),
            ("egg", "cup", "each"),
        ]
    text = told(refused.value)
    assert "weigh 1 fl oz of Flour" in text
    assert "weigh 1 cup of Honey" in text
    assert "weigh 1 cup of Egg" in text
    assert "weigh one Egg" in text


def test_the_remedy_can_be_typed_as_printed() -> None:
    """The program accepts the unit in the suggested command."""
    flour = Item(1, "ingredient", "flour", "Flour", "g")
    with pytest.raises(UnitConversionError) as refused:
        base_quantity(flour, Fraction(1), "fl oz")
    suggested = told(refused.value).partition('bake measure flour --volume "1 ')[2].partition('"')[0]
    assert parse_unit("fl oz") == parse_unit(suggested)
