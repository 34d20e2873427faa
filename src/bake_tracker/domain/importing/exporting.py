"""The bakery as tables that an import can read: rows refer to each other by slug, and every value is exact text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from operator import attrgetter
from typing import Any

from bake_tracker.domain.buying.terms import Terms
from bake_tracker.domain.importing.facts import Facts
from bake_tracker.domain.importing.plan import KEY_DIGITS, OnFile
from bake_tracker.domain.importing.tables import EXPORTED, FORMAT, TABLES, Column
from bake_tracker.domain.money import format_money

TextRows = list[dict[str, str]]
Tables = dict[str, TextRows]
"""Rows by table; a row has only the cells with a value."""


@dataclass(frozen=True, slots=True)
class LotLeft:
    """A lot in stock as it is now, with the columns of its table; the cost is None if unknown."""

    item: str
    lot: str
    quantity_micros: int
    unit: str
    cost_micros: int | None
    received: date
    expires: date | None
    usable: date | None
    on_hold: bool
    location: str | None
    supplier: str | None
    identity: str | None
    g_per_ml: Fraction | None
    g_per_each: Fraction | None

    @property
    def quantity(self) -> Fraction:
        return Fraction(self.quantity_micros, 10**6)

    @property
    def cost(self) -> str | None:
        return format_money(self.cost_micros)

    @property
    def usable_until(self) -> date | None:
        """The end of its release, if it was released past its expiry."""
        return self.usable if self.usable != self.expires else None

    @property
    def product(self) -> str | None:
        """The key of its product."""
        return self.identity and self.identity[:KEY_DIGITS]


def tables_of(known: OnFile, facts: Facts, lots: Sequence[LotLeft]) -> Tables:
    """The whole catalogue, and the lots that have stock."""
    recipes = _by_slug(known.recipes)
    things: dict[str, Sequence[Any]] = {
        "bakery": [known.bakery],
        "items": _by_slug(known.items),
        "suppliers": _by_slug(known.suppliers),
        "products": sorted(known.products.values(), key=attrgetter("item_slug", "identity")),
        "recipes": recipes,
        "events": _by_slug(known.events),
        "recipients": _by_slug(known.recipients),
        "lots": lots,
    }
    rows: dict[str, Iterable[Sequence[object]]] = {
        name: [[column.told_of(thing) for column in TABLES[name].columns] for thing in found]
        for name, found in things.items()
    }
    # In the order of the columns.
    rows |= {
        "recipe_lines": (
            (r.slug, one.item_slug, one.sub_recipe_slug, one.quantity, one.unit) for r in recipes for one in r.lines
        ),
        "recipe_makes": (
            (r.slug, made.slug, Fraction(made.quantity_micros, 10**6), r.together, made.share)
            for r in recipes
            for made in r.makes
        ),
        "good_parts": sorted(
            (good.slug, part, Fraction(micros, 10**6)) for good in known.goods.values() for part, micros in good.parts
        ),
        "names": sorted(known.names.items()),
        "measures": (
            (*of, one.value, one.measured_on, one.source) for of, found in facts.weights.items() for one in found
        ),
        "allergens": ((slug, *one) for slug, said in facts.allergens.items() for one in said.items()),
        "product_allergens": (
            (product[:KEY_DIGITS], *one) for product, said in facts.product_allergens.items() for one in said.items()
        ),
        "product_terms": (row for product, said in facts.terms.items() for row in _terms_rows(product, said)),
        "labels": ((slug, *label) for slug, label in facts.labels.items()),
        "recipe_rates": ((slug, *map(format_money, rate)) for slug, rate in facts.rates.items()),
    }
    tables = {name: [_told(TABLES[name].columns, row) for row in rows[name]] for name in EXPORTED}
    tables["bakery"][0]["format"] = FORMAT
    return tables


def _terms_rows(product: str, terms: Terms) -> Iterable[Sequence[object]]:
    """The terms of a product: one row, and one for each further price."""
    for place, (least, price) in enumerate(terms.prices or [(None, None)]):
        said = (terms.least_packs, terms.multiple_packs, terms.lead_days, ",".join(terms.order_days))
        yield product[:KEY_DIGITS], *(said if place == 0 else (None,) * len(said)), least, format_money(price)


def exact_text(number: Fraction) -> str:
    """A number as an exact decimal if there is one, otherwise as a fraction."""
    enough = range(number.denominator.bit_length())
    places = next((places for places in enough if 10**places % number.denominator == 0), None)
    if places is None:
        return str(number)
    digits = str(number.numerator * 10**places // number.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _by_slug(things: Mapping[str, object]) -> list:  # type: ignore[type-arg]  # things of any type
    return [things[slug] for slug in sorted(things)]


def _told(columns: Sequence[Column], values: Sequence[object]) -> dict[str, str]:
    told: dict[str, str] = {}
    for column, value in zip(columns, values, strict=False):
        if isinstance(value, bool):
            told |= {column.name: "yes"} if value else {}
        elif isinstance(value, Fraction):
            told[column.name] = exact_text(value)
        elif value is not None and value != "":
            told[column.name] = str(value)
    return told
