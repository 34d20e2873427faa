"""Which packs to buy: every total that packs of each size can come to, at its least cost."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Rank = tuple[int, ...]
"""The cost, the number of packs, and the counts below zero: of two for the same total the smaller is better."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A price that holds for from ``first`` to ``last`` packs; None for any number."""

    first: int
    last: int | None
    price: int


@dataclass(frozen=True, slots=True)
class PackSize:
    """A size, in the common unit, and its prices by quantity."""

    size: int
    tiers: tuple[Tier, ...]

    def cost_of(self, count: int) -> int:
        """What so many packs cost; at least one."""
        return count * next(tier.price for tier in reversed(self.tiers) if tier.first <= count)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a way to buy must not exceed to be of use: a total, and at the least price of the rest, a cost."""

    target: int
    most: int
    cost: int
    price: int
    per: int

    def allow(self, total: int, cost: int) -> bool:
        return total <= self.most and cost * self.per + max(self.target - total, 0) * self.price <= self.cost * self.per


def totals_of_packs(sizes: Sequence[PackSize], limits: Limits) -> dict[int, Rank]:
    """The best way to each total within the limits, over every number of packs of every size."""
    reached: dict[int, Rank] = {0: (0,) * (2 + len(sizes))}
    for place, pack in enumerate(sizes):
        one = (1, *(-int(place == index) for index in range(len(sizes))))
        merged = dict(reached)
        for tier in pack.tiers:
            for total, rank in _with_tier(reached, pack.size, tier, one, limits):
                if total not in merged or rank < merged[total]:
                    merged[total] = rank
        reached = merged
    return reached


def limits_of(target: int, sizes: Sequence[PackSize], rounds: Sequence[int]) -> Limits:
    """Limits that the best way to buy is within.

    Above the total, packs can be left out without reaching a dearer price, and still enough; the cost is of packs of
    one size. ``rounds`` is how many packs of a size make up a whole multiple.
    """
    extra = [pack.size * times for pack, times in zip(sizes, rounds, strict=True)]
    at_breaks = sum(pack.size * pack.tiers[-1].first for pack in sizes)
    cost = min(
        pack.cost_of(-(-target // whole) * times) for pack, whole, times in zip(sizes, extra, rounds, strict=True)
    )
    _, price, per = min(
        (Fraction(tier.price, pack.size), tier.price, pack.size) for pack in sizes for tier in pack.tiers
    )
    return Limits(target, max(target + max(extra), at_breaks + sum(extra)), cost, price, per)


def surely_bought(target: int, sizes: Sequence[PackSize], rounds: Sequence[int]) -> tuple[int, int]:
    """The pack of the best price per unit, and how many of it every best way to buy has; for large needs.

    Of as many other packs as its size, above the first that have their price, some come to a multiple of its size,
    and it does instead at no more cost and in no more packs. So only so many others are bought, and the rest is this
    pack at its last price.
    """
    tiers = [(tier, place, pack.size) for place, pack in enumerate(sizes) for tier in pack.tiers]
    tier, place, _ = min(tiers, key=lambda one: (Fraction(one[0].price, one[2]), -one[2], one[1]))
    if tier.last is not None:
        return place, 0
    best = sizes[place]
    others = sum(pack.size * pack.tiers[-1].first for pack in sizes)
    others += best.size * (tier.first + 1) * max(pack.size for pack in sizes)
    count = (target - others) // best.size - tier.first
    return place, max(count, 0) // rounds[place] * rounds[place]


def _with_tier(
    reached: Mapping[int, Rank], size: int, tier: Tier, one: Rank, limits: Limits
) -> Iterator[tuple[int, Rank]]:
    """Every total with packs at this price added: a sliding minimum along the totals that differ by whole packs."""
    pack = (tier.price, *one)
    width = None if tier.last is None else tier.last - tier.first
    chains: dict[int, dict[int, Rank]] = {}
    for total, rank in reached.items():
        start, begun = total + tier.first * size, _plus(rank, pack, tier.first)
        if limits.allow(start, begun[0]):
            chains.setdefault(start % size, {})[start] = begun
    for starts in chains.values():
        window: deque[tuple[int, Rank]] = deque()
        waiting = deque(sorted(starts))
        total = waiting[0]
        while window or waiting:
            if not window:
                total = waiting[0]
            steps = total // size
            if waiting and waiting[0] == total:
                base = _plus(starts[waiting.popleft()], pack, -steps)
                while window and window[-1][1] >= base:
                    window.pop()
                window.append((steps, base))
            best = _plus(window[0][1], pack, steps)
            if limits.allow(total, best[0]):
                yield total, best
            else:
                window.clear()  # each pack more brings the cost no nearer
            total += size
            while window and width is not None and total // size - window[0][0] > width:
                window.popleft()


def _plus(rank: Rank, pack: Rank, times: int) -> Rank:
    return tuple(one + times * other for one, other in zip(rank, pack, strict=True))
