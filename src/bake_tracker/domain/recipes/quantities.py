"""Calculate how much of every item a run needs, from a recipe and its sub-recipes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache

from bake_tracker.domain.errors import ConversionProblem, RecipeCycleError, UnitConversionError, ValidationError
from bake_tracker.domain.money import divide_half_even
from bake_tracker.domain.recipes.common_measures import published_measure
from bake_tracker.domain.remedies import Missing
from bake_tracker.domain.units import (
    BASE_UNITS,
    MAX_TOTAL_MICROS,
    MICRO,
    Dimension,
    MeasureKind,
    NeedsMeasureError,
    drawn_micros,
    parse_unit,
    to_base,
)

BATCH = "batch"
"""The unit of a sub-recipe that is counted."""
_BASE_OF = {dimension: base for base, dimension in BASE_UNITS.items()}


@dataclass(frozen=True, slots=True)
class Item:
    """An item in stock: an ingredient, material, finished unit or finished good."""

    item_id: int
    kind: str
    slug: str
    name: str
    base_unit: str
    g_per_ml: Fraction | None = None
    shelf_life_days: int | None = None
    g_per_each: Fraction | None = None


def weighed(item: Item, g_per_ml: Fraction | None, g_per_each: Fraction | None) -> Item:
    """The item with the weights of one of its lots; None for a weight that is the item's own."""
    if g_per_ml is None and g_per_each is None:
        return item
    return replace(item, g_per_ml=g_per_ml or item.g_per_ml, g_per_each=g_per_each or item.g_per_each)


@dataclass(frozen=True, slots=True)
class Mix:
    """A need for an item, partly stated in another kind of unit: the amount by dimension, in g, ml or pieces.

    How much of a lot meets it depends on what a volume or a piece of that lot weighs.
    """

    item: Item
    amounts: Mapping[Dimension, Fraction]

    def in_lot(self, g_per_ml: Fraction | None, g_per_each: Fraction | None) -> Fraction:
        """The whole need in base units, for a lot with these weights; None for a weight that is the item's own."""
        item = weighed(self.item, g_per_ml, g_per_each)
        return sum(
            (base_quantity(item, amount, _BASE_OF[dimension]) for dimension, amount in self.amounts.items()),
            Fraction(0),
        )


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """A line of a recipe: ``quantity`` of ``unit`` of an item or of a sub-recipe.

    A sub-recipe is counted in batches, or taken by weight or volume.
    """

    recipe_id: int
    quantity: Fraction
    unit: str
    item: Item | None = None
    sub_recipe_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """Labour and overhead for one batch or one run, in millionths of the currency."""

    labour_micros: int
    overhead_micros: int


Yields = dict[int, tuple[Item, int]]
"""Finished unit by item id, with how much of it one batch makes, in millionths of its base unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """A recipe with its lines, those of every sub-recipe below it, and its yields.

    ``rates`` are its own and those of its sub-recipes; ``made_by`` has the yields of each. ``together_by`` lists the
    products of each recipe whose products come out together, with the stated shares of the cost.
    """

    recipe_id: int
    slug: str
    name: str
    lines_by_recipe: Mapping[int, Sequence[RecipeLine]]
    names: Mapping[int, str]
    makes: Yields
    rates: Mapping[int, Rates] = field(default_factory=dict)
    made_by: Mapping[int, Yields] = field(default_factory=dict)
    together_by: Mapping[int, Mapping[int, Fraction | None]] = field(default_factory=dict)

    @property
    def together(self) -> Mapping[int, Fraction | None]:
        """The stated shares of the products if they come out together; empty for alternatives."""
        return self.together_by.get(self.recipe_id, {})


def batches_by_recipe(recipe: Recipe) -> dict[int, Fraction]:
    """How many batches of every sub-recipe one batch of this recipe takes, itself included.

    Raises:
        RecipeCycleError: a recipe contains itself; the error shows the path.
        UnitConversionError: a sub-recipe is taken by weight or volume, and that of a batch is not known.
    """
    totals: defaultdict[int, Fraction] = defaultdict(Fraction)
    order = topological_order(recipe.recipe_id, lambda id_: sub_recipe_ids(recipe, id_), recipe.names)
    sizes = measured(recipe, order)
    for recipe_id in order:
        if recipe_id == recipe.recipe_id:
            totals[recipe_id] = Fraction(1)
        for line in recipe.lines_by_recipe.get(recipe_id, ()):
            if line.sub_recipe_id is not None:
                totals[line.sub_recipe_id] += totals[recipe_id] * sizes.batches(line)
    return dict(totals)


def measured(recipe: Recipe, order: Sequence[int]) -> "BatchSizes":
    """The sizes of the recipes of ``order``, parents before children; not measured if all are counted in batches."""
    sizes = BatchSizes(recipe)
    lines = [line for recipe_id in order for line in recipe.lines_by_recipe.get(recipe_id, ()) if line.item is None]
    if any(line.unit != BATCH for line in lines):
        for recipe_id in reversed(order):
            sizes.measure(recipe_id)
    return sizes


class BatchSizes:
    """The weight and volume of one batch of each recipe, measured from the innermost sub-recipe outwards.

    The size is that of the products, if it is known and they agree; products that come out together are added. If their
    weight is not known, it is that of all ingredients together.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._sizes: dict[tuple[int, str], Fraction] = {}
        self._problems: dict[tuple[int, str], list[ConversionProblem]] = {}

    def measure(self, recipe_id: int) -> None:
        """Measure a batch of a recipe whose sub-recipes have been measured."""
        for base_unit in ("g", "ml"):
            if (made := self._made(recipe_id, base_unit)) is not None:
                self._sizes[recipe_id, base_unit] = made
        if (recipe_id, "g") in self._sizes:
            return
        weight, problems = Fraction(0), list[ConversionProblem]()
        for line in self._recipe.lines_by_recipe.get(recipe_id, ()):
            try:
                weight += self._weight(line)
            except UnitConversionError as error:
                problems += error.problems
        if weight and not problems:
            self._sizes[recipe_id, "g"] = weight
        else:
            self._problems[recipe_id, "g"] = problems

    def batches(self, line: RecipeLine) -> Fraction:
        """How many batches of its sub-recipe a line takes.

        Raises:
            UnitConversionError: the weight or volume of a batch is not known; lists what is missing.
        """
        if line.unit == BATCH:
            return line.quantity
        unit = parse_unit(line.unit)
        base_unit = "g" if unit.dimension == "mass" else "ml"
        return line.quantity * unit.factor / self._size(line.sub_recipe_id or 0, base_unit)

    def _size(self, recipe_id: int, base_unit: str) -> Fraction:
        key = recipe_id, base_unit
        if key not in self._sizes:
            raise UnitConversionError([self._unknown(recipe_id, base_unit), *self._problems.get(key, ())])
        return self._sizes[key]

    def _weight(self, line: RecipeLine) -> Fraction:
        if line.item is not None:
            return weight_of(line.item, line.quantity, line.unit)
        if line.unit != BATCH and (unit := parse_unit(line.unit)).dimension == "mass":
            return line.quantity * unit.factor
        return self.batches(line) * self._size(line.sub_recipe_id or 0, "g")

    def _made(self, recipe_id: int, base_unit: str) -> Fraction | None:
        known = list[Fraction]()
        makes = self._recipe.made_by.get(recipe_id, {})
        for item, micros in makes.values():
            with suppress(NeedsMeasureError):
                amount, unit = Fraction(micros, MICRO), parse_unit(item.base_unit)
                known.append(to_base(amount, unit, base_unit, item.g_per_ml, item.g_per_each))
        if self._recipe.together_by.get(recipe_id):
            return sum(known, Fraction(0)) if len(known) == len(makes) else None
        return known[0] if len(set(known)) == 1 else None

    def _unknown(self, recipe_id: int, base_unit: str) -> ConversionProblem:
        slug = self._recipe.names.get(recipe_id, str(recipe_id))
        what, why = "volume", "nothing that it makes has a known volume"
        if base_unit == "g":
            what, why = "weight", "neither its products nor all its ingredients have a known weight"
        problem = f"{slug}: the {what} of one batch is not known, as {why}; use a number of batches"
        return {"ingredient_slug": slug, "from_unit": base_unit, "to_unit": BATCH, "problem": problem}


def weight_of(item: Item, quantity: Fraction, unit: str) -> Fraction:
    """The weight in g of ``quantity`` of ``unit`` of an item, exactly.

    Raises:
        UnitConversionError: a measure is missing, or no measure would help.
    """
    try:
        return to_base(quantity, parse_unit(unit), "g", item.g_per_ml, item.g_per_each)
    except NeedsMeasureError as error:
        raise UnitConversionError([conversion_problem(item, error)]) from None


def sub_recipe_ids(recipe: Recipe, recipe_id: int) -> list[int]:
    """The direct sub-recipes of one recipe."""
    lines = recipe.lines_by_recipe.get(recipe_id, ())
    return [line.sub_recipe_id for line in lines if line.sub_recipe_id is not None]


def topological_order(
    root: int, children: Callable[[int], Iterable[int]], names: Mapping[int, str], field: str = "lines"
) -> list[int]:
    """Every node reachable from ``root``, parents before children; no recursion, so depth has no limit.

    Raises:
        RecipeCycleError: a node contains itself; the error shows the path and the argument ``field``.
    """
    finished: list[int] = []
    done: set[int] = set()
    path: list[int] = [root]
    on_path = {root}
    stack = [iter(children(root))]
    while stack:
        child = next(stack[-1], None)
        if child is None:
            stack.pop()
            node = path.pop()
            on_path.discard(node)
            done.add(node)
            finished.append(node)
        elif child in on_path:
            round_trip = [*path[path.index(child) :], child]
            raise RecipeCycleError(field, [names.get(node, str(node)) for node in round_trip])
        elif child not in done:
            path.append(child)
            on_path.add(child)
            stack.append(iter(children(child)))
    return finished[::-1]


def needs_of(recipe: Recipe, batches: Fraction) -> dict[int, int]:
    """What a run of ``batches`` takes: millionths of the base unit by item id, each rounded down once.

    Raises:
        UnitConversionError: lists every ingredient whose measure is missing.
        RecipeCycleError: a recipe contains itself.
    """
    needs = {item_id: drawn_micros(quantity, batches) for item_id, quantity in per_batch(recipe).items()}
    return countable(needs, "num_batches")


@lru_cache(256)
def per_batch(recipe: Recipe) -> Mapping[int, Fraction]:
    """What one batch takes of every item, exactly, in base units; cached for a recipe that stays the same.

    Lines of the same item in different units and sub-recipes are added as exact rationals.
    """
    totals: defaultdict[int, Fraction] = defaultdict(Fraction)
    problems: dict[tuple[str, str], ConversionProblem] = {}
    for recipe_id, count in batches_by_recipe(recipe).items():
        for line in recipe.lines_by_recipe.get(recipe_id, ()):
            if line.item is None:
                continue
            try:
                totals[line.item.item_id] += base_quantity(line.item, line.quantity, line.unit) * count
            except UnitConversionError as error:
                problems.setdefault((line.item.slug, line.unit), error.problems[0])
    if problems:
        raise UnitConversionError(problems.values())
    return dict(totals)


def mixes_of(recipe: Recipe, batches: Fraction) -> dict[int, Mix]:
    """What a run takes of items that a line measures in another kind of unit than they are kept in."""
    return {
        item_id: Mix(mix.item, {dimension: amount * batches for dimension, amount in mix.amounts.items()})
        for item_id, mix in _mixes_per_batch(recipe).items()
    }


@lru_cache(256)
def _mixes_per_batch(recipe: Recipe) -> Mapping[int, Mix]:
    amounts: defaultdict[int, defaultdict[Dimension, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    items: dict[int, Item] = {}
    for recipe_id, count in batches_by_recipe(recipe).items():
        for line in recipe.lines_by_recipe.get(recipe_id, ()):
            if line.item is not None:
                unit = parse_unit(line.unit)
                items[line.item.item_id] = line.item
                amounts[line.item.item_id][unit.dimension] += line.quantity * unit.factor * count
    return {
        item_id: Mix(items[item_id], dict(of_item))
        for item_id, of_item in amounts.items()
        if of_item.keys() != {BASE_UNITS[items[item_id].base_unit]}
    }


def countable(needs: Mapping[int, int], field: str) -> dict[int, int]:
    """The needs above 0.

    Raises:
        ValidationError: one is larger than the ledger can hold; ``field`` is the argument to reduce.
    """
    if any(micros > MAX_TOTAL_MICROS for micros in needs.values()):
        raise ValidationError.of(field, "needs more than the ledger can count; use a smaller number")
    return {item_id: micros for item_id, micros in needs.items() if micros}


def stated_quantity(item: Item, quantity: Fraction, unit: str) -> Fraction:
    """A quantity of stock in the item's base unit, to the nearest millionth if it is a decimal of a metric unit.

    0.30000000000000004 kg, a computer's sum of 0.1 and 0.2, is 300 g. A fraction or a conversion stays exact.

    Raises:
        UnitConversionError: the unit cannot be converted to the item's base unit without a measure.
    """
    exact = base_quantity(item, quantity, unit)
    known = parse_unit(unit)
    is_metric = known.dimension == BASE_UNITS[item.base_unit] and _is_power_of_ten(known.factor)
    if not is_metric or not _is_decimal(quantity):
        return exact
    return Fraction(divide_half_even(exact.numerator * MICRO, exact.denominator), MICRO)


def _is_decimal(number: Fraction) -> bool:
    return pow(10, number.denominator.bit_length(), number.denominator) == 0


def _is_power_of_ten(factor: Fraction) -> bool:
    least, most = sorted(factor.as_integer_ratio())
    return least == 1 and str(most).rstrip("0") == "1"


def base_quantity(item: Item, quantity: Fraction, unit: str) -> Fraction:
    """``quantity`` of ``unit`` in the item's base unit, exactly.

    Raises:
        UnitConversionError: a measure is missing, or no measure would help; the message says what to do.
    """
    try:
        return to_base(quantity, parse_unit(unit), item.base_unit, item.g_per_ml, item.g_per_each)
    except NeedsMeasureError as error:
        raise UnitConversionError([conversion_problem(item, error)]) from None


def conversion_problem(item: Item, error: NeedsMeasureError) -> ConversionProblem:
    """What is missing to convert a quantity of this item, and every measure that would supply it."""
    found: ConversionProblem = {
        "ingredient_slug": item.slug,
        "from_unit": error.from_unit,
        "to_unit": error.to_unit,
        "problem": f"{item.slug}: cannot convert {error.from_unit} to {error.to_unit}",
    }
    if not error.missing:
        found["problem"] += f"; {item.name} is kept in {item.base_unit}; use a unit of that kind"
        return found
    volume_unit = next((one for one in (error.from_unit, error.to_unit) if parse_unit(one).dimension == "volume"), "")
    found["remedy"] = {
        "kind": "measure",
        "item_id": item.item_id,
        "item_slug": item.slug,
        "item_name": item.name,
        "base_unit": item.base_unit,
        "missing": [_missing(item, kind, volume_unit) for kind in error.missing],
    }
    return found


def _missing(item: Item, kind: MeasureKind, volume_unit: str) -> Missing:
    unit = "cup" if volume_unit in ("", "ml") else volume_unit.replace("_", " ")
    known = published_measure(kind, item.name, item.slug)
    return {
        "measure": kind,
        "unit": unit if kind == "density" else "each",
        "published": known.published if known else None,
    }
