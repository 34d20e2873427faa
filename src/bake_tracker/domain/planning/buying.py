"""What to buy, in packs."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from bake_tracker.domain.planning.packs import PackSize, Rank, Tier, limits_of, totals_of_packs

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
    found: tuple[int, int, Rank] | None = None
    for total, rank in totals_of_packs(offered, limits_of(target, offered, rounds)).items():
        if total >= target and (step == 1 or not total * unit % step):
            candidate = (rank[0], total, rank)
            found = candidate if found is None or candidate < found else found
    assert found is not None
    cost, total, rank = found
    return PacksBought(tuple(-count for count in rank[2:]), simplified(total * unit), simplified(Fraction(cost, scale)))


def _tiers(pack: Pack) -> list[tuple[int, Fraction]]:
    """The price from each count on, in order."""
    prices = {1: not_negative("price", pack[1])}
    for count, price in pack[2] if len(pack) == 3 else ():
        prices[whole_number("breaks", count, 1)] = not_negative("price", price)
    return sorted(prices.items())


def _with_ends(prices: Sequence[tuple[int, Fraction]], scale: int) -> tuple[Tier, ...]:
    ends = [*(first - 1 for first, _ in prices[1:]), None]
    return tuple(Tier(first, end, int(price * scale)) for (first, price), end in zip(prices, ends, strict=True))
