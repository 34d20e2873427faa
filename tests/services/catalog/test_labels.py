"""The contents of a lot: heaviest first, compounds in brackets, allergens at any depth, and no guesses."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.label.allergens import NAMED, Statement, in_order, mentions
from bake_tracker.domain.label.contents import Food, Ingredient, Label, MadeLot, label_of_lot
from bake_tracker.domain.label.text import (
    difference_text,
    ingredient_list,
    is_different,
    label_differences,
    list_text,
    net_text,
    words_of,
)
from bake_tracker.domain.units import MICRO
from support.depth import rounds

NO = Statement()
NOTHING: Mapping[int, Statement] = {}


def food(
    item_id: int,
    name: str,
    *contains: str,
    kind: str = "ingredient",
    unit: str = "g",
    each: int | None = None,
    may: Iterable[str] = (),
    declared: str | None = None,
    said: bool = True,
) -> Food:
    statement = Statement(frozenset(contains), frozenset(may)) if said else None
    weight = None if each is None else Fraction(each)
    return Food(item_id, kind, name.lower().replace(" ", "-"), name, unit, None, weight, declared, statement)


def lot(lot_id: int, item_id: int, quantity: int, *drawn: tuple[int, int], **more: int | None) -> MadeLot:
    product, parent = more.get("product"), more.get("parent")
    micros = tuple((source, amount * MICRO) for source, amount in drawn)
    return MadeLot(lot_id, item_id, product, parent, quantity * MICRO, micros)


def label(lot_id: int, lots: list[MadeLot], foods: list[Food], of_products: Mapping[int, Statement] = NOTHING) -> Label:
    return label_of_lot(lot_id, {one.lot_id: one for one in lots}, {one.item_id: one for one in foods}, of_products)


FLOUR, BUTTER, SUGAR = food(1, "Flour", "wheat"), food(2, "Butter", "milk"), food(3, "Sugar")
DOUGH = food(4, "Dough", kind="finished_unit", said=False)
COOKIE = food(5, "Cookie", kind="finished_unit", unit="each", said=False)
BOX = food(6, "Box of cookies", kind="finished_good", unit="each", said=False)
CARTON = food(7, "Carton", kind="material", unit="each", said=False)
FOODS = [FLOUR, BUTTER, SUGAR, DOUGH, COOKIE, BOX, CARTON]
LOTS = [
    lot(1, 1, 10_000),
    lot(2, 2, 5_000),
    lot(3, 3, 5_000),
    lot(4, 4, 1_000, (1, 500), (2, 400), (3, 100)),
    lot(5, 5, 20, (4, 500), (3, 300)),
    lot(7, 7, 100),
    lot(6, 6, 2, (5, 12), (7, 2)),
]


def test_the_heaviest_comes_first_and_compounds_list_their_own() -> None:
    """Dough is half a kilogram of the cookies, and flour is most of it."""
    made = label(5, LOTS, FOODS)
    assert list_text(made) == "Dough (Flour (wheat), Butter (milk), Sugar), Sugar"
    assert made.contains == ("wheat", "milk")
    assert made.gaps == ()


def test_packaging_is_not_an_ingredient_and_a_single_ingredient_needs_no_weight() -> None:
    """The weight of a cookie is not recorded, and a box with only cookies needs no order."""
    made = label(6, LOTS, FOODS)
    assert list_text(made) == "Cookie (Dough (Flour (wheat), Butter (milk), Sugar), Sugar)"
    assert made.gaps == ()
    assert made.net_weight_g is None


def test_an_allergen_of_the_packaging_is_named_separately() -> None:
    """It is in the product that is sold, though it is in no ingredient list."""
    waxed = food(7, "Carton", "soya", kind="material", unit="each")
    made = label(6, LOTS, [*FOODS[:-1], waxed])
    words = words_of(made, "eu", lot_code="x", producer="Corner")
    assert made.contains == ("wheat", "soya", "milk")
    assert words.contains == "Contains: soya"


def test_ingredients_that_cannot_be_ordered_are_named_and_come_last() -> None:
    """Eggs are counted, and the weight of one is not recorded."""
    eggs = food(8, "Eggs", "eggs", unit="each")
    lots = [*LOTS, lot(8, 8, 30), lot(9, 5, 10, (8, 2), (3, 50), (1, 100))]
    made = label(9, lots, [*FOODS, eggs])
    assert list_text(made) == "Flour (wheat), Sugar, Eggs"
    assert [(gap["item_slug"], gap["problem"].partition(" (")[0]) for gap in made.gaps] == [
        ("eggs", "its place in the list is unknown: its weight is not recorded")
    ]
    weighed = label(9, lots, [*FOODS, food(8, "Eggs", "eggs", unit="each", each=60)])
    assert list_text(weighed) == "Eggs, Flour (wheat), Sugar"
    assert weighed.gaps == ()


def test_silence_is_not_none() -> None:
    """Every bought ingredient needs an allergen statement."""
    made = label(5, LOTS, [food(1, "Flour", said=False), *FOODS[1:]])
    assert [(gap["problem"], gap.get("remedy")) for gap in made.gaps] == [
        (
            "its allergens are not recorded",
            {"kind": "state_allergens", "item_id": 1, "item_slug": "flour"},
        )
    ]


def test_a_ready_made_purchase_needs_its_list_on_file() -> None:
    """The label then shows that list, and marks the allergens it names."""
    bought = food(4, "Dough", "wheat", "milk", kind="finished_unit")
    lots = [lot(3, 3, 5_000), lot(4, 4, 1_000), lot(5, 5, 20, (4, 500), (3, 300))]
    assert [gap["item_slug"] for gap in label(5, lots, [SUGAR, COOKIE, bought]).gaps] == ["dough"]
    declared = food(4, "Dough", "wheat", "milk", kind="finished_unit", declared="wheat flour, water, salt")
    made = label(5, lots, [SUGAR, COOKIE, declared])
    assert list_text(made) == "Dough (wheat flour, water, salt, milk), Sugar"
    assert [text for text, is_emphasised in ingredient_list(made) if is_emphasised] == ["wheat", "milk"]
    assert made.gaps == ()


def test_a_package_brings_its_own_allergens() -> None:
    """Lots of two brands, one of which may contain nuts, are one entry with the allergens of both."""
    lots = [lot(1, 1, 1_000, product=70), lot(2, 1, 1_000), lot(5, 5, 20, (1, 100), (2, 50))]
    made = label(5, lots, [FLOUR, COOKIE], {70: Statement(frozenset({"rye"}), frozenset({"nuts"}))})
    assert list_text(made) == "Flour (wheat, rye)"
    assert made.may_contain == ("nuts",)


def test_a_split_off_lot_has_the_contents_of_the_whole() -> None:
    """This holds for the part itself and for anything made of it."""
    lots = [*LOTS[:4], lot(14, 4, 250, (4, 250), parent=4), lot(5, 5, 20, (14, 200), (4, 300), (3, 300))]
    assert list_text(label(14, lots, FOODS)) == list_text(label(4, lots, FOODS))
    made = label(5, lots, FOODS)
    assert [(one.food.name, one.weight_g) for one in made.ingredients] == [("Dough", 500), ("Sugar", 300)]
    assert [part.weight_g for part in made.ingredients[0].parts] == [250, 200, 50]


def test_a_starter_that_is_fed_from_itself_is_made_of_what_it_was_fed() -> None:
    """After a year of daily feeding it has two ingredients, and the label takes no time."""
    levain, water = food(4, "Levain", kind="finished_unit", said=False), food(3, "Water")
    lots = [lot(1, 1, 10**6), lot(3, 3, 10**6), lot(10, 4, 100, (1, 50), (3, 50))]
    lots += [lot(day, 4, 103, (day - 1, 30), (1, 40), (3, 37)) for day in range(11, 376)]
    made = label(375, lots, [FLOUR, water, levain])
    assert list_text(made) == "Flour (wheat), Water"
    bread = label(400, [*lots, lot(400, 5, 1, (375, 20), (1, 100))], [FLOUR, water, levain, COOKIE])
    assert list_text(bread) == "Flour (wheat), Levain (Flour (wheat), Water)"


def test_the_wording_of_both_sides_of_the_atlantic() -> None:
    """The US uses a Contains line, the EU emphasis; each writes dates and weights in its own way."""
    sesame = food(8, "Tahini", "sesame", "mustard", may=("nuts",))
    made = label(9, [lot(1, 1, 900), lot(8, 8, 900), lot(9, 5, 1, (1, 10), (8, 5))], [FLOUR, sesame, COOKIE])
    eu = words_of(made, "eu", lot_code="c-1", producer="Corner", net=net_text(Fraction(1251, 10), "eu"))
    us = words_of(made, "us", lot_code="c-1", producer="Corner", net=net_text(Fraction(125), "us"))
    assert eu.lines() == [
        "Cookie",
        "Ingredients: Flour (wheat), Tahini (mustard, sesame).",
        "May contain: nuts",
        "125 g",
        "L c-1",
        "Corner",
    ]
    assert us.lines() == [
        "Cookie",
        "INGREDIENTS: Flour (wheat), Tahini (mustard, sesame).",
        "Contains: Wheat, Sesame",
        "May contain: tree nuts",
        "Net Wt 4.4 oz (125 g)",
        "Lot c-1",
        "Corner",
    ]
    assert [text for text, is_emphasised in eu.ingredients if is_emphasised] == ["wheat", "mustard", "sesame"]
    assert not any(is_emphasised for _, is_emphasised in us.ingredients)


@pytest.mark.parametrize(
    ("filed", "contains", "expected"),
    [
        ("dough (flour (wheat), butter (milk), sugar), sugar", ["wheat", "milk"], ""),
        ("Dough [Flour: wheat; Butter: milk; Sugar], Sugar.", ["wheat", "milk"], ""),
        ("Flour (wheat), dough (butter (milk), sugar), sugar", ["milk", "wheat"], "in a different order"),
        (
            "Dough (flour (wheat), sugar), sugar",
            ["wheat"],
            "not on the label: milk; not on the label: butter",
        ),
        (
            "Dough (flour (wheat), butter (milk), sugar), sugar, salt",
            ["wheat", "milk", "eggs"],
            "used: salt; allergens on the label but not used: eggs",
        ),
    ],
)
def test_a_list_is_compared_with_the_one_on_file(filed: str, contains: list[str], expected: str) -> None:
    """Names and their order count, case and punctuation do not; allergens count too."""
    found = label_differences(label(5, LOTS, FOODS), filed, contains, [])
    assert is_different(found) == bool(expected)
    assert expected in difference_text(found)


# any bakery -----------------------------------------------------------------------------------------------------------

KEYS = in_order(NAMED)


@st.composite
def bakeries(draw: st.DrawFn) -> tuple[list[MadeLot], list[Food]]:
    """Some bought lots, then lots made from any earlier ones, even of the same item."""
    allergens = st.sets(st.sampled_from(KEYS), max_size=2)
    foods = [
        food(number, f"Bought {number}", *draw(allergens), may=draw(allergens), said=draw(st.booleans()))
        for number in range(1, draw(st.integers(2, 5)) + 1)
    ]
    bought = len(foods)
    foods += [
        food(bought + number, f"Made {number}", *draw(allergens), kind="finished_unit")
        for number in range(1, draw(st.integers(1, 4)) + 1)
    ]
    lots = [lot(number, number, draw(st.integers(1, 10_000))) for number in range(1, bought + 1)]
    for lot_id in range(bought + 1, bought + draw(st.integers(2, 8)) + 1):
        item_id = draw(st.integers(bought + 1, len(foods)))
        sources = draw(st.sets(st.integers(1, lot_id - 1), min_size=1, max_size=4))
        drawn = [(source, draw(st.integers(1, 500))) for source in sorted(sources)]
        lots.append(lot(lot_id, item_id, draw(st.integers(1, 10_000)), *drawn))
    return lots, foods


def entries(ingredients: tuple[Ingredient, ...]) -> Iterator[tuple[Ingredient, ...]]:
    """Yield every list, the outermost first."""
    yield ingredients
    for one in ingredients:
        yield from entries(one.parts)


def reached(lot_id: int, lots: dict[int, MadeLot]) -> set[int]:
    """Return the items of a lot and of everything in it."""
    return {lots[lot_id].item_id}.union(*(reached(source, lots) for source, _ in lots[lot_id].drawn))


@settings(max_examples=rounds(25, 80), deadline=None, database=None, derandomize=True)
@given(bakeries())
def test_every_list_descends_and_every_allergen_is_named(bakery: tuple[list[MadeLot], list[Food]]) -> None:
    """At any depth, the allergens are those of every item in a lot that was used, and the text has them all."""
    lots, foods = bakery
    by_id, items = {one.lot_id: one for one in lots}, {one.item_id: one for one in foods}
    made = label(lots[-1].lot_id, lots, foods)
    for some in entries(made.ingredients):
        weights = [one.weight_g for one in some]
        assert weights == sorted(weights, key=lambda weight: -(weight or 0))
        assert len({one.food.item_id for one in some}) == len(some)
    within = [items[item_id].said or NO for item_id in reached(lots[-1].lot_id, by_id)]
    contains = frozenset().union(*(said.contains for said in within))
    assert set(made.contains) == contains
    assert set(made.may_contain) == frozenset().union(*(said.may_contain for said in within)) - contains
    text = list_text(made)
    own = (items[lots[-1].item_id].said or NO).contains
    assert all(mentions(text, key) for key in made.contains if key not in own)


@settings(max_examples=rounds(25, 80), deadline=None, database=None, derandomize=True)
@given(bakeries())
def test_the_parts_are_the_quantities_drawn(bakery: tuple[list[MadeLot], list[Food]]) -> None:
    """Together the lists have exactly the bought quantities that went into the lot, by any route."""
    lots, foods = bakery
    by_id = {one.lot_id: one for one in lots}
    last = lots[-1]
    share: dict[int, Fraction] = {last.lot_id: Fraction(1)}
    drawn: dict[int, Fraction] = {}
    for lot_id in range(last.lot_id, 0, -1):
        for source, micros in by_id[lot_id].drawn if lot_id in share else ():
            amount = share[lot_id] * micros
            share[source] = share.get(source, Fraction(0)) + amount / by_id[source].quantity_micros
            if not by_id[source].drawn:
                item_id = by_id[source].item_id
                drawn[item_id] = drawn.get(item_id, Fraction(0)) + amount / MICRO
    listed: dict[int, Fraction] = {}
    for top in label(last.lot_id, lots, foods).ingredients:
        for one in top.all_below():
            if not one.parts:
                listed[one.food.item_id] = listed.get(one.food.item_id, Fraction(0)) + one.quantity
    assert listed == drawn
