"""What one item needs beyond its stock, period by period."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

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
