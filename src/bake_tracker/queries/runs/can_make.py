"""What the stock allows: every recipe and finished good, and what prevents one more."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, Literal, TypedDict

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ServiceError, UnitConversionError
from bake_tracker.domain.recipes.quantities import Item, Recipe, mixes_of, per_batch, sub_recipe_ids, topological_order
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.stock.possible import most_times, short_of
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.models import tables
from bake_tracker.queries.catalog.definitions import Good
from bake_tracker.queries.catalog.whole import load_all_goods, load_all_recipes


class Maker(TypedDict):
    """A recipe for a missing item, and how many batches the stock allows."""

    recipe_slug: str
    batches: int


class Stopper(TypedDict):
    """An item that prevents one more: the need including that one, and the stock.

    ``unusable`` is on hand too, but expired or on hold.
    """

    item_slug: str
    unit: str
    needed: str
    usable: str
    unusable: str
    made_by: list[Maker]


class Possible(TypedDict):
    """A recipe or finished good, and how many the usable stock allows; None if that cannot be calculated."""

    what: Literal["recipe", "box"]
    slug: str
    name: str
    makes: list[str]
    sub_recipes: list[str]
    count: int | None
    problem: str | None
    remedies: list[Remedy]
    stopped_by: list[Stopper]


@dataclass(slots=True)
class Making:
    """Something to make: its exact needs per piece or batch, and how many the stock allows.

    ``usable`` is the stock as it meets these needs: pieces that weigh less than the item does count as fewer.
    """

    what: Literal["recipe", "box"]
    slug: str
    name: str
    makes: list[str] = field(default_factory=list)
    sub_recipes: list[str] = field(default_factory=list)
    per_one: Mapping[int, Fraction] = field(default_factory=dict)
    usable: Mapping[int, int] = field(default_factory=dict)
    count: int | None = None
    problem: str | None = None
    remedies: list[Remedy] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Larder:
    """Everything that can be made, and the stock: item id -> usable and unusable millionths."""

    makings: Sequence[Making]
    items: Mapping[int, Item]
    usable: Mapping[int, int]
    unusable: Mapping[int, int]
    makers: Mapping[int, Sequence[Making]]


def load_can_make(session: Session, today: date) -> list[Possible]:
    """Every recipe and finished good, each as if it were the only one made; six statements.

    A sub-recipe counts by its ingredients, as in a production. An item counts by its stock, even if it is made here.
    """
    return possible(load_larder(session, today))


def possible(larder: Larder) -> list[Possible]:
    """Everything the stock allows."""
    return [
        {
            "what": making.what,
            "slug": making.slug,
            "name": making.name,
            "makes": making.makes,
            "sub_recipes": making.sub_recipes,
            "count": making.count,
            "problem": making.problem,
            "remedies": making.remedies,
            "stopped_by": _stopped_by(making, larder),
        }
        for making in larder.makings
    ]


def load_larder(session: Session, today: date) -> Larder:
    """Load everything that can be made, and the stock; six statements."""
    recipes, goods = load_all_recipes(session), load_all_goods(session)
    stock = _load_stock(session, today)
    usable, unusable = (stock.sums(may_be_used=which) for which in (True, False))
    items = {part.item.item_id: part.item for good in goods for part in good.components}
    for recipe in recipes[:1]:  # each has the lines of all recipes
        items |= {
            line.item.item_id: line.item for lines in recipe.lines_by_recipe.values() for line in lines if line.item
        }
    makings: list[Making] = []
    makers: defaultdict[int, list[Making]] = defaultdict(list)
    for recipe in recipes:
        makings.append(_of_recipe(recipe, stock, usable))
        for item_id in recipe.makes:
            makers[item_id].append(makings[-1])
    makings += [_of_good(good, usable) for good in goods]
    return Larder(makings, items, usable, unusable, makers)


def _of_recipe(recipe: Recipe, stock: "_Stock", usable: Mapping[int, int]) -> Making:
    makes = [f"{format_micros(micros)} {item.base_unit} {item.slug}" for item, micros in recipe.makes.values()]
    making = Making("recipe", recipe.slug, recipe.name, makes)
    try:
        below = topological_order(recipe.recipe_id, lambda one: sub_recipe_ids(recipe, one), recipe.names)
        making.sub_recipes = sorted(recipe.names[recipe_id] for recipe_id in below[1:])
        making.per_one = per_batch(recipe)
    except ServiceError as error:
        making.problem = str(error)
        making.remedies = error.remedies if isinstance(error, UnitConversionError) else []
        return making
    by_weight = stock.by_weight(recipe)
    return _counted(making, {**usable, **by_weight} if by_weight else usable, "it has no ingredients yet")


def _of_good(good: Good, usable: Mapping[int, int]) -> Making:
    making = Making("box", good.item.slug, good.item.name, [f"1 {good.item.base_unit} {good.item.slug}"])
    making.per_one = {part.item.item_id: Fraction(part.quantity_micros, MICRO) for part in good.components}
    return _counted(making, usable, "it has no components yet")


def _counted(making: Making, usable: Mapping[int, int], when_empty: str) -> Making:
    making.usable = usable
    if making.per_one:
        making.count = most_times(making.per_one, usable)
    else:
        making.problem = when_empty
    return making


def _stopped_by(making: Making, larder: Larder) -> list[Stopper]:
    if making.count is None:
        return []
    short = short_of(making.per_one, making.usable, making.count + 1)
    stoppers: list[Stopper] = [
        {
            "item_slug": larder.items[item_id].slug,
            "unit": larder.items[item_id].base_unit,
            "needed": format_micros(needed),
            "usable": format_micros(making.usable.get(item_id, 0)),
            "unusable": format_micros(larder.unusable.get(item_id, 0)),
            "made_by": [
                {"recipe_slug": maker.slug, "batches": maker.count}
                for maker in larder.makers.get(item_id, ())
                if maker.count and maker is not making
            ],
        }
        for item_id, needed in short.items()
    ]
    return sorted(stoppers, key=lambda one: one["item_slug"])


@dataclass(frozen=True, slots=True)
class _Stock:
    """What is on hand, by item and by what a volume or a piece of it weighs."""

    rows: Sequence[Any]

    def sums(self, *, may_be_used: bool) -> dict[int, int]:
        """By item, the millionths that may be used today, or those expired or on hold."""
        sums: defaultdict[int, int] = defaultdict(int)
        for row in self.rows:
            sums[row.item_id] += int(row.usable if may_be_used else row.unusable)
        return dict(sums)

    def by_weight(self, recipe: Recipe) -> dict[int, int]:
        """What may be used of items whose lots weigh differently, as it meets the needs of this recipe."""
        weighed = {row.item_id for row in self.rows if row.g_per_ml is not None or row.g_per_each is not None}
        found: dict[int, int] = {}
        for item_id, mix in mixes_of(recipe, Fraction(1)).items() if weighed else ():
            if item_id in weighed:
                whole = mix.in_lot(None, None)
                found[item_id] = sum(
                    int(int(row.usable) * whole / mix.in_lot(row.g_per_ml, row.g_per_each))
                    for row in self.rows
                    if row.item_id == item_id
                )
        return found


def _load_stock(session: Session, today: date) -> _Stock:
    """What may be used today, and what is expired or on hold; one statement."""
    may_be_used = and_(
        tables.lot.c.on_hold.is_(False), or_(tables.lot.c.usable_until.is_(None), tables.lot.c.usable_until >= today)
    )
    alike = (tables.lot.c.item_id, tables.lot.c.g_per_ml, tables.lot.c.g_per_each)
    rows = session.execute(
        select(
            *alike,
            func.sum(case((may_be_used, tables.lot.c.remaining_micros), else_=0)).label("usable"),
            func.sum(case((may_be_used, 0), else_=tables.lot.c.remaining_micros)).label("unusable"),
        )
        .where(tables.lot.c.remaining_micros > 0)
        .group_by(*alike)
    )
    return _Stock(rows.all())
