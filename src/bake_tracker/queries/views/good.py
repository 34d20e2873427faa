"""Boxes: their components, their cost now, and how many the stock allows."""

from datetime import date
from typing import TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.money import divide_half_even, format_money
from bake_tracker.domain.slices import Ask, Found, slice_of
from bake_tracker.domain.stock.pricing import margin
from bake_tracker.domain.units import MAX_TOTAL_MICROS, format_micros
from bake_tracker.queries.catalog.definitions import Good, load_good
from bake_tracker.queries.catalog.whole import load_all_goods
from bake_tracker.queries.reports.recipe_cost import BASES, CostedItem, cost_needs
from bake_tracker.queries.runs.can_make import Stopper, load_can_make


class ComponentView(TypedDict):
    """A component of one good."""

    item_id: int
    item_slug: str
    kind: str
    quantity: str
    unit: str


class GoodView(TypedDict):
    """A good and its components."""

    finished_good_id: int
    slug: str
    name: str
    components: list[ComponentView]


class GoodRow(TypedDict):
    """A box, its contents in words, and how many the stock allows; None if it has no components yet."""

    good_id: int
    slug: str
    name: str
    components: str | None
    can_make: int | None


class GoodPart(TypedDict):
    """How much of an item a number of boxes takes, and its cost by each basis."""

    item_id: int
    name: str
    kind: str
    each: str
    unit: str
    cost: CostedItem


class GoodTotal(TypedDict):
    """Total and unit cost by one basis, with the margin at a price, also as a percentage."""

    basis: str
    cost: str | None
    each: str | None
    margin: str | None
    margin_percent: str | None


class CostedGood(TypedDict):
    """A number of boxes, with needs and costs."""

    item_id: int
    slug: str
    name: str
    shelf_life_days: int | None
    count: int
    price: str | None
    parts: list[GoodPart]
    totals: list[GoodTotal]
    can_make: int | None
    stopped_by: list[Stopper]


def load_good_view(session: Session, finished_good_id: int) -> GoodView:
    """One good; two statements.

    Raises:
        FinishedGoodNotFoundError: there is no such good.
    """
    good = load_good(session, finished_good_id)
    return {
        "finished_good_id": finished_good_id,
        "slug": good.item.slug,
        "name": good.item.name,
        "components": [
            {
                "item_id": one.item.item_id,
                "item_slug": one.item.slug,
                "kind": one.item.kind,
                "quantity": format_micros(one.quantity_micros),
                "unit": one.item.base_unit,
            }
            for one in good.components
        ],
    }


def load_good_slice(session: Session, ask: Ask, today: date) -> Found[GoodRow]:
    """Every box (a bakery has dozens); eight statements."""
    counts = {one["slug"]: one["count"] for one in load_can_make(session, today) if one["what"] == "box"}
    rows = [
        GoodRow(
            good_id=good.item.item_id,
            slug=good.item.slug,
            name=good.item.name,
            components=_in_words(good),
            can_make=counts.get(good.item.slug),
        )
        for good in load_all_goods(session)
    ]
    return slice_of(rows, ask, key="good_id", search_in=("name", "slug", "components"), numbers=("can_make",))


def load_costed_good(
    session: Session, good_id: int, count: int, today: date, *, price_micros: int | None = None
) -> CostedGood:
    """The cost of ``count`` boxes from today's lots, at last prices and at the average on hand.

    Raises:
        FinishedGoodNotFoundError: there is no such good.
        ValidationError: ``count`` is below 1 or too large to calculate.
    """
    good = load_good(session, good_id)
    needs = {part.item.item_id: part.quantity_micros * count for part in good.components}
    if count < 1 or any(need > MAX_TOTAL_MICROS for need in needs.values()):
        raise ValidationError.of("count", "must be 1 or more, and not too large to calculate")
    costed, totals = cost_needs(session, needs, {part.item.item_id: part.item for part in good.components}, today)
    by_slug = {one["item_slug"]: one for one in costed}
    possible = next(
        one for one in load_can_make(session, today) if (one["what"], one["slug"]) == ("box", good.item.slug)
    )
    return {
        "item_id": good_id,
        "slug": good.item.slug,
        "name": good.item.name,
        "shelf_life_days": good.item.shelf_life_days,
        "count": count,
        "price": format_money(price_micros),
        "parts": [
            {
                "item_id": part.item.item_id,
                "name": part.item.name,
                "kind": part.item.kind,
                "each": format_micros(part.quantity_micros),
                "unit": part.item.base_unit,
                "cost": by_slug[part.item.slug],
            }
            for part in good.components
        ],
        "totals": [_total(basis, totals[basis], count, price_micros) for basis in BASES],
        "can_make": possible["count"],
        "stopped_by": possible["stopped_by"],
    }


def _total(basis: str, cost: int | None, count: int, price_micros: int | None) -> GoodTotal:
    each = None if cost is None else divide_half_even(cost, count)
    left, percent = (None, None) if price_micros is None else margin(price_micros, each)
    return {
        "basis": basis,
        "cost": format_money(cost),
        "each": format_money(each),
        "margin": format_money(left),
        "margin_percent": percent,
    }


def _in_words(good: Good) -> str | None:
    parts = (
        f"{format_micros(part.quantity_micros)} {'' if part.item.base_unit == 'each' else part.item.base_unit + ' '}"
        f"{part.item.name}"
        for part in good.components
    )
    return ", ".join(parts) or None
