"""What is needed beyond stock: of one item period by period, and of all items down to what is bought."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.figures import (
    Exact,
    Figure,
    all_simplified,
    exact,
    not_negative,
    of_equal_length,
    positive,
    round_up,
    simplified,
    whole_number,
)
from bake_tracker.domain.planning.making import Making, Packing, check_making, in_level_order, parts_of, taken_by_batch
from bake_tracker.domain.planning.plan_lines import LeftOver, NetPlan, Netting, Peg, PlanLine, Unmet
from bake_tracker.domain.planning.shelf import StockLot, rank_of

__all__ = [
    "Demand",
    "LeftOver",
    "Making",
    "NetPlan",
    "NetRequirements",
    "Packing",
    "Peg",
    "PlanLine",
    "StockLot",
    "Unmet",
    "net",
    "net_requirements",
]


@dataclass(frozen=True, slots=True)
class NetRequirements:
    """Figures per period; ``late`` has (period, quantity) of what should have been released before period 0."""

    net: tuple[Exact, ...]
    planned_receipts: tuple[Exact, ...]
    planned_releases: tuple[Exact, ...]
    on_hand: tuple[Exact, ...]
    late: tuple[tuple[int, Exact], ...]


def net_requirements(
    gross: Sequence[Figure],
    on_hand: Figure,
    receipts: Sequence[Figure],
    *,
    lot_size: Figure | None = None,
    lead_time: int = 0,
    safety: Figure = 0,
) -> NetRequirements:
    """What to receive and release in each period so that no period ends below the safety stock.

    Orlicky 1975, Material Requirements Planning, chapter 4; as in Stevenson, Operations Management.

    Args:
        gross: needed per period.
        on_hand: at the start.
        receipts: already on order; at the beginning of each period.
        lot_size: planned receipts are multiples of it; None for just what is needed.
        lead_time: periods from release to receipt.

    Returns:
        Per period: net = max(0, gross + safety - on hand before - receipts), the planned receipts and releases, and
        the stock at its end. A release that would lie before period 0 is received all the same and listed as late,
        with its negative period.

    Raises:
        ValidationError: lengths differ, a figure is a float, a need or receipt is negative, or a lot size is not
            above 0.
    """
    of_equal_length(gross=gross, receipts=receipts)
    needs = [not_negative("gross", need) for need in gross]
    coming = [not_negative("receipts", receipt) for receipt in receipts]
    lead = whole_number("lead_time", lead_time)
    kept = not_negative("safety", safety)
    lot = None if lot_size is None else positive("lot_size", lot_size)
    stock = exact("on_hand", on_hand)
    net: list[Fraction] = []
    planned: list[Fraction] = []
    ends: list[Fraction] = []
    for need, receipt in zip(needs, coming, strict=True):
        net.append(max(Fraction(0), need + kept - stock - receipt))
        planned.append(net[-1] if lot is None else round_up(net[-1], lot))
        stock += receipt + planned[-1] - need
        ends.append(stock)
    releases = [*planned[lead:], *[Fraction(0)] * min(lead, len(planned))]
    late = tuple(
        (period - lead, simplified(quantity)) for period, quantity in enumerate(planned[:lead]) if quantity > 0
    )
    per_period = (all_simplified(net), all_simplified(planned), all_simplified(releases), all_simplified(ends))
    return NetRequirements(*per_period, late)


def net(
    demands: Iterable[Demand],
    lots: Iterable[StockLot],
    *,
    makings: Iterable[Making] = (),
    packings: Iterable[Packing] = (),
    today: int | None = None,
    drawn_in: Figure = 0,
) -> NetPlan:
    """What to make on which day, what is short, and which lot or line serves whom.

    Items are planned in the order of their low-level codes, so that all demands of an item are known before they are
    met. Each day's demands take what is on hand by then and keeps long enough, earliest expiry first (see
    ``StockShelf``), in the order of due time and order number. The rest is packed for each demand, or made in the
    batches of the day (``batches.cut_from_one``), or short. What a batch gives beyond is left for later days. Parts
    and ingredients are demands of the line, for the day on which it begins.

    Args:
        demands: in any order; what a locked line of an accepted plan still takes is one, of source "locked".
        lots: on hand and coming, among them what is on order and what lines of an accepted plan will give.
        makings, packings: how items are made; other items are bought.
        today: what is due, or would begin, before is planned for today and its lines are late; None for no such day.
        drawn_in: what a line takes is rounded down to multiples of this, as a run draws it; 0 for no rounding.

    Raises:
        ValidationError: a quantity is negative or a float, or an item is made in two ways, or from itself.
    """
    recipes = {making.recipe: making for making in makings}
    for making in recipes.values():
        check_making(making)
    taken = taken_by_batch(recipes)
    made = sorted((one for one in recipes.values() if one.products), key=lambda one: rank_of(one.recipe))
    ways: list[Making | Packing] = [*made, *sorted(packings, key=lambda one: rank_of(one.item))]
    takes = [taken[way.recipe] if isinstance(way, Making) else parts_of(way) for way in ways]
    netting = Netting(lots, today, not_negative("drawn_in", drawn_in))
    for demand in demands:
        if demand.source == "line":
            raise ValidationError.of("source", "must not be line, which is for lines of this plan; use locked")
        netting.add(demand)
    for way, its_takes in in_level_order(ways, takes, netting.items()):
        netting.meet(way, its_takes)
    return netting.found()
