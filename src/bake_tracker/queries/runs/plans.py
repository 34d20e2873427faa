"""What a run would use now: every item with its lots and cost, and every shortage.

Uses the same rule as recording, ``plan_draws`` over the same lots, but locks, writes and logs nothing.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.log.refusals import Short
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.quantities import Item, Mix, Recipe, countable, mixes_of, needs_of
from bake_tracker.domain.recipes.together import shares_of_cost
from bake_tracker.domain.stock.costing import split_cost, total_cost
from bake_tracker.domain.stock.doubts import questions_about
from bake_tracker.domain.stock.fifo import Allocation, plan_draws
from bake_tracker.domain.stock.outputs import OutputInput, divide, read_outputs, shares_of
from bake_tracker.domain.stock.shortages import all_draws, items_of
from bake_tracker.domain.units import MAX_MICROS, MICRO, drawn_micros, format_micros
from bake_tracker.queries.catalog.definitions import Good, load_recipe
from bake_tracker.queries.runs.corrections import load_run
from bake_tracker.queries.stock.open_lots import load_lots_to_draw


class LotDraw(TypedDict):
    """A planned draw from one lot."""

    lot_id: int
    lot_code: str
    quantity: str
    cost: str | None
    usable_until: str | None


class PlannedItem(TypedDict):
    """One item: the need, the shortage, and the lots it would come from."""

    item_id: int
    item_slug: str
    item_name: str
    unit: str
    needed: str
    available: str
    missing: str
    is_short: bool
    cost: str | None
    draws: list[LotDraw]


class PlannedProduct(TypedDict):
    """The planned product; ``each`` is the cost of one if nothing else is made.

    If the recipe makes its products together, ``each`` has only the product's share. It is None if the cost is unknown
    or something is short.
    """

    item_id: int
    name: str
    unit: str
    expected: str
    each: str | None


class RunPlan(TypedDict):
    """A run as it would be recorded now; the cost is None if a lot's is unknown or something is short."""

    is_possible: bool
    items: list[PlannedItem]
    shortages: list[Short]
    cost: str | None
    makes: list[PlannedProduct]


def load_production_plan(
    session: Session, recipe: Recipe, num_batches: object, scale_factor: object, today: date
) -> RunPlan:
    """What these batches would use today; one statement.

    Raises:
        ValidationError: an argument is not allowed, or the yield would be too small or too large.
        UnitConversionError: a unit of an ingredient cannot be converted.
    """
    given = Arguments()
    count = given.batches("num_batches", num_batches)
    scale = given.scale_factor("scale_factor", scale_factor)
    given.done()
    batches = count * Fraction(scale)
    makes = {
        item_id: (item, drawn_micros(Fraction(per_batch, MICRO) * batches))
        for item_id, (item, per_batch) in recipe.makes.items()
    }
    countable = [0 < micros <= MAX_MICROS for _, micros in makes.values()]
    if makes and not (all(countable) if recipe.together else any(countable)):
        raise ValidationError.of("scale_factor", "makes the plan too small or too large to record; use another factor")
    items = items_of(line.item for lines in recipe.lines_by_recipe.values() for line in lines)
    plan = _draw(session, needs_of(recipe, batches), today, mixes_of(recipe, batches))
    shares = shares_of_cost(recipe.makes, recipe.together) if recipe.together else {}
    return _told(plan, items, makes, "num_batches", shares)


def load_assembly_plan(session: Session, good: Good, quantity: object, today: date) -> RunPlan:
    """What this many finished goods would use today; one statement.

    Raises:
        ValidationError: the quantity is not allowed, or the good has no components yet.
    """
    given = Arguments()
    count = given.count("quantity", quantity)
    given.done()
    if not good.components:
        raise ValidationError.of("finished_good_id", f"{good.item.slug} has no components yet; add some first")
    needs = countable({part.item.item_id: part.quantity_micros * count for part in good.components}, "quantity")
    items = items_of(part.item for part in good.components)
    made = {good.item.item_id: (good.item, count * MICRO)}
    return _told(_draw(session, needs, today, {}), items, made, "quantity")


def load_plan_doubts(
    session: Session,
    recipe_id: int,
    num_batches: object,
    scale_factor: object,
    came_out: tuple[int, object],
    outputs: Sequence[OutputInput] | None = None,
) -> list[str]:
    """What to ask a person about yields that are far from their plan; nothing about what will be refused anyway.

    ``came_out`` is the first product and its yield.
    """
    given = Arguments()
    batches = given.batches("num_batches", num_batches) * Fraction(given.scale_factor("scale_factor", scale_factor))
    actual = [given.micros("actual_yield", came_out[1])]
    others = read_outputs(given, outputs, came_out[0])
    actual += [one.actual_micros for one in others]
    recipe = load_recipe(session, recipe_id)
    makes = [recipe.makes.get(item_id) for item_id in (came_out[0], *(one.finished_unit_id for one in others))]
    made = [(*found, micros) for found, micros in zip(makes, actual, strict=True) if found]
    if given.problems or None in makes:
        return []
    shares = [Fraction(1)] * len(made)
    with suppress(ValidationError):
        if others and not recipe.together:
            shares = shares_of([(micros, batch) for _, batch, micros in made], [one.share for one in others])
    return questions_about(
        [
            (drawn_micros(Fraction(batch, MICRO) * batches * share), micros, item.base_unit)
            for (item, batch, micros), share in zip(made, shares, strict=False)
        ]
    )


def load_correction_doubts(session: Session, operation_id: str, actual_yield: object) -> list[str]:
    """What to ask a person about a corrected yield that is far from the plan of its run."""
    given = Arguments()
    micros = given.micros("actual_yield", actual_yield)
    run = load_run(session, operation_id)
    if given.problems or run.outputs:  # with several products, the plan of each depends on all yields
        return []
    return questions_about([(run.expected_yield_micros, micros, "each")])


def _draw(session: Session, needs: Mapping[int, int], today: date, mixes: Mapping[int, Mix]) -> dict[int, Allocation]:
    return plan_draws(needs, load_lots_to_draw(session.connection(), needs, today), mixes)


def _told(
    plan: Mapping[int, Allocation],
    items: Mapping[int, Item],
    makes: Mapping[int, tuple[Item, int]],
    field: str,
    shares: Mapping[int, Fraction] = MappingProxyType({}),
) -> RunPlan:
    rows = [_item(items[item_id], allocation, field) for item_id, allocation in plan.items()]
    is_possible = not any(row["is_short"] for row in rows)
    cost = total_cost(all_draws(plan), field) if is_possible else None
    parts = dict.fromkeys(makes, cost)
    if shares and cost is not None:
        parts = dict(zip(makes, divide(cost, [shares[item_id] for item_id in makes]), strict=True))
    return {
        "is_possible": is_possible,
        "items": rows,
        "shortages": [_short(row) for row in rows if row["is_short"]],
        "cost": format_money(cost),
        "makes": [
            {
                "item_id": item_id,
                "name": item.name,
                "unit": item.base_unit,
                "expected": format_micros(micros),
                "each": format_money(split_cost(parts[item_id], micros, micros).per_unit_micros) if micros else None,
            }
            for item_id, (item, micros) in makes.items()
        ],
    }


def _item(item: Item, allocation: Allocation, field: str) -> PlannedItem:
    return {
        "item_id": item.item_id,
        "item_slug": item.slug,
        "item_name": item.name,
        "unit": item.base_unit,
        "needed": format_micros(allocation.needed_micros),
        "available": format_micros(allocation.available_micros),
        "missing": format_micros(max(allocation.needed_micros - allocation.available_micros, 0)),
        "is_short": allocation.is_short,
        "cost": None if allocation.is_short else format_money(total_cost(allocation.draws, field)),
        "draws": [
            {
                "lot_id": draw.lot.lot_id,
                "lot_code": draw.lot.code,
                "quantity": format_micros(draw.quantity_micros),
                "cost": format_money(draw.cost_micros),
                "usable_until": draw.lot.expires_on.isoformat() if draw.lot.expires_on else None,
            }
            for draw in allocation.draws
        ],
    }


def _short(row: PlannedItem) -> Short:
    return {
        "item_slug": row["item_slug"],
        "needed": row["needed"],
        "available": row["available"],
        "missing": row["missing"],
        "unit": row["unit"],
    }
