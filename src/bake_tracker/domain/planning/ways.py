"""How what is wanted is made: the recipes and boxes that a plan needs, one way for each item."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from bake_tracker.domain.circles import circles
from bake_tracker.domain.errors import ServiceError, UnitConversionError
from bake_tracker.domain.planning.figures import Figure
from bake_tracker.domain.planning.making import BatchProduct, Making, Packing
from bake_tracker.domain.recipes.quantities import Recipe, per_batch
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.units import MICRO

PARTS = {"whole": 1, "half": 2, "quarter": 4}
"""The steps in which a recipe is made: into how many a batch may be divided."""


def id_of(known_as: Hashable) -> int:
    """The id of an item or recipe, which plans of this bakery know it by."""
    assert isinstance(known_as, int)
    return known_as


@dataclass(frozen=True, slots=True)
class MadeBy:
    """Everything that could be made: recipes, and the millionths of each part in one box, by the box's item.

    ``latest`` has the number of each recipe's latest run: of several recipes for an item, the one used last is chosen.
    ``good`` is the part of each recipe's output that is expected to be good. ``sizes`` is what one mix may be, in
    batches; a recipe without them is made in whole batches, as many as are needed.
    """

    recipes: Mapping[int, Recipe]
    boxes: Mapping[int, Mapping[int, int]]
    latest: Mapping[int, int]
    good: Mapping[int, Fraction]
    sizes: Mapping[int, Sequence[Figure]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoWay:
    """A recipe or box that is wanted and cannot be planned, and why."""

    name: str
    problem: str
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """The makings and packings for all that is wanted, in millionths, and what cannot be planned."""

    makings: tuple[Making, ...]
    packings: tuple[Packing, ...]
    problems: tuple[NoWay, ...]


def ways_to_make(wanted: Iterable[int], made_by: MadeBy) -> Ways:
    """How the wanted items and all that they are made of are made; what is left out is bought.

    An item that is made by several recipes is made by the one that was used last. What would be made from itself, and
    a recipe of which a measure is missing, is not planned but listed.
    """
    chosen = _recipe_by_item(made_by)
    makings: dict[int, Making] = {}
    packings: dict[int, Packing] = {}
    problems: dict[int, NoWay] = {}
    seen: set[int] = set()
    open_items = sorted(set(wanted), reverse=True)
    while open_items:
        item_id = open_items.pop()
        if item_id in seen:
            continue
        seen.add(item_id)
        taken: Iterable[int] = ()
        if parts := made_by.boxes.get(item_id):
            packings[item_id] = Packing(item_id, {part: Fraction(micros, MICRO) for part, micros in parts.items()})
            taken = parts
        elif (recipe_id := chosen.get(item_id)) is not None and recipe_id not in makings | problems:
            recipe = made_by.recipes[recipe_id]
            try:
                makings[recipe_id] = _making(recipe, chosen, made_by)
            except ServiceError as error:
                remedies = error.remedies if isinstance(error, UnitConversionError) else ()
                problems[recipe_id] = NoWay(recipe.name, str(error), tuple(remedies))
                continue
            taken = map(id_of, makings[recipe_id].takes)
        open_items += sorted(taken, reverse=True)
    circular = _leave_out_circles(makings, packings, made_by)
    return Ways(tuple(makings.values()), tuple(packings.values()), (*problems.values(), *circular))


def _recipe_by_item(made_by: MadeBy) -> dict[int, int]:
    chosen: dict[int, int] = {}
    for recipe_id in sorted(made_by.recipes, key=lambda one: (-made_by.latest.get(one, 0), one)):
        for item_id in made_by.recipes[recipe_id].makes:
            chosen.setdefault(item_id, recipe_id)
    return chosen


def _making(recipe: Recipe, chosen: Mapping[int, int], made_by: MadeBy) -> Making:
    products = [
        BatchProduct(item_id, micros, item.shelf_life_days, MICRO if item.base_unit == "each" else 1)
        for item_id, (item, micros) in recipe.makes.items()
        if chosen[item_id] == recipe.recipe_id
    ]
    takes: dict[Hashable, Figure] = {item_id: quantity * MICRO for item_id, quantity in per_batch(recipe).items()}
    return Making(
        recipe.recipe_id,
        products,
        takes,
        sizes=made_by.sizes.get(recipe.recipe_id, (1,)),
        together=bool(recipe.together),
        good=made_by.good.get(recipe.recipe_id, Fraction(1)),
    )


def _leave_out_circles(makings: dict[int, Making], packings: dict[int, Packing], made_by: MadeBy) -> list[NoWay]:
    """Take out recipes and boxes until nothing is made from itself."""
    problems: list[NoWay] = []
    while True:
        way_of = {one.item: f"recipe {number}" for number, way in makings.items() for one in way.products}
        way_of |= {item_id: f"box {item_id}" for item_id in packings}
        takes: dict[str, Iterable[Hashable]] = {f"recipe {number}": way.takes for number, way in makings.items()}
        takes |= {f"box {item_id}": box.parts for item_id, box in packings.items()}
        below = {name: [way_of[item] for item in items if item in way_of] for name, items in takes.items()}
        if (circle := next(circles(below), None)) is None:
            return problems
        kind, number = circle[0].split()
        left_out = makings.pop(int(number), None) if kind == "recipe" else packings.pop(int(number), None)
        assert left_out is not None
        name = made_by.recipes[int(number)].name if kind == "recipe" else f"item {number}"
        problems.append(NoWay(name, f"{name} is made from something that is made from it; plan it by hand"))
