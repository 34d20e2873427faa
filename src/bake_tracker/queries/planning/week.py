"""The plan of some days: what to make and for whom, what is short, what to buy by when, and what is late."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from datetime import date, datetime
from fractions import Fraction
from math import ceil
from typing import Literal, TypedDict

from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.planning.buying import Lack, Purchase, suggest
from bake_tracker.domain.planning.plan_lines import Unmet
from bake_tracker.domain.planning.tasks import ends_of_demand
from bake_tracker.domain.planning.ways import id_of
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.units import format_micros
from bake_tracker.queries.planning.accepted import AcceptedSpan, load_accepted_spans
from bake_tracker.queries.planning.offers import Offered, load_offers
from bake_tracker.queries.planning.told import Planned, PlannedFor, PlannedQuantity, PlannedTask, load_planned

BOUGHT = ("ingredient", "material")


class ShortOnDay(PlannedQuantity):
    """What is missing of an item on a day, after all stock; ``unusable`` is on hand, but expired or on hold.

    ``why``: it is to be bought, no recipe makes it, or what is made does not keep long enough.
    """

    day: str
    why: Literal["buy", "make", "keeps"]
    unusable: str
    wanted_by: list[PlannedFor]


class PacksToBuy(TypedDict):
    """So many packages of a product, and what one of them holds in the item's base unit."""

    product_id: int
    name: str
    count: int
    holds: str


class ToBuy(PlannedQuantity):
    """A purchase; without ``packs``, no package of the item is on file, and ``quantity`` is what is missing.

    ``cost`` is None if a price is missing; ``is_last_price``: it is what was paid last, not agreed in the terms.
    ``arrives_on`` is later than wanted if it ``is_late``. ``left_over`` is what nobody needs yet.
    """

    order_on: str
    arrives_on: str
    is_late: bool
    supplier_id: int | None
    supplier: str | None
    packs: list[PacksToBuy]
    cost: str | None
    is_last_price: bool
    left_over: str
    left_until: str | None


class LateGoods(PlannedFor, PlannedQuantity):
    """What is left of an order that was due before now."""


class NotPlanned(TypedDict):
    """A recipe or box that is wanted, and why it cannot be planned."""

    name: str
    problem: str
    remedies: list[Remedy]


class PlanView(TypedDict):
    """The plan of the days ``since`` to ``until``, worked out from what is known now.

    ``inputs`` is the code to accept it by. ``accepted`` has the plans that were accepted for any of these days; they
    do not change the lines here.
    """

    since: str
    until: str
    inputs: str
    accepted: list[AcceptedSpan]
    lines: list[PlannedTask]
    short: list[ShortOnDay]
    buy: list[ToBuy]
    late: list[LateGoods]
    problems: list[NotPlanned]


def load_plan(session: Session, at: datetime, since: date | None = None, until: date | None = None) -> PlanView:
    """What to make, buy and look after from ``since`` to ``until``, or in the next seven days.

    It writes nothing; twenty-two statements.

    Raises:
        ValidationError: the days are not in order, or reach further than a year.
    """
    planned = load_planned(session, at, since, until)
    lacks = _lacks_of(planned)
    offers = load_offers(session, {id_of(lack.item) for lack in lacks}, planned.inputs.items)
    return {
        "since": planned.since.isoformat(),
        "until": planned.until.isoformat(),
        "inputs": planned.code,
        "accepted": load_accepted_spans(session, planned.since, planned.until),
        "lines": [planned.task(task) for task in planned.tasks],
        "short": _short(planned),
        "buy": _to_buy(planned, lacks, offers),
        "late": _late(planned, at),
        "problems": not_planned(planned),
    }


def not_planned(planned: Planned) -> list[NotPlanned]:
    """What is wanted and cannot be planned."""
    return [
        {"name": one.name, "problem": one.problem, "remedies": list(one.remedies)}
        for one in planned.inputs.ways.problems
    ]


def _short(planned: Planned) -> list[ShortOnDay]:
    """What is short on each day of the plan, by day and name."""
    first, last = planned.since.toordinal(), planned.until.toordinal()
    groups: defaultdict[tuple[int, Hashable, str], list[Unmet]] = defaultdict(list)
    for unmet in planned.net.unmet:
        if first <= unmet.demand.day <= last:
            groups[unmet.demand.day, unmet.demand.item, unmet.why].append(unmet)
    rows: list[ShortOnDay] = []
    for (day, item, why), some in groups.items():
        known = planned.inputs.items[id_of(item)]
        ends = (end for one in some for end in ends_of_demand(one.demand, planned.ends))
        rows.append(
            {
                **planned.quantity(item, sum((Fraction(one.quantity) for one in some), Fraction(0))),
                "day": date.fromordinal(day).isoformat(),
                "why": "keeps" if why == "keeps" else "buy" if known.kind in BOUGHT else "make",
                "unusable": format_micros(planned.inputs.unusable.get(known.item_id, 0)),
                "wanted_by": planned.wanted_by(ends),
            }
        )
    return sorted(rows, key=lambda row: (row["day"], row["item_name"], row["item_id"]))


def _lacks_of(planned: Planned) -> list[Lack]:
    """What is to be bought, by item and day."""
    sums: defaultdict[tuple[Hashable, int], Fraction] = defaultdict(Fraction)
    for unmet in planned.net.unmet:
        if unmet.why == "buy" and planned.inputs.items[id_of(unmet.demand.item)].kind in BOUGHT:
            sums[unmet.demand.item, unmet.demand.day] += unmet.quantity
    return [Lack(item, day, ceil(quantity)) for (item, day), quantity in sums.items()]


def _to_buy(planned: Planned, lacks: Sequence[Lack], offers: Sequence[Offered]) -> list[ToBuy]:
    found = suggest(lacks, [one.offer for one in offers], today=planned.inputs.today.toordinal())
    known = {(one.offer.item, one.offer.supplier): one for one in offers}
    rows = [_purchase(planned, one, known[one.item, one.supplier]) for one in found.purchases]
    rows += [_without_offer(planned, one.lack) for one in found.late if one.arrives_on is None]
    rows = [row for row in rows if row["order_on"] >= planned.since.isoformat()]
    return sorted(rows, key=lambda row: (row["order_on"], row["supplier"] or "", row["item_name"], row["item_id"]))


def _purchase(planned: Planned, purchase: Purchase, offered: Offered) -> ToBuy:
    packs: list[PacksToBuy] = [
        {"product_id": pack.product_id, "name": pack.name, "count": count, "holds": format_micros(pack.micros)}
        for pack, count in zip(offered.packs, purchase.counts, strict=True)
        if count
    ]
    return {
        **planned.quantity(purchase.item, purchase.total),
        "order_on": date.fromordinal(purchase.order_on).isoformat(),
        "arrives_on": date.fromordinal(purchase.arrives_on).isoformat(),
        "is_late": any(lack.day < purchase.arrives_on for lack in purchase.needed_for),
        "supplier_id": offered.supplier_id,
        "supplier": offered.supplier,
        "packs": packs,
        "cost": format_money(ceil(purchase.cost)) if offered.has_prices else None,
        "is_last_price": offered.has_last_prices,
        "left_over": format_micros(int(purchase.over)),
        "left_until": None if purchase.over_until is None else date.fromordinal(purchase.over_until).isoformat(),
    }


def _without_offer(planned: Planned, lack: Lack) -> ToBuy:
    return {
        **planned.quantity(lack.item, ceil(Fraction(lack.quantity))),
        "order_on": date.fromordinal(lack.day).isoformat(),
        "arrives_on": date.fromordinal(lack.day).isoformat(),
        "is_late": False,
        "supplier_id": None,
        "supplier": None,
        "packs": [],
        "cost": None,
        "is_last_price": False,
        "left_over": "0",
        "left_until": None,
    }


def _late(planned: Planned, at: datetime) -> list[LateGoods]:
    """What is left of orders that were due before now, the oldest first."""
    here = planned.inputs.house.local_time(at)
    day, clock = here.date().isoformat(), f"{here:%H:%M}"
    rows: list[LateGoods] = []
    for demand in planned.inputs.demands:
        if demand.source == "par":
            continue  # of today at the earliest
        told = planned.wanted_for(demand)
        is_past = told["due_on"] == day and told["due_time"] is not None and told["due_time"] < clock
        if told["due_on"] < day or is_past:
            rows.append({**told, **planned.quantity(demand.item, ceil(Fraction(demand.quantity)))})
    return sorted(rows, key=lambda row: (row["due_on"], row["due_time"] or "", row["order_id"] or 0))
