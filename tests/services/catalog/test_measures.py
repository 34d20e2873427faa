"""The weight of a cup or a piece is recorded with a source and a day, never guessed, and can be undone."""

import shlex
from datetime import date
from fractions import Fraction
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.errors import ConflictError, ItemNotFoundError, UnitConversionError, ValidationError
from bake_tracker.domain.recipes.common_measures import COMMON_MEASURES, published_measure
from bake_tracker.domain.recipes.quantities import Item, base_quantity
from bake_tracker.domain.remedies import Missing
from bake_tracker.domain.stock.conversions import BASE_UNIT_OF, Conversion, Known, convert
from bake_tracker.domain.units import BASE_UNITS, format_exact, parse_unit, to_base
from bake_tracker.entrypoints.cli.remedies import words
from bake_tracker.queries.catalog.measures import explain_conversion, load_measures
from bake_tracker.services.catalog.measures import record_density, record_piece_weight
from bake_tracker.services.database import read_scope, run_in_transaction
from support.kitchen import Kitchen
from support.tampering import named_after
from support.undoing import drift, reverse

UNITS = ("g", "kg", "lb", "ml", "cup", "tsp", "fl oz", "each", "dozen")
CUP = Fraction("236.5882365")
EGG = Item(1, "ingredient", "egg", "Egg", "g", Fraction(21, 20), None, Fraction(50))


def weigh_cup(kitchen: Kitchen, item: str, grams: int, **more: Any) -> dict[str, Any]:
    key = kitchen.ids[item]
    return dict(run_in_transaction(lambda s: record_density(key, 1, "cup", grams, "g", session=s, **more)))


def weigh_piece(kitchen: Kitchen, item: str, pieces: int, grams: int, **more: Any) -> dict[str, Any]:
    key = kitchen.ids[item]
    return dict(run_in_transaction(lambda s: record_piece_weight(key, pieces, grams, "g", session=s, **more)))


def weights(kitchen: Kitchen, item: str) -> tuple[Fraction | None, Fraction | None]:
    row = kitchen.rows("SELECT g_per_ml, g_per_each FROM item WHERE id = :key", key=kitchen.ids[item])[0]
    return tuple(None if value is None else Fraction(value) for value in row)  # type: ignore[return-value]


# Conversions --------------------------------------------------------------------------------------------------------


amounts = st.fractions(min_value=0, max_value=10**6, max_denominator=10**6)
ratios = st.fractions(min_value=Fraction(1, 100), max_value=2000, max_denominator=1000)


@given(amounts, st.sampled_from(UNITS), st.sampled_from(UNITS), ratios, ratios)
def test_a_conversion_there_and_back_is_exact_and_its_steps_multiply_to_it(
    quantity: Fraction, from_name: str, to_name: str, density: Fraction, piece: Fraction
) -> None:
    """This holds between mass, volume and pieces; each step begins where the one before it ended."""
    item = Item(1, "ingredient", "egg", "Egg", "g", density, None, piece)
    known: Any = {"density": Known(density, "our scale"), "piece": Known(piece, "our scale")}
    unit, to_unit = parse_unit(from_name), parse_unit(to_name)
    there = convert(item, quantity, unit, to_unit, known)
    back = convert(item, Fraction(there["exact"]), to_unit, unit, known)
    assert quantity == Fraction(back["exact"])
    product, at = Fraction(1), unit.name
    for step in there["steps"]:
        assert step["unit"] == at
        product, at = product * Fraction(step["factor"]), step["gives_unit"]
    assert (at, quantity * product) == (to_unit.name, Fraction(there["exact"]))
    base = to_base(quantity, unit, BASE_UNIT_OF[to_unit.dimension], density, piece)
    assert base == Fraction(there["exact"]) * to_unit.factor


@given(amounts, st.lists(st.sampled_from(UNITS), min_size=2, max_size=4), ratios, ratios)
def test_a_detour_over_other_units_changes_nothing(
    quantity: Fraction, names: list[str], density: Fraction, piece: Fraction
) -> None:
    """Cups to pieces to pounds gives the same as cups to pounds."""
    item = Item(1, "ingredient", "egg", "Egg", "g", density, None, piece)
    known: Any = {"density": Known(density, "our scale"), "piece": Known(piece, "our scale")}
    units = [parse_unit(name) for name in names]
    value = quantity
    for unit, to_unit in pairwise(units):
        value = Fraction(convert(item, value, unit, to_unit, known)["exact"])
    assert value == Fraction(convert(item, quantity, units[0], units[-1], known)["exact"])


@given(st.fractions(max_denominator=10**12))
def test_a_number_is_shown_whole_or_rounded_to_six_places(value: Fraction) -> None:
    """The number shown is off by at most half of the last place, and has no trailing zeros."""
    shown = format_exact(value)
    assert abs(Fraction(shown) - value) <= Fraction(1, 2_000_000)
    assert not (set(shown) & {"."} and shown.endswith("0"))
    assert Fraction(shown) == value or (value * 10**9).denominator != 1


@pytest.mark.parametrize(
    ("quantity", "unit", "base", "expected"),
    [(3, "each", "g", 150), (1, "dozen", "g", 600), (100, "g", "each", 2), (1, "cup", "each", CUP * 21 / 1000)],
)
def test_pieces_become_grams_and_grams_pieces(quantity: int, unit: str, base: str, expected: Fraction) -> None:
    """The weight of one piece converts them; cups go through the density."""
    item = Item(1, "ingredient", "egg", "Egg", base, EGG.g_per_ml, None, EGG.g_per_each)
    assert expected == base_quantity(item, Fraction(quantity), unit)


@pytest.mark.parametrize(
    ("unit", "base", "wanted"),
    [
        ("cup", "g", ['--volume "1 cup"']),
        ("g", "ml", ['--volume "1 cup"']),
        ("fl oz", "g", ['--volume "1 fl oz"']),
        ("each", "g", ["--piece 1"]),
        ("lb", "each", ["--piece 1"]),
        ("tsp", "each", ['--volume "1 tsp"', "--piece 1"]),
    ],
)
def test_a_missing_measure_is_named_with_the_command_that_records_it(unit: str, base: str, wanted: list[str]) -> None:
    """Each missing measure has one command, with a place for the weight and the source."""
    item = Item(1, "ingredient", "chia", "Chia", base)
    with pytest.raises(UnitConversionError) as refused:
        base_quantity(item, Fraction(1), unit)
    text = refused.value.in_words(words)
    assert text.count("bake measure chia") == len(wanted)
    for option in wanted:
        assert f'bake measure chia {option} --weighs "GRAMS g" --source "our scale"' in text


def test_a_length_weighs_nothing() -> None:
    """No measure could help, and the refusal asks for none."""
    with pytest.raises(UnitConversionError, match="kept in g; use a unit of that kind"):
        base_quantity(EGG, Fraction(1), "cm")


# Published figures --------------------------------------------------------------------------------------------------


def test_every_published_figure_has_a_source_and_can_be_taken_as_its_command_says() -> None:
    """The words of the command give exactly this figure; no two foods share a name."""
    called: list[str] = []
    for measure in COMMON_MEASURES:
        missing: Missing = {"measure": measure.kind, "unit": measure.unit, "published": measure.published}
        said = words({"kind": "measure", "item_slug": "x", "item_name": "X", "missing": [missing]})
        option = dict(zip(*[iter(shlex.split(said.partition("if yours is similar: ")[2])[3:])] * 2, strict=True))
        assert option["--source"] == measure.source != ""
        amount, unit = option["--volume"].split() if "--volume" in option else (option["--piece"], "each")
        weight, gram = option["--weighs"].split()
        base = "ml" if measure.kind == "density" else "each"
        per = Fraction(weight) / to_base(Fraction(amount), parse_unit(unit), base, None)
        assert (measure.value, "g") == (per, gram)
        assert measure.value == published_measure(measure.kind, measure.food).value  # type: ignore[union-attr]
        called += [measure.food, *measure.names]
    assert len(called) == len(set(called))


@pytest.mark.parametrize(
    ("name", "food"),
    [
        ("Flour", "all-purpose flour"),
        ("flour, bread", "bread flour"),
        ("Brown Sugar", "brown sugar, packed"),
        ("Confectioners' sugar", "powdered sugar, unsifted"),
        ("Rye flour", None),
        ("Almond flour", None),
        ("Coconut sugar", None),
        ("", None),
    ],
)
def test_a_figure_is_offered_for_the_same_name_and_not_for_a_similar_one(name: str, food: str | None) -> None:
    """Rye flour is not offered the figure for wheat flour."""
    found = published_measure("density", name)
    assert food == (found and found.food)


@pytest.mark.one_database
def test_a_published_figure_is_offered_and_not_used(kitchen: Kitchen) -> None:
    """The refusal offers the figure with its source; the recipe cannot be baked until somebody records it."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (4, "cup")}, {"Loaf": 1})
    kitchen.receive("Flour", 10, "kg", 20)
    with pytest.raises(UnitConversionError) as refused:
        kitchen.can_produce("Bread", 1)
    assert "125 g for 1 cup of all-purpose flour, 0.528344 g/ml (USDA FoodData Central" in refused.value.in_words(words)
    assert weights(kitchen, "Flour") == (None, None)


# Recording, and undoing ---------------------------------------------------------------------------------------------


def test_a_measure_is_kept_with_its_source_its_day_and_what_was_before(kitchen: Kitchen) -> None:
    """The latest measure of each kind is in force, and the list says so."""
    kitchen.ingredient("Egg", "g")
    first = weigh_cup(kitchen, "Egg", 243, source="our scale", measured_on=date(2026, 11, 2))
    second = weigh_cup(kitchen, "Egg", 250)
    piece = weigh_piece(kitchen, "Egg", 12, 606, source="our scale")
    assert (first["was"], second["was"], piece["was"]) == (None, str(Fraction(243) / CUP), None)
    assert weights(kitchen, "Egg") == (Fraction(250) / CUP, Fraction(101, 2))
    with read_scope() as session:
        rows = load_measures(session, kitchen.ids["Egg"])
    assert [(row["kind"], row["source"], row["state"]) for row in rows] == [
        ("density", "no source was given", "in force"),
        ("density", "our scale", "replaced"),
        ("piece", "our scale", "in force"),
    ]
    assert rows[1]["measured_on"] == "2026-11-02"
    assert drift() == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_undoing_measures_in_any_order_leaves_the_latest_that_stands(
    sqlite_url: str, order: tuple[int, int, int]
) -> None:
    """After the last one is undone, the weight from before any measure is back."""
    kitchen = Kitchen()
    kitchen.ingredient("Flour")
    before = Fraction(1, 2)
    run_in_transaction(lambda s: s.connection().exec_driver_sql("UPDATE item SET g_per_ml = '1/2'"))
    done = [weigh_cup(kitchen, "Flour", grams) for grams in (120, 125, 130)]
    standing = [120, 125, 130]
    for number in order:
        reverse(done[number])
        standing.remove((120, 125, 130)[number])
        assert weights(kitchen, "Flour")[0] == (Fraction(standing[-1]) / CUP if standing else before)
        assert drift() == []


@pytest.mark.one_database
def test_undoing_one_kind_leaves_the_other(kitchen: Kitchen) -> None:
    """A measure cannot be undone twice."""
    kitchen.ingredient("Egg", "each")
    weigh_cup(kitchen, "Egg", 243)
    piece = weigh_piece(kitchen, "Egg", 1, 50)
    reverse(piece)
    assert weights(kitchen, "Egg") == (Fraction(243) / CUP, None)
    with pytest.raises(ConflictError):
        reverse(piece)


def test_the_same_id_again_measures_once(sqlite_url: str) -> None:
    """The first answer comes back; another source is a conflict."""
    kitchen = Kitchen()
    kitchen.ingredient("Flour")
    key = "0190f3c5-7d3a-7c21-9a4e-2f8d0a1b2c3d"
    first = weigh_cup(kitchen, "Flour", 120, source="our scale", operation_id=key)
    assert first == weigh_cup(kitchen, "Flour", 120, source="our scale", operation_id=key)
    with pytest.raises(ConflictError):
        weigh_cup(kitchen, "Flour", 120, source="a book", operation_id=key)
    assert kitchen.rows("SELECT count(*) FROM item_measure")[0][0] == 1


@pytest.mark.parametrize(
    ("what", "statement"),
    {
        "item density": "UPDATE item SET g_per_ml = '1/3'",
        "item piece": "UPDATE item_measure SET value = '51' WHERE kind = 'piece'",
        "answer: g_per_each": "UPDATE item_measure SET value = '51' WHERE kind = 'piece'",
        "answer: source": "UPDATE item_measure SET source = 'a book'",
        "answer: g_per_ml": "UPDATE operation SET result = replace(result, 'g_per_ml', 'x')",
    }.items(),
)
def test_a_weight_that_its_measures_do_not_give_is_named(sqlite_url: str, what: str, statement: str) -> None:
    """A change made outside the program is found."""
    kitchen = Kitchen()
    kitchen.ingredient("Egg")
    weigh_cup(kitchen, "Egg", 243)
    weigh_piece(kitchen, "Egg", 1, 50)
    assert what in named_after(statement)


@pytest.mark.one_database
def test_a_recipe_in_pieces_draws_grams_and_one_in_grams_draws_pieces(kitchen: Kitchen) -> None:
    """The draws are exact; eggs bought by the dozen are used up."""
    for name, unit in (("Egg", "g"), ("Lemon", "each")):
        kitchen.ingredient(name, unit)
        weigh_piece(kitchen, name, 1, 50 if name == "Egg" else 60)
    kitchen.recipe("Curd", {"Egg": (4, "each"), "Lemon": (120, "g")}, {"Jar": 2})
    kitchen.receive("Egg", 1, "dozen", 3)
    kitchen.receive("Lemon", 6, "each", 3)
    assert kitchen.stock("Egg") == 600
    run = kitchen.produce("Curd", "Jar", 3, 6)
    assert [(used["quantity"], used["unit"]) for used in run["consumptions"]] == [("600", "g"), ("6", "each")]
    assert (kitchen.stock("Egg"), kitchen.stock("Lemon")) == (0, 0)


def test_a_recipe_without_pieces_keeps_the_hash_it_always_had(sqlite_url: str) -> None:
    """A snapshot has the weight of a piece only once it is recorded."""
    kitchen = Kitchen().simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    weigh_piece(kitchen, "Flour", 1, 1)
    kitchen.produce("Cookies", "Cookie", 1, 24)
    first, second = (row.content for row in kitchen.rows("SELECT content FROM recipe_snapshot ORDER BY sha256"))
    assert ("g_per_each" in first) != ("g_per_each" in second)


# Questions ----------------------------------------------------------------------------------------------------------


def asked(item_id: int | None, quantity: int, unit: str, to: str) -> Conversion:
    with read_scope() as session:
        return explain_conversion(session, item_id, Fraction(quantity), unit, parse_unit(to))


def test_a_conversion_names_the_source_the_day_and_the_operation_of_every_factor(kitchen: Kitchen) -> None:
    """A definition needs no source; a measured factor has one."""
    kitchen.ingredient("Flour")
    done = weigh_cup(kitchen, "Flour", 120, source="our scale", measured_on=date(2026, 11, 2))
    told = asked(kitchen.ids["Flour"], 2, "cup", "kg")
    assert (told["result"], told["exact"], told["is_rounded"]) == ("0.24", "6/25", False)
    assert [(step["source"], step["measured_on"]) for step in told["steps"]] == [
        ("definition", None),
        ("our scale", "2026-11-02"),
        ("definition", None),
    ]
    assert told["steps"][1]["operation_id"] == done["operation_id"]
    assert asked(None, 3, "tsp", "tbsp")["exact"] == "1"
    with pytest.raises(ValidationError, match="depends on the ingredient"):
        asked(None, 1, "cup", "g")
    with pytest.raises(UnitConversionError) as refused:
        asked(kitchen.ids["Flour"], 1, "cup", "each")
    assert "--piece 1" in refused.value.in_words(words)
    with pytest.raises(ItemNotFoundError):
        asked(999, 1, "cup", "g")


def test_measures_are_loaded_in_a_constant_number_of_statements(kitchen: Kitchen) -> None:
    """The list takes two statements and a conversion three, however many measures an item has."""
    kitchen.ingredient("Flour")
    counted = []
    for grams in (120, 121, 122, 123):
        weigh_cup(kitchen, "Flour", grams)
        with read_scope() as session:
            session.connection()
            before = statement_count()
            load_measures(session)
            explain_conversion(session, kitchen.ids["Flour"], Fraction(1), "cup", parse_unit("g"))
            counted.append(statement_count() - before)
    assert counted == [5] * 4


def test_every_base_unit_stands_for_its_dimension() -> None:
    """Each dimension has one base unit."""
    assert {BASE_UNIT_OF[dimension] for dimension in BASE_UNITS.values()} == set(BASE_UNITS)


def test_a_weight_is_not_of_a_day_to_come(kitchen: Kitchen) -> None:
    """A mistyped year is refused, for a volume and for a piece."""
    kitchen.ingredient("Flour")
    with pytest.raises(ValidationError, match=r"measured_on: must be today \(.*\) or earlier, not 2999-11-02"):
        weigh_cup(kitchen, "Flour", 120, measured_on=date(2999, 11, 2))
