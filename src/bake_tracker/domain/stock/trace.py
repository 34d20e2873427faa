"""Trace lots: which lot went into which, how many steps apart they are, and each lot's mass balance."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from bake_tracker.domain.stock.adjusting import RETURNS, TO_SOMEBODY

SPLIT = "split"
"""Part of a lot was moved and became a lot of its own."""

IN_ANOTHER_UNIT = "kept in another unit"
"""All of a lot became a lot of the item that is now kept in another unit."""


class Edge(NamedTuple):
    """An operation took ``quantity_micros`` of one lot and made another, or None if it made no lot."""

    operation_id: str
    from_lot_id: int
    into_lot_id: int | None
    quantity_micros: int
    is_undone: bool = False


class Moved(NamedTuple):
    """A movement of a lot that was not undone, and what it was for (None if no record says)."""

    operation_id: str
    kind: str | None
    quantity_micros: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Everything a lot ever held and where it went, in millionths.

    ``adjusted`` is net of what was ``found``, ``handed_over`` of what came back; it includes returns to the supplier.
    """

    brought_micros: int = 0
    used_micros: int = 0
    on_hand_micros: int = 0
    waste_micros: int = 0
    handed_over_micros: int = 0
    adjusted_micros: int = 0
    split_micros: int = 0
    found_micros: int = 0

    @property
    def remainder_micros(self) -> int:
        """What came in and is not accounted for; 0 unless the ledger and its records disagree."""
        found = self.used_micros + self.on_hand_micros + self.waste_micros
        return self.brought_micros - found - self.handed_over_micros - self.adjusted_micros - self.split_micros


def balance_of(brought_by: str, moves: Iterable[Moved], on_hand_micros: int) -> Balance:
    """The balance of a lot that ``brought_by`` made or received; anything not accounted for is its remainder."""
    sums: defaultdict[str, int] = defaultdict(int)
    for one in moves:
        if one.operation_id == brought_by and one.quantity_micros > 0:
            sums["brought"] += one.quantity_micros
        elif column := _column(one):
            sums[column] -= one.quantity_micros
            sums["found"] += max(one.quantity_micros, 0) if column == "adjusted" else 0
    return Balance(
        sums["brought"],
        sums["used"],
        on_hand_micros,
        sums["waste"],
        sums["handed over"],
        sums["adjusted"],
        sums["split"],
        sums["found"],
    )


def _column(moved: Moved) -> str | None:
    if moved.kind in ("correction", "stocktake"):
        return "adjusted"
    if moved.kind in RETURNS:
        return "handed over"
    if moved.quantity_micros > 0:
        return None
    if moved.kind in ("baked", "packed"):
        return "used"
    if moved.kind in ("waste", "spoilage"):
        return "waste"
    if moved.kind in TO_SOMEBODY:
        return "handed over"
    return SPLIT if moved.kind in (SPLIT, IN_ANOTHER_UNIT) else None


def levels(edges: Iterable[Edge], starts: Iterable[int], *, forward: bool) -> dict[int, int]:
    """How many operations each lot is away from the nearest of the first ones, by the shortest path."""
    beside: defaultdict[int, list[int]] = defaultdict(list)
    for edge in edges:
        if edge.into_lot_id is not None:
            source, target = edge.from_lot_id, edge.into_lot_id
            beside[source if forward else target].append(target if forward else source)
    found = dict.fromkeys(starts, 0)
    to_look_at = deque(found)
    while to_look_at:
        lot_id = to_look_at.popleft()
        for other in beside[lot_id]:
            if other not in found:
                found[other] = found[lot_id] + 1
                to_look_at.append(other)
    return found
