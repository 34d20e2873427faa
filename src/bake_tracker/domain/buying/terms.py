"""How a supplier sells a product: in which numbers, how soon, on which days, and at which prices."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from bake_tracker.domain.arguments import Arguments, shown
from bake_tracker.domain.money import format_money

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_LEAD_DAYS = 366
MAX_TIERS = 20

Tier = tuple[int, int]
"""From how many packs on, and what each of them then costs, in millionths."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known of a product's terms; a price that holds from a number of packs on holds for all of them."""

    least_packs: int | None = None
    multiple_packs: int | None = None
    lead_days: int | None = None
    order_days: tuple[str, ...] = ()
    prices: tuple[Tier, ...] = ()

    def price_of(self, packs: int) -> int | None:
        """What each of this many packs costs, in millionths; None if no price is known."""
        return next((price for least, price in reversed(self.prices) if least <= packs), None)


class PriceTier(TypedDict):
    """The price of each pack from a number of packs on."""

    from_packs: int
    price: str


class TermsView(TypedDict):
    """A product's terms as a part of an answer; None or nothing where they are not recorded."""

    least_packs: int | None
    multiple_packs: int | None
    lead_days: int | None
    order_days: list[str]
    prices: list[PriceTier]


def terms_of(row: Any) -> Terms:
    """The terms in a row of their table; none if all of it is empty."""
    return Terms(
        row.least_packs,
        row.multiple_packs,
        row.lead_days,
        tuple(row.order_days.split(",")) if row.order_days else (),
        tuple((least, price) for least, price in json.loads(row.prices or "[]")),
    )


def terms_row(terms: Terms) -> dict[str, Any]:
    """Terms as the columns of their table."""
    return {
        "least_packs": terms.least_packs,
        "multiple_packs": terms.multiple_packs,
        "lead_days": terms.lead_days,
        "order_days": ",".join(terms.order_days) or None,
        "prices": json.dumps(terms.prices) if terms.prices else None,
    }


def terms_view(terms: Terms) -> TermsView:
    """Terms in readable form."""
    return {
        "least_packs": terms.least_packs,
        "multiple_packs": terms.multiple_packs,
        "lead_days": terms.lead_days,
        "order_days": list(terms.order_days),
        "prices": [{"from_packs": least, "price": format_money(price) or "0"} for least, price in terms.prices],
    }


def read_term(given: Arguments, field: str, value: object) -> Any:
    """One of the terms, normalised."""
    if field == "order_days":
        return read_order_days(given, value)
    if field == "prices":
        return read_prices(given, value)
    if value is None:
        return None
    return given.count(field, value, least=0, most=MAX_LEAD_DAYS) if field == "lead_days" else given.count(field, value)


def read_order_days(given: Arguments, value: object) -> tuple[str, ...]:
    """The weekdays on which orders are taken, in their order; none for every day."""
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        given.refuse("order_days", f"must be a list of weekdays, not {shown(value)}")
        return ()
    if given.has_too_many("order_days", value):
        return ()
    days = {given.choice(f"order_days[{place}]", day, WEEKDAYS) for place, day in enumerate(value)}
    return tuple(day for day in WEEKDAYS if day in days)


def read_prices(given: Arguments, value: object) -> tuple[Tier, ...]:
    """The price of each pack, from one pack on and from larger numbers on; none if no price is known."""
    if value is None or value in ((), []):
        return ()
    found: dict[int, int] = {}
    rows = given.rows("prices", value)
    for place, row in enumerate(rows):
        at = f"prices[{place}]"
        if extra := sorted(map(str, row.keys() - PriceTier.__annotations__.keys())):
            given.refuse(at, f"has no field {extra[0][:60]!r}; it takes from_packs, price")
        least = given.count(f"{at}.from_packs", row.get("from_packs", 1))
        if least in found:
            given.refuse(f"{at}.from_packs", f"{least} is listed twice; give one price for each number")
        found[least] = given.micros(f"{at}.price", row.get("price"))
    if rows and not given.problems and 1 not in found:
        given.refuse("prices", "must have a price from 1 pack on")
    if len(found) > MAX_TIERS:
        given.refuse("prices", f"must have at most {MAX_TIERS} entries, not {len(found)}")
    return tuple(sorted(found.items()))


TERMS: Mapping[str, object] = dict.fromkeys(Terms.__dataclass_fields__)
"""The names of the terms."""
