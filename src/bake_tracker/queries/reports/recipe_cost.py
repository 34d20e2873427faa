"""The cost of batches today, at last prices and at the average on hand, and the margin at a price."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.recipes.quantities import Item, Mix, Recipe, mixes_of, needs_of
from bake_tracker.domain.recipes.rates import rates_of
from bake_tracker.domain.recipes.together import shares_of_cost
from bake_tracker.domain.stock.fifo import Allocation, plan_draws
from bake_tracker.domain.stock.pricing import cost_at, margin, total
from bake_tracker.domain.stock.shortages import items_of
from bake_tracker.domain.units import MICRO, drawn_micros, format_micros
from bake_tracker.queries.catalog.definitions import load_recipe
from bake_tracker.queries.reports.prices import LastPrice, OnHand, load_last_prices, load_on_hand
from bake_tracker.queries.stock.open_lots import load_lots_to_draw

BASES = ("today", "last", "average")


class CostedItem(TypedDict):
    """A needed item, its cost on each basis (None if unknown), and the source of the prices."""

    item_slug: str
    needed: str
    unit: str
    today: str | None
    last: str | None
    average: str | None
    missing: str
    uncosted: list[str]
    last_lot: str | None
    last_on: str | None


class UnitCost(TypedDict):
    """A finished unit's cost on one basis, with and without labour and overhead, and the margin at a given price."""

    finished_unit: str
    quantity: str
    unit: str
    basis: str
    each: str | None
    each_in_all: str | None
    margin: str | None
    margin_percent: str | None
    margin_in_all: str | None
    margin_percent_in_all: str | None


class RecipeCost(TypedDict):
    """The cost of batches; labour and overhead are separate, ``in_all`` includes them.

    A batch makes one of the products, which bears all of the cost, or all of them if ``together``.
    """

    recipe: str
    batches: str
    price: str | None
    today: str | None
    last: str | None
    average: str | None
    labour: str
    overhead: str
    today_in_all: str | None
    last_in_all: str | None
    average_in_all: str | None
    short: list[str]
    uncosted_lots: list[str]
    never_bought: list[str]
    items: list[CostedItem]
    makes: list[UnitCost]
    together: bool


def load_recipe_cost(
    session: Session, recipe_id: int, batches: Fraction, today: date, *, price_micros: int | None = None
) -> RecipeCost:
    """The cost of ``batches`` from today's lots, by the last lot of each item, and on average.

    A basis with any unknown cost is unknown, and the gaps are listed; five statements.

    Raises:
        RecipeNotFoundError: there is no such recipe.
        UnitConversionError: an ingredient has no density or piece weight; names every such ingredient.
        ValidationError: the batches or the price are not above 0.
    """
    if batches <= 0:
        raise ValidationError.of("batches", "must be above 0")
    if price_micros is not None and price_micros <= 0:
        raise ValidationError.of("price", "must be above 0")
    recipe = load_recipe(session, recipe_id)
    by_id = items_of(line.item for lines in recipe.lines_by_recipe.values() for line in lines)
    items, totals = cost_needs(session, needs_of(recipe, batches), by_id, today, mixes_of(recipe, batches))
    shares = _shares(recipe)
    rates = rates_of(recipe, batches)
    beside = rates.labour_micros + rates.overhead_micros
    return {
        "recipe": recipe.slug,
        "batches": str(batches),
        "price": format_money(price_micros),
        "today": format_money(totals["today"]),
        "last": format_money(totals["last"]),
        "average": format_money(totals["average"]),
        "labour": format_money(rates.labour_micros) or "",
        "overhead": format_money(rates.overhead_micros) or "",
        "today_in_all": format_money(_plus(totals["today"], beside)),
        "last_in_all": format_money(_plus(totals["last"], beside)),
        "average_in_all": format_money(_plus(totals["average"], beside)),
        "short": [row["item_slug"] for row in items if row["missing"] != "0"],
        "uncosted_lots": sorted({code for row in items for code in row["uncosted"]}),
        "never_bought": [row["item_slug"] for row in items if row["last_lot"] is None],
        "items": items,
        "makes": [
            _unit_cost(
                item,
                drawn_micros(Fraction(made, MICRO), batches),
                basis,
                _part(micros, shares[item.item_id]),
                _part(beside, shares[item.item_id]) or 0,
                price_micros,
            )
            for item, made in recipe.makes.values()
            for basis, micros in totals.items()
        ],
        "together": bool(recipe.together),
    }


def cost_needs(
    session: Session,
    needs: Mapping[int, int],
    items: Mapping[int, Item],
    today: date,
    mixes: Mapping[int, Mix] | None = None,
) -> tuple[list[CostedItem], dict[str, int | None]]:
    """The cost of every need (item id -> millionths) on each basis, and the totals; four statements."""
    plan = plan_draws(needs, load_lots_to_draw(session.connection(), needs, today), mixes or {})
    last, on_hand = load_last_prices(session, needs), load_on_hand(session, needs)
    average = {item_id: there["price"] for item_id, there in on_hand.items() if there["price"] is not None}
    by_item: dict[str, dict[int, int | None]] = {
        "today": {item_id: _drawn_cost(allocation) for item_id, allocation in plan.items()},
        "last": cost_at(needs, {item_id: one["price"] for item_id, one in last.items()})[0],
        "average": cost_at(needs, average)[0],
    }
    totals = {basis: total(costs.values()) if needs else None for basis, costs in by_item.items()}
    return _items(items, needs, plan, by_item, last, on_hand), totals


def _drawn_cost(allocation: Allocation) -> int | None:
    return None if allocation.is_short else total(draw.cost_micros for draw in allocation.draws)


def _items(
    items: Mapping[int, Item],
    needs: Mapping[int, int],
    plan: Mapping[int, Allocation],
    costs: Mapping[str, Mapping[int, int | None]],
    last: Mapping[int, LastPrice],
    on_hand: Mapping[int, OnHand],
) -> list[CostedItem]:
    rows: list[CostedItem] = []
    for item_id, needed in needs.items():
        drawn = [draw.lot.code for draw in plan[item_id].draws if draw.cost_micros is None]
        there, bought = on_hand.get(item_id), last.get(item_id)
        rows.append(
            {
                "item_slug": items[item_id].slug,
                "needed": format_micros(needed),
                "unit": items[item_id].base_unit,
                "today": format_money(costs["today"][item_id]),
                "last": format_money(costs["last"][item_id]),
                "average": format_money(costs["average"][item_id]),
                "missing": format_micros(max(needed - plan[item_id].available_micros, 0)),
                "uncosted": sorted({*drawn, *(there["uncosted"] if there else ())}),
                "last_lot": bought["lot_code"] if bought else None,
                "last_on": bought["received_on"] if bought else None,
            }
        )
    return rows


def _unit_cost(
    item: Item, made: int, basis: str, micros: int | None, beside: int, price_micros: int | None
) -> UnitCost:
    """The cost of one, if this finished unit bears this cost of the batches."""
    each, in_all = _each(micros, made), _each(_plus(micros, beside), made)
    left = margin(price_micros, each) if price_micros is not None else (None, None)
    left_in_all = margin(price_micros, in_all) if price_micros is not None else (None, None)
    return {
        "finished_unit": item.slug,
        "quantity": format_micros(made),
        "unit": item.base_unit,
        "basis": basis,
        "each": format_money(each),
        "each_in_all": format_money(in_all),
        "margin": format_money(left[0]),
        "margin_percent": left[1],
        "margin_in_all": format_money(left_in_all[0]),
        "margin_percent_in_all": left_in_all[1],
    }


def _shares(recipe: Recipe) -> Mapping[int, Fraction]:
    """Each product's part of the cost: all of it for alternatives, as only one of them is made."""
    if recipe.together:
        return shares_of_cost(recipe.makes, recipe.together)
    return dict.fromkeys(recipe.makes, Fraction(1))


def _part(micros: int | None, share: Fraction) -> int | None:
    return None if micros is None else divide_half_even(micros * share.numerator, share.denominator)


def _each(micros: int | None, made: int) -> int | None:
    return None if micros is None or not made else divide_half_even(micros * MICRO, made)


def _plus(micros: int | None, more: int) -> int | None:
    return None if micros is None else micros + more
