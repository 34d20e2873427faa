"""Which lots go into which order."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

Lot = TypeVar("Lot")


def share_out(wants: Sequence[int], draws: Iterable[tuple[Lot, int]]) -> list[list[tuple[Lot, int]]]:
    """Give what is drawn to the wants in order, each from the lots that come next; the last ones may get too little."""
    rest = iter(draws)
    lot, left = next(rest, (None, 0))
    shares: list[list[tuple[Lot, int]]] = []
    for want in wants:
        share: list[tuple[Lot, int]] = []
        while want > 0 and lot is not None:
            if taken := min(want, left):
                share.append((lot, taken))
            want, left = want - taken, left - taken
            if left == 0:
                lot, left = next(rest, (None, 0))
        shares.append(share)
    return shares
