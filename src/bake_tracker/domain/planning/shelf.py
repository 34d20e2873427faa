"""Lots of one item, and which of them serve what is wanted."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from bake_tracker.domain.planning.figures import Figure

FOREVER = 10**12
"""A day that never comes."""


@dataclass(frozen=True, slots=True)
class StockLot:
    """A lot on hand or coming: from which day it is there, and the last day on which it is good (None: it keeps).

    A held lot serves nothing. What is on order, and a line of an accepted plan, is a lot that is there from its day on.
    """

    ref: Hashable
    item: Hashable
    quantity: Figure
    day: int = 0
    until: int | None = None
    held: bool = False


@dataclass(order=True, slots=True)
class Supply:
    """What is left of a lot, or of what a line of the plan makes; the earliest expiry is first."""

    until: int
    day: int
    rank: tuple[int, str]
    quantity: Fraction = field(compare=False)
    lot: Hashable = field(compare=False, default=None)
    line: int | None = field(compare=False, default=None)


class StockShelf:
    """The supplies of an item. Days are asked for in order."""

    def __init__(self, supplies: Iterable[Supply]) -> None:
        self._coming = deque(sorted(supplies, key=lambda supply: (supply.day, supply)))
        self._there: list[Supply] = []

    def add(self, supply: Supply) -> None:
        """Put something made on the day that was last asked for, or today."""
        insort(self._there, supply)

    def take(self, wanted: Fraction, day: int, keeps: int) -> Iterator[tuple[Supply, Fraction]]:
        """Take from what is there by the day and keeps long enough, the earliest expiry first.

        By day, this serves as much as any choice of lots can: what is there now serves all that is wanted later,
        but for what expires, and what expires first is taken first (Glover 1967, Maximum Matching in a Convex
        Bipartite Graph).
        """
        while self._coming and self._coming[0].day <= day:
            insort(self._there, self._coming.popleft())
        first = bisect_left(self._there, day + keeps, key=lambda supply: supply.until)
        while wanted > 0 and first < len(self._there):
            supply = self._there[first]
            taken = min(wanted, supply.quantity)
            supply.quantity -= taken
            wanted -= taken
            if not supply.quantity:
                del self._there[first]
            if taken:
                yield supply, taken

    def left(self) -> list[Supply]:
        """What nobody took, the earliest expiry first."""
        return sorted([*self._there, *self._coming])


def rank_of(ref: Hashable) -> tuple[int, str]:
    """An order of references that does not depend on the order of entry: 9 before 10."""
    text = repr(ref)
    return len(text), text
