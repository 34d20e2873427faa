"""The real contents of a lot: nested ingredients by descending weight as used, and all their allergens.

A finished unit from another run is a compound ingredient with its own list. Two lots of one item are one ingredient.
Something made from an earlier lot of itself, such as a starter, contains what that lot contained.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from graphlib import TopologicalSorter
from typing import NotRequired, TypedDict

from bake_tracker.domain.label.allergens import Statement, in_order
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.units import MICRO

FINEST = 1 << 256
"""Shares are exact down to this fraction; without a limit, a starter fed daily would collect digits for ever."""


@dataclass(frozen=True, slots=True)
class Food:
    """An item on a label; ``declared`` is the ingredient list on file if it is bought."""

    item_id: int
    kind: str
    slug: str
    name: str
    base_unit: str
    g_per_ml: Fraction | None
    g_per_each: Fraction | None
    declared: str | None
    said: Statement | None

    def weight_g(self, quantity: Fraction) -> Fraction | None:
        """The weight in g of a quantity in base units; None if it is not known."""
        factors = {"g": Fraction(1), "ml": self.g_per_ml, "each": self.g_per_each}
        factor = factors.get(self.base_unit)
        return None if factor is None else quantity * factor


@dataclass(frozen=True, slots=True)
class MadeLot:
    """A lot at its full size, in millionths of its base unit, and how much of which lots went into it.

    ``heft`` is the weight of a volume or a piece of it, relative to its item's.
    """

    lot_id: int
    item_id: int
    product_id: int | None
    parent_lot_id: int | None
    quantity_micros: int
    drawn: tuple[tuple[int, int], ...]
    heft: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Ingredient:
    """An entry of an ingredient list: how much was used, in base units and in g, and what it was made of."""

    food: Food
    quantity: Fraction
    weight_g: Fraction | None
    said: Statement
    is_said: bool
    parts: tuple["Ingredient", ...]

    def all_below(self) -> Iterator["Ingredient"]:
        """This ingredient and everything in it, at any depth."""
        yield self
        for part in self.parts:
            yield from part.all_below()


class Gap(TypedDict):
    """A missing fact without which the label cannot be printed, and how to record it."""

    item_slug: str
    problem: str
    remedy: NotRequired[Remedy]


@dataclass(frozen=True, slots=True)
class Label:
    """The contents of an item: ``ingredients`` without packaging, allergens with it; ``gaps`` are missing facts.

    ``net_weight_g`` is the weight of one piece; None if the item is not counted or the weight is not known.
    """

    food: Food
    ingredients: tuple[Ingredient, ...]
    contains: tuple[str, ...]
    may_contain: tuple[str, ...]
    gaps: tuple[Gap, ...]
    is_ordered: bool
    net_weight_g: Fraction | None


@dataclass(slots=True)
class _Node:
    """How much of an item, from which packages, and what it was made of."""

    quantity: Fraction = Fraction(0)
    products: set[int | None] = field(default_factory=set)
    parts: "_Tree" = field(default_factory=dict)


_Tree = dict[int, _Node]


def label_of(
    food: Food,
    drawn: Iterable[tuple[int, int]],
    lots: Mapping[int, MadeLot],
    foods: Mapping[int, Food],
    of_products: Mapping[int, Statement],
    *,
    made_micros: int,
) -> Label:
    """The label of an item made from these amounts of these lots; without lots, the label of a bought item."""
    tree = _tree_of(food.item_id, drawn, lots)
    every = _ingredients(tree, foods, of_products)
    if not tree:
        every = (_ingredient(food, _Node(Fraction(made_micros, MICRO), {None}), foods, of_products),)
    own = food.said or Statement()
    all_said = [own, *(one.said for top in every for one in top.all_below())]
    contains = frozenset().union(*(said.contains for said in all_said))
    may_contain = frozenset().union(*(said.may_contain for said in all_said)) - contains
    shown = _without_packaging(every)
    unordered = tuple(_unordered(shown))
    gaps = {(gap["item_slug"], gap["problem"]): gap for gap in (*unordered, *_unknown(shown))}
    return Label(
        food,
        shown,
        tuple(in_order(contains)),
        tuple(in_order(may_contain)),
        tuple(gaps[key] for key in sorted(gaps)),
        not unordered,
        _net_weight_g(food, shown, Fraction(made_micros, MICRO)) if tree else food.g_per_each,
    )


def _net_weight_g(food: Food, ingredients: tuple[Ingredient, ...], made: Fraction) -> Fraction | None:
    """The weight of one piece: as recorded, or the sum of a box's contents.

    Baking loses weight, so the contents of baked goods do not add up to it.
    """
    if food.base_unit != "each" or food.g_per_each is not None:
        return food.g_per_each
    weights = [one.weight_g for one in ingredients]
    if food.kind != "finished_good" or not made or None in weights:
        return None
    return sum((weight for weight in weights if weight), Fraction(0)) / made


def label_of_lot(
    lot_id: int, lots: Mapping[int, MadeLot], foods: Mapping[int, Food], of_products: Mapping[int, Statement]
) -> Label:
    """The label of a lot; a lot split from another has the same contents."""
    lot = lots[lot_id]
    while lot.parent_lot_id is not None:
        lot = lots[lot.parent_lot_id]
    food = foods[lot.item_id]
    if food.base_unit == "each" and food.g_per_each is not None:
        food = replace(food, g_per_each=food.g_per_each * lot.heft)
    if lot.product_id is not None and lot.product_id in of_products:
        food = replace(food, said=_both(food.said or Statement(), of_products[lot.product_id]))
    return label_of(food, lot.drawn, lots, foods, of_products, made_micros=lot.quantity_micros)


# what lots are made of ------------------------------------------------------------------------------------------------


def _tree_of(item_id: int, drawn: Iterable[tuple[int, int]], lots: Mapping[int, MadeLot]) -> _Tree:
    order = TopologicalSorter({lot.lot_id: [source for source, _ in lot.drawn] for lot in lots.values()})
    made: dict[int, _Tree] = {}
    for lot_id in order.static_order():
        lot = lots[lot_id]
        if lot.parent_lot_id is not None:
            source = lots[lot.parent_lot_id]
            made[lot_id] = _shared(made[source.lot_id], Fraction(lot.quantity_micros, source.quantity_micros))
        else:
            made[lot_id] = _made_from(lot.item_id, lot.drawn, lots, made)
    return _made_from(item_id, drawn, lots, made)


def _made_from(
    item_id: int, drawn: Iterable[tuple[int, int]], lots: Mapping[int, MadeLot], made: Mapping[int, _Tree]
) -> _Tree:
    tree: _Tree = {}
    for source_id, micros in drawn:
        source = lots[source_id]
        node = tree.setdefault(source.item_id, _Node())
        node.quantity += Fraction(micros, MICRO) * source.heft
        node.products.add(source.product_id)
        _merge(node.parts, _shared(made[source_id], Fraction(micros, source.quantity_micros)))
    return _dissolved(tree, item_id)


def _dissolved(tree: _Tree, item_id: int) -> _Tree:
    """The tree with an earlier lot of the same item replaced by its contents."""
    found: _Tree = {}
    for key, node in tree.items():
        parts = _dissolved(node.parts, item_id)
        if key == item_id and parts:
            _merge(found, parts)
        else:
            _merge(found, {key: _Node(node.quantity, node.products, parts)})
    return found


def _shared(tree: _Tree, share: Fraction) -> _Tree:
    return {
        key: _Node(_bounded(node.quantity * share), set(node.products), _shared(node.parts, share))
        for key, node in tree.items()
    }


def _bounded(value: Fraction) -> Fraction:
    return value if value.denominator <= FINEST else Fraction(round(value * FINEST), FINEST)


def _merge(into: _Tree, other: _Tree) -> None:
    for key, node in other.items():
        mine = into.setdefault(key, _Node())
        mine.quantity += node.quantity
        mine.products |= node.products
        _merge(mine.parts, node.parts)


# from amounts to a list -----------------------------------------------------------------------------------------------


def _ingredients(
    tree: _Tree, foods: Mapping[int, Food], of_products: Mapping[int, Statement]
) -> tuple[Ingredient, ...]:
    found = [_ingredient(foods[key], node, foods, of_products) for key, node in tree.items()]
    return tuple(sorted(found, key=lambda one: (one.weight_g is None, -(one.weight_g or 0), one.food.slug)))


def _ingredient(food: Food, node: _Node, foods: Mapping[int, Food], of_products: Mapping[int, Statement]) -> Ingredient:
    packages = [of_products[key] for key in node.products if key is not None and key in of_products]
    said = food.said or Statement()
    for package in packages:
        said = _both(said, package)
    is_said = food.said is not None or node.products <= of_products.keys()
    parts = _ingredients(node.parts, foods, of_products)
    return Ingredient(food, node.quantity, food.weight_g(node.quantity), said, is_said, parts)


def _both(one: Statement, other: Statement) -> Statement:
    return Statement(one.contains | other.contains, one.may_contain | other.may_contain)


def _without_packaging(ingredients: Iterable[Ingredient]) -> tuple[Ingredient, ...]:
    return tuple(
        Ingredient(one.food, one.quantity, one.weight_g, one.said, one.is_said, _without_packaging(one.parts))
        for one in ingredients
        if one.food.kind != "material"
    )


def _unordered(ingredients: tuple[Ingredient, ...]) -> Iterator[Gap]:
    """Ingredients that cannot be ordered, because their weight is not known; a single ingredient needs no order."""
    for one in ingredients:
        if one.weight_g is None and len(ingredients) > 1:
            yield _unweighed(one.food)
        yield from _unordered(one.parts)


def _unweighed(food: Food) -> Gap:
    what = "its place in the list is unknown"
    if food.base_unit not in ("each", "ml"):
        return {"item_slug": food.slug, "problem": f"{what}: it is kept in {food.base_unit}, which has no weight"}
    remedy: Remedy = {
        "kind": "measure",
        "item_id": food.item_id,
        "item_slug": food.slug,
        "item_name": food.name,
        "missing": [
            {"measure": "piece", "unit": "each", "published": None}
            if food.base_unit == "each"
            else {"measure": "density", "unit": "cup", "published": None}
        ],
    }
    return {"item_slug": food.slug, "problem": f"{what}: its weight is not recorded", "remedy": remedy}


def _unknown(ingredients: tuple[Ingredient, ...]) -> Iterator[Gap]:
    """Bought items without recorded contents or allergens."""
    for top in ingredients:
        for one in top.all_below():
            if one.parts:
                continue
            food = one.food
            if not one.is_said:
                yield {
                    "item_slug": food.slug,
                    "problem": "its allergens are not recorded",
                    "remedy": {"kind": "state_allergens", "item_id": food.item_id, "item_slug": food.slug},
                }
            if food.kind != "ingredient" and food.declared is None:
                yield {
                    "item_slug": food.slug,
                    "problem": "it was not made here, and its ingredients are not on file",
                    "remedy": {"kind": "declare_ingredients", "item_id": food.item_id, "item_slug": food.slug},
                }
