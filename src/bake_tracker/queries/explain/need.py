"""What a batch or a finished good would use today, from which lots, at what cost, and what prevents it."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, NotRequired, TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ServiceError, UnitConversionError
from bake_tracker.domain.money import format_money
from bake_tracker.domain.recipes.quantities import Mix, mixes_of, needs_of
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.stock.costing import split_cost, total_cost
from bake_tracker.domain.stock.fifo import Allocation, OpenLot, plan_draws
from bake_tracker.domain.stock.shortages import all_draws
from bake_tracker.domain.units import MICRO, format_micros, parse_quantity
from bake_tracker.queries.catalog.definitions import load_good, load_recipe, load_yields
from bake_tracker.queries.explain.origins import why
from bake_tracker.queries.explain.passed_over import PassedOver
from bake_tracker.queries.explain.shelf import Shelf, load_shelves


class PlannedDraw(TypedDict):
    """A planned draw from one lot."""

    lot_code: str
    quantity: str
    cost: str | None
    why: str


class ShortItem(TypedDict):
    """A needed item: the usable and the missing quantity, and the lots passed over."""

    item_slug: str
    unit: str
    needed: str
    usable: str
    missing: str
    passed_over: list[PassedOver]


class NeededItem(ShortItem):
    """An item of a batch or finished good, and the lots it would come from."""

    draws: list[PlannedDraw]


class ExplainedNeed(TypedDict):
    """One batch of a recipe or one finished good; ``enough_for`` is how many of them the usable stock allows."""

    what: str
    slug: str
    makes: list[str]
    possible: bool
    enough_for: int
    problem: str | None
    remedies: NotRequired[list[Remedy]]
    cost: str | None
    unit_cost: str | None
    lacks_price: list[str]
    items: list[NeededItem]


def explain_batch(session: Session, recipe_id: int, today: date) -> ExplainedNeed:
    """What one batch would use today; at most six statements."""
    recipe = load_recipe(session, recipe_id)
    made = load_yields(session, recipe_id)
    makes = [f"{format_micros(micros)} {item.base_unit} {item.slug}" for item, micros in made.values()]
    remedies: list[Remedy] = []
    mixes: dict[int, Mix] = {}
    try:
        needs, mixes = needs_of(recipe, Fraction(1)), mixes_of(recipe, Fraction(1))
        problem = None if needs else "it has no ingredients yet"
    except ServiceError as error:
        needs, problem = {}, str(error)
        remedies = error.remedies if isinstance(error, UnitConversionError) else []
    amounts = [micros for _, micros in made.values()]
    need = _explain_need(
        session, "batch", recipe.slug, makes, amounts[0] if len(amounts) == 1 else 0, needs, problem, today, mixes
    )
    return {**need, "remedies": remedies} if remedies else need


def explain_box(session: Session, good_id: int, today: date) -> ExplainedNeed:
    """What one finished good would use today; at most three statements."""
    good = load_good(session, good_id)
    needs = {part.item.item_id: part.quantity_micros for part in good.components}
    problem = None if needs else "it has no components yet"
    return _explain_need(session, "box", good.item.slug, [f"1 {good.item.slug}"], MICRO, needs, problem, today)


def explain_shortages(session: Session, needed: Mapping[str, str], today: date) -> list[ShortItem]:
    """For each item slug and needed quantity: what is on hand now and what is still missing; one statement."""
    shelves = {shelf.item.slug: shelf for shelf in load_shelves(session, today, slugs=needed)}
    return [
        _short(shelves[slug], int(parse_quantity(quantity) * MICRO))
        for slug, quantity in needed.items()
        if slug in shelves
    ]


def _explain_need(
    session: Session,
    what: str,
    slug: str,
    makes: list[str],
    made_micros: int,
    needs: Mapping[int, int],
    problem: str | None,
    today: date,
    mixes: Mapping[int, Mix] | None = None,
) -> ExplainedNeed:
    shelves = load_shelves(session, today, ids=needs) if needs else []
    by_item = {shelf.item.item_id: shelf for shelf in shelves}
    plan = plan_draws(needs, (lot for shelf in shelves for lot in _open_lots(shelf)), mixes or {})
    draws = all_draws(plan)
    possible = bool(needs) and not any(allocation.is_short for allocation in plan.values())
    cost = total_cost(draws, "quantity") if possible else None
    each = split_cost(cost, made_micros, made_micros).per_unit_micros if made_micros else None
    return {
        "what": what,
        "slug": slug,
        "makes": makes,
        "possible": possible,
        "enough_for": min((plan[item_id].available_micros // micros for item_id, micros in needs.items()), default=0),
        "problem": problem,
        "cost": format_money(cost),
        "unit_cost": format_money(each),
        "lacks_price": [draw.lot.code for draw in draws if draw.cost_micros is None],
        "items": [_needed(by_item[item_id], allocation) for item_id, allocation in plan.items()],
    }


def _open_lots(shelf: Shelf) -> Iterable[OpenLot]:
    for row in shelf.usable:
        yield OpenLot(
            row.id,
            shelf.item.item_id,
            row.code,
            row.remaining_micros,
            row.remaining_cost_micros,
            row.usable_until,
            None,
            row.g_per_ml,
            row.g_per_each,
        )


def _needed(shelf: Shelf, allocation: Allocation) -> NeededItem:
    rows: dict[int, Any] = {row.id: row for row in shelf.rows}
    return {
        **_short(shelf, allocation.needed_micros, allocation.available_micros),
        "draws": [
            {
                "lot_code": draw.lot.code,
                "quantity": format_micros(draw.quantity_micros),
                "cost": format_money(draw.cost_micros),
                "why": why(shelf.policy, rows[draw.lot.lot_id].received_on, draw.lot.expires_on),
            }
            for draw in allocation.draws
        ],
    }


def _short(shelf: Shelf, needed_micros: int, available_micros: int | None = None) -> ShortItem:
    usable = shelf.total("open") if available_micros is None else available_micros
    return {
        "item_slug": shelf.item.slug,
        "unit": shelf.item.base_unit,
        "needed": format_micros(needed_micros),
        "usable": format_micros(usable),
        "missing": format_micros(max(needed_micros - usable, 0)),
        "passed_over": shelf.unusable(),
    }
