"""What to buy: packs for a need, and what to order from which supplier on which day."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, lcm

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.figures import (
    Exact,
    Figure,
    common_divisor,
    not_negative,
    positive,
    simplified,
    whole_number,
)
from bake_tracker.domain.planning.packs import PackSize, Rank, Tier, limits_of, surely_bought, totals_of_packs
from bake_tracker.domain.planning.shelf import rank_of

Break = tuple[int, Figure]
"""From how many packs on each of them costs this."""

Pack = tuple[Figure, Figure] | tuple[Figure, Figure, Sequence[Break]]
"""What is in it, what it costs, and the prices from larger counts on."""


@dataclass(frozen=True, slots=True)
class PacksBought:
    """How many packs of each size, what is in them together, and what they cost."""

    counts: tuple[int, ...]
    total: Exact
    cost: Exact


def packs_for(need: Figure, packs: Sequence[Pack], *, least: Figure = 0, multiple: Figure = 1) -> PacksBought:
    """The packs that cover a need at the least cost; then the least total, the fewest packs, the first listed.

    A dynamic programme over totals; a price that holds from a count on holds for all packs of that size (all-unit
    discount: Silver, Pyke and Peterson 1998, section 5.5), so that more packs may cost less.

    Args:
        need: in the unit of the sizes; 0 needs no pack.
        packs: (size, price) or (size, price, ((from count, price each), ...)).
        least: the least total that is sold.
        multiple: what the total of all packs must be a multiple of; 1 allows every total.

    Raises:
        ValidationError: a figure is a float or negative, a size or multiple is not above 0, a count is not whole, or
            there is no pack for a need.
    """
    wanted, lowest = not_negative("need", need), not_negative("least", least)
    step = positive("multiple", multiple)
    sizes = [positive("size", pack[0]) for pack in packs]
    tiers = [_tiers(pack) for pack in packs]
    if not wanted:
        return PacksBought((0,) * len(sizes), 0, 0)
    if not sizes:
        raise ValidationError.of("packs", f"is empty, so that nothing can cover {need}; give at least one pack")
    unit = common_divisor(sizes)
    scale = lcm(*(price.denominator for prices in tiers for _, price in prices))
    offered = [PackSize(int(size / unit), _with_ends(prices, scale)) for size, prices in zip(sizes, tiers, strict=True)]
    rounds = [1 if step == 1 else (size / step).denominator for size in sizes]
    target = ceil(max(wanted, lowest) / unit)
    place, count = surely_bought(target, offered, rounds)
    sure = count * offered[place].size
    if count:
        offered[place] = PackSize(offered[place].size, (Tier(1, None, offered[place].tiers[-1].price),))
    found: tuple[int, int, Rank] | None = None
    for total, rank in totals_of_packs(offered, limits_of(target - sure, offered, rounds)).items():
        if total + sure >= target and (step == 1 or not total * unit % step):
            candidate = (rank[0], total, rank)
            found = candidate if found is None or candidate < found else found
    assert found is not None
    counts = [-one for one in found[2][2:]]
    counts[place] += count
    cost = found[0] + count * offered[place].tiers[-1].price
    return PacksBought(tuple(counts), simplified((found[1] + sure) * unit), simplified(Fraction(cost, scale)))


def _tiers(pack: Pack) -> list[tuple[int, Fraction]]:
    """The price from each count on, in order."""
    prices = {1: not_negative("price", pack[1])}
    for count, price in pack[2] if len(pack) == 3 else ():
        prices[whole_number("breaks", count, 1)] = not_negative("price", price)
    return sorted(prices.items())


def _with_ends(prices: Sequence[tuple[int, Fraction]], scale: int) -> tuple[Tier, ...]:
    ends = [*(first - 1 for first, _ in prices[1:]), None]
    return tuple(Tier(first, end, int(price * scale)) for (first, price), end in zip(prices, ends, strict=True))


@dataclass(frozen=True, slots=True)
class Lack:
    """A quantity of an item that is short on a day, given as a date's ordinal."""

    item: Hashable
    day: int
    quantity: Figure


@dataclass(frozen=True, slots=True)
class Offer:
    """How a supplier sells an item: packs, the least and the multiple of an order, and when it comes.

    ``lead`` is in days from order to arrival; ``order_days`` are the weekdays (0 is Monday) on which it takes orders,
    None for all; ``keeps`` is for how many days after arrival the goods are good, None where they keep.
    """

    supplier: Hashable
    item: Hashable
    packs: Sequence[Pack]
    least: Figure = 0
    multiple: Figure = 1
    lead: int = 0
    order_days: Collection[int] | None = None
    keeps: int | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """Packs to order on a day, when they arrive, for what, and what would be over, good until when."""

    supplier: Hashable
    item: Hashable
    order_on: int
    arrives_on: int
    counts: tuple[int, ...]
    total: Exact
    cost: Exact
    needed_for: tuple[Lack, ...]
    over: Exact
    over_until: int | None


@dataclass(frozen=True, slots=True)
class LateToBuy:
    """A lack that no delivery is in time for, and the first day after it with one; None if nobody sells the item."""

    lack: Lack
    arrives_on: int | None


@dataclass(frozen=True, slots=True)
class Suggested:
    """What to order, by day, and what comes too late."""

    purchases: tuple[Purchase, ...]
    late: tuple[LateToBuy, ...]


def suggest(lacks: Iterable[Lack], offers: Iterable[Offer], *, today: int) -> Suggested:
    """What to order from which supplier on which day, so that nothing is short that can still come.

    Order for each lack on the last day on which ordering still helps, together with all other lacks of that supplier,
    item and order day, in the packs that cost least (``packs_for``). Leftovers serve later lacks while they keep. One
    supplier supplies an item: of those who can in time the cheapest, then the one who leaves least over. Only if
    no supplier can supply all of it, the one who can supply most does, and another the rest. What no supplier can
    bring in time is ordered from the one who is first, and listed as late.

    Args:
        lacks: what is short after all stock and all that is on order, as ``requirements.net`` has it unmet.

    Raises:
        ValidationError: a quantity is negative or a float, or an offer has packs that ``packs_for`` refuses.
    """
    by_item: defaultdict[Hashable, list[Lack]] = defaultdict(list)
    for lack in lacks:
        if not_negative("quantity", lack.quantity):
            by_item[lack.item].append(lack)
    offered: defaultdict[Hashable, list[Offer]] = defaultdict(list)
    for offer in sorted(offers, key=lambda offer: rank_of(offer.supplier)):
        offered[offer.item].append(offer)
    purchases: list[Purchase] = []
    late: list[LateToBuy] = []
    for item in sorted(by_item, key=rank_of):
        wanted = sorted(by_item[item], key=lambda lack: lack.day)
        _check_days(offered[item])
        bought, missing = _from_as_few_as_possible(wanted, offered[item], today)
        purchases += bought
        late += missing
    purchases.sort(key=lambda one: (one.order_on, rank_of(one.supplier), rank_of(one.item)))
    late.sort(key=lambda one: one.lack.day)
    return Suggested(tuple(purchases), tuple(late))


def _check_days(offers: Iterable[Offer]) -> None:
    for offer in offers:
        whole_number("lead", offer.lead)
        if offer.order_days is not None and not set(offer.order_days) & set(range(7)):
            problem = f"of {offer.supplier} name no weekday; give some of 0 (Monday) to 6, or none for every day"
            raise ValidationError.of("order_days", problem)


def _from_as_few_as_possible(
    lacks: Sequence[Lack], offers: Sequence[Offer], today: int
) -> tuple[list[Purchase], list[LateToBuy]]:
    purchases: list[Purchase] = []
    remaining, others = list(lacks), list(offers)
    while remaining and others:
        trials = [_from_one(remaining, offer, today) for offer in others]
        place = min(range(len(others)), key=lambda place: _worth(trials[place]))
        if not trials[place]:
            break
        purchases += [draft.as_purchase(others[place]) for draft in trials[place]]
        served = {lack.day for draft in trials[place] for lack in draft.needed_for}
        remaining = [lack for lack in remaining if lack.day not in served]
        del others[place]
    late = _as_soon_as_possible(remaining, offers, today)
    return [*purchases, *late[0]], late[1]


def _as_soon_as_possible(
    lacks: Sequence[Lack], offers: Sequence[Offer], today: int
) -> tuple[list[Purchase], list[LateToBuy]]:
    """What to order for lacks that no delivery can meet in time: from the supplier who delivers soonest afterwards."""
    orders: defaultdict[tuple[int, int], list[Lack]] = defaultdict(list)
    late: list[LateToBuy] = []
    for lack in lacks:
        firsts = [_first_order_day(offer, max(today, lack.day - offer.lead)) for offer in offers]
        arrivals = [
            (first + offer.lead, place) for place, (first, offer) in enumerate(zip(firsts, offers, strict=True))
        ]
        arrives_on, place = min(arrivals, default=(None, 0))
        late.append(LateToBuy(lack, arrives_on))
        if arrives_on is not None:
            orders[place, arrives_on].append(lack)
    purchases = [
        _order(offers[place], arrives_on - offers[place].lead, wanted).as_purchase(offers[place])
        for (place, arrives_on), wanted in orders.items()
    ]
    return purchases, late


@dataclass(slots=True)
class _Draft:
    """A purchase whose leftovers may still serve later lacks."""

    order_on: int
    until: int | None
    bought: PacksBought
    over: Fraction
    needed_for: list[Lack]

    def as_purchase(self, offer: Offer) -> Purchase:
        return Purchase(
            offer.supplier,
            offer.item,
            self.order_on,
            self.order_on + offer.lead,
            *(self.bought.counts, self.bought.total, self.bought.cost),
            tuple(self.needed_for),
            simplified(self.over),
            self.until if self.over else None,
        )

    def serve(self, lack: Lack, rest: Fraction) -> Fraction:
        """Serve what it can of a later lack; what remains of it."""
        taken = min(rest, self.over) if self.until is None or lack.day <= self.until else Fraction(0)
        if taken:
            self.over -= taken
            self.needed_for.append(replace(lack, quantity=simplified(taken)))
        return rest - taken


def _from_one(lacks: Sequence[Lack], offer: Offer, today: int) -> list[_Draft]:
    """What to order from one supplier for all lacks that it can supply in time."""
    groups: defaultdict[int, list[Lack]] = defaultdict(list)
    for lack in lacks:
        order_on = _last_order_day(offer, lack.day, today)
        if order_on is not None:
            groups[order_on].append(lack)
    drafts: list[_Draft] = []
    for order_on in sorted(groups):
        unserved: list[Lack] = []
        for lack in groups[order_on]:
            rest = Fraction(lack.quantity)
            for draft in drafts:
                rest = draft.serve(lack, rest)
            if rest:
                unserved.append(replace(lack, quantity=simplified(rest)))
        if unserved:
            drafts.append(_order(offer, order_on, unserved))
    return drafts


def _order(offer: Offer, order_on: int, lacks: Sequence[Lack]) -> _Draft:
    need = sum((Fraction(lack.quantity) for lack in lacks), Fraction(0))
    bought = packs_for(simplified(need), offer.packs, least=offer.least, multiple=offer.multiple)
    until = None if offer.keeps is None else order_on + offer.lead + offer.keeps
    return _Draft(order_on, until, bought, bought.total - need, list(lacks))


def _worth(drafts: Sequence[_Draft]) -> tuple[Fraction, Fraction, Fraction]:
    """What is supplied in time, the more the better, then what it costs, then what is over."""
    supplied = sum((Fraction(lack.quantity) for draft in drafts for lack in draft.needed_for), Fraction(0))
    cost = sum((Fraction(draft.bought.cost) for draft in drafts), Fraction(0))
    return -supplied, cost, sum((draft.over for draft in drafts), Fraction(0))


def _last_order_day(offer: Offer, day: int, today: int) -> int | None:
    """The last day on which ordering helps for a day; None if that is over, or the goods would not keep until then."""
    for order_on in range(day - offer.lead, max(today, day - offer.lead - 6) - 1, -1):
        if _takes_orders(offer, order_on):
            keeps = offer.keeps is None or day <= order_on + offer.lead + offer.keeps
            return order_on if keeps else None
    return None


def _first_order_day(offer: Offer, since: int) -> int:
    return next(day for day in range(since, since + 7) if _takes_orders(offer, day))


def _takes_orders(offer: Offer, day: int) -> bool:
    return offer.order_days is None or (day + 6) % 7 in offer.order_days
