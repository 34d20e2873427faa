"""Plan facts about items and recipes: measures with their source, allergens, terms, labels and rates.

Facts that the bakery already has win: a file never changes what somebody has weighed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from bake_tracker.domain.arguments import MAX_COUNT
from bake_tracker.domain.buying.terms import MAX_LEAD_DAYS, Terms, read_order_days
from bake_tracker.domain.importing.catalog import is_item
from bake_tracker.domain.importing.plan import ItemPlan, ProductPlan, RecipePlan
from bake_tracker.domain.importing.products import Products
from bake_tracker.domain.importing.rows import Findings, Row
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.label.allergens import ALLERGENS, NONE, is_known, read_label

PRESENCES = ("contains", "may_contain")
_OTHERWISE = "recorded differently; not changed"
_TWICE = "contradicts another row of the file; remove one of them"


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight in g of one ml (density) or one piece of an item."""

    value: Fraction
    source: str
    measured_on: date


@dataclass(frozen=True, slots=True)
class Facts:
    """Measures by item and kind, oldest first; allergens by item or package; labels; terms; rates by recipe."""

    weights: Mapping[tuple[str, str], Sequence[Weight]]
    allergens: Mapping[str, Mapping[str, str]]
    product_allergens: Mapping[str, Mapping[str, str]]
    terms: Mapping[str, Terms]
    labels: Mapping[str, tuple[str, str, str]]
    rates: Mapping[str, tuple[int, int]]

    @property
    def item_slugs(self) -> set[str]:
        """The items that have facts."""
        return {slug for slug, _ in self.weights} | self.allergens.keys() | self.labels.keys()


def plan_facts(
    document: Mapping[str, Any], known: Facts, items: Shelf[ItemPlan], products: Products, recipes: Shelf[RecipePlan]
) -> Facts:
    """Plan the facts that the bakery does not have yet."""
    findings = items.findings
    weights: dict[tuple[str, str], list[Weight]] = {}
    for row in findings.rows(document, "measures"):
        item, kind = items.find(row, "item", is_item), row.read_choice("kind", ("density", "piece"), "")
        day = row.read_day("measured_on") or _NO_DAY
        weight = Weight(row.read_number("g"), row.read_name("source", limit=300), day)
        if weight.measured_on == _NO_DAY:
            row.refuse("measured_on", "is missing; give the day it was weighed")
        here = known.weights.get((item.slug, kind), ()) if item else ()
        if _is_to_take(row, findings, here, weight in here):
            weights.setdefault((item.slug if item else "", kind), []).append(weight)
    allergens = _plan_allergens(
        findings.rows(document, "allergens"), lambda row: _slug(items.find(row, "item", is_item)),
        known.allergens, findings,
    )  # fmt: skip
    of_products = _plan_allergens(
        findings.rows(document, "product_allergens"), lambda row: _identity(products.find(row, "product")),
        known.product_allergens, findings,
    )  # fmt: skip
    terms = _plan_terms(findings.rows(document, "product_terms"), known.terms, products)
    labels: dict[str, tuple[str, str, str]] = {}
    for row in findings.rows(document, "labels"):
        item = items.find(row, "item", is_item)
        label = (row.read_text("ingredients") or "", row.read_text("allergens") or "", row.read_text("filed_at") or "")
        if not _is_moment(label[2]):
            row.refuse("filed_at", "must be a time with its UTC offset, written like 2026-11-23T09:30:00+00:00")
        if read_label(label[1]) is None:
            row.refuse("allergens", 'must be written like {"contains": ["wheat"], "may_contain": []}')
        slug = _slug(item)
        if labels.get(slug, label) != label:
            row.refuse("item", _TWICE)
        filed = known.labels.get(slug) or labels.get(slug)
        if _is_to_take(row, findings, filed, filed == label):
            labels[slug] = label
    rates: dict[str, tuple[int, int]] = {}
    for row in findings.rows(document, "recipe_rates"):
        recipe = recipes.find(row, "recipe")
        labour, overhead = (int((row.read_money(field) or 0) * 10**6) for field in ("labour", "overhead"))
        slug, said = recipe.slug if recipe else "", (labour, overhead)
        if rates.get(slug, said) != said:
            row.refuse("recipe", _TWICE)
        rate = known.rates.get(slug) or rates.get(slug)
        if _is_to_take(row, findings, rate, rate == said):
            rates[slug] = said
    return Facts(weights, allergens, of_products, terms, labels, rates)


def _plan_terms(rows: Iterable[Row], known: Mapping[str, Terms], products: Products) -> dict[str, Terms]:
    """Plan the terms of products that have none recorded; a product's further rows have its prices for more packs."""
    new: dict[str, Terms] = {}
    met: dict[str, Terms] = {}
    for row in rows:
        identity = _identity(products.find(row, "product"))
        said, tier = _terms(row), _tier(row)
        first = met.get(identity)
        if first is not None and (said != Terms() or not tier or not first.prices or tier[0] <= first.prices[-1][0]):
            row.refuse("product", "has a row already; a further row may only give a price, for more packs")
        if first is None and tier and tier[0] != 1:
            row.refuse("from_packs", "must be 1 on the first row of a product")
        now = replace(first or said, prices=(*(first.prices if first else ()), *([tier] if tier else ())))
        here = known.get(identity)
        if _is_to_take(row, products.findings, here, here is not None and now.prices == here.prices[: len(now.prices)]):
            new[identity] = now
        if not row.refusals:
            met[identity] = now
    return new


def _terms(row: Row) -> Terms:
    """What a row says of how a product is sold, without its price."""
    days = (row.read_text("order_days", limit=200) or "").casefold().replace(" ", "")
    return Terms(
        _packs(row, "least_packs"),
        _packs(row, "multiple_packs"),
        row.read_whole("lead_days", MAX_LEAD_DAYS),
        read_order_days(row, days.split(",") if days else None),
    )


def _tier(row: Row) -> tuple[int, int] | None:
    price = row.read_money("price")
    least = _packs(row, "from_packs")
    if least is not None and price is None:
        row.refuse("price", "is missing; give the price of one pack from this number of packs on")
    return None if price is None else (least or 1, int(price * 10**6))


def _packs(row: Row, field: str) -> int | None:
    packs = row.read_whole(field, MAX_COUNT)
    if packs == 0:
        row.refuse(field, "must be at least 1")
    return packs


def _plan_allergens(
    rows: Iterable[Row], thing_of: Callable[[Row], str], known: Mapping[str, Mapping[str, str]], findings: Findings
) -> dict[str, dict[str, str]]:
    """Plan the allergens of things that have none recorded; each allergen once."""
    new: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        thing, name = thing_of(row), row.read_name("allergen", limit=24)
        presence = row.read_choice("presence", PRESENCES, "contains")
        if not row.refusals and not is_known(name, presence):
            row.refuse("allergen", f"is not an allergen; use one of none, {', '.join(ALLERGENS)}")
        here, told = known.get(thing, {}), new.get(thing, {})
        if told.get(name, presence) != presence or (told and (NONE in told) != (name == NONE)):
            row.refuse("allergen", _TWICE)
        if _is_to_take(row, findings, here or told.get(name), here.get(name, told.get(name)) == presence):
            new[thing][name] = presence
    return dict(new)


def _slug(item: ItemPlan | None) -> str:
    return item.slug if item else ""


def _identity(product: ProductPlan | None) -> str:
    return product.identity if product else ""


_NO_DAY = date(1970, 1, 1)


def _is_moment(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.utcoffset() is not None and 1970 < moment.year < 9999


def _is_to_take(row: Row, findings: Findings, here: object, is_same: bool) -> bool:
    if row.refusals:
        findings.refuse(row)
    elif here:
        findings.skip(row, "already recorded" if is_same else _OTHERWISE)
    return not row.refusals and not here
