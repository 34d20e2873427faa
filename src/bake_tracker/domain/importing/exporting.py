"""The bakery as tables that an import can read: rows refer to each other by slug, and every value is exact text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from bake_tracker.domain.importing.facts import Facts
from bake_tracker.domain.importing.plan import ItemPlan, OnFile
from bake_tracker.domain.importing.products import KEY_DIGITS, product_key
from bake_tracker.domain.importing.tables import EXPORTED, FORMAT
from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros

TextRows = list[dict[str, str]]
Tables = dict[str, TextRows]
"""Rows by table; a row has only the cells with a value."""


@dataclass(frozen=True, slots=True)
class LotLeft:
    """A lot in stock as it is now; the cost is None if unknown."""

    item: str
    lot: str
    quantity_micros: int
    unit: str
    cost_micros: int | None
    received_on: date
    expires_on: date | None
    usable_until: date | None
    on_hold: bool
    location: str | None
    supplier: str | None
    product_identity: str | None


def tables_of(known: OnFile, facts: Facts, lots: Sequence[LotLeft]) -> Tables:
    """The whole catalogue, and the lots that have stock."""
    house = known.bakery
    parts = [(good.slug, *part) for good in known.goods.values() for part in good.parts]
    tables: dict[str, list[Mapping[str, object]]] = {
        "bakery": [
            {
                "name": house.name, "currency": house.currency, "time_zone": house.time_zone,
                "label_policy": house.label_policy, "format": FORMAT,
            },
        ],
        "items": [_item(item) for item in _by_slug(known.items)],
        "suppliers": [{"slug": s.slug, "name": s.name, "details": s.details} for s in _by_slug(known.suppliers)],
        "products": [
            {
                "key": product_key(p), "item": p.item_slug, "brand": p.brand, "name": p.name,
                "package_type": p.package_type, "package_quantity": p.package_quantity, "package_unit": p.package_unit,
                "gtin": p.gtin, "supplier": p.supplier_slug, "notes": p.notes,
            }
            for p in sorted(known.products.values(), key=lambda p: (p.item_slug, p.identity))
        ],
        "recipes": [
            {"slug": r.slug, "name": r.name, "category": r.category, "source": r.source, "notes": r.notes}
            for r in _by_slug(known.recipes)
        ],
        "recipe_lines": [
            {
                "recipe": r.slug, "item": line.item_slug, "sub_recipe": line.sub_recipe_slug,
                "quantity": line.quantity, "unit": line.unit,
            }
            for r in _by_slug(known.recipes)
            for line in r.lines
        ],
        "recipe_makes": [
            {"recipe": r.slug, "item": made.slug, "per_batch": Fraction(made.quantity_micros, 10**6)}
            for r in _by_slug(known.recipes)
            for made in r.makes
        ],
        "good_parts": [
            {"good": good, "component": component, "quantity": Fraction(micros, 10**6)}
            for good, component, micros in sorted(parts)
        ],
        "events": [{"slug": e.slug, "name": e.name, "date": e.happens_on} for e in _by_slug(known.events)],
        "recipients": [
            {"slug": r.slug, "name": r.name, "household": r.household} for r in _by_slug(known.recipients)
        ],
        "names": [{"name": name, "item": slug} for name, slug in sorted(known.names.items())],
        "measures": [
            {"item": slug, "kind": kind, "g": one.value, "measured_on": one.measured_on, "source": one.source}
            for (slug, kind), weights in facts.weights.items()
            for one in weights
        ],
        "allergens": [
            {"item": slug, "allergen": allergen, "presence": presence}
            for slug, said in facts.allergens.items()
            for allergen, presence in said.items()
        ],
        "product_allergens": [
            {"product": product[:KEY_DIGITS], "allergen": allergen, "presence": presence}
            for product, said in facts.product_allergens.items()
            for allergen, presence in said.items()
        ],
        "labels": [
            {"item": slug, "ingredients": label[0], "allergens": label[1], "filed_at": label[2]}
            for slug, label in facts.labels.items()
        ],
        "recipe_rates": [
            {"recipe": slug, "labour": format_money(rate[0]), "overhead": format_money(rate[1])}
            for slug, rate in facts.rates.items()
        ],
        "lots": [_lot(lot) for lot in lots],
    }  # fmt: skip
    return {name: [_told(row) for row in tables[name]] for name in EXPORTED}


def exact_text(number: Fraction) -> str:
    """A number as an exact decimal if there is one, otherwise as a fraction."""
    twos_and_fives = number.denominator
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    if twos_and_fives != 1:
        return str(number)
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    digits = str(int(number * 10**places)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _by_slug(things: Mapping[str, object]) -> list:  # type: ignore[type-arg]  # of whatever they are
    return [things[slug] for slug in sorted(things)]


def _item(item: ItemPlan) -> dict[str, object]:
    return {
        "kind": item.kind,
        "slug": item.slug,
        "name": item.name,
        "base_unit": item.base_unit,
        "pick_policy": item.pick_policy,
        "shelf_life_days": item.shelf_life_days,
        "g_per_ml": item.g_per_ml,
        "g_per_each": item.g_per_each,
        "parent": item.parent_slug,
        "is_category": item.is_category,
        "lot_count": item.lot_count or None,
        "description": item.description,
    }


def _lot(lot: LotLeft) -> dict[str, object]:
    return {
        "item": lot.item,
        "lot": lot.lot,
        "quantity": format_micros(lot.quantity_micros),
        "unit": lot.unit,
        "cost": format_money(lot.cost_micros),
        "received": lot.received_on,
        "expires": lot.expires_on,
        "usable_until": lot.usable_until if lot.usable_until != lot.expires_on else None,
        "on_hold": lot.on_hold,
        "location": lot.location,
        "supplier": lot.supplier,
        "product": lot.product_identity[:KEY_DIGITS] if lot.product_identity else None,
    }


def _told(row: Mapping[str, object]) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, bool):
            told |= {name: "yes"} if value else {}
        elif isinstance(value, Fraction):
            told[name] = exact_text(value)
        elif value is not None and value != "":
            told[name] = str(value)
    return told
